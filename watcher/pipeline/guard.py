"""Guards against a surprising bill: bursts of new files, and uploads above a monthly limit.

Files above a limit are held until a person approves them; no other file waits for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.model.approvals import (
    Arrivals,
    burst_why,
    month_end,
    month_of,
    monthly_limit_why,
    uploads_left,
)
from watcher.model.kinds import Cause
from watcher.model.lifecycle import APPROVED, burst_key, hold_key
from watcher.model.settings import for_account
from watcher.pipeline.stage import Context, Stage

if TYPE_CHECKING:
    from watcher.pipeline.messages import Configure


class Guard(Stage):
    """Holds uploads for approval before they exceed what the settings allow."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._limits: dict[str, int] = {}  # account → its monthly limit, if it has one
        self._arrivals: dict[str, Arrivals] = {}  # by folder, on the clock's ``tick``
        self._asks = True

    def configure(self, message: Configure) -> None:
        """Use new limits."""
        super().configure(message)
        self._asks = not message.import_all
        self._limits = {
            account.name: account.monthly_limit
            for account in message.config.accounts
            if account.monthly_limit
        }
        for path, plan in message.plans.items():
            if path not in self._arrivals:
                self._arrivals[path] = self._recent(path, plan.folder.ask_above)
            if not plan.folder.ask_above and self._journal.holds.is_held(burst_key(path)):
                self._journal.approvals.approve(burst_key(path), self._clock.wall())

    def work(self) -> None:
        """Hold uploads above a monthly limit, and release them with the next month."""
        self._journal.approvals.drop_answered(Cause.BURST)
        now = self._clock.wall()
        for hold in self._journal.holds.active():
            if hold.cause is Cause.MONTHLY_LIMIT and self._left(hold.account, now):
                self._journal.holds.release(hold.key, now)
        for account, limit in self._limits.items():
            if not self._left(account, now) and self._journal.queues.has_queued(account):
                why = monthly_limit_why(for_account(account), limit, now)
                self._journal.holds.hold(Cause.MONTHLY_LIMIT, account, "", why, now)

    def next_due(self) -> float | None:
        """When the next month begins, if uploads wait for it."""
        is_held = self._journal.holds.is_held
        if not any(is_held(hold_key(Cause.MONTHLY_LIMIT, each)) for each in self._limits):
            return None
        now = self._clock.wall()
        return self._clock.tick() + month_end(now) - now

    def admits(self, file_id: int, folder: str, cause: str) -> bool:
        """Return whether a file may be queued; if not, it waits for approval.

        ``cause`` is what held it before, "" if nothing did.
        """
        key, plan = burst_key(folder), self._plans[folder]
        if cause == APPROVED or plan.is_imported or not self._asks:
            return True
        if self._journal.holds.is_held(key):
            return False
        return cause == key or not self._begins_burst(file_id, folder, plan.folder.ask_above)

    def at_most(self, account: str, uploads: int) -> int:
        """Return how many of ``uploads`` may start within the monthly limit."""
        if account not in self._limits or not uploads:
            return uploads
        under_way = self._journal.queues.in_flight(account)
        return min(uploads, max(0, self._left(account, self._clock.wall()) - under_way))

    # -- inside

    def _begins_burst(self, file_id: int, folder: str, limit: int) -> bool:
        """Count a new file; return whether it makes a burst, and hold those that came with it."""
        now, tick, arrivals = self._clock.wall(), self._clock.tick(), self._arrivals[folder]
        arrivals.add(file_id, tick)
        if not arrivals.exceed(limit, tick):
            return False
        key, earlier = burst_key(folder), arrivals.take_all()
        if now < self._journal.approvals.approved_until(folder):
            return False
        self._journal.approvals.hold_unsent(earlier, key, now)
        why = burst_why(folder, limit)
        self._journal.holds.ask(key, Cause.BURST, why, now)
        self._publish(why)
        return True

    def _recent(self, folder: str, limit: int) -> Arrivals:
        """Return the files of the last hour that came before this run, or before this setting."""
        now, tick = self._clock.wall(), self._clock.tick()
        found = self._journal.approvals.arrivals(folder, now, limit + 1)
        return Arrivals((file_id, tick - (now - at)) for file_id, at in found)

    def _left(self, account: str, now: float) -> int:
        """Return how many uploads this month has left, those under way included; 1: no limit."""
        uploads, approved = self._journal.approvals.uploads_in(month_of(now), account)
        limit = self._limits.get(account)
        return 1 if limit is None else uploads_left(limit, approved, uploads)
