"""Commands for the running program, or for its next start: pause, resume, retry and others."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Any, Final

import click

from watcher.cli.context import (
    channel,
    find_files,
    load_config,
    places,
    program_options,
    send,
    send_files,
)
from watcher.cli.output import (
    Styled,
    answers_with_facts,
    count_files,
    json_option,
    parse_span,
    say,
    say_json,
    when,
)
from watcher.daemon.instance import lock
from watcher.daemon.state_folder import open_reader
from watcher.i18n.command import command_name
from watcher.model.errors import (
    AlreadyRunningError,
    NotRunningError,
    UnusableError,
    UsageError,
    WatcherError,
)
from watcher.model.holds import HOUR, burst_key, cause_of, existing_key
from watcher.model.kinds import Cause
from watcher.present.status import needs_approval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.daemon.state_folder import Places


def _order(ctx: click.Context, what: str, paths: Sequence[str]) -> dict[str, Any]:
    """Have ``what`` done with the files at or below ``paths``; the answers are summed up."""
    done = send_files(ctx, what, _find_ids(places(ctx), paths))
    left = [file for each in done for file in each["left"]]
    return {"files": sum(each["files"] for each in done), "left": left}


def _find_ids(where: Places, paths: Sequence[str]) -> list[int]:
    """The ids of the files at or below ``paths``; UnusableError for a path without any."""
    ids = set[int]()
    with open_reader(where) as reader:
        if reader is None:
            raise UnusableError("No files uploaded yet.")
        for path in paths:
            found = find_files(reader, path)
            if not found:
                raise UnusableError(
                    f"{path} is not a known file.",
                    f"See the known files with: {command_name()} history",
                )
            ids |= {each.file_id for each in found}
    return sorted(ids)


def _say_done(done: dict[str, Any], verb: str, *, as_json: bool) -> int:
    """Say how many files were changed and which could not be; return the exit code."""
    left = done.get("left", [])
    if as_json:
        say_json(done)
    else:
        files = done["files"]
        say(Styled(f"{count_files(files)} {verb}.", "good" if files else "quiet"))
        for file in left:
            why = file["moved"] or file["label"]
            say(Styled(f"  {file['path']} was left unchanged: {why}", "quiet"))
    return UnusableError.exit_code if left and not done["files"] else 0


@click.command("pause")
@click.option("--for", "span", metavar="TIME", help='How long: "30m", "1h", "1h30m", "2d".')
@json_option
@program_options
def pause(ctx: click.Context, span: str | None, as_json: bool) -> None:
    """Pause uploads until "resume", or for a while.

    Uploads that have begun are finished, and new files are still detected. A pause survives
    restarts.
    """
    done = send(ctx, "pause", seconds=parse_span(span) if span else None)
    if as_json:
        say_json(done)
        return
    until = done["paused_until"]
    say(f"Paused until {when(until)}." if until else
        f"Paused until you run: {command_name()} resume")  # fmt: skip


@click.command("resume")
@program_options
def resume(ctx: click.Context) -> None:
    """End a pause."""
    was_paused = send(ctx, "resume")["was_paused"]
    say("Uploads resumed." if was_paused else "Uploads were not paused.")


@click.command("approve")
@click.argument("folders", nargs=-1, metavar="[FOLDER]…")
@click.option("--all", "everything", is_flag=True, help="All files waiting for your approval.")
@click.option("--skip", is_flag=True, help="Ignore these files instead.")
@json_option
@program_options
def approve(
    ctx: click.Context, folders: tuple[str, ...], everything: bool, skip: bool, as_json: bool
) -> int:
    """Upload files that are waiting for your approval.

    Files wait if there were many in a FOLDER when it was first watched, if many are added to it
    within an hour (ask_above), or if the monthly limit of an account is reached (monthly_limit).
    The approval of a folder also covers files that are added to it within the next hour. "status"
    shows what is waiting, with its size.

    Exit codes: 0 done, 5 no file is waiting for approval there.
    """
    if bool(folders) == everything:
        raise UsageError(
            "Specify either folders or --all.", f"See what is waiting with: {command_name()} status"
        )
    with open_reader(places(ctx)) as reader:
        waiting = [each.key for each in reader.held() if needs_approval(each)] if reader else []
    if not waiting:
        raise UnusableError("No files are waiting for your approval.")
    keys = waiting if everything else _keys_in(folders, waiting)
    verb = "ignore" if skip else "retry"
    done = [send(ctx, verb, cause=key) for key in keys]
    told = {
        "files": sum(each["files"] for each in done),
        "left": [file for each in done for file in each["left"]],
    }
    code = _say_done(told, "ignored" if skip else "will be uploaded", as_json=as_json)
    covers_more = any(cause_of(key) != Cause.MONTHLY_LIMIT for key in keys)
    if covers_more and not skip and not as_json:
        until = when(time.time() + HOUR)
        say(Styled(f"Files added until {until} are uploaded without asking.", "quiet"))
    return code


def _keys_in(folders: Sequence[str], waiting: Sequence[str]) -> list[str]:
    """Return the causes for which files in these folders wait; UnusableError if one has none."""
    found = []
    for folder in folders:
        path = os.path.realpath(os.path.expanduser(folder))
        keys = [key for key in (existing_key(path), burst_key(path)) if key in waiting]
        if not keys:
            hint = f"See what is waiting with: {command_name()} status"
            if any(cause_of(key) == Cause.MONTHLY_LIMIT for key in waiting):
                hint = (
                    "A monthly limit is that of an account, not of a folder. Approve the files"
                    f" above it with: {command_name()} approve --all"
                )
            raise UnusableError(f"No files in {folder} are waiting for your approval.", hint)
        found += keys
    return found


@click.command("retry")
@click.argument("files", nargs=-1, metavar="[FILE]…")
@click.option(
    "--all", "everything", is_flag=True, help="All files that need attention or are on hold."
)
@click.option(
    "--cause",
    metavar="CAUSE",
    help='All files on hold for this cause, as shown by "status --json".',
)
@json_option
@program_options
def retry(
    ctx: click.Context,
    files: tuple[str, ...],
    everything: bool,
    cause: str | None,
    as_json: bool,
) -> int:
    """Try to upload files again now.

    FILE may be a folder, for all files in it. Files that are waiting for your approval are not
    included in --all: use "approve". If the program is not running, they are tried
    when it starts.

    Exit codes: 0 done, 5 none of the files can be retried.
    """
    if sum((bool(files), everything, cause is not None)) != 1:
        raise UsageError("Specify either files, --all or --cause.")
    if files:
        done = _order(ctx, "retry", files)
    elif everything:
        done = send(ctx, "retry", all=True)
    else:
        done = send(ctx, "retry", cause=cause)
    return _say_done(done, "will be retried", as_json=as_json)


@click.command("ignore")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
@program_options
def ignore(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:
    """Stop trying to upload files, and stop showing that they need attention.

    FILE may be a folder, for all files in it. A file that changes later counts as a new file.
    "retry" undoes this.

    Exit codes: 0 done, 5 none of the files can be ignored.
    """
    return _say_done(_order(ctx, "ignore", files), "ignored", as_json=as_json)


# -- Notifications


@click.group("notify")
def notify() -> None:
    """Snooze desktop notifications, or switch them off and on.

    This takes effect at once. Which kinds are shown, and quiet hours, are set in [notifications]
    in the configuration.
    """


@notify.command("snooze")
@click.argument("duration", metavar="DURATION")
@answers_with_facts
@program_options
def snooze(ctx: click.Context, duration: str, facts: dict[str, object]) -> None:
    """Snooze notifications for DURATION, like 30m, 1h, 1h30m or 2d."""
    until = send(ctx, "snooze", seconds=parse_span(duration))["snoozed_until"]
    facts.update(snoozed_until=until, off=False)
    say(f"Notifications snoozed until {when(until)}.")


@notify.command("off")
@answers_with_facts
@program_options
def off(ctx: click.Context, facts: dict[str, object]) -> None:
    """Switch notifications off until you switch them on again."""
    send(ctx, "snooze", until=None)
    facts.update(snoozed_until=None, off=True)
    say(f"Notifications are off. Switch them on with: {command_name()} notify on")


@notify.command("on")
@answers_with_facts
@program_options
def on(ctx: click.Context, facts: dict[str, object]) -> None:
    """Show notifications again."""
    send(ctx, "snooze", until=0.0)
    facts.update(snoozed_until=None, off=False)
    say("Notifications are on.")


@notify.command("status")
@json_option
@program_options
def status(ctx: click.Context, as_json: bool) -> None:
    """Show whether notifications are on."""
    facts = _gather_notifications(ctx, places(ctx), time.time())
    if as_json:
        say_json(facts)
        return
    if facts["shown"]:
        say(Styled("Notifications are on.", "good"))
    else:
        say(f"No notifications: {facts['why']}")
    if hours := facts["quiet_hours"]:
        say(f"Quiet hours: {hours}.")
    kinds = facts["kinds"]
    assert isinstance(kinds, dict)
    if missing := [kind for kind, wanted in kinds.items() if not wanted]:
        say(f"Switched off for: {', '.join(missing)}.")


def _gather_notifications(ctx: click.Context, where: Places, now: float) -> dict[str, object]:
    """Return everything that ``notify status`` says as plain values."""
    from watcher.present.notifications import Kind, silent_until  # noqa: PLC0415 - orders need none

    wanted = load_config(ctx).config.notifications
    with open_reader(where) as reader:
        snoozed = reader.snoozed_until() if reader else 0.0
    until = silent_until(wanted.quiet_hours, 0.0, now)
    why = ""
    if not wanted.enabled:
        why = "switched off in the configuration"
    elif math.isinf(snoozed):
        why = f"switched off with: {command_name()} notify off"
    elif snoozed > now:
        why = f"snoozed until {when(snoozed)}"
    elif until > now:
        why = f"quiet hours until {when(until)}"
    return {
        "shown": not why,
        "why": why,
        "snoozed_until": None if math.isinf(snoozed) or snoozed <= now else snoozed,
        "off": math.isinf(snoozed),
        "quiet_hours": wanted.quiet_hours,
        "kinds": {kind.value: getattr(wanted, kind) for kind in Kind},
    }


# -- The program itself

#: Seconds that finishing the current uploads and stopping may take.
_PATIENCE: Final = 30.0


@click.command("stop")
@program_options
def stop(ctx: click.Context) -> None:
    """Stop the running program and wait until it has stopped. Nothing is lost.

    This is not an error if the program is not running.
    """
    where = places(ctx)
    try:
        channel(ctx).post("/api/stop")
    except NotRunningError:
        say("hrflow-watcher is not running.")
        return
    try:
        lock(where, _PATIENCE).release()
    except AlreadyRunningError as error:
        raise WatcherError(
            "hrflow-watcher has not stopped yet.", "Wait a moment, then try again."
        ) from error
    say("hrflow-watcher has stopped.")


@click.command("reload")
@program_options
def reload(ctx: click.Context) -> None:
    """Make the running program read its configuration again.

    Changes are detected automatically, except on some network drives.
    """
    channel(ctx).post("/api/reload")
    say("Configuration reloaded.")


@click.command("open")
@click.option("--link", "only_link", is_flag=True, help="Print the link instead; it works once.")
@program_options
def open_page(ctx: click.Context, only_link: bool) -> None:
    """Open the activity page of the running program in your browser.

    Only you can open it, on this computer: a link works once, within a minute.
    """
    from watcher.daemon.desktop import open_link  # noqa: PLC0415 - no other command needs it

    link = channel(ctx).post("/api/link", at="")["link"]
    if only_link:
        say(link)
    elif not open_link(link, places(ctx)):
        raise UnusableError(
            "No browser could be started.",
            f"Copy the link that this command prints into a browser: {command_name()} open --link",
        )
