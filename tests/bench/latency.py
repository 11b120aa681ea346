"""From the close of a 100 KB file to its request's arrival, journal durable.

Against, in turn within one run: ``inotifywait`` with one ``curl`` a file, and a bare loop of
watchdog and requests that neither looks into the file nor keeps a journal.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from itertools import chain

from tests.bench.common import BareServer, make_pdf
from tests.bench.program import Program, place
from tests.bench.rows import Row, in_turn, median, percentile

TITLE = "from a file's close to its request"
FILES, ROUNDS = 500, 4
SIZE = 100_000
WARM = 10

BARE = """
import os, queue, sys
import requests
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer
url, folder = sys.argv[1:]
names = queue.SimpleQueue()
class Handler(FileSystemEventHandler):
    def on_closed(self, event):
        names.put(event.src_path)
observer = Observer()
observer.schedule(Handler(), folder)
observer.start()
session = requests.Session()
print("ready", flush=True)
while True:
    with open(names.get(), "rb") as file:
        session.post(url + "/profile/parsing/file", files={"file": file}, timeout=30)
"""


@contextlib.contextmanager
def ours(server, folder):
    with place() as root, Program(root, [folder], url=server.url):
        yield


@contextlib.contextmanager
def bare(server, folder):
    with started([sys.executable, "-c", BARE, server.url, folder]) as process:
        assert process.stdout.readline().strip() == "ready"
        yield


@contextlib.contextmanager
def inotifywait(server, folder):
    loop = (
        f"inotifywait -m -e close_write --format %w%f {folder} 2>&3 | while read -r name; do "
        f'curl -s -o /dev/null -F "file=@$name" {server.url}/profile/parsing/file; done'
    )
    with started(["bash", "-c", f"exec 3>&1; {loop}"]) as process:
        while "established" not in process.stdout.readline():
            pass
        yield


@contextlib.contextmanager
def started(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)
        process.stdout.close()


def delays(peer, files):
    """Seconds from close to arrival, one file after the other."""
    server, found = BareServer(), []
    with tempfile.TemporaryDirectory() as folder, peer(server, folder):
        for number in range(files + WARM):
            closed = make_pdf(os.path.join(folder, f"{number}.pdf"), number, SIZE)
            server.wait_for(number + 1, within=30)
            found.append(server.arrivals[-1] - closed)
            threading.Event().wait(0.005)
    server.close()
    return found[WARM:]


def measure(options):
    rounds = options.size(ROUNDS, 1)
    files = options.size(FILES, 40) // rounds
    peers = {"ours": ours, "bare watchdog + requests": bare}
    if shutil.which("inotifywait") and shutil.which("curl"):
        peers["inotifywait + curl"] = inotifywait
    ways = {name: lambda peer=peer: delays(peer, files) for name, peer in peers.items()}
    found = {name: list(chain(*runs)) for name, runs in in_turn(ways, rounds).items()}
    for name, short, target in (
        ("inotifywait + curl", "inotifywait + curl", 0.5),
        ("bare watchdog + requests", "bare loop", 1.5),
    ):
        for what, goal, number in (
            ("median", target, median),
            ("99th of 100", None, lambda values: percentile(values, 0.99)),
        ):
            if name in found:
                mine, its = number(found["ours"]), number(found[name])
                yield Row(
                    "latency", f"100 KB: close → request, {what}", f"{mine * 1e3:.1f} ms",
                    f"{name} {its * 1e3:.1f} ms", mine / its, goal,
                    runs=f"{files * rounds} files, {rounds} rounds", beside=short,
                )  # fmt: skip
