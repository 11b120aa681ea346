"""The ledger that several machines share: connection, rights, tables and clock."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.credentials import LEDGER, read_secret
from watcher.daemon.shared_ledger import not_installed
from watcher.doctor.findings import CONFIG, Check, error, of, ok, warning
from watcher.i18n.message import msg, plural
from watcher.model.errors import CredentialError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.doctor.findings import Case, Finding

#: Seconds for a keyring that is unlocked, and for a connection.
_SECONDS: Final = 60.0

#: Seconds by which this machine's clock may differ from the database's.
_TOLERANCE: Final = 60.0


def checks(case: Case) -> Iterator[Check]:
    """Yield the check of the ledger, if one is configured."""
    if case.loaded is not None and case.loaded.config.ledger.url:
        yield Check(
            "ledger", msg("Shared ledger"), partial(_check, case), needs=[CONFIG],
            seconds=_SECONDS, late=msg("Check that the database can be reached."),
        )  # fmt: skip


def _check(case: Case) -> Finding:
    assert case.loaded is not None
    config = case.loaded.config
    try:
        from watcher.ledger.claims import describe  # noqa: PLC0415 - psycopg is optional
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
            facts = describe(connection)
    except (CredentialError, LedgerError) as failure:
        return of(failure)
    if facts.missing:
        return error(
            msg("The ledger's user may not change these tables: {names}.", names=facts.missing),
            msg("Grant it SELECT, INSERT, UPDATE and DELETE on them."),
        )
    used = plural("1 machine uses it", "{count:count} machines use it", facts.machines)
    difference = abs(case.wall() - facts.now)
    if difference > _TOLERANCE:
        return warning(
            msg(
                "{what}; its clock differs from this machine's by {time:duration}",
                what=used,
                time=difference,
            ),
            msg("Nothing depends on it, but set the clock that is wrong."),
        )
    return ok(used)
