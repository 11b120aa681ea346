"""``python -m tests.faults [NAME…] [--write]``: the table of what was provoked and what came of it.

``--write`` puts it into the README, between its two marks.
"""

import pathlib
import sys
import tempfile
import time

from tests.faults import SCENARIOS
from tests.faults.trial import run

README = pathlib.Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- reliability: begin -->\n", "<!-- reliability: end -->"
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
    if write:
        text = README.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        README.write_text(before + BEGIN + HEAD + "\n".join(lines) + "\n" + END + after,
                          encoding="utf-8")  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
