"""Which proxy the way to HrFlow takes, and what to do about one that does not work."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

import requests
from requests import exceptions as rx
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from watcher.settings import PROXY_SCHEMES

#: How proxies that want a user name, or another one, say so (HTTP, then SOCKS).
_WANTS_USER: Final = ("failed: 407", "authentication")


class ProxyAddressError(rx.InvalidProxyURL):
    """A proxy's address cannot be used; the message is for people."""


class ProxyFailedError(rx.ProxyError):
    """A proxy did not let a request through; the message is for people."""


def find_proxy(setting: str, url: str) -> str:
    """The URL of the proxy for requests to ``url``, "" for none; asks the system where it may.

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
    """Whether ``host`` is this machine, in any way to write it: ``localhost``, ``127.1``, ``::1``.

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
    """A proxy's address without user and password; its scheme only where it is not HTTP's."""
    scheme, separator, rest = proxy.rpartition("://")
    address = rest.rpartition("@")[2]
    return address if scheme.lower() in ("", "http", "https") else scheme + separator + address


def looks_names_up(proxy: str) -> bool:
    """Whether the proxy is given the server's name; else its address, found on this machine."""
    return urlsplit(proxy).scheme not in ("socks4", "socks5")


def explain(error: Exception, proxy: str) -> ProxyFailedError:
    """What is said of a proxy that did not let a request through."""
    words = str(error).lower()
    if any(sign in words for sign in _WANTS_USER):
        return ProxyFailedError(
            f"The proxy {shown_proxy(proxy)} wants a user name and password, or other ones: write"
            " them into its address in the system's settings (http://user:password@host:port)."
        )
    return ProxyFailedError(
        f"The proxy {shown_proxy(proxy)} cannot be reached or does not let the request through;"
        ' check it, or set proxy = "none" in the configuration to do without.'
    )


def _check(proxy: str) -> str:
    url = proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"
    scheme, separator, rest = url.partition("://")
    if scheme.lower() == "socks":  # as desktops write it
        url = f"socks5h{separator}{rest}"
    if not _is_usable(url):
        raise ProxyAddressError(
            f"The proxy address {shown_proxy(proxy)} is not valid; correct it in the system's"
            ' settings, or set proxy = "none" in the configuration to do without.'
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
