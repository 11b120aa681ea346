"""Each account: its key, the way to HrFlow, what the key may do, and the sources it is used for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from watcher import view
from watcher.credentials import Keys
from watcher.credentials.form import is_write_only, looks_right
from watcher.doctor import network, running
from watcher.doctor.case import CONFIG
from watcher.doctor.findings import Check, Finding, Level, error, ok, skipped, warning
from watcher.errors import CredentialError, UnusableError
from watcher.hrflow.inquiry import Access, Inquiry, NoAccessError, RefusedKeyError, Source
from watcher.placeholders import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.case import Case
    from watcher.settings import Account, Config

#: Seconds that a keyring is given; a locked one asks somebody who may not be there.
_KEYRING_SECONDS = 5.0


def checks(case: Case) -> Iterator[Check]:
    """What an account needs, in the order in which one thing needs the other."""
    yield Check("keyring", "Keyring", partial(_keyring, case), needs=[CONFIG])
    if case.loaded is None:
        yield Check("key", "API key", tuple, needs=[CONFIG])
        yield Check("access", "HrFlow", tuple, needs=[CONFIG])
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


def judge_keyring(name: str) -> Finding:
    """``name``: what keeps keys, "" if nothing does."""
    if name:
        return ok(f"{view.safe(name)} is used")
    return ok("this machine has none")


def judge_key(key: str, origin: str) -> Finding:
    """A key of an unusual form may still be one."""
    if looks_right(key):
        return ok(f"comes from {origin}")
    return warning(
        f"comes from {origin} and does not look like one of HrFlow's",
        "Copy it from HrFlow again if it is not taken.",
    )


class _Examination:
    """Of one account; ``named`` where there are several to be told apart."""

    def __init__(self, case: Case, account: Account, *, named: bool) -> None:
        self._case = case
        self._account = account
        self._of = f" of {account.name}" if named else ""
        self._secret = ""
        self._elsewhere: running.Known | None = None
        self._clock: Finding = skipped("the server has not answered")

    def checks(self, config: Config) -> Iterator[Check]:
        account, name = self._account, self._account.name
        patience = 3 * account.connect_timeout + 5
        yield Check(
            "key", f"API key{self._of}", self._key, name, failing="there is no API key",
            seconds=_KEYRING_SECONDS + 5, late="Unlock the system's keyring.",
        )  # fmt: skip
        yield Check(
            "proxy", "Proxy", partial(network.find_proxy, account), name,
            failing="the proxy's address is not valid",
        )  # fmt: skip
        yield Check(
            "dns", "DNS", partial(network.find_name, account), name, [("proxy", name)],
            failing="the server's name is not found", seconds=patience,
        )  # fmt: skip
        yield Check(
            "tls", "TLS", partial(network.find_certificate, account), name,
            [("dns", name), ("proxy", name)],
            "there is no safe connection to the server", patience,
        )  # fmt: skip
        asked = patience + account.read_timeout
        yield Check(
            "access", f"HrFlow{self._of}", self._access, name,
            [("key", name), ("dns", name), ("proxy", name), ("tls", name)],
            "HrFlow takes no file with it", asked,
        )  # fmt: skip
        yield Check("clock", "Clock", lambda: self._clock, name)
        for key, sync in sources_of(config, name).items():
            run = partial(self._source, key, sync=sync)
            yield Check("source", f"Source{self._of}", run, key, [("access", name)], "", asked)

    def _key(self) -> Finding:
        """The key itself goes no further than to where it is asked with."""
        name = self._account.name
        keys = Keys(self._case.environ, self._case.keyring, patience=_KEYRING_SECONDS)
        try:
            self._secret = keys.get(name)
            self._case.secrets.append(self._secret)
            return judge_key(self._secret, keys.origin(name))
        except CredentialError:
            self._elsewhere = running.look(self._case.places, name)
            if self._elsewhere is None:
                raise
            return running.judge_key(self._elsewhere)
        finally:
            keys.close()

    def _access(self) -> Finding:
        if self._elsewhere is not None:
            return running.judge_access(self._elsewhere)
        wall = self._case.wall
        before = wall()
        try:
            with Inquiry(self._account, self._secret, self._case.tick) as inquiry:
                access = inquiry.access()
        except RefusedKeyError as refused:
            self._clock = network.judge_clock(refused.server_time, before, wall())
            return judge_refused(self._secret, refused)
        self._clock = network.judge_clock(access.server_time, before, wall())
        return judge_access(access)

    def _source(self, key: str, *, sync: bool) -> Sequence[Finding] | Finding:
        if names_in(key):
            return skipped(f"{view.safe(key)} is filled in for each file")
        with Inquiry(self._account, self._secret, self._case.tick) as inquiry:
            try:
                source = inquiry.source(key)
            except NoAccessError as failure:
                return error(
                    f"the API key has no access to {view.safe(key)} ({failure.title})",
                    "Give the key access to this source in HrFlow, or name another source in the"
                    " configuration.",
                )
            except UnusableError as failure:
                return error(
                    f"{view.safe(key)} is not a source of this account ({failure.title})",
                    "Copy the source's key from HrFlow into the configuration.",
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
    takes = f"takes the key of {view.safe(access.team)}" if access.team else "takes the key"
    match access.permission:
        case "read":
            return error(
                f"{takes}, which may only read, so that nothing can be uploaded",
                "Make a key in HrFlow's settings that may write, and store it.",
            )
        case "all":
            return ok(f"{takes}, which may read and write")
        case "write":
            return ok(f"{takes}, which may write")
        case other:
            return ok(f"{takes}, whose rights it calls {view.safe(other)!r}")


def judge_refused(secret: str, refused: RefusedKeyError) -> Finding:
    """A key of the form ``askw_…`` may only write: that it gets no answer proves nothing."""
    if is_write_only(secret):
        return warning(
            "answers no questions with this key, as it may only write: whether it is right shows "
            "with the first upload",
            "Upload a file to be sure, and see what became of it with: hrflow-watcher history.",
            stops="a key that may only write gets no answers",
        )
    return error(refused.title, refused.hint)


def judge_state(source: Source) -> list[Finding]:
    """What somebody should know of a source that is not in daily use."""
    name = _named(source)
    if source.is_archived:
        return [
            warning(
                f"{name} is archived in HrFlow, which may refuse its uploads",
                "Restore it in HrFlow, or name another source in the configuration.",
            )
        ]
    if source.is_disabled:
        return [
            warning(
                f"{name} is disabled in HrFlow, which may refuse its uploads",
                "Enable it in HrFlow, or name another source in the configuration.",
            )
        ]
    if source.is_test:
        return [
            warning(
                f"{name} is in HrFlow's test environment, so what is uploaded there is not among"
                " your real candidates",
                "Name another source in the configuration, unless you are testing.",
            )
        ]
    return []


def judge_source(source: Source, *, sync: bool) -> Finding:
    """``sync``: whether the configuration asks for sync parsing."""
    name = _named(source)
    if sync and not source.sync_parsing:
        return warning(
            f"{name} does not allow sync parsing, so uploads go on without it",
            "Enable it for the source in HrFlow, or set sync_parsing = false.",
        )
    return ok(f"{name} with sync parsing" if sync else name)


def _named(source: Source) -> str:
    key = view.short(source.key)
    return f"{view.safe(source.name)} ({key})" if source.name else f"without a name ({key})"
