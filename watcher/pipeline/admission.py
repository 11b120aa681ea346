"""Whether a complete file is uploaded: routed and queued, or kept back with a reason."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from watcher import documents
from watcher.i18n.message import NOTHING, msg
from watcher.model.files import Candidate
from watcher.model.holds import REFUSED_BEFORE, burst_key
from watcher.model.kinds import Sign, State
from watcher.model.lifecycle import ARRIVED, Step
from watcher.model.reasons import BURST_WAITS
from watcher.model.settings import Changed, Duplicates
from watcher.model.uploads import Open, Skip
from watcher.pipeline.follow_up import numbered
from watcher.pipeline.intake import isolated, note_vanished, note_version
from watcher.pipeline.messages import Complete, Fileable, Queued
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.routing.rules import form_fields, unusable_reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.model.entries import Entry, Stat
    from watcher.model.files import Document, Known, Part
    from watcher.model.uploads import Route
    from watcher.pipeline.approvals import ExistingFiles, Guard
    from watcher.routing.rules import Plan

    #: The text fields of an upload's form.
    Fields = tuple[tuple[str, str], ...]

_DAY_NS: Final = 86_400 * 10**9

#: 1990-01-01: nobody sends older files, and 1970 and 1980 are what clocks begin with.
_EARLIEST_NS: Final = 7305 * _DAY_NS


def decide(document: Document, plan: Plan) -> Route | Skip | Open:
    """Return where a complete document goes, or why it is not uploaded.

    A document inside a file is routed as if it were beside that file.
    """
    if document.part_of:
        return Skip(State.IGNORED, msg("This file is part of {name}.", name=document.part_of))
    skip = _left_out(document, plan) or _broken(document, plan)
    return skip or plan.route(_without_ignored(document, plan))


def has_likely_time(stat: Stat, now: float) -> bool:
    """Whether a file may have been changed when it says so: from 1990 until tomorrow (UTC)."""
    return _EARLIEST_NS <= stat.mtime_ns < (now // 86_400 + 2) * _DAY_NS


def _left_out(document: Document, plan: Plan) -> Skip | None:
    """Return why the current settings leave out a file that earlier ones let in."""
    if pattern := plan.ignored(document.below):
        return Skip(
            State.IGNORED, msg("This file matches the ignored pattern {pattern}.", pattern=pattern)
        )
    if not plan.folder.recursive and "/" in document.below:
        return Skip(
            State.IGNORED,
            msg(
                "This file is in a subfolder, and subfolders of this folder are not included"
                " (recursive = false)."
            ),
        )
    return None


def _without_ignored(document: Document, plan: Plan) -> Document:
    """Return a document with the files inside it left out whose names are ignored."""
    if document.parts is None:
        return document
    folder = document.below.rpartition("/")[0]
    parts = [
        replace(part, left_out=msg("matches the ignored pattern {pattern}", pattern=pattern))
        if not part.left_out and (pattern := plan.ignored(f"{folder}/{part.name}".lstrip("/")))
        else part
        for part in document.parts
    ]
    return replace(document, parts=tuple(parts))


def _broken(document: Document, plan: Plan) -> Skip | None:
    """Return why a file that has had time to become complete is unusable; None if it is not."""
    if document.stat.size == 0:
        return Skip(State.REFUSED, msg("The file is empty. Add it again when it is complete."))
    if document.problem:
        return Skip(State.REFUSED, document.problem)
    # What HrFlow cannot read anyway is no better for being complete, unless it would be opened.
    sniffed = document.sniffed
    if sniffed.broken and (not sniffed.advice or plan.opens(sniffed)):
        return Skip(
            State.REFUSED,
            msg(
                "This file is {what}, but incomplete. Download or save it again.",
                what=sniffed.what,
            ),
        )
    return None


class _Version(Struct, frozen=True):
    """A complete version of a file, which is decided upon; ``file_id`` is its row's.

    ``known``: the file as it was known before. ``refused``: as HrFlow, or its former settings,
    refused the same content, which would be done again.
    """

    file_id: int
    candidate: Candidate
    document: Document
    plan: Plan
    known: Known | None
    refused: Entry | None

    @property
    def resends(self) -> int:
        """How often it was sent under another reference."""
        return self.known.resends if self.known and self.known.file_id == self.file_id else 0


class Admission(Stage):
    """Refuses, ignores, recognises a copy, or queues."""

    def __init__(self, context: Context, guard: Guard, existing: ExistingFiles) -> None:
        super().__init__(context)
        self._existing = existing
        self._guard = guard

    def handlers(self) -> Handlers:
        """Return the handler of files that are complete."""
        return {Complete: self._admit}

    def _admit(self, message: Complete) -> None:
        candidate, found = message.candidate, message.found
        file_id = None
        with isolated(self._journal, self._clock, candidate):
            file_id = self._decide(candidate, found.document, self._plans[candidate.folder])
        if file_id is not None and found.handle is not None:
            self._emit(Queued(file_id, found.handle))
        else:
            found.close()

    def _decide(self, candidate: Candidate, document: Document, plan: Plan) -> int | None:
        """Note what becomes of a file; return its id if it was queued."""
        now = self._clock.wall()
        known = self._journal.names.find(candidate.folder, candidate.path)
        if known is not None and known.sha256 == document.sha256 and known.state in ARRIVED:
            self._journal.files.update_stat(known.file_id, candidate, document.stat)
            return None
        again = known and (known.cause, known.sha256) == (REFUSED_BEFORE, document.sha256)
        file_id = note_version(self._journal, candidate, known, document.stat, now, document)
        refused = self._refusal(file_id) if again else None
        if not has_likely_time(document.stat, now):
            entry = self._journal.store.entry(file_id)
            document = replace(document, noticed_at=entry.noticed_at if entry else now)
        version = _Version(file_id, candidate, document, plan, known, refused)
        decision = decide(document, plan)
        if isinstance(decision, Open):
            self._journal.files.step(file_id, Step(State.IGNORED, decision.why), now)
        if document.parts is not None:
            self._note_parts(version, decision.parts if isinstance(decision, Open) else ())
        if isinstance(decision, Skip):
            self._skip(version, decision)
            if document.container and decision.state is State.IGNORED:
                self._emit(Fileable(file_id, plan.folder.path))  # its container may be done now
        if isinstance(decision, Skip | Open):
            return None
        if plan.folder.duplicates is Duplicates.UPLOAD and self._continue_former(version, decision):
            return None
        claimed = self._claim(version, decision)
        if claimed is None:
            return None
        return file_id if self._queue(version, *claimed) else None

    def _note_parts(self, version: _Version, parts: Iterable[Part]) -> None:
        """Note the documents inside a file, which are read later, and which of them are gone."""
        now, container = self._clock.wall(), version.document
        is_held = self._existing.holds(version.known, container.folder)
        known = self._journal.names.parts(container.folder, container.path)
        ignores_changes = version.plan.folder.changed is Changed.IGNORE
        for part in parts:
            path = documents.part_path(container.path, part.name)
            stat = replace(container.stat, size=part.size)
            candidate = Candidate(container.folder, path, Sign.SCANNED, stat)
            before = known.pop(path, None)
            if before and (before.stat.size, before.stat.mtime_ns) == (stat.size, stat.mtime_ns):
                continue  # decided upon, or still to be read
            if before and ignores_changes and before.state in ARRIVED:
                self._journal.files.update_stat(before.file_id, candidate, stat)
                continue
            if before is None and self._existing.adopt_if_renamed(candidate, stat):
                continue
            part_id = note_version(self._journal, candidate, before, stat, now)
            if is_held:
                self._existing.hold(part_id, container.folder)
        for path, before in known.items():
            candidate = Candidate(container.folder, path, Sign.REMOVED)
            note_vanished(self._journal, candidate, before, now)

    def _skip(self, version: _Version, skip: Skip) -> None:
        now, refused = self._clock.wall(), version.refused
        if refused and (skip.state, skip.why) == (State.REFUSED, refused.why):
            self._journal.files.refuse_again(version.file_id, skip.why, now)
        else:
            self._journal.files.step(version.file_id, Step(skip.state, skip.why), now)
        if skip.state is State.REFUSED:
            self._emit(Fileable(version.file_id, version.plan.folder.path))

    def _continue_former(self, version: _Version, route: Route) -> bool:
        """Continue the row of a file that was sent under a former name; return whether it was."""
        document, candidate = version.document, version.candidate
        stat = document.stat
        sent = self._journal.names.sent_as(stat, document.sha256, route.source_key)
        for former, folder, path in sent:
            if path == document.path or not documents.is_at(folder, path, stat):
                self._journal.files.replace(version.file_id, former)
                self._journal.names.rename(former, candidate)
                self._emit(Fileable(former, candidate.folder))
                return True
        return False

    def _claim(self, version: _Version, route: Route) -> tuple[Route, Fields] | None:
        """Make a file the one that sends its content; return how it is sent, None if it is not."""
        now = self._clock.wall()
        file_id, document, refused = version.file_id, version.document, version.refused
        owner = self._journal.files.claim(route.source_key, document.sha256, file_id)
        if owner != file_id and self._is_put_back(owner):
            self._journal.files.disclaim(owner, now)
            owner = self._journal.files.claim(route.source_key, document.sha256, file_id)
        if owner != file_id and version.plan.folder.duplicates is Duplicates.UPLOAD:
            identity = _copy_identity(document)
            owner = self._journal.files.claim(route.source_key, identity, file_id)
            route = replace(route, reference=f"{route.reference}-{identity[:8]}")
        if version.resends:
            route = replace(route, reference=numbered(route.reference, version.resends))
        if why := unusable_reference(route.reference):  # as it was extended above
            self._skip(version, Skip(State.REFUSED, why, route.rule))
            return None
        fields = form_fields(route, document.sent_type)
        if owner != file_id:
            if not self._journal.files.merge_if_returned(file_id, owner):
                step = Step(State.DUPLICATE, msg("This file has the same content as another file."))
                self._journal.files.step(file_id, step, now, route=route, fields=fields)
                self._note_duplicate(version, owner)
            return None
        if refused and (refused.account, refused.fields) == (route.account, fields):
            self._journal.files.refuse_again(file_id, refused.why, now)
            self._emit(Fileable(file_id, version.plan.folder.path))
            return None
        return route, fields

    def _queue(self, version: _Version, route: Route, fields: Fields) -> bool:
        """Queue a file unless it has to wait; return whether it was queued."""
        file_id, folder, known = version.file_id, version.plan.folder.path, version.known
        now, held_by = self._clock.wall(), known.cause if known else ""
        if self._existing.holds(known, folder):
            self._existing.hold(file_id, folder)
            return False
        step, cause = Step(State.QUEUED, due_at=now), ""
        if self._journal.facts.is_in_doubt(file_id):
            why = msg("Checking whether this file was uploaded before.")
            step = Step(State.UNCERTAIN, why, now)
        elif not self._guard.admit(file_id, folder, held_by):
            step, cause = Step(State.HELD, BURST_WAITS), burst_key(folder)
        elif keys := self._journal.holds.keys_of(route.account, route.source_key):
            # Every held file shows the reason, later ones too.
            holds, cause = self._journal.holds.active(), keys[0]
            why = next((hold.why for hold in holds if hold.key == cause), NOTHING)
            step = Step(State.HELD, why, now)
        self._journal.files.step(file_id, step, now, cause=cause, route=route, fields=fields)
        return step.state is State.QUEUED

    def _note_duplicate(self, version: _Version, owner: int) -> None:
        self._journal.files.set_duplicate(version.file_id, owner)
        # If the owner is forgotten, only its fingerprint is left, which proves that it was sent. If
        # it is a duplicate itself, another machine has sent it.
        if self._journal.files.state(owner) in (*ARRIVED, State.DUPLICATE, None):
            self._emit(Fileable(version.file_id, version.plan.folder.path))

    def _refusal(self, file_id: int) -> Entry | None:
        """A file as it was refused last, though its state is another one by now."""
        entry = self._journal.store.entry(file_id)
        return entry and replace(entry, why=self._journal.files.last_refusal(file_id))

    def _is_put_back(self, owner: int) -> bool:
        """Whether a content was refused and moved away: putting it back means trying it again."""
        entry = self._journal.store.entry(owner)
        return (
            entry is not None
            and entry.state is State.REFUSED
            and entry.filed_to not in ("", entry.path)
        )


def _copy_identity(document: Document) -> str:
    """Return what distinguishes a copy sent on purpose from the first, alike on every machine."""
    below = document.path[len(document.folder) :].replace("\\", "/")
    text = f"{document.sha256}:{below}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest()
