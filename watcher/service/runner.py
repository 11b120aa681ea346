"""Programs of the system that are asked to do something, in bounded time and without a window."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from watcher.errors import WatcherError

#: Seconds that a program of the system may take. A stop waits for uploads under way to end.
PATIENCE: Final = 90.0
_NO_WINDOW: Final = 0x08000000


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended: its exit code, and what it wrote."""

    code: int
    out: str = ""
    err: str = ""


#: Runs a command to its end; WatcherError if it cannot be started or does not end.
Run = Callable[[Sequence[str]], Done]


def run_program(command: Sequence[str]) -> Done:
    """Run ``command``, of which nothing but its words reaches a shell or a terminal."""
    flags = _NO_WINDOW if sys.platform == "win32" else 0
    try:
        done = subprocess.run(  # noqa: S603 - words of our own, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False,
            creationflags=flags,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise WatcherError(
            f"{command[0]} did not answer within {PATIENCE:g} seconds.", "Try it again later."
        ) from error
    except OSError as error:
        raise WatcherError(
            f"{command[0]} cannot be started ({error.strerror}).",
            "Start hrflow-watcher run by hand, or by other means of the system.",
        ) from error
    out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return Done(done.returncode, out, err)


def insist(run: Run, *command: str) -> Done:
    """Run ``command``; WatcherError with what it said if it fails."""
    done = run(command)
    if done.code != 0:
        said = " ".join((done.err or done.out).split()) or "it gave no reason"
        raise WatcherError(
            f"{' '.join(command)} failed with code {done.code}: {said}.".replace("..", "."),
            "Mend that and try it again.",
        )
    return done
