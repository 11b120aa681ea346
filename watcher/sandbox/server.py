"""The sandbox as a running thing: a listener on this machine, one thread per connection."""

from __future__ import annotations

import logging
import os
import socket
import socketserver
import sys
import threading
import time
from functools import partial
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self

from watcher.sandbox.api import Api
from watcher.sandbox.faults import Faults
from watcher.sandbox.handler import VERSION_PATH, Context, Handler
from watcher.sandbox.ledger import Ledger
from watcher.sandbox.profiles import Profiles
from watcher.sandbox.webhooks import Webhooks
from watcher.sandbox.world import EMAIL, KEYS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.sandbox.ledger import Record
    from watcher.sandbox.profiles import Profile
    from watcher.sandbox.world import References, Source

_log = logging.getLogger(__name__)
_HOST: Final = "127.0.0.1"
#: How often the listener looks whether it should end.
_POLL_SECONDS: Final = 0.05
_JOIN_SECONDS: Final = 10.0


class Server(ThreadingHTTPServer):
    """The listener. Knows its connections, so that it can end with none of them left."""

    daemon_threads = True
    request_queue_size = 128
    # Elsewhere it frees a port sooner; on Windows it would let two listeners share one.
    allow_reuse_address = os.name != "nt"

    def __init__(self, port: int, context: Context) -> None:
        self._stopping = context.stopping
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        super().__init__((_HOST, port), partial(Handler, context))

    def server_bind(self) -> None:
        """Bind without asking the network for this machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"sandbox-{client_address[1]}",
            daemon=True,
        )
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Called in a connection's thread; serves it to its end."""
        super().process_request_thread(request, client_address)
        with self._lock:
            del self._connections[request]

    def handle_error(self, _request: Any, client_address: Any) -> None:
        """Called while the exception is being handled; a client may hang up whenever it likes."""
        if not isinstance(sys.exception(), ConnectionError):
            _log.exception("a request failed in the sandbox", extra={"client": client_address})

    def end(self) -> None:
        """Stop listening, end every connection and wait for its thread."""
        self._stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            connections = tuple(self._connections.items())
            for connection, _ in connections:
                _hang_up(connection)
        for _, thread in connections:
            thread.join(_JOIN_SECONDS)


class Sandbox:
    """A local HrFlow. Start it, or use it as a context manager; afterwards its port is free.

    ``sources``, ``keys`` and ``email`` are the world it answers from, ``parse_seconds`` the time
    until an upload's profile is visible, by ``clock`` (seconds since 1970). ``data_dir`` is a
    folder for the files and a description of each; without it everything stays in memory.
    ``references`` says what is done with a reference that its source has already.
    """

    def __init__(
        self,
        *,
        data_dir: str | None = None,
        sources: Sequence[Source] = SOURCES,
        keys: Sequence[str] = KEYS,
        email: str = EMAIL,
        parse_seconds: float = 2.0,
        references: References = "update",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.data_dir = data_dir
        self.clock = clock
        self.faults = Faults(clock)
        self.ledger = Ledger()
        self._profiles = Profiles(clock, data_dir)
        self.webhooks = Webhooks(clock)
        self.api = Api(
            sources,
            keys,
            email,
            self._profiles,
            parse_seconds,
            references,
            webhooks=self.webhooks,
        )
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """What to set as ``api_url``; the vendor's SDK wants a slash after it."""
        return f"{self.origin}{VERSION_PATH}"

    @property
    def origin(self) -> str:
        """The address without the API's version; ``/_sandbox/…`` is below it."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running")
        return f"http://{_HOST}:{self._server.server_port}"

    def start(self, port: int = 0) -> Self:
        """Listen on ``port``, or on any that is free; OSError if it is taken."""
        if self.data_dir:
            os.makedirs(self.data_dir, mode=0o700, exist_ok=True)
        context = Context(self.api, self.faults, self.ledger, self.clock, self.data_dir)
        self._server = Server(port, context)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="sandbox", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection and thread; may be called again."""
        self.webhooks.stop()
        if self._server is None or self._thread is None:
            return
        self._server.end()
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def profiles(self) -> tuple[Profile, ...]:
        """All profiles in the order their uploads came, also those not visible yet."""
        return self._profiles.all()

    def parses(self) -> dict[str, int]:
        """How often each content was parsed, by its SHA-256: more than once was for nothing."""
        return self._profiles.parses()

    def wait_for(self, uploads: int, within: float = 10.0) -> tuple[Record, ...]:
        """The ledger once so many uploads have ended; TimeoutError after ``within`` seconds."""
        return self.ledger.wait_for(uploads, within)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:  # the other side was faster
        _log.debug("a connection was gone already: %s", error)
