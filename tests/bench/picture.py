"""The table and the picture in RESULTS.md, of what was measured."""

import html
import pathlib

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "tests" / "RESULTS.md"
PICTURE = ROOT / "installers" / "pictures" / "speed.svg"
BEGIN, END = "<!-- speed: begin -->\n", "<!-- speed: end -->"
HEAD = "| | what | measured | beside | | to reach |\n|---|---|---|---|--:|--:|\n"

ROW, LEFT, WIDTH, BAR, TOP = 22, 390, 914, 300, 58
#: How much of what is allowed a bar can show; what takes more is cut, and told by its number.
WIDEST = 1.5
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .quiet { fill: #59636e } .good { fill: #1a7f37 } .bad { fill: #bc4c00 }
  .track { fill: #818b981f } .line { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .line { stroke: #9198a1 }
    .good { fill: #3fb950 } .bad { fill: #f0883e }
  }
"""


def write(rows, where):
    """Put both in their places."""
    PICTURE.write_text(draw(rows), encoding="utf-8")
    text = RESULTS.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    RESULTS.write_text(before + BEGIN + table(rows, where) + END + after, encoding="utf-8")


def table(rows, where):
    """As Markdown; a measurement's name stands at its first row only."""
    lines, last = [], ""
    for row in rows:
        sign = {True: "✓", False: "✗", None: ""}[row.reached]
        target = f"{row.target_text()} {sign}".strip()
        cells = ("" if row.name == last else row.name, row.what, row.ours, row.peer,
                 row.ratio_text(), target)  # fmt: skip
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n")
        last = row.name
    return f"{HEAD}{''.join(lines)}\nMeasured on {where}. ✓ reached, ✗ missed.\n"


def draw(rows):
    """An SVG: for each target a bar of how much of what is allowed is taken, the line is all."""
    shown = [row for row in rows if row.target is not None]
    height = TOP + ROW * len(shown) + 14
    scale = BAR / WIDEST
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>How much of what each target allows is taken</title>",
        f"<style>{STYLE}</style>",
        text(LEFT, 20, "shorter is better", "quiet"),
        text(LEFT + scale, 44, "the target", "quiet", "middle"),
    ]
    for number, row in enumerate(shown):
        parts += bar(row, TOP + ROW * number, scale)
    parts.append(
        f'<line class="line" x1="{LEFT + scale:g}" x2="{LEFT + scale:g}" y1="{TOP - 8}" '
        f'y2="{height - 10}"/>'
    )
    return "\n".join([*parts, "</svg>\n"])


def bar(row, top, scale):
    """One row: what it is, its bar, its number beside the target; a sign besides the colour."""
    tone, sign = ("good", "✓") if row.reached else ("bad", "✗")
    length = max(2.0, min(row.used, WIDEST) * scale)
    return [
        f'<rect class="track" x="{LEFT}" y="{top}" width="{BAR}" height="14" rx="3"/>',
        f'<rect class="{tone}" x="{LEFT}" y="{top}" width="{length:.1f}" height="14" rx="3"/>',
        text(LEFT - 10, top + 12, label(row), "", "end"),
        text(LEFT + BAR + 10, top + 12, f"{sign} {row.ratio_text()}", tone),
        text(LEFT + BAR + 116, top + 12, f"({row.target_text()})", "quiet"),
    ]


def label(row):
    """What a bar is about, short enough for its place."""
    return f"{row.what} / {row.beside}" if row.beside else row.what


def text(x, y, words, tone, anchor="start"):
    kind = f' class="{tone}"' if tone else ""
    return f'<text x="{x:g}" y="{y}" text-anchor="{anchor}"{kind}>{html.escape(words)}</text>'
