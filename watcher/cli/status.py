"""``status``: what is going on, what waits for what, and what needs attention."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Any, Final

import click

from watcher import __version__
from watcher.cli.context import places, state_option
from watcher.cli.output import json_option, moment, say, say_json, say_table, styled
from watcher.i18n.message import ENGLISH, NOTHING, Message, as_data, msg, plural, verbatim
from watcher.journal.reader import Reader
from watcher.model.errors import NoJournalError, NotRunningError
from watcher.model.kinds import QUOTA_MEND, Cause, State
from watcher.model.snapshot import Snapshot
from watcher.page.client import Channel, read_facts
from watcher.present import view
from watcher.present.status import end_of_pause, obstacles

if TYPE_CHECKING:
    from watcher.daemon.instance import Places

#: What may be done about a cause that is not a yes to files that were there first.
_MENDS: Final = {
    Cause.SOURCE: "Correct source_key in the configuration; then waiting files are uploaded.",
    Cause.ACCOUNT: "Find out what is wrong with: hrflow-watcher doctor",
    Cause.QUOTA: QUOTA_MEND,
    Cause.CREDENTIAL: "Store a key with: hrflow-watcher login",
}


#: Causes and places that are listed; more would be too much to read.
_LISTED_FILES: Final = 3


def gather_held(reader: Reader) -> list[dict[str, object]]:
    """What holds files back: why, where, and what to do."""
    return [_hold(reader, key, why, files) for key, why, files in reader.held()]


def _hold(reader: Reader, key: str, why: Message, files: int) -> dict[str, object]:
    kind, _, rest = key.partition(":")
    if kind == Cause.EXISTING:
        import shlex  # noqa: PLC0415 - seldom needed

        mend = f"Approve them with: hrflow-watcher import {shlex.quote(view.safe(rest))}"
        return {"cause": key, **_reason(why), "files": files, "places": [], "mend": mend}
    found = reader.held_by(key, _LISTED_FILES) if files else []
    places = [{"folder": view.safe(folder), "source_key": source} for folder, source in found]
    mend = str(_MENDS[Cause(kind)])
    return {"cause": key, **_reason(why), "files": files, "places": places, "mend": mend}


def _reason(why: Message) -> dict[str, object]:
    """A reason for machines: its English text, and the message itself."""
    return {"why": view.safe(why), "why_message": as_data(why) if why else None}


def gather_waiting(
    reader: Reader, snapshot: Snapshot, *, running: bool, is_limited: bool
) -> list[dict[str, object]]:
    """Why files wait that nothing holds back: state, how many, why, and when they are due.

    ``is_limited``: whether an account may send only so many requests a minute.
    """
    pause = snapshot.paused_until if running else 0.0  # until then nothing is due
    waits: list[dict[str, object]] = [
        {"state": str(state), "files": files, **_reason(why), "due_at": _moment(max(due_at, pause))}
        for state, why, files, due_at in reader.waiting_reasons(_LISTED_FILES)
    ]
    queued = snapshot.counts.get(State.QUEUED, 0)
    if not queued or (running and State.UPLOADING in snapshot.counts):
        return waits
    why, due_at = NOTHING, None
    if not running:
        why = msg("hrflow-watcher is not running")
    elif found := obstacles(snapshot, ENGLISH):
        why, due_at = verbatim(found[0]), end_of_pause(snapshot)
    elif waits:
        why = msg("they follow once a waiting file has been uploaded")
    elif is_limited and (ended := reader.requests_since(snapshot.at - 60.0)):
        why = plural(
            "max_requests_per_minute is used up: {count:count} request in the last minute",
            "max_requests_per_minute is used up: {count:count} requests in the last minute",
            len(ended),
        )
        due_at = ended[0] + 60.0
    row: dict[str, object] = {
        "state": str(State.QUEUED),
        "files": queued,
        **_reason(why),
        "due_at": due_at,
    }
    return [row, *waits] if why else waits


def _moment(at: float) -> float | None:
    return at if 0 < at < math.inf else None


def show_waiting(waits: list[dict[str, Any]]) -> None:
    """Say why files wait."""
    for each in waits:
        look = view.LOOKS[State(each["state"])]
        due_at = each["due_at"]
        due = f"; next try at {time.strftime('%H:%M:%S', time.localtime(due_at))}" if due_at else ""
        why = view.safe(each["why"]).rstrip(".")
        say(styled(f"{look.sign} {each['files']} {look.word}: {why}{due}", look.tone))


def show_held(held: list[dict[str, Any]]) -> None:
    """Say what holds files back, where, and what can be done."""
    for hold in held:
        files = f"{hold['files']} file{'s' * (hold['files'] != 1)}"
        say(styled(f"‖ {files} held: {view.safe(hold['why'])}", "bad"))
        for place in hold["places"]:
            say(f"  of {place['folder']}, for source {view.short(place['source_key'])}")
        say(f"  {hold['mend']}")


#: Files that need attention which are listed; the rest is counted.
_LISTED = 10


@click.command("status")
@click.option("--follow", is_flag=True, help="Show it as it changes, until Ctrl-C.")
@json_option
@state_option
@click.pass_context
def status(ctx: click.Context, follow: bool, as_json: bool) -> None:  # noqa: FBT001 - click's
    """Say what is going on and what needs attention, whether the program runs or not.

    Where it does not run, the exit code is 8. With --follow there is a line, or a JSON object,
    for each change where the output is no terminal.
    """
    if follow:
        from watcher.cli import follow as following  # noqa: PLC0415 - takes time to import

        following.follow(Channel.open(places(ctx)), as_json=as_json)
        return
    facts = gather(places(ctx))
    if as_json:
        say_json(facts)
    else:
        _show(facts, start="" if facts["running"] else _how_to_start(places(ctx)))
    ctx.exit(0 if facts["running"] else NotRunningError.exit_code)


def gather(where: Places) -> dict[str, object]:
    """Everything that ``status`` says, for machines."""
    said = read_facts(where)
    running = bool(said)
    folders = {view.safe(path): view.safe(why) for path, why in said.get("folders", {}).items()}
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
        return {**facts, "note": "No files uploaded yet: there is no journal."}
    try:
        facts["today"] = reader.arrived_on(time.strftime("%Y-%m-%d"))
        snapshot = Snapshot(
            at=time.time(),
            paused_until=reader.paused_until(),
            offline_since=float(str(said.get("offline_since") or 0)),
            counts=reader.counts(),
        )
        facts["counts"] = {str(state): files for state, files in snapshot.counts.items()}
        facts["paused"] = snapshot.paused_until > snapshot.at
        facts["paused_until"] = end_of_pause(snapshot)
        facts["held"] = gather_held(reader)
        facts["waiting"] = gather_waiting(
            reader, snapshot, running=running, is_limited=bool(said.get("is_limited"))
        )
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
        told = problem if path in problem else f"{path}: {problem}"
        text = f"✗ {told}" if problem else f"✓ watching {path}"
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
