"""What waits for a person's approval: files that were there first, bursts, uploads above a limit.

Such files are held; no other file waits for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher import documents
from watcher.i18n.message import NOTHING
from watcher.model.entries import Stat
from watcher.model.files import ScanEnded
from watcher.model.holds import (
    APPROVED,
    Arrivals,
    burst_key,
    existing_key,
    hold_key,
    month_end,
    month_of,
    uploads_left,
)
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import Step
from watcher.model.reasons import (
    EXISTING_WAITS,
    burst_why,
    existing_notice,
    existing_why,
    monthly_limit_why,
)
from watcher.model.settings import Existing, for_account
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.routing.rules import opened

if TYPE_CHECKING:
    from watcher.model.files import Candidate, Known
    from watcher.pipeline.messages import Configure
    from watcher.routing.rules import Plan

#: How many existing files are uploaded without asking.
EXISTING_LIMIT: Final = 100


class ExistingFiles(Stage):
    """Files that were there before their folder was watched: its first scan finds them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        #: Folders whose first scan is not over.
        self.scanning: set[str] = set()
        self._folders: set[str] = set()  # folders with files that were there first

    def handlers(self) -> Handlers:
        """Return the handler of scans that are over."""
        return {ScanEnded: self._end_scan}

    def configure(self, message: Configure) -> None:
        """Use new plans; with ``import_all``, existing files are treated as if they came later."""
        super().configure(message)
        plans, import_all = message.plans, message.import_all
        self.scanning = {
            path for path in plans if not import_all and not self._journal.folders.scanned(path)
        }
        self._folders = {
            path
            for path in plans
            if path in self.scanning or self._journal.holds.has_caused(existing_key(path))
        }
        for path, plan in plans.items():
            if self._are_skipped(plan):  # those that wait for approval as well
                self._journal.approvals.skip_existing(existing_key(path), self._clock.wall())

    def keep_back(self, plan: Plan, candidate: Candidate) -> None:
        """Note a file that the first scan has found."""
        if candidate.stat is None or self._journal.names.find(candidate.folder, candidate.path):
            return
        skipped = self._are_skipped(plan)
        self._journal.files.add(
            candidate,
            _with_inode(candidate, candidate.stat),
            self._clock.wall(),
            State.BASELINE if skipped else State.HELD,
            existing_key(candidate.folder),
            NOTHING if skipped else EXISTING_WAITS,
        )

    def adopt_if_renamed(self, candidate: Candidate, stat: Stat) -> bool:
        """Give its new name to a file that was there first; return whether this is one."""
        if candidate.folder not in self._folders:
            return False
        key, now = existing_key(candidate.folder), self._clock.wall()
        stat = _with_inode(candidate, stat)
        for file_id, path, state in self._journal.names.held_as(stat, key):
            if state is State.GONE and not self._journal.holds.is_held(key):
                continue
            if path != candidate.path and documents.is_at(candidate.folder, path, stat):
                continue
            if state is State.GONE:  # the old name was missed before the new one was found
                self._journal.files.step(file_id, Step(State.NOTICED), now)
                self._journal.files.step(file_id, Step(State.HELD, EXISTING_WAITS), now, cause=key)
            self._journal.names.rename(file_id, candidate)
            return True
        return False

    def _end_scan(self, message: ScanEnded) -> None:
        # A directory that cannot be read must not keep a first scan from ending for ever.
        if message.folder in self.scanning and not message.is_partial:
            self._end_first_scan(message.folder)
        self._publish(message)

    def _end_first_scan(self, folder: str) -> None:
        """Upload the files that were there if they are few, else ask."""
        now, key = self._clock.wall(), existing_key(folder)
        self.scanning.discard(folder)
        self._journal.folders.set_scanned(folder, now)
        if not self._journal.holds.has_caused(key):
            self._folders.discard(folder)
        waiting = self._journal.holds.count(key)
        if not waiting:
            return
        settings = self._plans[folder].folder
        limit = min(EXISTING_LIMIT, settings.ask_above or EXISTING_LIMIT)
        if settings.existing is Existing.UPLOAD and waiting <= limit:
            self._journal.approvals.release(key, now)
            return
        self._journal.holds.hold_for_approval(key, Cause.EXISTING, existing_why(folder), now)
        endings = [each.extension for each in opened(settings)]
        self._journal.approvals.open_existing(key, endings, now)
        self._publish(existing_notice(waiting, folder))

    def holds(self, known: Known | None, folder: str) -> bool:
        """Whether a file is read before its approval, for the documents inside to count."""
        return (
            known is not None
            and known.state is State.NOTICED
            and known.cause == existing_key(folder)
        )

    def hold(self, file_id: int, folder: str) -> None:
        """Let a file that is noticed wait for approval with those that were there first."""
        key, now = existing_key(folder), self._clock.wall()
        self._journal.files.step(file_id, Step(State.HELD, EXISTING_WAITS), now, cause=key)
        if not self._journal.holds.is_held(key):  # the others were ignored meanwhile
            self._journal.holds.hold_for_approval(key, Cause.EXISTING, existing_why(folder), now)

    def _are_skipped(self, plan: Plan) -> bool:
        # Which files were skipped is lost with a journal: only the user knows.
        return plan.folder.existing is Existing.SKIP and not self._journal.facts.is_rebuilt()


def _with_inode(candidate: Candidate, stat: Stat) -> Stat:
    """Return ``stat`` with device and inode, which a scan does not bring on every system."""
    found = stat if stat.inode else documents.stat_file(candidate.folder, candidate.path)
    return found if isinstance(found, Stat) else stat


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

    def admit(self, file_id: int, folder: str, cause: str) -> bool:
        """Count a file; return whether it may be queued or has to wait for approval.

        Those that came shortly before one that makes a burst are held at once.
        ``cause`` is what held it before, "" if nothing did.
        """
        key, plan = burst_key(folder), self._plans[folder]
        if cause == APPROVED or plan.is_imported or not self._asks:
            return True
        if self._journal.holds.is_held(key):
            return False
        return cause == key or not self._hold_if_burst(file_id, folder, plan.folder.ask_above)

    def at_most(self, account: str, uploads: int) -> int:
        """Return how many of ``uploads`` may start within the monthly limit."""
        if account not in self._limits or not uploads:
            return uploads
        under_way = self._journal.queues.in_flight(account)
        return min(uploads, max(0, self._left(account, self._clock.wall()) - under_way))

    # -- inside

    def _hold_if_burst(self, file_id: int, folder: str, limit: int) -> bool:
        """Count a new file; if it makes a burst, hold those that came with it and return True."""
        now, tick, arrivals = self._clock.wall(), self._clock.tick(), self._arrivals[folder]
        arrivals.add(file_id, tick)
        if not arrivals.exceed(limit, tick):
            return False
        key, earlier = burst_key(folder), arrivals.take_all()
        if now < self._journal.approvals.approved_until(folder):
            return False
        self._journal.approvals.hold_unsent(earlier, key, now)
        why = burst_why(folder, limit)
        self._journal.holds.hold_for_approval(key, Cause.BURST, why, now)
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
