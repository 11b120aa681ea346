"""A report as one HTML file that needs nothing else: charts are SVG, drawn here. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from watcher import view
from watcher.report import EDGE_WORDS, GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from watcher.report import Line, Report

_WIDTH, _HEIGHT = 720, 220
_LEFT, _BOTTOM, _TOP = 40, 24, 14
#: Readable with every kind of sight: groups differ in lightness too, and are named beside it.
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #d5dbe1;
  --paper: #ffffff; --parsed: #1a7f5a; --sent: #4f9fd8; --not-parsed: #c2571a;
  --refused: #9c2b3d; --on-the-way: #d9a93b; --left-alone: #9aa5b1; --time: #4b6cb7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #a3b0bd; --line: #3a4652;
  --paper: #161c22; --parsed: #3fbf8f; --sent: #7cc0f0; --not-parsed: #f08c4f;
  --refused: #e8677c; --on-the-way: #f0c75e; --left-alone: #7b8794; --time: #8fa8e8; } }
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
    '<p class="soft">From the arrival until the profile was known here, so up to the next'
    " question after that.</p>"
)


def render(report: Report, made_at: str) -> str:
    """The page; ``made_at`` is the moment at which the report was made, for people."""
    title = f"CVs: {report.period.title}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{_files(report.total.files)}; as known at {escape(made_at)}.</p>',
        _cards(report.total),
        "<h2>When they came</h2>",
        _legend(report),
        _stacked(report),
        "<h2>How long uploads took</h2>",
        _times(report.uploads, report.total.upload_seconds),
        "<h2>How long parsing took</h2>",
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
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


# -- numbers


def _cards(total: Line) -> str:
    cards = [(str(total.groups.get(group.name, 0)), group.name) for group in GROUPS]
    cards += [
        (_seconds(total.upload_seconds), "upload, median"),
        (_seconds(total.parse_seconds), "parsing, median"),
    ]
    items = "".join(
        f"<li><strong>{escape(number)}</strong>{escape(name)}</li>" for number, name in cards
    )
    return f'<ul class="cards">{items}</ul>'


def _table(report: Report) -> str:
    groups = [group.name for group in GROUPS if report.total.groups.get(group.name)]
    numbers = ["files", *groups, "upload", "parsing"]
    head = '<th scope="col">folder</th><th scope="col">source</th>'
    head += "".join(f'<th scope="col" class="n">{escape(name)}</th>' for name in numbers)
    rows = "".join(_row(line, groups) for line in report.lines)
    if not rows:
        return '<p class="soft">There is nothing to show.</p>'
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _row(line: Line, groups: Sequence[str]) -> str:
    numbers = [str(line.files), *(str(line.groups.get(name, 0)) for name in groups)]
    numbers += [_seconds(line.upload_seconds), _seconds(line.parse_seconds)]
    cells = "".join(f'<td class="n">{escape(each)}</td>' for each in numbers)
    folder, source = escape(view.safe(line.folder)), escape(view.short(line.source) or "—")
    return f'<tr><td class="path">{folder}</td><td>{source}</td>{cells}</tr>'


def _seconds(seconds: float | None) -> str:
    return "—" if seconds is None else view.duration(seconds)


def _files(number: int) -> str:
    return f"{number} file{'s' * (number != 1)}"


# -- charts


def _colour(group: str) -> str:
    return f"var(--{group.replace(' ', '-')})"


def _legend(report: Report) -> str:
    names = [group.name for group in GROUPS if report.total.groups.get(group.name)]
    keys = "".join(
        f'<span class="key" style="background:{_colour(name)}"></span>{escape(name)}'
        for name in names
    )
    return f'<p aria-hidden="true">{keys}</p>'


def _stacked(report: Report) -> str:
    most = max((sum(bar.values()) for bar in report.bars), default=0)
    return _chart(
        "Files by the time at which they came",
        report.period.words,
        most,
        lambda number: [
            (report.bars[number].get(group.name, 0), _colour(group.name), group.name)
            for group in GROUPS
        ],
    )


def _times(bars: Sequence[int], middle: float | None) -> str:
    if middle is None:
        return '<p class="soft">Nothing tells yet.</p>'
    return _chart(
        f"Files by time taken; the median is {view.duration(middle)}",
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
                f'height="{tall:.1f}" fill="{colour}"><title>{escape(word)}: {height} '
                f"{escape(name)}</title></rect>"
            )
        drawn.append(_word(x + step / 2, _HEIGHT - 8, word))
        if total and len(words) <= _FEW:
            drawn.append(_word(x + step / 2, y - 3, str(total), "on"))
    return (
        f'<div class="wide"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(drawn)}</svg></div>"
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
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(word)}</text>'


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
