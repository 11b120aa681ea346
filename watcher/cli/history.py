"""``history`` and ``report``: what became of the files, one by one and in numbers."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import named, places, program_options, real_path
from watcher.cli.output import (
    Styled,
    brief_moment,
    count_files,
    json_option,
    moment,
    parse_day,
    parse_moment,
    say,
    say_json,
    say_table,
    shown_files,
    shown_path,
    write,
)
from watcher.daemon.state_folder import open_reader
from watcher.i18n.message import ENGLISH, msg
from watcher.journal.history import Filter
from watcher.model.errors import UnusableError, UsageError
from watcher.model.kinds import State
from watcher.present import listing, view
from watcher.present.status import full_time
from watcher.routing.names import is_in
from watcher.system import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.model.entries import Entry
    from watcher.present.report import Line, Report

#: States by the labels that people are shown, and by the journal's own names.
_LABELS: Final = {str(display.label).lower(): state for state, display in view.STATES.items()}
_STATES: Final = {**_LABELS, **{str(state): state for state in State}}


@click.command("history")
@click.argument("wanted", nargs=-1, metavar="[NAME|PATH]…")
@click.option(
    "--only", "states", multiple=True, metavar="STATE", type=click.Choice(sorted(_STATES)),
    help=f"Only files in this state; can be repeated. One of: {', '.join(_LABELS)}.",
)  # fmt: skip
@click.option(
    "--since", metavar="TIME", default="",
    help='Only changes since then: "2026-11-23", "2026-11-23 14:00", or "2h", "3d", "1w" ago.',
)  # fmt: skip
@click.option(
    "--until", metavar="TIME", default="", help="Only changes before then, in the same format."
)
@click.option(
    "--limit", metavar="NUMBER", type=click.IntRange(1), default=50, show_default=True,
    help="Maximum number of files.",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV, for spreadsheets.")
@json_option
@program_options
def history(
    ctx: click.Context,
    wanted: tuple[str, ...],
    states: tuple[str, ...],
    since: str,
    until: str,
    limit: int,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show what happened to each file, the latest change first.

    NAME is a part of the file's or the candidate's name, or a reference; PATH is a file or folder.
    Filters are combined: files must match all of them. With --json, each file is an object on a
    line of its own.
    """
    if as_csv and as_json:
        raise UsageError("--csv and --json can't be used together.")
    _refuse_state_for_folder(ctx)
    now = time.time()
    paths = [each for each in wanted if _is_path(each)]
    if len(paths) > 1:
        raise UsageError(f"{paths[0]} and {paths[1]} are two paths; only one can be given.")
    chosen = Filter(
        states=tuple(_STATES[state] for state in states),
        folder=real_path(paths[0]) if paths else "",
        text=" ".join(each for each in wanted if each not in paths),
        since=parse_moment(since, now),
        until=parse_moment(until, now),
    )
    with open_reader(places(ctx)) as reader:
        entries = reader.history(chosen, limit=limit + 1) if reader else []
    more, entries = len(entries) > limit, entries[:limit]
    if as_json:
        for entry in entries:
            say_json(listing.record(entry))
    elif as_csv:
        write(listing.to_csv(entries, ENGLISH, head=True).removesuffix("\n"))
    elif not entries:
        say("No matching files." if chosen != Filter() else "No files uploaded yet.")
    else:
        _show_entries(entries)
        if more:
            say(f"Showing the first {limit}; see more with --limit.", err=True)


def _is_path(wanted: str) -> bool:
    """Whether a person means a file or folder, which may be gone, and not a part of a name."""
    path = os.path.expanduser(wanted)
    return os.path.isabs(path) or os.path.exists(os.path.dirname(path) or path)


def _refuse_state_for_folder(ctx: click.Context) -> None:
    """UsageError where ``--state`` was given a state, which is not a folder."""
    folder = named(ctx, "state")
    if folder in _STATES and not os.path.isdir(folder):
        raise UsageError(
            "--state is the folder where the program keeps its own files.",
            f'To filter by state, use: --only "{folder}"',
        )


def _show_entries(entries: Sequence[Entry]) -> None:
    displays = [view.display(entry) for entry in entries]
    changed = [moment(entry.changed_at) for entry in entries]
    if sys.stdout.isatty():
        now = time.time()
        changed = [brief_moment(entry.changed_at, now) for entry in entries]
    paths = shown_files([(entry.folder, entry.path) for entry in entries])
    rows = [
        [f"{display.sign} {display.label}", at, path, listing.summary(entry)]
        for display, at, path, entry in zip(displays, changed, paths, entries, strict=True)
    ]
    tones = {number: display.tone for number, display in enumerate(displays)}
    say_table(["State", "Changed", "File", "Result"], rows, tones)


# -- in numbers


@click.command("report")
@click.argument("span", type=click.Choice(["day", "week", "month"]), default="week")
@click.option(
    "--on", metavar="DATE", default="",
    help='A day in the period, like "2026-11-23".  [default: today]',
)  # fmt: skip
@click.option("--html", metavar="FILE", default="", help="Write a page with charts to this file.")
@json_option
@program_options
def report(ctx: click.Context, span: str, on: str, html: str, as_json: bool) -> None:
    """Count the files of a day, a week or a month by folder, source and state.

    Files count for the day on which they were added. Upload and parsing times are medians. Below
    are the uploads of each month: HrFlow parses each of them.
    """
    from watcher.present import report as reports  # noqa: PLC0415 - history does without

    period = reports.make_period(reports.Span(span), parse_day(on))
    with open_reader(places(ctx)) as reader:
        timings = reader.timings(period.since, period.until) if reader else []
        folders = [folder for folder, _ in reader.folders()] if reader else []
        months = reader.months(period.until - 1, reports.MONTHS) if reader else []
    made = reports.summarize(period, timings, months)
    if html:
        made_at, home = full_time(time.time(), ENGLISH), os.path.expanduser("~")
        _write_page(html, reports.render(made, made_at, home), folders)
    if as_json:
        say_json(reports.record(made))
    elif html:
        say(Styled(f"✓ Report written to {html}.", "good"))
    else:
        _show_report(made)


def _write_page(path: str, page: str, folders: list[str]) -> None:
    real = os.path.realpath(os.path.expanduser(path))
    for folder in folders:
        if is_in(real, folder, os.sep):
            raise UsageError(
                f"{path} is in the watched folder {folder}, so it would be uploaded.",
                "Choose another place.",
            )
    try:
        write_atomically(real, page.encode())
    except OSError as error:
        raise UnusableError(
            msg("{path} can't be written ({error}).", path=path, error=error.strerror)
        ) from error


def _show_report(made: Report) -> None:
    say(f"CVs added: {made.period.title} ({count_files(made.total.files)})")
    if made.total.files:
        _show_lines(made)
    if made.months:
        say("Uploads per month:")
        columns = ["Month", "Account", "Uploads"]
        rows = [[ENGLISH.date(each.month), each.account, str(each.uploads)] for each in made.months]
        if not made.has_accounts:
            columns, rows = ["Month", "Uploads"], [[month, files] for month, _, files in rows]
        say_table(columns, rows)


def _show_lines(made: Report) -> None:
    total = made.total
    shown = view.numbers(total.states, total.opened)
    columns = ["Folder", "Source", "Files", *(str(display.label) for display, _ in shown)]
    rows = []
    for line in made.lines:
        files = dict(view.numbers(line.states, line.opened))
        numbers = [_number(files.get(display, 0)) for display, _ in shown]
        place = [shown_path(line.folder), view.short(line.source)]
        rows.append([*place, str(line.files), *numbers, *_times(line)])
    last = ["all", "", str(total.files), *(str(files) for _, files in shown)]
    rows.append([*last, *_times(total)])
    say_table([*columns, "Upload", "Parsing"], rows)


def _number(files: int) -> str:
    """Return a count as text; in a terminal, 0 is left empty."""
    return str(files) if files or not sys.stdout.isatty() else ""


def _times(line: Line) -> list[str]:
    return [
        "" if seconds is None else ENGLISH.duration(seconds)
        for seconds in (line.upload_seconds, line.parse_seconds)
    ]
