"""How commands write: tables and colours in a terminal, plain lines in a pipe, JSON."""

from __future__ import annotations

import functools
import io
import json
import os
import re
import sys
import time
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, Final, Self

import click

from watcher.i18n.message import ENGLISH
from watcher.model.lifecycle import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import TextIO

    from watcher.model.kinds import State

#: How each tone of ``watcher.present.view`` looks in a terminal.
_COLOURS: Final = {"good": "green", "busy": "cyan", "bad": "red", "quiet": "bright_black"}


#: What is aligned at its end: counts and sizes.
_NUMBER: Final = re.compile(r"[\d.]+( [kMG]?B)?")


#: A word of more characters may be broken (a path, a list of media types) to parts of at least so
#: many; in the first column, as long as there is room, only a longer one.
_LONG_WORD: Final = 16


_PART_OF_A_WORD: Final = 9


_LONGEST_KEPT: Final = (34, 16)


json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")


def has_colour() -> bool:
    """Whether this is a terminal whose owner did not say NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def styled(text: str, tone: str) -> str:
    """``text`` in the colour of its tone, where there are colours."""
    return click.style(text, fg=_COLOURS[tone]) if has_colour() else text


def say(text: str = "") -> None:
    """One line for people.

    click's Exit, with code 0, when whoever read our output has had enough.
    """
    try:
        click.echo(text)
    except BrokenPipeError:
        silence(sys.stdout)
        raise click.exceptions.Exit(0) from None


def silence(stream: TextIO) -> None:
    """Let everything that is still to be written to ``stream`` vanish."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say_json(value: object) -> None:
    """One JSON document on one line; valid whatever characters the reader's encoding has."""
    narrow = sys.stdout.encoding.lower().replace("_", "-") not in ("utf-8", "utf8")
    say(json.dumps(value, ensure_ascii=narrow))


def answers_with_facts(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command ``--json`` and ``facts``, which it fills in: they end as one JSON object.

    What it says to people is in it as ``said``; and nobody is asked anything meanwhile.
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


def moment(at: float) -> str:
    """A local time for people."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) if at else ""


def say_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], tones: Mapping[int, str] | None = None
) -> None:
    """A table in a terminal; tab-separated lines without a head elsewhere.

    ``tones`` gives the tone of a row by its number. Numbers are aligned at their ends.
    """
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(row))
        return
    from rich import box  # noqa: PLC0415 - costs more than most commands take
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table, console = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False), Console()
    cells = [[column, *(row[number] for row in rows)] for number, column in enumerate(columns)]
    widths = fit(
        [max(map(cell_len, column)) for column in cells],
        [
            max(cell_len(word) for cell in column for word in ["", *cell.split()])
            for column in cells
        ],
        console.width - 3 * len(columns) + 1,  # what this box takes between and around them
    )
    if not widths:
        _say_records(columns, rows, tones or {})
        return
    for column, width in zip(cells, widths, strict=True):
        numeric = all(_NUMBER.fullmatch(cell) for cell in column[1:])
        table.add_column(
            column[0], justify="right" if numeric else "left", overflow="fold", width=width
        )
    for number, row in enumerate(rows):
        tone = (tones or {}).get(number)
        style = _COLOURS[tone] if tone else ""
        table.add_row(*(Text(cell, style=style if n == 0 else "") for n, cell in enumerate(row)))
    console.print(table)


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
            shown = styled(cell, tones[number]) if at == 0 and number in tones else cell
            if cell:
                say(f"{columns[at]:<{width}}  {shown}")
        say()


class Progress:
    """Shows how far an import is: a bar, files and bytes a second, time left. Nothing in a pipe."""

    def __init__(self, *, shown: bool) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._start = time.monotonic()
        self._first: tuple[int, int] | None = None
        if shown and sys.stdout.isatty():
            from rich import progress  # noqa: PLC0415 - only where it is drawn

            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TextColumn("{task.fields[rate]}"),
                progress.TextColumn("{task.fields[left]}"),
            )
            self._task = self._bar.add_task("Looking", total=None, rate="", left="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, standing: Mapping[State, tuple[int, int]]) -> None:
        """Draw how all files stand now: state → (files, bytes)."""
        if self._bar is None or not standing:
            return
        total = sum(files for files, _ in standing.values())
        done = sum(files for state, (files, _) in standing.items() if state not in OPEN)
        size = sum(size for state, (_, size) in standing.items() if state not in OPEN)
        self._first = self._first or (done, size)  # what earlier imports did is no speed of this
        seconds = max(time.monotonic() - self._start, 0.001)
        rate, speed = (done - self._first[0]) / seconds, (size - self._first[1]) / seconds
        new = done > self._first[0]
        left = f"{ENGLISH.duration((total - done) / rate)} left" if rate and done < total else ""
        self._bar.update(
            self._task,
            description="Uploading",
            total=total,
            completed=done,
            rate=f"{rate:.1f} files/s · {ENGLISH.size(speed)}/s" if new else "",
            left=left,
        )
