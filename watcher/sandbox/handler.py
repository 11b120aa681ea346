"""One connection: reads requests, has them answered, and misbehaves where a fault says so."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from watcher.sandbox.api import UPLOAD, Reply, reply
from watcher.sandbox.control import PREFIX, Control
from watcher.sandbox.delivery import Line, distort
from watcher.sandbox.faults import Kind, Request
from watcher.sandbox.ledger import Call
from watcher.sandbox.uploads import CHUNK, Upload, read_upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.sandbox.api import Api
    from watcher.sandbox.faults import Fault, Faults
    from watcher.sandbox.ledger import Ledger

VERSION_PATH: Final = "/v1"
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

    @property
    def control(self) -> Control:
        """The switches over HTTP."""
        return Control(self.api, self.faults, self.ledger)


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
            body, control = self._read_other_body(), self._context.control
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
        """Whether the whole body came, be it well-formed or not."""
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
        line = Line(self.connection, self._context.stopping)
        whole = line.deliver(said, fault, close=self.close_connection)
        self.close_connection = self.close_connection or not whole
        return whole

    def _read_other_body(self) -> bytes:
        """The body of a request that is no upload; one that is too large ends the connection."""
        length = _number(self.headers.get("Content-Length", "0"))
        if length is None or length > _MAX_OTHER_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return b""
        return self.rfile.read(length)


def _said(answer: Reply | None, fault: Fault | None) -> Reply:
    """What goes out: the answer, or what a fault makes of it."""
    if fault:
        return distort(answer, fault)
    assert answer is not None
    return answer


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
