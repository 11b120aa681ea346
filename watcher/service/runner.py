"""The files that tell the system what to start; each is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from watcher.i18n.message import msg
from watcher.model.errors import WatcherError


def read_file(path: str) -> bytes | None:
    """What is in it; None if it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WatcherError(f"{path} cannot be read ({error.strerror}).") from error


def write_file(path: str, data: bytes) -> bool:
    """Let ``data`` be in the file, which others may read; whether anything changed."""
    if read_file(path) == data:
        return False
    part = f"{path}.{os.getpid()}.part"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise WatcherError(
            msg("{path} cannot be written ({error}).", path=path, error=error.strerror),
            msg("Give yourself the right to."),
        ) from error
    return True


def remove_file(path: str, *folders: str) -> bool:
    """Remove it, and after that each of ``folders`` that is empty; whether it was there."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise WatcherError(f"{path} cannot be removed ({error.strerror}).") from error
    for folder in folders:
        with contextlib.suppress(OSError):  # not empty, or not there
            os.rmdir(folder)
    return True


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
            msg(
                "{program} did not answer within {time:duration}.",
                program=command[0],
                time=PATIENCE,
            ),
            msg("Try it again later."),
        ) from error
    except OSError as error:
        raise WatcherError(
            msg("{program} cannot be started ({error}).", program=command[0], error=error.strerror),
            msg("Start hrflow-watcher run by hand, or by other means of the system."),
        ) from error
    out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return Done(done.returncode, out, err)


def insist(run: Run, *command: str) -> Done:
    """Run ``command``; WatcherError with what it said if it fails."""
    done = run(command)
    if done.code != 0:
        said = " ".join((done.err or done.out).split()) or "it gave no reason"
        raise WatcherError(
            msg(
                "{program} failed with code {code}: {message}.",
                program=" ".join(command),
                code=done.code,
                message=said.rstrip("."),
            ),
            msg("Mend that and try it again."),
        )
    return done
