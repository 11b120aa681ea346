"""Where the program keeps its own files, and which process of it is the one that works there."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher import __version__
from watcher.model.errors import AlreadyRunningError, JournalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filelock import BaseFileLock

#: Seconds for which a command may work on the journal, as nothing else runs.
_MOMENT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Places:
    """The program's own files, all below one directory that is for its owner alone."""

    state: str

    @property
    def journal(self) -> str:
        """What became of every file."""
        return os.path.join(self.state, "journal.db")

    @property
    def instance(self) -> str:
        """Where the running program's API is, and the token that opens it, as JSON."""
        return os.path.join(self.state, "instance.json")

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
    def begun(self) -> str:
        """Tells that there has been a journal, so that one that is not there was lost."""
        return os.path.join(self.state, "begun")

    @property
    def lock(self) -> str:
        """Held by the process that works on the journal."""
        return os.path.join(self.state, "lock")

    @property
    def log(self) -> str:
        """The log."""
        return os.path.join(self.state, "hrflow-watcher.log")

    def prepare(self) -> None:
        """Make the directory; JournalError if that cannot be done."""
        try:
            os.makedirs(self.state, mode=0o700, exist_ok=True)
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


def lock(places: Places, seconds: float = _MOMENT) -> BaseFileLock:
    """Become the one process that works here, once there is no other.

    AlreadyRunningError if there is one for so many ``seconds``: for a moment it may be a command.
    """
    import filelock  # noqa: PLC0415 - commands that only look need none

    places.prepare()
    held = filelock.FileLock(places.lock, timeout=seconds, mode=0o600)
    try:
        held.acquire()
    except filelock.Timeout as error:
        raise AlreadyRunningError(
            f"hrflow-watcher is running already{_name_process(places)}.",
            "See what it does with: hrflow-watcher status.",
        ) from error
    except OSError as error:
        raise places.unusable(error) from error
    return held


def _name_process(places: Places) -> str:
    try:
        with open(places.instance, encoding="utf-8") as file:
            return f" (process {json.load(file)['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # it is just starting or ending


def write_atomically(path: str, text: str) -> None:
    """Put ``text`` at ``path`` so that a reader sees the old file or the new one, never half."""
    part = f"{path}.{os.getpid()}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


HOST: Final = "127.0.0.1"


#: Callers that are kept waiting until somebody answers.
_BACKLOG: Final = 16


class Instance:
    """Listens, and says where, from :meth:`begin` to :meth:`end`.

    Whoever calls before the API is ready waits for it: so commands find the program from its first
    moment on. ``problem`` is why nobody can call, "" if all is well.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.token: Final = secrets.token_urlsafe(32)
        self.listener: socket.socket | None = None
        self.port = 0
        self.problem = ""

    def begin(self) -> None:
        """Listen on this machine, and write the file for this user alone; call with the lock."""
        try:
            self.listener = socket.create_server((HOST, 0), backlog=_BACKLOG)
            self.port = self.listener.getsockname()[1]
            facts = {
                "pid": os.getpid(), "port": self.port, "token": self.token, "version": __version__,
            }  # fmt: skip
            write_atomically(self._places.instance, json.dumps(facts))
        except OSError as error:
            self.problem = str(error)

    def end(self) -> None:
        """Listen no more; call before the lock is let go."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._places.instance)
        if self.listener is not None:
            self.listener.close()
