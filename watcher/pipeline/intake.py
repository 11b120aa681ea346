"""From a candidate to a file that is read, and handed on to be admitted."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import Message, msg
from watcher.model.errors import WatcherError
from watcher.model.files import Candidate, Identified, ScanEnded, Scanned, Unusable
from watcher.model.kinds import Cause, Sign, State
from watcher.model.lifecycle import ARRIVED, EXISTING_WENT, IN_FLIGHT, Step, existing_key
from watcher.model.records import Stat
from watcher.model.settings import Changed
from watcher.pipeline.admission import Admission, FirstWalks, close_handle
from watcher.pipeline.settle import PATIENCE_FACTOR, Doubt, Settled
from watcher.routing.rules import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.journal.writer import Journal
    from watcher.model.files import Known
    from watcher.pipeline.housekeeping import Tidying
    from watcher.pipeline.ports import Clock, Files, Plan, Workers
    from watcher.pipeline.settle import Settling

#: Files being read at once: few, as disks do not like many, but enough to keep senders busy.
READING: Final = 16


#: Files that wait in memory to be read; the rest waits in the journal.
READY: Final = 5_000


#: Signs of a file that is there: whoever reads it later sees all that has happened to it.
_HINTS: Final = frozenset({Sign.CHANGED, Sign.SCANNED, Sign.CLOSED})


@dataclass(frozen=True, slots=True)
class Read:
    """A worker has looked at a candidate, which had ``settled`` (NO: it was tried before that)."""

    candidate: Candidate
    settled: Settled
    result: Identified | Unusable


class Reading:
    """Gives files to the workers that read, each once at a time. One thread."""

    def __init__(self, files: Files, workers: Workers) -> None:
        self._files = files
        self._workers = workers
        self._plans: Mapping[str, Plan] = {}
        self._ready: dict[str, tuple[Candidate, Settled]] = {}  # by path
        self._order: deque[str] = deque()  # the oldest first
        self._busy: dict[str, Sign | None] = {}  # path → how it was seen again meanwhile

    def __len__(self) -> int:
        return len(self._ready) + len(self._busy)

    def __contains__(self, path: str) -> bool:
        """Whether the file at ``path`` is being read."""
        return path in self._busy

    def arm(self, plans: Mapping[str, Plan]) -> None:
        """Use ``plans`` (by folder path) from now on; files of other folders are left out."""
        self._plans = plans
        self._ready = {path: each for path, each in self._ready.items() if each[0].folder in plans}
        self._order = deque(path for path in self._order if path in self._ready)

    @property
    def is_full(self) -> bool:
        """Whether more files are better left in the journal."""
        return len(self._ready) >= READY

    @property
    def is_hungry(self) -> bool:
        """Whether nothing is there to be read."""
        return not self._ready

    @property
    def room(self) -> int:
        """How many files more may be read at once."""
        return READING - len(self._busy)

    @property
    def can_start(self) -> bool:
        """Whether :meth:`start` has something to do."""
        return bool(self._ready) and self.room > 0

    def add(self, candidate: Candidate, settled: Settled) -> None:
        """Have a file read in its turn."""
        if candidate.path not in self._ready:
            self._order.append(candidate.path)
        self._ready[candidate.path] = (candidate, settled)

    def covers(self, candidate: Candidate) -> bool:
        """Whether a sign of a file needs no thought: it is still to be read, or again after that.

        Of a file that is only tried a close is news: it may say that it is whole.
        """
        closed = candidate.sign is Sign.CLOSED
        if candidate.path in self._busy:
            self._busy[candidate.path] = Sign.CLOSED if closed else Sign.CHANGED
            return True
        _, settled = self._ready.get(candidate.path, (None, Settled.LAST))
        is_tried = settled is Settled.NO and not closed
        return candidate.sign in _HINTS and (is_tried or settled is Settled.YES)

    def done(self, path: str) -> Sign | None:
        """A file was read; gives how it was seen again meanwhile, None if it was not."""
        return self._busy.pop(path, None)

    def start(self) -> None:
        """Give the workers what they may read now."""
        while self.can_start:
            candidate, settled = self._ready.pop(self._order.popleft())
            plan = self._plans.get(candidate.folder)
            if plan is not None and candidate.path not in self._busy:
                self._busy[candidate.path] = None
                self._submit(candidate, settled, plan)

    def _submit(self, candidate: Candidate, settled: Settled, plan: Plan) -> None:
        files = self._files
        self._workers.read(
            lambda: Read(candidate, settled, files.identify(plan, candidate.path)),
            lambda error: Read(
                candidate,
                settled,
                Unusable(msg("cannot be read ({error}).", error=error), passing=True),
            ),
        )


_log = logging.getLogger(__name__)


#: Seconds until a file that could not be read is tried again, doubled every time up to the cap.
UNREADABLE_FIRST: Final = 10.0


UNREADABLE_CAP: Final = 600.0


#: States of files that are gone when they vanish; of others the history is what counts.
_UNSENT: Final = frozenset(
    {State.NOTICED, State.QUEUED, State.WAITING, State.HELD, State.DUPLICATE}
)


class Intake:
    """Owns what is known of files before they are queued. One thread; no I/O but through ports."""

    def __init__(
        self,
        journal: Journal,
        files: Files,
        workers: Workers,
        clock: Clock,
        settling: Settling,
        tidying: Tidying,
        keep_handle: Callable[[int, Identified], None],
    ) -> None:
        """``keep_handle`` takes the open handle of a file that has just been queued."""
        self._journal = journal
        self._files = files
        self._clock = clock
        self._settling = settling
        self._reading = Reading(files, workers)
        self._admission = Admission(journal, files, clock, tidying, keep_handle)
        self._first_walks = FirstWalks(journal, files, clock)
        self._plans: Mapping[str, Plan] = {}
        self._blind: set[str] = set()  # folders where nobody can tell whether a file is open

    def arm(self, plans: Mapping[str, Plan], *, import_all: bool = False) -> None:
        """Use ``plans`` (by folder path) from now on; ``import_all``: take what was there first."""
        self._plans = plans
        self._reading.arm(plans)
        now = self._clock.wall()
        for path, plan in plans.items():
            self._journal.folders.reread(
                path, fingerprint(plan.folder), now, is_imported=plan.is_imported
            )
            if plan.is_imported:  # whoever imports has said yes
                self._journal.holds.take_existing(existing_key(path), now)
        self._first_walks.arm(plans, import_all=import_all)

    @property
    def pending(self) -> int:
        """How many files are noticed and not decided upon."""
        return len(self._settling) + len(self._reading)

    def next_due(self) -> float | None:
        """When :meth:`work` has something to do by time alone, on the clock's ``tick``."""
        return self._clock.tick() if self._reading.can_start else self._settling.next_due()

    # -- messages

    def scanned(self, message: Scanned) -> None:
        """Files that a walk found."""
        plan = self._plans.get(message.folder)
        if plan is None:
            return
        if message.folder in self._first_walks:
            for candidate in message.candidates:
                self._first_walks.keep_back(plan, candidate)
            return
        for candidate in message.candidates:
            if self._reading.is_full:
                self._note_for_later(candidate)
            else:
                self.notice(candidate)

    def scan_ended(self, message: ScanEnded) -> Message:
        """A walk is over; gives what a person should hear of it, NOTHING if nothing."""
        return self._first_walks.ended(message)

    def notice(self, candidate: Candidate) -> None:
        """A file may be new, changed, renamed or gone, or a directory may be gone."""
        if candidate.sign is Sign.EMPTIED:
            for path in self._journal.files.names_below(candidate.folder, candidate.path):
                self.notice(Candidate(candidate.folder, path, Sign.REMOVED))
            return
        try:
            self._notice(candidate)
        except WatcherError:
            raise
        except Exception:  # noqa: BLE001 - one odd file must not end the journey of all others
            _log.exception("a file could not be noticed")

    def _notice(self, candidate: Candidate) -> None:
        plan = self._plans.get(candidate.folder)
        if plan is None:
            return
        if self._reading.covers(candidate):
            return
        stat: Stat | Unusable | None = candidate.stat
        if stat is None or candidate.sign in (Sign.REMOVED, Sign.MISSING):
            stat = self._files.stat(candidate.folder, candidate.path)
        known = self._journal.files.find(candidate.folder, candidate.path)
        if isinstance(stat, Unusable):
            if known is None or known.state is State.NOTICED:
                self._unusable(candidate, stat)
        elif stat is None:
            self._vanished(candidate, known)
        elif known is None and self._first_walks.recognise(candidate, stat):
            self._settling.forget(candidate.path)
        elif not self._is_settled_matter(candidate, known, stat, plan):
            self._settle(candidate, known, stat, plan)

    def read(self, message: Read) -> None:
        """A worker has looked at a file."""
        candidate = message.candidate
        again = self._reading.done(candidate.path)
        plan = self._plans.get(candidate.folder)
        result = message.result
        try:
            if plan is None or isinstance(result, Unusable):
                # What was only tried is looked at again in its time.
                if plan is not None and isinstance(result, Unusable) and message.settled:
                    self._unusable(candidate, result)
            elif not self._postpone(message, result, plan):
                self._admission.admit(candidate, result, plan)
                result = replace(result, handle=None)  # whoever keeps it, closes it
        except WatcherError:
            raise
        except Exception:  # noqa: BLE001 - one odd file must not end the journey of all others
            _log.exception("a file could not be judged")
            self._put_off(candidate, UNREADABLE_CAP)
        if isinstance(result, Identified):
            close_handle(result)
        if again is not None:
            self.notice(replace(candidate, sign=again, stat=None))

    def work(self) -> None:
        """Look at what has come due, and give the readers what there is to read."""
        for candidate in self._settling.due(self._clock.tick()):
            self.notice(replace(candidate, stat=None))
        if self._reading.is_hungry:
            self._take_from_journal()
        self.start()

    def start(self) -> None:
        """Give the readers what there is to read."""
        self._reading.start()

    # -- noticing

    def _is_settled_matter(
        self, candidate: Candidate, known: Known | None, stat: Stat, plan: Plan
    ) -> bool:
        """Whether this version of the file has been decided upon before."""
        if known is None or known.state in (State.NOTICED, State.GONE):
            return False
        if (known.stat.size, known.stat.mtime_ns) == (stat.size, stat.mtime_ns):
            self._settling.forget(candidate.path)
            return True
        if plan.folder.changed is Changed.IGNORE and known.state in ARRIVED:
            self._journal.files.restat(known.file_id, candidate, stat)
            self._settling.forget(candidate.path)
            return True
        return False

    def _settle(self, candidate: Candidate, known: Known | None, stat: Stat, plan: Plan) -> None:
        changed = known is not None and known.state in ARRIVED | IN_FLIGHT
        candidate = replace(candidate, stat=stat)
        settled = self._settling.observe(
            candidate,
            stat,
            self._clock.tick(),
            plan.folder.settle_seconds,
            wall=self._clock.wall(),
            changed=changed,
        )
        if settled or (not changed and self._may_try(candidate)):
            self._reading.add(candidate, settled)

    def _may_try(self, candidate: Candidate) -> bool:
        """Whether a file that a walk has found may be looked at before it has settled."""
        found = candidate.sign is Sign.SCANNED and candidate.folder not in self._blind
        return found and self._settling.may_try(candidate.path)

    def _vanished(self, candidate: Candidate, known: Known | None) -> None:
        self._settling.forget(candidate.path)
        if known is None or known.state in IN_FLIGHT:
            return
        if known.state in _UNSENT:
            # A drive that is not there at the moment: its files stay what they were.
            if candidate.sign is Sign.MISSING and known.cause.startswith(Cause.EXISTING):
                return
            # What was there first may come back under another name: it is known by its cause.
            first = known.cause.startswith(Cause.EXISTING)
            why = EXISTING_WENT if first else msg("removed before it was uploaded")
            now, cause = self._clock.wall(), known.cause if first else ""
            self._journal.files.step(known.file_id, Step(State.GONE, why), now, cause=cause)
            self._journal.files.disclaim(known.file_id, now)
        elif known.state is not State.BASELINE or candidate.sign is not Sign.MISSING:
            self._journal.files.forget_name(known.file_id)

    def _note_for_later(self, candidate: Candidate) -> None:
        known = self._journal.files.find(candidate.folder, candidate.path)
        if known is None and candidate.stat is not None:
            if self._first_walks.recognise(candidate, candidate.stat):
                return
            self._journal.files.add(candidate, candidate.stat, self._clock.wall(), State.NOTICED)
        elif known is not None:
            self.notice(candidate)

    # -- reading

    def _take_from_journal(self) -> None:
        now = self._clock.wall()
        room = self._reading.room
        if room <= 0:
            return
        for entry in self._journal.queues.unread(now, READING, self._plans):
            if entry.path in self._reading:
                continue
            known = self._journal.files.find(entry.folder, entry.path) if entry.folder else None
            if known is None or known.file_id != entry.file_id:
                step = Step(State.GONE, msg("replaced by a newer version"))
                self._journal.files.step(entry.file_id, step, now)
                self._journal.files.disclaim(entry.file_id, now)
            elif entry.folder in self._plans:
                candidate = Candidate(entry.folder, entry.path, Sign.SCANNED)
                self._reading.add(candidate, Settled.YES)

    def _postpone(self, message: Read, found: Identified, plan: Plan) -> bool:
        """Whether the file is to be looked at again later, as it does not seem to be whole."""
        candidate, stat = message.candidate, found.document.stat
        sniffed = found.document.sniffed
        # What cannot be told may be room that was reserved for a copy still to come.
        whole = sniffed.whole is not False and sniffed.media_type and stat.size
        # Nor can what may turn out to belong to a document that is still being saved.
        whole = whole and not found.document.may_be_part
        # Of a format without an end only rest tells that its writer does not go on.
        rest = self._clock.wall() - stat.mtime_ns / 1e9
        goes_on = sniffed.whole is None and rest < plan.folder.settle_seconds
        if message.settled is Settled.NO and not self._is_proved(found):
            return True
        if not found.being_written and ((whole and not goes_on) or message.settled is Settled.LAST):
            self._settling.forget(candidate.path)
            return False
        doubt = Doubt.BROKEN_OFF if not whole else Doubt.NO_END
        doubt = Doubt.BEING_WRITTEN if found.being_written else doubt
        self._settling.defer(
            replace(candidate, stat=stat),
            stat,
            self._clock.tick(),
            plan.folder.settle_seconds,
            doubt,
        )
        self._put_off(candidate, plan.folder.settle_seconds)
        return True

    def _is_proved(self, found: Identified) -> bool:
        """Whether a look before its time shows that a file is whole: if not, it is waited for."""
        if found.being_written is None:
            self._blind.add(found.document.folder)
        document = found.document
        return (
            found.being_written is False
            and document.sniffed.whole is True
            and not document.may_be_part
        )

    def _put_off(self, candidate: Candidate, seconds: float) -> None:
        """Leave a file that is waited for in memory alone in the journal's list of the unread."""
        known = self._journal.files.find(candidate.folder, candidate.path)
        if known is not None and known.state is State.NOTICED:
            now = self._clock.wall()
            due_at = now + 2 * PATIENCE_FACTOR * seconds + UNREADABLE_FIRST
            self._journal.files.step(
                known.file_id, Step(State.NOTICED, msg("is not complete yet"), due_at), now
            )

    def _unusable(self, candidate: Candidate, found: Unusable) -> None:
        known = self._journal.files.find(candidate.folder, candidate.path)
        now = self._clock.wall()
        if found.gone:
            self._vanished(candidate, known)
            return
        seen = self._files.stat(candidate.folder, candidate.path)
        stat = seen if isinstance(seen, Stat) else candidate.stat or Stat(0, 0)
        file_id = self._admission.row(candidate, known, stat, now)
        if found.passing:
            tries = self._journal.files.count_try(file_id)
            delay = min(UNREADABLE_CAP, UNREADABLE_FIRST * 2.0 ** min(tries, 10))
            self._journal.files.step(file_id, Step(State.NOTICED, found.why, now + delay), now)
        else:
            self._journal.files.step(file_id, Step(State.IGNORED, found.why), now)
