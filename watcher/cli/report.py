"""``report``: what became of the files of a day, a week or a month."""

from __future__ import annotations

import os
import time
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from watcher.cli.context import places, state_option
from watcher.cli.output import json_option, moment, say, say_json, say_table, styled
from watcher.daemon.instance import write_atomically
from watcher.daemon.plans import is_in
from watcher.i18n.message import ENGLISH, msg
from watcher.journal.reader import Reader
from watcher.model.errors import UnusableError, UsageError
from watcher.present import report, view

if TYPE_CHECKING:
    from watcher.daemon.instance import Places
    from watcher.model.follow_ups import Timing
    from watcher.present.report import Line, Period, Report


@click.command("report")
@click.argument("span", type=click.Choice([str(each) for each in report.Span]), default="week")
@click.option(
    "--on", metavar="DATE", default="", help='A day in it, "2026-11-23".  [default: today]'
)
@click.option("--html", metavar="FILE", default="", help="Write it there, with charts.")
@json_option
@state_option
@click.pass_context
def command(
    ctx: click.Context,
    span: str,
    on: str,
    html: str,
    as_json: bool,  # noqa: FBT001 - click passes it so
) -> None:
    """Sum up the files that came in a day, a week or a month: by folder, source and state.

    A file counts for the time at which it was noticed. Times are medians: from the beginning of
    an upload to its arrival, and from there until the profile was known.
    """
    period = report.make_period(report.Span(span), _day(on), _seconds_of)
    timings, folders = _read(places(ctx), period)
    made = report.summarize(period, timings)
    if html:
        _write(html, report.render(made, moment(time.time())), folders)
    if as_json:
        say_json(report.record(made))
    elif html:
        say(styled(f"✓ The report is in {view.safe(html)}.", "good"))
    else:
        _show(made)


def _day(text: str) -> date:
    if not text:
        return date.fromtimestamp(time.time())  # noqa: DTZ012 - the person's day
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no day.", 'Write it like "2026-11-23".') from error


def _seconds_of(local: datetime) -> float:
    return local.astimezone().timestamp()


def _read(where: Places, period: Period) -> tuple[list[Timing], list[str]]:
    if not where.has_journal:
        return [], []
    reader = Reader(where.journal)
    try:
        folders = [folder for folder, _ in reader.folders()]
        return reader.timings(period.since, period.until), folders
    finally:
        reader.close()


def _write(path: str, page: str, folders: list[str]) -> None:
    real = os.path.realpath(os.path.expanduser(path))
    for folder in folders:
        if is_in(real, folder):
            raise UsageError(
                f"{view.safe(path)} is in the watched folder {view.safe(folder)}, from which it"
                " would be uploaded.",
                "Name another place.",
            )
    try:
        write_atomically(real, page)
    except OSError as error:
        raise UnusableError(
            msg("{path} cannot be written ({error}).", path=view.safe(path), error=error.strerror)
        ) from error


def _show(made: Report) -> None:
    total = made.total
    say(f"{made.period.title}: {total.files} file{'s' * (total.files != 1)}")
    if not total.files:
        return
    states = list(total.states)
    columns = ["Folder", "Source", "Files", *(str(view.LOOKS[state].word) for state in states)]
    rows = [
        [
            view.safe(line.folder),
            view.safe(line.source) or "—",
            str(line.files),
            *(str(line.states.get(state, 0)) for state in states),
            *_times(line),
        ]
        for line in made.lines
    ]
    last = ["all", "", str(total.files), *(str(total.states[state]) for state in states)]
    rows.append([*last, *_times(total)])
    say_table([*columns, "Upload", "Parsing"], rows)


def _times(line: Line) -> list[str]:
    return [
        "—" if seconds is None else ENGLISH.duration(seconds)
        for seconds in (line.upload_seconds, line.parse_seconds)
    ]
