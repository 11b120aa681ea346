"""Why files wait, and what a person can do about it; for ``status``."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import click

from watcher import __version__
from watcher.cli.context import places, state_option
from watcher.cli.control import channel
from watcher.cli.foreground import stop_signal
from watcher.cli.output import json_option, moment, say, say_json, say_table, styled
from watcher.daemon.instance import Places, is_running, read_running
from watcher.i18n.message import NOTHING, as_data, msg, plural
from watcher.journal.reader import Reader
from watcher.model.errors import NoJournalError, NotRunningError
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import QUOTA_MEND
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import RenderableType

    from watcher.cli.foreground import StopSignal
    from watcher.i18n.message import Message
    from watcher.page.client import Channel

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
    found = reader.kept_by(key, _LISTED_FILES) if files else []
    places = [{"folder": view.safe(folder), "source_key": source} for folder, source in found]
    mend = str(_MENDS[Cause(kind)])
    return {"cause": key, **_reason(why), "files": files, "places": places, "mend": mend}


def _reason(why: Message) -> dict[str, object]:
    """A reason for machines: its English text, and the message itself."""
    return {"why": view.safe(why), "why_message": as_data(why) if why else None}


def gather_waiting(
    reader: Reader, counts: Mapping[State, int], now: float, *, running: bool
) -> list[dict[str, object]]:
    """Why files wait that nothing holds back: state, how many, why, and when they are due."""
    waits: list[dict[str, object]] = [
        {"state": str(state), "files": files, **_reason(why), "due_at": due_at or None}
        for state, why, files, due_at in reader.waits(_LISTED_FILES)
    ]
    queued = counts.get(State.QUEUED, 0)
    if not queued or (running and State.UPLOADING in counts):
        return waits
    why, due_at = NOTHING, None
    if not running:
        why = msg("hrflow-watcher is not running")
    elif waits:
        why = msg("they follow once a waiting file has been uploaded")
    elif ended := reader.requests_since(now - 60.0):
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


#: Seconds that are waited for at a time; what ends the waiting comes at any moment.
_LONG: Final = 3600.0


_COLOURS: Final = {"good": "green", "busy": "cyan", "bad": "red", "quiet": "bright_black"}


_MOODS: Final = {
    "idle": "good", "working": "busy", "paused": "quiet", "offline": "bad", "attention": "bad",
    "not_set_up": "quiet",
}  # fmt: skip


@click.command("watch")
@json_option
@state_option
@click.pass_context
def watch(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show how things are, as they change, until Ctrl-C; in a pipe a line for each change."""
    way = channel(ctx)
    with stop_signal() as stop:
        if as_json:
            _follow(way, say_json, stop)
        elif sys.stdout.isatty():
            _show_live(way, stop)
        else:
            _follow(way, lambda now: say(f"{moment(now['at'])}\t{now['headline']}"), stop)


def _follow(way: Channel, tell: Callable[[dict[str, Any]], None], stop: StopSignal) -> None:
    """Tell of every change until somebody asks for an end; NotRunningError at the program's.

    The program is asked on another thread: a Ctrl-C that comes just before an answer is waited for
    would be noticed only with that answer, which may take hours.
    """
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for now in _changes(way):
                if stop.is_set():
                    return
                tell(now)
        except BaseException as error:  # noqa: BLE001 - raised again below
            failures.append(error)
        finally:
            stop.set()

    threading.Thread(target=ask, name="watch", daemon=True).start()
    while not stop.wait(_LONG):
        pass
    if failures:
        raise failures[0]


def _changes(way: Channel) -> Iterator[dict[str, Any]]:
    """How things are, now and after each change; NotRunningError at the program's end."""
    import time  # noqa: PLC0415 - only where somebody waits

    seen = 0
    while True:
        said = way.get(f"/api/now?seen={seen}")
        seen = said["number"]
        if said["now"]:
            yield said["now"]
        time.sleep(said["again"])


def _show_live(way: Channel, stop: StopSignal) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs more than most commands take
    from rich.live import Live  # noqa: PLC0415

    with Live(console=Console(), auto_refresh=False) as live:
        _follow(way, lambda now: live.update(_drawn(now), refresh=True), stop)


def _drawn(now: dict[str, Any]) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - see above
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts: list[RenderableType] = [
        Text(now["headline"], style=f"bold {_COLOURS[_MOODS[now['mood']]]}")
    ]
    if now["total"]:
        parts.append(ProgressBar(total=now["total"], completed=now["done"], width=60))
    parts += [Text(f"‖ {kept['files']}: {kept['why']}", style="red") for kept in now["kept"]]
    parts += [Text(f"✗ {each['problem']}", style="red") for each in now["watched"]
              if each["problem"]]  # fmt: skip
    parts.append(_table(now["recent"]))
    if now["attention"]:
        parts += [Text("Need attention", style="bold"), _table(now["attention"][:10])]
    return Group(*parts)


def _table(files: list[dict[str, Any]]) -> RenderableType:
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2), expand=False)
    for file in files:
        colour = _COLOURS[file["tone"]]
        what = file["candidate"] or file["remark"]
        table.add_row(
            Text(moment(file["changed_at"])[11:], style="bright_black"),
            Text(f"{file['sign']} {file['label']}", style=colour),
            Text(file["name"], overflow="ellipsis", no_wrap=True),
            Text(what, style="bright_black", overflow="ellipsis", no_wrap=True),
        )
    return table


#: Files that need attention which are listed; the rest is counted.
_LISTED = 10


@click.command("status")
@json_option
@state_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
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
        return {**facts, "note": "No files uploaded yet: there is no journal."}
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
