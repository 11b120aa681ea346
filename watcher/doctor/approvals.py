"""What waits for a person's approval, and how much of each monthly limit is used."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from watcher.doctor.findings import CONFIG, Check, ok, warning
from watcher.i18n.message import msg, plural
from watcher.journal.reader import Reader
from watcher.model.approvals import month_of
from watcher.model.settings import for_account
from watcher.present.status import needs_approval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.findings import Case, Finding
    from watcher.model.settings import Account
    from watcher.model.snapshot import ActiveHold


def checks(case: Case) -> Iterator[Check]:
    """Yield the check, which finds nothing where nothing waits and nothing is limited."""
    if case.loaded is not None and case.places.has_journal:
        limited = [each for each in case.loaded.config.accounts if each.monthly_limit]
        yield Check("approvals", msg("Approvals"), partial(_check, case, limited), needs=[CONFIG])


def _check(case: Case, limited: Sequence[Account]) -> Sequence[Finding]:
    with closing(Reader(case.places.journal)) as reader:
        asked = [hold for hold in reader.held() if needs_approval(hold)]
        now = case.wall()
        used = {each.account: each.uploads for each in reader.months(now, 1)
                if each.month == month_of(now)}  # fmt: skip
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
