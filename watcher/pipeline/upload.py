"""From the queue to HrFlow and back: who may be sent now, and what the answer means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.hrflow.pace import Pace
from watcher.i18n.message import msg
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import CONFIRM_WINDOW, Step, after, confirmed, hold_key, hold_keys
from watcher.model.uploads import (
    Accepted,
    Altered,
    Held,
    NoSync,
    Parsed,
    Refused,
    Uncertain,
    Unknown,
    Wait,
)
from watcher.pipeline.follow_up import is_derived
from watcher.routing.rules import asks_for_sync, without_sync

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from watcher.journal.writer import Journal
    from watcher.model.files import Identified
    from watcher.model.settings import Config
    from watcher.model.uploads import Finding, Job, Outcome, Profile
    from watcher.pipeline.housekeeping import Tidying
    from watcher.pipeline.ports import Clock, Files, Plan, Transport, Workers
    from watcher.pipeline.results import Results


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload has ended."""

    job: Job
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up of an uncertain upload has ended; ``since`` as in the journal."""

    job: Job
    since: float
    finding: Finding


class Dispatch:
    """Owns the pace of each account and what is under way. One thread."""

    def __init__(
        self,
        journal: Journal,
        files: Files,
        transport: Transport,
        workers: Workers,
        clock: Clock,
        tidying: Tidying,
        results: Results,
    ) -> None:
        self._journal = journal
        self._files = files
        self._transport = transport
        self._workers = workers
        self._clock = clock
        self._tidying = tidying
        self._results = results
        self._plans: Mapping[str, Plan] = {}
        self._windows: dict[str, float] = {}  # account → seconds for which it is asked
        # Of every account there has been: one that comes back may still have requests under way.
        self._all_paces: dict[str, Pace] = {}
        self._paces: dict[str, Pace] = {}  # of those that are in the settings
        #: File → when a question about it met a server in trouble, on the clock's ``tick``.
        self._troubled_at: dict[int, float] = {}
        self._handles: dict[int, BinaryIO] = {}
        self._starting: list[Job] = []
        self._asking: dict[int, tuple[Job, float]] = {}
        self._asked: set[int] = set()
        #: File, or source that is asked for → its request, where those are counted.
        self._requests: dict[int | str, int] = {}
        self._running = 0
        self._offline: dict[str, float] = {}  # account → since when it cannot be reached

    def arm(self, config: Config, plans: Mapping[str, Plan]) -> None:
        """Use these settings from now on."""
        self._plans = plans
        self._windows = {account.name: account.confirm_seconds for account in config.accounts}
        before, self._paces = self._paces, {}
        for account in config.accounts:
            limits = account.parallel_uploads, account.max_requests_per_minute
            if pace := self._all_paces.get(account.name):
                pace.arm(*limits)
            else:
                pace = self._all_paces[account.name] = Pace(*limits)
                pace.remember(self.recent_requests(account.name))
            self._paces[account.name] = pace
        self._offline = {name: at for name, at in self._offline.items() if name in self._paces}
        if before:  # whoever changes settings mends what held files back, or tries to
            self.resume()
        else:  # and may have done so while nothing ran: one file of each cause finds out
            for hold in self._journal.holds.at_work():
                if hold.cause is not Cause.EXISTING:
                    self._journal.holds.probe_soon(hold.key, self._clock.wall())

    def recent_requests(self, account: str) -> list[float]:
        """When the last run's requests ended, on the clock's ``tick``."""
        now, tick = self._clock.wall(), self._clock.tick()
        recent = self._journal.queues.recent_requests(account)
        # Of what never ended it is taken that it ended just now, with the last run.
        return [tick - max(0.0, now - at) if at else tick for at in recent]

    @property
    def offline_since(self) -> float:
        """Since when an account cannot be reached; 0 if none is known to be so."""
        return min(self._offline.values(), default=0.0)

    @property
    def running(self) -> int:
        """How many requests are under way or about to start."""
        return self._running

    def keep_handle(self, file_id: int, found: Identified) -> None:
        """Take the handle through which a queued file was read, so that it is sent from it.

        Only what starts with the next commit is: an open file cannot be renamed on every system.
        """
        if found.handle is not None:
            self._handles[file_id] = found.handle

    def close(self) -> None:
        """Let go of the files that are not about to be sent."""
        for handle in self._handles.values():
            handle.close()
        self._handles.clear()

    def resume(self) -> None:
        """Try everything at once, whatever was found before."""
        now = self._clock.wall()
        for name, pace in self._paces.items():
            pace.resume()
            self._journal.queues.retry_now(name, now)
        for hold in self._journal.holds.at_work():
            if hold.cause is not Cause.EXISTING:
                self._journal.holds.release(hold.key, now)

    def wake(self) -> None:
        """The time has passed without us: the network may be another one by now."""
        for pace in self._paces.values():
            pace.resume()

    # -- before the commit

    def claim(self) -> None:
        """Note in the journal what is about to be sent or asked; it starts after the commit."""
        now, tick = self._clock.wall(), self._clock.tick()
        if self._is_paused(now):
            return
        for hold in self._journal.holds.at_work():
            if 0 < hold.due_at <= now:
                self._journal.holds.probe(hold, now, self._plans)
        for name, pace in self._paces.items():
            free = pace.free(tick)
            if not free:
                continue
            for job in self._journal.queues.due_jobs(name, now, free, self._plans):
                self._journal.files.step(job.file_id, Step(State.UPLOADING), now)
                self._starting.append(job)
                self._begin(job, pace, now)
            self._claim_questions(name, pace, now, tick)

    def _is_paused(self, now: float) -> bool:
        """Whether a person wants no requests now; a pause whose time is over ends here."""
        if self._journal.facts.paused_until() <= now:
            self._journal.facts.pause(0.0)
        return self._journal.facts.paused_until() > 0

    def _claim_questions(self, account: str, pace: Pace, now: float, tick: float) -> None:
        limit = pace.free(tick) and pace.parallel + len(self._asked)
        for job, since in self._journal.queues.uncertain_jobs(account, now, limit) if limit else ():
            if job.file_id not in self._asked and pace.free(tick):
                self._asking[job.file_id] = (job, since)
                self._asked.add(job.file_id)
                self._begin(job, pace, now)

    def _begin(self, job: Job, pace: Pace, now: float) -> None:
        pace.start()
        if pace.per_minute:
            self._requests[job.file_id] = self._journal.queues.begin_request(job.account, now)

    # -- requests beside the uploads

    def room_aside(self, account: str, tick: float, wanted: int) -> int:
        """How many of ``wanted`` requests may be made beside the uploads of an account.

        None while an upload waits for its place in the minute.
        """
        pace = self._paces.get(account)
        if pace is None or self._is_paused(self._clock.wall()):
            return 0
        room = pace.room(tick)
        if room is None:
            return wanted
        if room and self._journal.queues.due_jobs(account, self._clock.wall(), 1, self._plans):
            return 0
        return min(room, wanted)

    def begin_aside(self, account: str, what: int | str) -> None:
        """A request about a file or a source is made."""
        pace = self._all_paces[account]
        pace.start(aside=True)
        if pace.per_minute:
            self._requests[what] = self._journal.queues.begin_request(account, self._clock.wall())

    def end_aside(self, account: str, what: int | str, finding: object) -> None:
        """Such a request has ended."""
        self._end(account, what, finding, aside=True)

    # -- after the commit

    def start(self) -> None:
        """Start what was claimed. Call after the journal's commit."""
        starting, self._starting = self._starting, []
        for job in starting:
            self._running += 1
            self._submit(job, self._handles.pop(job.file_id, None))
        self.close()
        asking, self._asking = self._asking, {}
        for job, since in asking.values():
            self._running += 1
            self._submit_question(job, since)

    def _submit(self, job: Job, handle: BinaryIO | None) -> None:
        files, transport = self._files, self._transport
        sources = self._results.sources
        if asks_for_sync(job) and sources.forbids_sync(job.account, job.source_key):
            job = without_sync(job)

        def send() -> Sent:
            body = files.reopen(job) if handle is None else handle
            if isinstance(body, Altered):
                return Sent(job, body)
            with body:
                return Sent(job, transport.upload(job, body))

        self._workers.send(
            send,
            lambda error: Sent(
                job, Uncertain(msg("The upload failed ({error}).", error=type(error).__name__))
            ),
        )

    def _submit_question(self, job: Job, since: float) -> None:
        transport = self._transport
        self._workers.send(
            lambda: Asked(job, since, transport.find(job)),
            lambda error: Asked(
                job, since, Wait(msg("The question failed ({error}).", error=type(error).__name__))
            ),
        )

    # -- answers

    def sent(self, message: Sent) -> None:
        """Note what became of an upload."""
        self._running -= 1
        job, outcome = message.job, message.outcome
        now = self._clock.wall()
        self._end(job.account, job.file_id, outcome)
        if isinstance(outcome, Held):
            self._hold(job, outcome, now)
            return
        step = after(outcome, job.attempt + 1, now, self._clock.jitter())
        self._journal.files.step(job.file_id, step, now)
        match outcome:
            case Accepted() | Parsed():
                self._arrived(job, outcome, now)
            case Refused():
                self._release(job, now)
                if job.folder in self._plans:
                    self._tidying.refused(job.file_id, self._plans[job.folder])
            case Altered():
                self._journal.files.disclaim(job.file_id, now)
                for key in hold_keys(job.account, job.source_key):
                    if self._journal.holds.is_held(
                        key
                    ):  # this one was to find out whether it still is
                        self._journal.holds.probe_soon(key, now)
            case NoSync():
                self._results.sources.refused_sync(job.account, job.source_key)
            case Wait() | Uncertain():
                pass

    def asked(self, message: Asked) -> None:
        """Note what a question about an uncertain upload has brought."""
        self._running -= 1
        job, found = message.job, message.finding
        self._asked.discard(job.file_id)
        window = self._windows.get(job.account, CONFIRM_WINDOW)
        now = self._clock.wall()
        self._end(job.account, job.file_id, found, question=True)
        if isinstance(found, Parsed) and not self._is_of(job, found.profile):
            found = Unknown()
        if not isinstance(found, Parsed) and self._is_told_of(job):
            arrived = Accepted(msg("HrFlow's webhook reports that it arrived"))
            self._troubled_at.pop(job.file_id, None)
            self._journal.files.step(job.file_id, Step(State.ACCEPTED, arrived.message), now)
            self._arrived(job, arrived, now)
            return
        tick = self._clock.tick()
        if isinstance(found, Wait) and found.troubled:
            self._troubled_at[job.file_id] = tick
        troubled_at = self._troubled_at.get(job.file_id)
        answering = 0.0 if troubled_at is None else now - (tick - troubled_at)
        step = confirmed(found, message.since, now, window, answering=answering)
        self._journal.files.step(job.file_id, step, now)
        if step.state is not State.UNCERTAIN:
            self._troubled_at.pop(job.file_id, None)
        if isinstance(found, Parsed):
            self._arrived(job, found, now)

    def _is_of(self, job: Job, profile: Profile) -> bool:
        """Whether a profile that was found by reference proves that this upload has arrived.

        A reference that was not made from the content may be an earlier version's or another
        file's. Sent again under it, the content is at worst parsed twice; it would be lost else.
        """
        if is_derived(job.reference, job.sha256):
            return True
        known = self._journal.follow_ups.by_profile([profile.key])
        return known.get(profile.key, job.file_id) == job.file_id

    def _is_told_of(self, job: Job) -> bool:
        """Whether the webhook knows the very content of an upload, so that it has arrived."""
        return is_derived(job.reference, job.sha256) and any(
            event.source_key in ("", job.source_key)
            for event in self._journal.follow_ups.early(job.reference)
        )

    def next_due(self, tick: float) -> float | None:
        """When a pause or a minute ends, on the clock's ``tick``; None if nothing waits so."""
        if paused_until := self._journal.facts.paused_until():
            ends = self._clock.tick() + max(0.0, paused_until - self._clock.wall())
            return None if ends == math.inf else ends
        times = (pace.next_start(tick) for pace in self._paces.values())
        return min((time for time in times if time is not None), default=None)

    def _end(
        self,
        account: str,
        what: int | str,
        outcome: object,
        *,
        aside: bool = False,
        question: bool = False,
    ) -> None:
        now = self._clock.wall()
        if request := self._requests.pop(what, 0):
            self._journal.queues.end_request(request, now)
        tick, jitter = self._clock.tick(), self._clock.jitter()
        self._all_paces[account].end(outcome, tick, jitter, aside=aside, question=question)
        if isinstance(outcome, Wait | Uncertain) and outcome.offline:
            if not aside and account in self._paces:
                self._offline.setdefault(account, now)
        elif isinstance(outcome, Uncertain):
            pass  # nothing was heard of HrFlow
        elif self._offline.pop(account, 0.0):  # what has waited for this waits no longer
            self._journal.queues.retry_now(account, now)

    def _hold(self, job: Job, outcome: Held, now: float) -> None:
        key = hold_key(outcome.cause, job.account, job.source_key)
        self._journal.files.step(job.file_id, Step(State.HELD, outcome.why), now, cause=key)
        self._journal.holds.hold(outcome.cause, job.account, job.source_key, outcome.why, now)

    def _arrived(self, job: Job, outcome: Accepted | Parsed, now: float) -> None:
        if isinstance(outcome, Parsed):
            self._results.parsed(job, outcome.profile)
        else:
            self._results.accepted(job)
        self._release(job, now)
        if job.folder in self._plans:
            self._tidying.arrived(job.file_id, self._plans[job.folder])

    def _release(self, job: Job, now: float) -> None:
        """An answer about the file itself: the account and its key are fine, so is the source."""
        for key in hold_keys(job.account, job.source_key):
            if self._journal.holds.is_held(key):
                self._journal.holds.release(key, now)
