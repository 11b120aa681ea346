"""How many requests to HrFlow each account may make now: uploads, confirmations and follow-ups.

With a shared ledger, machines share the limits that an account has: requests per minute and
simultaneous uploads. Places are taken from the ledger as there is work, a few at a time, and given
back when their requests have ended (those of a minute, when it is over). All machines together
never have more than the limit, and each keeps to its share by its :class:`RateLimiter`. Where
places are scarce, each machine that wants some ends up with an equal part.
"""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.hrflow.rate_limiter import RateLimiter
from watcher.model.holds import answered_keys
from watcher.model.kinds import APPROVABLE, Limit
from watcher.model.ledger import Renewed, Share, TakeShare, Unreachable, limit_fingerprint
from watcher.model.settings import WhenUnreachable
from watcher.model.uploads import Uncertain, Wait
from watcher.pipeline.follow_up import share_limits
from watcher.pipeline.messages import ClockJump, Drain, Reachability, ReleaseHold, Resume, Retry
from watcher.pipeline.stage import Context, Handlers, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.model.uploads import Job
    from watcher.pipeline.messages import Configure

#: Seconds for which a busy server may still read the request of a program that was killed.
_LATE: Final = 10.0

#: Places for a minute's requests that are taken at once: up to this many, or a part of the limit.
_BATCH: Final = 16
_PART: Final = 8

#: Seconds until places are asked for again where there are too few.
_AGAIN: Final = 1.0


class Use(enum.Enum):
    """What a request is for, which decides the limits it counts for."""

    UPLOAD = "upload"
    CONFIRM = "confirm"  # whether an uncertain upload has arrived; in an upload's place
    FOLLOW_UP = "follow-up"  # what became of an upload; beside the uploads, from a share of its own


#: What a request is about: a file, an account's source, or that source's profiles.
Subject = int | tuple[str, ...]


class _Account(Struct):
    """The limits of one account; ``follow_ups`` is None until its follow-ups are limited.

    ``is_write_only``: its key cannot be used for follow-ups, as far as known.
    """

    requests: RateLimiter
    follow_ups: RateLimiter | None = None
    has_follow_ups: bool = False
    is_write_only: bool = False


class Budget(Stage):
    """Decides how many requests each account may make now."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        # Of every account there has been: one that comes back may still have requests under way.
        self._all: dict[str, _Account] = {}
        self._accounts: dict[str, _Account] = {}  # of those that are in the settings
        self._is_draining = False
        #: Subject → its request in the journal, where requests a minute are limited.
        self._requests: dict[Subject, int] = {}
        self._offline: dict[str, float] = {}  # account → since when it cannot be reached
        self._offline_since = 0.0  # as it was published
        self._looked_at = 0.0  # on the clock's ``tick``

    def handlers(self) -> Handlers:
        """Return the handlers of what changes the limits."""
        return {
            Resume: self._resume,
            ClockJump: self._wake,
            Retry: self._wake,
            ReleaseHold: self._wake,
            Drain: self._drain,
        }

    def work(self) -> None:
        """End a pause whose time is over, and let one file of each due cause try again."""
        now, self._looked_at = self._clock.wall(), self._clock.tick()
        if self._journal.facts.paused_until() <= now:
            self._journal.facts.pause(0.0)
        if not self._is_closed():
            for hold in self._journal.holds.active():
                if 0 < hold.due_at <= now:
                    self._journal.holds.probe(hold, now, self._plans)
        offline_since = min(self._offline.values(), default=0.0)
        if offline_since != self._offline_since:
            self._offline_since = offline_since
            self._publish(Reachability(offline_since))

    def next_due(self) -> float | None:
        """When a pause or a minute ends."""
        if paused_until := self._journal.facts.paused_until():
            ends = self._clock.tick() + max(0.0, paused_until - self._clock.wall())
            return None if ends == math.inf else ends
        limits = [each.requests for each in self._accounts.values()]
        limits += [each.follow_ups for each in self._accounts.values() if each.follow_ups]
        times = (limit.next_start(self._looked_at) for limit in limits)
        return min((at for at in times if at is not None and at > self._looked_at), default=None)

    # -- what may start

    @property
    def accounts(self) -> Iterable[str]:
        """The accounts in the settings."""
        return self._accounts.keys()

    def has_follow_ups(self, account: str) -> bool:
        """Whether an account is in the settings and can ask what became of uploads."""
        limits = self._accounts.get(account)
        return limits is not None and limits.has_follow_ups and not limits.is_write_only

    def note_write_only(self, account: str) -> None:
        """Let an account ask nothing until its key may be another one."""
        self._all[account].is_write_only = True

    def free(self, account: str) -> int:
        """How many uploads or confirmations may start now."""
        return 0 if self._is_closed() else self._accounts[account].requests.free(self._clock.tick())

    def capacity(self, account: str) -> int:
        """How many uploads this machine could run at once, under way or not; 0 while none."""
        limits = self._accounts[account].requests
        if self._is_closed() or self._clock.tick() < limits.paused_until:
            return 0
        return 1 if limits.failures else limits.limit

    def places(self, account: str) -> int:
        """How many of these other machines leave it."""
        capacity = self.capacity(account)
        return min(capacity, self.shares(account).get(Limit.AT_ONCE, capacity))

    def use(self, account: str, limit: Limit) -> int:
        """How many requests count towards a limit now."""
        requests = self._accounts[account].requests
        return requests.running if limit is Limit.AT_ONCE else requests.used(self._clock.tick())

    def shares(self, account: str) -> dict[Limit, int]:
        """This machine's shares of limits that others share; to be changed by :class:`Shares`."""
        return self._accounts[account].requests.shares

    def free_follow_ups(self, account: str) -> int:
        """How many follow-ups may start now: of the share, and never what an upload waits for."""
        limits, tick = self._accounts[account], self._clock.tick()
        if limits.follow_ups is None or not self.has_follow_ups(account) or self._is_closed():
            return 0
        if not (wanted := limits.follow_ups.free(tick)):
            return 0
        free = limits.requests.free_follow_ups(tick)
        if free is None:
            return wanted
        if free and self._journal.queues.due_jobs(account, self._clock.wall(), 1, self._plans):
            return 0
        return min(free, wanted)

    def is_failing(self, account: str) -> bool:
        """Whether follow-ups have failed last: then one upload's goes first."""
        follow_ups = self._accounts[account].follow_ups
        return follow_ups is not None and follow_ups.failures > 0

    # -- what has started and ended

    def begin(self, account: str, subject: Subject, use: Use) -> None:
        """Count a request that is about to start."""
        limits, is_follow_up = self._all[account], use is Use.FOLLOW_UP
        limits.requests.start(is_follow_up=is_follow_up)
        if is_follow_up and limits.follow_ups:
            limits.follow_ups.start()
        if limits.requests.per_minute:
            request = self._journal.queues.begin_request(account, self._clock.wall())
            self._requests[subject] = request

    def end(self, account: str, subject: Subject, use: Use, outcome: object) -> None:
        """Note how a request has ended."""
        now, tick, jitter = self._clock.wall(), self._clock.tick(), self._clock.jitter()
        limits, is_follow_up = self._all[account], use is Use.FOLLOW_UP
        if request := self._requests.pop(subject, 0):
            self._journal.queues.end_request(request, now)
        limits.requests.end(
            outcome, tick, jitter, is_follow_up=is_follow_up, is_confirmation=use is Use.CONFIRM
        )
        if is_follow_up and limits.follow_ups:
            limits.follow_ups.end(outcome, tick, jitter)
        if isinstance(outcome, Wait | Uncertain) and outcome.offline:
            if not is_follow_up and account in self._accounts:
                self._offline.setdefault(account, now)
        elif isinstance(outcome, Uncertain):
            pass  # nothing was heard of HrFlow
        elif self._offline.pop(account, 0.0):  # what has waited for this waits no longer
            self._journal.queues.retry_now(account, now)

    def release_holds(self, job: Job) -> None:
        """An answer about the file itself: the account and its key are fine, so is the source."""
        for key in answered_keys(job.account, job.source_key):  # it says nothing of other causes
            if self._journal.holds.is_held(key):
                self._journal.holds.release(key, self._clock.wall())

    # -- inside

    def configure(self, message: Configure) -> None:
        """Use new limits, and try again what was held back."""
        super().configure(message)
        before, self._accounts = self._accounts, {}
        for account in message.config.accounts:
            per_minute, share = account.max_requests_per_minute, account.follow_up_share
            limits = self._all.get(account.name)
            if limits is None:
                limits = self._all[account.name] = _Account(RateLimiter(account.parallel_uploads))
                limits.requests.count_earlier(self._recent_requests(account.name))
            limits.requests.configure(account.parallel_uploads, per_minute)
            limits.has_follow_ups = share > 0
            if share > 0 and limits.follow_ups is None:
                limits.follow_ups = RateLimiter(*share_limits(per_minute, share))
                if per_minute:
                    limits.follow_ups.count_earlier(self._recent_requests(account.name))
            elif share > 0 and limits.follow_ups is not None:
                limits.follow_ups.configure(*share_limits(per_minute, share))
            self._accounts[account.name] = limits
        self._offline = {name: at for name, at in self._offline.items() if name in self._accounts}
        if before:  # changed settings mend what held files back, or try to
            self._resume()
        else:  # and so they may have done while nothing ran: one file of each cause finds out
            for hold in self._journal.holds.active():
                if hold.cause not in APPROVABLE:
                    self._journal.holds.probe_soon(hold.key, self._clock.wall())

    def _resume(self, _message: object = None) -> None:
        """Try everything at once, whatever was found before."""
        now = self._clock.wall()
        self._wake()
        for name, limits in self._accounts.items():
            limits.is_write_only = False
            self._journal.queues.retry_now(name, now)
        for hold in self._journal.holds.active():
            if hold.cause not in APPROVABLE:
                self._journal.holds.release(hold.key, now)

    def _wake(self, _message: object = None) -> None:
        """End all waiting after failures: the network may be another one by now."""
        for limits in self._accounts.values():
            limits.requests.resume()
            if limits.follow_ups:
                limits.follow_ups.resume()

    def _drain(self, _message: Drain) -> None:
        self._is_draining = True

    def _is_closed(self) -> bool:
        """Whether no request may start now."""
        return self._is_draining or self._journal.facts.paused_until() > 0

    def _recent_requests(self, account: str) -> list[float]:
        """When the last run's requests ended, on the clock's ``tick``."""
        now, tick = self._clock.wall(), self._clock.tick()
        recent = self._journal.queues.recent_requests(account)
        # What never ended was under way when the last run ended, perhaps just now.
        return [tick - max(0.0, now - at) if at else tick + _LATE for at in recent]


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
        return {Renewed: self._note_lease, Unreachable: self._note_loss, Share: self._note_share}

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
            self._tell(TakeShare(fingerprint, used, wanted, limit.most))

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

    def _note_share(self, message: Share) -> None:
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
