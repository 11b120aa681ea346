"""The way to HrFlow's server: its addresses, the proxy in between, and its certificate.

No request is made here, and no key is sent.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests import exceptions as rx
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from watcher.i18n.message import Message, msg
from watcher.model.errors import OfflineError, UnusableError
from watcher.model.settings import PROXY_SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.connection import HTTPSConnection

    from watcher.model.settings import Account

_HTTPS_PORT: Final = 443
#: How proxies that want a user name, or another one, say so (HTTP, then SOCKS).
_WANTS_USER: Final = ("failed: 407", "authentication")
_VERSION: Final = 0xA0  # explicit tag 0, absent in version 1
_WIDE: Final = 0x1E  # BMPString
#: The attributes id-at-organizationName and id-at-commonName.
_ORGANISATION: Final = bytes.fromhex("55040a")
_COMMON_NAME: Final = bytes.fromhex("550403")


# -- the server


def host_of(account: Account) -> tuple[str, int]:
    """Return name and port of the API's server."""
    url = urlsplit(account.api_url)
    return url.hostname or "", url.port or (_HTTPS_PORT if is_encrypted(account) else 80)


def is_encrypted(account: Account) -> bool:
    """Return whether the API is reached through TLS."""
    return account.api_url.lower().startswith("https:")


def find_addresses(account: Account) -> tuple[str, ...]:
    """Return the addresses of the server's name; OfflineError if it has none."""
    host, port = host_of(account)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise OfflineError(
            msg("The server {host} was not found ({error}).", host=host, error=words)
        ) from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


# -- the proxy


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
    """Return the URL of the proxy for requests to ``url``, "" for none.

    ``setting`` is that of an account: a URL, "system" or "none". This machine is never reached
    through a proxy. The URL may hold a user and a password: show :func:`shown_proxy`.
    ProxyAddressError if it is not valid.
    """
    if setting == "none" or is_loopback(urlsplit(url).hostname or ""):
        return ""
    if setting != "system":
        return _check(setting)
    found = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    return _check(found) if found else ""


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine, however written: ``localhost``, ``127.1``, ``::1``.

    Names are not resolved.
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
    """Return a proxy's URL without user and password, and without the scheme of HTTP."""
    scheme, separator, rest = proxy.rpartition("://")
    address = rest.rpartition("@")[2]
    return address if scheme.lower() in ("", "http", "https") else scheme + separator + address


def looks_names_up(proxy: str) -> bool:
    """Return whether the proxy resolves the server's name, rather than this machine."""
    return urlsplit(proxy).scheme not in ("socks4", "socks5")


def explain(error: Exception, proxy: str) -> ProxyFailedError:
    """Return the error of a proxy that did not let a request through."""
    words = str(error).lower()
    if any(sign in words for sign in _WANTS_USER):
        return ProxyFailedError(
            msg(
                "The proxy {what} requires a valid user name and password. Add them to "
                "its address in the system's settings (http://user:password@host:port).",
                what=shown_proxy(proxy),
            )
        )
    return ProxyFailedError(
        msg(
            "The proxy {what} cannot be reached or blocks the request. Check it, or "
            'set proxy = "none" in the configuration to connect directly.',
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
                "The proxy address {what} is not valid. Correct it in the system's "
                'settings, or set proxy = "none" in the configuration to connect '
                "directly.",
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


def proxy_of(account: Account) -> str:
    """Return the URL of the proxy of an account, "" for none; UnusableError if it is not valid.

    It may hold a user and a password: show :func:`shown_proxy`.
    """
    try:
        return find_proxy(account.proxy, account.api_url.rstrip("/"))
    except ProxyAddressError as error:
        raise UnusableError(error.said) from error


# -- the certificate


@dataclass(frozen=True, slots=True)
class Certificate:
    """Who signed the server's certificate (see :func:`issuer`).

    ``problem`` is why this machine does not trust it, "" if it does; ``public``: so does
    everybody, for it was signed by one of the authorities that browsers know.
    """

    issuer: str
    public: bool
    problem: str = ""


def find_certificate(account: Account) -> Certificate:
    """Return the server's certificate as seen from here, through the proxy if there is one.

    OfflineError where there is no TLS, or the proxy is of a kind that is not supported here.
    """
    import truststore  # noqa: PLC0415 - only where https is spoken

    # What the program itself trusts comes first; the rest only adds to it.
    trusted = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        signer = issuer(_shake_hands(account, trusted))
    except ssl.SSLCertVerificationError as error:
        return Certificate(_ask_issuer(account), public=False, problem=_words(error))
    known = ssl.create_default_context(cafile=requests.utils.DEFAULT_CA_BUNDLE_PATH)
    try:
        _shake_hands(account, known)
    except ssl.SSLCertVerificationError:
        return Certificate(signer, public=False)
    return Certificate(signer, public=True)


def _ask_issuer(account: Account) -> str:
    """Return the issuer of a certificate that is not trusted; nothing is sent to the server."""
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    return issuer(_shake_hands(account, anyone))


def _words(error: ssl.SSLCertVerificationError) -> str:
    return str(getattr(error, "verify_message", "") or error.reason or error.args[-1])


def _shake_hands(account: Account, context: ssl.SSLContext) -> bytes:
    """Return the server's certificate, DER; SSLCertVerificationError or OfflineError."""
    proxy = proxy_of(account)
    connection = _connection(account, proxy, context)
    try:
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        return connection.sock.getpeercert(binary_form=True) or b""
    except ssl.SSLCertVerificationError:
        raise
    except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError) as error:
        if proxy:
            raise OfflineError(explain(error, proxy).said) from error
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise OfflineError(
            msg("No secure connection could be established ({error}).", error=words)
        ) from error
    finally:
        connection.close()


def _connection(
    account: Account, proxy: str, context: ssl.SSLContext
) -> http.client.HTTPSConnection | HTTPSConnection:
    host, port = host_of(account)
    seconds = account.connect_timeout
    if not proxy:
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    url = urlsplit(proxy)
    user, password = requests.utils.get_auth_from_url(proxy)
    if url.scheme.startswith("socks"):
        from urllib3.contrib import socks  # noqa: PLC0415 - only where there is one

        manager = socks.SOCKSProxyManager(proxy, user, password)
        options = manager.connection_pool_kw["_socks_options"]
        return socks.SOCKSHTTPSConnection(
            options, host, port=port, timeout=seconds, ssl_context=context
        )
    if url.scheme != "http":
        raise OfflineError(
            msg("The connection cannot be checked through a proxy of type {kind}.", kind=url.scheme)
        )
    connection = http.client.HTTPSConnection(
        url.hostname or "", url.port or 80, timeout=seconds, context=context
    )
    headers = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}") if user else {}
    connection.set_tunnel(host, port, dict(headers))
    return connection


def issuer(certificate: bytes) -> str:
    """Return the issuer of a DER certificate: "organisation (common name)", "" if not found."""
    try:
        names = dict(_attributes(_issuer_field(certificate)))
    except (IndexError, ValueError, StopIteration):  # not what the standard asks for
        return ""
    organisation, common_name = names.get(_ORGANISATION, ""), names.get(_COMMON_NAME, "")
    if organisation and common_name and organisation != common_name:
        return f"{organisation} ({common_name})"
    return organisation or common_name


def _issuer_field(certificate: bytes) -> bytes:
    """Return the issuer, which follows version, serial number and algorithm in the signed part."""
    signed = next(_elements(next(_elements(certificate))[1]))[1]
    fields = [content for tag, content in _elements(signed) if tag != _VERSION]
    return fields[2]


def _attributes(name: bytes) -> Iterator[tuple[bytes, str]]:
    for _, some in _elements(name):
        for _, attribute in _elements(some):
            (_, kind), (tag, value) = _elements(attribute)
            yield kind, value.decode("utf-16-be" if tag == _WIDE else "utf-8", "replace")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the DER elements in ``data``, each as (tag, content)."""
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
