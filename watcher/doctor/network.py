"""The way from this machine to HrFlow's server: name, proxy, certificate, clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher import view
from watcher.doctor.findings import Finding, error, ok, warning
from watcher.errors import OfflineError
from watcher.hrflow import route
from watcher.hrflow.proxies import looks_names_up, shown_proxy

if TYPE_CHECKING:
    from watcher.settings import Account

#: Seconds that a clock may be off before somebody should know; the header has whole seconds.
_CLOCK_SECONDS = 60.0


def find_name(account: Account) -> Finding:
    """Is the server's name known? Behind a proxy it need not be: the proxy asks for it."""
    host, _ = route.host_of(account)
    try:
        return judge_addresses(host, route.find_addresses(account))
    except OfflineError as failure:
        proxy = route.proxy_of(account)
        if not proxy:
            return error(failure.title, "Check the network, and api_url in the configuration.")
        if not looks_names_up(proxy):
            return error(
                failure.title,
                "Have the proxy look names up: write its address with socks5h:// or socks4a://.",
            )
        return ok(f"{host} is not known here, and the proxy looks it up")


def judge_addresses(host: str, addresses: tuple[str, ...]) -> Finding:
    """The addresses that a name stands for."""
    if addresses == (host,):
        return ok(f"api_url names the address {host} itself")
    if len(addresses) > 1:
        return ok(f"{host} is {addresses[0]} and {len(addresses) - 1} more")
    return ok(f"{host} is {addresses[0]}")


def find_proxy(account: Account) -> Finding:
    """Which proxy is taken, and who says so."""
    return judge_proxy(route.proxy_of(account), account.proxy)


def judge_proxy(proxy: str, setting: str) -> Finding:
    """``proxy``: the address in use or ""; ``setting``: ``system``, ``none`` or an address."""
    said = "the system's settings" if setting == "system" else "the configuration"
    if not proxy:
        return ok(f"none is used, by {said}")
    return ok(f"{view.safe(shown_proxy(proxy))} is used, by {said}")


def find_certificate(account: Account) -> Finding:
    """Who signed the server's certificate."""
    if not route.is_encrypted(account):
        return ok("not used: api_url is on this machine")
    host, _ = route.host_of(account)
    return judge_certificate(host, route.find_certificate(account))


def judge_certificate(host: str, found: route.Certificate) -> Finding:
    """An authority that only this machine trusts is named: it can read what is sent."""
    signer = view.safe(found.issuer) or "an unknown authority"
    if found.problem:
        return error(
            f"the certificate of {host}, signed by {signer}, is not trusted ({found.problem})",
            f"If {signer} is your organisation's proxy, have its certificate installed on this "
            "machine; if not, somebody may be listening: use another network.",
        )
    if not found.public:
        return warning(
            f"the certificate of {host} is signed by {signer}, which is no public authority: a "
            "proxy of your organisation or a virus scanner reads what is sent",
            "Leave it if that is meant so; otherwise ask whoever looks after this machine.",
        )
    return ok(f"the certificate of {host} is signed by {signer}")


def judge_clock(server: float | None, before: float, after: float) -> Finding:
    """``server``: the time of an answer that was given between ``before`` and ``after``."""
    if server is None:
        return warning("the server does not tell its time", "Compare the clock yourself.")
    off = max(server - after, before - server - 1, 0.0)
    if off <= _CLOCK_SECONDS:
        return ok("is right, by the server's")
    by = view.duration(off)
    return warning(
        f"is {by} behind the server's" if server > after else f"is {by} ahead of the server's",
        "Set it, or have the system set it by itself: times in the history are wrong.",
    )
