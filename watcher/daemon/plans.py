"""The settings of each folder on this machine compiled into a plan, and what it does to a file."""

from __future__ import annotations

import getpass
import logging
import os
import socket
import time
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from watcher import documents
from watcher.config.paths import on_disk
from watcher.documents import Spool
from watcher.i18n.message import NOTHING, msg
from watcher.journal.reader import Reader
from watcher.model.files import Unusable
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, EXISTING_WAITS, burst_key, hold_keys
from watcher.model.settings import Duplicates, parse_folder, replaced
from watcher.model.uploads import Open, Skip
from watcher.pipeline.admission import decide, has_likely_time
from watcher.pipeline.settle import PATIENCE_FACTOR, Doubt, doubt_about, reason
from watcher.present import view
from watcher.routing.ignored import ignore_filter
from watcher.routing.names import is_in
from watcher.routing.rules import Facts, Plan, accepts, converts, form_fields, opens, router

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from watcher.daemon.instance import Places
    from watcher.i18n.message import Message
    from watcher.model.files import Document, Identified
    from watcher.model.records import Entry, Stat
    from watcher.model.settings import Config, Folder
    from watcher.model.uploads import Route

_log = logging.getLogger(__name__)


def this_machine() -> Facts:
    """Return the host and user names, which placeholders may use."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        user = "unknown"
    return Facts(hostname=socket.gethostname(), user=user)


def make_plans(
    config: Config,
    facts: Facts,
    targets: Collection[str] = (),
    imported: Collection[Folder] = (),
) -> dict[str, Plan]:
    """Return each folder with its rules compiled, by its path without symbolic links.

    ``targets`` are directories where files have been filed, see :func:`former_targets`;
    ``imported`` are folders that are not watched, see :func:`former_imports`. A folder that is
    both watched and imported follows the configuration; an import through an account that is no
    longer configured is left out.
    """
    plans = {}
    watched = [replaced(each, path=os.path.realpath(each.path)) for each in config.folders]
    paths = {folder.path for folder in watched}
    accounts = {account.name for account in config.accounts}
    others = [each for each in imported if each.path not in paths and each.account in accounts]
    for folder in (*watched, *others):
        plans[folder.path] = Plan(
            folder,
            ignore_filter(folder, targets),
            accepts(folder),
            opens(folder),
            converts(folder),
            router(folder, facts),
            is_imported=folder.path not in paths,
        )
    return plans


def former_targets(places: Places) -> list[str]:
    """Return where files have ever been filed away: nothing there is new.

    JournalError if the journal cannot be read.
    """
    if not places.has_journal:
        return []
    with closing(Reader(places.journal)) as reader:
        return reader.filing_targets()


def former_imports(places: Places) -> list[Folder]:
    """Return the folders with files that an import has not finished yet.

    JournalError if the journal cannot be read.
    """
    if not places.has_journal:
        return []
    with closing(Reader(places.journal)) as reader:
        imported = reader.imported()
    folders = []
    for path, settings in imported.items():
        try:
            folders.append(parse_folder(path, settings))
        except ValueError as error:
            _log.error("an import cannot be finished, its settings cannot be read: %s", error)
    return folders


def folders_of(path: str, folders: Iterable[str]) -> set[str]:
    """Return those of ``folders`` that files at or below ``path`` belong to."""
    every = list(folders)
    inside = {folder for folder in every if is_in(folder, path, os.sep)}
    around = [folder for folder in every if is_in(path, folder, os.sep)]
    return inside | ({max(around, key=len)} if around else set())


#: Verdicts that are shown in a way of their own.
WOULD_BE_SENT: Final = msg("Would be uploaded")
MISSING: Final = msg("File not found; check the path")
IGNORED: Final = view.STATES[State.IGNORED].label
OPENED: Final = msg("Would be opened")
WAITS: Final = view.STATES[State.WAITING].label


def check_file(name: str, plans: Mapping[str, Plan], where: Places) -> dict[str, object]:
    """Return what would happen to the file ``name`` and why, decided by the pipeline's own rules.

    The keys are "file" and "verdict", and as far as they apply "why", "folder", "size",
    "media_type", "what", "sent_as", "rule", "account", "source_key", "reference", "fields" and
    "parts": the same of each document inside.
    """
    directory, base = os.path.split(on_disk(os.path.abspath(name)))
    path = os.path.join(os.path.realpath(directory), base)
    facts: dict[str, object] = {"file": view.safe(path)}
    if not os.path.lexists(path):
        return {**facts, "verdict": MISSING}
    if os.path.isdir(path) and not os.path.islink(path):
        path = os.path.join(path, main) if (main := documents.main_file(path)) else path
    if os.path.isdir(path) and not os.path.islink(path):
        return {
            **facts,
            "verdict": msg("Not uploaded"),
            "why": msg("This is a folder: name the files in it."),
        }
    plan = _plan_of(path, plans)
    if plan is None:
        return {
            **facts,
            "verdict": msg("Not uploaded"),
            "why": msg("The file is not in a watched folder."),
        }
    facts["folder"] = view.safe(plan.folder.path)
    below = os.path.relpath(path, plan.folder.path)
    if pattern := plan.ignored(below.replace(os.sep, "/")):
        is_place = pattern.endswith("/") and pattern not in plan.folder.ignore
        return {
            **facts,
            "verdict": IGNORED,
            "why": msg("The file is in {pattern}, where files are filed away.", pattern=pattern)
            if is_place
            else msg("This file matches the ignored pattern {pattern}.", pattern=pattern),
        }
    if not plan.folder.recursive and os.sep in below:
        return {
            **facts,
            "verdict": msg("Not uploaded"),
            "why": msg(
                "This file is in a subfolder, and subfolders of this folder are not included"
                " (recursive = false)."
            ),
        }
    with closing(Reader(where.journal)) if where.has_journal else nullcontext() as reader:
        return {**facts, **_check_content(path, plan, reader, Spool(where.spool))}


def _check_content(path: str, plan: Plan, reader: Reader | None, spool: Spool) -> dict[str, object]:
    """Return the verdict on a file by its content; ``reader`` is None where there is no journal.

    If it is opened for the documents inside, "parts" are the verdicts on those.
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
    )
    if isinstance(found, Unusable):
        return {"verdict": WAITS if found.passing else msg("Not uploaded"), "why": found.why}
    verdict = _check_identified(found, plan, reader)
    if verdict["verdict"] is OPENED and found.document.parts is not None:
        inside = (
            documents.part_path(path, part.name)
            for part in found.document.parts
            if not part.left_out
        )
        verdict["parts"] = [
            {"file": view.safe(each), **_check_content(each, plan, reader, spool)}
            for each in inside
        ]
    return verdict


def _check_identified(found: Identified, plan: Plan, reader: Reader | None) -> dict[str, object]:
    """Return the verdict on an identified file; ``reader`` is None where there is no journal."""
    document, sniffed = found.document, found.document.sniffed
    here = reader.at(document.folder, document.path) if reader else None
    now = time.time()
    if not has_likely_time(document.stat, now):
        document = replace(document, noticed_at=here.noticed_at if here else now)
    facts: dict[str, object] = {
        "size": document.stat.size,
        "media_type": sniffed.media_type,
        "what": sniffed.what,
        "sent_as": view.safe(document.file_name),
    }
    if why := _why_unfinished(found, here, plan, now):
        return {**facts, "verdict": WAITS, "why": why}
    route = decide(document, plan)
    if isinstance(route, Skip):
        verdict = IGNORED if route.state is State.IGNORED else view.STATES[State.REFUSED].label
        return {**facts, "verdict": verdict, "why": route.why, "rule": route.rule}
    if isinstance(route, Open):
        return {**facts, "verdict": OPENED, "why": route.why, "rule": route.rule}
    fields = form_fields(route, document.sent_type)
    first = reader.sender(route.source_key, document.sha256) if reader else None
    return {
        **facts,
        "verdict": WOULD_BE_SENT,
        **(
            _known_here(document, here, fields)
            or _known_content(document, first, plan)
            or _held_back(document, route, reader)
        ),
        "rule": route.rule,
        "account": route.account,
        "source_key": route.source_key,
        "reference": route.reference,
        "fields": dict(fields),
    }


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


def _known_here(
    document: Document, here: Entry | None, fields: tuple[tuple[str, str], ...]
) -> dict[str, object]:
    """Return a verdict if this very file is known and left alone for now, else {}."""
    if here is None or not _is_version(here, document.stat):
        return {}
    if here.state is State.BASELINE:
        why = msg(
            "The file was already in the folder when watching began. Upload it with:"
            " hrflow-watcher import"
        )
        return {"verdict": view.STATES[State.BASELINE].label, "why": why}
    if here.state is State.HELD:
        why = (
            msg(
                "The file was already in the folder and is waiting for your approval. Upload it"
                " with: hrflow-watcher approve"
            )
            if here.why in (NOTHING, EXISTING_WAITS)
            else here.why
        )
        return {"verdict": view.STATES[State.HELD].label, "why": why}
    if here.state is State.REFUSED and here.fields == fields:
        return {
            "verdict": view.STATES[State.REFUSED].label,
            "why": here.why,
        }
    return {}


def _known_content(document: Document, first: Entry | None, plan: Plan) -> dict[str, object]:
    """Return a verdict if this content, which ``first`` has sent, is not sent again, else {}."""
    if first is None or first.state is State.GONE:
        return {}
    if first.path == document.path:
        why = msg("The file was uploaded before and is not uploaded again.")
        return {"verdict": msg("Already uploaded"), "why": why} if first.state in ARRIVED else {}
    if plan.folder.duplicates is Duplicates.UPLOAD:
        return {}
    return {
        "verdict": view.STATES[State.DUPLICATE].label,
        "why": msg("This file has the same content as {file}.", file=first.path),
    }


def _held_back(document: Document, route: Route, reader: Reader | None) -> dict[str, object]:
    """Return a verdict if a cause holds back what goes there, or comes to that folder, else {}."""
    causes = [burst_key(document.folder), *hold_keys(route.account, route.source_key)]
    holds = {hold.key: hold.why for hold in (reader.held() if reader else ())}
    why = next((holds[key] for key in causes if key in holds), NOTHING)
    return {"verdict": view.STATES[State.HELD].label, "why": why} if why else {}


def _plan_of(path: str, plans: Mapping[str, Plan]) -> Plan | None:
    """Return the plan of the folder that a file belongs to; of nested folders the deepest."""
    around = [folder for folder in plans if path != folder and is_in(path, folder, os.sep)]
    return plans[max(around, key=len)] if around else None
