"""Checks of what is optional: approvals and limits, shared ledger, webhook, hook commands."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.config.mistakes import as_sentence
from watcher.credentials import LEDGER, WEBHOOK, read_secret
from watcher.daemon.webhook import PATH
from watcher.doctor.findings import CONFIG, Check, error, of, ok, warning
from watcher.i18n.message import msg, plural
from watcher.ledger import not_installed
from watcher.model.errors import CredentialError, LedgerError
from watcher.model.holds import month_of
from watcher.model.settings import for_account
from watcher.present.status import needs_approval
from watcher.system import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.findings import Case, Finding
    from watcher.model.settings import Account, Webhook
    from watcher.model.snapshot import ActiveHold

#: Seconds that a keyring gets, and those for one that is unlocked and a connection.
_KEYRING_SECONDS: Final = 10.0
_LEDGER_SECONDS: Final = 60.0

#: Seconds by which this machine's clock may differ from the database's.
_TOLERANCE: Final = 60.0


def checks(case: Case) -> Iterator[Check]:
    """Yield the checks of what is configured, or waits for a person's approval."""
    if case.loaded is None:
        return
    config = case.loaded.config
    if case.places.has_journal:
        limited = [each for each in config.accounts if each.monthly_limit]
        yield Check(
            "approvals", msg("Approvals"), partial(_check_approvals, case, limited), needs=[CONFIG]
        )
    if config.ledger.url:
        yield Check(
            "ledger", msg("Shared ledger"), partial(_check_ledger, case), needs=[CONFIG],
            seconds=_LEDGER_SECONDS, late=msg("Check that the database can be reached."),
        )  # fmt: skip
    if config.webhook.enabled:
        yield Check(
            "webhook", msg("Webhook"), partial(_check_webhook, case, config.webhook),
            needs=[CONFIG], seconds=_KEYRING_SECONDS, late=msg("Unlock the system's keyring."),
        )  # fmt: skip
    for name, command in (("parsed", config.hooks.parsed), ("refused", config.hooks.refused)):
        if command:
            run = partial(judge_hook, command[0], shutil.which(command[0]) or "")
            yield Check(
                "hook", msg("Command for {state} files", state=name), run, name, needs=[CONFIG]
            )


def _check_approvals(case: Case, limited: Sequence[Account]) -> Sequence[Finding]:
    if case.journal is None:  # the program is still creating it
        return ()
    asked = [hold for hold in case.journal.held() if needs_approval(hold)]
    now = case.wall()
    months = case.journal.months(now, 1)
    used = {each.account: each.uploads for each in months if each.month == month_of(now)}
    return [
        *map(judge_question, asked),
        *(judge_use(account, used.get(account.name, 0)) for account in limited),
    ]


def judge_question(hold: ActiveHold) -> Finding:
    """Return the finding that files wait for approval."""
    text = plural(
        "1 file ({size:size}) is on hold: {why}",
        "{count:count} files ({size:size}) are on hold: {why}",
        hold.files,
        size=hold.size,
        why=hold.why,
    )
    return warning(text, msg("To upload all of them, run: {hrflow_watcher} approve --all"))


def judge_use(account: Account, uploads: int) -> Finding:
    """Return how many of the month's ``uploads`` are used."""
    return ok(
        msg(
            "This month, {used:count} of {limit:count} uploads have been used{whose}.",
            used=uploads,
            limit=account.monthly_limit,
            whose=for_account(account.name),
        )
    )


def _check_ledger(case: Case) -> Finding:
    assert case.loaded is not None
    config = case.loaded.config
    try:
        from watcher.ledger.claims import examine  # noqa: PLC0415 - psycopg is optional
        from watcher.ledger.connection import connected  # noqa: PLC0415 - likewise
    except ImportError:
        return of(not_installed())
    try:
        password = read_secret(
            LEDGER, case.environ, allow_insecure=config.allow_insecure_keyring, keyring=case.keyring
        )
        if password:
            case.secrets.append(password)
        with connected(config.ledger.url, password) as connection:
            facts = examine(connection)
    except (CredentialError, LedgerError) as failure:
        return of(failure)
    if facts.missing:
        return error(
            msg(
                "The ledger's user is not allowed to change these tables: {names}.",
                names=facts.missing,
            ),
            msg("Grant it SELECT, INSERT, UPDATE and DELETE on them."),
        )
    used = plural("1 computer uses it", "{count:count} computers use it", facts.machines)
    if not facts.machines:
        used = msg("No computer uses it now")
    difference = abs(case.wall() - facts.now)
    if difference > _TOLERANCE:
        return warning(
            msg(
                "{what}; its clock differs from this computer's by {time:duration}",
                what=used,
                time=difference,
            ),
            msg("This has no effect on uploads, but correct the clock that is wrong."),
        )
    return ok(used)


def _check_webhook(case: Case, webhook: Webhook) -> Finding:
    assert case.loaded is not None
    try:
        secret = read_secret(
            WEBHOOK,
            case.environ,
            allow_insecure=case.loaded.config.allow_insecure_keyring,
            keyring=case.keyring,
        )
    except CredentialError as failure:
        return of(failure)
    case.secrets.append(secret)
    where = msg(
        "Webhooks are received at http://{host}:{number}{path} while the program is running",
        host=webhook.host,
        number=webhook.port,
        path=PATH,
    )
    if is_loopback(webhook.host):
        return ok(as_sentence(where))
    return warning(
        msg("{what}; other computers can reach this address, without encryption.", what=where),
        msg("Put an HTTPS proxy in front of it, and let it listen on 127.0.0.1."),
    )


def judge_hook(program: str, found: str) -> Finding:
    """``found`` is the path of the program, "" if there is none."""
    if found:
        return ok(msg("{path} can be run.", path=found))
    return error(
        msg("{path} is not a program that can be run.", path=program),
        msg("Correct its path in the [hooks] table of the configuration, or make it executable."),
    )
