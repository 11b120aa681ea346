"""``history``: what became of which file."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from typing import Final

import click

from watcher import view
from watcher.cli.context import places
from watcher.cli.output import json_option, moment, say, say_json, say_table
from watcher.errors import UsageError
from watcher.journal.reader import Reader
from watcher.model import State

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@click.command("history")
@click.option(
    "--state", "states", multiple=True, type=click.Choice([str(state) for state in State]),
    help="Only files in this state; may be given several times.",
)  # fmt: skip
@click.option("--folder", default="", help="Only files at or below this folder.")
@click.option("--text", default="", help="Only files whose name (or candidate) holds this text.")
@click.option("--since", default="", help="Only changes since then: 2026-11-23, or 2h, 3d, 1w ago.")
@click.option("--until", default="", help="Only changes before then.")
@click.option("--limit", default=50, show_default=True, help="As many files at the most.")
@json_option
@click.pass_context
def command(  # noqa: D103 - the help text is given below
    ctx: click.Context,
    states: tuple[str, ...],
    folder: str,
    text: str,
    since: str,
    until: str,
    limit: int,
    as_json: bool,  # noqa: FBT001 - click passes it so
) -> None:
    reader = Reader(places(ctx).journal)
    try:
        entries = reader.history(
            states=tuple(State(state) for state in states),
            folder=os.path.realpath(os.path.expanduser(folder)) if folder else "",
            text=text,
            since=parse_moment(since, time.time()),
            until=parse_moment(until, time.time()),
            limit=limit,
        )
    finally:
        reader.close()
    if as_json:
        say_json([view.record(entry) for entry in entries])
    elif not entries:
        say("No file fits.")
    else:
        looks = [view.LOOKS[entry.state] for entry in entries]
        say_table(
            ["State", "When", "File", "What became of it"],
            [
                [f"{look.sign} {look.word}", moment(entry.changed_at), view.safe(entry.path),
                 view.remark(entry)]
                for look, entry in zip(looks, entries, strict=True)
            ],
            {number: look.tone for number, look in enumerate(looks)},
        )  # fmt: skip


command.help = """Show what became of which file, the latest change first."""


def parse_moment(text: str, now: float) -> float:
    """Seconds since 1970 of "2026-11-23", "2026-11-23 14:00" or "2h" (ago); 0 for "".

    UsageError for anything else.
    """
    if not text:
        return 0.0
    if found := re.fullmatch(r"(\d+)\s*([smhdw])", text.strip()):
        return now - int(found[1]) * _UNITS[found[2]]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time.", 'Write "2026-11-23", "2026-11-23 14:00" or "2h", "3d", "1w".'
        ) from error
