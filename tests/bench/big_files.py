"""One file of 1 GB: memory above idle, bytes read for each byte that is sent; beside ``curl -F``."""

import os
import shutil
import subprocess
import time

from tests.bench import proc
from tests.bench.common import make_pdf
from tests.bench.program import Program, place
from tests.bench.rows import Row, in_turn, median
from tests.bench.server import serving

TITLE = "big files"
SIZE = 1_000_000_000


def make(path, size):
    """A whole PDF; the emptiness in its middle takes no room on the disk."""
    with open(path, "wb") as file:
        file.write(b"%PDF-1.4\n")
        file.seek(size)
        file.write(b"\n%%EOF\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))


def ours(size):
    """Bytes of memory more, bytes read a byte, seconds, seconds of CPU."""
    with serving() as server, place() as root:
        folder, big = os.path.join(root, "cvs"), os.path.join(root, "big.part")
        os.mkdir(folder)
        make(big, size)
        with Program(root, [folder], url=server.url, each='max_size = "2 GB"') as program:
            make_pdf(os.path.join(folder, "small.pdf"), 0, 100_000)
            server.wait_for(1)
            program.rest()
            memory = proc.memory(program.pid)[0]
            proc.forget_peak(program.pid)
            read, cpu = proc.bytes_read(program.pid), proc.cpu(program.pid)
            began = time.perf_counter()
            os.rename(big, os.path.join(folder, "big.pdf"))
            seconds = server.wait_for(2) - began
            return (
                proc.status(program.pid, "VmHWM") - memory,
                (proc.bytes_read(program.pid) - read) / size,
                seconds,
                proc.cpu(program.pid) - cpu,
            )


def curl(size):
    with serving() as server, place() as root:
        big = os.path.join(root, "big.pdf")
        make(big, size)
        process = subprocess.Popen(
            ["curl", "-s", "-F", f"file=@{big}", server.url], stdout=subprocess.DEVNULL
        )
        began = time.perf_counter()
        seconds = server.wait_for(1) - began
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        read, cpu = proc.bytes_read(process.pid), proc.cpu(process.pid)
        process.wait()
        return 0, read / size, seconds, cpu


def measure(options):
    size, rounds = options.size(SIZE, 50_000_000), options.size(3, 1)
    ways = {"ours": lambda: ours(size)}
    if shutil.which("curl"):
        ways["curl"] = lambda: curl(size)
    found = in_turn(ways, rounds)
    runs, what = f"{rounds} rounds", f"{size / 1e9:g} GB"
    memory, reads = median(found["ours"], 0) / 1e6, median(found["ours"], 1)
    peer = f"curl -F {median(found['curl'], 1):.2f}" if "curl" in found else "once is the least"
    yield Row("big files", f"{what}: memory above idle", f"{memory:.1f} MB", "kept in memory: none",
              memory, 8, unit="MB", runs=runs)  # fmt: skip
    yield Row("big files", f"{what}: bytes read a byte sent", f"{reads:.2f}", peer, reads, 2.01,
              unit="reads", runs=runs)  # fmt: skip
    if "curl" in found:
        mine, its = median(found["ours"], 2), median(found["curl"], 2)
        yield Row(
            "big files", f"{what}: from whole to sent",
            f"{mine:.1f} s, {median(found['ours'], 3):.1f} s CPU",
            f"curl -F {its:.1f} s, {median(found['curl'], 3):.1f} s CPU", mine / its, runs=runs,
        )  # fmt: skip
