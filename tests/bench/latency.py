"""From the close of a 100 KB file to its request's arrival, journal durable.

Against, in turn within one run: ``inotifywait`` with one ``curl`` a file, and a bare loop of
watchdog and requests that neither looks into the file nor keeps a journal.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading

from tests.bench.common import BareServer, make_pdf, milliseconds

FILES = 200
SIZE = 100_000

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
    command = [sys.executable, "-c", OURS, server.url, folder]
    with started(command, until="ready"):
        yield


OURS = """
import sys, threading
from tests.bench.common import program
class Server:
    url = sys.argv[1]
with program(Server, sys.argv[2]):
    print("ready", flush=True)
    threading.Event().wait()
"""


@contextlib.contextmanager
def bare(server, folder):
    with started([sys.executable, "-c", BARE, server.url, folder], until="ready"):
        yield


@contextlib.contextmanager
def inotifywait(server, folder):
    loop = (
        f"inotifywait -m -q -e close_write --format %w%f {folder} | while read -r name; do "
        f'curl -s -o /dev/null -F "file=@$name" {server.url}/profile/parsing/file; done'
    )
    with started(["bash", "-c", loop], until=""):
        yield


@contextlib.contextmanager
def started(command, until):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        if until:
            assert process.stdout.readline().strip() == until
        else:
            threading.Event().wait(1.0)  # inotifywait -q does not say when it watches
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)
        process.stdout.close()


def measure(peer, files=FILES):
    """Seconds from close to arrival, one file after the other."""
    server = BareServer()
    delays = []
    with tempfile.TemporaryDirectory() as folder, peer(server, folder):
        for number in range(files + 10):
            closed = make_pdf(os.path.join(folder, f"{number}.pdf"), number, SIZE)
            server.wait_for(number + 1, within=30)
            delays.append(server.arrivals[-1] - closed)
            threading.Event().wait(0.005)
    server.close()
    return delays[10:]  # the first ones warm everything up


def main():
    print(
        f"\nlatency: close of a 100 KB file to its request's arrival, {FILES} files, three rounds"
    )
    peers = {"hrflow-watcher": ours, "bare watchdog + requests": bare}
    if shutil.which("inotifywait") and shutil.which("curl"):
        peers["inotifywait + curl"] = inotifywait
    found = {name: [] for name in peers}
    for _ in range(3):
        for name, peer in peers.items():
            found[name] += measure(peer)
    mine = statistics.median(found["hrflow-watcher"])
    for name, delays in found.items():
        ratio = mine / statistics.median(delays)
        print(f"  {name:<26} {milliseconds(delays)}   ours is {ratio:.2f} of it")


if __name__ == "__main__":
    main()
