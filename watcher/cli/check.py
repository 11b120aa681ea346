"""``check``: what would happen to a file, and why. The same code decides as when it is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from watcher import view
from watcher.app.clock import RealClock
from watcher.app.core import make_plans, this_machine
from watcher.app.disk import Disk
from watcher.app.orders import is_in
from watcher.cli.context import config_option, load_config, places, state_option
from watcher.cli.output import json_option, say, say_json, styled
from watcher.errors import UnusableError
from watcher.journal.reader import Reader
from watcher.model import Skip, State, Unusable
from watcher.pipeline import decide
from watcher.rules import form_fields
from watcher.settings import Duplicates
from watcher.states import ARRIVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watcher.app.places import Places
    from watcher.model import Document, Route
    from watcher.ports import Plan

#: Verdict → how it is shown; all others are quiet.
_SIGNS: Final = {"would be sent": ("✓", "good"), "refused": ("✗", "bad"), "missing": ("✗", "bad")}


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@json_option
@config_option
@state_option
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001
    """Say what would happen to files, and why. Nothing is sent.

    The content decides and not the name, so each file is read. Exit codes: 0 all files were
    looked at, 5 some are not there.
    """
    plans = make_plans(load_config(ctx).config, this_machine())
    where = places(ctx)
    code = 0
    for name in files:
        verdict = examine(name, plans, where)
        if verdict["verdict"] == "missing":
            code = UnusableError.exit_code
        if as_json:
            say_json(verdict)
        else:
            _show(verdict)
    return code


def examine(name: str, plans: Mapping[str, Plan], where: Places) -> dict[str, object]:
    """What would happen to the file called ``name``, for machines."""
    directory, base = os.path.split(os.path.abspath(name))
    path = os.path.join(os.path.realpath(directory), base)
    facts: dict[str, object] = {"file": view.safe(path)}
    if not os.path.lexists(path):
        return {**facts, "verdict": "missing", "why": "is not there; check the spelling"}
    if os.path.isdir(path) and not os.path.islink(path):
        return {**facts, "verdict": "not sent", "why": "is a folder; name the files in it"}
    plan = _plan_of(path, plans)
    if plan is None:
        return {**facts, "verdict": "not watched", "why": "lies in none of the watched folders"}
    facts["folder"] = view.safe(plan.folder.path)
    below = os.path.relpath(path, plan.folder.path)
    if pattern := plan.ignored(below.replace(os.sep, "/")):
        is_place = pattern.endswith("/") and pattern not in plan.folder.ignore
        why = f"lies in {pattern}, where files are filed away" if is_place else ""
        return {**facts, "verdict": "ignored", "why": why or f"matches the pattern {pattern}"}
    if not plan.folder.recursive and os.sep in below:
        return {**facts, "verdict": "not watched", "why": "lies deeper than recursive = false"}
    found = Disk(RealClock()).identify(plan, path)
    if isinstance(found, Unusable):
        return {**facts, "verdict": "not sent", "why": view.safe(found.why)}
    if found.handle is not None:
        found.handle.close()
    return {**facts, **_decision(found.document, plan, where)}


def _decision(document: Document, plan: Plan, where: Places) -> dict[str, object]:
    sniffed = document.sniffed
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


def _known(document: Document, route: Route, plan: Plan, where: Places) -> dict[str, object]:
    """A verdict, if the journal says that this content is not to be sent once more."""
    if not os.path.exists(where.journal):
        return {}
    reader = Reader(where.journal)
    try:
        first = reader.sender(route.source_key, document.sha256)
    finally:
        reader.close()
    if first is None or first.state is State.GONE:
        return {}
    if first.path == document.path:
        why = "was sent before and is not sent again"
        return {"verdict": "sent already", "why": why} if first.state in ARRIVED else {}
    if plan.folder.duplicates is Duplicates.UPLOAD:
        return {}
    return {"verdict": "duplicate", "why": f"has the same content as {view.safe(first.path)}"}


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


def _show(verdict: Mapping[str, object]) -> None:
    word = str(verdict["verdict"])
    sign, tone = _SIGNS.get(word, ("·", "quiet"))
    why = f": it {verdict['why']}" if "why" in verdict else ""
    say(styled(f"{sign} {verdict['file']} {word}{why}", tone))
    lines = list(_details(verdict))
    width = max((len(label) for label, _ in lines), default=0)
    for label, text in lines:
        say(f"    {label:<{width}}  {text}")


def _details(verdict: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if "what" in verdict:
        size = view.size(float(str(verdict["size"])))
        yield "is", f"{verdict['what']} ({verdict['media_type'] or 'unknown'}, {size})"
    rule = verdict.get("rule")
    if rule:
        yield "rule", f"number {rule} of the folder"
    if verdict["verdict"] != "would be sent":
        return
    if not rule:
        yield "rule", "none matches: the folder's own settings apply"
    yield "account", view.safe(str(verdict["account"]))
    yield "file name", str(verdict["sent_as"])
    fields = verdict["fields"]
    assert isinstance(fields, dict)
    for field, value in fields.items():
        yield field, view.safe(value)
