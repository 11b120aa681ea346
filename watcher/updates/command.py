"""This process's command line, and starting it again with what is installed now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Set for a program whose parent starts another one in its place when it ends with ``_AGAIN``.
_CHILD: Final = "HRFLOW_WATCHER_CHILD"
_AGAIN: Final = 75


@dataclass(frozen=True, slots=True)
class CommandLine:
    """``program`` is what starts the program, ``arguments`` what it was started with."""

    program: tuple[str, ...]
    arguments: tuple[str, ...]

    @classmethod
    def of_process(cls) -> CommandLine:
        """This process's, with the options of Python itself."""
        arguments = tuple(sys.argv[1:])
        if getattr(sys, "frozen", False):
            return cls((sys.executable,), arguments)
        before = sys.orig_argv[1 : len(sys.orig_argv) - len(arguments)]
        return cls((sys.executable, *before), arguments)

    @property
    def words(self) -> tuple[str, ...]:
        """All of it."""
        return self.program + self.arguments


def start_anew(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    windows: bool = sys.platform == "win32",
    execute: Callable[[str, list[str], dict[str, str]], object] = os.execve,
    call: Callable[..., int] = subprocess.call,
) -> int:
    """Have ``words`` take this process's place; OSError if they cannot be started.

    The process stays the same for whoever started it: its number, its terminal, its supervisor.
    Windows has no such thing. There this process stays as well, starts the other one and waits
    for it, so that a console or the Task Scheduler sees no end; it gives the exit code to end
    with. However often the program is replaced, one parent is all there is.
    """
    if not windows:
        execute(words[0], list(words), dict(environ))
    if environ.get(_CHILD):
        return _AGAIN
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that works
    code = _AGAIN
    while code == _AGAIN:
        code = call(list(words), env={**environ, _CHILD: "1"})
    return code
