"""50,000 small files, made as fast as the machine can: none is missed, memory stays.

Uploads pause meanwhile: it is noticing that is measured, and what a file costs that waits. Beside
it stands a plain loop that opens, reads and hashes the same files.
"""

import os
import shutil
import subprocess
import sys
import time

from tests.bench import proc
from tests.bench.program import Program, place
from tests.bench.rows import Row
from watcher.journal.reader import Reader
from watcher.journal.writer import Journal

TITLE = "a burst"
FILES = 50_000

MAKE = """
import os, sys
folder, files = sys.argv[1], int(sys.argv[2])
for number in range(files):
    with open(f"{folder}/{number}.pdf", "wb") as file:
        file.write(b"%PDF-1.4\\n%" + str(number).encode() + b"\\n%%EOF\\n")
"""

READ = """
import hashlib, os, sys, time
began = time.perf_counter()
digests = []
for entry in os.scandir(sys.argv[1]):
    with open(entry.path, "rb") as file:
        digests.append(hashlib.sha256(file.read()).hexdigest())
print(len(digests) / (time.perf_counter() - began))
"""


def make(folder, files):
    """Make the files; gives how many a second."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", MAKE, folder, str(files)], check=True)
    return files / (time.perf_counter() - began)


def ours(files):
    """Files a second that were made, noticed, and read by a plain loop; how many; memory a file."""
    with place() as root:
        folder = os.path.join(root, "cvs")
        state = os.path.join(root, "state")
        os.mkdir(folder)
        os.makedirs(state, mode=0o700)
        journal = Journal(os.path.join(state, "journal.db"))
        journal.facts.pause(4e9)
        journal.commit()
        journal.close()
        with Program(root, [folder]) as program:
            make(folder, warm := 200)
            program.until(lambda: queued(state) >= warm, "warmed up", every=0.1)
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            program.rest()
            before = queued(state)
            memory = proc.memory(program.pid)[2]
            proc.forget_peak(program.pid)
            began = time.perf_counter()
            made = make(folder, files)
            deadline = time.perf_counter() + 600
            while queued(state) < files and time.perf_counter() < deadline:
                time.sleep(0.2)
            noticed = files / (time.perf_counter() - began)
            program.rest()
            growth = proc.memory(program.pid)[2] - memory
            peak = proc.status(program.pid, "VmHWM")
        command = [sys.executable, "-c", READ, folder]
        read = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return made, noticed, read, queued(state) - before, growth / files, peak


def queued(state):
    """How many files are in the queue."""
    reader = Reader(os.path.join(state, "journal.db"))
    try:
        return {str(state): files for state, files in reader.counts().items()}.get("queued", 0)
    finally:
        reader.close()


def inotifywait(files):
    """How many closed files it tells of."""
    with place() as root:
        folder = os.path.join(root, "cvs")
        os.mkdir(folder)
        out = os.path.join(root, "out")
        with open(out, "wb") as file:
            process = subprocess.Popen(
                ["inotifywait", "-m", "-e", "close_write", "--format", "%f", folder],
                stdout=file, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            while "established" not in process.stderr.readline():
                pass
            make(folder, files)
            size = -1
            while size != (size := os.path.getsize(out)):
                time.sleep(0.5)
            process.terminate()
            process.communicate()
        with open(out, "rb") as file:
            return sum(1 for _ in file)


def measure(options):
    files = options.size(FILES, 2_000)
    made, noticed, read, found, growth, peak = ours(files)
    told = f"{found:,} of {files:,} noticed, made at {made:,.0f}/s, read and queued at {noticed:,.0f}/s"
    peer = "made"
    if shutil.which("inotifywait"):
        peer = f"inotifywait -m {inotifywait(files):,}"
    yield Row("burst", f"{files:,} small files at once", told, peer, found / files, 1,
              at_most=False, runs="1 run")  # fmt: skip
    yield Row("burst", f"{files:,} small files: read and queued", f"{noticed:,.0f}/s",
              f"a loop that opens, reads and hashes them {read:,.0f}/s", noticed / read, 0.5,
              at_most=False, runs="1 run", beside="open, read, hash")  # fmt: skip
    yield Row("burst", "memory that stays, a file", f"{growth:,.0f} B", f"at most {peak / 1e6:.0f} MB resident",
              growth / 1000, 1, unit="kB", runs="1 run")  # fmt: skip
