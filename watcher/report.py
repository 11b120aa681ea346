"""What became of the files of a day, a week or a month, in numbers. Pure: values in, sums out.

A file counts for the moment at which it was noticed, so that a report of yesterday adds up to
what was dropped yesterday, whenever it was parsed.
"""

from __future__ import annotations

import bisect
import calendar
import enum
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.follow_up_times import parse_seconds, upload_seconds
from watcher.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from watcher.model import Timing


class Span(enum.StrEnum):
    """How long a report reaches."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Group:
    """States that are one for whoever reads a report. ``tone`` as in ``watcher.view``."""

    name: str
    states: tuple[State, ...]
    tone: str


#: In the order in which they are shown; every state is in one of them.
GROUPS: Final = (
    Group("parsed", (State.PARSED,), "good"),
    Group("sent", (State.ACCEPTED,), "busy"),
    Group("not parsed", (State.PARSE_FAILED,), "bad"),
    Group("refused", (State.REFUSED,), "bad"),
    Group(
        "on the way",
        (
            State.NOTICED,
            State.QUEUED,
            State.WAITING,
            State.HELD,
            State.UPLOADING,
            State.UNCERTAIN,
        ),
        "busy",
    ),
    Group("left alone", (State.IGNORED, State.DUPLICATE, State.BASELINE, State.GONE), "quiet"),
)
_GROUP_OF: Final[Mapping[State, str]] = MappingProxyType(
    {state: group.name for group in GROUPS for state in group.states}
)
#: Seconds at which one bar of a distribution ends and the next begins.
EDGES: Final = (2.0, 5.0, 15.0, 60.0, 300.0, 3600.0)
EDGE_WORDS: Final = (
    "to 2 s", "to 5 s", "to 15 s", "to 1 min", "to 5 min", "to 1 h", "longer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """What a report is about: ``slots`` are the beginnings of its bars and its end, as moments."""

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
    """Files of one kind: how many in each group and in each state, and how long they took.

    Seconds are medians, None where nothing tells.
    """

    folder: str
    source: str
    files: int
    groups: Mapping[str, int]
    states: Mapping[State, int]
    upload_seconds: float | None
    parse_seconds: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """All numbers of a period. ``bars`` has one count by group for each slot."""

    period: Period
    total: Line
    lines: tuple[Line, ...]
    bars: tuple[Mapping[str, int], ...]
    uploads: tuple[int, ...]
    parses: tuple[int, ...]


def make_period(span: Span, day: date, moment: Callable[[datetime], float]) -> Period:
    """The period of a span that ``day`` lies in; ``moment`` gives a local time's seconds."""
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
    """The report of a period from its files; others are left out."""
    files = [each for each in timings if period.since <= each.noticed_at < period.until]
    parts: dict[tuple[str, str, str], list[Timing]] = {}
    for each in files:
        parts.setdefault((each.folder, each.source_key, each.source_name), []).append(each)
    lines = [
        _line(folder, name or key, part) for (folder, key, name), part in sorted(parts.items())
    ]
    bars = [Counter[str]() for _ in period.words]
    for each in files:
        bars[bisect.bisect_right(period.slots, each.noticed_at) - 1][_GROUP_OF[each.state]] += 1
    return Report(
        period,
        _line("", "", files),
        tuple(lines),
        tuple(bars),
        _distribution(map(upload_seconds, files)),
        _distribution(map(parse_seconds, files)),
    )


def record(report: Report) -> dict[str, object]:
    """A report for machines."""
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
        Counter(_GROUP_OF[each.state] for each in files),
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
