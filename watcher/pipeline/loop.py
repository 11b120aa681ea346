"""Whether the time has passed as it should: clocks are set, and machines sleep."""

from __future__ import annotations

import math
import queue
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.model.files import Candidate, FolderState, Identified, ScanEnded, Scanned
from watcher.model.follow_ups import Event
from watcher.model.kinds import Sign
from watcher.pipeline.admission import close_handle
from watcher.pipeline.following import Described, Followed, Following
from watcher.pipeline.housekeeping import Hooking, Pruning, Ran, Tidied, Tidying
from watcher.pipeline.intake import Intake, Read
from watcher.pipeline.messages import (
    Arm,
    Beat,
    Committed,
    Connection,
    Drain,
    Drained,
    Forget,
    Forgotten,
    Ignore,
    Leave,
    Pause,
    Pending,
    Promise,
    Release,
    Resume,
    Retry,
    Snooze,
    Stop,
    Take,
    Taken,
)
from watcher.pipeline.results import Results
from watcher.pipeline.retry import ByHand
from watcher.pipeline.settle import Settling
from watcher.pipeline.upload import Asked, Dispatch, Sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.i18n.message import Message
    from watcher.journal.writer import Journal
    from watcher.model.settings import Config
    from watcher.pipeline.ports import Clock, Commands, Files, Transport, Workers

#: Seconds by which two clocks may differ without that meaning anything: clocks are corrected.
TOLERANCE: Final = 5.0


#: Seconds by which a wait may be too long before it counts as sleep: a busy machine is slow.
OVERSLEPT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Woke:
    """The machine has slept, or the clock was set by ``set_by`` seconds (0: it was not)."""

    set_by: float = 0.0


class Timing:
    """Compares the wall clock with the clock that never goes back. One thread, no I/O."""

    def __init__(self, wall: float, tick: float) -> None:
        self._offset = wall - tick
        self._expected = tick

    def expect(self, tick: float, wait: float) -> None:
        """A wait of at most ``wait`` seconds begins at ``tick``."""
        self._expected = tick + wait

    def look(self, wall: float, tick: float) -> Woke | None:
        """What has happened to the time during the wait; None if nothing did."""
        set_by = wall - tick - self._offset
        if abs(set_by) > TOLERANCE:
            self._offset = wall - tick
            return Woke(set_by)
        return Woke() if tick > self._expected + OVERSLEPT else None


class Aftermath:
    """Passes on what the loop hears. One thread."""

    def __init__(
        self,
        journal: Journal,
        transport: Transport,
        commands: Commands,
        workers: Workers,
        clock: Clock,
        dispatch: Dispatch,
        results: Results,
    ) -> None:
        self._following = Following(journal, transport, workers, clock, dispatch, results)
        self._hooking = Hooking(journal, commands, workers)
        self._results = results

    @property
    def running(self) -> int:
        """How many questions are under way. Commands are not waited for."""
        return self._following.running

    @property
    def commands(self) -> int:
        """How many commands run."""
        return self._hooking.running

    def arm(self, config: Config) -> None:
        """Use these settings from now on. Call after Dispatch.arm."""
        self._results.arm(config)
        self._following.arm(config)
        self._hooking.arm(config)

    def resume(self) -> None:
        """Somebody says that things have changed."""
        self._following.resume()

    def wake(self) -> None:
        """The time has passed without us."""
        self._following.wake()

    def handle(self, message: object) -> bool:
        """Work on a message; False if it is for somebody else."""
        match message:
            case Followed():
                self._following.answered(message)
            case Described():
                self._following.described(message)
            case Event():
                self._following.heard(message)
            case Ran():
                self._hooking.ran(message)
            case _:
                return False
        return True

    def work(self) -> None:
        """Choose what is done next. Call before the commit."""
        self._following.claim()
        self._hooking.work()

    def start(self) -> None:
        """Begin what was chosen. Call after the commit."""
        self._following.start()
        self._hooking.start()

    def next_due(self, tick: float) -> float | None:
        """When something may be done again, on the clock's ``tick``."""
        return self._following.next_due(tick)

    def next_question(self, now: float) -> float | None:
        """When an upload comes due to be asked for, by the wall clock."""
        return self._following.next_question(now)

    def take_news(self) -> list[Message]:
        """What people should hear, once."""
        return self._following.take_news() + self._hooking.take_news()


#: Messages worked on between two commits, and those that may come in while it is done.
BATCH: Final = 256


MORE: Final = 12


#: Changes of files told of in one turn: one cause may change very many, and others wait.
TOLD: Final = 512


#: Seconds after which the loop looks around without being told, so that nothing stays forgotten.
IDLE: Final = 60.0


class Pipeline:
    """The journey of files. :meth:`run` is one thread's work; :meth:`post` may be called by all."""

    def __init__(
        self,
        journal: Journal,
        files: Files,
        transport: Transport,
        workers: Callable[[Callable[[object], None]], Workers],
        clock: Clock,
        tell: Callable[[object], None],
        *,
        commands: Commands,
        entries: bool = True,
    ) -> None:
        """``workers`` makes the threads, given where results go; ``tell`` hears what happens.

        ``entries``: whether it wants an Entry for every change of a file's state.
        """
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._batch: deque[object] = deque()
        self._journal = journal
        self._clock = clock
        self._looked = clock.wall(), clock.tick()
        self._stirred = True  # something has happened since, other than hints
        self._due = -math.inf  # when to look by time alone, on the clock's ``tick``
        self._walls: list[float | None] | None = None  # when the journal's next come due
        self._timing = Timing(*self._looked)
        self._tell = tell
        made = workers(self.post)
        self._tidying = Tidying(journal, files, made, clock)
        self._pruning = Pruning(journal, clock)
        self._by_hand = ByHand(journal, clock)
        results = Results(journal, clock)
        self._dispatch = Dispatch(journal, files, transport, made, clock, self._tidying, results)
        self._aftermath = Aftermath(
            journal, transport, commands, made, clock, self._dispatch, results
        )
        self._intake = Intake(
            journal, files, made, clock, Settling(), self._tidying, self._dispatch.keep_handle
        )
        self._entries = entries
        self._offline_since = 0.0
        self._pending = 0
        self._stopping = False
        self._draining = False

    def post(self, message: object) -> None:
        """Hand a message to the pipeline; from any thread."""
        self._inbox.put(message)

    def run(self) -> None:
        """Work until told to stop and all that is under way has ended."""
        now = self._clock.wall()
        if (
            self._journal.queues.latest() > now + TOLERANCE
        ):  # the clock was set back since the last run
            self._shift(now - self._journal.queues.latest())
        self._journal.files.recover(now)
        self._journal.commit()
        try:
            while self._turn():
                pass
        finally:
            self._dispatch.close()

    def close(self) -> None:
        """Let go of the files in messages that nobody worked on. Call when all threads are done."""
        while True:
            for message in self._batch:
                if isinstance(message, Read) and isinstance(message.result, Identified):
                    close_handle(message.result)
            self._batch.clear()
            try:
                self._batch.append(self._inbox.get_nowait())
            except queue.Empty:
                return

    def _turn(self) -> bool:
        """One round: messages, what has come due, one commit, what it announces."""
        self._take()
        self._look_at_the_clock()
        self._work_through()
        if not self._is_at_rest():
            self._choose()
        elif not self._stopping:
            self._intake.start()
        changed = self._journal.commit()
        self._dispatch.start()
        self._aftermath.start()
        self._tidying.start()
        self._report()
        if changed:
            self._tell(Committed())
        busy = self._dispatch.running + self._aftermath.running
        if self._draining and not busy + self._aftermath.commands:
            self._tell(Drained())
        return not self._stopping or busy > 0

    def _is_at_rest(self) -> bool:
        """Whether all there was were hints that changed nothing yet: nothing else can be next."""
        return (
            not self._stirred and not self._journal.store.changed and self._clock.tick() < self._due
        )

    def _choose(self) -> None:
        """Note what is done next of what has come due."""
        # What comes due from here on is not worked on in this turn: the next one must not miss it.
        self._looked = self._clock.wall(), self._clock.tick()
        self._stirred, self._due, self._walls = False, math.inf, None
        if self._stopping:
            return
        self._intake.work()
        if not self._draining:
            self._dispatch.claim()
            self._aftermath.work()
        self._tidying.work()
        self._pruning.work()

    def _take(self) -> None:
        """Make a batch of the messages at hand, at least one unless something has come due."""
        # What is due by time is worked on in every turn: it matters only to who has to wait.
        patience = self._patience() if self._inbox.empty() else 0.0
        now = self._clock.tick()
        self._due = min(self._due, now + patience)
        self._timing.expect(now, patience)
        try:
            self._batch.append(self._inbox.get(timeout=patience))
            while len(self._batch) < BATCH:
                self._batch.append(self._inbox.get_nowait())
        except queue.Empty:
            pass

    def _work_through(self) -> None:
        """Work on the batch, and on a few that come in meanwhile: they share its commit."""
        for _ in range(len(self._batch) + MORE):
            if not self._batch:
                if self._inbox.empty():
                    return
                self._batch.append(self._inbox.get_nowait())
            if not self._is_said_again():
                self._handle(self._batch[0])
            self._batch.popleft()

    def _is_said_again(self) -> bool:
        """Whether the next message is a hint that a close, right behind it, makes needless."""
        if len(self._batch) < 2:
            return False
        hint, close = self._batch[0], self._batch[1]
        return (
            isinstance(hint, Candidate)
            and isinstance(close, Candidate)
            and (hint.sign, close.sign) == (Sign.CHANGED, Sign.CLOSED)
            and (hint.folder, hint.path) == (close.folder, close.path)
        )

    def _look_at_the_clock(self) -> None:
        woke = self._timing.look(self._clock.wall(), self._clock.tick())
        if woke is None:
            return
        self._stirred = True
        if woke.set_by:
            self._shift(woke.set_by)
        self._dispatch.wake()
        self._aftermath.wake()
        self._tell(woke)

    def _shift(self, seconds: float) -> None:
        """The clock was set: what lasts or waits does so as long as was meant."""
        self._journal.queues.shift(seconds)
        if paused_until := self._journal.facts.paused_until():
            self._journal.facts.pause(paused_until + seconds)

    def _patience(self) -> float:
        """Seconds until something comes due by time alone."""
        if self._journal.files.has_changed:  # and is not told of yet
            return 0.0
        if self._stopping:
            return IDLE
        tick, wall = self._clock.tick(), self._clock.wall()
        looked_wall, looked_tick = self._looked
        ticks = [self._intake.next_due(), self._tidying.next_due(), self._pruning.next_due()]
        if self._walls is None:  # it stays as it is while nothing is chosen or changed
            self._walls = []
            if not self._draining:
                self._walls += (
                    self._journal.queues.next_due(looked_wall),
                    self._aftermath.next_question(looked_wall),
                )
        if not self._draining:
            ticks += self._dispatch.next_due(looked_tick), self._aftermath.next_due(looked_tick)
        delays = [IDLE, *(moment - tick for moment in ticks if moment is not None)]
        delays += [moment - wall for moment in self._walls if moment is not None]
        return max(0.0, min(delays))

    def _handle(self, message: object) -> None:
        if isinstance(message, Candidate):
            self._intake.notice(message)
            return
        self._stirred = True
        match message:
            case Read():
                self._intake.read(message)
            case Sent():
                self._dispatch.sent(message)
            case Asked():
                self._dispatch.asked(message)
            case Tidied():
                self._tidying.done(message)
            case Scanned():
                self._intake.scanned(message)
            case ScanEnded() | FolderState():
                self._walked(message)
            case _:
                if not self._aftermath.handle(message):
                    self._obey(message)

    def _walked(self, message: ScanEnded | FolderState) -> None:
        if isinstance(message, ScanEnded) and (why := self._intake.scan_ended(message)):
            self._tell(why)
        self._tell(message)

    def _obey(self, message: object) -> None:
        match message:
            case Arm(config, plans, import_all):
                self._intake.arm(plans, import_all=import_all)
                self._tidying.arm(plans)
                self._dispatch.arm(config, plans)
                self._aftermath.arm(config)
                self._pruning.arm(config)
            case Promise(folder, settings):
                self._journal.folders.set_imported(folder, settings)
            case Take(path):
                taken = self._journal.holds.take_below(path, self._clock.wall())
                self._journal.commit()
                self._tell_pending()  # whoever has waited for this looks at it next
                self._tell(Taken(path, taken))
            case Resume():
                self._dispatch.resume()
                self._aftermath.resume()
                self._tidying.resume()
            case Forget(file_ids):
                is_overwritten = self._journal.retention.forget(file_ids, self._clock.wall())
                self._tell(Forgotten(file_ids, is_overwritten))
            case Stop():
                self._stopping = True
            case _:
                self._obey_by_hand(message)

    def _obey_by_hand(self, message: object) -> None:
        match message:
            case Pause(until):
                self._journal.facts.pause(until)
            case Snooze(until):
                self._journal.facts.snooze(until)
            case Retry(file_ids):
                for sentence in self._by_hand.retry(file_ids):
                    self._tell(sentence)
                self._dispatch.wake()
            case Release(key):
                self._by_hand.release(key)
                self._dispatch.wake()
            case Ignore(file_ids):
                self._by_hand.ignore(file_ids)
            case Leave(watched):
                self._by_hand.leave(watched)
            case Drain(on):
                self._draining = on
            case Beat():
                self._tell(message)
            case _:
                raise TypeError(message)

    def _report(self) -> None:
        changed = self._journal.files.take_changed(TOLD)
        for entry in self._journal.store.entries_of(changed) if self._entries else ():
            self._tell(entry)
        self._tell_pending()
        if self._dispatch.offline_since != self._offline_since:
            self._offline_since = self._dispatch.offline_since
            self._tell(Connection(self._offline_since))
        if problem := self._tidying.take_problem():
            self._tell(problem)
        for sentence in self._aftermath.take_news():
            self._tell(sentence)

    def _tell_pending(self) -> None:
        if bool(self._intake.pending) != bool(self._pending):
            self._pending = self._intake.pending
            self._tell(Pending(self._pending))
