"""The server of the API as this machine sees it: its name, addresses and certificate.

Nothing is sent to it but what a TLS handshake takes.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
import urllib3
from msgspec import Struct

from watcher.hrflow.proxy import explain, proxy_of
from watcher.i18n.message import msg
from watcher.model.errors import OfflineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.connection import HTTPSConnection

    from watcher.model.settings import Account

_HTTPS_PORT: Final = 443
_VERSION: Final = 0xA0  # explicit tag 0, absent in version 1
_WIDE: Final = 0x1E  # BMPString
#: The attributes id-at-organizationName and id-at-commonName.
_ORGANISATION: Final = bytes.fromhex("55040a")
_COMMON_NAME: Final = bytes.fromhex("550403")


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


class Certificate(Struct, frozen=True):
    """Who signed the server's certificate (see :func:`issuer`).

    ``problem`` is why this machine does not trust it, "" if it does; ``public``: it was signed by
    an authority that all browsers trust.
    """

    issuer: str
    public: bool
    problem: str = ""


def find_certificate(account: Account) -> Certificate:
    """Return the server's certificate as seen from here, through the proxy if there is one.

    OfflineError if there is no TLS connection, or the type of proxy is not supported here.
    """
    import truststore  # noqa: PLC0415 - only for https

    # First what the program itself trusts: the system's certificates.
    trusted = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        signer = issuer(_handshake(account, trusted))
    except ssl.SSLCertVerificationError as error:
        return Certificate(_ask_issuer(account), public=False, problem=_words(error))
    known = ssl.create_default_context(cafile=requests.utils.DEFAULT_CA_BUNDLE_PATH)
    try:
        _handshake(account, known)
    except ssl.SSLCertVerificationError:
        return Certificate(signer, public=False)
    return Certificate(signer, public=True)


def _ask_issuer(account: Account) -> str:
    """Return the issuer of a certificate that is not trusted; nothing is sent to the server."""
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    return issuer(_handshake(account, anyone))


def _words(error: ssl.SSLCertVerificationError) -> str:
    return str(getattr(error, "verify_message", "") or error.reason or error.args[-1])


def _handshake(account: Account, context: ssl.SSLContext) -> bytes:
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
            raise OfflineError(explain(error, proxy).message) from error
        why = getattr(error, "strerror", None)
        raise OfflineError(
            msg("No secure connection could be established ({error}).", error=why)
            if why
            else msg("No secure connection could be established.")
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
            msg("The connection can't be checked through a proxy of type {kind}.", kind=url.scheme)
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
        if length & 0x80:  # the rest is the number of bytes of the length
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        yield tag, data[at : at + length]
        at += length
