"""From a candidate to a file that is complete and identified."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from watcher import documents
from watcher.i18n.message import Message, msg
from watcher.model.entries import Stat
from watcher.model.errors import WatcherError
from watcher.model.files import Candidate, FolderState, Identified, Scanned, Unusable
from watcher.model.holds import existing_key
from watcher.model.kinds import Cause, Sign, State
from watcher.model.lifecycle import ARRIVED, IN_FLIGHT, Step
from watcher.model.reasons import EXISTING_WENT, UNFINISHED
from watcher.model.settings import Changed
from watcher.pipeline.messages import Complete
from watcher.pipeline.reading import READING, ReadDone, ReadQueue
from watcher.pipeline.settle import Doubt, Settled, Settling, doubt_about, reason
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.present.view import base_name
from watcher.routing.rules import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.journal.writer import Journal
    from watcher.model.files import Document, Known
    from watcher.pipeline.approvals import ExistingFiles
    from watcher.pipeline.messages import Configure
    from watcher.pipeline.stage import Clock
    from watcher.routing.rules import Plan

_log = logging.getLogger(__name__)

#: Seconds until a file that could not be read is tried again, doubled every time up to the cap.
UNREADABLE_FIRST: Final = 10.0
UNREADABLE_CAP: Final = 600.0

#: Seconds until a file is read again whose processing has failed unexpectedly.
FAILED_PAUSE: Final = 3 * 3600.0

#: Seconds until the journal names a file again that is waited for in memory.
WAITED_FOR: Final = 3600.0

#: States of files that are gone when they vanish; of others the history is what counts.
_UNSENT: Final = frozenset(
    {State.NOTICED, State.QUEUED, State.WAITING, State.HELD, State.DUPLICATE}
)

#: States that files keep until a new version is complete: HrFlow has the one before it, or nobody
#: waits for them.
_LEFT_ASIDE: Final = ARRIVED | IN_FLIGHT | {State.IGNORED, State.BASELINE}


class Intake(Stage):
    """Knows which files are being waited for and read."""

    def __init__(self, context: Context, existing: ExistingFiles) -> None:
        super().__init__(context)
        self._settling = Settling()
        self._reading = ReadQueue(context.workers, context.spool)
        self._existing = existing
        self._blind: set[str] = set()  # folders where it cannot be told whether a file is open

    def handlers(self) -> Handlers:
        """Return the handlers of what folders and readers report."""
        return {
            Candidate: self._notice,
            Scanned: self._note_scanned,
            FolderState: self._publish,
            ReadDone: self._take_result,
        }

    @property
    def pending(self) -> int:
        """How many files are noticed and not decided upon."""
        return len(self._settling) + len(self._reading)

    def work(self) -> None:
        """Look again at what has come due, and take up what waits in the journal."""
        for candidate in self._settling.due(self._clock.tick()):
            self._notice(replace(candidate, stat=None))
        for candidate, why in self._settling.to_show(self._clock.tick()):
            with isolated(self._journal, self._clock, candidate):
                self._show(candidate, why)
        if self._reading.is_empty:
            self._take_from_journal()
        self._reading.start()  # reading has no effect that would have to be in the journal first

    def start(self) -> None:
        """Give the readers what there is to read."""
        self._reading.start()

    def next_due(self) -> float | None:
        """When a file is to be looked at again."""
        return self._clock.tick() if self._reading.can_start else self._settling.next_due()

    def configure(self, message: Configure) -> None:
        """Use new plans; files of folders whose settings have changed are read again."""
        super().configure(message)
        self._reading.configure(message.plans)
        now = self._clock.wall()
        for path, plan in message.plans.items():
            self._journal.folders.reroute(
                path, fingerprint(plan.folder), now, is_imported=plan.is_imported
            )
            if plan.is_imported:  # importing approves what was there
                self._journal.approvals.approve(existing_key(path), now)

    # -- scans

    def _note_scanned(self, message: Scanned) -> None:
        plan = self._plans.get(message.folder)
        if plan is None:
            return
        if message.folder in self._existing.scanning:
            for candidate in message.candidates:
                self._existing.keep_back(plan, candidate)
            return
        for candidate in message.candidates:
            if self._reading.is_full:
                self._note_for_later(candidate)
            else:
                self._notice(candidate)

    def _note_for_later(self, candidate: Candidate) -> None:
        known = self._journal.names.find(candidate.folder, candidate.path)
        if known is not None:
            self._notice(candidate)
        elif candidate.stat is not None:
            now = self._clock.wall()
            if not self._existing.adopt_if_renamed(candidate, candidate.stat):
                self._journal.files.add(candidate, candidate.stat, now, State.NOTICED)

    # -- noticing

    def _notice(self, candidate: Candidate) -> None:
        """A file may be new, changed, renamed or gone, or a directory may be gone."""
        if candidate.sign is Sign.EMPTIED:
            for path in self._journal.names.below(candidate.folder, candidate.path):
                self._notice(Candidate(candidate.folder, path, Sign.REMOVED))
            return
        plan = self._plans.get(candidate.folder)
        if plan is None:
            return
        try:
            self._look_at(candidate, plan)
        except WatcherError:
            raise
        except Exception:  # noqa: BLE001 - one odd file must not end the journey of all others
            _log.exception("a file could not be noticed")

    def _look_at(self, candidate: Candidate, plan: Plan) -> None:
        if self._reading.absorb(candidate):
            return
        stat: Stat | Unusable | None = candidate.stat
        if stat is None or candidate.sign in (Sign.REMOVED, Sign.MISSING):
            stat = documents.stat_file(candidate.folder, candidate.path)
        known = self._journal.names.find(candidate.folder, candidate.path)
        if isinstance(stat, Unusable):
            if known is None or known.state is State.NOTICED:
                self._note_unusable(candidate, stat)
        elif stat is None:
            self._note_vanished(candidate, known)
        elif known is None and self._existing.adopt_if_renamed(candidate, stat):
            self._settling.forget(candidate.path)
        elif not self._skip_if_decided(candidate, known, stat, plan):
            self._settle(candidate, known, stat, plan)

    def _skip_if_decided(
        self, candidate: Candidate, known: Known | None, stat: Stat, plan: Plan
    ) -> bool:
        """Leave alone a version of a file that was decided upon before; return whether it was."""
        if known is None or known.state in (State.NOTICED, State.GONE):
            return False
        # A scan compares size and time alone: where a drive is mounted again, inodes may change.
        was = known.stat if candidate.sign is not Sign.SCANNED else replace(known.stat, inode=0)
        if was.is_version(stat):
            self._settling.forget(candidate.path)
            return True
        if plan.folder.changed is Changed.IGNORE and known.state in ARRIVED:
            self._journal.files.update_stat(known.file_id, candidate, stat)
            self._settling.forget(candidate.path)
            return True
        return False

    def _settle(self, candidate: Candidate, known: Known | None, stat: Stat, plan: Plan) -> None:
        changed = known is not None and known.state in ARRIVED | IN_FLIGHT
        settled = self._settling.observe(
            candidate,
            stat,
            self._clock.tick(),
            plan.folder.settle_seconds,
            wall=self._clock.wall(),
            changed=changed,
        )
        if settled or (not changed and self._try_early(candidate)):
            self._reading.add(replace(candidate, stat=stat), settled)

    def _try_early(self, candidate: Candidate) -> bool:
        """Return whether a file that a scan has found is read now, before it has settled."""
        found = candidate.sign is Sign.SCANNED and candidate.folder not in self._blind
        return found and self._settling.try_early(candidate.path)

    def _show(self, candidate: Candidate, why: Message) -> None:
        """Note in the journal a file that has been waited for so long that people ask why."""
        if (
            candidate.stat is None
            or candidate.folder not in self._plans
            or self._reading.has(candidate.path)
        ):
            return
        known = self._journal.names.find(candidate.folder, candidate.path)
        if known is not None and known.state in _LEFT_ASIDE:
            return
        if known is not None and known.state is State.NOTICED:
            entry = self._journal.store.entry(known.file_id)
            if entry is not None and entry.why in UNFINISHED:
                return  # only another look into it, see :meth:`_wait_for`, tells more
        now = self._clock.wall()
        cause = known.cause if known is not None and known.state is State.NOTICED else ""
        file_id = note_version(self._journal, candidate, known, candidate.stat, now)
        step = Step(State.NOTICED, why, now + WAITED_FOR)
        self._journal.files.step(file_id, step, now, cause=cause)

    def _wait_for(self, candidate: Candidate, why: Message) -> None:
        """Leave a file that is noticed to memory, and show why it is waited for by now."""
        known = self._journal.names.find(candidate.folder, candidate.path)
        entry = self._journal.store.entry(known.file_id) if known is not None else None
        if known is None or entry is None or entry.state is not State.NOTICED:
            return
        now = self._clock.wall()
        if entry.why in UNFINISHED and entry.why != why:
            step = Step(State.NOTICED, why, now + WAITED_FOR)
            self._journal.files.step(known.file_id, step, now, cause=known.cause)
        elif entry.due_at <= now:
            self._journal.queues.read_later(known.file_id, now + WAITED_FOR)

    def _note_vanished(self, candidate: Candidate, known: Known | None) -> None:
        """A file is gone, and with it the documents inside it."""
        self._settling.forget(candidate.path)
        now = self._clock.wall()
        for path, part in self._journal.names.parts(candidate.folder, candidate.path).items():
            if part.state in IN_FLIGHT:  # no scan would miss it later
                self._journal.names.forget(part.file_id)
            else:
                inside = Candidate(candidate.folder, path, candidate.sign)
                note_vanished(self._journal, inside, part, now)
        if known is not None:
            note_vanished(self._journal, candidate, known, now)

    def _note_unusable(self, candidate: Candidate, found: Unusable) -> None:
        known = self._journal.names.find(candidate.folder, candidate.path)
        now = self._clock.wall()
        if found.gone:
            self._note_vanished(candidate, known)
            return
        seen = documents.stat_file(candidate.folder, candidate.path)
        stat = seen if isinstance(seen, Stat) else candidate.stat or Stat(0, 0)
        file_id = note_version(self._journal, candidate, known, stat, now)
        if found.passing:
            tries = self._journal.files.count_try(file_id)
            delay = min(UNREADABLE_CAP, UNREADABLE_FIRST * 2.0 ** min(tries, 10))
            cause = known.cause if known and known.state is State.NOTICED else ""
            step = Step(State.NOTICED, found.why, now + delay)
            self._journal.files.step(file_id, step, now, cause=cause)
        else:
            self._journal.files.step(file_id, Step(State.IGNORED, found.why), now)

    # -- reading

    def _take_from_journal(self) -> None:
        now = self._clock.wall()
        if self._reading.room <= 0:
            return
        for each in self._journal.queues.unread(now, READING, self._plans):
            if self._reading.is_reading(each.path):
                continue
            if self._settling.is_waiting(each.path):
                self._journal.queues.read_later(each.file_id, now + WAITED_FOR)
                continue
            known = self._journal.names.find(each.folder, each.path)
            if known is None or known.file_id != each.file_id:
                step = Step(State.GONE, msg("A newer version replaced this file."))
                self._journal.files.step(each.file_id, step, now)
                self._journal.files.disclaim(each.file_id, now)
            else:
                candidate = Candidate(each.folder, each.path, Sign.SCANNED)
                self._reading.add(candidate, Settled.YES)

    def _take_result(self, message: ReadDone) -> None:
        candidate, result = message.candidate, message.result
        seen_again = self._reading.done(candidate.path)
        plan = self._plans.get(candidate.folder)
        is_complete = False
        with isolated(self._journal, self._clock, candidate):
            if isinstance(result, Unusable):
                # What was only tried is looked at again in its time.
                if plan is not None and message.settled:
                    self._note_unusable(candidate, result)
            elif plan is not None:
                is_complete = not self._postpone(message, result, plan)
        if isinstance(result, Identified):
            if is_complete:
                self._emit(Complete(candidate, result))
            else:
                result.close()
        if seen_again is not None:  # after its admission
            self._emit(replace(candidate, sign=seen_again, stat=None))

    def _postpone(self, message: ReadDone, found: Identified, plan: Plan) -> bool:
        """Have a file that does not seem complete read again later; return whether it will be."""
        candidate, stat = message.candidate, found.document.stat
        seconds = plan.folder.settle_seconds
        doubt = doubt_about(found, self._clock.wall() - stat.mtime_ns / 1e9, seconds)
        if self._reopen_if_changed(found.document):
            return True
        if message.settled is Settled.NO:
            if found.being_written is None:
                self._blind.add(candidate.folder)
            if not _is_proved(found):
                return True
        is_final = message.settled is Settled.LAST and doubt is not Doubt.BEING_WRITTEN
        if doubt is Doubt.NONE or is_final:
            self._settling.forget(candidate.path)
            return False
        self._settling.defer(candidate, stat, self._clock.tick(), seconds, doubt)
        self._wait_for(candidate, reason(doubt, stat))
        return True

    def _reopen_if_changed(self, document: Document) -> bool:
        """Have the file that a document is inside of opened again in its time if it has changed.

        Return whether it has.
        """
        if not document.container:
            return False
        known = self._journal.names.find(document.folder, document.path)
        if known is None or known.stat == document.stat:
            return False
        self._journal.queues.read_later(known.file_id, self._clock.wall() + UNREADABLE_FIRST)
        return True


def _is_proved(found: Identified) -> bool:
    """Whether an early look shows that a file is complete; if not, it is waited for."""
    document = found.document
    return (
        found.being_written is False and document.sniffed.whole is True and not document.may_be_part
    )


@contextlib.contextmanager
def isolated(journal: Journal, clock: Clock, candidate: Candidate) -> Iterator[None]:
    """Log an unexpected failure with a file that was read, and have it read again much later."""
    try:
        yield
    except WatcherError:
        raise
    except Exception:  # noqa: BLE001 - one odd file must not end the journey of all others
        _log.exception("a file could not be processed")
        postpone_reading(journal, candidate, clock.wall(), FAILED_PAUSE)


def note_vanished(journal: Journal, candidate: Candidate, known: Known, now: float) -> None:
    """Note that a file is gone: one that was not sent is over, of others the history stays."""
    is_elsewhere = known.cause == Cause.LEDGER  # the machine that uploads it may file it away
    if known.state in IN_FLIGHT or (is_elsewhere and known.state is State.WAITING):
        return
    if known.state in _UNSENT and not is_elsewhere:
        existed = known.cause.startswith(Cause.EXISTING)
        # A drive that is not there at the moment: its files stay what they were.
        if candidate.sign is Sign.MISSING and existed:
            return
        # What was there first may come back under another name: it is known by its cause.
        why = EXISTING_WENT if existed else _why_gone(journal, known)
        cause = known.cause if existed else ""
        journal.files.step(known.file_id, Step(State.GONE, why), now, cause=cause)
        journal.files.disclaim(known.file_id, now)
    elif known.state is not State.BASELINE or candidate.sign is not Sign.MISSING:
        journal.names.forget(known.file_id)


def _why_gone(journal: Journal, known: Known) -> Message:
    """Return why a file that vanished is not uploaded."""
    if known.state is not State.DUPLICATE:
        return msg("The file was removed before it was uploaded.")
    original = journal.files.original(known.file_id)
    if original is None:  # only its checksum is kept
        return msg("The file was removed; its content was uploaded before.")
    path, state = original
    name = base_name(path)
    if state in ARRIVED:
        return msg("The file was removed; its content was uploaded as {file}.", file=name)
    return msg("The file was removed; {file} has the same content.", file=name)


def note_version(
    journal: Journal,
    candidate: Candidate,
    known: Known | None,
    stat: Stat,
    now: float,
    document: Document | None = None,
) -> int:
    """Return the id of the row that stands for this version of the file, in state NOTICED.

    ``document``: what it is, if that is known.
    """
    if known is None or known.state in ARRIVED | IN_FLIGHT:
        return journal.files.add(candidate, stat, now, State.NOTICED, document=document)
    if known.state is not State.NOTICED:
        journal.files.step(known.file_id, Step(State.NOTICED), now)
    journal.files.disclaim(known.file_id, now)
    journal.files.update_stat(known.file_id, candidate, stat)
    if document is not None:
        journal.files.identify(known.file_id, document)
    return known.file_id


def postpone_reading(journal: Journal, candidate: Candidate, now: float, seconds: float) -> None:
    """Let a file that is noticed wait in the journal before it is read from there."""
    known = journal.names.find(candidate.folder, candidate.path)
    if known is not None and known.state is State.NOTICED:
        why = msg(
            "The file could not be processed. It will be tried again later; the log has details."
        )
        step = Step(State.NOTICED, why, now + seconds)
        journal.files.step(known.file_id, step, now, cause=known.cause)
