"""One request to HrFlow and its answer: connections, proxies, trust, time-outs and failures."""

from __future__ import annotations

import http.client
import io
import logging
from typing import TYPE_CHECKING, Any, Final

import requests
from msgspec import Struct
from requests import exceptions as rx
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3 import exceptions as ux
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from watcher import __version__
from watcher.hrflow.answers import MAX_ANSWER, Answer
from watcher.hrflow.proxy import ProxyAddressError, ProxyFailedError, explain, find_proxy
from watcher.i18n.message import Message, msg
from watcher.model.kinds import Cause
from watcher.model.uploads import Held, Uncertain, Wait

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from watcher.hrflow.body import FormBody
    from watcher.model.settings import Account

_log = logging.getLogger(__name__)

#: The message for each exception; subclasses precede their base classes.
_WORDS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Message], ...]] = (
    (
        rx.SSLError,
        msg(
            "The server's certificate is not trusted. A Wi-Fi or proxy login page "
            "may be in the way."
        ),
    ),
    (rx.ConnectTimeout, msg("The server did not accept the connection in time.")),
    ((rx.ReadTimeout, ux.ReadTimeoutError), msg("The server took too long to answer.")),
    (rx.Timeout, msg("The server took too long.")),
    (
        (rx.ChunkedEncodingError, ux.ProtocolError),
        msg("The connection was lost before the answer was complete."),
    ),
    ((rx.ContentDecodingError, ux.DecodeError), msg("The server's answer was damaged on the way.")),
    (rx.ConnectionError, msg("The server can't be reached.")),
)

_UNFORESEEN: Final = msg("The request failed for an unexpected reason; the log has details.")

#: Exceptions for a wrong setting: nothing can be uploaded until it is corrected.
_SETTINGS: Final = (
    rx.MissingSchema,
    rx.InvalidSchema,
    rx.InvalidURL,
    rx.URLRequired,
    rx.InvalidHeader,
)


def failure(error: Exception, *, handed_out: bool) -> Held | Wait | Uncertain:
    """Return what ``error`` means; ``handed_out``: the server may have received the whole body."""
    if isinstance(error, ProxyAddressError):
        return Held(Cause.ACCOUNT, error.message)
    if isinstance(error, _SETTINGS):
        return Held(
            Cause.ACCOUNT,
            msg("The account's api_url, email or key can't be used in a request. Correct it."),
        )
    if isinstance(error, ProxyFailedError):
        words = error.message
    else:
        words = next((said for kind, said in _WORDS if isinstance(error, kind)), _UNFORESEEN)
    if words is _UNFORESEEN:  # its text may quote the key
        _log.warning("a request failed: %s", type(error).__name__)
    if handed_out:
        return Uncertain(msg("{why} The file may have arrived.", why=words), troubled=True)
    return Wait(words, offline=True)


class Timeouts(Struct, frozen=True):
    """How long a request may take, in seconds.

    ``connect`` for a connection, ``piece`` for sending a piece of the body or receiving one of the
    answer, ``answer`` for the whole answer: a trickle of bytes would otherwise never end.
    """

    connect: float
    piece: float
    answer: float


class _Adapter(HTTPAdapter):
    """Keeps up to ``connections`` connections to ``url`` alive and never retries."""

    def __init__(
        self, url: str, connections: int, timeouts: Timeouts, tick: Callable[[], float]
    ) -> None:
        self._patience = _make_patience(timeouts, tick)
        self._options: dict[str, Any] = {}
        self._pool: Any = None
        if url.lower().startswith("https:"):
            import ssl  # noqa: PLC0415 - only for https

            import truststore  # noqa: PLC0415

            # Trust what the operating system trusts: company proxies have their own certificates.
            self._options["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().__init__(pool_connections=2, pool_maxsize=connections + 3, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **(options | self._options))
        self.poolmanager.pool_classes_by_scheme = self._pools(_DIRECT)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options, **self._options)
        classes = _DIRECT
        if type(manager) is not ProxyManager:
            from urllib3.contrib import socks  # noqa: PLC0415 - only where there is one

            classes = {
                "http": (socks.SOCKSHTTPConnectionPool, socks.SOCKSConnection),
                "https": (socks.SOCKSHTTPSConnectionPool, socks.SOCKSHTTPSConnection),
            }
        manager.pool_classes_by_scheme = self._pools(classes)
        return manager

    def _pools(self, classes: dict[str, tuple[type, type]]) -> dict[str, Any]:
        """Return subclasses of pools, and of their connections, that have our time-outs."""
        found = {}
        for scheme, (pool, connection) in classes.items():
            patient = type("PatientConnection", (self._patience, connection), {})
            found[scheme] = type("PatientPool", (pool,), {"ConnectionCls": patient})
        return found

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Choose the pool once, as all requests of an account use the same."""
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **options)
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """Return the address in the request's first line; without a proxy that is simple."""
        return super().request_url(request, proxies) if proxies else request.path_url

    def close(self) -> None:
        """Close idle connections; those in use are closed once they are released."""
        pool, self._pool = self._pool, None
        super().close()
        if pool is not None:
            pool.close()

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Build the response without what is not needed: cookies and an encoding."""
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        response.request = req
        return response

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave certificates to the TLS context; requests would load its own bundle."""
        conn.cert_reqs = "CERT_REQUIRED"


#: Pools and connections for direct connections and HTTP proxies, by the scheme of a URL.
_DIRECT: Final[dict[str, tuple[type, type]]] = {
    "http": (HTTPConnectionPool, HTTPConnection),
    "https": (HTTPSConnectionPool, HTTPSConnection),
}


def _make_patience(timeouts: Timeouts, tick: Callable[[], float]) -> type:
    class Patience:
        """A mixin for connections: time-outs for each piece, and headers sent with the body.

        urllib3 would apply the time-out for connecting to every piece that is sent. Headers are
        sent with the first piece of their body: one packet instead of two.
        """

        sock: Any
        timeout: Any
        _waits = False
        _headers = b""

        def request(self, *args: Any, body: Any = None, **options: Any) -> None:
            if self.sock is None:  # before a piece of the body is taken
                self.connect()  # type: ignore[attr-defined]  # stands before a connection's class
            self.timeout = timeouts.piece  # it is connected
            self._waits, self._headers = body is not None, b""
            super().request(*args, body=body, **options)  # type: ignore[misc]  # as above

        def send(self, data: bytes) -> None:
            if self._waits:
                self._waits, self._headers = False, data
                return
            if self._headers:
                data, self._headers = self._headers + data, b""
            _set_timeout(self.sock, timeouts.piece)
            super().send(data)  # type: ignore[misc]  # as above

        @staticmethod
        def response_class(sock: socket.socket, **options: Any) -> http.client.HTTPResponse:
            answer = _Incoming(sock, timeouts, tick)
            return http.client.HTTPResponse(answer, **options)  # type: ignore[arg-type]  # makefile

    return Patience


def _set_timeout(sock: socket.socket, seconds: float) -> None:
    if sock.gettimeout() != seconds:  # setting it is a system call, reading it is not
        sock.settimeout(seconds)


class _Incoming(io.RawIOBase):
    """Reads an answer from a socket; TimeoutError once it has taken too long."""

    def __init__(self, sock: socket.socket, timeouts: Timeouts, tick: Callable[[], float]) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._piece = timeouts.piece
        self._tick = tick
        self._deadline = tick() + timeouts.answer

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the file object that ``http.client`` reads from."""
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


class Exchange:
    """The connections of one account; may be used by several threads at once."""

    def __init__(self, account: Account, tick: Callable[[], float]) -> None:
        self._email = account.email
        self._timeouts = Timeouts(
            account.connect_timeout, account.read_timeout, 2 * account.read_timeout
        )
        self._url = account.api_url.rstrip("/")
        self._adapter = _Adapter(self._url, account.parallel_uploads, self._timeouts, tick)
        self._setting = account.proxy
        self._proxy: str | None = None
        # Prepared once for all uploads: URLs, and the headers for a key.
        self._addresses: dict[str, str] = {}
        self._identity: tuple[str, dict[str, str]] = ("", {})

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def send(
        self,
        method: str,
        path: str,
        secret: str,
        parameters: dict[str, str] | None = None,
        body: FormBody | None = None,
    ) -> Answer:
        """Send one request and return its answer; nothing is retried.

        A redirect is returned as well: following it would send the key to another host.
        Raises what requests and urllib3 raise, OSError, and what reading ``body`` does.
        """
        request = requests.PreparedRequest()
        request.method = method
        request.url = self._address(path, parameters)
        request.headers = self._headers(secret, body)  # type: ignore[assignment]  # any mapping
        request.body = body  # type: ignore[assignment]  # any iterable of bytes will do
        timeout = (self._timeouts.connect, self._timeouts.piece)
        if self._proxy is None:  # reading the system's settings each time would be slow
            self._proxy = find_proxy(self._setting, self._url)
        proxies = {"all": self._proxy} if self._proxy else {}
        try:
            response = self._adapter.send(
                request, stream=True, timeout=timeout, verify=True, proxies=proxies
            )
        except requests.ConnectionError as error:
            if self._proxy and _is_about_proxy(error):
                raise explain(error, self._proxy) from error
            raise
        with response:
            return self._read(response)

    def _address(self, path: str, parameters: dict[str, str] | None) -> str:
        address = None if parameters else self._addresses.get(path)
        if address is None:
            request = requests.PreparedRequest()
            request.prepare_url(self._url + path, parameters)
            address = request.url or ""
            if not parameters:
                self._addresses[path] = address
        return address

    def _headers(self, secret: str, body: FormBody | None) -> dict[str, str]:
        known, headers = self._identity
        if known != secret or not headers:
            headers = self._identify(secret)
            self._identity = (secret, headers)
        if body is None:
            return headers
        return headers | {"Content-Type": body.content_type, "Content-Length": str(len(body))}

    def _identify(self, secret: str) -> dict[str, str]:
        """Return the headers that identify the account, validated by requests."""
        request = requests.PreparedRequest()
        request.prepare_headers(
            {
                # As bytes, so that the server refuses a character beyond Latin-1, not this program.
                "X-API-KEY": secret.encode(errors="replace"),
                "X-USER-EMAIL": self._email.encode(),
                "User-Agent": f"hrflow-watcher/{__version__}",
                "Accept": "application/json",
            }
        )
        return dict(request.headers)

    @staticmethod
    def _read(response: requests.Response) -> Answer:
        """Return the answer, truncated if it is too large."""
        raw = response.raw
        data = raw.read(MAX_ANSWER + 1, decode_content=True)
        headers = {name.lower(): raw.headers[name] for name in raw.headers}
        return Answer(response.status_code, headers, data, len(data) <= MAX_ANSWER)


def _is_about_proxy(error: requests.ConnectionError) -> bool:
    """Return whether the proxy failed; the failure of a SOCKS proxy looks like a server's."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.exceptions.ProxyError) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    )
