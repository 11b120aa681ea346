"""Connections to HrFlow: whom they trust, and how long they bear with it."""

from __future__ import annotations

import http.client
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take, in seconds.

    ``connect`` for a connection, ``piece`` for a piece of the body to leave or of the answer to
    come, ``answer`` for the answer as a whole: one that drips would otherwise never end.
    """

    connect: float
    piece: float
    answer: float


def make_adapter(
    url: str, connections: int, limits: Limits, tick: Callable[[], float]
) -> HTTPAdapter:
    """What keeps up to ``connections`` connections to ``url`` alive; never retries."""
    pools = _Pools(limits, tick)
    if not url.lower().startswith("https:"):
        return _Adapter(pools, {}, connections)
    import ssl  # noqa: PLC0415 - only where https is spoken

    import truststore  # noqa: PLC0415

    # Trusts what the operating system trusts: offices sit behind proxies with own certificates.
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _Adapter(pools, {"ssl_context": context}, connections)


class _Adapter(HTTPAdapter):
    def __init__(self, pools: _Pools, options: dict[str, Any], connections: int) -> None:
        self._pools = pools
        self._options = options
        self._way: Any = None
        super().__init__(pool_connections=2, pool_maxsize=connections + 3, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **(options | self._options))
        self.poolmanager.pool_classes_by_scheme = self._pools.direct()

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options, **self._options)
        is_socks = type(manager) is not ProxyManager
        manager.pool_classes_by_scheme = self._pools.socks() if is_socks else self._pools.direct()
        return manager

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """The way to the server is looked for once: all requests of an account take the same."""
        if self._way is None:
            self._way = super().get_connection_with_tls_context(*args, **options)
        return self._way

    def close(self) -> None:
        """Close what is idle; connections that are in use are closed when they are let go."""
        way, self._way = self._way, None
        super().close()
        if way is not None:
            way.close()

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Leave out what nobody asks for: cookies, and guesses at an encoding."""
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        response.request = req
        return response

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the certificates to the context, where requests would load its own bundle."""
        conn.cert_reqs = "CERT_REQUIRED"


class _Pools:
    """Makes the pools of connections that keep to ``limits``, by the scheme of the server's URL."""

    def __init__(self, limits: Limits, tick: Callable[[], float]) -> None:
        self._patience = _make_patience(limits, tick)

    def direct(self) -> dict[str, Any]:
        """Those that lead to the server, or to a proxy that speaks HTTP."""
        return self._make(
            (HTTPConnectionPool, HTTPConnection), (HTTPSConnectionPool, HTTPSConnection)
        )

    def socks(self) -> dict[str, Any]:
        """Those that lead through a SOCKS proxy."""
        from urllib3.contrib import socks  # noqa: PLC0415 - only where there is one

        return self._make(
            (socks.SOCKSHTTPConnectionPool, socks.SOCKSConnection),
            (socks.SOCKSHTTPSConnectionPool, socks.SOCKSHTTPSConnection),
        )

    def _make(self, plain: tuple[type, type], safe: tuple[type, type]) -> dict[str, Any]:
        found = {}
        for scheme, (pool, connection) in {"http": plain, "https": safe}.items():
            patient = type("PatientConnection", (self._patience, connection), {})
            found[scheme] = type("PatientPool", (pool,), {"ConnectionCls": patient})
        return found


def _make_patience(limits: Limits, tick: Callable[[], float]) -> type:
    class Patience:
        """Stands before a class of connections, whose time-outs it changes.

        urllib3 gives every piece sent the time to connect. Headers travel with the first piece of
        their body: the server is woken once.
        """

        sock: Any
        timeout: Any
        _waits = False
        _headers = b""

        def request(self, *args: Any, body: Any = None, **options: Any) -> None:
            if self.sock is None:  # before a piece of the body is handed out
                self.connect()  # type: ignore[attr-defined]  # stands before a connection's class
            self.timeout = limits.piece  # it is connected
            self._waits, self._headers = body is not None, b""
            super().request(*args, body=body, **options)  # type: ignore[misc]  # as above

        def send(self, data: bytes) -> None:
            if self._waits:
                self._waits, self._headers = False, data
                return
            if self._headers:
                data, self._headers = self._headers + data, b""
            _set_timeout(self.sock, limits.piece)
            super().send(data)  # type: ignore[misc]  # as above

        @staticmethod
        def response_class(sock: socket.socket, **options: Any) -> http.client.HTTPResponse:
            answer = _Incoming(sock, limits, tick)
            return http.client.HTTPResponse(answer, **options)  # type: ignore[arg-type]  # makefile

    return Patience


def _set_timeout(sock: socket.socket, seconds: float) -> None:
    if sock.gettimeout() != seconds:  # to set it is a call of the system, to ask for it is not
        sock.settimeout(seconds)


class _Incoming(io.RawIOBase):
    """What a socket receives, until the answer has taken too long."""

    def __init__(self, sock: socket.socket, limits: Limits, tick: Callable[[], float]) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._piece = limits.piece
        self._tick = tick
        self._deadline = tick() + limits.answer

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Be what ``http.client`` reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - self._tick()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        _set_timeout(self._sock, min(self._piece, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
