"""From the program's start until it knows that nothing has changed, with many known files.

Against ``find`` over the same tree, the page cache warm. Two moments count: when every directory
is watched, so that nothing new is missed, and when every known file has been compared.
"""

import os
import subprocess
import time

from tests.bench import proc
from tests.bench.program import Program, learn, place, plant
from tests.bench.rows import Row, in_turn, median

TITLE = "a restart"
DIRECTORIES = 1000


def find(folder):
    """Seconds that find takes."""
    began = time.perf_counter()
    command = ["find", folder, "-type", "f", "-printf", "%s %T@\\n"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def start(root, folder):
    """Seconds until it watches and until it has compared; its memory then."""
    program = Program(root, [folder])
    began = time.perf_counter()
    program.begin()
    watching = program.wait_for("is watched")
    compared = program.wait_for("was scanned")
    memory = proc.memory(program.pid)[0]
    new = program.lines(" 0 new")
    program.__exit__()
    assert new == 1, "it found files that it should have known"
    return watching - began, compared - began, memory


def look(files, rounds):
    with place() as root:
        folder = os.path.join(root, "cvs")
        os.mkdir(folder)
        plant(folder, DIRECTORIES, files)
        learn(os.path.join(root, "state"), [folder])
        ways = {"ours": lambda: start(root, folder), "find": lambda: find(folder)}
        in_turn(ways, 1)  # warms the page cache
        found = in_turn(ways, rounds)
    its = median(found["find"])
    runs = f"{rounds} rounds"
    peer = f"find -printf {its:.2f} s"
    watching, compared = median(found["ours"], 0), median(found["ours"], 1)
    yield Row("restart", f"{files:,} known files: start → watching", f"{watching:.2f} s", peer,
              watching / its, 2, runs=runs, beside="find")  # fmt: skip
    yield Row("restart", f"{files:,} known files: start → all compared", f"{compared:.2f} s", peer,
              compared / its, 2, runs=runs, beside="find")  # fmt: skip
    memory = median(found["ours"], 2) / 1e6
    yield Row("restart", f"{files:,} known files: memory", f"{memory:.0f} MB", "resident",
              memory, unit="MB", runs=runs)  # fmt: skip


def measure(options):
    yield from look(options.size(100_000, 5_000), options.size(5, 1))
    if options.million:
        yield from look(1_000_000, 3)
