"""Commands as whole processes: ``--version``, ``status``, ``run`` until it watches.

Against ``python -c pass``.
"""

import os
import subprocess
import sys
import time

from tests.bench.program import Program, fill, place, watcher
from tests.bench.rows import Row, in_turn, median
from watcher.journal.writer import Journal

TITLE = "starting"
ROUNDS = 31


def timed(command):
    """Seconds of a whole process."""
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, command
    return time.perf_counter() - began


def watching(root, folder):
    """Seconds from the start until it watches."""
    program = Program(root, [folder])
    began = time.perf_counter()
    program.begin()
    took = program.wait_for("is watched") - began
    program.__exit__()
    return took


def measure(options):
    rounds = options.size(ROUNDS, 3)
    with place() as root, place() as other:
        folder = os.path.join(root, "cvs")
        os.mkdir(folder)
        os.mkdir(os.path.join(root, "state"), 0o700)
        journal = Journal(os.path.join(root, "state", "journal.db"))
        fill(journal, options.size(10_000, 1_000), 100, folder)
        journal.close()
        with Program(root, [folder]) as program:
            found = in_turn(
                {
                    "python -c pass": lambda: timed([sys.executable, "-c", "pass"]),
                    "--version": lambda: timed([*watcher(), "--version"]),
                    "status": lambda: timed(program.command("status")),
                },
                rounds,
            )
        runs = in_turn(
            {
                "run": lambda: watching(other, folder),
                "python -c pass": lambda: timed([sys.executable, "-c", "pass"]),
            },
            options.size(9, 1),
        )
    for what, target, times in (
        ("--version", 3, found),
        ("status", 6, found),
        ("run", None, runs),
    ):
        mine, its = median(times[what]), median(times["python -c pass"])
        yield Row(
            "start", f"{what}{' to the first watch' * (what == 'run')}", f"{mine * 1e3:.1f} ms",
            f"python -c pass {its * 1e3:.1f} ms", mine / its, target,
            runs=f"{len(times[what])} rounds", beside="python -c pass",
        )  # fmt: skip
