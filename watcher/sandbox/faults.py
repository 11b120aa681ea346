"""Switches that make the sandbox misbehave the way servers, proxies and networks do.

Of the faults that are set the first that matches a request applies to it, and only that one. A
fault that has applied as often as it should is over.
"""

from __future__ import annotations

import enum
import json
import socket
import threading
from fnmatch import fnmatchcase
from http.client import responses
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from watcher.sandbox.api import Reply, reply

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class Kind(enum.StrEnum):
    """What goes wrong."""

    STATUS = "status"  # answered with ``status``, ``message``, ``retry_after``
    DELAY = "delay"  # the right answer after ``delay`` seconds
    NEVER = "never"  # no answer; the connection stays open
    CUT_BEFORE_BODY = "cut_before_body"  # closed after the headers, the body unread
    CUT_IN_BODY = "cut_in_body"  # closed when ``after_bytes`` of the body have come
    CUT_BEFORE_ANSWER = "cut_before_answer"  # closed when all was read
    CUT_IN_ANSWER = "cut_in_answer"  # closed in the middle of the right answer
    DRIP = "drip"  # the right answer, one byte every ``interval`` seconds
    HTML = "html"  # a page for people
    SHAPE = "shape"  # JSON, but not an object with a code
    CODE = "code"  # the right answer, but its JSON says ``code``
    REDIRECT = "redirect"  # to ``url``
    HUGE = "huge"  # a JSON answer of ``size`` bytes


#: The request has its effect all the same, unless the fault says otherwise.
_STORING: Final = (
    Kind.DELAY, Kind.NEVER, Kind.CUT_BEFORE_ANSWER, Kind.CUT_IN_ANSWER, Kind.DRIP, Kind.CODE,
)  # fmt: skip
#: Applied when the request has been read; the two others before it is whole.
_LATE: Final = frozenset(Kind) - {Kind.CUT_BEFORE_BODY, Kind.CUT_IN_BODY}
#: Bytes of a huge answer that are sent at once.
_PIECE: Final = 256 * 1024

_Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
#: What may stand in a header.
_Header: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[ -~]*\Z")]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One switch: what goes wrong, for which requests, and how often.

    ``method``, ``path`` (below ``/v1``), ``source_key`` and ``file_name`` are globs; a request
    without source or file has "" there. ``cut_before_body`` knows neither of the two, and
    ``cut_in_body`` only what came before the cut.
    """

    kind: Kind
    #: How many requests it applies to; None for all.
    times: _Count | None = None
    method: str = "*"
    path: str = "*"
    source_key: str = "*"
    file_name: str = "*"
    #: Seconds before the answer, whatever the kind.
    delay: _Seconds = 0.0
    #: HTTP status; None for the kind's own.
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    message: str = ""
    #: Seconds, or a date as HTTP writes it.
    retry_after: _Header = ""
    #: The ``code`` in the JSON of :attr:`Kind.CODE`.
    code: _Count = 500
    #: What :attr:`Kind.HTML` and ``SHAPE`` answer with; "" for something fitting.
    body: str = ""
    url: _Header = ""
    after_bytes: _Count = 0
    size: _Count = 1_000_000_000
    interval: _Seconds = 1.0
    #: Whether the request has its effect; None for what is usual for the kind.
    stored: bool | None = None

    def __post_init__(self) -> None:
        if self.kind is Kind.REDIRECT and not self.url:
            raise ValueError("a redirect needs a url")
        known_late = (self.source_key, self.file_name) != ("*", "*")
        if self.kind is Kind.CUT_BEFORE_BODY and known_late:
            raise ValueError("before the body neither source_key nor file_name is known")

    @property
    def stores(self) -> bool:
        """Whether a request that meets this fault has its effect all the same."""
        return self.kind in _STORING if self.stored is None else self.stored


class Request(Struct):
    """What faults are matched with; source and file come to be known while the body is read."""

    method: str
    path: str
    source_key: str = ""
    file_name: str = ""


class _Switch(Struct):
    """A fault that is set, and how often it may still apply; None for ever."""

    fault: Fault
    left: int | None

    def matches(self, request: Request) -> bool:
        fault = self.fault
        return (
            self.left != 0
            and fnmatchcase(request.method, fault.method)
            and fnmatchcase(request.path, fault.path)
            and fnmatchcase(request.source_key, fault.source_key)
            and fnmatchcase(request.file_name, fault.file_name)
        )


class Faults:
    """The faults of a running sandbox; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._switches: tuple[_Switch, ...] = ()

    def set(self, *faults: Fault) -> None:
        """Let exactly these faults apply from now on, the first that matches first."""
        with self._lock:
            self._switches = tuple(_Switch(fault, fault.times) for fault in faults)

    def clear(self) -> None:
        """Let no fault apply any longer."""
        self.set()

    def state(self) -> list[dict[str, Any]]:
        """Return the faults as JSON; ``left`` says how often each may still apply."""
        with self._lock:
            return [
                {**msgspec.structs.asdict(switch.fault), "left": switch.left}
                for switch in self._switches
            ]

    def take(
        self, request: Request, kinds: Collection[Kind] = _LATE, *, received: int = 0
    ) -> Fault | None:
        """Return the fault that applies to this request now, which counts as one time.

        ``kinds``: only these, or all that apply when the request has been read. ``received``:
        bytes of the body so far.
        """
        with self._lock:
            for switch in self._switches:
                fault = switch.fault
                if fault.kind not in kinds or not switch.matches(request):
                    continue
                if fault.kind is Kind.CUT_IN_BODY and received < fault.after_bytes:
                    continue
                if switch.left is not None:
                    switch.left -= 1
                return fault
        return None


#: What answers a request that never gets to HrFlow: (media type, body, HTTP status).
_FOREIGN: Final = {
    Kind.HTML: (
        "text/html; charset=utf-8",
        "<!DOCTYPE html><title>Welcome</title><form>Log in to use this network</form>",
        200,
    ),
    Kind.SHAPE: ("application/json", '["not", "an", "object"]', 200),
    Kind.REDIRECT: ("text/html; charset=utf-8", "<!DOCTYPE html><p>Moved</p>", 302),
}


def distort(answer: Reply | None, fault: Fault) -> Reply:
    """Return what is said instead of ``answer``, which is None for a request without effect."""
    if fault.kind in _FOREIGN:
        media_type, body, status = _FOREIGN[fault.kind]
        headers = (("Location", fault.url),) if fault.url else ()
        return Reply(fault.status or status, fault.body or body, headers, media_type)
    if fault.kind is Kind.STATUS:
        status = fault.status or 500
        retry = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
        return reply(status, fault.message or responses.get(status, "Error"), headers=retry)
    answer = answer or reply(fault.status or 202, "Nothing was stored", data=[])
    if fault.kind is Kind.CODE:
        return Reply(fault.status or answer.status, {**answer.content, "code": fault.code})
    return answer


def deliver(
    answer: Reply,
    fault: Fault | None,
    connection: socket.socket,
    stopping: threading.Event,
    *,
    close: bool,
) -> bool:
    """Write an answer, as a fault has it; return whether all of it was handed to the network.

    ``close``: say that the connection ends with it. When ``stopping`` is set nothing waits any
    longer.
    """
    kind = fault.kind if fault else None
    if fault and (stopping.wait(fault.delay) or kind is Kind.CUT_BEFORE_ANSWER):
        return False
    if kind is Kind.NEVER:
        connection.recv(1, socket.MSG_PEEK)  # until the other side gives up, or the sandbox ends
        return False
    if fault and kind is Kind.HUGE:
        for piece in _huge(answer.status, fault.size):
            connection.sendall(piece)
        return True
    rendered = _render(answer, close=close)
    if fault and kind is Kind.CUT_IN_ANSWER:
        start = rendered.index(b"\r\n\r\n") + 4
        connection.sendall(rendered[: start + (fault.after_bytes or (len(rendered) - start) // 2)])
        return False
    if fault and kind is Kind.DRIP:
        for byte in rendered:
            connection.sendall(bytes([byte]))
            if stopping.wait(fault.interval):
                return False
        return True
    connection.sendall(rendered)
    return True


def _render(answer: Reply, *, close: bool) -> bytes:
    """Return an answer as it goes over the wire."""
    content = answer.content
    if answer.media_type == "application/json" and not isinstance(content, str):
        content = json.dumps(content, ensure_ascii=False)
    body = str(content).encode("utf-8", "surrogatepass")
    headers = (*answer.headers, ("Connection", "close")) if close else answer.headers
    return _head(answer.status, answer.media_type, len(body), headers) + body


def _head(
    status: int, media_type: str, length: int, headers: tuple[tuple[str, str], ...] = ()
) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}",
        # The SDK takes an answer for JSON only if nothing is added to the media type.
        f"Content-Type: {media_type}",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _huge(status: int, size: int) -> Iterator[bytes]:
    """Yield a well-formed answer of at least ``size`` bytes, not to be read whole."""
    start, end = f'{{"code": {status}, "data": [], "message": "'.encode(), b'"}'
    left = max(0, size - len(start) - len(end))
    yield _head(status, "application/json", len(start) + left + len(end)) + start
    zeros = b"0" * _PIECE
    while left:
        yield zeros[:left]
        left -= min(left, _PIECE)
    yield end
