"""The way from this machine to HrFlow's server: name, proxy, certificate, clock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from watcher.credentials import Keys
from watcher.credentials.keys import is_write_only, looks_right
from watcher.doctor.findings import CONFIG, Check, Finding, Level, error, ok, skipped, warning
from watcher.hrflow import route
from watcher.hrflow.inquiry import Access, Inquiry, NoAccessError, RefusedKeyError, Source
from watcher.hrflow.route import looks_names_up, shown_proxy
from watcher.i18n.message import ENGLISH, NOTHING, Message, Text, msg
from watcher.journal.reader import Reader
from watcher.model.errors import CredentialError, NoJournalError, OfflineError, UnusableError
from watcher.model.kinds import QUOTA_MEND, Cause
from watcher.model.lifecycle import account_keys, hold_key
from watcher.page.client import read_facts
from watcher.present import view
from watcher.routing.placeholders import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.daemon.instance import Places
    from watcher.doctor.findings import Case
    from watcher.model.settings import Account, Config

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
            return error(failure.title, msg("Check the network, and api_url in the configuration."))
        if not looks_names_up(proxy):
            return error(
                failure.title,
                msg(
                    "Have the proxy look names up: write its address with socks5h:// or socks4a://."
                ),
            )
        return ok(msg("{host} is not known here, and the proxy looks it up", host=host))


def judge_addresses(host: str, addresses: tuple[str, ...]) -> Finding:
    """The addresses that a name stands for."""
    if addresses == (host,):
        return ok(msg("api_url names the address {host} itself", host=host))
    if len(addresses) > 1:
        return ok(
            msg(
                "{host} is {address} and {more} more",
                host=host,
                address=addresses[0],
                more=len(addresses) - 1,
            )
        )
    return ok(msg("{host} is {address}", host=host, address=addresses[0]))


def find_proxy(account: Account) -> Finding:
    """Which proxy is taken, and who says so."""
    return judge_proxy(route.proxy_of(account), account.proxy)


def judge_proxy(proxy: str, setting: str) -> Finding:
    """``proxy``: the address in use or ""; ``setting``: ``system``, ``none`` or an address."""
    said = msg("the system's settings") if setting == "system" else msg("the configuration")
    if not proxy:
        return ok(msg("none is used, by {what}", what=said))
    return ok(msg("{host} is used, by {what}", host=view.safe(shown_proxy(proxy)), what=said))


def find_certificate(account: Account) -> Finding:
    """Who signed the server's certificate."""
    if not route.is_encrypted(account):
        return ok(msg("not used: api_url is on this machine"))
    host, _ = route.host_of(account)
    return judge_certificate(host, route.find_certificate(account))


def judge_certificate(host: str, found: route.Certificate) -> Finding:
    """An authority that only this machine trusts is named: it can read what is sent."""
    signer = view.safe(found.issuer) or msg("an unknown authority")
    if found.problem:
        return error(
            msg(
                "the certificate of {host}, signed by {what}, is not trusted ({error})",
                host=host,
                what=signer,
                error=found.problem,
            ),
            msg(
                "If {what} is your organisation's proxy, have its certificate installed on this"
                " machine; if not, somebody may be listening: use another network.",
                what=signer,
            ),
        )
    if not found.public:
        return warning(
            msg(
                "the certificate of {host} is signed by {what}, which is no public authority: a"
                " proxy of your organisation or a virus scanner reads what is sent",
                host=host,
                what=signer,
            ),
            msg("Leave it if that is meant so; otherwise ask whoever looks after this machine."),
        )
    return ok(msg("the certificate of {host} is signed by {what}", host=host, what=signer))


def judge_clock(server: float | None, before: float, after: float) -> Finding:
    """``server``: the time of an answer that was given between ``before`` and ``after``."""
    if server is None:
        return warning(msg("the server does not tell its time"), msg("Compare the clock yourself."))
    off = max(server - after, before - server - 1, 0.0)
    if off <= _CLOCK_SECONDS:
        return ok(msg("is right, by the server's"))
    by = ENGLISH.duration(off)
    return warning(
        msg("is {duration} behind the server's", duration=by)
        if server > after
        else msg("is {duration} ahead of the server's", duration=by),
        msg("Set it, or have the system set it by itself: times in the history are wrong."),
    )


_ALONE = msg("only the running program has the key")


@dataclass(frozen=True, slots=True)
class Known:
    """Where the program has the key from; whether it is offline; why all the files wait, or "".

    ``quota``: they wait for the plan's quota, and the key is fine.
    """

    origin: str
    is_offline: bool = False
    held: Message = NOTHING
    quota: bool = False


def look_at_running(places: Places, account: str) -> Known | None:
    """What the program that runs knows; None if none runs, or it has no key either."""
    said = read_facts(places)
    found = said.get("keys", {}).get(account)
    if not isinstance(found, dict) or found.get("problem") or not found.get("origin"):
        return None
    key, why = _held(places, account)
    is_quota = key == hold_key(Cause.QUOTA, account)
    return Known(str(found["origin"]), bool(said.get("offline_since")), why, is_quota)


def judge_running_key(known: Known) -> Finding:
    """The key is where it is needed."""
    return ok(msg("the running program has it from {what}", what=view.safe(known.origin)))


def judge_running_access(known: Known) -> Finding:
    """What is known of it without asking HrFlow."""
    if known.is_offline:
        return error(
            msg("the running program does not reach HrFlow"),
            msg("Check the network, and api_url in the configuration."),
        )
    if known.held:
        return error(
            msg("the running program keeps all files back: {why}", why=view.safe(known.held)),
            QUOTA_MEND
            if known.quota
            else msg(
                "If it is the key, put the right one where the program has it from, and start the"
                " program anew."
            ),
        )
    return ok(
        msg(
            "nothing keeps the running program from uploading; what HrFlow says of its key cannot"
            " be asked from here"
        ),
        stops=_ALONE,
    )


def _held(places: Places, account: str) -> tuple[str, Message]:
    """The cause that keeps back all files of an account, and why it does."""
    try:
        reader = Reader(places.journal)
    except NoJournalError:
        return "", NOTHING
    try:
        why = {key: why for key, why, _ in reader.held()}
    finally:
        reader.close()
    return next(((key, why[key]) for key in account_keys(account) if key in why), ("", NOTHING))


#: Seconds that a keyring is given; a locked one asks somebody who may not be there.
_KEYRING_SECONDS = 5.0


def checks(case: Case) -> Iterator[Check]:
    """What an account needs, in the order in which one thing needs the other."""
    yield Check("keyring", msg("Keyring"), partial(_keyring, case), needs=[CONFIG])
    if case.loaded is None:
        yield Check("key", msg("API key"), tuple, needs=[CONFIG])
        yield Check("access", msg("HrFlow"), tuple, needs=[CONFIG])
        return
    config = case.loaded.config
    for account in config.accounts:
        yield from _Examination(case, account, named=len(config.accounts) > 1).checks(config)


def _keyring(case: Case) -> Finding:
    """What keeps keys here; there need be nothing, as a key may come from elsewhere."""
    assert case.loaded is not None
    case.keyring.allow_insecure = case.loaded.config.allow_insecure_keyring
    try:
        return judge_keyring(case.keyring.name())
    except CredentialError as failure:
        return warning(failure.title, failure.hint)


def judge_keyring(name: Text) -> Finding:
    """``name``: what keeps keys, "" if nothing does."""
    if name:
        return ok(msg("{what} is used", what=name))
    return ok(msg("this machine has none"))


def judge_key(key: str, origin: Message) -> Finding:
    """A key of an unusual form may still be one."""
    if looks_right(key):
        return ok(msg("comes from {what}", what=origin))
    return warning(
        msg("comes from {what} and does not look like one of HrFlow's", what=origin),
        msg("Copy it from HrFlow again if it is not taken."),
    )


class _Examination:
    """Of one account; ``named`` where there are several to be told apart."""

    def __init__(self, case: Case, account: Account, *, named: bool) -> None:
        self._case = case
        self._account = account
        self._named = named
        self._secret = ""
        self._elsewhere: Known | None = None
        self._clock: Finding = skipped(msg("the server has not answered"))

    def checks(self, config: Config) -> Iterator[Check]:
        account, name = self._account, self._account.name
        patience = 3 * account.connect_timeout + 5
        yield Check(
            "key", self._label(msg("API key")), self._key, name, failing=msg("there is no API key"),
            seconds=_KEYRING_SECONDS + 5, late=msg("Unlock the system's keyring."),
        )  # fmt: skip
        yield Check(
            "proxy", msg("Proxy"), partial(find_proxy, account), name,
            failing=msg("the proxy's address is not valid"),
        )  # fmt: skip
        yield Check(
            "dns", msg("DNS"), partial(find_name, account), name, [("proxy", name)],
            failing=msg("the server's name is not found"), seconds=patience,
        )  # fmt: skip
        yield Check(
            "tls", msg("TLS"), partial(find_certificate, account), name,
            [("dns", name), ("proxy", name)],
            msg("there is no safe connection to the server"), patience,
        )  # fmt: skip
        asked = patience + account.read_timeout
        yield Check(
            "access", self._label(msg("HrFlow")), self._access, name,
            [("key", name), ("dns", name), ("proxy", name), ("tls", name)],
            msg("HrFlow takes no file with it"), asked,
        )  # fmt: skip
        yield Check("clock", msg("Clock"), lambda: self._clock, name)
        for key, sync in sources_of(config, name).items():
            run = partial(self._source, key, sync=sync)
            yield Check(
                "source", self._label(msg("Source")), run, key, [("access", name)], "", asked
            )

    def _label(self, what: Message) -> Message:
        name = view.safe(self._account.name)
        return msg("{what} of {account}", what=what, account=name) if self._named else what

    def _key(self) -> Finding:
        """The key itself goes no further than to where it is asked with."""
        name = self._account.name
        keys = Keys(self._case.environ, self._case.keyring, patience=_KEYRING_SECONDS)
        try:
            self._secret = keys.get(name)
            self._case.secrets.append(self._secret)
            return judge_key(self._secret, keys.origin(name))
        except CredentialError:
            self._elsewhere = look_at_running(self._case.places, name)
            if self._elsewhere is None:
                raise
            return judge_running_key(self._elsewhere)
        finally:
            keys.close()

    def _access(self) -> Finding:
        if self._elsewhere is not None:
            return judge_running_access(self._elsewhere)
        wall = self._case.wall
        before = wall()
        try:
            with Inquiry(self._account, self._secret, self._case.tick) as inquiry:
                access = inquiry.access()
        except RefusedKeyError as refused:
            self._clock = judge_clock(refused.server_time, before, wall())
            return judge_refused(self._secret, refused)
        self._clock = judge_clock(access.server_time, before, wall())
        return judge_access(access)

    def _source(self, key: str, *, sync: bool) -> Sequence[Finding] | Finding:
        if names_in(key):
            return skipped(msg("{key} is filled in for each file", key=view.safe(key)))
        with Inquiry(self._account, self._secret, self._case.tick) as inquiry:
            try:
                source = inquiry.source(key)
            except NoAccessError as failure:
                return error(
                    msg(
                        "the API key has no access to {what} ({why})",
                        what=view.safe(key),
                        why=failure.title,
                    ),
                    msg(
                        "Give the key access to this source in HrFlow, or name another source in"
                        " the configuration."
                    ),
                )
            except UnusableError as failure:
                return error(
                    msg(
                        "{key} is not a source of this account ({why})",
                        key=view.safe(key),
                        why=failure.title,
                    ),
                    msg("Copy the source's key from HrFlow into the configuration."),
                )
        found, of_sync = judge_state(source), judge_source(source, sync=sync)
        return found if found and of_sync.level is Level.OK else [*found, of_sync]


def sources_of(config: Config, account: str) -> dict[str, bool]:
    """The source keys that an account's folders and rules name, and who asks for sync parsing."""
    found: dict[str, bool] = {}
    for folder in config.folders:
        if folder.account != account:
            continue
        ways = [(folder.source_key, folder.sync_parsing)]
        for rule in folder.rules:
            sync = folder.sync_parsing if rule.sync_parsing is None else rule.sync_parsing
            if not rule.ignore:
                ways.append((rule.source_key or folder.source_key, sync))
        for key, sync in ways:
            found[key] = found.get(key, False) or sync
    return found


def judge_access(access: Access) -> Finding:
    """What a key may do that HrFlow takes."""
    takes = (
        msg("takes the key of {team}", team=view.safe(access.team))
        if access.team
        else msg("takes the key")
    )
    match access.permission:
        case "read":
            return error(
                msg("{what}, which may only read, so that nothing can be uploaded", what=takes),
                msg("Make a key in HrFlow's settings that may write, and store it."),
            )
        case "all":
            return ok(msg("{what}, which may read and write", what=takes))
        case "write":
            return ok(msg("{what}, which may write", what=takes))
        case other:
            return ok(
                msg(
                    "{what}, whose rights it calls {value}",
                    what=takes,
                    value=repr(view.safe(other)),
                )
            )


def judge_refused(secret: str, refused: RefusedKeyError) -> Finding:
    """A key of the form ``askw_…`` may only write: that it gets no answer proves nothing."""
    if is_write_only(secret):
        return warning(
            msg(
                "answers no questions with this key, as it may only write: whether it is right"
                " shows with the first upload"
            ),
            msg(
                "Upload a file to be sure, and see what became of it with: hrflow-watcher history."
            ),
            stops=msg("a key that may only write gets no answers"),
        )
    return error(refused.title, refused.hint)


def judge_state(source: Source) -> list[Finding]:
    """What somebody should know of a source that is not in daily use."""
    name = _named(source)
    if source.is_archived:
        return [
            warning(
                msg("{what} is archived in HrFlow, which may refuse its uploads", what=name),
                msg("Restore it in HrFlow, or name another source in the configuration."),
            )
        ]
    if source.is_disabled:
        return [
            warning(
                msg("{what} is disabled in HrFlow, which may refuse its uploads", what=name),
                msg("Enable it in HrFlow, or name another source in the configuration."),
            )
        ]
    if source.is_test:
        return [
            warning(
                msg(
                    "{what} is in HrFlow's test environment, so what is uploaded there is not"
                    " among your real candidates",
                    what=name,
                ),
                msg("Name another source in the configuration, unless you are testing."),
            )
        ]
    return []


def judge_source(source: Source, *, sync: bool) -> Finding:
    """``sync``: whether the configuration asks for sync parsing."""
    name = _named(source)
    if sync and not source.sync_parsing:
        return warning(
            msg("{what} does not allow sync parsing, so uploads go on without it", what=name),
            msg("Enable it for the source in HrFlow, or set sync_parsing = false."),
        )
    return ok(msg("{what} with sync parsing", what=name) if sync else name)


def _named(source: Source) -> Message:
    key = view.short(source.key)
    return (
        msg("{name} ({key})", name=view.safe(source.name), key=key)
        if source.name
        else msg("without a name ({key})", key=key)
    )
