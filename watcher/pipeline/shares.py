"""This machine's shares of the limits that an account has over all machines.

The limits are requests per minute and simultaneous uploads. Places are taken from the shared ledger
as there is work, a few at a time, and given back when their requests have ended (those of a minute,
when it is over). All machines together never have more than the limit, and each keeps to its share
by :class:`watcher.hrflow.rate_limiter.RateLimiter`. Where places are scarce, each machine that
wants some ends up with an equal part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.model.kinds import Limit
from watcher.model.ledger import Places, Renewed, TakePlaces, Unreachable, limit_fingerprint
from watcher.model.settings import WhenUnreachable
from watcher.pipeline.stage import Context, Handlers, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.pipeline.budget import Budget
    from watcher.pipeline.messages import Configure

#: The most places for a minute's requests that are taken at once: so many, or a part of the limit.
_BATCH: Final = 16
_PART: Final = 8

#: Seconds until places are asked for again where there are too few.
_AGAIN: Final = 1.0


class _Shared(Struct):
    """A limit that is shared.

    ``ask_at`` (on the clock's ``tick``): when to ask again; None: when the need changes.
    """

    account: str
    kind: Limit
    most: int
    is_asked: bool = False
    ask_at: float | None = None


class Shares(Stage):
    """Takes places when there is work, and gives them back."""

    def __init__(self, context: Context, budget: Budget, tell: Callable[[object], None]) -> None:
        """``tell`` hands a message of ``watcher.model.ledger`` to the ledger's thread."""
        super().__init__(context)
        self._budget = budget
        self._tell = tell
        self._limits: dict[bytes, _Shared] = {}  # by their fingerprints
        self._until = 0.0  # when the lease ends, on the clock's ``tick``
        self._is_strict = True  # nothing is sent without the ledger

    def handlers(self) -> Handlers:
        """Return the handlers of what the ledger says."""
        return {Renewed: self._note_lease, Unreachable: self._note_loss, Places: self._note_places}

    def configure(self, message: Configure) -> None:
        """Share the limits of these accounts from now on, if there is a ledger."""
        super().configure(message)
        ledger = message.config.ledger
        self._is_strict = ledger.when_unreachable is WhenUnreachable.HOLD
        self._limits = {
            limit_fingerprint(each.api_url, each.email, kind): _Shared(each.name, kind, most)
            for each in message.config.accounts
            for kind, most in (
                (Limit.MINUTE, each.max_requests_per_minute),
                (Limit.AT_ONCE, ledger.parallel_uploads),
            )
            if ledger.url and most
        }
        for account in self._budget.accounts:
            self._budget.shares(account).clear()
        self._begin()

    def work(self) -> None:
        """Ask for as many places as are used or soon needed."""
        tick, now = self._clock.tick(), self._clock.wall()
        if tick >= self._until:
            return
        for fingerprint, limit in self._limits.items():
            if limit.is_asked or (limit.ask_at is not None and tick < limit.ask_at):
                continue
            used = self._budget.use(limit.account, limit.kind)
            wanted = min(limit.most, used + self._needed(limit, now))
            shares = self._budget.shares(limit.account)
            share = shares.get(limit.kind)
            is_due, limit.ask_at = limit.ask_at is not None, None
            if wanted == share and not (is_due and wanted):
                continue
            if share is not None and wanted < share:  # given up at once: others may have them soon
                shares[limit.kind] = wanted
            limit.is_asked = True
            self._tell(TakePlaces(fingerprint, used, wanted, limit.most))

    def next_due(self) -> float | None:
        """When places are asked for again."""
        if self._clock.tick() >= self._until:
            return None
        waiting = (each.ask_at for each in self._limits.values() if not each.is_asked)
        return min((at for at in waiting if at is not None), default=None)

    def _needed(self, limit: _Shared, now: float) -> int:
        """Return how many more requests are to be made soon."""
        account = limit.account
        room = self._budget.capacity(account)
        due = len(self._journal.queues.due_jobs(account, now, room, self._plans)) if room else 0
        if limit.kind is Limit.AT_ONCE and due:
            return min(due, max(0, room - self._budget.use(account, limit.kind)))
        if due:
            return max(1, min(_BATCH, limit.most // _PART))
        if self._journal.queues.uncertain_jobs(account, now, 1):
            return 1
        is_due = limit.kind is Limit.MINUTE and self._journal.follow_ups.due(account, now, 1)
        return 1 if is_due else 0

    def _note_places(self, message: Places) -> None:
        limit = self._limits.get(message.limit)
        if limit is not None:
            limit.is_asked = False
            limit.ask_at = self._clock.tick() + _AGAIN if message.is_scarce else None
            self._budget.shares(limit.account)[limit.kind] = message.places

    def _note_lease(self, message: Renewed) -> None:
        self._until = message.until
        if message.is_new:
            self._begin()
        for limit in self._limits.values():
            limit.ask_at = self._clock.tick()  # others may want some by now

    def _note_loss(self, _message: Unreachable) -> None:
        self._until = 0.0
        if not self._is_strict:  # then each machine has the whole limit
            for limit in self._limits.values():
                self._budget.shares(limit.account).pop(limit.kind, None)

    def _begin(self) -> None:
        """Start over: nothing was asked for, and nothing is ours until the ledger says so."""
        for limit in self._limits.values():
            limit.is_asked = False
            if self._is_strict:
                self._budget.shares(limit.account).setdefault(limit.kind, 0)
