"""The way to HrFlow's server: its addresses, the proxy in between, whom its certificate is from.

Nothing is asked of the server and no key travels: what is looked at comes before that.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import truststore
import urllib3

from watcher.hrflow.transport import ProxyAddressError, explain, find_proxy, issuer
from watcher.i18n.message import msg
from watcher.model.errors import OfflineError, UnusableError

if TYPE_CHECKING:
    from urllib3.connection import HTTPSConnection

    from watcher.model.settings import Account

_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Certificate:
    """Who signed the server's certificate (see :mod:`watcher.hrflow.transport`).

    ``problem`` is why this machine does not trust it, "" if it does; ``public``: so does
    everybody, for it was signed by one of the authorities that browsers know.
    """

    issuer: str
    public: bool
    problem: str = ""


def host_of(account: Account) -> tuple[str, int]:
    """Name and port of the API's server."""
    url = urlsplit(account.api_url)
    return url.hostname or "", url.port or (_HTTPS_PORT if is_encrypted(account) else 80)


def is_encrypted(account: Account) -> bool:
    """Return whether the API is spoken to through TLS."""
    return account.api_url.lower().startswith("https:")


def find_addresses(account: Account) -> tuple[str, ...]:
    """Return the addresses that the server's name stands for; OfflineError if it stands for none."""
    host, port = host_of(account)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise OfflineError(
            msg("The name {host} is not found ({error}).", host=host, error=words)
        ) from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def proxy_of(account: Account) -> str:
    """Return the address of the proxy that requests take, "" if they take none.

    It may hold a user and a password: show ``proxies.shown_proxy``. UnusableError if nothing can
    go through it.
    """
    try:
        return find_proxy(account.proxy, account.api_url.rstrip("/"))
    except ProxyAddressError as error:
        raise UnusableError(error.said) from error


def find_certificate(account: Account) -> Certificate:
    """Look at the server's certificate, as ``account`` gets to it.

    OfflineError where no TLS is spoken, or the proxy is one that only requests itself can use.
    """
    # What the program itself trusts comes first: everything else only says more about it.
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
    """Return who signed a certificate that is not trusted; nothing is sent over that connection."""
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    return issuer(_shake_hands(account, anyone))


def _words(error: ssl.SSLCertVerificationError) -> str:
    return str(getattr(error, "verify_message", "") or error.reason or error.args[-1])


def _shake_hands(account: Account, context: ssl.SSLContext) -> bytes:
    """Return the server's certificate, once TLS is agreed on; SSLCertVerificationError, OfflineError."""
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
            msg("No connection with TLS comes about ({error}).", error=words)
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
            msg("The way through a proxy of the kind {kind} cannot be looked at.", kind=url.scheme)
        )
    connection = http.client.HTTPSConnection(
        url.hostname or "", url.port or 80, timeout=seconds, context=context
    )
    headers = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}") if user else {}
    connection.set_tunnel(host, port, dict(headers))
    return connection
