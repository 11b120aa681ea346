"""Does a file cost more when the journal is longer? The same work in journals of four lengths.

Beside it, how long the running program's page and ``status`` take to answer.
"""

import contextlib
import os
import subprocess
import time
from functools import partial

from tests.bench.program import Program, fill, place
from tests.bench.rows import Row, median
from watcher.daemon.channel import Channel
from watcher.daemon.state_folder import Places
from watcher.i18n.message import msg
from watcher.journal.writer import Journal
from watcher.model.entries import Stat
from watcher.model.files import Candidate, Document, Sniffed
from watcher.model.kinds import Sign, State
from watcher.model.lifecycle import Step
from watcher.model.uploads import Profile, Route

TITLE = "a long history"
LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
QUICK = (1_000, 5_000)
DIRECTORIES = 1000
#: Files of one length before it is the next one's turn, and how often it is.
FILES, ROUNDS = 40, 8
PDF = Sniffed("application/pdf", ".pdf", msg("a PDF document"), whole=True)


class History:
    """A journal of so many rows, with all that is measured of it."""

    def __init__(self, root, length):
        self.root = os.path.join(root, str(length))
        self.folder = os.path.join(self.root, "cvs")
        self.length = length
        os.makedirs(os.path.join(self.root, "state"), mode=0o700)
        os.mkdir(self.folder)
        self.path = os.path.join(self.root, "state", "journal.db")
        self.journal = Journal(self.path)
        fill(self.journal, length, DIRECTORIES, self.folder)
        self.journal.folders.set_scanned(self.folder, 1.0)
        self.journal.commit()
        self.now, self.number = float(length + 1), 0
        self.found = {}

    def look(self, files):
        """One turn: files on their way."""
        for _ in range(files):
            self.number += 1
            self._note("a file's journey", lambda: self._journey(self.number))

    @contextlib.contextmanager
    def running(self):
        """The program at work on it; gives what one who asks by page and ``status`` does."""
        self.journal.close()
        with Program(self.root, [self.folder]) as program:
            places = Places(program.state)
            channel = Channel.open(places)
            yield partial(self._ask, channel, program.command("status"))

    def _ask(self, channel, status):
        for what, path in (
            ("the page's list", "/api/files"),
            ("the page's story of a file", f"/api/files/{self.length // 2}"),
            ("the page's state", "/api/now"),
        ):
            self._note(what, partial(channel.get, path))
        self._note("status, a process", partial(run, status))

    def _note(self, what, call):
        began = time.perf_counter()
        call()
        self.found.setdefault(what, []).append(time.perf_counter() - began)

    def _journey(self, number):
        """All that is noted of one file on its way, with its two commits."""
        journal, now = self.journal, self.now
        path = f"{self.folder}/{number % DIRECTORIES}/new {number}.pdf"
        candidate, stat = Candidate(self.folder, path, Sign.CLOSED), Stat(100_000, number)
        sha256 = os.urandom(32).hex()
        journal.names.find(self.folder, path)
        document = Document(self.folder, path, stat, sha256, PDF, "new.pdf")
        file_id = journal.files.add(candidate, stat, now, State.NOTICED, document=document)
        journal.files.claim("source", sha256, file_id)
        step, route = Step(State.QUEUED, due_at=now), Route("default", "source", sha256)
        journal.files.step(file_id, step, now, route=route, fields=(("tags", "[]"),))
        (job,) = journal.queues.due_jobs("default", now, 4, [self.folder])
        journal.files.step(job.file_id, Step(State.UPLOADING), now)
        journal.queues.next_due(now)
        journal.commit()
        journal.files.step(file_id, Step(State.PARSED), now)
        journal.files.set_profile(file_id, Profile("key", "Somebody", "somebody@example.org"))
        journal.queues.next_due(now)
        journal.commit()
        for changed in journal.files.take_changed(9, State):
            journal.store.entry(changed)


def run(command):
    """A whole process."""
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def measure(options):
    lengths = options.size(LENGTHS, QUICK)
    with place() as root:
        histories = [History(root, length) for length in lengths]
        for _ in range(options.size(ROUNDS, 2)):
            for history in histories:
                history.look(FILES)
        with contextlib.ExitStack() as undo:
            askers = [undo.enter_context(history.running()) for history in histories]
            for _ in range(options.size(31, 3)):
                for ask in askers:
                    ask()
        size = os.path.getsize(histories[-1].path) / lengths[-1]
        yield from rows(histories, f"{size:.0f} bytes a row on disk")


def rows(histories, runs):
    first, last = histories[0], histories[-1]
    for what in first.found:
        mine, its = median(last.found[what]), median(first.found[what])
        unit, factor = ("ms", 1e3) if its > 1e-3 else ("µs", 1e6)
        told = " · ".join(f"{median(each.found[what]) * factor:.1f}" for each in histories)
        yield Row(
            "growth", f"{what}, by rows in the journal", f"{told} {unit}",
            f"{first.length:,} → {last.length:,} rows", mine / its, 1.2, runs=runs,
        )  # fmt: skip
