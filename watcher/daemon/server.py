"""Serves HTTP from a thread of this process: the page with its API, and the webhook's receiver."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

_log = logging.getLogger(__name__)


class LocalServer:
    """Answers on a socket with a WSGI application from creation to :meth:`stop`."""

    def __init__(
        self, name: str, application: Any, listener: socket.socket, **settings: object
    ) -> None:
        """``name`` is the thread's, ``settings`` are waitress's; ``listener`` is closed by it."""
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
        try:
            self._server.trigger.pull_trigger(self._close)
        except OSError as error:  # the loop was awake, and has closed everything already
            _log.debug("the server on port %d has stopped: %s", self.port, error)
        self._thread.join(seconds)

    def _close(self) -> None:
        """Close all connections; on the server's thread, whose loop ends with the last of them."""
        for each in list(self._connections.values()):
            each.close()
