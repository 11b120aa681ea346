"""From the queue to HrFlow: how many requests may be made now, and what an upload's answer means.

:class:`Budget` counts all requests, those of :mod:`watcher.pipeline.tracker` too.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher import documents
from watcher.hrflow.rate_limiter import RateLimiter
from watcher.i18n.message import msg
from watcher.model.follow_ups import SourceFacts
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import Step, after, hold_key, hold_keys
from watcher.model.uploads import (
    Accepted,
    Altered,
    Held,
    NoSync,
    Parsed,
    Refused,
    Uncertain,
    Wait,
)
from watcher.pipeline.follow_up import share_limits
from watcher.pipeline.messages import (
    Arrived,
    ClockJump,
    Connection,
    Drain,
    Finished,
    Queued,
    Release,
    Resume,
    Retry,
)
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.routing.rules import asks_for_sync, may_lead_to, without_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import BinaryIO

    from watcher.model.uploads import Job, Outcome
    from watcher.pipeline.messages import Configure
    from watcher.pipeline.stage import Transport
    from watcher.routing.rules import Plan

#: Seconds for which it counts what HrFlow said of a source.
_FRESH: Final = 86400.0


class Use(enum.Enum):
    """What a request is for, which decides the limits it counts for."""

    UPLOAD = "upload"
    CHECK = "check"  # whether an uncertain upload has arrived; in an upload's place
    FOLLOW_UP = "follow-up"  # what became of an upload; beside the uploads, from a share of its own


#: What a request is about: a file, or an account's source.
Subject = int | tuple[str, str]


@dataclass(slots=True)
class _Account:
    """The limits of one account; ``follow_ups`` is None until its follow-ups are limited."""

    requests: RateLimiter
    follow_ups: RateLimiter | None = None
    has_follow_ups: bool = False


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
            Release: self._wake,
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
            self._publish(Connection(offline_since))

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
        """Whether an account is in the settings and may ask what became of uploads."""
        return account in self._accounts and self._accounts[account].has_follow_ups

    def free(self, account: str) -> int:
        """How many uploads or checks may start now."""
        return 0 if self._is_closed() else self._accounts[account].requests.free(self._clock.tick())

    def places(self, account: str) -> int:
        """How many uploads may run at once, under way or not; 0 while none may start."""
        limits = self._accounts[account].requests
        if self._is_closed() or self._clock.tick() < limits.paused_until:
            return 0
        return 1 if limits.failures else limits.limit

    def use_of_minute(self, account: str) -> tuple[int, int]:
        """Return the limit of requests a minute, and how many the last minute had."""
        requests = self._accounts[account].requests
        return requests.per_minute, requests.used(self._clock.tick())

    def share(self, account: str) -> int | None:
        """Return this machine's share of the requests a minute; None if it has all."""
        return self._accounts[account].requests.share

    def set_share(self, account: str, share: int | None) -> None:
        """Give this machine another share of the requests a minute."""
        self._accounts[account].requests.share = share

    def free_follow_ups(self, account: str) -> int:
        """How many follow-ups may start now: of the share, and never what an upload waits for."""
        limits, tick = self._accounts[account], self._clock.tick()
        if limits.follow_ups is None or not limits.has_follow_ups or self._is_closed():
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
            outcome, tick, jitter, is_follow_up=is_follow_up, is_check=use is Use.CHECK
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
        for key in hold_keys(job.account, job.source_key):
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
                if hold.cause is not Cause.EXISTING:
                    self._journal.holds.probe_soon(hold.key, self._clock.wall())

    def _resume(self, _message: object = None) -> None:
        """Try everything at once, whatever was found before."""
        now = self._clock.wall()
        self._wake()
        for name in self._accounts:
            self._journal.queues.retry_now(name, now)
        for hold in self._journal.holds.active():
            if hold.cause is not Cause.EXISTING:
                self._journal.holds.release(hold.key, now)

    def _wake(self, _message: object = None) -> None:
        """End all waiting after failures: the network may be another one by now."""
        for limits in self._accounts.values():
            limits.requests.resume()
            if limits.follow_ups:
                limits.follow_ups.resume()

    def _drain(self, message: Drain) -> None:
        self._is_draining = message.on

    def _is_closed(self) -> bool:
        """Whether no request may start now."""
        return self._is_draining or self._journal.facts.paused_until() > 0

    def _recent_requests(self, account: str) -> list[float]:
        """When the last run's requests ended, on the clock's ``tick``."""
        now, tick = self._clock.wall(), self._clock.tick()
        recent = self._journal.queues.recent_requests(account)
        # Of what never ended it is taken that it ended just now, with the last run.
        return [tick - max(0.0, now - at) if at else tick for at in recent]


class Sources:
    """What HrFlow says of sources, by account and source key."""

    def __init__(self, context: Context) -> None:
        self._journal = context.journal
        self._clock = context.clock
        self._publish = context.publish
        self._known = context.journal.follow_ups.sources()
        self._is_configured = False
        self._wanted: dict[tuple[str, str], None] = {}
        self._asked: set[tuple[str, str]] = set()  # and not answered yet
        self._warned: set[tuple[str, str]] = set()  # so that not every upload asks the journal

    def configure(self) -> None:
        """Forget which sources do not allow sync_parsing, unless the program has just started."""
        if self._is_configured:
            for key, (facts, _) in self._known.items():
                self._known[key] = SourceFacts(facts.name), 0.0
        self._is_configured = True

    def note_use(self, account: str, source_key: str) -> None:
        """Have a source asked for, unless it is known, as something was sent there."""
        key = account, source_key
        if key not in self._asked and self._clock.wall() - self._facts(key)[1] >= _FRESH:
            self._wanted[key] = None

    def take(self, account: str) -> str:
        """Return the key of a source that is to be asked for; "" if there is none."""
        found = next((key for key in self._wanted if key[0] == account), None)
        if found is None:
            return ""
        del self._wanted[found]
        self._asked.add(found)
        return found[1]

    def note_answer(self, account: str, source_key: str, answer: object) -> None:
        """Note what HrFlow says of a source, which it is asked for once a day."""
        key = account, source_key
        self._asked.discard(key)
        if isinstance(answer, Wait):
            self.note_use(account, source_key)
        else:
            self._note(key, answer if isinstance(answer, SourceFacts) else self._facts(key)[0])

    def note_no_sync(self, account: str, source_key: str) -> None:
        """A source has refused synchronous parsing."""
        key = account, source_key
        self._note(key, SourceFacts(self._facts(key)[0].name, sync_parsing=False))

    def forbids_sync(self, account: str, source_key: str) -> bool:
        """Whether a source is known not to allow synchronous parsing, of which people are told."""
        key = account, source_key
        facts, since = self._facts(key)
        now = self._clock.wall()
        if facts.sync_parsing is not False or now - since >= _FRESH:
            return False
        if key not in self._warned and self._journal.facts.set_notified(_no_sync(key), now):
            self._publish(
                msg(
                    "The source {source} doesn't allow sync_parsing, so uploads continue "
                    "without it. Ask HrFlow support or an admin to allow it.",
                    source=facts.name or source_key,
                )
            )
        self._warned.add(key)
        return True

    def _facts(self, key: tuple[str, str]) -> tuple[SourceFacts, float]:
        """What is known of a source, and since when."""
        return self._known.get(key, (SourceFacts(""), -math.inf))

    def _note(self, key: tuple[str, str], facts: SourceFacts) -> None:
        now = self._clock.wall()
        self._known[key] = facts, now
        if facts.sync_parsing:
            self._warned.discard(key)
            self._journal.facts.clear_notified(_no_sync(key))
        self._journal.follow_ups.note_source(*key, facts, now)


def _no_sync(key: tuple[str, str]) -> str:
    """The name under which the journal remembers that people were told."""
    return f"no sync_parsing: {key[1]} of {key[0]}"


def is_outdated(job: Job, plans: Mapping[str, Plan]) -> bool:
    """Return whether an upload's folder no longer sends anything to its account and source."""
    plan = plans.get(job.folder)
    return plan is not None and not may_lead_to(plan.folder, job.account, job.source_key)


@dataclass(frozen=True, slots=True)
class UploadDone:
    """An upload has ended."""

    job: Job
    outcome: Outcome


class Uploads(Stage):
    """Sends what is queued, as far as the budget and the shared ledger allow."""

    def __init__(
        self,
        context: Context,
        transport: Transport,
        budget: Budget,
        sources: Sources,
        take: Callable[[str, float, int], list[Job]],
    ) -> None:
        """``take`` is :meth:`watcher.pipeline.claims.Claims.take`."""
        super().__init__(context)
        self._take = take
        self._transport = transport
        self._budget = budget
        self._sources = sources
        self._handles: dict[int, BinaryIO] = {}
        self._starting: list[Job] = []
        self._running = 0

    def handlers(self) -> Handlers:
        """Return the handlers of what is queued and of uploads that have ended."""
        return {
            Queued: self._keep_handle,
            UploadDone: self._note_outcome,
        }

    @property
    def running(self) -> int:
        """How many uploads are under way."""
        return self._running

    def work(self) -> None:
        """Note which uploads are about to start."""
        now = self._clock.wall()
        for account in self._budget.accounts:
            if not (free := self._budget.free(account)):
                continue
            begun: set[tuple[str, str]] = set()
            for job in self._take(account, now, free):
                if (job.source_key, job.reference) in begun:
                    continue  # of those that share a reference one goes at a time
                begun.add((job.source_key, job.reference))
                self._journal.files.step(job.file_id, Step(State.UPLOADING), now)
                self._budget.begin(account, job.file_id, Use.UPLOAD)
                forbids = asks_for_sync(job) and self._sources.forbids_sync(account, job.source_key)
                self._starting.append(without_sync(job) if forbids else job)

    def start(self) -> None:
        """Start the uploads that the journal announces."""
        starting, self._starting = self._starting, []
        for job in starting:
            self._running += 1
            self._submit(job, self._handles.pop(job.file_id, None))
        self.close()

    def close(self) -> None:
        """Close the files that are not sent now: an open file cannot be renamed on Windows."""
        for handle in self._handles.values():
            handle.close()
        self._handles.clear()

    def _keep_handle(self, message: Queued) -> None:
        self._handles[message.file_id] = message.handle

    def _submit(self, job: Job, handle: BinaryIO | None) -> None:
        transport = self._transport

        def send() -> UploadDone:
            body = documents.reopen(job.folder, job.path, job.stat) if handle is None else handle
            if isinstance(body, Altered):
                return UploadDone(job, body)
            with body:
                return UploadDone(job, transport.upload(job, body))

        def failed(error: Exception) -> UploadDone:
            why = msg("The upload failed ({error}).", error=type(error).__name__)
            return UploadDone(job, Uncertain(why))

        self._workers.send(send, failed)

    def _note_outcome(self, message: UploadDone) -> None:
        self._running -= 1
        job, outcome, now = message.job, message.outcome, self._clock.wall()
        self._budget.end(job.account, job.file_id, Use.UPLOAD, outcome)
        if isinstance(outcome, Held):
            key = hold_key(outcome.cause, job.account, job.source_key)
            self._journal.files.step(job.file_id, Step(State.HELD, outcome.why), now, cause=key)
            self._journal.holds.hold(outcome.cause, job.account, job.source_key, outcome.why, now)
        else:
            step = after(outcome, job.attempt + 1, now, self._clock.jitter())
            self._journal.files.step(job.file_id, step, now)
            self._follow_outcome(job, outcome, now)
        # What is to be sent again goes where the settings lead by now.
        if isinstance(outcome, Held | Wait) and is_outdated(job, self._plans):
            self._journal.folders.route_again([job.file_id], now)

    def _follow_outcome(self, job: Job, outcome: Outcome, now: float) -> None:
        """Make the other changes that an outcome requires."""
        match outcome:
            case Accepted():
                self._emit(Arrived(job))
            case Parsed(profile):
                self._emit(Arrived(job, profile))
            case Refused():
                self._budget.release_holds(job)
                self._emit(Finished(job.file_id, job.folder))
            case Altered():
                self._journal.files.disclaim(job.file_id, now)
                for key in hold_keys(job.account, job.source_key):
                    if self._journal.holds.is_held(key):  # which this one was to find out
                        self._journal.holds.probe_soon(key, now)
            case NoSync():
                self._sources.note_no_sync(job.account, job.source_key)
            case Held() | Wait() | Uncertain():
                pass
