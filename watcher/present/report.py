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
from datetime import date, datetime, time, timedelta
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from watcher.i18n.message import ENGLISH, Message, msg, verbatim
from watcher.model.entries import parse_seconds, upload_seconds
from watcher.model.kinds import State
from watcher.present import view
from watcher.present.listing import short_path
from watcher.present.view import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from watcher.i18n.message import Catalog
    from watcher.model.entries import Month, Timing


#: The most months whose uploads a report lists.
MONTHS: Final = 12


class Span(enum.StrEnum):
    """The length of time that a report covers."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


#: What files are counted by, under these names for scripts → their labels, in order.
CATEGORIES: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "parsed": view.STATES[State.PARSED].label,
        "sent": view.STATES[State.ACCEPTED].label,
        "not parsed": view.STATES[State.PARSE_FAILED].label,
        "refused": view.STATES[State.REFUSED].label,
        "in progress": msg("Waiting"),
        "set aside": msg("Skipped"),
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
    msg("up to 2 s"), msg("up to 5 s"), msg("up to 15 s"), msg("up to 1 min"), msg("up to 5 min"),
    msg("up to 1 h"), msg("longer"),
)  # fmt: skip

#: The days of a week's bars, Monday first; ``day`` is that of the month.
_WEEKDAYS: Final = (
    msg("Mon {day}"), msg("Tue {day}"), msg("Wed {day}"), msg("Thu {day}"), msg("Fri {day}"),
    msg("Sat {day}"), msg("Sun {day}"),
)  # fmt: skip


class Period(Struct, frozen=True):
    """The time that a report covers: ``slots`` are when its bars begin, and its end."""

    span: Span
    title: Message
    words: tuple[Message, ...]
    slots: tuple[float, ...]

    @property
    def since(self) -> float:
        """Its first moment."""
        return self.slots[0]

    @property
    def until(self) -> float:
        """The first moment after it."""
        return self.slots[-1]


class Line(Struct, frozen=True):
    """Files of one kind: how many in each category and in each state, and how long they took.

    ``opened`` of the ignored ones stand for the documents inside them. Seconds are medians, None
    where nothing is known.
    """

    folder: str
    source: str
    files: int
    categories: Mapping[str, int]
    states: Mapping[State, int]
    opened: int
    upload_seconds: float | None
    parse_seconds: float | None


class Report(Struct, frozen=True):
    """All numbers of a period. ``bars`` has one count by category for each slot.

    ``months`` are the uploads of the months up to its end, as they are billed.
    """

    period: Period
    total: Line
    lines: tuple[Line, ...]
    bars: tuple[Mapping[str, int], ...]
    uploads: tuple[int, ...]
    parses: tuple[int, ...]
    months: tuple[Month, ...] = ()

    @property
    def has_accounts(self) -> bool:
        """Whether the months have uploads of several accounts."""
        return len({each.account for each in self.months}) > 1


def make_period(span: Span, day: date) -> Period:
    """Return the period of the local calendar that ``day`` is in."""
    match span:
        case Span.DAY:
            first, days, title = day, 1, _dated(f"{day:%Y-%m-%d}")
        case Span.WEEK:
            first, days = day - timedelta(days=day.weekday()), 7
            last = first + timedelta(days=6)
            title = msg("week from {first:date} to {last:date}", first=str(first), last=str(last))
        case Span.MONTH:
            first, title = day.replace(day=1), _dated(f"{day:%Y-%m}")
            days = calendar.monthrange(day.year, day.month)[1]
    start = datetime.combine(first, time())
    if span is Span.DAY:
        begins = [start + timedelta(hours=hour) for hour in range(25)]
        words = [verbatim(f"{hour:02}") for hour in range(24)]
    else:
        begins = [start + timedelta(days=number) for number in range(days + 1)]
        words = [verbatim(f"{each:%d}") for each in begins[:-1]]
    if span is Span.WEEK:
        words = [replace(name, args={"day": f"{each:%d}"})
                 for name, each in zip(_WEEKDAYS, begins, strict=False)]  # fmt: skip
    return Period(span, title, tuple(words), tuple(each.timestamp() for each in begins))


def _dated(day: str) -> Message:
    return Message("{day:date}", {"day": day})


def summarize(period: Period, timings: Iterable[Timing], months: Iterable[Month] = ()) -> Report:
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
        tuple(months),
    )


def record(report: Report) -> dict[str, object]:
    """Return a report as plain values, for scripts."""
    return {
        "span": report.period.span.value,
        "title": str(report.period.title),
        "since": report.period.since,
        "until": report.period.until,
        "total": _record_of(report.total),
        "lines": [
            {"folder": line.folder, "source": line.source, **_record_of(line)}
            for line in report.lines
        ],
        "months": [
            {"month": each.month, "account": each.account, "uploads": each.uploads}
            for each in report.months
        ],
        "slots": [
            {"slot": str(word), "since": at, **dict(bar)}
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
        sum(each.is_opened for each in files),
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


#: Pixels; charts are as wide as the page, so all that is horizontal is in percent of the width.
_HEIGHT, _BOTTOM, _TOP = 236, 40, 14

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
svg { display: block; width: calc(100% - 2.5rem); margin-left: 2.5rem; overflow: visible; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } svg .on { fill: var(--ink); }
@media (max-width: 40rem) { svg .low { transform: translateY(14px); } }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; padding: .4rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td { white-space: nowrap; }
td.path { white-space: normal; overflow-wrap: anywhere; min-width: 7rem; }
.keys { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: .2em;
  margin-right: .35em; }
@media print { body { margin: 0; padding: 0; }
  table { font-size: .7rem; } th, td { padding: .25rem; white-space: normal; }
  td.path { min-width: 5rem; } .wide { overflow: visible; } .key { print-color-adjust: exact; }
  .cards li, svg, tr { break-inside: avoid; } h2 { break-after: avoid; } }
"""

_PARSING: Final = msg(
    "Measured from the end of the upload until the profile was found. HrFlow is asked"
    " at intervals, so these times are approximate."
)


def render(report: Report, made_at: str, home: str, word: Catalog = ENGLISH) -> str:
    """Return the page in a language.

    ``made_at`` is when the report was made, as text; ``home`` the home folder, shown as "~".
    """
    title = _text(word("CVs added: {period}", period=report.period.title))
    files = word.plural("1 file", "{count:count} files", report.total.files)
    parts = [
        f"<h1>{title}</h1>",
        _quiet(word("{files}. Created {time}.", files=files, time=made_at)),
        _cards(report.total, word),
        _heading(word("Files added")),
        _legend(report, word),
        _stacked(report, word),
        _heading(word("Upload times")),
        _times(report.uploads, report.total.upload_seconds, word),
        _heading(word("Parsing times")),
        _times(report.parses, report.total.parse_seconds, word),
        _quiet(word(_PARSING)),
        _heading(word("By folder and source")),
        _table(report, home, word),
        _heading(word("Uploads per month")),
        _quiet(word("HrFlow parses each upload. Files that were uploaded again count again.")),
        _months(report, word),
    ]
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="{_text(word.language)}"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _occurring(total: Line) -> list[str]:
    """Return the categories that have files, in order; only these are shown."""
    return [name for name in CATEGORIES if total.categories.get(name)]


def _cards(total: Line, word: Catalog) -> str:
    cards = [(str(total.categories[name]), CATEGORIES[name]) for name in _occurring(total)]
    cards += [
        (_seconds(total.upload_seconds, word), msg("Median upload time")),
        (_seconds(total.parse_seconds, word), msg("Median parsing time")),
    ]
    items = "".join(
        f"<li><strong>{_text(number)}</strong>{_text(word(name))}</li>" for number, name in cards
    )
    return f'<ul class="cards">{items}</ul>'


def _table(report: Report, home: str, word: Catalog) -> str:
    if not report.lines:
        return _quiet(word("No files in this period."))
    categories = _occurring(report.total)
    numbers = [
        msg("Files"), *(CATEGORIES[name] for name in categories), msg("Upload"), msg("Parsing"),
    ]  # fmt: skip
    head = "".join(
        f'<th scope="col">{_text(word(name))}</th>' for name in (msg("Folder"), msg("Source"))
    )
    head += "".join(f'<th scope="col" class="n">{_text(word(name))}</th>' for name in numbers)
    rows = "".join(_row(line, categories, home, word) for line in report.lines)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _row(line: Line, categories: Sequence[str], home: str, word: Catalog) -> str:
    numbers = [str(line.files), *(str(line.categories.get(name, 0)) for name in categories)]
    numbers += [_seconds(line.upload_seconds, word), _seconds(line.parse_seconds, word)]
    cells = "".join(f'<td class="n">{_text(each)}</td>' for each in numbers)
    folder = _text(short_path(line.folder, home))
    source = _text(view.short(line.source) or "—")
    return f'<tr><td class="path">{folder}</td><td>{source}</td>{cells}</tr>'


def _months(report: Report, word: Catalog) -> str:
    """The uploads of each month, by account if there are several."""
    if not report.months:
        return _quiet(word("No uploads yet."))
    names = [msg("Month"), *([msg("Account")] if report.has_accounts else [])]
    uploads = msg("Uploads")
    head = "".join(f'<th scope="col">{_text(word(name))}</th>' for name in names)
    head += f'<th scope="col" class="n">{_text(word(uploads))}</th>'
    rows = "".join(
        f"<tr><td>{_text(word.date(each.month))}</td>"
        + (f"<td>{_text(each.account)}</td>" if report.has_accounts else "")
        + f'<td class="n">{_text(word.number(each.uploads))}</td></tr>'
        for each in report.months
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _text(text: str) -> str:
    """A text for the page."""
    return html.escape(view.safe(text))


def _heading(text: str) -> str:
    return f"<h2>{_text(text)}</h2>"


def _quiet(text: str) -> str:
    return f'<p class="soft">{_text(text)}</p>'


def _seconds(seconds: float | None, word: Catalog) -> str:
    return "—" if seconds is None else word.duration(seconds)


def _colour(category: str) -> str:
    return f"var(--{category.replace(' ', '-')})"


def _legend(report: Report, word: Catalog) -> str:
    keys = "".join(
        f'<span><span class="key" style="background:{_colour(name)}"></span>'
        f"{_text(word(CATEGORIES[name]))}</span>"
        for name in _occurring(report.total)
    )
    return f'<p class="keys" aria-hidden="true">{keys}</p>'


def _stacked(report: Report, word: Catalog) -> str:
    most = max((sum(bar.values()) for bar in report.bars), default=0)
    return _chart(
        word("Files by time added"),
        [word(each) for each in report.period.words],
        most,
        lambda number: [
            (report.bars[number].get(name, 0), _colour(name), word(label))
            for name, label in CATEGORIES.items()
        ],
    )


def _times(bars: Sequence[int], middle: float | None, word: Catalog) -> str:
    if middle is None:
        return _quiet(word("No times yet."))
    names = [word(each) for each in EDGE_WORDS]
    return _chart(
        word("Files by duration (median: {time})", time=word.duration(middle)),
        names,
        max(bars),
        lambda number: [(bars[number], "var(--time)", names[number])],
    )


def _chart(
    title: str,
    words: Sequence[str],
    most: int,
    parts: Callable[[int], Iterable[tuple[int, str, str]]],
) -> str:
    """Bars one beside the other; ``parts`` gives (height, colour, name) from the bottom up.

    On a narrow screen every second word below them is lower, so that they don't overlap.
    """
    top = _round_up(most)
    floor, room = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    step = 100 / len(words)
    drawn = [_grid(value, floor - room * value / top) for value in _marks(top)]
    for number, word in enumerate(words):
        x, y, total = step * number, float(floor), 0
        for height, colour, name in parts(number):
            total += height
            if not height:
                continue
            tall = room * height / top
            y -= tall
            drawn.append(
                f'<rect x="{x + step * 0.12:.2f}%" y="{y:.1f}" width="{step * 0.76:.2f}%" '
                f'height="{tall:.1f}" fill="{colour}"><title>{_text(word)}: {height} '
                f"{_text(name)}</title></rect>"
            )
        drawn.append(_word(x + step / 2, floor + 18, word, "low" if number % 2 else ""))
        if total and len(words) <= _FEW:
            drawn.append(_word(x + step / 2, y - 3, str(total), "on"))
    return (
        f'<svg height="{_HEIGHT}" role="img" aria-label="{_text(title)}">'
        f"<title>{_text(title)}</title>{''.join(drawn)}</svg>"
    )


#: Heights of charts, in tenths of a power of ten.
_TENTHS: Final = (10, 12, 16, 20, 30, 40, 60, 80, 100)

#: Bars above which there is room for a number.
_FEW: Final = 12


def _grid(value: int, y: float) -> str:
    line = f'<line class="axis" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="-6" y="{y + 4:.1f}" text-anchor="end">{value}</text>'


def _word(x: float, y: float, word: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.2f}%" y="{y:.1f}" text-anchor="middle">{_text(word)}</text>'


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
