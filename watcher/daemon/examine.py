"""What would happen to a file, and why: decided by the same code as when it is sent."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from watcher import documents
from watcher.daemon.clock import RealClock
from watcher.daemon.orders import is_in
from watcher.daemon.plans import Disk, on_disk
from watcher.i18n.message import msg
from watcher.journal.reader import Reader
from watcher.model.files import Unusable
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, EXISTING_WAITS
from watcher.model.settings import Duplicates
from watcher.model.uploads import Skip
from watcher.pipeline.admission import decide, has_likely_time
from watcher.present import view
from watcher.routing.rules import form_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.instance import Places
    from watcher.model.files import Document
    from watcher.model.records import Entry
    from watcher.model.uploads import Route
    from watcher.pipeline.ports import Plan


def examine(name: str, plans: Mapping[str, Plan], where: Places) -> dict[str, object]:
    """What would happen to the file called ``name``, for machines."""
    directory, base = os.path.split(on_disk(os.path.abspath(name)))
    path = os.path.join(os.path.realpath(directory), base)
    facts: dict[str, object] = {"file": view.safe(path)}
    if not os.path.lexists(path):
        return {**facts, "verdict": "missing", "why": "is not there; check the spelling"}
    if os.path.isdir(path) and not os.path.islink(path):
        path = os.path.join(path, main) if (main := documents.main_file(path)) else path
    if os.path.isdir(path) and not os.path.islink(path):
        return {**facts, "verdict": "not sent", "why": "is a folder; name the files in it"}
    plan = _plan_of(path, plans)
    if plan is None:
        return {**facts, "verdict": "not watched", "why": "lies in none of the watched folders"}
    facts["folder"] = view.safe(plan.folder.path)
    below = os.path.relpath(path, plan.folder.path)
    if pattern := plan.ignored(below.replace(os.sep, "/")):
        is_place = pattern.endswith("/") and pattern not in plan.folder.ignore
        why = (
            msg("lies in {pattern}, where files are filed away", pattern=pattern)
            if is_place
            else ""
        )
        return {
            **facts,
            "verdict": "ignored",
            "why": why or msg("matches the pattern {pattern}", pattern=pattern),
        }
    if not plan.folder.recursive and os.sep in below:
        return {**facts, "verdict": "not watched", "why": msg("lies deeper than recursive = false")}
    found = Disk(RealClock()).identify(plan, path)
    if isinstance(found, Unusable):
        return {**facts, "verdict": "not sent", "why": view.safe(found.why)}
    if found.handle is not None:
        found.handle.close()
    return {**facts, **_decision(found.document, plan, where)}


def _decision(document: Document, plan: Plan, where: Places) -> dict[str, object]:
    sniffed = document.sniffed
    now = time.time()
    if not has_likely_time(document.stat, now):
        here = _here(document, where)
        document = replace(document, noticed_at=here.noticed_at if here else now)
    facts: dict[str, object] = {
        "size": document.stat.size,
        "media_type": sniffed.media_type,
        "what": sniffed.what,
        "sent_as": view.safe(document.file_name),
    }
    decision = decide(document, plan)
    if isinstance(decision, Skip):
        return {
            **facts,
            "verdict": decision.state.value,
            "why": view.safe(decision.why),
            "rule": decision.rule,
        }
    return {
        **facts,
        "verdict": "would be sent",
        **_known(document, decision, plan, where),
        **_addressed(document, decision),
    }


def _here(document: Document, where: Places) -> Entry | None:
    """What the journal knows of the file at this place."""
    if not where.has_journal:
        return None
    reader = Reader(where.journal)
    try:
        return reader.at(document.folder, document.path)
    finally:
        reader.close()


def _known(document: Document, route: Route, plan: Plan, where: Places) -> dict[str, object]:
    """A verdict, if the journal says that this content is not to be sent once more."""
    if not where.has_journal:
        return {}
    reader = Reader(where.journal)
    try:
        first = reader.sender(route.source_key, document.sha256)
    finally:
        reader.close()
    here = _here(document, where)
    if here is not None and (rests := _rests(here, document, route)):
        return rests
    if first is None or first.state is State.GONE:
        return {}
    if first.path == document.path:
        why = "was sent before and is not sent again"
        return {"verdict": "sent already", "why": why} if first.state in ARRIVED else {}
    if plan.folder.duplicates is Duplicates.UPLOAD:
        return {}
    return {"verdict": "duplicate", "why": f"has the same content as {view.safe(first.path)}"}


def _rests(here: Entry, document: Document, route: Route) -> dict[str, object]:
    """A verdict, if this very file is known and nothing is done about it for the time being."""
    stat = document.stat
    if (here.stat.size, here.stat.mtime_ns) != (stat.size, stat.mtime_ns):
        return {}
    if here.state is State.BASELINE:
        why = msg("was there before its folder was watched; import sends such files")
        return {"verdict": msg("left alone"), "why": why}
    if here.state is State.HELD:
        first = here.why in ("", EXISTING_WAITS)
        why = (
            f"{EXISTING_WAITS}; import says it"
            if first
            else msg("waits: {why}", why=view.safe(here.why))
        )
        return {"verdict": "held", "why": why}
    if here.state is State.REFUSED and here.fields == form_fields(
        route, document.sniffed.media_type
    ):
        return {
            "verdict": "refused",
            "why": msg("has been refused: {why}", why=view.safe(here.why)),
        }
    return {}


def _addressed(document: Document, route: Route) -> dict[str, object]:
    return {
        "rule": route.rule,
        "account": route.account,
        "source_key": route.source_key,
        "reference": route.reference,
        "fields": dict(form_fields(route, document.sniffed.media_type)),
    }


def _plan_of(path: str, plans: Mapping[str, Plan]) -> Plan | None:
    """The folder a file belongs to; of folders in each other the deepest."""
    fitting = [folder for folder in plans if path != folder and is_in(path, folder)]
    return plans[max(fitting, key=len)] if fitting else None
