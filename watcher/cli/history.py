"""``history``: what became of which file."""

from __future__ import annotations

import csv
import io
import os
import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypedDict

import click

from watcher.cli.context import places, state_option
from watcher.cli.output import json_option, moment, say, say_json, say_table
from watcher.journal.reader import Reader
from watcher.model.errors import UsageError
from watcher.model.kinds import State
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.daemon.instance import Places
    from watcher.model.records import Entry

#: What a table program gets of a file: names of ``view.record``.
_CSV: Final = (
    "state", "path", "why", "noticed_at", "arrived_at", "parsed_at", "upload_seconds",
    "parse_seconds", "source_name", "source_key", "reference", "profile_key", "profile_name",
    "profile_email", "probably", "pages", "total_pages", "size", "media_type", "folder",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_CSV_TIMES: Final = ("noticed_at", "arrived_at", "parsed_at")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
#: States by the words that people are shown, and by the journal's own.
_WORDS: Final = {
    **{str(look.word): state for state, look in view.LOOKS.items()},
    **{str(state): state for state in State},
}


class Filters(TypedDict):
    """What ``Reader.history`` filters by; empty values do not."""

    states: tuple[State, ...]
    folder: str
    text: str
    since: float
    until: float


@click.command("history")
@click.option(
    "--only", "states", multiple=True, metavar="STATE", type=click.Choice(sorted(_WORDS)),
    help=f"Only files in this state; may be given several times. One of: {', '.join(_WORDS)}.",
)  # fmt: skip
@click.option("--folder", metavar="FOLDER", default="", help="Only files at or below this folder.")
@click.option(
    "--text", metavar="TEXT", default="",
    help="Only files whose name, candidate's name or reference holds this text.",
)  # fmt: skip
@click.option(
    "--since", metavar="TIME", default="",
    help='Only changes since then: "2026-11-23", "2026-11-23 14:00", or "2h", "3d", "1w" ago.',
)  # fmt: skip
@click.option("--until", metavar="TIME", default="", help="Only changes before then; likewise.")
@click.option(
    "--limit", metavar="NUMBER", type=click.IntRange(1), default=50, show_default=True,
    help="As many files at the most.",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV, for table programs.")
@json_option
@state_option
@click.pass_context
def command(
    ctx: click.Context,
    states: tuple[str, ...],
    folder: str,
    text: str,
    since: str,
    until: str,
    limit: int,
    as_csv: bool,  # noqa: FBT001 - likewise
    as_json: bool,  # noqa: FBT001 - click passes it so
) -> None:
    """Show what became of which file, the latest change first.

    All filters given must hold. Without any, the latest 50 files are shown. With --json each file
    is an object on a line of its own.
    """
    _refuse_state_for_folder(ctx)
    now = time.time()
    filters: Filters = {
        "states": tuple(_WORDS[state] for state in states),
        "folder": os.path.realpath(os.path.expanduser(folder)) if folder else "",
        "text": text,
        "since": parse_moment(since, now),
        "until": parse_moment(until, now),
    }
    entries = read_entries(places(ctx), filters, limit + 1)
    more, entries = len(entries) > limit, entries[:limit]
    if as_csv and as_json:
        raise UsageError("Both --csv and --json were given.", "Choose one of them.")
    if as_json:
        for entry in entries:
            say_json(view.record(entry))
    elif as_csv:
        _say_csv(entries)
    elif not entries:
        say("No matching files." if any(filters.values()) else "No files uploaded yet.")
    else:
        _show(entries)
        if more:
            click.echo(f"Showing the first {limit}; see more with --limit.", err=True)


def _refuse_state_for_folder(ctx: click.Context) -> None:
    """UsageError where ``--state`` names a state, which is no folder of the program's own."""
    named = ctx.find_root().obj[1]
    if named in _WORDS and not os.path.isdir(named):
        raise UsageError(
            "--state names the folder in which the program keeps its own files.",
            f'For files in a state write: --only "{named}"',
        )


def read_entries(where: Places, filters: Filters, limit: int) -> list[Entry]:
    """Files that the journal knows; none where there is no journal yet."""
    if not where.has_journal:
        return []
    reader = Reader(where.journal)
    try:
        return reader.history(**filters, limit=limit)
    finally:
        reader.close()


def _say_csv(entries: Sequence[Entry]) -> None:
    """One line a file, with a head; times in ISO 8601 with offset."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, _CSV, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        values = view.record(entry)
        for name in _CSV_TIMES:
            at = values[name]
            values[name] = _iso(at) if isinstance(at, float) else ""
        writer.writerow({name: _no_formula(value) for name, value in values.items()})
    say(lines.getvalue().removesuffix("\n"))


def _no_formula(value: object) -> object:
    """Text that a table program would take for a formula is kept from being one."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")


def _show(entries: Sequence[Entry]) -> None:
    looks = [view.LOOKS[entry.state] for entry in entries]
    rows = [
        [f"{look.sign} {look.word}", moment(entry.changed_at), view.safe(entry.path),
         view.remark(entry)]
        for look, entry in zip(looks, entries, strict=True)
    ]  # fmt: skip
    tones = {number: look.tone for number, look in enumerate(looks)}
    say_table(["State", "When", "File", "What became of it"], rows, tones)


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
            f"{text!r} is not a valid time.",
            'Write "2026-11-23", "2026-11-23 14:00" or "2h", "3d", "1w".',
        ) from error
