"""What a measurement gives: rows, each a value beside a peer's, a ratio and the target."""

import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Options:
    """``quick``: smaller sizes; ``seconds`` of idling; ``million``: the long restart too."""

    quick: bool = False
    seconds: float = 120.0
    million: bool = False

    def size(self, usual, quick):
        """One of two sizes."""
        return quick if self.quick else usual


@dataclass(frozen=True)
class Row:
    """``ratio`` is ours divided by the peer's, or a value in ``unit`` where there is no peer.

    ``target`` is what it may be at most, or has to be at least; None: it is only told.
    ``beside`` is the peer in a word or two, for the picture.
    """

    name: str
    what: str
    ours: str
    peer: str
    ratio: float
    target: float | None = None
    at_most: bool = True
    unit: str = "×"
    runs: str = ""
    beside: str = ""

    @property
    def reached(self):
        """Whether the target is; None where there is none."""
        if self.target is None:
            return None
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    @property
    def used(self):
        """How much of what is allowed it takes: 1 is the target, less is better."""
        if self.at_most:
            return self.ratio / self.target
        return self.target / self.ratio if self.ratio else float("inf")

    def target_text(self):
        """``≤ 2 ×``, or "" where there is no target."""
        if self.target is None:
            return ""
        return f"{'≤' if self.at_most else '≥'} {self.target:g} {self.unit}"

    def ratio_text(self):
        """The ratio with two or three digits that mean something."""
        digits = 2 if self.ratio < 10 else 1 if self.ratio < 100 else 0
        shown = f"{self.ratio:,.{digits}f}"
        return f"{shown} {self.unit}"

    def verdict(self):
        """For people: "reached", "missed", or "" where there is no target."""
        return {True: "reached", False: "missed", None: ""}[self.reached]


def say(row):
    """Print a row as soon as it is known."""
    target = f"   target {row.target_text()}: {row.verdict()}" if row.target is not None else ""
    runs = f"   ({row.runs})" if row.runs else ""
    print(f"  {row.what:<46} {row.ours}; {row.peer}: {row.ratio_text()}{target}{runs}", flush=True)


def as_json(rows, machine_text):
    """What ``--json`` writes."""
    return {"machine": machine_text, "rows": [asdict(row) for row in rows]}


def machine():
    """Where it was measured, in one line."""
    return (
        f"{_cpu_model()}, {os.cpu_count()} cores, {_memory()}, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, {_file_system('/tmp')}; "
        f"{time.strftime('%Y-%m-%d')}"
    )


def in_turn(ways, rounds):
    """Call each of ``ways`` in turn, ``rounds`` times; gives each one's results by its name."""
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return found


def median(results, at=None):
    """The median of numbers, or of the numbers at one place of tuples."""
    return statistics.median(results if at is None else [result[at] for result in results])


def percentile(values, share):
    """The value below which ``share`` of ``values`` lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            lines = [line for line in file if line.startswith("model name")]
        return lines[0].partition(":")[2].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def _memory():
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"


def _file_system(path):
    """The type of the file system that holds ``path``."""
    found = "", ""
    try:
        with open("/proc/mounts", encoding="utf-8", errors="replace") as file:
            for line in file:
                _, place, kind, *_ = line.split()
                if (path + "/").startswith(place.rstrip("/") + "/") and len(place) >= len(found[0]):
                    found = place, kind
    except OSError:
        pass
    return found[1] or "file system unknown"
