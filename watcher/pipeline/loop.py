"""The pipeline: a list of stages, and one thread that takes turns through it.

A turn takes the messages at hand, gives each to the stages it concerns, has every stage choose
what is next, commits the journal once, and only then lets the stages start what they have chosen.
"""

from __future__ import annotations

import math
import queue
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from watcher.model.files import Candidate, Identified
from watcher.model.kinds import Sign, State
from watcher.pipeline.admission import Admission
from watcher.pipeline.approvals import ExistingFiles, Guard
from watcher.pipeline.budget import Budget, Shares
from watcher.pipeline.claims import Claims
from watcher.pipeline.housekeeping import Filing, HookRunner, Retention
from watcher.pipeline.intake import Intake
from watcher.pipeline.messages import (
    ClockJump,
    Committed,
    Complete,
    Configure,
    Drain,
    Drained,
    JournalCommand,
    Pending,
    Ping,
    Stop,
    carry_out,
)
from watcher.pipeline.questions import Confirmations, Questions, Sources
from watcher.pipeline.reading import ReadDone
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.pipeline.tracker import Tracker
from watcher.pipeline.upload import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from watcher.documents import Spool
    from watcher.i18n.message import Message
    from watcher.journal.writer import Journal
    from watcher.model.entries import Entry
    from watcher.pipeline.stage import Clock, HrFlow, Workers

#: Messages in one batch, and those that may join it while it is worked on; all share a commit.
BATCH: Final = 256
MORE: Final = 12

#: While at least this many requests are under way, a turn begins this many seconds after its first
#: message: others come in and share its commit, which costs more than the rest of a file.
MANY: Final = 8
GATHERING: Final = 0.005

#: The most changed files that are published in one turn, as one cause may change very many.
PUBLISHED: Final = 512

#: The longest time between two turns, in seconds: a safety net.
IDLE: Final = 60.0

#: Seconds by which two clocks may differ without that meaning anything: clocks are corrected.
TOLERANCE: Final = 5.0

#: A wait that overruns by more than these seconds was sleep; a busy machine overruns by less.
OVERSLEPT: Final = 20.0


class Pipeline:
    """The journey of files. :meth:`run` is one thread's work; :meth:`post` may be called by all."""

    def __init__(
        self,
        journal: Journal,
        hrflow: HrFlow,
        make_workers: Callable[[Callable[[object], None]], Workers],
        clock: Clock,
        publish: Callable[[object], None],
        *,
        spool: Spool,
        shown: Callable[[], Collection[State]] = lambda: frozenset(State),
        run_hook: Callable[[Sequence[str], Entry, float], Message],
        tell_ledger: Callable[[object], None],
    ) -> None:
        """``make_workers`` is called with where to post results, ``publish`` with what happens.

        ``shown`` returns the states for which a changed file is published: each is read for that.
        ``run_hook`` is what :class:`HookRunner` runs commands with, ``tell_ledger`` what
        :class:`Claims` tells the shared ledger with.
        """
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._batch: deque[object] = deque()
        self._emitted: deque[object] = deque()
        self._to_publish: list[object] = []
        self._journal = journal
        self._clock = clock
        self._publish = publish
        self._shown = shown
        context = Context(
            journal,
            clock,
            make_workers(self.post),
            spool,
            self._emitted.append,
            self._to_publish.append,
        )
        existing = ExistingFiles(context)
        self._intake = Intake(context, existing)
        budget = Budget(context)
        questions = Questions(context, budget)
        sources = Sources(context, hrflow, budget, questions)
        claims = Claims(context, budget, tell_ledger)
        guard = Guard(context)
        self._stages: tuple[Stage, ...] = (
            self._intake,
            existing,
            Admission(context, guard, existing),
            budget,
            guard,
            Shares(context, budget, tell_ledger),
            claims,
            Uploads(context, hrflow, budget, sources, guard, claims.take),
            Confirmations(context, hrflow, budget, questions),
            sources,
            Tracker(context, hrflow, budget, questions, sources),
            questions,
            Filing(context),
            HookRunner(context, run_hook),
            Retention(context),
        )
        self._handlers: dict[type, list[Callable[[Any], None]]] = {}
        for handlers in (self._own_handlers(), *(stage.handlers() for stage in self._stages)):
            for kind, handler in handlers.items():
                self._handlers.setdefault(kind, []).append(handler)
        self._has_news = True  # something has come since the last work, other than hints
        self._journal_due: float | None = None  # when what waits in the journal is next due
        self._due = -math.inf  # when there is work by time alone, on the clock's ``tick``
        self._jumps = JumpDetector(clock.wall(), clock.tick())
        self._pending = 0
        self._is_draining = False
        self._is_stopping = False

    def post(self, message: object) -> None:
        """Hand a message to the pipeline; from any thread."""
        self._inbox.put(message)

    def run(self) -> None:
        """Work until told to stop, and until all that is under way has ended."""
        now, latest = self._clock.wall(), self._journal.queues.latest()
        if latest > now + TOLERANCE:  # the clock was set back since the last run
            self._journal.shift(now - latest)
        self._journal.files.recover(now)
        self._journal.queues.read_now(now)  # no file is waited for in memory yet
        self._journal.commit()
        try:
            while self._turn():
                pass
        finally:
            for stage in self._stages:
                stage.close()

    def close(self) -> None:
        """Close the files in messages that were not worked on. Call when all threads are done."""
        left = [*self._batch, *self._emitted]
        while not self._inbox.empty():
            left.append(self._inbox.get_nowait())
        for message in left:
            if isinstance(message, ReadDone) and isinstance(message.result, Identified):
                message.result.close()
            elif isinstance(message, Complete):
                message.found.close()

    # -- a turn

    def _turn(self) -> bool:
        """Take one turn; return whether there is to be another."""
        self._take()
        self._check_clock()
        self._work_through()
        if not self._is_stopping and not self._is_at_rest():
            self._choose()
        has_changed = self._journal.commit()
        if not self._is_stopping:
            for stage in self._stages:
                stage.start()
        self._publish_all()
        if has_changed:
            self._publish(Committed())
        is_busy = any(stage.running for stage in self._stages)
        if self._is_draining and not is_busy:
            self._publish(Drained())
        return not self._is_stopping or is_busy

    def _take(self) -> None:
        """Make a batch of the messages at hand, at least one unless something has come due."""
        patience = self._patience() if self._inbox.empty() else 0.0
        now = self._clock.tick()
        self._due = min(self._due, now + patience)
        self._jumps.expect(patience)
        try:
            self._batch.append(self._inbox.get(timeout=patience))
            if sum(stage.running for stage in self._stages) >= MANY:
                self._clock.pause(GATHERING)
            while len(self._batch) < BATCH:
                self._batch.append(self._inbox.get_nowait())
        except queue.Empty:
            pass

    def _patience(self) -> float:
        """Seconds until something comes due by time alone."""
        if self._journal.files.has_changed:  # and is not published yet
            return 0.0
        if self._is_stopping:
            return IDLE
        tick = self._clock.tick()
        delays = [at - tick for stage in self._stages if (at := stage.next_due()) is not None]
        if self._journal_due is not None:
            delays.append(self._journal_due - self._clock.wall())
        return max(0.0, min([IDLE, *delays]))

    def _work_through(self) -> None:
        """Work on the batch, and on a few that come in meanwhile: they share its commit."""
        for _ in range(len(self._batch) + MORE):
            if not self._batch:
                if self._inbox.empty():
                    return
                self._batch.append(self._inbox.get_nowait())
            if not self._is_repeated():
                self._handle(self._batch[0])
            self._batch.popleft()

    def _is_repeated(self) -> bool:
        """Whether the next message, CHANGED, is made redundant by the CLOSED right behind it."""
        if len(self._batch) < 2:
            return False
        hint, close = self._batch[0], self._batch[1]
        return (
            isinstance(hint, Candidate)
            and isinstance(close, Candidate)
            and (hint.sign, close.sign) == (Sign.CHANGED, Sign.CLOSED)
            and (hint.folder, hint.path) == (close.folder, close.path)
        )

    def _handle(self, message: object) -> None:
        """Give a message to the stages it concerns, then what they emit."""
        self._emitted.append(message)
        while self._emitted:
            message = self._emitted.popleft()
            self._has_news = self._has_news or not isinstance(message, Candidate)
            if type(message) not in self._handlers:
                raise TypeError(message)
            for handler in self._handlers[type(message)]:
                handler(message)

    def _is_at_rest(self) -> bool:
        """Whether only hints have come that changed nothing: there is nothing to choose."""
        return (
            not self._has_news
            and not self._journal.store.changed
            and self._clock.tick() < self._due
        )

    def _choose(self) -> None:
        """Have the stages note in the journal what they do next."""
        # What comes due from here on is not worked on in this turn: the next one must not miss it.
        now = self._clock.wall()
        self._has_news, self._due = False, math.inf
        for stage in self._stages:
            stage.work()
        self._journal_due = self._journal.queues.next_due(now)

    def _publish_all(self) -> None:
        changed = self._journal.files.take_changed(PUBLISHED, self._shown())
        for entry in self._journal.store.entries_of(changed):
            self._publish(entry)
        if bool(self._intake.pending) != bool(self._pending):
            self._pending = self._intake.pending
            self._publish(Pending(self._pending))
        messages = self._to_publish.copy()
        self._to_publish.clear()
        for message in messages:
            self._publish(message)

    # -- messages of its own

    def _own_handlers(self) -> Handlers:
        return {
            Configure: self._configure,
            Ping: self._to_publish.append,
            Drain: self._drain,
            Stop: self._stop,
            ClockJump: self._to_publish.append,
            **dict.fromkeys(JournalCommand.__subclasses__(), self._carry_out),
        }

    def _configure(self, message: Configure) -> None:
        for stage in self._stages:
            stage.configure(message)

    def _carry_out(self, command: JournalCommand) -> None:
        self._to_publish += carry_out(command, self._journal, self._clock.wall())

    def _drain(self, _message: Drain) -> None:
        self._is_draining = True

    def _stop(self, _message: Stop) -> None:
        self._is_stopping = True

    # -- the clock

    def _check_clock(self) -> None:
        jump = self._jumps.check(self._clock.wall(), self._clock.tick())
        if jump is not None:
            if jump.set_by:
                self._journal.shift(jump.set_by)
            self._handle(jump)


class JumpDetector:
    """Compares the wall clock with the clock that never goes back."""

    def __init__(self, wall: float, tick: float) -> None:
        self._offset = wall - tick
        self._checked = self._expected = tick

    def expect(self, wait: float) -> None:
        """Expect the next check after ``wait`` seconds at most.

        It counts from the last check, as a machine may also fall asleep in the middle of a turn.
        """
        self._expected = self._checked + wait

    def check(self, wall: float, tick: float) -> ClockJump | None:
        """Return what has happened to the time during the wait; None if nothing did."""
        self._checked = tick
        set_by = wall - tick - self._offset
        if abs(set_by) > TOLERANCE:
            self._offset = wall - tick
            return ClockJump(set_by)
        return ClockJump() if tick > self._expected + OVERSLEPT else None
