"""The proxy between this machine and HrFlow: found, checked, and shown without its password."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
from requests import exceptions as rx
from urllib3.exceptions import LocationParseError, NewConnectionError
from urllib3.util import parse_url

from watcher.i18n.message import Message, msg
from watcher.model.errors import UnusableError
from watcher.model.settings import PROXY_SCHEMES
from watcher.system import is_loopback

if TYPE_CHECKING:
    from watcher.model.settings import Account

#: How proxies that require a user name, or a different one, say so (HTTP, then SOCKS).
_WANTS_USER: Final = ("failed: 407", "authentication")


class ProxyAddressError(rx.InvalidProxyURL):
    """A proxy's address cannot be used; ``message`` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


class ProxyFailedError(rx.ProxyError):
    """A proxy did not let a request through; ``message`` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def find_proxy(setting: str, url: str) -> str:
    """Return the URL of the proxy for requests to ``url``, "" for none.

    ``setting`` is that of an account: a URL, "system" or "none". This machine is never reached
    through a proxy. The URL may hold a user and a password: show :func:`shown_proxy`.
    ProxyAddressError if it is not valid.
    """
    host = urlsplit(url).hostname or ""
    if setting == "none" or is_loopback(host) or host.endswith(".localhost"):
        return ""
    if setting != "system":
        return _check(setting)
    found = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    return _check(found) if found else ""


def shown_proxy(proxy: str) -> str:
    """Return a proxy's URL without user and password, and without the scheme of HTTP."""
    scheme, separator, rest = proxy.rpartition("://")
    address = rest.rpartition("@")[2]
    return address if scheme.lower() in ("", "http", "https") else scheme + separator + address


def resolves_names(proxy: str) -> bool:
    """Return whether the proxy resolves the server's name, rather than this machine."""
    return urlsplit(proxy).scheme not in ("socks4", "socks5")


def explain(error: Exception, proxy: str) -> ProxyFailedError:
    """Return the error to raise for a proxy that did not let a request through."""
    if not resolves_names(proxy) and _is_unknown_server(error):
        return ProxyFailedError(
            msg(
                "The server's name was not found. Have the proxy {what} look it up: write its"
                " address with socks5h:// or socks4a://.",
                what=shown_proxy(proxy),
            )
        )
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
            "The proxy {what} can't be reached or blocks the request. Check it, or set"
            ' proxy = "none" in the configuration to connect directly.',
            what=shown_proxy(proxy),
        )
    )


def _is_unknown_server(error: BaseException) -> bool:
    """Return whether a server's name was not found, and not the proxy's own."""
    while (cause := error.__cause__ or error.__context__) is not None:
        if isinstance(cause, socket.gaierror):
            return not isinstance(error, NewConnectionError)
        error = cause
    return False


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
    """Return the URL of an account's proxy, "" for none; UnusableError if it is not valid.

    It may hold a user and a password: show :func:`shown_proxy`.
    """
    try:
        return find_proxy(account.proxy, account.api_url.rstrip("/"))
    except ProxyAddressError as error:
        raise UnusableError(error.message) from error
