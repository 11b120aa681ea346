"""What would happen to a file, and why: decided by the same code as when it is sent."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from watcher import documents
from watcher.daemon.clock import RealClock
from watcher.daemon.imports import is_in
from watcher.daemon.plans import Disk, on_disk
from watcher.i18n.message import NOTHING, msg
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

#: Verdicts that whoever shows them tells from the others.
WOULD_BE_SENT: Final = msg("would be sent")
MISSING: Final = msg("missing")


def examine(name: str, plans: Mapping[str, Plan], where: Places) -> dict[str, object]:
    """What would happen to the file called ``name``: plain values, and messages."""
    directory, base = os.path.split(on_disk(os.path.abspath(name)))
    path = os.path.join(os.path.realpath(directory), base)
    facts: dict[str, object] = {"file": view.safe(path)}
    if not os.path.lexists(path):
        return {**facts, "verdict": MISSING, "why": msg("was not found; check the path")}
    if os.path.isdir(path) and not os.path.islink(path):
        path = os.path.join(path, main) if (main := documents.main_file(path)) else path
    if os.path.isdir(path) and not os.path.islink(path):
        return {
            **facts,
            "verdict": msg("not sent"),
            "why": msg("is a folder; name the files in it"),
        }
    plan = _plan_of(path, plans)
    if plan is None:
        return {**facts, "verdict": msg("not watched"), "why": msg("is not in a watched folder")}
    facts["folder"] = view.safe(plan.folder.path)
    below = os.path.relpath(path, plan.folder.path)
    if pattern := plan.ignored(below.replace(os.sep, "/")):
        is_place = pattern.endswith("/") and pattern not in plan.folder.ignore
        return {
            **facts,
            "verdict": msg("ignored"),
            "why": msg("is in {pattern}, where files are filed away", pattern=pattern)
            if is_place
            else msg("matches the pattern {pattern}", pattern=pattern),
        }
    if not plan.folder.recursive and os.sep in below:
        return {
            **facts,
            "verdict": msg("not watched"),
            "why": msg("is in a subfolder, and this folder is set to recursive = false"),
        }
    found = Disk(RealClock()).identify(plan, path)
    if isinstance(found, Unusable):
        return {**facts, "verdict": msg("not sent"), "why": found.why}
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
            "verdict": view.STATES[decision.state].label,
            "why": decision.why,
            "rule": decision.rule,
        }
    return {
        **facts,
        "verdict": WOULD_BE_SENT,
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
        why = msg("was uploaded before and is not uploaded again")
        return {"verdict": msg("sent already"), "why": why} if first.state in ARRIVED else {}
    if plan.folder.duplicates is Duplicates.UPLOAD:
        return {}
    return {
        "verdict": msg("duplicate"),
        "why": msg("has the same content as {file}", file=first.path),
    }


def _rests(here: Entry, document: Document, route: Route) -> dict[str, object]:
    """A verdict, if this very file is known and nothing is done about it for the time being."""
    stat = document.stat
    if (here.stat.size, here.stat.mtime_ns) != (stat.size, stat.mtime_ns):
        return {}
    if here.state is State.BASELINE:
        why = msg("was already in the folder when watching began; upload it with import")
        return {"verdict": msg("left alone"), "why": why}
    if here.state is State.HELD:
        why = (
            msg("was already in the folder and is waiting for your approval: upload it with import")
            if here.why in (NOTHING, EXISTING_WAITS)
            else msg("is waiting: {why}", why=here.why)
        )
        return {"verdict": msg("held"), "why": why}
    if here.state is State.REFUSED and here.fields == form_fields(
        route, document.sniffed.media_type
    ):
        return {
            "verdict": msg("refused"),
            "why": msg("was refused: {why}", why=here.why),
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
