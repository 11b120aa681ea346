"""One request to HrFlow and its answer: connections, proxies, trust, time-outs and failures."""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from requests import exceptions as rx
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3 import exceptions as ux
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError
from urllib3.util import parse_url

from watcher import __version__
from watcher.hrflow.answers import MAX_ANSWER, Answer
from watcher.i18n.message import Message, msg
from watcher.model.kinds import Cause
from watcher.model.settings import PROXY_SCHEMES
from watcher.model.uploads import Held, Uncertain, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watcher.hrflow.body import FormBody
    from watcher.model.settings import Account

#: The words for each exception; subclasses stand before the classes they belong to.
_WORDS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Message], ...]] = (
    (rx.SSLError, msg("The server's certificate cannot be trusted, as behind a log-in page.")),
    (rx.ConnectTimeout, msg("The server did not answer the call in time.")),
    ((rx.ReadTimeout, ux.ReadTimeoutError), msg("The server took too long to answer.")),
    (rx.Timeout, msg("The server took too long.")),
    (
        (rx.ChunkedEncodingError, ux.ProtocolError),
        msg("The connection broke in the middle of the answer."),
    ),
    ((rx.ContentDecodingError, ux.DecodeError), msg("The answer arrived garbled.")),
    (rx.ConnectionError, msg("The server cannot be reached.")),
)


#: A wrong address or proxy in the settings: no file can pass until somebody mends it.
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
        return Held(Cause.ACCOUNT, error.said)
    if isinstance(error, _SETTINGS):
        return Held(
            Cause.ACCOUNT,
            msg("A setting of the account is not usable: {error}.", error=_kind(error)),
        )
    if isinstance(error, ProxyFailedError):
        words = error.said
    else:
        words = next((said for kind, said in _WORDS if isinstance(error, kind)), _unforeseen(error))
    if handed_out:
        return Uncertain(msg("{why} It may have arrived.", why=words), troubled=True)
    return Wait(words, offline=True)


def _unforeseen(error: Exception) -> Message:
    return msg("The request failed ({error}).", error=_kind(error))


def _kind(error: Exception) -> str:
    return type(error).__name__


_VERSION: Final = 0xA0  # explicit tag 0, absent in version 1


_WIDE: Final = 0x1E  # BMPString


#: The attributes id-at-organizationName and id-at-commonName.
_ORGANISATION: Final = bytes.fromhex("55040a")


_COMMON_NAME: Final = bytes.fromhex("550403")


def issuer(certificate: bytes) -> str:
    """Return the signer as "organisation (common name)", with what there is of both; "" without either."""
    try:
        names = dict(_attributes(_issuer_field(certificate)))
    except (IndexError, ValueError, StopIteration):  # not what the standard asks for
        return ""
    organisation, common_name = names.get(_ORGANISATION, ""), names.get(_COMMON_NAME, "")
    if organisation and common_name and organisation != common_name:
        return f"{organisation} ({common_name})"
    return organisation or common_name


def _issuer_field(certificate: bytes) -> bytes:
    """Of the signed part: version, serial number, algorithm, and then the issuer."""
    signed = next(_elements(next(_elements(certificate))[1]))[1]
    fields = [content for tag, content in _elements(signed) if tag != _VERSION]
    return fields[2]


def _attributes(name: bytes) -> Iterator[tuple[bytes, str]]:
    for _, some in _elements(name):
        for _, attribute in _elements(some):
            (_, kind), (tag, value) = _elements(attribute)
            yield kind, value.decode("utf-16-be" if tag == _WIDE else "utf-8", "replace")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that stand in ``data`` one after the other, as (tag, content)."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:  # so many bytes of length follow
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        yield tag, data[at : at + length]
        at += length


#: How proxies that want a user name, or another one, say so (HTTP, then SOCKS).
_WANTS_USER: Final = ("failed: 407", "authentication")


class ProxyAddressError(rx.InvalidProxyURL):
    """A proxy's address cannot be used; ``said`` is for people."""

    def __init__(self, said: Message) -> None:
        super().__init__(str(said))
        self.said = said


class ProxyFailedError(rx.ProxyError):
    """A proxy did not let a request through; ``said`` is for people."""

    def __init__(self, said: Message) -> None:
        super().__init__(str(said))
        self.said = said


def find_proxy(setting: str, url: str) -> str:
    """Return the URL of the proxy for requests to ``url``, "" for none; asks the system where it may.

    ``setting`` is that of an account. This machine itself is never asked for through a proxy. The
    URL may hold a user and a password: show :func:`shown_proxy`. ProxyAddressError if no request
    can go through it.
    """
    if setting == "none" or is_loopback(urlsplit(url).hostname or ""):
        return ""
    if setting != "system":
        return _check(setting)
    found = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    return _check(found) if found else ""


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine, in any way to write it: ``localhost``, ``127.1``, ``::1``.

    Names are not looked up.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(name))  # as system calls read it
        except OSError:
            return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def shown_proxy(proxy: str) -> str:
    """Return a proxy's address without user and password; its scheme only where it is not HTTP's."""
    scheme, separator, rest = proxy.rpartition("://")
    address = rest.rpartition("@")[2]
    return address if scheme.lower() in ("", "http", "https") else scheme + separator + address


def looks_names_up(proxy: str) -> bool:
    """Return whether the proxy is given the server's name; else its address, found on this machine."""
    return urlsplit(proxy).scheme not in ("socks4", "socks5")


def explain(error: Exception, proxy: str) -> ProxyFailedError:
    """Return what is said of a proxy that did not let a request through."""
    words = str(error).lower()
    if any(sign in words for sign in _WANTS_USER):
        return ProxyFailedError(
            msg(
                "The proxy {what} wants a user name and password, or other ones: write them into "
                "its address in the system's settings (http://user:password@host:port).",
                what=shown_proxy(proxy),
            )
        )
    return ProxyFailedError(
        msg(
            "The proxy {what} cannot be reached or does not let the request through; check it, or "
            'set proxy = "none" in the configuration to do without.',
            what=shown_proxy(proxy),
        )
    )


def _check(proxy: str) -> str:
    url = proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"
    scheme, separator, rest = url.partition("://")
    if scheme.lower() == "socks":  # as desktops write it
        url = f"socks5h{separator}{rest}"
    if not _is_usable(url):
        raise ProxyAddressError(
            msg(
                "The proxy address {what} is not valid; correct it in the system's settings, or "
                'set proxy = "none" in the configuration to do without.',
                what=shown_proxy(proxy),
            )
        )
    return url


def _is_usable(url: str) -> bool:
    try:
        parts, read = urlsplit(url), parse_url(url)
        port = parts.port
    except (ValueError, LocationParseError):
        return False
    has_host = bool(parts.hostname and read.host) and url.isprintable() and " " not in url
    return parts.scheme in PROXY_SCHEMES and has_host and port != 0


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
    """Return what keeps up to ``connections`` connections to ``url`` alive; never retries."""
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
        """Return the way to the server is looked for once: all requests of an account take the same."""
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


class Exchange:
    """The connections of one account; may be used by several threads at once."""

    def __init__(self, account: Account, tick: Callable[[], float]) -> None:
        self._email = account.email
        self._limits = Limits(
            account.connect_timeout, account.read_timeout, 2 * account.read_timeout
        )
        self._url = account.api_url.rstrip("/")
        self._adapter = make_adapter(self._url, account.parallel_uploads, self._limits, tick)
        self._setting = account.proxy
        self._proxy: str | None = None
        # What all uploads share is prepared once: their address, and the headers for a key.
        self._addresses: dict[str, str] = {}
        self._identity: tuple[str, CaseInsensitiveDict[str]] = ("", CaseInsensitiveDict())

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
        """Make one request, and never a second one.

        A redirect is an answer like any other: following it would carry the key to another host.
        Raises what requests and urllib3 raise, OSError, and what reading ``body`` does.
        """
        request = requests.PreparedRequest()
        request.method = method
        request.url = self._address(path, parameters)
        request.headers = self._headers(secret, body)
        request.body = body  # type: ignore[assignment]  # any iterable of bytes will do
        limits = (self._limits.connect, self._limits.piece)
        if self._proxy is None:  # asking the system for every request would take its time
            self._proxy = find_proxy(self._setting, self._url)
        proxies = {"all": self._proxy} if self._proxy else {}
        try:
            response = self._adapter.send(
                request, stream=True, timeout=limits, verify=True, proxies=proxies
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

    def _headers(self, secret: str, body: FormBody | None) -> CaseInsensitiveDict[str]:
        known, headers = self._identity
        if known != secret or not headers:
            headers = self._identify(secret)
            self._identity = (secret, headers)
        headers = headers.copy()
        if body is not None:
            headers["Content-Type"] = body.content_type
            headers["Content-Length"] = str(len(body))
        return headers

    def _identify(self, secret: str) -> CaseInsensitiveDict[str]:
        """Return the headers that say who asks; requests looks whether they are fit to be sent."""
        request = requests.PreparedRequest()
        request.prepare_headers(
            {
                # As bytes: a letter that is no Latin one is for the server to refuse.
                "X-API-KEY": secret.encode(errors="replace"),
                "X-USER-EMAIL": self._email.encode(),
                "User-Agent": f"hrflow-watcher/{__version__}",
                "Accept": "application/json",
            }
        )
        return request.headers

    @staticmethod
    def _read(response: requests.Response) -> Answer:
        """Return the answer, as far as its size is bearable."""
        raw = response.raw
        data = raw.read(MAX_ANSWER + 1, decode_content=True)
        headers = {name.lower(): raw.headers[name] for name in raw.headers}
        return Answer(response.status_code, headers, data, len(data) <= MAX_ANSWER)


def _is_about_proxy(error: requests.ConnectionError) -> bool:
    """Return whether it is the proxy that failed; of a SOCKS proxy that is told of as of a server."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.exceptions.ProxyError) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    )
