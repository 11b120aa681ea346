"""This machine's share of the requests a minute that an account may make over all machines.

Places are taken from the shared ledger as there is work, a few at a time, and go back a minute
after their requests have ended. All machines together never have more than the limit, and each
keeps to its own by :class:`watcher.hrflow.rate_limiter.RateLimiter`; so no minute sees more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher.model.ledger import Places, Renewed, TakePlaces, account_fingerprint
from watcher.model.settings import WhenUnreachable
from watcher.pipeline.stage import Context, Handlers, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.pipeline.budget import Budget
    from watcher.pipeline.messages import Configure

#: Places taken at once, at most, and as a part of the limit: others need some, too.
_BATCH: Final = 16
_PART: Final = 8

#: Seconds until more places are asked for, where there were too few.
_AGAIN: Final = 1.0


class Shares(Stage):
    """Takes places when uploads are due, and gives them back."""

    def __init__(self, context: Context, budget: Budget, tell: Callable[[object], None]) -> None:
        """``tell`` hands a message of ``watcher.model.ledger`` to the ledger's thread."""
        super().__init__(context)
        self._budget = budget
        self._tell = tell
        self._fingerprints: dict[str, bytes] = {}  # of accounts with a limit that is shared
        self._asked: set[str] = set()  # accounts for which an answer is still to come
        self._until = 0.0  # when the lease ends, on the clock's ``tick``
        self._again_at: dict[str, float] = {}  # account → when to ask again, likewise

    def handlers(self) -> Handlers:
        """Return the handlers of what the ledger says."""
        return {Renewed: self._note_lease, Places: self._note_places}

    def configure(self, message: Configure) -> None:
        """Share the limits of these accounts from now on, if there is a ledger to hold to."""
        super().configure(message)
        ledger = message.config.ledger
        # Without an answer of the ledger each machine has the whole limit, if people want so.
        is_strict = ledger.when_unreachable is WhenUnreachable.HOLD
        self._fingerprints = {
            each.name: account_fingerprint(each.api_url, each.email)
            for each in message.config.accounts
            if ledger.url and each.max_requests_per_minute
        }
        self._asked.clear()
        for account in self._budget.accounts:
            is_shared = account in self._fingerprints and is_strict
            self._budget.set_share(account, 0 if is_shared else None)

    def work(self) -> None:
        """Ask for as many places as are used or soon needed."""
        tick, now = self._clock.tick(), self._clock.wall()
        for account, fingerprint in self._fingerprints.items():
            if account in self._asked or tick < self._again_at.get(account, 0.0):
                continue
            self._again_at.pop(account, None)
            limit, used = self._budget.use_of_minute(account)
            wanted = min(limit, used + self._needed(account, limit, now))
            share = self._budget.share(account)
            if tick >= self._until or wanted == share:
                continue
            if share is not None and wanted < share:  # at once: others may have them soon
                self._budget.set_share(account, wanted)
            self._asked.add(account)
            self._tell(TakePlaces(account, fingerprint, wanted, limit))

    def next_due(self) -> float | None:
        """When more places are asked for, where there were too few."""
        return min(self._again_at.values(), default=None)

    def _needed(self, account: str, limit: int, now: float) -> int:
        """Return how many requests are to be made soon."""
        if self._journal.queues.due_jobs(account, now, 1, self._plans):
            return max(1, min(_BATCH, limit // _PART))
        asks = self._journal.queues.uncertain_jobs(account, now, 1)
        return 1 if asks or self._journal.follow_ups.due(account, now, 1) else 0

    def _note_places(self, message: Places) -> None:
        account, places = message.account, message.places
        self._asked.discard(account)
        if account in self._fingerprints:
            self._budget.set_share(account, places)
            _, used = self._budget.use_of_minute(account)
            if places <= used:  # none is free: others have them
                self._again_at[account] = self._clock.tick() + _AGAIN

    def _note_lease(self, message: Renewed) -> None:
        self._until = message.until
        if message.is_new:
            self._asked.clear()
