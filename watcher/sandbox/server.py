"""The server: reads requests, has them answered, and misbehaves where a fault says so."""

from __future__ import annotations

import logging
import os
import socket
import socketserver
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from watcher.sandbox.api import UPLOAD, Api, Reply, reply
from watcher.sandbox.control import PREFIX, Call, Control, Ledger
from watcher.sandbox.faults import Faults, Kind, Request, deliver, distort
from watcher.sandbox.profiles import Profiles
from watcher.sandbox.samples import EMAIL, KEYS, SOURCES
from watcher.sandbox.uploads import CHUNK, Upload, read_upload
from watcher.sandbox.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.sandbox.control import Record
    from watcher.sandbox.faults import Fault
    from watcher.sandbox.profiles import Profile, References
    from watcher.sandbox.samples import Source

_log = logging.getLogger(__name__)
VERSION_PATH: Final = "/v1"
_HOST: Final = "127.0.0.1"
#: How often the listener looks whether it should end.
_POLL_SECONDS: Final = 0.05
_JOIN_SECONDS: Final = 10.0
_MAX_OTHER_BODY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Context:
    """What all connections share. ``stopping`` is set when nothing may wait any longer."""

    api: Api
    faults: Faults
    ledger: Ledger
    clock: Callable[[], float]
    data_dir: str | None
    stopping: threading.Event = field(default_factory=threading.Event)


class _CutError(Exception):
    """A fault ends the connection before the request is whole."""


class Handler(BaseHTTPRequestHandler):
    """Every method goes one way: the API says what is allowed, not this class."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = CHUNK

    def __init__(self, context: Context, *connection: Any) -> None:
        self._context = context  # before the base class, which serves all requests in here
        super().__init__(*connection)

    def parse_request(self) -> bool:
        """Called when the first line is there."""
        self._received_at = self._context.clock()
        return super().parse_request()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        """The ledger is the log."""

    def send_error(self, code: int, message: str | None = None, _: str | None = None) -> None:
        """What the standard library finds wrong is said in JSON as well."""
        self.close_connection = True
        self._deliver(reply(code, message or "Bad request"))

    def _serve(self) -> None:
        address = urlsplit(self.path)
        if address.path.startswith(PREFIX):
            body, context = self._read_other_body(), self._context
            control = Control(context.api, context.faults, context.ledger)
            self._deliver(control.answer(self.command, address.path, self.headers.get, body))
            return
        self._context.ledger.note(Call(self._received_at, self.command, self.path))
        version, path = address.path[: len(VERSION_PATH)], address.path[len(VERSION_PATH) :]
        if version != VERSION_PATH:
            self._read_other_body()
            self._deliver(reply(404, f"Not found: {address.path}"))
        elif (self.command, path) == ("POST", UPLOAD):
            self._take_upload(Request("POST", path))
        else:
            self._look_up(Request(self.command, path), address.query)

    def _look_up(self, request: Request, query: str) -> None:
        pairs = parse_qsl(query, keep_blank_values=True)
        request.source_key = dict(pairs).get("source_key", "")
        if self._context.faults.take(request, (Kind.CUT_BEFORE_BODY,)):
            self.close_connection = True
            return
        self._read_other_body()
        fault = self._context.faults.take(request)
        answer = None
        if fault is None or fault.stores:
            answer = self._context.api.look_up(
                request.method, request.path, pairs, self.headers.get
            )
        self._deliver(_said(answer, fault), fault)

    def _take_upload(self, request: Request) -> None:
        number = self._context.ledger.open(self._received_at)
        upload = Upload()
        try:
            if self._read_upload(upload, number, request):
                self._answer_upload(upload, number, request)
        except _CutError:
            self.close_connection = True
        finally:
            upload.discard()
            self._context.ledger.update(number, ended=True)

    def _read_upload(self, upload: Upload, number: int, request: Request) -> bool:
        """Return whether the whole body came, be it well-formed or not."""
        self._cut_if(request, Kind.CUT_BEFORE_BODY)
        length = _number(self.headers.get("Content-Length"))
        if length is None:
            self.close_connection = True
            self._deliver(reply(411, "Content-Length is required"))
            return False

        def watch() -> None:
            request.source_key, request.file_name = upload.get("source_key"), upload.file_name
            self._cut_if(request, Kind.CUT_IN_BODY, upload.received)

        data_dir = self._context.data_dir
        path = os.path.join(data_dir, f"upload-{number}.part") if data_dir else ""
        content_type = self.headers.get("Content-Type", "")
        try:
            read_upload(upload, self.rfile.read1, length, content_type, path=path, watch=watch)
        finally:
            self._note(number, upload)
        self.close_connection = self.close_connection or not upload.complete
        return upload.complete

    def _cut_if(self, request: Request, kind: Kind, received: int = 0) -> None:
        if self._context.faults.take(request, (kind,), received=received):
            raise _CutError

    def _note(self, number: int, upload: Upload) -> None:
        self._context.ledger.update(
            number,
            source_key=upload.get("source_key"),
            reference=upload.get("reference"),
            file_name=upload.file_name,
            content_type=upload.content_type,
            size=upload.size,
            sha256=upload.sha256,
            fields=tuple(upload.fields),
            whole=upload.whole,
        )

    def _answer_upload(self, upload: Upload, number: int, request: Request) -> None:
        fault = self._context.faults.take(request)
        answer = None
        if fault is None or fault.stores:
            answer = self._context.api.upload(upload, self.headers.get)
        said = _said(answer, fault)
        # The documented 401 quotes the key; the ledger is there to be shown.
        message = said.message.replace(self.headers.get("X-API-KEY") or "\0", "•••")
        taken = answer is not None and answer.status in (201, 202)
        self._context.ledger.update(number, status=said.status, message=message, taken=taken)
        answered = self._deliver(said, fault)
        self._context.ledger.update(number, answered=answered)

    def _deliver(self, said: Reply, fault: Fault | None = None) -> bool:
        if self.command == "HEAD":  # its answer has no body, so what follows would be taken for one
            self.close_connection = True
        date = ("Date", formatdate(self._context.clock(), usegmt=True))
        said = replace(said, headers=(*said.headers, date))
        whole = deliver(
            said, fault, self.connection, self._context.stopping, close=self.close_connection
        )
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
            self.webhooks,
            parse_seconds,
            references,
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
        context = Context(
            self.api,
            self.faults,
            self.ledger,
            self.clock,
            self.data_dir,
        )
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
        """Return all profiles in the order their uploads came, also those not visible yet."""
        return self._profiles.all()

    def parses(self) -> dict[str, int]:
        """Return how often each content was parsed, by its SHA-256; more than once is needless."""
        return self._profiles.parses()

    def wait_for(self, uploads: int, within: float = 10.0) -> tuple[Record, ...]:
        """Return the ledger once so many uploads have ended; TimeoutError after ``within`` s."""
        return self.ledger.wait_for(uploads, within)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:  # the other side was faster
        _log.debug("a connection was gone already: %s", error)
