"""Commands for the program that runs: ``pause``, ``resume``, ``stop``, ``reload``, ``open``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

import click

from watcher.cli.context import places, state_option
from watcher.cli.output import json_option, moment, say, say_json, styled
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
from watcher.present import view
from watcher.routing.names import lies_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.daemon.instance import Places

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


_SPAN: Final = re.compile(r"(?:\d+\s*[smhd]\s*)+")


#: Files that one request names; of any more it would be too large.
PIECE: Final = 10_000


def channel(ctx: click.Context) -> Channel:
    """The way to the program that runs; NotRunningError if none does."""
    return Channel.open(places(ctx))


def obey(ctx: click.Context, what: str, **order: object) -> dict[str, Any]:
    """Have it done by the program that runs; where none does, it is noted in the journal."""
    try:
        done: dict[str, Any] = channel(ctx).post(f"/api/{what}", **order)
    except SilentError:
        raise
    except NotRunningError:
        return _note(places(ctx), what, order)
    return done


def _note(where: Places, what: str, order: dict[str, object]) -> dict[str, Any]:
    from watcher.daemon.alone import alone  # noqa: PLC0415 - only where nothing runs
    from watcher.i18n.catalog import catalog  # noqa: PLC0415
    from watcher.page.actions import JournalActions  # noqa: PLC0415
    from watcher.page.views import Activity  # noqa: PLC0415

    click.echo("hrflow-watcher is not running; this is in force once it runs.", err=True)
    with alone(where) as journal:
        orders = JournalActions(journal, Activity(where, catalog("en")))
        acts = {
            "pause": orders.pause, "resume": orders.resume, "snooze": orders.snooze,
            "retry": orders.retry, "ignore": orders.ignore,
        }  # fmt: skip
        return acts[what](order)


def parse_span(text: str) -> float:
    """Seconds of "90s", "30m", "1h", "1h30m" or "2d"; UsageError for anything else."""
    if not _SPAN.fullmatch(text.strip().lower()):
        raise UsageError(f"{text!r} is no time.", 'Write "30m", "1h", "1h30m" or "2d".')
    found = re.findall(r"(\d+)\s*([smhd])", text.lower())
    return float(sum(int(number) * _UNITS[unit] for number, unit in found))


def order(ctx: click.Context, what: str, paths: Sequence[str]) -> dict[str, Any]:
    """Have ``what`` done with the files at or below ``paths``."""
    ids, files, left = _find_files(ctx, paths), 0, list[dict[str, Any]]()
    for at in range(0, len(ids), PIECE):
        done = obey(ctx, what, ids=ids[at : at + PIECE])
        files += done["files"]
        left += done["left"]
    return {"files": files, "left": left}


def _find_files(ctx: click.Context, paths: Sequence[str]) -> list[int]:
    """The ids of the files at or below ``paths``; UnusableError for a path without any."""
    where = places(ctx)
    if not where.has_journal:
        raise UnusableError("No file was uploaded from here so far.")
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
                    f"{view.safe(path)} is no file that is known here.",
                    "See which are with: hrflow-watcher history",
                )
            found |= dict.fromkeys(ids)
        return list(found)
    finally:
        reader.close()


def _filed(reader: Reader, full: str) -> list[int]:
    """The ids of files that were refused and lie at or below ``full`` since."""
    moved = reader.pages(states=(State.REFUSED, State.PARSE_FAILED))
    return [
        each.file_id
        for some in moved
        for each in some
        if each.filed_to and lies_in(each.filed_to, full, os.sep)
    ]


def say_done(done: dict[str, Any], verb: str, *, as_json: bool) -> int:
    """Say how many files an order was for, and for which it was none; gives the exit code."""
    left = done.get("left", [])
    if as_json:
        say_json(done)
    else:
        files = done["files"]
        words = f"{files} file{' is' if files == 1 else 's are'} {verb}."
        say(styled(words, "good" if files else "quiet"))
        for file in left:
            why = file.get("moved") or f"is {file['label']}"
            say(styled(f"  not {view.safe(file['path'])}: it {why}", "quiet"))
    return UnusableError.exit_code if left and not done["files"] else 0


@click.command("pause")
@click.option("--for", "span", metavar="TIME", help='For so long: "30m", "1h", "1h30m", "2d".')
@click.option("--until-tomorrow", is_flag=True, help="Until the next day begins.")
@json_option
@state_option
@click.pass_context
def pause(
    ctx: click.Context,
    span: str | None,
    until_tomorrow: bool,  # noqa: FBT001 - click passes it so
    as_json: bool,  # noqa: FBT001
) -> None:
    """Start no uploads until "resume", or for a while; files are noticed meanwhile.

    What is on its way ends first. A pause outlives a restart.
    """
    if span and until_tomorrow:
        raise click.UsageError("Say --for or --until-tomorrow, not both.")
    order: dict[str, object] = {"seconds": parse_span(span)} if span else {}
    if until_tomorrow:
        order = {"until": "tomorrow"}
    done = obey(ctx, "pause", **order)
    if as_json:
        say_json(done)
        return
    until = done["paused_until"]
    say(f"Paused until {moment(until)}." if until else "Paused until: hrflow-watcher resume")


@click.command("resume")
@state_option
@click.pass_context
def resume(ctx: click.Context) -> None:
    """End a pause: uploads go on."""
    obey(ctx, "resume")
    say("Uploads go on.")


#: Seconds that uploads under way, and the end itself, may take.
_PATIENCE: Final = 30.0


@click.command("stop")
@state_option
@click.pass_context
def stop(ctx: click.Context) -> None:
    """End the running program; returns when it has ended. Nothing is lost by that.

    Where none runs there is nothing to do, and that is no failure.
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
            "hrflow-watcher has not ended yet.", "Wait, and say it again."
        ) from error
    say("hrflow-watcher has ended.")


@click.command("reload")
@state_option
@click.pass_context
def reload(ctx: click.Context) -> None:
    """Have the running program use the configuration as it is now.

    It notices a change by itself where the system tells of it; this is for where it does not.
    """
    channel(ctx).post("/api/reload")
    say("The configuration is in force.")


@click.command("open")
@click.argument(
    "place", default="",
    type=click.Choice(["", "activity", "attention", "folders", "health", "setup"]),
    metavar="[PLACE]",
)  # fmt: skip
@click.option("--link", "only_link", is_flag=True, help="Write the link instead; it works once.")
@state_option
@click.pass_context
def open_page(ctx: click.Context, place: str, only_link: bool) -> None:  # noqa: FBT001 - click's
    """Show what happens in your browser: the activity page of the running program.

    PLACE is "activity", "attention", "folders", "health" or "setup". The page is served on this
    machine for you alone: a link lets one browser in, once and within a minute.
    """
    from watcher.page.server import open_link  # noqa: PLC0415 - the page, which no other command needs

    link = channel(ctx).post("/api/link", at=place)["link"]
    if only_link:
        say(link)
    elif not open_link(link, places(ctx)):
        raise UnusableError(
            "There is no browser here that could be started.",
            "Take the link to one with: hrflow-watcher open --link",
        )
