"""What would happen to a file, decided by the rules of the pipeline itself."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from watcher import documents
from watcher.config.paths import on_disk
from watcher.daemon.state_folder import open_reader
from watcher.documents import Spool
from watcher.i18n.message import NOTHING, Message, as_fields, msg
from watcher.model.files import Unusable
from watcher.model.holds import burst_key, hold_keys
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED
from watcher.model.reasons import EXISTING_WAITS
from watcher.model.settings import Duplicates
from watcher.model.uploads import Open, Skip
from watcher.pipeline.admission import decide, has_likely_time
from watcher.pipeline.settle import PATIENCE_FACTOR, Doubt, doubt_about, reason
from watcher.present import view
from watcher.present.view import Display
from watcher.routing.names import is_in
from watcher.routing.rules import Plan, form_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.state_folder import Places
    from watcher.documents import Container
    from watcher.journal.reader import Reader
    from watcher.model.entries import Entry, Stat
    from watcher.model.files import Document, Identified
    from watcher.model.uploads import Route

#: Verdicts that are not states of a file.
SENT: Final = Display("✓", msg("Would be uploaded"), "good")
OPENED: Final = Display("✓", msg("Would be extracted"), "good")
MISSING: Final = Display("✗", msg("File not found; check the path"), "bad")
_NOT_SENT: Final = Display("·", msg("Not uploaded"), "quiet")
_ARRIVED: Final = Display("·", msg("Already uploaded"), "quiet")


class Verdict(Struct, frozen=True, kw_only=True):
    """What would happen to a file, and ``why`` it is not sent.

    As far as it was asked: its ``document``, the number of the ``rule`` that decided (0 for none),
    and the ``route``. ``parts`` are the verdicts on documents inside.
    """

    file: str
    display: Display
    why: Message = NOTHING
    folder: str = ""
    document: Document | None = None
    rule: int | None = None
    route: Route | None = None
    parts: tuple[Verdict, ...] = ()

    @property
    def is_sent(self) -> bool:
        """Whether it would be uploaded."""
        return self.display is SENT

    @property
    def fields(self) -> dict[str, str]:
        """The fields of an upload beside the file; none if it has no route."""
        if self.route is None or self.document is None:
            return {}
        return dict(form_fields(self.route, self.document.sent_type))

    def record(self) -> dict[str, object]:
        """Return it as plain values, for scripts; those that do not apply are left out."""
        facts: dict[str, object] = {"file": self.file, **as_fields("verdict", self.display.label)}
        if self.why:
            facts |= as_fields("why", self.why)
        if self.folder:
            facts["folder"] = self.folder
        if self.document is not None:
            sniffed = self.document.sniffed
            facts |= {
                "size": self.document.stat.size,
                "media_type": sniffed.media_type,
                **as_fields("what", sniffed.what),
                "sent_as": self.document.file_name,
            }
        if self.rule is not None:
            facts["rule"] = self.rule
        if self.route is not None:
            facts |= {
                "account": self.route.account,
                "source_key": self.route.source_key,
                "reference": self.route.reference,
                "fields": self.fields,
            }
        if self.parts:
            facts["parts"] = [part.record() for part in self.parts]
        return facts


def check_file(name: str, plans: Mapping[str, Plan], where: Places) -> Verdict:
    """Return what would happen to the file ``name``, decided by the pipeline's own rules."""
    directory, base = os.path.split(on_disk(os.path.abspath(name)))
    path = os.path.join(os.path.realpath(directory), base)
    inside = (plan := _plan_of(path, plans)) and documents.find_container(plan.folder.path, path)
    if not inside and not os.path.lexists(path):
        return Verdict(file=path, display=MISSING)
    shown = path
    if os.path.isdir(path) and not os.path.islink(path):
        if not (main := documents.main_file(path)):
            why = msg("This is a folder. Choose the files in it.")
            return Verdict(file=path, display=_NOT_SENT, why=why)
        path = os.path.join(path, main)
    plan = _plan_of(path, plans)
    if plan is None:
        why = msg("The file is not in a watched folder.")
        return Verdict(file=shown, display=_NOT_SENT, why=why)
    with open_reader(where) as reader:
        verdict = _check_place(path, plan) or _check_content(path, plan, reader, Spool(where.spool))
    return replace(verdict, file=shown, folder=plan.folder.path)


def _check_place(path: str, plan: Plan) -> Verdict | None:
    """Return the verdict on a file by its path alone; None if its content decides."""
    below = os.path.relpath(path, plan.folder.path)
    if pattern := plan.ignored(below.replace(os.sep, "/")):
        is_place = pattern.endswith("/") and pattern not in plan.folder.ignore
        why = (
            msg("The file is in {pattern}, where files are filed away.", pattern=pattern)
            if is_place
            else msg("This file matches the ignored pattern {pattern}.", pattern=pattern)
        )
        return Verdict(file=path, display=view.STATES[State.IGNORED], why=why)
    if not plan.folder.recursive and os.sep in below:
        why = msg(
            "This file is in a subfolder, and subfolders of this folder are not included"
            " (recursive = false)."
        )
        return Verdict(file=path, display=_NOT_SENT, why=why)
    return None


def _check_content(
    path: str, plan: Plan, reader: Reader | None, spool: Spool, container: Container | None = None
) -> Verdict:
    """Return the verdict on a file by its content; ``reader`` is None where there is no journal.

    ``container``: the open file that it is inside of.
    """
    folder = plan.folder
    found = documents.identify(
        folder.path,
        path,
        accepts=plan.accepts,
        max_size=folder.max_size,
        opens=plan.opens,
        converts=plan.converts,
        spool=spool,
        container=container,
    )
    if isinstance(found, Unusable):
        display = view.STATES[State.WAITING] if found.passing else _NOT_SENT
        return Verdict(file=path, display=display, why=found.why)
    verdict = _check_identified(found, plan, reader)
    if verdict.display is not OPENED or verdict.document is None:
        return verdict
    paths = [documents.part_path(path, part.name) for part in verdict.document.parts or ()]
    with documents.open_container(folder.path, path, spool) as opened:
        if isinstance(opened, Unusable):  # it has changed since
            return replace(verdict, display=_NOT_SENT, why=opened.why)
        parts = tuple(_check_content(each, plan, reader, spool, opened) for each in paths)
    return replace(verdict, parts=parts)


def _check_identified(found: Identified, plan: Plan, reader: Reader | None) -> Verdict:
    """Return the verdict on an identified file; ``reader`` is None where there is no journal."""
    document = found.document
    here = reader.at(document.folder, document.path) if reader else None
    now = time.time()
    if not has_likely_time(document.stat, now):
        document = replace(document, noticed_at=here.noticed_at if here else now)
    verdict = Verdict(file=document.path, display=SENT, document=document)
    if why := _why_unfinished(found, here, plan, now):
        return replace(verdict, display=view.STATES[State.WAITING], why=why)
    route = decide(document, plan)
    if isinstance(route, Skip):
        state = State.IGNORED if route.state is State.IGNORED else State.REFUSED
        return replace(verdict, display=view.STATES[state], why=route.why, rule=route.rule)
    if isinstance(route, Open):
        opened = replace(document, parts=route.parts)
        return replace(verdict, display=OPENED, why=route.why, rule=route.rule, document=opened)
    verdict = replace(verdict, route=route, rule=route.rule)
    first = reader.sender(route.source_key, document.sha256) if reader else None
    known = (
        _known_here(verdict, here)
        or _known_content(document, first, plan)
        or _held_back(document, route, reader)
    )
    return replace(verdict, display=known[0], why=known[1]) if known else verdict


def _why_unfinished(found: Identified, here: Entry | None, plan: Plan, now: float) -> Message:
    """Return why the pipeline waits until a file is complete; NOTHING if it decides upon it."""
    stat, seconds = found.document.stat, plan.folder.settle_seconds
    rest = now - stat.mtime_ns / 1e9
    doubt = doubt_about(found, rest, seconds)
    # One without an end takes moments; what breaks off for long stays as it is.
    is_awaited = doubt is Doubt.BROKEN_OFF and rest < PATIENCE_FACTOR * seconds
    is_decided = here is not None and _is_version(here, stat) and here.state is not State.NOTICED
    if doubt is Doubt.BEING_WRITTEN or (is_awaited and not is_decided):
        return reason(doubt, stat)
    return NOTHING


def _is_version(here: Entry, stat: Stat) -> bool:
    """Whether the journal knows this very version of a file."""
    return (here.stat.size, here.stat.mtime_ns) == (stat.size, stat.mtime_ns)


def _known_here(verdict: Verdict, here: Entry | None) -> tuple[Display, Message] | None:
    """Return the verdict on a file if this version of it is known and left alone for now."""
    assert verdict.document is not None
    if here is None or not _is_version(here, verdict.document.stat):
        return None
    why = here.why
    if here.state is State.BASELINE:
        why = msg(
            "The file was already in the folder when watching began. Upload it with:"
            " {hrflow_watcher} import"
        )
    elif here.state is State.HELD and why in (NOTHING, EXISTING_WAITS):
        why = msg(
            "The file was already in the folder and is waiting for your approval. Upload it"
            " with: {hrflow_watcher} approve"
        )
    is_left = here.state in (State.BASELINE, State.HELD) or (
        here.state is State.REFUSED and dict(here.fields) == verdict.fields
    )
    return (view.STATES[here.state], why) if is_left else None


def _known_content(
    document: Document, first: Entry | None, plan: Plan
) -> tuple[Display, Message] | None:
    """Return the verdict on a content that ``first`` has sent, if it is not sent again."""
    if first is None or first.state is State.GONE:
        return None
    if first.path == document.path:
        why = msg("The file was uploaded before and will not be uploaded again.")
        return (_ARRIVED, why) if first.state in ARRIVED else None
    if plan.folder.duplicates is Duplicates.UPLOAD:
        return None
    same = msg("This file has the same content as {file}.", file=first.path)
    return view.STATES[State.DUPLICATE], same


def _held_back(
    document: Document, route: Route, reader: Reader | None
) -> tuple[Display, Message] | None:
    """Return the verdict on a file if a cause holds back its source or its folder."""
    causes = [burst_key(document.folder), *hold_keys(route.account, route.source_key)]
    holds = {hold.key: hold.why for hold in (reader.held() if reader else ())}
    why = next((holds[key] for key in causes if key in holds), NOTHING)
    return (view.STATES[State.HELD], why) if why else None


def _plan_of(path: str, plans: Mapping[str, Plan]) -> Plan | None:
    """Return the plan of the folder that a file belongs to; of nested folders the deepest."""
    around = [folder for folder in plans if path != folder and is_in(path, folder, os.sep)]
    return plans[max(around, key=len)] if around else None
