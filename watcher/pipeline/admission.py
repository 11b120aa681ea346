"""What becomes of a file that is whole and known for what it is."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from watcher.follow_up import numbered
from watcher.model import Identified, Skip, State
from watcher.pipeline.deciding import decide, has_likely_time
from watcher.pipeline.moves import is_at
from watcher.rules import form_fields, unusable_reference
from watcher.settings import AfterUpload, Duplicates
from watcher.states import ARRIVED, IN_FLIGHT, REFUSED_BEFORE, Step, hold_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.journal.writer import Journal
    from watcher.model import Candidate, Document, Entry, Known, Route, Stat
    from watcher.pipeline.tidying import Tidying
    from watcher.ports import Clock, Files, Plan


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
            self._journal.files.step(file_id, Step(State.DUPLICATE, "has the same content"), now)
            if plan.folder.after_upload is not AfterUpload.KEEP:
                self._tidying.duplicate(file_id, owner)
            return
        if refused and (refused.account, refused.fields) == (route.account, fields):
            self._journal.files.refuse_again(file_id, refused.why, now)
            self._tidying.refused(file_id, plan)
            return
        if self._journal.facts.is_in_doubt(file_id):
            step = Step(State.UNCERTAIN, "asking whether it was sent before", now)
            self._journal.files.step(file_id, step, now)
            return
        key = self._held_by(route)
        # Of those that a cause keeps back each says why, the later ones too.
        holds = self._journal.holds.at_work() if key else ()
        why = next((hold.why for hold in holds if hold.key == key), "")
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
