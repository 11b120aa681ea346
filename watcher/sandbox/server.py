"""The server: reads requests, has them answered, and misbehaves where a fault says so."""

from __future__ import annotations

import logging
import os
import socket
import socketserver
import sys
import threading
import time
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from msgspec.structs import replace

from watcher.sandbox.api import UPLOAD, Api, Reply, reply
from watcher.sandbox.control import PREFIX, Call, Control, Ledger
from watcher.sandbox.faults import Faults, Kind, Request, deliver, distort
from watcher.sandbox.profiles import Profiles
from watcher.sandbox.samples import EMAIL, KEYS, SOURCES
from watcher.sandbox.uploads import Upload
from watcher.sandbox.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.sandbox.control import Record
    from watcher.sandbox.faults import Fault
    from watcher.sandbox.profiles import Profile, References

_log = logging.getLogger(__name__)
VERSION_PATH: Final = "/v1"
_HOST: Final = "127.0.0.1"
#: How often the listener looks whether it should end.
_POLL_SECONDS: Final = 0.05
#: Bytes taken from the connection at once.
_CHUNK: Final = 128 * 1024
_MAX_OTHER_BODY: Final = 1_000_000


class Sandbox:
    """A local HrFlow. Start it, or use it as a context manager; afterwards its port is free.

    ``parse_seconds`` is the time until an upload's profile is visible, by ``clock`` (seconds since
    1970). ``references`` says what is done with a reference that its source has already. What it
    answers from, and what goes wrong, can be changed while it runs: see ``api``, ``faults`` and
    ``webhooks``.
    """

    def __init__(
        self,
        *,
        parse_seconds: float = 2.0,
        references: References = "update",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.faults = Faults()
        self.ledger = Ledger()
        self.webhooks = Webhooks()
        self._profiles = Profiles(clock)
        self.api = Api(
            SOURCES, KEYS, EMAIL, self._profiles, self.webhooks, parse_seconds, references
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
        self._server = Server(port, self)
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
        """Return all profiles in the order their uploads came, also those not visible yet."""
        return self._profiles.all()

    def parses(self) -> dict[str, int]:
        """Return how often each content was parsed, by its SHA-256; more than once is needless."""
        return self._profiles.parses()

    def wait_for(self, uploads: int, within: float = 120.0) -> tuple[Record, ...]:
        """Return the ledger once ``uploads`` have ended; TimeoutError after ``within`` s."""
        return self.ledger.wait_for(uploads, within)


class _CutError(Exception):
    """A fault ends the connection before the request is whole."""


class Handler(BaseHTTPRequestHandler):
    """Serves one connection. The API says what is allowed, not this class."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = _CHUNK

    def __init__(self, sandbox: Sandbox, stopping: threading.Event, *connection: Any) -> None:
        self._sandbox = sandbox  # before the base class, which serves all requests in here
        self._stopping = stopping
        super().__init__(*connection)

    def parse_request(self) -> bool:
        """Called when the first line is there."""
        self._received_at = self._sandbox.clock()
        return super().parse_request()

    def log_message(self, *_: Any) -> None:
        """The ledger is the log."""

    def send_error(self, code: int, message: str | None = None, _: str | None = None) -> None:
        """What the standard library finds wrong is said in JSON as well."""
        self.close_connection = True
        self._deliver(reply(code, message or "Bad request"))

    def do_GET(self) -> None:
        """Called for each GET request."""
        address = urlsplit(self.path)
        if address.path.startswith(PREFIX):
            control = Control(self._sandbox.api, self._sandbox.faults, self._sandbox.ledger)
            body = self._read_other_body()
            self._deliver(control.answer(self.command, address.path, self.headers.get, body))
            return
        self._sandbox.ledger.note(Call(self._received_at, self.command, self.path))
        version, path = address.path[: len(VERSION_PATH)], address.path[len(VERSION_PATH) :]
        if version != VERSION_PATH:
            self._read_other_body()
            self._deliver(reply(404, f"Not found: {address.path}"))
        elif (self.command, path) == ("POST", UPLOAD):
            self._take_upload(Request("POST", path))
        else:
            self._look_up(Request(self.command, path), address.query)

    do_POST = do_GET  # noqa: N815 - likewise

    def _look_up(self, request: Request, query: str) -> None:
        pairs = parse_qsl(query, keep_blank_values=True)
        request.source_key = dict(pairs).get("source_key", "")
        if self._sandbox.faults.take(request, (Kind.CUT_BEFORE_BODY,)):
            self.close_connection = True
            return
        self._read_other_body()
        fault = self._sandbox.faults.take(request)
        answer = None
        if fault is None or fault.stores:
            answer = self._sandbox.api.look_up(
                request.method, request.path, pairs, self.headers.get
            )
        self._deliver(_said(answer, fault), fault)

    def _take_upload(self, request: Request) -> None:
        number = self._sandbox.ledger.open(self._received_at)
        try:
            self._cut_if(request, Kind.CUT_BEFORE_BODY)
            length = _number(self.headers.get("Content-Length"))
            if length is None:
                self.send_error(411, "Content-Length is required")
                return
            upload = Upload(self.headers.get("Content-Type", ""), length)
            try:
                self._read_upload(upload, request)
            finally:
                self._note(number, upload)
            if upload.is_complete:
                self._answer_upload(upload, number, request)
            else:
                self.close_connection = True
        except _CutError:
            self.close_connection = True
        finally:
            self._sandbox.ledger.update(number, ended=True)

    def _read_upload(self, upload: Upload, request: Request) -> None:
        """Read the body, a malformed one as well, to its end or until the other side closes."""
        while not upload.is_complete:
            chunk = self.rfile.read1(min(_CHUNK, upload.length - upload.received))
            if not chunk:
                return
            upload.feed(chunk)
            request.source_key, request.file_name = upload.get("source_key"), upload.file_name
            self._cut_if(request, Kind.CUT_IN_BODY, upload.received)

    def _cut_if(self, request: Request, kind: Kind, received: int = 0) -> None:
        if self._sandbox.faults.take(request, (kind,), received=received):
            raise _CutError

    def _note(self, number: int, upload: Upload) -> None:
        self._sandbox.ledger.update(
            number,
            source_key=upload.get("source_key"),
            reference=upload.get("reference"),
            file_name=upload.file_name,
            content_type=upload.content_type,
            size=upload.size,
            sha256=upload.sha256,
            fields=tuple(upload.fields),
            whole=upload.is_complete and not upload.error,
        )

    def _answer_upload(self, upload: Upload, number: int, request: Request) -> None:
        fault = self._sandbox.faults.take(request)
        answer = None
        if fault is None or fault.stores:
            answer = self._sandbox.api.upload(upload, self.headers.get)
        said = _said(answer, fault)
        # The documented 401 quotes the key; the ledger is there to be shown.
        message = said.message.replace(self.headers.get("X-API-KEY") or "\0", "•••")
        taken = answer is not None and answer.status in (201, 202)
        self._sandbox.ledger.update(number, status=said.status, message=message, taken=taken)
        answered = self._deliver(said, fault)
        self._sandbox.ledger.update(number, answered=answered)

    def _deliver(self, said: Reply, fault: Fault | None = None) -> bool:
        date = ("Date", formatdate(self._sandbox.clock(), usegmt=True))
        said = replace(said, headers=(*said.headers, date))
        whole = deliver(said, fault, self.connection, self._stopping, close=self.close_connection)
        self.close_connection = self.close_connection or not whole
        return whole

    def _read_other_body(self) -> bytes:
        """Return the body of a request other than an upload; b"" and no more if it is too large."""
        length = _number(self.headers.get("Content-Length", "0"))
        if length is None or length > _MAX_OTHER_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return b""
        return self.rfile.read(length)


def _said(answer: Reply | None, fault: Fault | None) -> Reply:
    """Return the answer, or what a fault makes of it."""
    if fault:
        return distort(answer, fault)
    assert answer is not None
    return answer


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


class Server(ThreadingHTTPServer):
    """The listener. Knows its connections, so that it can end with none of them left."""

    daemon_threads = False  # the base class waits for the others only
    request_queue_size = 128
    # Elsewhere it frees a port sooner; on Windows it would let two listeners share one.
    allow_reuse_address = os.name != "nt"

    def __init__(self, port: int, sandbox: Sandbox) -> None:
        #: Set when nothing may wait any longer.
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__((_HOST, port), partial(Handler, sandbox, self._stopping))

    def server_bind(self) -> None:
        """Bind without asking the network for this machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Called at the end of a connection, to close it."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, _request: Any, client_address: Any) -> None:
        """Called while the exception is being handled; a client may hang up whenever it likes."""
        if not isinstance(sys.exception(), ConnectionError):
            _log.exception("a request failed in the sandbox", extra={"client": client_address})

    def end(self) -> None:
        """Stop listening, end every connection and wait for its thread."""
        self._stopping.set()
        self.shutdown()
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)
        self.server_close()


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:  # the other side was faster
        _log.debug("a connection was gone already: %s", error)
