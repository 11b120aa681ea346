"""Writes an answer to a connection, whole or the way a fault wants it."""

from __future__ import annotations

import json
import socket
from http.client import responses
from typing import TYPE_CHECKING, Final

from watcher.sandbox.api import Reply, reply
from watcher.sandbox.faults import Fault, Kind

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

_PIECE: Final = 256 * 1024
#: What answers a request that never gets to HrFlow: (media type, body, HTTP status).
_FOREIGN: Final = {
    Kind.HTML: (
        "text/html; charset=utf-8",
        "<!DOCTYPE html><title>Welcome</title><form>Log in to use this network</form>",
        200,
    ),
    Kind.TEXT: ("text/plain; charset=utf-8", "OK", 200),
    Kind.SHAPE: ("application/json", '["not", "an", "object"]', 200),
    Kind.REDIRECT: ("text/html; charset=utf-8", "<!DOCTYPE html><p>Moved</p>", 302),
}


def distort(answer: Reply | None, fault: Fault) -> Reply:
    """What is said instead of ``answer``, which is None for a request without effect."""
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


class Line:
    """One connection, as far as answers are concerned.

    ``stopping`` is set when the sandbox ends: nothing waits any longer then.
    """

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping

    def deliver(self, answer: Reply, fault: Fault | None, *, close: bool) -> bool:
        """Write an answer; whether all of it was handed to the network.

        ``close``: say that the connection ends with it.
        """
        if fault is None:
            return self._send(render(answer, close=close))
        if self._stopping.wait(fault.delay) or fault.kind is Kind.CUT_BEFORE_ANSWER:
            return False
        if fault.kind is Kind.NEVER:
            self._wait_for_end()
            return False
        return self._deliver_oddly(answer, fault, close=close)

    def _deliver_oddly(self, answer: Reply, fault: Fault, *, close: bool) -> bool:
        if fault.kind is Kind.HUGE:
            return all(map(self._send, _huge(answer.status, fault.size)))
        rendered = render(answer, close=close)
        if fault.kind is Kind.CUT_IN_ANSWER:
            start = rendered.index(b"\r\n\r\n") + 4
            self._send(rendered[: start + (fault.after_bytes or (len(rendered) - start) // 2)])
            return False
        if fault.kind is Kind.DRIP:
            return self._drip(rendered, fault.interval)
        return self._send(rendered)

    def _drip(self, rendered: bytes, interval: float) -> bool:
        for number in range(len(rendered)):
            if number and self._stopping.wait(interval):
                return False
            self._send(rendered[number : number + 1])
        return True

    def _send(self, piece: bytes) -> bool:
        self._connection.sendall(piece)
        return True

    def _wait_for_end(self) -> None:
        """Until the other side gives up, or the sandbox does."""
        self._connection.recv(1, socket.MSG_PEEK)


def render(answer: Reply, *, close: bool) -> bytes:
    """An answer as it goes over the wire."""
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
    """A well-formed answer of at least ``size`` bytes, which nobody should read to its end."""
    start, end = f'{{"code": {status}, "data": [], "message": "'.encode(), b'"}'
    left = max(0, size - len(start) - len(end))
    yield _head(status, "application/json", len(start) + left + len(end)) + start
    zeros = b"0" * _PIECE
    while left:
        yield zeros[:left]
        left -= min(left, _PIECE)
    yield end
