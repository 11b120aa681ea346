"""Where the program keeps its own files, and which process of it is the one that works there."""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.model.errors import AlreadyRunningError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from filelock import BaseFileLock

#: Seconds within which a lock is had that only a passing question touches.
_LOCK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Places:
    """The program's own files, all below one directory that is for its owner alone."""

    state: str

    @property
    def journal(self) -> str:
        """What became of every file."""
        return os.path.join(self.state, "journal.db")

    @property
    def has_journal(self) -> bool:
        """Whether there is a journal; JournalError where that cannot be found out."""
        try:
            os.stat(self.journal)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self.unusable(error) from error
        return True

    @property
    def running(self) -> str:
        """What the running program says of itself, as JSON; only true while the lock is held."""
        return os.path.join(self.state, "running.json")

    @property
    def channel(self) -> str:
        """Where the running program's page and channel are, and the token that opens them."""
        return os.path.join(self.state, "channel.json")

    @property
    def lock(self) -> str:
        """Held by the process that works on the journal."""
        return os.path.join(self.state, "lock")

    @property
    def log(self) -> str:
        """The log."""
        return os.path.join(self.state, "hrflow-watcher.log")

    @property
    def orders(self) -> str:
        """Directory in which other commands leave orders for the running program."""
        return os.path.join(self.state, "orders")

    @property
    def snooze(self) -> str:
        """Until when a person wants no messages on the desktop."""
        return os.path.join(self.state, "snooze.json")

    def prepare(self) -> None:
        """Make the directory; JournalError if that cannot be done."""
        try:
            os.makedirs(self.orders, mode=0o700, exist_ok=True)
            os.chmod(self.state, 0o700)
        except OSError as error:
            raise self.unusable(error) from error

    def unusable(self, error: OSError) -> JournalError:
        """What to tell a person when something in the directory cannot be read or written."""
        hint = "Name another one with --state."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Make room on its disk, or name another one with --state."
        elif error.errno in (errno.EACCES, errno.EPERM):
            hint = "Make sure that you may write to it, or name another one with --state."
        return JournalError(
            f"The program's own folder {self.state} cannot be used ({error.strerror}).", hint
        )


def default_state(environ: Mapping[str, str]) -> str:
    """The platform's place for state: ``HRFLOW_WATCHER_STATE``, or below the home directory."""
    if named := environ.get("HRFLOW_WATCHER_STATE"):
        return os.path.abspath(os.path.expanduser(named))
    import platformdirs  # noqa: PLC0415 - only where nothing was named

    return platformdirs.user_state_dir("hrflow-watcher", appauthor=False)


def lock(places: Places) -> BaseFileLock:
    """Become the one process that works here; AlreadyRunningError if there is one."""
    import filelock  # noqa: PLC0415 - commands that only look need none

    places.prepare()
    # A moment of patience, as a command that asks whether the program runs touches the lock too.
    held = filelock.FileLock(places.lock, timeout=_LOCK_SECONDS, mode=0o600)
    try:
        held.acquire()
    except filelock.Timeout as error:
        pid = read_running(places).get("pid", "?")
        raise AlreadyRunningError(
            f"hrflow-watcher is running already (process {pid}).",
            "See what it does with: hrflow-watcher status.",
        ) from error
    except OSError as error:
        raise places.unusable(error) from error
    return held


def is_running(places: Places) -> bool:
    """Whether some process works here now."""
    try:
        descriptor = os.open(places.lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise places.unusable(error) from error
    try:
        return not _can_share(places, descriptor)
    finally:
        os.close(descriptor)


def _can_share(places: Places, descriptor: int) -> bool:
    """Whether nobody holds the lock; asked so that others who ask at the same time do not see it.

    The descriptor is that of the lock's file; the question ends when it is closed.
    """
    try:
        import fcntl  # noqa: PLC0415 - what filelock uses, without the time it takes to import
    except ImportError:  # Windows
        return _can_have(places)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _can_have(places: Places) -> bool:
    """Whether nobody holds the lock, found out by taking it for a moment."""
    import filelock  # noqa: PLC0415 - takes longer than most commands

    try:
        with filelock.FileLock(places.lock, timeout=0):
            return True
    except filelock.Timeout:
        return False


def read_running(places: Places) -> dict[str, object]:
    """What the running program last said of itself; empty if there is nothing to read."""
    try:
        with open(places.running, encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError):
        return {}  # being absent is the normal case, and half a file is never written
    return read if isinstance(read, dict) else {}


def write_atomically(path: str, text: str) -> None:
    """Put ``text`` at ``path`` so that a reader sees the old file or the new one, never half."""
    part = f"{path}.{os.getpid()}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


_log = logging.getLogger(__name__)


#: Seconds that somebody who is just writing is given at the end.
_PATIENCE: Final = 5.0


class Announcement:
    """Writes the file; on any thread, in the order in which it was found."""

    def __init__(self, path: str, facts: Callable[[], Mapping[str, object]]) -> None:
        self._path = path
        self._facts = facts
        self._writing = threading.Lock()
        self._said = ""
        self._mark: tuple[int, ...] = ()
        self._ended = False

    def say(self) -> None:
        """Say how things are, unless that is what the file says."""
        with self._writing:
            if self._ended:
                return
            try:
                text = json.dumps(self._facts())
                if text != self._said or self._mark_now() != self._mark:  # somebody removed it
                    write_atomically(self._path, text)
                    self._said, self._mark = text, self._mark_now()
            except OSError as error:  # the disk is full: the journal will say so to people
                _log.warning("the program cannot say how things are: %s", error)

    def end(self) -> None:
        """Say nothing from now on: another process may."""
        is_free = self._writing.acquire(timeout=_PATIENCE)
        self._ended = True
        if is_free:
            self._writing.release()

    def _mark_now(self) -> tuple[int, ...]:
        """By what the file is known again; empty if it is not there."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
