"""2,000 files of 100 KB that were there first, for a slow server and for one that answers at once.

The server is a process of its own, and so is everybody who sends. Files a second count from the
beginning of the work to the last answer; CPU is that of the sender alone. Beside a bare loop of
requests stands one that does what a promise to send each file once takes: it hashes the file, and
commits to SQLite before and after each request.
"""

import os
import shutil
import subprocess
import sys
import time

from tests.bench import proc
from tests.bench.common import make_pdf
from tests.bench.program import Program, place
from tests.bench.rows import Row, in_turn, median
from tests.bench.server import serving

TITLE = "a backlog"
FILES, QUICK = 2000, 200
#: Files for the vendor's way where it takes longest: one after the other.
FEW, FEWEST = 60, 10
SIZE = 100_000
SLOW, PARALLEL = 0.3, 64
#: A backlog is of files that were written some time ago: nobody waits for them to be whole.
AGED = 1_700_000_000

PLAIN = """
import os, queue, sys, threading
import requests
url, folder, threads = sys.argv[1:]
names = queue.SimpleQueue()
for name in os.listdir(folder):
    names.put(os.path.join(folder, name))
def before(file):
    pass
def after(digest):
    pass
# MORE
def work():
    session = requests.Session()
    while True:
        try:
            name = names.get_nowait()
        except queue.Empty:
            return
        with open(name, "rb") as file:
            noted = before(file)
            session.post(url + "/profile/parsing/file", files={"file": file}, timeout=30)
            after(noted)
workers = [threading.Thread(target=work) for _ in range(int(threads))]
print("ready", flush=True)
sys.stdin.readline()
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
"""
#: The same, with a hash and a durable journal.
DURABLE = PLAIN.replace(
    "# MORE",
    """
import hashlib, sqlite3, tempfile
journal = sqlite3.connect(
    os.path.join(tempfile.mkdtemp(dir=os.path.dirname(folder)), "journal.db"),
    isolation_level=None, check_same_thread=False,
)
journal.execute("PRAGMA journal_mode = WAL")
journal.execute("PRAGMA synchronous = FULL")
journal.execute("CREATE TABLE files (digest TEXT PRIMARY KEY, state TEXT)")
lock = threading.Lock()
def before(file):
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    with lock:
        journal.execute("INSERT INTO files VALUES (?, 'uploading')", (digest,))
    return digest
def after(digest):
    with lock:
        journal.execute("UPDATE files SET state = 'accepted' WHERE digest = ?", (digest,))
""",
)
#: The vendor's own way to send a folder, with the vendor's SDK.
VENDOR = """
import sys
from hrflow import Hrflow
url, folder, _ = sys.argv[1:]
sdk = Hrflow(api_url=url + "/", api_secret="key", api_user="somebody@example.org")
print("ready", flush=True)
sys.stdin.readline()
sdk.profile.parsing.add_folder("source", dir_path=folder, show_progress=False)
"""


def ours(server, folder, files, threads):
    """Files a second, and seconds of CPU a file."""
    with place() as root:
        watched = os.path.join(root, "watched")
        os.mkdir(watched)
        with Program(
            root, [watched], url=server.url, account=f"parallel_uploads = {threads}"
        ) as program:
            make_pdf(os.path.join(watched, "first.pdf"), -1, SIZE)
            server.wait_for(1)  # it is ready then, as the others say that they are
            program.rest()
            began, cpu = time.perf_counter(), proc.cpu(program.pid)
            os.rename(folder, os.path.join(watched, "moved in"))
            ended = server.wait_for(files + 1)
            program.rest()  # the journal's part after the last answer counts too
            cpu = proc.cpu(program.pid) - cpu
        os.rename(os.path.join(watched, "moved in"), folder)
    return files / (ended - began), cpu / files


def script(code):
    """A sender in Python: it says when it is ready, and begins when it is told to."""

    def send(server, folder, files, threads):
        process = subprocess.Popen(
            [sys.executable, "-c", code, server.url, folder, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout.readline().strip() == "ready"
        cpu, began = proc.cpu(process.pid), time.perf_counter()
        process.stdin.write("\n")
        process.stdin.flush()
        ended = server.wait_for(files)
        cpu = _cpu_at_end(process.pid) - cpu
        process.communicate()
        assert process.returncode == 0
        return files / (ended - began), cpu / files

    return send


def curl(server, folder, files, threads):
    lines = ["parallel", f"parallel-max = {threads}", "silent"]
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        lines += [
            f'url = "{server.url}/profile/parsing/file"', f'form = "file=@{path}"',
            'output = "/dev/null"', "next", "silent",
        ]  # fmt: skip
    orders = os.path.join(os.path.dirname(folder), "curl")
    with open(orders, "w", encoding="utf-8") as file:
        file.write("\n".join(lines[:-2]))
    began = time.perf_counter()
    process = subprocess.Popen(
        ["curl", "--parallel", "--config", orders], stderr=subprocess.DEVNULL
    )
    ended = server.wait_for(files)
    cpu = _cpu_at_end(process.pid)
    assert process.wait() == 0
    return files / (ended - began), cpu / files


def make(folder, files):
    """The backlog; each sender leaves it as it was."""
    os.mkdir(folder)
    for number in range(files):
        path = os.path.join(folder, f"{number}.pdf")
        make_pdf(path, number, SIZE)
        os.utime(path, (AGED, AGED))
    os.sync()  # what was written here is not to be written while others are measured
    return folder


def run(way, delay, folder, threads):
    """One run of one way, with a server of its own."""
    with serving(delay) as server:
        return way(server, folder, len(os.listdir(folder)), threads)


def measure(options):
    with place() as root:
        folder = make(os.path.join(root, "files"), options.size(FILES, QUICK))
        few = make(os.path.join(root, "few"), options.size(FEW, FEWEST))
        yield from slow_server(options, folder, few)
        yield from instant_server(options, folder)


def slow_server(options, folder, few):
    files = len(os.listdir(folder))
    rounds = options.size(2, 1)
    limit = files / (SLOW * -(-files // PARALLEL))
    ways = {"ours": lambda: run(ours, SLOW, folder, PARALLEL)}
    ways["plain"] = lambda: run(script(PLAIN), SLOW, folder, PARALLEL)
    if shutil.which("curl"):
        ways["curl"] = lambda: run(curl, SLOW, folder, PARALLEL)
    found = in_turn(ways, rounds)
    vendor = in_turn({"": lambda: run(script(VENDOR), SLOW, few, 1)}, 1)[""]
    mine, runs = median(found["ours"], 0), f"{files:,} files, {rounds} rounds"
    told = f"{mine:.0f} files/s, {median(found['ours'], 1) * 1e3:.2f} ms CPU each"
    what = f"server answers after {SLOW * 1e3:.0f} ms, {PARALLEL} at once"
    yield Row("backlog, slow server", what, told, f"the limit {limit:.0f}/s", mine / limit,
              0.97, at_most=False, runs=runs, beside="the limit")  # fmt: skip
    cpu, its_cpu = median(found["ours"], 1), median(found["plain"], 1)
    yield Row("backlog, slow server", f"{what}: CPU a file", told,
              _told("requests in threads", found["plain"]), cpu / its_cpu, 1.2, runs=runs,
              beside="requests")  # fmt: skip
    if "curl" in found:
        its = median(found["curl"], 0)
        yield Row("backlog, slow server", what, told, _told("curl --parallel", found["curl"]),
                  mine / its, runs=runs)  # fmt: skip
    its = median(vendor, 0)
    yield Row("backlog, slow server", what, told, _told("the vendor's add_folder", vendor),
              mine / its, 50, at_most=False, runs=f"{runs}; add_folder: {options.size(FEW, FEWEST)} files", beside="add_folder")  # fmt: skip


def instant_server(options, folder):
    files, rounds = len(os.listdir(folder)), options.size(3, 1)
    ways = {("ours", n): lambda n=n: run(ours, 0, folder, n) for n in options.size((4, 16), (4,))}
    for name, code in (("plain", PLAIN), ("durable", DURABLE)):
        ways |= {
            (name, n): lambda n=n, code=code: run(script(code), 0, folder, n)
            for n in options.size((1, 4, 16), (4,))
        }
    if shutil.which("curl"):
        ways["curl", 16] = lambda: run(curl, 0, folder, 16)
    found = in_turn(ways, rounds)
    best = {}
    for (name, number), results in found.items():
        if name not in best or median(results, 0) > median(best[name][1], 0):
            best[name] = number, results
    number, results = best["ours"]
    told = f"{_told('', results)} ({number} at once)".strip()
    for name, known_as, target in (
        ("durable", "requests in threads, hash and journal", 0.8),
        ("plain", "requests in threads", None),
        ("curl", "curl --parallel", None),
    ):
        if name in best:
            its_number, its = best[name]
            yield Row(
                "backlog, instant server", "server answers at once", told,
                f"{_told(known_as, its)} ({its_number} at once)",
                median(results, 0) / median(its, 0), target, at_most=False,
                runs=f"{files:,} files, {rounds} rounds", beside=known_as,
            )  # fmt: skip


def _told(name, results):
    rate, cpu = median(results, 0), median(results, 1)
    return f"{name} {rate:.0f} files/s, {cpu * 1e3:.2f} ms CPU each".strip()


def _cpu_at_end(pid):
    """The CPU of a process when it has ended, before anybody has waited for it."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return proc.cpu(pid)
