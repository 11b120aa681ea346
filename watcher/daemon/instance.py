"""The instance: the one process that works in the program's folder, and its API on this machine.

Commands reach the API through :class:`watcher.daemon.channel.Channel`.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher import __version__
from watcher.daemon.channel import HOST, Channel
from watcher.i18n.command import command_name
from watcher.model.errors import AlreadyRunningError, WatcherError
from watcher.system import write_atomically

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from watcher.daemon.state_folder import Places

#: Seconds that a command may work on the journal, where no program runs.
_MOMENT: Final = 0.5


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
