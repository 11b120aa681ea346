"""Hooks: runs the user's own command for a file, without a shell and with a time-out.

A file's path or what HrFlow says becomes one argument and never part of another. It cannot be taken
for an option either, as paths begin with the root and keys with a letter or a digit.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

from watcher.credentials import without_secrets
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.settings import HOOK_VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.model.entries import Entry

_log = logging.getLogger(__name__)

#: Bytes of a command's output that are kept for the log; the rest is read and discarded.
_KEPT: Final = 16 * 1024
_PIECE: Final = 64 * 1024

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")

#: What of the server's answers may be an argument: nothing like an option or a path.
_KEY = re.compile(r"[0-9A-Za-z][\w.:-]{0,254}\Z", re.ASCII)


class HookCommands:
    """Runs hooks; may be used by several threads."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(self, command: Sequence[str], entry: Entry, seconds: float) -> Message:
        """Run ``command`` for a file; return what went wrong, NOTHING if nothing did."""
        arguments = fill_in(command, entry)
        began = time.monotonic()
        try:
            process = self._start(arguments)
        except (OSError, ValueError) as error:
            _log.warning("the command for file %d cannot be started: %s", entry.file_id, error)
            return msg(
                "can't be started ({error})",
                error=getattr(error, "strerror", None) or msg("wrong arguments"),
            )
        if process is None:
            return msg("was not run because the program is stopping")
        output, reader = bytearray(), None
        try:
            reader = threading.Thread(target=_read, args=(process, output), daemon=True)
            reader.start()
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
            if reader is not None:
                reader.join(5.0)
            with self._lock:
                self._running.discard(process)
        _log_end(entry, code, time.monotonic() - began, bytes(output))
        if code is None:
            return msg("took longer than {seconds:duration} and was stopped", seconds=seconds)
        return msg("failed with exit code {code}", code=code) if code else NOTHING

    def close(self) -> None:
        """Stop all commands, and start no others."""
        with self._lock:
            self._closed = True
            running = tuple(self._running)
        for process in running:
            _end(process)

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes] | None:
        environ = without_secrets(os.environ)
        with self._lock:
            if self._closed:
                return None
            process = subprocess.Popen(  # noqa: S603 - the person's own command, without a shell
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environ,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            self._running.add(process)
        return process


def fill_in(command: Sequence[str], entry: Entry) -> list[str]:
    """Return the arguments with their placeholders filled in; each stays one argument."""
    key = entry.profile_key if _KEY.match(entry.profile_key) else ""
    values = {
        "path": entry.filed_to or entry.path,
        "profile_key": key,
        "reference": entry.reference if _KEY.match(entry.reference) else "",
        "source_key": entry.source_key if _KEY.match(entry.source_key) else "",
        "account": entry.account,
        "state": str(entry.state),
    }
    assert values.keys() == set(HOOK_VALUES)

    def fill(found: re.Match[str]) -> str:
        return found[0][0] if found[1] is None else values[found[1]]

    return [_PLACE.sub(fill, argument) for argument in command]


def _read(process: subprocess.Popen[bytes], output: bytearray) -> None:
    assert process.stdout is not None
    with process.stdout, contextlib.suppress(ValueError):  # closed by another thread
        while piece := process.stdout.read1(_PIECE):  # type: ignore[attr-defined]  # is buffered
            output += piece[: max(0, _KEPT - len(output))]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a command, and what it has started as far as it is in the same process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            process.kill()
    process.wait()


def _log_end(entry: Entry, code: int | None, seconds: float, output: bytes) -> None:
    how = "was stopped, as it took too long" if code is None else f"ended with code {code}"
    level = logging.INFO if code == 0 else logging.WARNING
    _log.log(level, "the command for file %d %s after %.1f s", entry.file_id, how, seconds)
    # The output may name people.
    for line in output.decode(errors="backslashreplace").splitlines():
        _log.debug("the command for file %d said: %s", entry.file_id, line)
