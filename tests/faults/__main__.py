"""``python -m tests.faults [NAME…] [--write]``: the table of what was provoked and what came of it.

``--write`` puts it into RESULTS.md, between its two marks.
"""

import pathlib
import sys
import tempfile
import time

from tests.crash.__main__ import KINDS
from tests.crash.victim import Victim
from tests.faults import SCENARIOS
from tests.faults.trial import run

RESULTS = pathlib.Path(__file__).parents[1] / "RESULTS.md"
BEGIN, END = "<!-- reliability: begin -->\n", "<!-- reliability: end -->"
KILLS = 35
HEAD = (
    "| what happens | how it is provoked | files | arrived once | told why | lost | twice |\n"
    "|---|---|--:|--:|--:|--:|--:|\n"
)


def main(arguments):
    write = "--write" in arguments
    names = [name for name in arguments if name != "--write"]
    lines, bad = [], 0
    for scenario in SCENARIOS:
        if names and not any(name in scenario.name for name in names):
            continue
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as root:
            row = run(scenario, pathlib.Path(root).resolve())
        bad += row.lost + row.twice
        cells = (row.files, row.arrived, row.told or "", row.lost, row.twice)
        lines.append(f"| {scenario.name} | {scenario.how} | {' | '.join(map(str, cells))} |")
        sys.stdout.write(f"{time.monotonic() - start:5.1f} s  {lines[-1]}\n")
        sys.stdout.flush()
    for number, kind in enumerate(KINDS if not names else ()):
        with tempfile.TemporaryDirectory() as root:
            count = Victim(pathlib.Path(root).resolve(), number, **kind).run(KILLS)
        bad += count.lost + count.twice + count.misplaced
        sent = "sent files are moved" if kind["after"] == "move" else "sent files stay"
        may = "the key may only write" if "key" in kind else "the key may read"
        may += "; some answers are 504 for what was stored" if "references" in kind else ""
        cells = (count.files, count.arrived, "", count.lost, count.twice)
        lines.append(
            f"| SIGKILL {KILLS} times | while noticing, hashing, sending, noting, filing away; "
            f"{sent}, {may} | {' | '.join(map(str, cells))} |"
        )
        sys.stdout.write(f"{lines[-1]}\n")
    if write:
        text = RESULTS.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        RESULTS.write_text(before + BEGIN + HEAD + "\n".join(lines) + "\n" + END + after,
                           encoding="utf-8")  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
