"""``status``: what is going on, and what needs attention."""

from __future__ import annotations

import math
import os
import time

import click

from watcher import __version__, view
from watcher.app.places import Places, is_running, read_running
from watcher.cli.context import places, state_option
from watcher.cli.output import json_option, moment, say, say_json, say_table, styled
from watcher.cli.waiting import gather_held, gather_waiting, show_held, show_waiting
from watcher.errors import NoJournalError, NotRunningError
from watcher.journal.reader import Reader

#: Files that need attention which are listed; the rest is counted.
_LISTED = 10


@click.command("status")
@json_option
@state_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Say what is going on and what needs attention, whether the program runs or not.

    Where it does not run, the exit code is 8.
    """
    facts = gather(places(ctx))
    if as_json:
        say_json(facts)
    else:
        _show(facts, start="" if facts["running"] else _how_to_start(places(ctx)))
    ctx.exit(0 if facts["running"] else NotRunningError.exit_code)


def gather(where: Places) -> dict[str, object]:
    """Everything that ``status`` says, for machines."""
    running = is_running(where)
    said = read_running(where) if running else {}
    watched = said.get("folders")
    assert isinstance(watched, dict | None)
    folders = {view.safe(path): view.safe(why) for path, why in (watched or {}).items()}
    facts: dict[str, object] = {
        "running": running,
        "pid": said.get("pid"),
        "since": said.get("since"),
        "version": said.get("version"),
        "offline_since": said.get("offline_since") or None,
        "set_up": said.get("set_up"),
        "remarks": said.get("remarks") or [],
        "folders": folders,
        "keys": said.get("keys") or {},
        "journal": where.journal,
        "counts": {},
        "today": 0,
        "paused": False,
        "paused_until": None,
        "held": [],
        "waiting": [],
        "attention": [],
    }
    try:
        reader = Reader(where.journal)
    except NoJournalError:
        return {**facts, "note": "No file was uploaded from here so far: there is no journal yet."}
    try:
        facts["counts"] = {str(state): files for state, files in reader.counts().items()}
        facts["today"] = reader.arrived_on(time.strftime("%Y-%m-%d"))
        paused_until = reader.paused_until()
        facts["paused"] = paused_until > time.time()
        facts["paused_until"] = paused_until if 0 < paused_until < math.inf else None
        facts["held"] = gather_held(reader)
        facts["waiting"] = gather_waiting(reader, reader.counts(), time.time(), running=running)
        facts["attention"] = [view.record(entry) for entry in reader.attention(_LISTED)]
    finally:
        reader.close()
    return facts


def _how_to_start(where: Places) -> str:
    from watcher.service import is_installed  # noqa: PLC0415 - only where nothing runs

    there = is_installed(os.environ, os.path.expanduser("~"), where.state)
    return "hrflow-watcher service start" if there else "hrflow-watcher run"


def _show(facts: dict[str, object], *, start: str) -> None:
    """``start`` is the command that starts it."""
    if facts["running"]:
        since = moment(float(str(facts["since"] or 0)))
        say(styled(f"Running since {since} (process {facts['pid']}).", "good"))
        if facts["version"] not in (None, __version__):
            say(styled(f"! Version {facts['version']} is running, {__version__} is installed: it"
                       " stops when the uploads under way are done.", "busy"))  # fmt: skip
    else:
        say(f"Not running. Start it with: {start}")
    assert isinstance(facts["remarks"], list)
    for remark in facts["remarks"]:
        say(styled(f"! {view.safe(str(remark))}", "busy"))
    if facts["running"] and facts["set_up"] is False and not facts["remarks"]:
        say(styled("Nothing is set up yet. Do it with: hrflow-watcher open", "busy"))
    if facts["paused"]:
        until = f"Paused until {moment(float(str(facts['paused_until'] or 0)))}."
        say(
            styled(
                until if facts["paused_until"] else "Paused until: hrflow-watcher resume", "busy"
            )
        )
    if facts["offline_since"]:
        say(styled(f"Offline since {moment(float(str(facts['offline_since'])))}.", "bad"))
    _show_folders(facts["folders"])
    _show_keys(facts["keys"])
    if "note" in facts:
        say(str(facts["note"]))
        return
    today = facts["today"]
    say(f"{today} file{'s' * (today != 1)} arrived today.")
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
        text = f"✗ {path}: {problem}" if problem else f"✓ watching {path}"
        say(styled(text, "bad" if problem else "good"))


def _show_keys(keys: object) -> None:
    """Where each account's key comes from, as the running program has found it."""
    assert isinstance(keys, dict)
    for account, found in keys.items():
        whose = f" of account {view.safe(account)}" if len(keys) > 1 else ""
        problem = view.safe(str(found.get("problem", "is looked for"))).removesuffix(".")
        if problem:
            say(styled(f"! key{whose}: {problem}", "bad"))
        else:
            say(styled(f"✓ key{whose}: from {view.safe(found['origin'])}", "good"))


def _show_trouble(facts: dict[str, object]) -> None:
    held, attention, counts = facts["held"], facts["attention"], facts["counts"]
    assert isinstance(held, list)
    assert isinstance(attention, list)
    assert isinstance(counts, dict)
    assert isinstance(facts["waiting"], list)
    show_waiting(facts["waiting"])
    show_held(held)
    if attention:
        total = counts.get("refused", 0) + counts.get("parse_failed", 0)
        rest = f" (the latest {len(attention)} of {total})" if total > len(attention) else ""
        say(f"Need attention{rest}:")
        rows = [[entry["path"], _why(entry)] for entry in attention]
        say_table(["File", "Why"], rows, dict.fromkeys(range(len(rows)), "bad"))


def _why(entry: dict[str, str | None]) -> str:
    """What is wrong with a file, and where it lies if it was moved out of the way."""
    place = view.lies_in(entry["folder"] or "", entry["path"] or "", entry["filed_to"] or "")
    return f"{entry['why']}; lies in {place}" if place else str(entry["why"])
