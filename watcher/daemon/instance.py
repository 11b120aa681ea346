"""The instance: where the program keeps its files, and the one process that works there."""

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
from watcher.i18n.command import command_name
from watcher.model.errors import AlreadyRunningError, JournalError
from watcher.system.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filelock import BaseFileLock

#: Seconds that a command may work on the journal, where no program runs.
_MOMENT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Places:
    """The program's own files, in a directory that only its owner can read."""

    state: str

    @property
    def journal(self) -> str:
        """The journal."""
        return os.path.join(self.state, "journal.db")

    @property
    def instance(self) -> str:
        """Where the running program's API is, and its token, as JSON."""
        return os.path.join(self.state, "instance.json")

    @property
    def ledger_instance(self) -> str:
        """The id by which the shared ledger knows this installation."""
        return os.path.join(self.state, "ledger-instance")

    @property
    def has_journal(self) -> bool:
        """Whether there is a journal; JournalError if that cannot be determined.

        An empty file is none: it is all that was written on a full disk.
        """
        try:
            return os.stat(self.journal).st_size > 0
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self.unusable(error) from error

    @property
    def begun(self) -> str:
        """A mark that there has been a journal: if it is missing, it was lost."""
        return os.path.join(self.state, "begun")

    @property
    def lock(self) -> str:
        """Held by the process that works on the journal."""
        return os.path.join(self.state, "lock")

    @property
    def spool(self) -> str:
        """Where documents inside other files are copied while they are needed."""
        return os.path.join(self.state, "spool")

    @property
    def log(self) -> str:
        """The log."""
        return os.path.join(self.state, "hrflow-watcher.log")

    def prepare(self) -> None:
        """Create the directory; JournalError if that fails."""
        try:
            os.makedirs(self.state, mode=0o700, exist_ok=True)
            os.chmod(self.state, 0o700)
        except OSError as error:
            raise self.unusable(error) from error

    def unusable(self, error: OSError) -> JournalError:
        """Return the error for something in the directory that cannot be read or written."""
        hint = "Name another one with --state."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Make room on its disk, or name another one with --state."
        elif error.errno in (errno.EACCES, errno.EPERM):
            hint = "Make sure that you may write to it, or name another one with --state."
        return JournalError(
            f"The program's own folder {self.state} can't be used ({error.strerror}).", hint
        )


def default_state(environ: Mapping[str, str]) -> str:
    """Return ``HRFLOW_WATCHER_STATE``, or else the platform's directory for state."""
    if named := environ.get("HRFLOW_WATCHER_STATE"):
        return os.path.abspath(os.path.expanduser(named))
    import platformdirs  # noqa: PLC0415 - only where nothing was named

    return platformdirs.user_state_dir("hrflow-watcher", appauthor=False)


def lock(places: Places, seconds: float = _MOMENT) -> BaseFileLock:
    """Become the one process that works here.

    AlreadyRunningError if another one still does after ``seconds``: a command may, for a moment.
    """
    import filelock  # noqa: PLC0415 - commands that only look need none

    places.prepare()
    held = filelock.FileLock(places.lock, timeout=seconds, mode=0o600)
    try:
        held.acquire()
    except filelock.Timeout as error:
        raise AlreadyRunningError(
            f"hrflow-watcher is already running{_name_process(places)}.",
            f"See what it is doing with: {command_name()} status.",
        ) from error
    except OSError as error:
        raise places.unusable(error) from error
    return held


def _name_process(places: Places) -> str:
    try:
        with open(places.instance, encoding="utf-8") as file:
            return f" (PID {json.load(file)['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # it is just starting or stopping


HOST: Final = "127.0.0.1"

#: Connections that may wait until the API answers.
_BACKLOG: Final = 16


class Instance:
    """The listening socket of the API and the file that says where it is, while the program runs.

    Connections before the API is ready wait for it, so that commands find the program from its
    first moment on. ``problem`` is why there is no API, "" if there is one.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.token: Final = secrets.token_urlsafe(32)
        self.listener: socket.socket | None = None
        self.port = 0
        self.problem = ""

    def begin(self) -> None:
        """Listen on this machine, and write the file for this user alone. Needs the lock."""
        try:
            self.listener = socket.create_server((HOST, 0), backlog=_BACKLOG)
            self.port = self.listener.getsockname()[1]
            facts = {
                "pid": os.getpid(), "port": self.port, "token": self.token, "version": __version__,
            }  # fmt: skip
            write_atomically(self._places.instance, json.dumps(facts).encode())
        except OSError as error:
            self.problem = str(error)

    def end(self) -> None:
        """Stop listening; call before the lock is released."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._places.instance)
        if self.listener is not None:
            self.listener.close()
