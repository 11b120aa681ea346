"""What all login services share: what is started, files written whole, programs of the system."""

from __future__ import annotations

import abc
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from watcher.i18n.message import msg
from watcher.model.errors import WatcherError
from watcher.system import write_atomically

#: The name in lists of services, tasks and programs that start at login.
NAME: Final = "hrflow-watcher"
COMMENT: Final = "Drop CVs into a folder; each becomes a profile in HrFlow"
COMMENT_FR: Final = "Déposez des CV dans un dossier : chacun devient un profil dans HrFlow"

#: Seconds that a program of the system may take. A stop waits for uploads under way to end.
PATIENCE: Final = 90.0

_NO_WINDOW: Final = 0x08000000


class Program(Struct, frozen=True):
    """How this process was started; ``frozen``: ``executable`` (absolute) is the program itself."""

    executable: str
    frozen: bool
    windows: bool

    @classmethod
    def of_process(cls) -> Program:
        """Describe this process."""
        frozen = bool(getattr(sys, "frozen", False))
        return cls(os.path.abspath(sys.executable), frozen, sys.platform == "win32")

    def command(self) -> tuple[str, ...]:
        """Return the command that starts the program, without a console window on Windows."""
        folder = os.path.dirname(self.executable)
        if self.frozen:  # on Windows there is a second one without a console window
            without = os.path.join(folder, "hrflow-watcherw.exe")
            return (without if self.windows and os.path.exists(without) else self.executable,)
        if self.windows:  # the script beside it would open a console window
            without = os.path.join(folder, "pythonw.exe")
            return (without if os.path.exists(without) else self.executable, "-P", "-m", "watcher")
        script = os.path.join(folder, "hrflow-watcher")
        if os.access(script, os.X_OK):
            return (script,)
        return (self.executable, "-P", "-m", "watcher")


class Definition(Struct, frozen=True):
    """What is to be started at login, and what it needs of the system.

    ``command`` begins with the program's absolute path. ``writable`` are the absolute paths of
    folders in which files are written or moved. ``home`` is the user's; ``errors`` is the file for
    the output of a start that fails, where the system has no place of its own for it.
    """

    command: tuple[str, ...]
    writable: tuple[str, ...] = ()
    home: str = ""
    errors: str = ""


class Installed(Struct, frozen=True):
    """The status of an installed service.

    ``file`` is what was installed; ``current`` whether it is what would be installed now;
    ``enabled`` whether it starts at the next login. ``exit_code`` is that of the last run, None if
    it is not known or the service is running.
    """

    file: str
    enabled: bool
    current: bool
    exit_code: int | None = None


class Service(abc.ABC):
    """One way to start the program at every login. WatcherError if the system refuses."""

    #: What people call it: "systemd", "autostart", "launchd", "task scheduler".
    kind: str
    #: The file that is written.
    file: str
    #: Whether the program may still be running when :meth:`stop` returns.
    lingers = False

    @abc.abstractmethod
    def install(self) -> bool:
        """Start the program at every login, though not now; return whether anything changed."""

    @abc.abstractmethod
    def uninstall(self) -> bool:
        """Stop the program and remove everything; return whether there was anything."""

    @abc.abstractmethod
    def start(self) -> None:
        """Start the program now, if it is not running."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop the program until the next login, if it is running."""

    @abc.abstractmethod
    def look(self) -> Installed | None:
        """Return the status; None if it is not installed."""


def read_file(path: str) -> bytes | None:
    """Return a file's content; None if there is no file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WatcherError(
            msg("{path} can't be read ({error}).", path=path, error=error.strerror),
            msg("Give yourself permission to read it."),
        ) from error


def write_file(path: str, data: bytes) -> bool:
    """Write a file, whole or not at all; return whether its content changed."""
    if read_file(path) == data:
        return False
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomically(path, data, mode=0o644)
    except OSError as error:
        raise WatcherError(
            msg("{path} can't be written ({error}).", path=path, error=error.strerror),
            msg("Give yourself permission to write to it."),
        ) from error
    return True


def remove_file(path: str, *folders: str) -> bool:
    """Remove a file, and each of ``folders`` if it is empty; return whether there was a file."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise WatcherError(
            msg("{path} can't be removed ({error}).", path=path, error=error.strerror),
            msg("Remove it yourself."),
        ) from error
    for folder in folders:
        with contextlib.suppress(OSError):  # not empty, or not there
            os.rmdir(folder)
    return True


class Done(Struct, frozen=True):
    """How a program ended: its exit code and its output."""

    code: int
    out: str = ""
    err: str = ""


#: Runs a command; WatcherError if it cannot be started or does not end in time.
Run = Callable[[Sequence[str]], Done]


def run_program(command: Sequence[str]) -> Done:
    """Run ``command`` without a shell, a terminal or a window. See :data:`Run`."""
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
            msg("Try again later."),
        ) from error
    except OSError as error:
        raise WatcherError(
            msg("{program} can't be started ({error}).", program=command[0], error=error.strerror),
            msg(
                'Start "{hrflow_watcher} run" yourself, or have the system start it in another way.'
            ),
        ) from error
    out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return Done(done.returncode, out, err)


def insist(run: Run, *command: str) -> Done:
    """Run ``command``; WatcherError with its output if it fails."""
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
            msg("Fix that, then try again."),
        )
    return done
