"""How commands write: lines, tables, times and questions for people, JSON and CSV for machines.

Callers pass plain values. Whatever reaches the terminal is made harmless here, so that no name of
a file or a person can move the cursor, hide its own end or forge a line.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import sys
import time
import unicodedata
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from watcher.i18n.message import ENGLISH
from watcher.model.errors import UsageError
from watcher.present import listing, view
from watcher.present.status import local_time
from watcher.routing.names import base_name, document_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TextIO

    from watcher.i18n.message import Text

#: Tone (see :mod:`watcher.present.view`) → its colour in a terminal.
_COLOURS: Final = {"good": "green", "busy": "cyan", "bad": "red", "quiet": "bright_black"}

#: What is right-aligned in tables: counts and sizes.
_NUMBER: Final = re.compile(r"[\d.]+( [kMG]?B)?")

#: Words longer than this (paths, lists of media types) may be broken in a table, into parts of at
#: least this many characters.
_LONG_WORD: Final = 16
_PART_OF_A_WORD: Final = 9
#: A part of a path or a long name, behind which it is broken first.
_PIECE: Final = re.compile(r"[^/\\_.,;-]+[/\\_.,;-]*|[/\\_.,;-]+")
#: In the first column only words longer than this are broken; the second number is for terminals
#: that are too narrow for the first.
_LONGEST_KEPT: Final = (34, 16)

#: How a line begins behind which its continuation is indented: a margin, and a sign like "✓ ".
_HANGING: Final = re.compile(r"\s*(?:[^\w\s\"'([{<~./\\-] )?")

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN: Final = re.compile(r"(?:\d+\s*[smhdw]\s*)+")

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for scripts.")


class Styled(NamedTuple):
    """A text in the colour of its tone."""

    text: Text
    tone: str


def say(*parts: Text | Styled, hang: int | None = None, err: bool = False) -> None:
    """Write one line for people, on standard error with ``err``.

    In a terminal, lines are broken between words; continuations are indented by ``hang`` columns,
    or as far as the line's own margin and sign. Raises click's Exit with code 0 if the reader has
    closed the pipe.
    """
    stream = sys.stderr if err else sys.stdout
    pieces = [part if isinstance(part, Styled) else Styled(part, "") for part in parts]
    texts = [view.safe(piece.text) for piece in pieces]
    if stream.isatty():
        texts = _broken(texts, hang)
    colours = stream.isatty() and not os.environ.get("NO_COLOR")
    write(
        "".join(
            click.style(text, fg=_COLOURS[piece.tone]) if colours and piece.tone else text
            for text, piece in zip(texts, pieces, strict=True)
        ),
        err=err,
    )


def write(text: str, *, err: bool = False) -> None:
    """Write a line as it is; see :func:`say` for the end of a pipe."""
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        silence(sys.stdout)
        raise click.exceptions.Exit(0) from None


def silence(stream: TextIO) -> None:
    """Discard whatever is still to be written to ``stream``."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say_json(value: object, *, err: bool = False) -> None:
    """Write one JSON document on one line; valid in whatever encoding the reader has."""
    narrow = sys.stdout.encoding.lower().replace("_", "-") not in ("utf-8", "utf8")
    write(json.dumps(view.safe_values(value), ensure_ascii=narrow), err=err)


def confirm(question: Text, *, default: bool | None = False) -> bool:
    """Ask a yes-or-no question at the terminal."""
    return click.confirm(_question(question), default=default)


def prompt(question: Text, **options: Any) -> Any:
    """Ask for a value at the terminal; ``options`` are those of :func:`click.prompt`."""
    return click.prompt(_question(question), **options)


def _question(question: Text) -> str:
    return "".join(_broken([view.safe(question)], None))


def _broken(texts: Sequence[str], hang: int | None) -> list[str]:
    """The parts of one line with line breaks in place of spaces, as wide as the terminal."""
    import shutil  # noqa: PLC0415 - takes time, and only a terminal's lines are broken

    line = "".join(texts)
    columns = shutil.get_terminal_size().columns
    if _width(line) <= columns:
        return list(texts)
    if hang is None:
        found = _HANGING.match(line)
        hang = _width(found[0]) if found else 0
    breaks, column, at = set[int](), 0, 0
    for number, word in enumerate(line.split(" ")):
        width = _width(word)
        if number and column > hang and column + 1 + width > columns >= hang + width:
            breaks.add(at - 1)
            column = hang + width
        else:
            column += bool(number) + width
            while column > columns:  # a word that is broken by the terminal
                column -= columns
        at += len(word) + 1
    broken, start = [], 0
    for text in texts:
        broken.append(
            "".join(
                "\n" + " " * hang if at in breaks else character
                for at, character in enumerate(text, start)
            )
        )
        start += len(text)
    return broken


def _width(text: str) -> int:
    """How many columns a text takes."""
    return len(text) + sum(unicodedata.east_asian_width(each) in ("F", "W") for each in text)


def answers_with_facts(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command ``--json`` and the argument ``facts``, which it fills in.

    With ``--json``, these are written as one object when it ends, with what it said to people as
    ``said``; and nothing is asked.
    """

    @functools.wraps(command)
    def answer(*arguments: object, as_json: bool, **options: object) -> object:
        facts: dict[str, object] = {}
        if not as_json:
            return command(*arguments, facts=facts, **options)
        with redirect_stdout(io.StringIO()) as said:
            result = command(*arguments, facts=facts, **options)
        say_json({**facts, "said": said.getvalue().splitlines()})
        return result

    return json_option(answer)


def count_files(number: int) -> str:
    """Like "1 file" or "3 files"."""
    return f"{number} file{'s' * (number != 1)}"


def shown_path(path: str) -> str:
    """Return a path, in a terminal with "~" for the home folder."""
    return listing.short_path(path, os.path.expanduser("~")) if sys.stdout.isatty() else path


def shown_files(files: Sequence[tuple[str, str]]) -> list[str]:
    """Return how documents are named in a table, given (watched folder, path) of each.

    In a terminal, their paths are relative to the watched folder if it is the same for all, and
    begin with its name if no two folders have the same.
    """
    folders = {folder for folder, _ in files}
    if not sys.stdout.isatty() or len(set(map(base_name, folders))) < len(folders):
        return [shown_path(document_path(path)) for _, path in files]
    inside = [listing.below(folder, path) for folder, path in files]
    if len(folders) == 1:
        return inside
    return [
        os.path.join(base_name(folder), path)
        for (folder, _), path in zip(files, inside, strict=True)
    ]


def say_table(
    columns: Sequence[str], rows: Sequence[Sequence[Text]], tones: Mapping[int, str] | None = None
) -> None:
    """Write a table in a terminal, and tab-separated lines without a head elsewhere.

    A terminal is not shown columns without any value. ``tones`` gives the tone of a row by its
    number.
    """
    lines = [[view.safe(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in lines:
            write("\t".join(line))
        return
    from rich import box  # noqa: PLC0415 - costs more than most commands take
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as RichText  # noqa: PLC0415

    tones = tones or {}
    table, console = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False), Console()
    filled = [at for at in range(len(columns)) if any(line[at] for line in lines)]
    columns = [columns[at] for at in filled]
    lines = [[line[at] for at in filled] for line in lines]
    cells = [[column, *(line[number] for line in lines)] for number, column in enumerate(columns)]
    widths = fit(
        [max(map(cell_len, column)) for column in cells],
        [max(cell_len(word) for cell in column for word in cell.split(" ")) for column in cells],
        console.width - 3 * len(columns) + 1,  # what this box takes between and around them
    )
    if not widths:
        _say_records(columns, lines, tones)
        return
    for column, width in zip(cells, widths, strict=True):
        numeric = all(_NUMBER.fullmatch(cell) for cell in column[1:])
        table.add_column(
            column[0], justify="right" if numeric else "left", overflow="fold", width=width
        )
    for number, line in enumerate(lines):
        first, *rest = map(_folded, line, widths)
        tone = _COLOURS.get(tones.get(number, ""), "")
        table.add_row(RichText(first, tone), *map(RichText, rest))
    console.print(table)


def _folded(text: str, width: int) -> str:
    """The text of a cell, its longest words broken behind slashes where that is possible."""
    lines = [""]
    for word in text.split(" "):
        pieces = [word] if _width(word) <= width else _PIECE.findall(word)
        for number, piece in enumerate(pieces):
            gap = " " if number == 0 and lines[-1] else ""
            if lines[-1] and _width(lines[-1] + gap + piece) > width:
                lines.append(piece)
            else:
                lines[-1] += gap + piece
    return "\n".join(lines)


def fit(widths: Sequence[int], words: Sequence[int], room: int) -> list[int]:
    """Widths of columns that have ``room`` together, the widest giving first; [] if none will do.

    ``widths`` are those of whole cells, ``words`` of their longest words: short words are not
    broken, and those of the first column, by which rows are found, are broken last.
    """
    for first in _LONGEST_KEPT:
        others = [word if word <= _LONG_WORD else _PART_OF_A_WORD for word in words[1:]]
        least = [min(words[0], first), *others]
        if sum(least) <= room:
            found = list(widths)
            while sum(found) > room:
                can = (at for at, width in enumerate(found) if width > least[at])
                found[max(can, key=found.__getitem__)] -= 1
            return found
    return []


def _say_records(
    columns: Sequence[str], rows: Sequence[Sequence[str]], tones: Mapping[int, str]
) -> None:
    """A line for each cell, where there is no room for columns."""
    width = max(map(len, columns))
    for number, row in enumerate(rows):
        for at, cell in enumerate(row):
            if cell:
                tone = tones.get(number, "") if at == 0 else ""
                say(f"{columns[at]:<{width}}  ", Styled(cell, tone), hang=width + 2)
        say()


@contextmanager
def progress(*, shown: bool, label: str = "Uploading") -> Iterator[Callable[[int, int], object]]:
    """Show a bar in a terminal; yields a function that draws (finished, all) files."""
    if not (shown and sys.stdout.isatty()):
        yield lambda *_: None
        return
    from rich import progress as bars  # noqa: PLC0415 - only where it is drawn

    columns = bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn()
    with bars.Progress(*columns, bars.TextColumn("{task.fields[rate]}")) as bar:
        number = bar.add_task("Looking for files", total=None, rate="")
        (task,) = bar.tasks

        def draw(done: int, files: int) -> None:
            bar.update(number, description=label, completed=done, total=files)
            if task.speed and task.time_remaining:
                left = ENGLISH.duration(task.time_remaining)
                bar.update(number, rate=f"{task.speed:.1f} files/s · {left} left")

        yield draw


# -- Times, as people read and type them


def moment(at: float) -> str:
    """Return a local time for a table, like "2026-11-23 14:00:00"; "" for 0."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) if at else ""


def when(at: float) -> str:
    """Return a local time for a sentence, with the date unless that is today."""
    return local_time(at, time.time(), ENGLISH)


def brief_moment(at: float, now: float) -> str:
    """Return the time alone, "14:00:00", if ``at`` is on the day of ``now``, else "2026-11-23"."""
    day, clock = moment(at).split(" ")
    return clock if moment(now).startswith(day) else day


def parse_span(text: str) -> float:
    """Return the seconds of "90s", "30m", "1h30m" or "2d"; UsageError for anything else."""
    if (number := text.strip()).isdecimal():
        raise UsageError(
            f"{text!r} has no unit.",
            f'Write "{number}m" for minutes, "{number}h" for hours or "{number}d" for days.',
        )
    if not _SPAN.fullmatch(text.strip().lower()):
        raise UsageError(
            f"{text!r} is not a valid duration.", 'Write "30m", "1h", "1h30m" or "2d".'
        )
    found = re.findall(r"(\d+)\s*([smhdw])", text.lower())
    return float(sum(int(number) * _UNITS[unit] for number, unit in found))


def parse_moment(text: str, now: float) -> float:
    """Return seconds since 1970 of "2026-11-23", "2026-11-23 14:00" or "2h" (ago); 0 for "".

    UsageError for anything else.
    """
    if not text:
        return 0.0
    if _SPAN.fullmatch(text.strip().lower()):
        return now - parse_span(text)
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"{text!r} is not a valid time.",
            'Write "2026-11-23", "2026-11-23 14:00" or "2h", "3d", "1w".',
        ) from error


def parse_day(text: str) -> date:
    """Return the day of "2026-11-23", or today for ""; UsageError for anything else."""
    if not text:
        return date.fromtimestamp(time.time())  # noqa: DTZ012 - the person's day
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if MINYEAR < day.year < MAXYEAR:  # a week of the first and last days does not fit
            return day
    raise UsageError(f"{text!r} is not a valid date.", 'Write it like "2026-11-23".')
