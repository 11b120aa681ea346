"""``status``: what is going on, why files are waiting, and what needs attention."""

from __future__ import annotations

import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import click

from watcher import __version__
from watcher.cli.context import is_set_up, places, program_options
from watcher.cli.output import (
    Styled,
    count_files,
    json_option,
    moment,
    say,
    say_json,
    say_table,
    shown_files,
    shown_path,
    when,
)
from watcher.daemon.channel import Channel, read_facts
from watcher.daemon.state_folder import open_reader
from watcher.i18n.command import command_name
from watcher.i18n.message import ENGLISH, NOTHING, as_fields, msg, plural, verbatim
from watcher.journal.follow_ups import FollowUps
from watcher.model.errors import NotRunningError
from watcher.model.kinds import FAILED, QUOTA_FIX, Cause, State
from watcher.model.reasons import UNFINISHED
from watcher.model.snapshot import LedgerUse, Snapshot
from watcher.present import listing, view
from watcher.present.status import end_of_pause, ledger_use, needs_approval, obstacles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.daemon.state_folder import Places
    from watcher.journal.reader import Reader
    from watcher.model.snapshot import ActiveHold

#: What to do about a cause, except for files that wait for approval. The reason of a missing key
#: says it itself, as it depends on why there is none.
_FIXES: Final = {
    Cause.SOURCE: msg("Correct source_key in the configuration; the files will then be uploaded."),
    Cause.ACCOUNT: msg("To find the cause, run: {hrflow_watcher} doctor"),
    Cause.QUOTA: QUOTA_FIX,
    Cause.CREDENTIAL: NOTHING,
    Cause.LEDGER: msg("To see the cause, run: {hrflow_watcher} ledger status"),
}

#: How many reasons for waiting, and folders for each cause, are listed.
_LISTED_REASONS: Final = 3
#: How many files that need attention are listed; the rest is counted.
_LISTED_FILES: Final = 10

#: Seconds to wait at a time; a signal or the program's end interrupts it.
_LONG: Final = 3600.0


@click.command("status")
@click.option("--follow", is_flag=True, help="Show changes as they happen, until Ctrl-C.")
@json_option
@program_options
def status(ctx: click.Context, follow: bool, as_json: bool) -> None:
    """Show what is going on and what needs attention, whether or not the program is running.

    The exit code is 8 if it is not running. With --follow, each change is shown: in place in a
    terminal, otherwise as a line or a JSON object.
    """
    if follow:
        _follow(ctx, as_json=as_json)
        return
    facts = gather(ctx)
    if as_json:
        say_json(facts)
    else:
        _show(facts, places(ctx))
    ctx.exit(0 if facts["running"] else NotRunningError.exit_code)


def gather(ctx: click.Context) -> dict[str, Any]:
    """Return everything that ``status`` says as plain values."""
    where = places(ctx)
    said = read_facts(where)
    facts: dict[str, Any] = {
        "running": bool(said),
        "pid": said.get("pid"),
        "since": said.get("since"),
        "version": said.get("version"),
        "offline_since": said.get("offline_since") or None,
        "set_up": said.get("set_up", True) if said else is_set_up(ctx),
        "trouble": said.get("trouble") or "",
        "remarks": said.get("remarks") or [],
        "ledger": said.get("ledger"),
        "folders": said.get("folders") or {},
        "keys": said.get("keys") or {},
        "journal": where.journal,
        "counts": {},
        "opened": 0,
        "today": 0,
        "paused": False,
        "paused_until": None,
        "held": [],
        "waiting": [],
        "attention": [],
    }
    with open_reader(where) as reader:
        if reader is None:
            return {**facts, "note": "No files uploaded yet."}
        snapshot = Snapshot(
            at=time.time(),
            paused_until=reader.paused_until(),
            offline_since=float(said.get("offline_since") or 0),
            counts=reader.counts(),
        )
        is_limited = bool(said.get("is_limited"))
        return {
            **facts,
            "today": reader.arrived_on(time.strftime("%Y-%m-%d")),
            "counts": {str(state): number for state, number in snapshot.counts.items()},
            "opened": reader.opened(),  # of those ignored
            "paused": snapshot.paused_until > snapshot.at,
            "paused_until": end_of_pause(snapshot),
            "held": [_held(reader, each) for each in reader.held()],
            "waiting": _gather_waiting(reader, snapshot, running=bool(said), is_limited=is_limited),
            "attention": [listing.record(entry) for entry in reader.attention(_LISTED_FILES)],
        }


def _held(reader: Reader, hold: ActiveHold) -> dict[str, object]:
    """One cause that holds files back: why, in which folders, and what to do."""
    kind, _, rest = hold.key.partition(":")
    facts = {
        "cause": hold.key,
        **as_fields("why", hold.why),
        "files": hold.files,
        "size": hold.size,
    }
    if needs_approval(hold):
        import shlex  # noqa: PLC0415 - seldom needed

        which = "--all" if kind == Cause.MONTHLY_LIMIT else shlex.quote(rest)
        fix = f"To upload them: {command_name()} approve {which} (or ignore them with --skip)"
        return {**facts, "places": [], "advice": fix}
    found = reader.held_by(hold.key, _LISTED_REASONS) if hold.files else []
    names = {source: facts.name for (_, source), (facts, _) in FollowUps(reader).sources().items()}
    held = [
        {"folder": folder, "source_key": source, "source_name": names.get(source, "")}
        for folder, source in found
    ]
    return {**facts, "places": held, "advice": str(_FIXES[Cause(kind)])}


def _gather_waiting(
    reader: Reader, snapshot: Snapshot, *, running: bool, is_limited: bool
) -> list[dict[str, object]]:
    """Why files wait that no cause holds back: state, number, reason, and when they are due.

    ``is_limited``: whether an account limits its requests per minute.
    """
    pause = snapshot.paused_until if running else 0.0  # until then nothing is due
    waits: list[dict[str, object]] = [
        {
            "state": str(state),
            "files": number,
            **as_fields("why", why),
            # What ends such a wait is the file itself, not a moment.
            "due_at": None if why in UNFINISHED else _finite(max(due, pause)),
        }
        for state, why, number, due in reader.waiting_reasons(_LISTED_REASONS)
    ]
    queued = snapshot.counts.get(State.QUEUED, 0)
    if not queued or (running and State.UPLOADING in snapshot.counts):
        return waits
    why, due_at = NOTHING, None
    if not running:
        why = msg("hrflow-watcher is not running.")
    elif found := obstacles(snapshot, ENGLISH):
        why, due_at = verbatim(found[0]), end_of_pause(snapshot)
    elif waits:
        why = msg("Uploads continue once a waiting file has been uploaded.")
    elif is_limited and (ended := reader.requests_since(snapshot.at - 60.0)):
        why = plural(
            "The limit max_requests_per_minute has been reached: {count:count} request in the"
            " last minute.",
            "The limit max_requests_per_minute has been reached: {count:count} requests in"
            " the last minute.",
            len(ended),
        )
        due_at = ended[0] + 60.0
    row = {"state": str(State.QUEUED), "files": queued, **as_fields("why", why), "due_at": due_at}
    return [row, *waits] if why else waits


def _finite(at: float) -> float | None:
    return at if 0 < at < math.inf else None


# -- for people


def _show(facts: dict[str, Any], where: Places) -> None:
    _show_program(facts, where)
    if facts["trouble"]:
        say(Styled(f"✗ {facts['trouble']} Nothing is lost; uploads resume automatically.", "bad"))
    _show_connection(facts)
    _show_folders(facts["folders"])
    _show_keys(facts["keys"])
    if "note" in facts:
        say(facts["note"])
        return
    if facts["today"]:
        say(f"{count_files(facts['today'])} uploaded today.")
    elif view.count(facts["counts"], view.Group.ARRIVED):
        say("No files uploaded today.")
    else:
        say("No files uploaded yet.")
    if shown := view.numbers(facts["counts"], facts["opened"]):
        rows = [[f"{display.sign} {display.label}", str(files)] for display, files in shown]
        tones = {row: display.tone for row, (display, _) in enumerate(shown)}
        say_table(["State", "Files"], rows, tones)
    _show_waiting(facts["waiting"])
    _show_held(facts["held"])
    if facts["attention"] and (facts["waiting"] or facts["held"]):
        say()
    _show_attention(facts["attention"], facts["counts"])


def _show_program(facts: dict[str, Any], where: Places) -> None:
    if facts["running"]:
        say(Styled(f"Running since {when(facts['since'])} (PID {facts['pid']}).", "good"))
        if facts["version"] not in (None, __version__):
            say(Styled(f"! Version {facts['version']} is running, {__version__} is installed: it"
                       " stops once the current uploads are finished.", "busy"))  # fmt: skip
    elif facts["set_up"]:
        from watcher.service import how_to_start  # noqa: PLC0415 - only where nothing runs

        start = how_to_start(os.environ, os.path.expanduser("~"), where.state)
        say(f"Not running. Start it with: {start}")
    for remark in facts["remarks"]:
        say(Styled(f"! {remark}", "busy"))
    if not facts["set_up"] and not facts["remarks"]:
        how = "open" if facts["running"] else "setup"
        say(Styled(f"Not set up yet. Set it up with: {command_name()} {how}", "busy"))


def _show_connection(facts: dict[str, Any]) -> None:
    """Whether uploads are possible: pause, network, shared ledger."""
    if facts["paused"]:
        until = facts["paused_until"]
        end = f"until {when(until)}." if until else f"until you run: {command_name()} resume"
        say(Styled(f"Paused {end}", "busy"))
    if facts["offline_since"]:
        say(Styled(f"Offline since {when(facts['offline_since'])}.", "bad"))
    if ledger := facts["ledger"]:
        use = LedgerUse(ledger["machines"], tuple(ledger["waits"].items()))
        said = ledger_use(use, ENGLISH)
        say(said if use.machines else Styled(f"✗ {said}", "bad"))


def _show_folders(folders: dict[str, str]) -> None:
    for path, problem in folders.items():
        if problem:
            say(Styled(f"✗ {problem if path in problem else f'{path}: {problem}'}", "bad"))
        else:
            say(Styled(f"✓ Watching {shown_path(path)}", "good"))


def _show_keys(keys: dict[str, dict[str, str]]) -> None:
    """Where the running program has found each account's key."""
    for account, found in keys.items():
        whose = f" of account {account}" if len(keys) > 1 else ""
        problem = found.get("problem", "not looked up yet").removesuffix(".")
        if problem:
            say(Styled(f"! API key{whose}: {problem}", "bad"))
        else:
            say(Styled(f"✓ API key{whose}: from {found['origin']}", "good"))


def _show_waiting(waits: list[dict[str, Any]]) -> None:
    for each in waits:
        display = view.STATES[State(each["state"])]
        due_at = each["due_at"]
        due = f" Next try: {when(due_at)}." if due_at else ""
        why, label = each["why"].rstrip("."), str(display.label).lower()
        say(Styled(f"{display.sign} {each['files']} {label}: {why}.{due}", display.tone))


def _show_held(held: list[dict[str, Any]]) -> None:
    for hold in held:
        display = view.STATES[State.HELD]
        label = str(display.label).lower()
        files = f"{count_files(hold['files'])} ({ENGLISH.size(hold['size'])})"
        said = f"{display.sign} {files} {label}: {hold['why']}"
        say(Styled(said, "bad"))
        for place in hold["places"]:
            source = place["source_name"] or view.short(place["source_key"])
            say(f"  in {shown_path(place['folder'])}, for source {source}")
        if hold["advice"]:
            say(f"  {hold['advice']}")


def _show_attention(entries: list[dict[str, Any]], counts: dict[str, int]) -> None:
    if not entries:
        return
    total = sum(counts.get(state, 0) for state in FAILED)
    rest = f" (showing the latest {len(entries)} of {total})" if total > len(entries) else ""
    say(f"Needs attention{rest}:")
    by_reason: dict[str, list[str]] = {}
    names = shown_files([(entry["folder"], entry["path"]) for entry in entries])
    for name, entry in zip(names, entries, strict=True):
        place = listing.filed_in(entry["folder"], entry["path"], entry["filed_to"] or "")
        why = f"{entry['why']} Now in {place}." if place else entry["why"]
        by_reason.setdefault(why, []).append(name)
    for why, names in by_reason.items():
        say(Styled(f"✗ {why}", "bad"))
        for name in names:
            say(f"  {name}")


# -- as it changes


def _follow(ctx: click.Context, *, as_json: bool) -> None:
    """Show the status after each change, until Ctrl-C; NotRunningError when the program ends.

    Changes are waited for on another thread: Ctrl-C would have to wait for the next one here.
    """
    # These take time to import.
    from watcher.cli.foreground import stop_signal  # noqa: PLC0415
    from watcher.daemon.threads import on_thread  # noqa: PLC0415

    where = places(ctx)
    way = Channel.open(where)

    def tell_changes() -> None:
        for now in _changes(way):
            if stop.is_set():
                return
            if as_json:
                say_json(now)
            elif sys.stdout.isatty():
                click.clear()
                _show(gather(ctx), where)
                _show_latest(now)
            else:
                say_table((), [(moment(now["at"]), now["headline"])])

    with stop_signal() as stop:
        telling = on_thread(tell_changes, "follow")
        telling.add_done_callback(lambda _: stop.set())
        while not stop.wait(_LONG):
            pass
        if telling.done():
            telling.result()


def _show_latest(now: dict[str, Any]) -> None:
    """Show the latest files, and a summary of all."""
    rows = [
        [
            f"{file['sign']} {file['label']}",
            moment(file["changed_at"])[11:],
            file["name"],
            file["candidate"] or file["remark"],
        ]
        for file in now["recent"]
    ]
    if rows:
        tones = {number: file["tone"] for number, file in enumerate(now["recent"])}
        say_table(["State", "Changed", "Latest file", "Result"], rows, tones)
    say(now["headline"])


def _changes(way: Channel) -> Iterator[dict[str, Any]]:
    """Yield how things are, now and after each change."""
    seen = 0
    while True:
        said = way.get(f"/api/now?seen={seen}")
        seen = said["number"]
        if said["now"]:
            yield said["now"]
        time.sleep(said["again"])
