"""Where a lone file's time goes, from its close to its request: ``python -m tests.bench.steps``.

Medians of the steps of a hundred files. The program runs with marks at the places where one
thread hands a file to the next, which costs it some 10 µs each.
"""

import bisect
import contextlib
import functools
import itertools
import json
import os
import sys
import tempfile
import threading
import time

from tests.bench import latency, program
from tests.bench.common import BareServer, make_pdf
from tests.bench.rows import machine, median

FILES, WARM = 100, 20
#: What is marked: label → module, class (or module in it), method, and whether its begin or its end counts.
MARKS = {
    "read": ("watcher.folders.inotify", "InotifyReader", "handle_event", "begin"),
    "taken": ("watcher.pipeline.loop", "Pipeline", "_take", "end"),
    "opened": ("watcher", "documents", "identify", "begin"),
    "identified": ("watcher", "documents", "identify", "end"),
    "commit": ("watcher.journal.store", "Store", "commit", "begin"),
    "committed": ("watcher.journal.store", "Store", "commit", "end"),
    "sending": ("watcher.daemon.engine", "Clients", "upload", "begin"),
    "sent": ("http.client", "HTTPConnection", "send", "begin"),
}
#: The way of a file: the label that ends each step, and what the step is.
WAY = (
    ("read", "the system's event is read"),
    ("taken", "it is handed to the pipeline"),
    ("opened", "the pipeline decides to read it, and hands it to a reader"),
    ("identified", "it is opened, looked at and hashed"),
    ("taken", "it is handed back"),
    ("commit", "the pipeline decides where it goes"),
    ("committed", "the journal is committed"),
    ("sending", "it is handed to a sender"),
    ("sent", "the request is made"),
    ("arrived", "it arrives at the server"),
)


def marked(arguments):
    """Run the program with its marks; they are written to ``$STEPS`` at its end."""
    from importlib import import_module  # noqa: PLC0415 - of the child alone

    found = []

    def mark(method, label, when):
        @functools.wraps(method)
        def wrapped(*given, **named):
            if when == "begin":
                found.append((time.perf_counter(), label))
                return method(*given, **named)
            try:
                return method(*given, **named)
            finally:
                found.append((time.perf_counter(), label))

        return wrapped

    for label, (module, owner, name, when) in MARKS.items():
        holder = getattr(import_module(module), owner)
        setattr(holder, name, mark(getattr(holder, name), label, when))
    sys.argv[1:] = arguments
    from watcher.__main__ import main  # noqa: PLC0415 - after the marks

    try:
        main()
    finally:
        with open(os.environ["STEPS"], "w", encoding="utf-8") as file:
            json.dump(found, file)


class Marked(program.Program):
    """The program with its marks."""

    def command(self, *words):
        whole = super().command(*words)
        return [sys.executable, "-m", "tests.bench.steps", *whole[whole.index("--config") :]]


def ways(folder, server, drop):
    """When each file was closed, passed each mark, and arrived."""
    with program.place() as root:
        trace = os.path.join(root, "steps.json")
        with Marked(root, [folder], url=server.url, env={"STEPS": trace}):
            times = [drop(number) for number in range(FILES + WARM)]
        with open(trace, encoding="utf-8") as file:
            marks = sorted(map(tuple, json.load(file)))
    for closed, arrived in times[WARM:]:
        at, way = bisect.bisect(marks, (closed, "")), [closed]
        for label, _ in WAY[:-1]:
            at = next((i for i in range(at, len(marks)) if marks[i][1] == label), None)
            if at is None:
                break
            way.append(marks[at][0])
            at += 1
        if len(way) == len(WAY) and way[-1] <= arrived:
            yield [*way, arrived]


def main():
    """Measure, and print one line a step."""
    server = BareServer()
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(server):

        def drop(number):
            closed = make_pdf(os.path.join(folder, f"{number}.pdf"), number, latency.SIZE)
            server.wait_for(number + 1, within=30)
            threading.Event().wait(0.005)
            return closed, server.arrivals[-1]

        found = list(ways(folder, server, drop))
    print(f"{machine()}; medians of {len(found)} files of {latency.SIZE:,} bytes")
    steps = zip(*(itertools.pairwise(way) for way in found), strict=True)
    for (_, what), pairs in zip(WAY, steps, strict=True):
        print(f"{median([after - before for before, after in pairs]) * 1e6:8.0f} µs  {what}")
    print(f"{median([way[-1] - way[0] for way in found]) * 1e6:8.0f} µs  in all")


if __name__ == "__main__":
    marked(sys.argv[1:]) if sys.argv[1:] else main()
