"""A polled folder with 100,000 files in which nothing changes: CPU of one cycle, and memory.

Against watchdog's PollingObserver. Every tenth of our cycles reads everything; ten are counted.
"""

import os
import subprocess
import sys

from tests.bench import proc
from tests.bench.program import Program, learn, place, plant
from tests.bench.rows import Row, in_turn, median

TITLE = "polling"
FILES, DIRECTORIES = 100_000, 100
CYCLES, THEIRS = 10, 3

POLLING = """
import sys, threading
from watchdog.events import FileSystemEventHandler
from watchdog.observers.polling import PollingEmitter, PollingObserver
looks = []
queue_events = PollingEmitter.queue_events
def counted(emitter, timeout):
    queue_events(emitter, timeout)
    looks.append(1)
    print(len(looks), flush=True)
PollingEmitter.queue_events = counted
observer = PollingObserver(timeout=0.5)
observer.schedule(FileSystemEventHandler(), sys.argv[1], recursive=True)
observer.start()
threading.Event().wait()
"""


def ours(root, folder):
    """Seconds of CPU a cycle, and resident bytes."""
    each = 'watch = "poll"\npoll_seconds = 0.5'
    with Program(root, [folder], each=each) as program:
        program.wait_for("(interval)", 1)
        cpu = proc.cpu(program.pid)
        program.wait_for("(interval)", 1 + CYCLES)
        return (proc.cpu(program.pid) - cpu) / CYCLES, proc.memory(program.pid)[0]


def observer(folder):
    process = subprocess.Popen([sys.executable, "-c", POLLING, folder], stdout=subprocess.PIPE)
    process.stdout.readline()
    cpu = proc.cpu(process.pid)
    for _ in range(THEIRS):
        process.stdout.readline()
    found = (proc.cpu(process.pid) - cpu) / THEIRS, proc.memory(process.pid)[0]
    process.kill()
    process.wait()
    process.stdout.close()
    return found


def measure(options):
    files, rounds = options.size(FILES, 2_000), options.size(2, 1)
    with place() as root:
        folder = os.path.join(root, "cvs")
        os.mkdir(folder)
        plant(folder, DIRECTORIES, files)
        learn(os.path.join(root, "state"), [folder])
        found = in_turn(
            {"ours": lambda: ours(root, folder), "theirs": lambda: observer(folder)}, rounds
        )
    runs = f"{rounds} rounds, {CYCLES} cycles each"
    mine, its = median(found["ours"], 0), median(found["theirs"], 0)
    yield Row(
        "polling", f"{files:,} files: CPU of a quiet cycle", f"{mine * 1e3:.1f} ms",
        f"watchdog's PollingObserver {its * 1e3:.0f} ms", mine / its, 0.3, runs=runs,
        beside="PollingObserver",
    )  # fmt: skip
    mine, its = median(found["ours"], 1), median(found["theirs"], 1)
    yield Row("polling", f"{files:,} files: memory", f"{mine / 1e6:.0f} MB",
              f"PollingObserver {its / 1e6:.0f} MB", mine / its, runs=runs)  # fmt: skip
