"""``status``: what is going on, and what needs attention."""

from __future__ import annotations

import time

import click

from watcher import view
from watcher.app.places import Places, is_running, read_running
from watcher.cli.context import places
from watcher.cli.output import json_option, moment, say, say_json, say_table, styled
from watcher.errors import JournalError
from watcher.journal.reader import Reader

#: Files that need attention which are listed; the rest is counted.
_LISTED = 10


@click.command("status")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Say what is going on. Works whether the program runs or not."""
    facts = gather(places(ctx))
    if as_json:
        say_json(facts)
    else:
        _show(facts)


def gather(where: Places) -> dict[str, object]:
    """Everything that ``status`` says, for machines."""
    running = is_running(where)
    said = read_running(where) if running else {}
    facts: dict[str, object] = {
        "running": running,
        "pid": said.get("pid"),
        "since": said.get("since"),
        "offline_since": said.get("offline_since") or None,
        "folders": said.get("folders", {}),
        "journal": where.journal,
        "counts": {},
        "today": 0,
        "held": [],
        "attention": [],
    }
    try:
        reader = Reader(where.journal)
    except JournalError as error:
        return {**facts, "note": str(error)}
    try:
        facts["counts"] = {str(state): files for state, files in reader.counts().items()}
        facts["today"] = reader.arrived_on(time.strftime("%Y-%m-%d"))
        facts["held"] = [
            {"cause": key, "why": why, "files": files} for key, why, files in reader.held()
        ]
        facts["attention"] = [view.record(entry) for entry in reader.attention(_LISTED)]
    finally:
        reader.close()
    return facts


def _show(facts: dict[str, object]) -> None:
    if facts["running"]:
        since = moment(float(str(facts["since"] or 0)))
        say(styled(f"Running since {since} (process {facts['pid']}).", "good"))
    else:
        say("Not running. Start it with: hrflow-watcher run")
    if facts["offline_since"]:
        say(styled(f"Offline since {moment(float(str(facts['offline_since'])))}.", "bad"))
    if "note" in facts:
        say(str(facts["note"]))
        return
    say(f"{facts['today']} arrived today.")
    _show_folders(facts["folders"])
    counts = facts["counts"]
    assert isinstance(counts, dict)
    rows = [
        [f"{look.sign} {look.word}", str(counts[state])]
        for state, look in view.LOOKS.items()
        if state in counts
    ]
    tones = [look.tone for state, look in view.LOOKS.items() if state in counts]
    if rows:
        say_table(["State", "Files"], rows, dict(enumerate(tones)))
    _show_trouble(facts)


def _show_folders(folders: object) -> None:
    assert isinstance(folders, dict)
    for path, problem in folders.items():
        text = f"✗ {view.safe(path)}: {problem}" if problem else f"✓ {view.safe(path)}"
        say(styled(text, "bad" if problem else "good"))


def _show_trouble(facts: dict[str, object]) -> None:
    held, attention = facts["held"], facts["attention"]
    assert isinstance(held, list)
    assert isinstance(attention, list)
    for hold in held:
        say(styled(f"‖ {hold['files']} files wait: {view.safe(hold['why'])}", "bad"))
    if attention:
        say("Need attention:")
        rows = [[entry["path"], entry["why"]] for entry in attention]
        say_table(["File", "Why"], rows, dict.fromkeys(range(len(rows)), "bad"))
