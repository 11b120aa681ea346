"""What becomes of a file that is identified: routed and queued, or kept back with a reason."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.kinds import State
from watcher.model.lifecycle import (
    ARRIVED,
    EXISTING_WAITS,
    IN_FLIGHT,
    REFUSED_BEFORE,
    Step,
    existing_key,
    existing_why,
    hold_keys,
)
from watcher.model.records import Stat
from watcher.model.settings import AfterUpload, Duplicates, Existing
from watcher.model.uploads import Skip
from watcher.pipeline.follow_up import numbered
from watcher.routing.rules import form_fields, unusable_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.journal.writer import Journal
    from watcher.model.files import Candidate, Document, Identified, Known, ScanEnded
    from watcher.model.records import Entry
    from watcher.model.uploads import Route
    from watcher.pipeline.housekeeping import Tidying
    from watcher.pipeline.ports import Clock, Files, Plan

_DAY_NS: Final = 86_400 * 10**9


#: 1990-01-01: what people send today was not written before. 1970 and 1980 are the zero of clocks.
_EARLIEST_NS: Final = 7305 * _DAY_NS


def decide(document: Document, plan: Plan) -> Route | Skip:
    """Where a document that has had its time to become whole goes, or why it does not."""
    if document.part_of:
        return Skip(State.IGNORED, msg("is part of {name}", name=document.part_of))
    return _left_out(document, plan) or _broken(document) or plan.route(document)


def has_likely_time(stat: Stat, now: float) -> bool:
    """Whether a file may have been changed when it says so: from 1990 until tomorrow (UTC)."""
    return _EARLIEST_NS <= stat.mtime_ns < (now // 86_400 + 2) * _DAY_NS


def _left_out(document: Document, plan: Plan) -> Skip | None:
    """Why a file that was found once is none of its folder's by the settings of today."""
    below = document.path[len(plan.folder.path.rstrip("/\\")) + 1 :].replace("\\", "/")
    if pattern := plan.ignored(below):
        return Skip(State.IGNORED, msg("ignored by the pattern {pattern}", pattern=pattern))
    if not plan.folder.recursive and "/" in below:
        return Skip(
            State.IGNORED, msg("is in a subfolder, and this folder is set to recursive = false")
        )
    return None


def _broken(document: Document) -> Skip | None:
    """Why a file that has had its time cannot be opened; None if it can, or may be."""
    if document.stat.size == 0:
        return Skip(State.REFUSED, msg("is empty; add it again when it is complete"))
    # What HrFlow cannot read anyway is no better for being whole.
    if document.sniffed.broken and not document.sniffed.advice:
        return Skip(
            State.REFUSED,
            msg(
                "is incomplete ({what}); download or save it again",
                what=document.sniffed.what,
            ),
        )
    return None


def is_at(files: Files, folder: str, path: str, stat: Stat) -> bool:
    """Whether the very file with the numbers of ``stat`` is at ``path`` below ``folder``."""
    there = files.stat(folder, path)
    return isinstance(there, Stat) and (there.device, there.inode) == (stat.device, stat.inode)


#: As many existing files are uploaded without asking.
EXISTING_LIMIT: Final = 100


#: Reason of a walk that went through one directory of a folder only.
_PART_OF_A_FOLDER: Final = "new directory"


class FirstWalks:
    """The folders whose first walk goes on, and what is done about what it finds. One thread."""

    def __init__(self, journal: Journal, files: Files, clock: Clock) -> None:
        self._journal = journal
        self._files = files
        self._clock = clock
        self._plans: Mapping[str, Plan] = {}
        self._walking: set[str] = set()

    def arm(self, plans: Mapping[str, Plan], *, import_all: bool) -> None:
        """Use ``plans`` from now on; ``import_all``: treat files as if they had come later."""
        self._plans = plans
        self._walking = {
            path for path in plans if not import_all and not self._journal.folders.scanned(path)
        }
        for path, plan in plans.items():
            if self._skips(plan):  # what waits for a person's yes as well
                self._journal.holds.skip_existing(existing_key(path), self._clock.wall())

    def __contains__(self, folder: str) -> bool:
        return folder in self._walking

    def ended(self, message: ScanEnded) -> Message:
        """A walk is over; gives what a person should hear of it, NOTHING if nothing."""
        folder = message.folder
        # A directory that cannot be read must not keep a first walk from ending for ever.
        if folder not in self._walking or message.reason == _PART_OF_A_FOLDER:
            return NOTHING
        now = self._clock.wall()
        self._walking.discard(folder)
        self._journal.folders.set_scanned(folder, now)
        return self._decide(folder, self._plans[folder].folder.existing, now)

    def keep_back(self, plan: Plan, candidate: Candidate) -> None:
        """Note a file that was there before its folder was watched."""
        if candidate.stat is None or self._journal.files.find(candidate.folder, candidate.path):
            return
        skips = self._skips(plan)
        self._journal.files.add(
            candidate,
            self._numbered(candidate, candidate.stat),
            self._clock.wall(),
            State.BASELINE if skips else State.HELD,
            existing_key(candidate.folder),
            NOTHING if skips else EXISTING_WAITS,
        )

    def recognise(self, candidate: Candidate, stat: Stat) -> bool:
        """Whether what seems new was there first under another name; it stays what it was."""
        key = existing_key(candidate.folder)
        stat = self._numbered(candidate, stat)
        for file_id, path, state in self._journal.files.kept_as(stat, key):
            if state is State.GONE and not self._journal.holds.is_held(key):
                continue
            if path != candidate.path and is_at(self._files, candidate.folder, path, stat):
                continue
            if state is State.GONE:  # the old name was missed before the new one was found
                now = self._clock.wall()
                self._journal.files.step(file_id, Step(State.NOTICED), now)
                self._journal.files.step(file_id, Step(State.HELD, EXISTING_WAITS), now, cause=key)
            self._journal.files.rename(file_id, candidate)
            return True
        return False

    def _skips(self, plan: Plan) -> bool:
        # Which files were skipped is lost with a journal: nobody knows but the person.
        return plan.folder.existing is Existing.SKIP and not self._journal.facts.is_rebuilt()

    def _numbered(self, candidate: Candidate, stat: Stat) -> Stat:
        """``stat`` with the file's numbers, which a walk does not bring on every system."""
        found = stat if stat.inode else self._files.stat(candidate.folder, candidate.path)
        return found if isinstance(found, Stat) else stat

    def _decide(self, folder: str, existing: Existing, now: float) -> Message:
        key = existing_key(folder)
        waiting = self._journal.holds.kept(key)
        if not waiting:
            return NOTHING
        if existing is Existing.UPLOAD and waiting <= EXISTING_LIMIT:
            self._journal.holds.take_existing(key, now)
            return NOTHING
        why = existing_why(waiting, folder)
        self._journal.holds.keep_existing(key, why, now)
        return why


class Admission:
    """Refuses, ignores, recognises a copy, or queues. One thread."""

    def __init__(
        self,
        journal: Journal,
        files: Files,
        clock: Clock,
        tidying: Tidying,
        keep_handle: Callable[[int, Identified], None],
    ) -> None:
        """``keep_handle`` takes the open handle of a file that has just been queued."""
        self._journal = journal
        self._files = files
        self._clock = clock
        self._tidying = tidying
        self._keep_handle = keep_handle

    def admit(self, candidate: Candidate, found: Identified, plan: Plan) -> None:
        """Note what becomes of a file that is whole and known for what it is.

        Its handle is kept for the upload, or closed.
        """
        document = found.document
        now = self._clock.wall()
        known = self._journal.files.find(candidate.folder, candidate.path)
        if known is not None and known.sha256 == document.sha256 and known.state in ARRIVED:
            self._journal.files.restat(known.file_id, candidate, document.stat)
            close_handle(found)
            return
        again = known and (known.cause, known.sha256) == (REFUSED_BEFORE, document.sha256)
        file_id = self.row(candidate, known, document.stat, now)
        refused = self._refusal(file_id) if again else None
        self._journal.files.identify(file_id, document)
        if not has_likely_time(document.stat, now):
            entry = self._journal.store.entry(file_id)
            document = replace(document, noticed_at=entry.noticed_at if entry else now)
        decision = decide(document, plan)
        if isinstance(decision, Skip):
            close_handle(found)
            self._skip(file_id, decision, plan, refused)
            return
        if plan.folder.duplicates is Duplicates.UPLOAD and self._is_moved(
            file_id, candidate, document, decision, plan
        ):
            close_handle(found)
            return
        self._queue(file_id, document, decision, plan, now, refused)
        self._keep_handle(file_id, found)

    def _skip(self, file_id: int, skip: Skip, plan: Plan, refused: Entry | None) -> None:
        """``refused``: the file as it was refused before its settings changed."""
        now = self._clock.wall()
        if refused and (skip.state, skip.why) == (State.REFUSED, refused.why):
            self._journal.files.refuse_again(file_id, skip.why, now)
        else:
            self._journal.files.step(file_id, Step(skip.state, skip.why), now)
        if skip.state is State.REFUSED:
            self._tidying.refused(file_id, plan)

    def _is_moved(
        self, file_id: int, candidate: Candidate, document: Document, route: Route, plan: Plan
    ) -> bool:
        """Whether a file has arrived under another name that it had: then that one goes on."""
        stat = document.stat
        sent = self._journal.files.sent_as(stat, document.sha256, route.source_key)
        for former, folder, path in sent:
            if path == document.path or not is_at(self._files, folder, path, stat):
                self._journal.files.replace(file_id, former)
                self._journal.files.rename(former, candidate)
                self._tidying.arrived(former, plan)
                return True
        return False

    def _queue(
        self,
        file_id: int,
        document: Document,
        route: Route,
        plan: Plan,
        now: float,
        refused: Entry | None,
    ) -> None:
        """``refused``: the file as HrFlow has refused it, which it would do again."""
        owner = self._journal.files.claim(route.source_key, document.sha256, file_id)
        if owner != file_id and self._is_put_back(owner):
            self._journal.files.disclaim(owner, now)
            owner = self._journal.files.claim(route.source_key, document.sha256, file_id)
        if owner != file_id and plan.folder.duplicates is Duplicates.UPLOAD:
            identity = _copy_identity(document)
            owner = self._journal.files.claim(route.source_key, identity, file_id)
            route = replace(route, reference=f"{route.reference}-{identity[:8]}")
        if resends := self._journal.files.resends(file_id):
            route = replace(route, reference=numbered(route.reference, resends))
        if why := unusable_reference(route.reference):  # with what was added to it
            self._skip(file_id, Skip(State.REFUSED, why, route.rule), plan, refused)
            return
        fields = form_fields(route, document.sniffed.media_type)
        self._journal.files.address(file_id, route, route.reference, fields)
        if owner != file_id and self._journal.files.is_return_of(file_id, owner):
            return
        if owner != file_id:
            self._journal.files.set_duplicate(file_id, owner)
            self._journal.files.step(
                file_id, Step(State.DUPLICATE, msg("has the same content as another file")), now
            )
            if plan.folder.after_upload is not AfterUpload.KEEP:
                self._tidying.duplicate(file_id, owner)
            return
        if refused and (refused.account, refused.fields) == (route.account, fields):
            self._journal.files.refuse_again(file_id, refused.why, now)
            self._tidying.refused(file_id, plan)
            return
        if self._journal.facts.is_in_doubt(file_id):
            step = Step(State.UNCERTAIN, msg("checking whether it was uploaded before"), now)
            self._journal.files.step(file_id, step, now)
            return
        key = self._held_by(route)
        # Of those that a cause keeps back each says why, the later ones too.
        holds = self._journal.holds.at_work() if key else ()
        why = next((hold.why for hold in holds if hold.key == key), NOTHING)
        state = State.HELD if key else State.QUEUED
        self._journal.files.step(file_id, Step(state, why, due_at=now), now, cause=key)

    def _refusal(self, file_id: int) -> Entry | None:
        """A file as it was refused last, though its state is another one by now."""
        entry = self._journal.store.entry(file_id)
        return entry and replace(entry, why=self._journal.files.last_refusal(file_id))

    def _is_put_back(self, owner: int) -> bool:
        """Whether a content was refused and moved away: who puts it back wants it tried again."""
        entry = self._journal.store.entry(owner)
        return (
            entry is not None
            and entry.state is State.REFUSED
            and entry.filed_to not in ("", entry.path)
        )

    def _held_by(self, route: Route) -> str:
        """What keeps back all that goes this way; "" if nothing does."""
        keys = hold_keys(route.account, route.source_key)
        return next((key for key in keys if self._journal.holds.is_held(key)), "")

    def row(self, candidate: Candidate, known: Known | None, stat: Stat, now: float) -> int:
        """The row that stands for this version of the file, in state NOTICED."""
        if known is None or known.state in ARRIVED | IN_FLIGHT:
            return self._journal.files.add(candidate, stat, now, State.NOTICED)
        if known.state is not State.NOTICED:
            self._journal.files.step(known.file_id, Step(State.NOTICED), now)
        self._journal.files.disclaim(known.file_id, now)
        self._journal.files.restat(known.file_id, candidate, stat)
        return known.file_id


def close_handle(found: Identified) -> None:
    """Let go of a file that is not sent now."""
    if found.handle is not None:
        found.handle.close()


def _copy_identity(document: Document) -> str:
    """What tells a copy that is sent on purpose from the first, on every machine alike."""
    below = document.path[len(document.folder) :].replace("\\", "/")
    text = f"{document.sha256}:{below}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest()
