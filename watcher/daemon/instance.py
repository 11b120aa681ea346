"""The instance: where the program keeps its files, and the one process that works there.

That process has an API on this machine, which commands reach through a :class:`Channel`.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from watcher import __version__
from watcher.i18n.command import command_name
from watcher.model.errors import (
    AlreadyRunningError,
    JournalError,
    NoJournalError,
    NotRunningError,
    UsageError,
    WatcherError,
)
from watcher.system import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from filelock import BaseFileLock

    from watcher.journal.reader import Reader

#: Seconds that a command may work on the journal, where no program runs.
_MOMENT: Final = 0.5


class Places(Struct, frozen=True):
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
        hint = "Choose another one with --state."
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


@contextmanager
def open_reader(places: Places) -> Iterator[Reader | None]:
    """Yield the journal, to be read; None before the first run, JournalError if it is unusable."""
    from watcher.journal.reader import Reader  # noqa: PLC0415 - many commands do without

    reader = None
    if places.has_journal:
        with suppress(NoJournalError):  # the program is still creating it
            reader = Reader(places.journal)
    if reader is None:
        yield None
        return
    with closing(reader):
        yield reader


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
        return f" (PID {Channel.open(places).pid})"
    except WatcherError:
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
        self.token: Final = os.urandom(32).hex()
        self.listener: socket.socket | None = None
        self.port = 0
        self.problem = ""

    def begin(self) -> None:
        """Listen on this machine, and write the file for this user alone. Needs the lock."""
        try:
            self.listener = socket.create_server((HOST, 0), backlog=_BACKLOG)
            self.port = self.listener.getsockname()[1]
            channel = Channel(os.getpid(), self.port, self.token, __version__)
            write_atomically(self._places.instance, msgspec.json.encode(channel))
        except OSError as error:
            self.problem = str(error)

    def end(self) -> None:
        """Stop listening; call before the lock is released."""
        with suppress(FileNotFoundError):
            os.unlink(self._places.instance)
        if self.listener is not None:
            self.listener.close()


class LocalServer:
    """Serves a WSGI application on a socket, from creation to :meth:`stop`."""

    def __init__(
        self, name: str, application: Any, listener: socket.socket, **settings: object
    ) -> None:
        """``name`` is the thread's, ``settings`` are waitress's. It closes ``listener``."""
        from waitress.server import create_server  # noqa: PLC0415 - watching comes first

        self._connections: dict[int, Any] = {}
        self._server = create_server(
            application, map=self._connections, sockets=[listener], ident=None,
            clear_untrusted_proxy_headers=True, **settings,
        )  # fmt: skip
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name=name, daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stop answering; requests under way, and the thread itself, get ``seconds`` each."""
        if not self._thread.is_alive():
            return
        self._server.task_dispatcher.shutdown(timeout=seconds)
        with suppress(OSError):  # the loop was awake, and has closed everything already
            self._server.trigger.pull_trigger(self._close)
        self._thread.join(seconds)

    def _close(self) -> None:
        """Close all connections; on the server's thread, whose loop ends with the last of them."""
        for each in list(self._connections.values()):
            each.close()


#: Seconds for an answer.
_TIMEOUT: Final = 40.0
_OK, _FORBIDDEN = 200, 403

#: The header with the token of the run; no other page can make a browser send it.
TOKEN: Final = "X-Watcher-Token"  # noqa: S105 - its name


class SilentError(WatcherError):
    """The program runs but does not answer."""

    exit_code = NotRunningError.exit_code


class Channel(Struct, frozen=True):
    """The address of the running program's API, from a file that it writes when it starts."""

    pid: int
    port: int
    token: str
    version: str

    @classmethod
    def open(cls, places: Places) -> Channel:
        """Return the channel to the running program; NotRunningError if there is none."""
        try:
            with open(places.instance, encoding="utf-8") as file:
                return cls(**json.load(file))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise _not_running() from error
        except OSError as error:
            raise places.unusable(error) from error

    def get(self, path: str) -> Any:
        """Return the answer to a GET request; NotRunningError if the program has ended."""
        return self._ask("GET", path, b"")

    def post(self, path: str, /, **values: object) -> Any:
        """Return the answer to a POST request; errors as in get, UsageError if it is refused."""
        return self._ask("POST", path, json.dumps(values).encode())

    def _ask(self, method: str, path: str, body: bytes) -> Any:
        """Send a request with HTTP/1.0, without a library, which would slow down every command."""
        head = (
            f"{method} {path} HTTP/1.0\r\nHost: {HOST}:{self.port}\r\n{TOKEN}: {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            with socket.socket() as line:
                line.settimeout(_TIMEOUT)
                line.connect((HOST, self.port))
                line.sendall(head.encode() + body)
                answer = b"".join(iter(lambda: line.recv(65536), b""))
        except ConnectionError as error:  # it was killed, or is just ending
            raise _not_running() from error
        except OSError as error:
            raise SilentError(
                "hrflow-watcher is not responding.", "If it is just ending, start it again."
            ) from error
        try:
            status = int(answer.split(maxsplit=2)[1])
            values = json.loads(answer.partition(b"\r\n\r\n")[2])
        except (ValueError, IndexError) as error:
            raise _not_running() from error
        if status == _FORBIDDEN:  # another program has the port by now
            raise _not_running()
        if status != _OK:
            refusal = UsageError(str(values.get("error", "")), str(values.get("hint", "")))
            refusal.exit_code = int(values.get("exit_code", refusal.exit_code))
            raise refusal
        return values


def read_facts(places: Places) -> dict[str, Any]:
    """Return what the running program says about itself; empty if none runs."""
    try:
        facts: dict[str, Any] = Channel.open(places).get("/api/facts")
    except NotRunningError:
        return {}
    return facts


def _not_running() -> NotRunningError:
    return NotRunningError("hrflow-watcher is not running.", f"Start it with: {command_name()} run")
