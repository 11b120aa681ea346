"""``check``: what would happen to a file, and why. The same code decides as when it is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from watcher import view
from watcher.app.clock import RealClock
from watcher.app.core import make_plans, this_machine
from watcher.app.disk import Disk
from watcher.cli.context import load_config
from watcher.cli.output import json_option, say, say_json, styled
from watcher.errors import UnusableError
from watcher.model import Skip, Unusable
from watcher.pipeline import decide
from watcher.rules import form_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model import Document, Route
    from watcher.ports import Plan


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@json_option
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Say what would happen to files, and why. Nothing is sent."""
    plans = make_plans(load_config(ctx).config, this_machine())
    for name in files:
        verdict = examine(name, plans)
        if as_json:
            say_json(verdict)
        else:
            _show(verdict)


def examine(name: str, plans: Mapping[str, Plan]) -> dict[str, object]:
    """What would happen to the file called ``name``, for machines.

    UnusableError if there is no such file.
    """
    directory, base = os.path.split(os.path.abspath(name))
    path = os.path.join(os.path.realpath(directory), base)
    if not os.path.lexists(path):
        raise UnusableError(f"There is no file {view.safe(name)}.", "Check the spelling.")
    facts: dict[str, object] = {"file": view.safe(path)}
    plan = _plan_of(path, plans)
    if plan is None:
        return {**facts, "verdict": "not watched", "why": "lies in none of the watched folders"}
    facts["folder"] = view.safe(plan.folder.path)
    below = os.path.relpath(path, plan.folder.path)
    if pattern := plan.ignored(below.replace(os.sep, "/")):
        return {**facts, "verdict": "ignored", "why": f"matches the pattern {pattern}"}
    if not plan.folder.recursive and os.sep in below:
        return {**facts, "verdict": "not watched", "why": "lies deeper than recursive = false"}
    found = Disk(RealClock()).identify(plan, path)
    if isinstance(found, Unusable):
        return {**facts, "verdict": "not sent", "why": found.why}
    if found.handle is not None:
        found.handle.close()
    return {**facts, **_decision(found.document, plan)}


def _decision(document: Document, plan: Plan) -> dict[str, object]:
    sniffed = document.sniffed
    facts: dict[str, object] = {
        "size": document.stat.size,
        "media_type": sniffed.media_type,
        "what": sniffed.what,
        "sent_as": document.file_name,
    }
    decision = decide(document, plan)
    if isinstance(decision, Skip):
        return {
            **facts,
            "verdict": decision.state.value,
            "why": decision.why,
            "rule": decision.rule,
        }
    return {**facts, "verdict": "would be sent", **_addressed(document, decision)}


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
    fitting = [folder for folder in plans if path.startswith(folder.rstrip(os.sep) + os.sep)]
    return plans[max(fitting, key=len)] if fitting else None


def _show(verdict: Mapping[str, object]) -> None:
    good = verdict["verdict"] == "would be sent"
    sign = "✓" if good else "✗" if verdict["verdict"] == "refused" else "·"
    why = f": it {view.safe(str(verdict['why']))}" if "why" in verdict else ""
    tone = "good" if good else "bad" if sign == "✗" else "quiet"
    say(styled(f"{sign} {verdict['file']} {verdict['verdict']}{why}", tone))
    if "what" in verdict:
        size = view.size(float(str(verdict["size"])))
        say(f"    is       {verdict['what']} ({verdict['media_type'] or 'unknown'}, {size})")
    if not good:
        return
    rule = verdict["rule"]
    say(f"    rule     {f'number {rule} of its folder' if rule else 'none, the folder decides'}")
    say(f"    sent as  {verdict['sent_as']}")
    fields = verdict["fields"]
    assert isinstance(fields, dict)
    for field, value in fields.items():
        say(f"    {field:<24} {view.safe(value)}")
