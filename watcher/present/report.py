"""What became of the files of a day, a week or a month, in numbers and as a page of HTML. Pure.

A file counts at the time it was noticed, so that a report of yesterday adds up to what was dropped
yesterday, whenever it was parsed.
"""

from __future__ import annotations

import bisect
import calendar
import enum
import html
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import ENGLISH
from watcher.model.kinds import State
from watcher.model.records import parse_seconds, upload_seconds
from watcher.present import view
from watcher.present.view import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from watcher.model.records import Timing


class Span(enum.StrEnum):
    """The length of time that a report covers."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


#: What files are counted by, under these names for scripts → their labels, in order.
CATEGORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "parsed": str(view.STATES[State.PARSED].label),
        "sent": str(view.STATES[State.ACCEPTED].label),
        "not parsed": str(view.STATES[State.PARSE_FAILED].label),
        "refused": str(view.STATES[State.REFUSED].label),
        "in progress": "Waiting",
        "set aside": "Skipped",
    }
)

_STATES: Final = MappingProxyType(
    {
        State.PARSED: "parsed",
        State.ACCEPTED: "sent",
        State.PARSE_FAILED: "not parsed",
        State.REFUSED: "refused",
    }
)


def category(state: State) -> str:
    """Return the one of :data:`CATEGORIES` that files in a state are counted in."""
    is_open = view.STATES[state].group is Group.WAITING or state is State.HELD
    rest = "in progress" if is_open else "set aside"
    return _STATES.get(state, rest)


#: Seconds at which one bar of a distribution ends and the next begins.
EDGES: Final = (2.0, 5.0, 15.0, 60.0, 300.0, 3600.0)


EDGE_WORDS: Final = (
    "up to 2 s", "up to 5 s", "up to 15 s", "up to 1 min", "up to 5 min", "up to 1 h", "longer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """The time that a report covers: ``slots`` are when its bars begin, and its end."""

    span: Span
    title: str
    words: tuple[str, ...]
    slots: tuple[float, ...]

    @property
    def since(self) -> float:
        """Its first moment."""
        return self.slots[0]

    @property
    def until(self) -> float:
        """The first moment after it."""
        return self.slots[-1]


@dataclass(frozen=True, slots=True)
class Line:
    """Files of one kind: how many in each category and in each state, and how long they took.

    Seconds are medians, None where nothing is known.
    """

    folder: str
    source: str
    files: int
    categories: Mapping[str, int]
    states: Mapping[State, int]
    upload_seconds: float | None
    parse_seconds: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """All numbers of a period. ``bars`` has one count by category for each slot."""

    period: Period
    total: Line
    lines: tuple[Line, ...]
    bars: tuple[Mapping[str, int], ...]
    uploads: tuple[int, ...]
    parses: tuple[int, ...]


def make_period(span: Span, day: date, moment: Callable[[datetime], float]) -> Period:
    """Return the period that ``day`` is in; ``moment`` turns a local time into seconds."""
    match span:
        case Span.DAY:
            first, days, title = day, 1, f"{day:%Y-%m-%d}"
        case Span.WEEK:
            first = day - timedelta(days=day.weekday())
            days, title = 7, f"week from {first:%Y-%m-%d} to {first + timedelta(days=6):%Y-%m-%d}"
        case Span.MONTH:
            first = day.replace(day=1)
            days, title = calendar.monthrange(day.year, day.month)[1], f"{day:%Y-%m}"
    start = datetime.combine(first, time())
    if span is Span.DAY:
        begins = [start + timedelta(hours=hour) for hour in range(25)]
        words = [f"{hour:02}" for hour in range(24)]
    else:
        begins = [start + timedelta(days=number) for number in range(days + 1)]
        words = [f"{each:%a %d}" if span is Span.WEEK else f"{each:%d}" for each in begins[:-1]]
    return Period(span, title, tuple(words), tuple(moment(each) for each in begins))


def summarize(period: Period, timings: Iterable[Timing]) -> Report:
    """Return the report of a period; files of other periods are left out."""
    files = [each for each in timings if period.since <= each.noticed_at < period.until]
    parts: dict[tuple[str, str, str], list[Timing]] = {}
    for each in files:
        parts.setdefault((each.folder, each.source_key, each.source_name), []).append(each)
    lines = [
        _line(folder, name or key, part) for (folder, key, name), part in sorted(parts.items())
    ]
    bars = [Counter[str]() for _ in period.words]
    for each in files:
        bars[bisect.bisect_right(period.slots, each.noticed_at) - 1][category(each.state)] += 1
    return Report(
        period,
        _line("", "", files),
        tuple(lines),
        tuple(bars),
        _distribution(map(upload_seconds, files)),
        _distribution(map(parse_seconds, files)),
    )


def record(report: Report) -> dict[str, object]:
    """Return a report as plain values, for scripts."""
    return {
        "span": report.period.span.value,
        "title": report.period.title,
        "since": report.period.since,
        "until": report.period.until,
        "total": _record_of(report.total),
        "lines": [
            {"folder": line.folder, "source": line.source, **_record_of(line)}
            for line in report.lines
        ],
        "slots": [
            {"slot": word, "since": at, **dict(bar)}
            for word, at, bar in zip(
                report.period.words, report.period.slots, report.bars, strict=False
            )
        ],
    }


def _record_of(line: Line) -> dict[str, object]:
    return {
        "files": line.files,
        "states": {str(state): number for state, number in line.states.items()},
        "median_upload_seconds": line.upload_seconds,
        "median_parse_seconds": line.parse_seconds,
    }


def _line(folder: str, source: str, files: Sequence[Timing]) -> Line:
    states = Counter(each.state for each in files)
    return Line(
        folder,
        source,
        len(files),
        Counter(category(each.state) for each in files),
        {state: states[state] for state in State if states[state]},
        _median(map(upload_seconds, files)),
        _median(map(parse_seconds, files)),
    )


def _median(times: Iterable[float | None]) -> float | None:
    known = [each for each in times if each is not None]
    return round(median(known), 3) if known else None


def _distribution(times: Iterable[float | None]) -> tuple[int, ...]:
    bars = [0] * (len(EDGES) + 1)
    for each in times:
        if each is not None:
            bars[bisect.bisect_left(EDGES, each)] += 1
    return tuple(bars)


_WIDTH, _HEIGHT = 720, 220


_LEFT, _BOTTOM, _TOP = 40, 24, 14


#: Readable with every kind of sight: categories differ in lightness too, and are named.
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #d5dbe1;
  --paper: #ffffff; --parsed: #1a7f5a; --sent: #4f9fd8; --not-parsed: #c2571a;
  --refused: #9c2b3d; --in-progress: #d9a93b; --set-aside: #9aa5b1; --time: #4b6cb7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #a3b0bd; --line: #3a4652;
  --paper: #161c22; --parsed: #3fbf8f; --sent: #7cc0f0; --not-parsed: #f08c4f;
  --refused: #e8677c; --in-progress: #f0c75e; --set-aside: #7b8794; --time: #8fa8e8; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.soft { color: var(--soft); } .cards { display: flex; flex-wrap: wrap; gap: 1rem; padding: 0; }
.cards li { list-style: none; border: 1px solid var(--line); border-radius: .6rem;
  padding: .6rem 1rem; min-width: 7rem; }
.cards strong { display: block; font-size: 1.5rem; }
svg { width: 100%; min-width: 34rem; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } svg .on { fill: var(--ink); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.path { overflow-wrap: anywhere; min-width: 9rem; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: .2em;
  margin: 0 .35em 0 1em; }
"""


_PARSING: Final = (
    '<p class="soft">From the end of the upload until the profile was found. HrFlow is asked'
    " at intervals, so these times are approximate.</p>"
)


def render(report: Report, made_at: str) -> str:
    """Return the page; ``made_at`` is when the report was made, as text."""
    title = f"CVs received: {report.period.title}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="soft">{_files(report.total.files)}. Created {_text(made_at)}.</p>',
        _cards(report.total),
        "<h2>Files received</h2>",
        _legend(report),
        _stacked(report),
        "<h2>Upload times</h2>",
        _times(report.uploads, report.total.upload_seconds),
        "<h2>Parsing times</h2>",
        _times(report.parses, report.total.parse_seconds),
        _PARSING,
        "<h2>By folder and source</h2>",
        _table(report),
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _cards(total: Line) -> str:
    cards = [(str(total.categories.get(name, 0)), label) for name, label in CATEGORIES.items()]
    cards += [
        (_seconds(total.upload_seconds), "Median upload time"),
        (_seconds(total.parse_seconds), "Median parsing time"),
    ]
    items = "".join(
        f"<li><strong>{_text(number)}</strong>{_text(name)}</li>" for number, name in cards
    )
    return f'<ul class="cards">{items}</ul>'


def _table(report: Report) -> str:
    categories = [name for name in CATEGORIES if report.total.categories.get(name)]
    numbers = ["Files", *(CATEGORIES[name] for name in categories), "Upload", "Parsing"]
    head = '<th scope="col">Folder</th><th scope="col">Source</th>'
    head += "".join(f'<th scope="col" class="n">{_text(name)}</th>' for name in numbers)
    rows = "".join(_row(line, categories) for line in report.lines)
    if not rows:
        return '<p class="soft">No files in this period.</p>'
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _row(line: Line, categories: Sequence[str]) -> str:
    numbers = [str(line.files), *(str(line.categories.get(name, 0)) for name in categories)]
    numbers += [_seconds(line.upload_seconds), _seconds(line.parse_seconds)]
    cells = "".join(f'<td class="n">{_text(each)}</td>' for each in numbers)
    folder, source = _text(line.folder), _text(view.short(line.source) or "—")
    return f'<tr><td class="path">{folder}</td><td>{source}</td>{cells}</tr>'


def _text(text: str) -> str:
    """A text for the page."""
    return html.escape(view.safe(text))


def _seconds(seconds: float | None) -> str:
    return "—" if seconds is None else ENGLISH.duration(seconds)


def _files(number: int) -> str:
    return f"{number} file{'s' * (number != 1)}"


def _colour(category: str) -> str:
    return f"var(--{category.replace(' ', '-')})"


def _legend(report: Report) -> str:
    names = [name for name in CATEGORIES if report.total.categories.get(name)]
    keys = "".join(
        f'<span class="key" style="background:{_colour(name)}"></span>{_text(CATEGORIES[name])}'
        for name in names
    )
    return f'<p aria-hidden="true">{keys}</p>'


def _stacked(report: Report) -> str:
    most = max((sum(bar.values()) for bar in report.bars), default=0)
    return _chart(
        "Files by time received",
        report.period.words,
        most,
        lambda number: [
            (report.bars[number].get(name, 0), _colour(name), label)
            for name, label in CATEGORIES.items()
        ],
    )


def _times(bars: Sequence[int], middle: float | None) -> str:
    if middle is None:
        return '<p class="soft">No times yet.</p>'
    return _chart(
        f"Files by duration (median: {ENGLISH.duration(middle)})",
        EDGE_WORDS,
        max(bars),
        lambda number: [(bars[number], "var(--time)", EDGE_WORDS[number])],
    )


def _chart(
    title: str,
    words: Sequence[str],
    most: int,
    parts: Callable[[int], Iterable[tuple[int, str, str]]],
) -> str:
    """Bars one beside the other; ``parts`` gives (height, colour, name) from the bottom up."""
    top = _round_up(most)
    floor, room = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    step = (_WIDTH - _LEFT) / len(words)
    drawn = [_grid(value, floor - room * value / top) for value in _marks(top)]
    for number, word in enumerate(words):
        x, y, total = _LEFT + step * number, float(floor), 0
        for height, colour, name in parts(number):
            total += height
            if not height:
                continue
            tall = room * height / top
            y -= tall
            drawn.append(
                f'<rect x="{x + step * 0.12:.1f}" y="{y:.1f}" width="{step * 0.76:.1f}" '
                f'height="{tall:.1f}" fill="{colour}"><title>{_text(word)}: {height} '
                f"{_text(name)}</title></rect>"
            )
        drawn.append(_word(x + step / 2, _HEIGHT - 8, word))
        if total and len(words) <= _FEW:
            drawn.append(_word(x + step / 2, y - 3, str(total), "on"))
    return (
        f'<div class="wide"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{_text(title)}">'
        f"<title>{_text(title)}</title>{''.join(drawn)}</svg></div>"
    )


#: Heights of charts, in tenths of a power of ten.
_TENTHS: Final = (10, 12, 16, 20, 30, 40, 60, 80, 100)


#: Bars above which there is room for a number.
_FEW: Final = 12


def _grid(value: int, y: float) -> str:
    line = f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'


def _word(x: float, y: float, word: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{_text(word)}</text>'


def _marks(top: int) -> list[int]:
    """Where lines are drawn: at the ground, at the top, and at most three between."""
    step = next(top // parts for parts in (4, 2, 1) if top % parts == 0)
    return list(range(0, top + 1, step))


def _round_up(most: int) -> int:
    """The next number that people count in."""
    size = 1
    while size * 10 < most:
        size *= 10
    steps = [size * tenths / 10 for tenths in _TENTHS]
    return next(int(each) for each in steps if each.is_integer() and each >= max(1, most))
