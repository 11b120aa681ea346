"""``python -m tests.bench [NAME…]``: all measurements, or those that are named; nothing fails.

All of them take ten to fifteen minutes, ``--quick`` one or two; the hour of idling is
``idle --seconds 3600``, a million known files ``restart --million`` (three minutes more).
"""

import argparse
import compileall
import importlib
import json
import os
import pathlib
import time

import watcher
from tests.bench import picture
from tests.bench.rows import Options, Row, as_json, machine, say

NAMES = (
    "start", "latency", "backlog", "restart", "burst", "idle", "big_files", "polling", "growth",
    "follow_up", "ledger",
)  # fmt: skip


def main(arguments=None):
    wanted = _parser().parse_args(arguments)
    options = Options(wanted.quick, wanted.seconds, wanted.million)
    known = _read(wanted.json) if wanted.draw or wanted.keep else {"machine": "", "rows": []}
    rows = [Row(**row) for row in known["rows"]]
    where = known["machine"] or machine()
    if not wanted.draw:
        rows = run(wanted.names or NAMES, options, rows)
    if wanted.json and not wanted.draw:
        text = json.dumps(as_json(rows, where), indent=1, ensure_ascii=False)
        pathlib.Path(wanted.json).write_text(text + "\n", encoding="utf-8")
    if wanted.write or wanted.draw:
        picture.write(rows, where)


def run(names, options, rows=()):
    """Measure by name; what was measured before under the same name is replaced."""
    # As where it is installed: modules are compiled, whatever the environment says.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(os.path.dirname(watcher.__file__), quiet=1)
    print(machine())
    found, began = list(rows), time.monotonic()
    for name in names:
        module, started = importlib.import_module(f"tests.bench.{name}"), time.monotonic()
        print(f"\n{name}: {module.TITLE}", flush=True)
        new = []
        for row in module.measure(options):
            say(row)
            new.append(row)
        found = [row for row in found if not any(row.what == each.what and row.peer.split()[0]
                 == each.peer.split()[0] for each in new)] + new  # fmt: skip
        print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
    found.sort(key=place)
    missed = [row.what for row in found if row.reached is False]
    print(f"\n{time.monotonic() - began:.0f} s; {len(missed)} of "
          f"{sum(row.target is not None for row in found)} targets missed")  # fmt: skip
    return found


def place(row):
    """Where a row stands among the others: measurements in the order of their names."""
    name = row.name.replace(" ", "_").replace("-", "_")
    return next(at for at, each in enumerate(NAMES) if name.startswith(each))


def _read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME",
                        help=", ".join(NAMES))  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="smaller sizes: about a minute")
    parser.add_argument("--seconds", type=float, default=120.0, help="of idling (120; 3600)")
    parser.add_argument("--million", action="store_true", help="restart with 1,000,000 files too")
    parser.add_argument("--json", metavar="FILE", help="collect the results there")
    parser.add_argument("--keep", action="store_true",
                        help="with --json: keep what is there of other measurements")  # fmt: skip
    parser.add_argument(
        "--write", action="store_true", help="put table and picture in tests/RESULTS.md"
    )
    parser.add_argument("--draw", action="store_true",
                        help="the same from --json FILE, without measuring")  # fmt: skip
    return parser


if __name__ == "__main__":
    main()
