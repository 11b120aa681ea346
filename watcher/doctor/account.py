"""Do uploads reach HrFlow: the API key, the network, the key's rights and the sources."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.credentials import Keys
from watcher.credentials.keyring import NO_KEYRING
from watcher.credentials.keys import READ_ONLY, READ_ONLY_HINT, is_write_only, looks_right
from watcher.daemon.workspace import source_warning
from watcher.doctor.findings import CONFIG, Check, Finding, Level, error, of, ok, skipped, warning
from watcher.hrflow import endpoint
from watcher.hrflow.client import Access, Inquiry, NoAccessError, RefusedKeyError, Source
from watcher.hrflow.proxy import proxy_of, resolves_names, shown_proxy
from watcher.i18n.message import ENGLISH, NOTHING, Message, msg
from watcher.model.errors import CredentialError, OfflineError, UnusableError
from watcher.model.holds import account_keys, hold_key
from watcher.model.kinds import QUOTA_FIX, Cause
from watcher.present import view
from watcher.routing.patterns import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.findings import Case
    from watcher.model.settings import Account, Config

#: Seconds that a clock may be off before people should know; the header has whole seconds.
_CLOCK_SECONDS: Final = 60.0

#: Seconds that a keyring gets; a locked one asks somebody who may not be there.
_KEYRING_SECONDS = 5.0

_SILENT: Final = msg("the server has not answered")
_CHECK_NETWORK: Final = msg("Check the network, and api_url in the configuration.")


def check_keyring(case: Case) -> Finding:
    """Return what stores keys here. There may be nothing, as a key may come from elsewhere."""
    assert case.loaded is not None
    case.keyring.allow_insecure = case.loaded.config.allow_insecure_keyring
    try:
        name = case.keyring.name()
    except CredentialError as failure:
        return warning(failure.title, failure.hint)
    if not name:
        return Finding(Level.SKIPPED, NO_KEYRING)
    return ok(msg("Keys are kept in {what}.", what=name))


def checks(case: Case) -> Iterator[Check]:
    """Yield the checks of every account, in the order in which they depend on each other."""
    if case.loaded is None:
        yield Check("key", msg("API key"), tuple, needs=[CONFIG])
        yield Check("access", msg("HrFlow"), tuple, needs=[CONFIG])
        return
    config = case.loaded.config
    for account in config.accounts:
        yield from _AccountCheck(case, account, named=len(config.accounts) > 1).checks(config)


class _AccountCheck:
    """The checks of one account, and what they find out that others need."""

    def __init__(self, case: Case, account: Account, *, named: bool) -> None:
        """``named``: the labels name the account, as there are several."""
        self._case = case
        self._account = account
        self._named = named
        self._secret = ""
        self._elsewhere: RunningKey | None = None
        self._clock: Finding = skipped(_SILENT)

    def checks(self, config: Config) -> Iterator[Check]:
        """Yield all checks."""
        account, name = self._account, self._account.name
        connecting = 3 * account.connect_timeout + 5
        asking = connecting + account.read_timeout
        yield Check(
            "key", self._label(msg("API key")), self._key, name, failing=msg("there is no API key"),
            seconds=_KEYRING_SECONDS + 5, late=msg("Unlock the system's keyring."),
        )  # fmt: skip
        yield Check(
            "proxy", msg("Proxy"), partial(check_proxy, account), name,
            failing=msg("the proxy's address is not valid"),
        )  # fmt: skip
        yield Check(
            "dns", msg("DNS"), partial(check_name, account), name, [("proxy", name)],
            failing=msg("the server's name is not found"), seconds=connecting,
        )  # fmt: skip
        yield Check(
            "tls", msg("TLS"), partial(check_certificate, account), name,
            [("dns", name), ("proxy", name)],
            msg("there is no secure connection to the server"), connecting,
        )  # fmt: skip
        yield Check(
            "access", self._label(msg("HrFlow")), self._access, name,
            [("key", name), ("dns", name), ("proxy", name), ("tls", name)],
            msg("HrFlow doesn't accept uploads with this key"), asking,
        )  # fmt: skip
        yield Check("clock", msg("Clock"), lambda: self._clock, name)
        for key, sync in sources_of(config, name).items():
            yield Check(
                "source", self._label(msg("Source")), partial(self._source, key, sync=sync), key,
                [("access", name)], seconds=asking,
            )  # fmt: skip

    def _label(self, what: Message) -> Message:
        name = self._account.name
        return msg("{what} of {account}", what=what, account=name) if self._named else what

    def _key(self) -> Finding:
        name = self._account.name
        with closing(
            Keys(self._case.environ, self._case.keyring, patience=_KEYRING_SECONDS)
        ) as keys:
            try:
                self._secret = keys.get(name)
            except CredentialError:
                self._elsewhere = find_running_key(self._case, name)
                if self._elsewhere is None:
                    raise
                origin = self._elsewhere.origin
                return ok(msg("The running program reads the key from {what}.", what=origin))
            self._case.secrets.append(self._secret)
            return judge_key(self._secret, keys.origin(name))

    def _access(self) -> Finding:
        if self._elsewhere is not None:
            return judge_running_key(self._elsewhere)
        wall = self._case.wall
        before = wall()
        try:
            with closing(Inquiry(self._account, self._secret, self._case.tick)) as inquiry:
                access = inquiry.access()
        except RefusedKeyError as refused:
            self._clock = judge_clock(refused.server_time, before, wall())
            return judge_refused(self._secret, refused)
        except OfflineError as failure:
            return of(failure, stops=_SILENT)
        self._clock = judge_clock(access.server_time, before, wall())
        return judge_access(access)

    def _source(self, key: str, *, sync: bool) -> Sequence[Finding] | Finding:
        shown = key
        if names_in(key):
            return skipped(msg("{key} is filled in for each file", key=shown))
        try:
            with closing(Inquiry(self._account, self._secret, self._case.tick)) as inquiry:
                source = inquiry.source(key)
        except NoAccessError as failure:
            return error(
                msg("The API key has no access to {what}. {why}", what=shown, why=failure.title),
                msg(
                    "Give the key access to this source in HrFlow, or choose another source in the"
                    " configuration."
                ),
            )
        except UnusableError as failure:
            return error(
                msg("{key} is not a source of this account. {why}", key=shown, why=failure.title),
                msg("Copy the source's key from HrFlow into the configuration."),
            )
        found = judge_source(source, sync=sync)
        if said := source_warning(source):
            return [warning(said, "")] + [found] * (found.level is not Level.OK)
        return found


# --- The network ------------------------------------------------------------------------------


def check_proxy(account: Account) -> Finding:
    """Which proxy is used, and by which setting?"""
    return judge_proxy(proxy_of(account), account.proxy)


def judge_proxy(proxy: str, setting: str) -> Finding:
    """``proxy``: the address in use or ""; ``setting``: ``system``, ``none`` or an address."""
    origin = msg("the system's settings") if setting == "system" else msg("the configuration")
    if not proxy:
        return ok(msg("No proxy is used, according to {what}.", what=origin))
    return ok(
        msg("The proxy is {host}, according to {what}.", host=shown_proxy(proxy), what=origin)
    )


def check_name(account: Account) -> Finding:
    """Is the server's name known? It need not be where a proxy looks it up."""
    host, _ = endpoint.host_of(account)
    try:
        addresses = endpoint.find_addresses(account)
    except OfflineError as failure:
        proxy = proxy_of(account)
        if not proxy:
            return error(failure.title, _CHECK_NETWORK)
        if not resolves_names(proxy):
            return error(
                failure.title,
                msg(
                    "Have the proxy look up names: write its address with socks5h:// or socks4a://."
                ),
            )
        return ok(msg("{host} is not known here; the proxy looks it up.", host=host))
    if addresses == (host,):
        return ok(msg("No lookup is needed: api_url contains the IP address {host}.", host=host))
    return ok(msg("{host} has the address {address}.", host=host, address=addresses))


def check_certificate(account: Account) -> Finding:
    """Who has signed the server's certificate?"""
    if not endpoint.is_encrypted(account):
        return ok(msg("No encryption is needed: api_url is on this computer."))
    host, _ = endpoint.host_of(account)
    return judge_certificate(host, endpoint.find_certificate(account))


def judge_certificate(host: str, found: endpoint.Certificate) -> Finding:
    """An authority that only this machine trusts is named: it can read what is sent."""
    signer = found.issuer or msg("an unknown authority")
    if found.problem:
        return error(
            msg(
                "The certificate of {host}, signed by {what}, is not trusted ({error}).",
                host=host,
                what=signer,
                error=found.problem,
            ),
            msg(
                "If {what} is your organisation's proxy, have its certificate installed on this"
                " computer. If not, the connection may be intercepted: use another network.",
                what=signer,
            ),
        )
    if not found.public:
        return warning(
            msg(
                "The certificate of {host} is signed by {what}, which is not a public"
                " authority: a proxy of your organisation or a virus scanner can read"
                " what is sent.",
                host=host,
                what=signer,
            ),
            msg("Leave it as it is if that is intended; otherwise ask your administrator."),
        )
    return ok(msg("The certificate of {host} is signed by {what}.", host=host, what=signer))


def judge_clock(server: float | None, before: float, after: float) -> Finding:
    """``server`` is the time in an answer that was given between ``before`` and ``after``."""
    if server is None:
        return warning(msg("The server doesn't send its time."), msg("Compare the clock yourself."))
    off = max(server - after, before - server - 1, 0.0)
    if off <= _CLOCK_SECONDS:
        return ok(msg("The clock matches the server's."))
    by = ENGLISH.duration(off)
    return warning(
        msg("The clock is {duration} behind the server's.", duration=by)
        if server > after
        else msg("The clock is {duration} ahead of the server's.", duration=by),
        msg(
            "Set it, or let the system set it automatically: until then, times in the"
            " history are wrong."
        ),
    )


# --- The key ----------------------------------------------------------------------------------


def judge_key(key: str, origin: Message) -> Finding:
    """A key of an unusual form may be valid all the same."""
    if looks_right(key):
        return ok(msg("The key comes from {what}.", what=origin))
    return warning(
        msg("The key comes from {what} and doesn't look like an HrFlow key.", what=origin),
        msg("Copy it from HrFlow again if it is rejected."),
    )


class RunningKey(Struct, frozen=True):
    """What the running program knows of an account's key, which only it has.

    ``origin`` is where it has it from, ``held`` why all files are held, "" if they are not;
    ``quota``: because the plan's quota is used up, which says nothing of the key.
    """

    origin: str
    is_offline: bool = False
    held: Message = NOTHING
    quota: bool = False


def find_running_key(case: Case, account: str) -> RunningKey | None:
    """Return what the running program knows; None if none is running, or it has no key either."""
    found = case.running.get("keys", {}).get(account)
    if not isinstance(found, dict) or found.get("problem") or not found.get("origin"):
        return None
    held = {each.key: each.why for each in case.journal.held()} if case.journal else {}
    key = next((each for each in account_keys(account) if each in held), "")
    return RunningKey(
        str(found["origin"]),
        is_offline=bool(case.running.get("offline_since")),
        held=held.get(key, NOTHING),
        quota=key == hold_key(Cause.QUOTA, account),
    )


def judge_running_key(known: RunningKey) -> Finding:
    """Return what is known of the key without asking HrFlow."""
    if known.is_offline:
        return error(msg("The running program can't reach HrFlow."), _CHECK_NETWORK)
    if known.held:
        return error(
            msg("The running program has put all files on hold: {why}", why=known.held),
            QUOTA_FIX
            if known.quota
            else msg(
                "If the key is wrong, replace it where the program reads it, then restart the"
                " program."
            ),
        )
    return ok(
        msg(
            "Nothing prevents the running program from uploading; its key can't be"
            " tested from here."
        ),
        stops=msg("only the running program has the key"),
    )


def judge_access(access: Access) -> Finding:
    """Return what an accepted key may do."""
    accepted = (
        msg('Key accepted (workspace "{team}")', team=access.team)
        if access.team
        else msg("Key accepted")
    )
    match access.permission:
        case "read":
            return error(READ_ONLY, READ_ONLY_HINT)
        case "all":
            return ok(msg("{what}; it can read and write.", what=accepted))
        case "write":
            return ok(msg("{what}; it can write.", what=accepted))
        case other:
            value = repr(other)
            return ok(msg("{what}; its permission is {value}.", what=accepted, value=value))


def judge_refused(secret: str, refused: RefusedKeyError) -> Finding:
    """A key of the form ``askw_…`` may only write: that it gets no answer proves nothing."""
    if is_write_only(secret):
        return warning(
            msg("Write-only keys can't be tested; the first upload shows whether this one works."),
            msg("Upload a file to be sure, and see the result with: {hrflow_watcher} history"),
            stops=msg("a write-only key can't read anything"),
        )
    return of(refused)


# --- Sources ----------------------------------------------------------------------------------


def sources_of(config: Config, account: str) -> dict[str, bool]:
    """Return the source keys in an account's folders and rules → whether one has sync parsing."""
    found: dict[str, bool] = {}
    for folder in config.folders:
        if folder.account != account:
            continue
        uses = [(folder.source_key, folder.sync_parsing)]
        for rule in folder.rules:
            sync = folder.sync_parsing if rule.sync_parsing is None else rule.sync_parsing
            if not rule.ignore:
                uses.append((rule.source_key or folder.source_key, sync))
        for key, sync in uses:
            found[key] = found.get(key, False) or sync
    return found


def judge_source(source: Source, *, sync: bool) -> Finding:
    """``sync``: the configuration asks for sync parsing."""
    name = _name_of(source)
    if sync and not source.sync_parsing:
        return warning(
            msg(
                "The source {what} doesn't allow sync parsing, so files are uploaded without it.",
                what=name,
            ),
            msg("Enable it for the source in HrFlow, or set sync_parsing = false."),
        )
    if sync:
        return ok(msg("The source {what} allows sync parsing.", what=name))
    return ok(msg("The source {what} exists in HrFlow.", what=name))


def _name_of(source: Source) -> Message:
    key = view.short(source.key)
    if source.name:
        return msg("{name} ({key})", name=source.name, key=key)
    return msg("{key} (unnamed)", key=key)
