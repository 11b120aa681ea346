"""Whether another version was installed, and making way for it; with files of a test's own."""

import os

import pytest

from tests.support.installation import Installation
from tests.support.waiting import wait_until
from watcher import __version__
from watcher.daemon.updates import InstalledVersion, OwnFiles, UpdateWatch
from watcher.pipeline.messages import Drain, Drained

# --- What is installed ----------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path):
    return Installation(tmp_path, __version__)


def test_what_runs_is_what_lies_there(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    assert own.look() == own.running
    assert own.running.version == __version__
    assert own.running.mark
    assert own.is_known
    record = tmp_path / f"hrflow_watcher-{__version__}.dist-info" / "RECORD"
    assert own.places == (str(tmp_path), str(record))


def test_another_version_counts_when_its_record_is_there(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    installed.put_modules("9.0")
    assert own.look() is None  # modules of 9.0, metadata of this one
    installed.put_record("9.0")
    assert own.look().version == "9.0"
    (tmp_path / "watcher" / "__init__.py").write_text('__version__ = "9.1"\n')
    assert own.look() is None  # as when dpkg has both versions' metadata for a moment


def test_the_same_version_installed_again_is_another_installation(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    installed.put_record(__version__)
    assert own.look().version == own.running.version
    assert own.look() != own.running


def remove_metadata(folder):
    for each in folder.glob("*.dist-info"):
        for file in each.iterdir():
            file.unlink()
        each.rmdir()


def test_of_sources_only_the_version_counts(installed, tmp_path):
    remove_metadata(tmp_path)
    own = OwnFiles(str(tmp_path))
    assert own.places == (str(tmp_path / "watcher" / "__init__.py"),)
    (tmp_path / "watcher" / "rules.py").write_text("# a developer's change\n")
    assert own.look() == own.running == InstalledVersion(__version__)
    installed.put_modules("9.0")
    assert own.look() == InstalledVersion("9.0")
    os.unlink(tmp_path / "watcher" / "__init__.py")  # as in the middle of a checkout
    assert own.look() is None


def test_a_frozen_program_has_metadata_alone(tmp_path):
    inside = tmp_path / "_internal"
    metadata = inside / f"hrflow_watcher-{__version__}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "RECORD").write_text("watcher/rules.py,sha256=abc,1\n")
    own = OwnFiles(str(inside), frozen=True)
    assert own.look() == own.running
    metadata.rename(inside / "hrflow_watcher-9.0.dist-info")
    assert own.look().version == "9.0"
    (inside / f"hrflow_watcher-{__version__}.dist-info").mkdir()
    assert own.look() is None  # two versions at once
    inside.rename(tmp_path / "old")
    assert own.look() is None  # install.sh is between two steps


# --- Making way -----------------------------------------------------------------------------------


class Files:
    """What is installed, as a test says."""

    places = ("/nowhere",)

    def __init__(self):
        self.running = self.found = InstalledVersion("1")
        self.is_known = True
        self.looks = 0

    def look(self):
        self.looks += 1
        return self.found


class App:
    """A program in which nothing is under way unless a test says so."""

    def __init__(self):
        self.posted, self.busy = [], False
        self.changed = self.updates = None

    def watch_file(self, path, changed):
        self.changed = changed

    def post(self, message):
        self.posted.append(message)
        if message == Drain() and not self.busy:
            self.updates.on_event(Drained())


class Story:
    def __init__(self, files):
        self.files, self.app, self.said, self.ends = files, App(), [], []
        self.updates = self.app.updates = UpdateWatch(
            files, lambda: self.ends.append(1), self.said.append, rest=0.01
        )
        self.updates.start(self.app)

    def replace(self, found):
        self.files.found = found
        self.app.changed()

    def is_seen(self):
        """Whether what is installed was looked at several times since."""
        looks = self.files.looks
        return wait_until(lambda: self.files.looks > looks + 3)


@pytest.fixture
def story():
    made = Story(Files())
    yield made
    made.updates.stop()


def test_half_of_a_version_is_waited_for(story, eventually):
    story.replace(None)
    assert story.is_seen()
    assert (story.app.posted, story.said, story.ends) == ([], [], [])
    story.files.found = InstalledVersion("2")
    assert eventually(lambda: story.ends == [1])
    assert story.said == [
        "Version 2 was installed. This one stops when the uploads under way are done."
    ]


def test_a_version_that_is_put_back_changes_nothing(story, eventually):
    story.replace(None)
    assert story.is_seen()
    story.replace(story.files.running)
    looks = story.files.looks
    assert eventually(lambda: story.files.looks > looks)
    assert (story.app.posted, story.said, story.ends) == ([], [], [])
    story.replace(InstalledVersion("2"))
    assert eventually(lambda: story.ends == [1])


def test_another_package_beside_it_holds_nothing(story, eventually):
    looks = story.files.looks
    story.app.changed()
    assert eventually(lambda: story.files.looks > looks)
    assert not story.app.posted


def test_what_is_under_way_is_waited_for(story, eventually):
    story.app.busy = True
    story.replace(InstalledVersion("2"))
    assert eventually(lambda: story.said)
    story.updates.on_event("something else")
    assert not story.ends
    story.updates.on_event(Drained())
    assert eventually(lambda: story.ends == [1])


def test_whoever_ends_it_meanwhile_wins(story, eventually):
    story.app.busy = True
    story.replace(InstalledVersion("2"))
    assert eventually(lambda: story.said)
    story.updates.stop()
    assert not story.updates._thread.is_alive()
    assert not story.ends


def test_where_nothing_tells_a_version_nothing_is_watched(tmp_path):
    own = OwnFiles(str(tmp_path), frozen=True)
    assert not own.is_known
    story = Story(own)
    story.updates.stop()
    assert story.app.changed is None
