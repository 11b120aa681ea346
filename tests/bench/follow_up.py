"""10,000 uploads followed up within the request budget: requests used per file.

The real pipeline, journal and schedule, by a clock that does not wait; in HrFlow's place stands a
server that parses a few documents at the same time, so that a large import queues up there.
"""

import io
import os
import random
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from unittest import mock

from tests.bench.rows import Row
from watcher.hrflow.answers import PAGE_LIMIT
from watcher.i18n.message import msg, verbatim
from watcher.journal.writer import Journal
from watcher.model.entries import Stat
from watcher.model.files import Candidate, Document, Sniffed
from watcher.model.kinds import Sign, State
from watcher.model.lifecycle import Step
from watcher.model.settings import Account, Config, Folder
from watcher.model.uploads import (
    Accepted,
    ListedProfile,
    Parsed,
    Profile,
    ProfilePage,
    Route,
    SourceFacts,
    Unknown,
)
from watcher.pipeline.loop import Pipeline
from watcher.pipeline.messages import Configure, Ping
from watcher.routing.patterns import Host
from watcher.routing.rules import Plan

TITLE = "what became of uploads, within the budget of requests"
FILES = 10_000
FOLDER = Folder(path="/srv/cvs", account="default", source_key="source")
MINUTE = 60.0


class Clock:
    """A time that passes when there is nothing to do."""

    def __init__(self):
        self.now = 1_000_000.0

    def wall(self):
        return self.now

    tick = wall

    def pause(self, seconds):
        self.now += seconds

    @staticmethod
    def jitter():
        return 0.5


@dataclass
class HrFlow:
    """Accepts at once, parses ``parallel`` documents at a time, 1 to 8 seconds each."""

    clock: Clock
    parallel: int = 20
    uploads: list = field(default_factory=list)
    questions: list = field(default_factory=list)
    visible: dict = field(default_factory=dict)

    def __post_init__(self):
        self.free = [self.clock.now] * self.parallel
        self.random = random.Random(7)

    def upload(self, job, handle):
        self.uploads.append(self.clock.now)
        number = self.free.index(min(self.free))
        begins = max(self.clock.now, self.free[number])
        self.free[number] = self.visible[job.reference] = begins + self.random.uniform(1, 8)
        return Accepted(verbatim("in the queue"))

    def find(self, job):
        self.questions.append(self.clock.now)
        if self.clock.now < self.visible[job.reference]:
            return Unknown()
        return Parsed(Profile(f"key of {job.reference}", "Somebody"))

    def search(self, account, source_key, search):
        """Those that were parsed last first, thirty a page."""
        self.questions.append(self.clock.now)
        seen = sorted(
            ((at, reference) for reference, at in self.visible.items() if at <= self.clock.now),
            reverse=True,
        )
        page = seen[PAGE_LIMIT * (search.page - 1) : PAGE_LIMIT * search.page]
        found = tuple(
            ListedProfile(Profile(f"key of {reference}", "Somebody"), reference, came_at=at)
            for at, reference in page
        )
        return ProfilePage(found, -(-len(seen) // PAGE_LIMIT))

    def describe(self, account, source_key):
        self.questions.append(self.clock.now)
        return SourceFacts("Engineering")


class Workers:
    """Requests take a twentieth of a second each, of the clock's time."""

    def __init__(self, clock):
        self.clock = clock
        self.under_way = deque()

    def __call__(self, post):
        self.post = post
        return self

    def send(self, work, failed):
        self.under_way.append((self.clock.now + 0.05, work()))

    def deliver(self):
        while self.under_way and self.under_way[0][0] <= self.clock.now:
            self.post(self.under_way.popleft()[1])


class Driven(Pipeline):
    """The pipeline, but that it lets the clock pass where it would wait."""

    def step(self, clock, workers):
        workers.deliver()
        if self._inbox.empty():
            patience = self._patience()
            if workers.under_way:
                patience = min(patience, workers.under_way[0][0] - clock.now)
            clock.now += max(patience, 1e-3)
            workers.deliver()
        self.post(Ping())
        self._turn()


def fill(journal, files, now):
    """As many files as were just dropped: in the queue, nothing sent."""
    for number in range(files):
        path = f"{FOLDER.path}/{number}.pdf"
        stat = Stat(1000, number)
        sniffed = Sniffed("application/pdf", ".pdf", msg("a PDF document"))
        document = Document(FOLDER.path, path, stat, f"{number:064x}", sniffed, f"{number}.pdf")
        candidate = Candidate(FOLDER.path, path, Sign.SCANNED)
        file_id = journal.files.add(candidate, stat, now, State.NOTICED, document=document)
        route = Route("default", "source", document.sha256)
        journal.files.step(file_id, Step(State.QUEUED, due_at=now), now, route=route)
    journal.commit()


@dataclass
class Result:
    files: int
    requests: int
    busiest: int
    busiest_of_all: int
    uploaded_after: float
    known_after: float
    turns: int


def simulate(files, *, per_minute=0, share=0.5, parallel=20):
    """Have ``files`` uploaded and followed up until all are known (or sent, where nobody asks)."""
    clock = Clock()
    server, workers = HrFlow(clock, parallel), Workers(clock)
    with (
        tempfile.TemporaryDirectory() as place,
        mock.patch("watcher.documents.reopen", lambda *file: io.BytesIO()),
    ):
        journal = Journal(os.path.join(place, "journal.db"))
        journal.store.read("PRAGMA synchronous = OFF")  # it is not the disk that is measured
        fill(journal, files, clock.now)
        pipeline = Driven(
            journal, server, workers, clock, lambda news: None, spool=None, run_hook=None,
            tell_ledger=None,
        )  # fmt: skip
        account = Account(
            name="default", email="a@example.org", max_requests_per_minute=per_minute,
            follow_up_share=share,
        )  # fmt: skip
        config = Config(accounts=(account,), folders=(FOLDER,))
        plan = Plan(FOLDER, lambda path: "", Host("host", "user"))
        pipeline.post(Configure(config, {FOLDER.path: plan}))
        began, turns = clock.now, 0
        wanted = State.PARSED if share else State.ACCEPTED
        while count(journal, wanted) < files:
            pipeline.step(clock, workers)
            turns += 1
            assert clock.now < began + 30 * 86400, "it never ends"
        journal.close()
    return Result(
        files,
        len(server.questions),
        busiest(server.questions),
        busiest(sorted(server.questions + server.uploads)),
        server.uploads[-1] - began,
        clock.now - began,
        turns,
    )


def count(journal, state):
    row = journal.store.read("SELECT files FROM counts WHERE state = ?", state)
    return row[0] if row else 0


def busiest(moments):
    """The most requests that any minute saw."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - MINUTE:
            first += 1
        most = max(most, last - first + 1)
    return most


SCENES = (
    ("no limit, HrFlow is fast", {"parallel": 200}, 300),
    ("no limit, HrFlow's queue is long", {"parallel": 20}, 300),
    ("120 requests a minute", {"per_minute": 120}, 60),
    ("120 a minute, a quarter for questions", {"per_minute": 120, "share": 0.25}, 30),
)


def measure(options):
    files = options.size(FILES, 500)
    for name, settings, allowed in SCENES:
        began = time.perf_counter()
        result = simulate(files, **settings)
        alone = simulate(files, **{**settings, "share": 0.0})
        took = time.perf_counter() - began
        assert result.busiest <= allowed
        assert result.uploaded_after <= alone.uploaded_after * 1.01 + 1
        asked = result.requests / files
        known = (result.known_after - result.uploaded_after) / MINUTE
        yield Row(
            "follow-up", f"{files:,} uploads: {name}", f"{asked:.2f} requests a file",
            f"{result.busiest} in the busiest minute (of {allowed}), all known after {known:.1f} min",
            asked, 0.1, unit="/file", runs=f"by a clock that does not wait; {took:.0f} s",
        )  # fmt: skip
