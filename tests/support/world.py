"""The whole program against the sandbox: real folders, real journal, real HTTP over loopback."""

import json
import os
import threading

import pytest
from msgspec.structs import replace

from tests.support.outcomes import ARRIVED, outcome
from tests.support.samples import IGNORED, KNOWN, OPENED, REFUSED, SENT
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb
from watcher.daemon.core import App
from watcher.daemon.state_folder import Places
from watcher.journal.history import Filter
from watcher.journal.reader import Reader
from watcher.model.entries import Entry
from watcher.model.files import ScanEnded
from watcher.model.lifecycle import OPEN
from watcher.model.settings import Account, Config, Folder
from watcher.pipeline.messages import ApproveBelow, ApprovedBelow


class Keys:
    """The key that a test's account has; what the server refuses is asked for again."""

    def __init__(self, key):
        self.key = key
        self.asked_anew = 0

    def get(self, account):
        return self.key

    def forget(self, account):
        self.asked_anew += 1

    def configure(self, config, tell, resume):
        """It is at hand."""

    def close(self):
        """Nobody waits for it."""


class World:
    """A sandbox, a state directory, and the program between them."""

    def __init__(self, root):
        self.root = root
        self.places = Places(str(root / "state"))
        self.sandbox = sb.Sandbox(parse_seconds=0.1)
        self.keys = Keys(sb.READ_WRITE_KEY)
        self.app = None
        self.settings = {}  # of the program as a whole
        self.options = {}
        self.news = []
        self.latest = {}  # of each file, by its number
        self.heard = threading.Condition()

    def folder(self, name="cvs", **settings):
        path = self.root / name
        path.mkdir(exist_ok=True)
        values = {"account": "default", "source_key": sb.ENGINEERING.key, "settle_seconds": 0.3}
        return Folder(path=str(path), **{**values, **settings})

    def config(self, *folders, **account):
        values = {"name": "default", "email": sb.EMAIL, "api_url": self.sandbox.url}
        return Config(accounts=(Account(**{**values, **account}),), folders=folders)

    def start(self, *folders, import_all=False, clock=None, retry_seconds=0.2, **account):
        """Start the program; returns once every folder has been walked through once."""
        options = {"clock": clock, "retry_seconds": retry_seconds, "import_all": import_all}
        options |= self.options
        self.start_without_waiting(*folders, options=options, **account)
        expected = {os.path.realpath(folder.path) for folder in folders}
        self.wait_for(lambda: expected <= self.walked())

    def start_without_waiting(self, *folders, options=None, **account):
        """Start the program, which may not be able to walk through a folder yet."""
        config = replace(self.config(*folders, **account), **self.settings)
        self.news.clear()
        self.latest.clear()
        self.app = App(config, self.places, keys=self.keys, on_event=self.hear, **(options or {}))
        self.app.start()

    def walked(self):
        """The folders that have been walked through."""
        return {news.folder for news in self.news if isinstance(news, ScanEnded)}

    def nudge(self):
        """Return when the pipeline has worked on everything that was posted before."""
        before = len([news for news in self.news if isinstance(news, ApprovedBelow)])
        self.app.post(ApproveBelow("/nowhere"))
        self.wait_for(lambda: len([n for n in self.news if isinstance(n, ApprovedBelow)]) > before)

    def hear(self, news):
        with self.heard:
            self.news.append(news)
            if isinstance(news, Entry):
                self.latest[news.file_id] = news
            self.heard.notify_all()

    def wait_for(self, condition, within=PATIENCE):
        with self.heard:
            found = self.heard.wait_for(condition, within)
        assert found, f"did not happen; counts are {self.states()}"

    def wait_idle(self, files, within=PATIENCE):
        """Wait until ``files`` files have come to rest."""
        self.wait_for(lambda: len(self.at_rest()) >= files, within)

    def at_rest(self):
        return [entry for entry in list(self.latest.values()) if entry.state not in OPEN]

    def stop(self):
        if self.app is not None:
            self.app.stop()
            assert self.app.failure is None, self.app.failure
            self.app = None

    def entries(self, **wanted):
        reader = Reader(self.places.journal)
        try:
            return reader.history(Filter(**wanted), limit=100_000)
        finally:
            reader.close()

    def read_configured(self, path):
        """Whether the journal knows of a file at ``path`` now."""
        reader = Reader(self.places.journal)
        try:
            folder, name = os.path.split(os.path.realpath(path))
            return name in reader.known(folder, "")
        finally:
            reader.close()

    def states(self):
        """What became of each file, by its name."""
        return {os.path.basename(entry.path): str(entry.state) for entry in self.entries()}

    def outcomes(self):
        """What became of each file, by its name; "sent" whether or not its result is known."""
        return {name: outcome(state) for name, state in self.states().items()}

    def arrived(self):
        """What the sandbox has accepted, in the order it came."""
        return [record for record in self.sandbox.ledger.records() if record.status in (201, 202)]

    def close(self):
        self.stop()
        self.sandbox.stop()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.sandbox.start()
    yield made
    made.close()


def wait_for(world, eventually, name, state):
    """Wait for a state, or for "sent" whether or not a result is known."""
    eventually(lambda: state in (world.states().get(name), world.outcomes().get(name)))


def check_everything(world):
    arrived = world.arrived()
    entries = {os.path.basename(entry.path): entry for entry in world.entries()}
    by_hash = {record.sha256: record for record in arrived}
    sent = SENT | {
        part: (media_type, part) for parts in OPENED.values() for part, media_type in parts.items()
    }
    assert len(arrived) == len(sent) == len(by_hash)
    for name, (media_type, sent_as) in sent.items():
        entry = entries[name]
        record = by_hash[entry.sha256]
        fields = dict(record.fields)
        assert str(entry.state) in ARRIVED, name
        assert record.file_name == sent_as
        assert record.content_type == fields["profile_content_type"] == media_type
        assert record.source_key == sb.ENGINEERING.key
        assert record.reference == entry.sha256
        assert json.loads(fields["tags"]) == [
            {"name": "office", "value": "Paris"},
            {"name": "urgent", "value": True},
        ]
    for name, word in REFUSED.items():
        assert str(entries[name].state) == "refused", name
        assert word in str(entries[name].why), entries[name].why
    assert not IGNORED & set(entries)
    assert set(entries) == set(sent) | set(REFUSED) | set(OPENED)
    assert len(entries) == KNOWN
