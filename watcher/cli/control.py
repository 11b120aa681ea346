"""Commands for the running program, or for its next start: pause, resume, retry and others."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

import click

from watcher.cli.context import places, state_option
from watcher.cli.output import count_files, json_option, moment, say, say_json, styled
from watcher.daemon.instance import lock
from watcher.journal.reader import Reader
from watcher.model.errors import (
    AlreadyRunningError,
    NotRunningError,
    UnusableError,
    UsageError,
    WatcherError,
)
from watcher.model.kinds import State
from watcher.page.client import Channel, SilentError
from watcher.routing.patterns import lies_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.daemon.instance import Places

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


_SPAN: Final = re.compile(r"(?:\d+\s*[smhd]\s*)+")


#: How many files one request names at most, as its size is limited.
BATCH: Final = 10_000


def channel(ctx: click.Context) -> Channel:
    """Return the connection to the running program; NotRunningError if there is none."""
    return Channel.open(places(ctx))


def send(ctx: click.Context, what: str, **order: object) -> dict[str, Any]:
    """Have the running program do something; where none runs, note it in the journal."""
    try:
        done: dict[str, Any] = channel(ctx).post(f"/api/{what}", **order)
    except SilentError:
        raise
    except NotRunningError:
        return _note(places(ctx), what, order)
    return done


def _note(where: Places, what: str, order: dict[str, object]) -> dict[str, Any]:
    from watcher.daemon.recovery import standalone  # noqa: PLC0415 - only where nothing runs
    from watcher.i18n.catalog import catalog  # noqa: PLC0415
    from watcher.page.actions import JournalActions  # noqa: PLC0415
    from watcher.page.activity import Activity  # noqa: PLC0415

    say("hrflow-watcher is not running; this takes effect when it starts.", err=True)
    with standalone(where) as journal:
        orders = JournalActions(journal, Activity(where, catalog("en")))
        acts = {
            "pause": orders.pause, "resume": orders.resume, "snooze": orders.snooze,
            "retry": orders.retry, "ignore": orders.ignore,
        }  # fmt: skip
        return acts[what](order)


def parse_span(text: str) -> float:
    """Return the seconds of "90s", "30m", "1h30m" or "2d"; UsageError for anything else."""
    if not _SPAN.fullmatch(text.strip().lower()):
        raise UsageError(
            f"{text!r} is not a valid duration.", 'Write "30m", "1h", "1h30m" or "2d".'
        )
    found = re.findall(r"(\d+)\s*([smhd])", text.lower())
    return float(sum(int(number) * _UNITS[unit] for number, unit in found))


def _order(ctx: click.Context, what: str, paths: Sequence[str]) -> dict[str, Any]:
    """Have ``what`` done with the files at or below ``paths``; the answers are summed up."""
    ids, files, left = _find_files(ctx, paths), 0, list[dict[str, Any]]()
    for at in range(0, len(ids), BATCH):
        done = send(ctx, what, ids=ids[at : at + BATCH])
        files += done["files"]
        left += done["left"]
    return {"files": files, "left": left}


def _find_files(ctx: click.Context, paths: Sequence[str]) -> list[int]:
    """The ids of the files at or below ``paths``; UnusableError for a path without any."""
    where = places(ctx)
    if not where.has_journal:
        raise UnusableError("No files uploaded yet.")
    reader = Reader(where.journal)
    try:
        found: dict[int, None] = {}
        for path in paths:
            directory, name = os.path.split(os.path.abspath(os.path.expanduser(path)))
            full = os.path.join(os.path.realpath(directory), name)
            here = [each.file_id for some in reader.pages(folder=full) for each in some]
            ids = here or _filed(reader, full)
            if not ids:
                raise UnusableError(
                    f"{path} is not a known file.",
                    "See the known files with: hrflow-watcher history",
                )
            found |= dict.fromkeys(ids)
        return list(found)
    finally:
        reader.close()


def _filed(reader: Reader, full: str) -> list[int]:
    """The ids of refused files that were moved to ``full`` or below it."""
    moved = reader.pages(states=(State.REFUSED, State.PARSE_FAILED))
    return [
        each.file_id
        for some in moved
        for each in some
        if each.filed_to and lies_in(each.filed_to, full, os.sep)
    ]


def _say_done(done: dict[str, Any], verb: str, *, as_json: bool) -> int:
    """Say how many files were changed and which could not be; return the exit code."""
    left = done.get("left", [])
    if as_json:
        say_json(done)
    else:
        files = done["files"]
        say(styled(f"{count_files(files)} {verb}.", "good" if files else "quiet"))
        for file in left:
            why = f"it {file['moved']}" if file.get("moved") else file["label"]
            say(styled(f"  {file['path']} was left unchanged: {why}", "quiet"))
    return UnusableError.exit_code if left and not done["files"] else 0


@click.command("pause")
@click.option("--for", "span", metavar="TIME", help='How long: "30m", "1h", "1h30m", "2d".')
@click.option("--until-tomorrow", is_flag=True, help="Until midnight.")
@json_option
@state_option
@click.pass_context
def pause(
    ctx: click.Context,
    span: str | None,
    until_tomorrow: bool,  # noqa: FBT001 - click passes it so
    as_json: bool,  # noqa: FBT001
) -> None:
    """Pause uploads until "resume", or for a while.

    Uploads that have begun are finished, and new files are still noticed. A pause survives
    restarts.
    """
    if span and until_tomorrow:
        raise click.UsageError("Use either --for or --until-tomorrow.")
    order: dict[str, object] = {"seconds": parse_span(span)} if span else {}
    if until_tomorrow:
        order = {"until": "tomorrow"}
    done = send(ctx, "pause", **order)
    if as_json:
        say_json(done)
        return
    until = done["paused_until"]
    say(f"Paused until {moment(until)}." if until else
        "Paused until you run: hrflow-watcher resume")  # fmt: skip


@click.command("resume")
@state_option
@click.pass_context
def resume(ctx: click.Context) -> None:
    """End a pause."""
    send(ctx, "resume")
    say("Uploads resumed.")


@click.command("retry")
@click.argument("files", nargs=-1, metavar="[FILE]…")
@click.option(
    "--all", "everything", is_flag=True, help="All files that need attention or are held."
)
@click.option(
    "--cause", metavar="CAUSE", help='All files held by this cause, as named by "status --json".'
)
@json_option
@state_option
@click.pass_context
def retry(
    ctx: click.Context,
    files: tuple[str, ...],
    everything: bool,  # noqa: FBT001 - click passes it so
    cause: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Try files again now.

    FILE may be a folder, for all files in it. Files that are waiting for your approval are not
    included in --all: name them, or their folder. If the program is not running, they are tried
    when it starts.

    Exit codes: 0 done, 5 none of the files can be tried again.
    """
    if sum((bool(files), everything, cause is not None)) != 1:
        raise UsageError("Name either files, --all or --cause.")
    if files:
        done = _order(ctx, "retry", files)
    elif everything:
        done = send(ctx, "retry", all=True)
    else:
        done = send(ctx, "retry", cause=cause)
    return _say_done(done, "will be tried again", as_json=as_json)


@click.command("ignore")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
@state_option
@click.pass_context
def ignore(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001 - click
    """Stop trying to upload files, and stop showing that they need attention.

    FILE may be a folder, for all files in it. A file that changes later counts as a new file.
    "retry" undoes this.

    Exit codes: 0 done, 5 none of the files can be ignored.
    """
    return _say_done(_order(ctx, "ignore", files), "ignored", as_json=as_json)


#: Seconds that finishing the current uploads and stopping may take.
_PATIENCE: Final = 30.0


@click.command("stop")
@state_option
@click.pass_context
def stop(ctx: click.Context) -> None:
    """Stop the running program and wait until it has stopped. Nothing is lost.

    It is not an error if it is not running.
    """
    where = places(ctx)
    try:
        Channel.open(where).post("/api/stop")
    except SilentError:
        raise
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
@state_option
@click.pass_context
def reload(ctx: click.Context) -> None:
    """Make the running program read its configuration again.

    It notices changes by itself, except on some network drives.
    """
    channel(ctx).post("/api/reload")
    say("Configuration reloaded.")


@click.command("open")
@click.argument(
    "place", default="",
    type=click.Choice(["", "activity", "attention", "folders", "health", "setup"]),
    metavar="[PLACE]",
)  # fmt: skip
@click.option("--link", "only_link", is_flag=True, help="Print the link instead; it works once.")
@state_option
@click.pass_context
def open_page(ctx: click.Context, place: str, only_link: bool) -> None:  # noqa: FBT001 - click's
    """Open the activity page of the running program in your browser.

    PLACE is "activity", "attention", "folders", "health" or "setup". The page is served on this
    machine to you only: a link works once, within a minute.
    """
    from watcher.page.server import open_link  # noqa: PLC0415 - the page, which no other command needs

    link = channel(ctx).post("/api/link", at=place)["link"]
    if only_link:
        say(link)
    elif not open_link(link, places(ctx)):
        raise UnusableError(
            "No browser could be started.",
            "Print a link to open yourself with: hrflow-watcher open --link",
        )
