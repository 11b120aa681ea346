"""The walk, what polling remembers, and what is told of mounts; on real directories."""

import os
import shutil
import sys
import tempfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watcher.folders import WatchedFolder, mounts, scans
from watcher.folders.scans import BATCH, COARSEST_SECONDS, FULL_EVERY, Memory, Tally
from watcher.model.kinds import Sign
from watcher.model.settings import Watch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses links and names of POSIX")


def nothing_known(folder, directory):
    return {}


def watched(root, **changes):
    values = {"recursive": True, "watch": Watch.POLL, "poll_seconds": 1.0, "ignore": lambda _: ""}
    return WatchedFolder(str(root), **(values | changes))


def make(root, *places):
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(place.encode())


def candidates(batches):
    return [candidate for batch in batches for candidate in batch]


def places(root, batches):
    return sorted(os.path.relpath(c.path, root) for c in candidates(batches))


def journal_of(root, found):
    """What a journal would know after these candidates, as ``known``."""
    rows = {}
    for candidate in found:
        directory, name = os.path.split(os.path.relpath(candidate.path, root))
        rows.setdefault(directory, {})[name] = (candidate.stat.size, candidate.stat.mtime_ns)
    return lambda folder, directory: rows.get(directory, {})


def test_a_candidate_carries_what_lstat_says(tmp_path):
    make(tmp_path, "a/cv.pdf")
    (found,) = candidates(scans.scan(watched(tmp_path), nothing_known))
    stat = os.lstat(tmp_path / "a" / "cv.pdf")
    assert (found.folder, found.path) == (str(tmp_path), str(tmp_path / "a" / "cv.pdf"))
    assert found.sign is Sign.SCANNED
    assert (found.stat.size, found.stat.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert (found.stat.device, found.stat.inode) == (stat.st_dev, stat.st_ino)


def test_only_new_changed_and_missing_files_come_again(tmp_path):
    make(tmp_path, "same.pdf", "a/same.pdf", "a/bigger.pdf", "a/touched.pdf", "a/gone.pdf")
    known = journal_of(tmp_path, candidates(scans.scan(watched(tmp_path), nothing_known)))
    (tmp_path / "a" / "bigger.pdf").write_bytes(b"more than there was before")
    os.utime(tmp_path / "a" / "touched.pdf", ns=(1, 1))
    (tmp_path / "a" / "gone.pdf").unlink()
    make(tmp_path, "a/b/new.pdf")
    tally = Tally()
    again = candidates(scans.scan(watched(tmp_path), known, tally=tally))
    signs = {os.path.relpath(found.path, tmp_path): str(found.sign) for found in again}
    assert signs == {
        "a/b/new.pdf": "scanned", "a/bigger.pdf": "scanned", "a/touched.pdf": "scanned",
        "a/gone.pdf": "missing",
    }  # fmt: skip
    assert (tally.files, tally.new, tally.directories, tally.unreadable) == (5, 3, 3, 0)


def test_where_nothing_is_left_nothing_is_said_to_be_missing(tmp_path):
    make(tmp_path, "a.pdf", "b.pdf")
    known = journal_of(tmp_path, candidates(scans.scan(watched(tmp_path), nothing_known)))
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).unlink()
    assert not candidates(scans.scan(watched(tmp_path), known))  # as when a drive is not mounted


def test_the_journal_is_asked_once_for_each_directory_that_is_entered(tmp_path):
    make(tmp_path, "x", "a/x", "a/b/x", ".git/x", "Sent/x")
    asked = []

    def known(folder, directory):
        asked.append((folder, directory))
        return {}

    folder = watched(
        tmp_path,
        ignore=lambda relative: ".*" if relative.startswith(".") else "",
        excluded=(str(tmp_path / "Sent"),),
    )
    assert places(tmp_path, scans.scan(folder, known)) == ["a/b/x", "a/x", "x"]
    assert sorted(asked) == [(str(tmp_path), place) for place in ("", "a", "a/b")]


def test_only_regular_files_are_found_and_no_link_is_followed(tmp_path):
    make(tmp_path / "elsewhere", "private.pdf")
    root = tmp_path / "root"
    make(root, "cv.pdf")
    (root / "link.pdf").symlink_to(tmp_path / "elsewhere" / "private.pdf")
    (root / "directory").symlink_to(tmp_path / "elsewhere")
    (root / "to nothing").symlink_to(tmp_path / "nothing")
    os.mkfifo(root / "pipe.pdf")
    assert places(root, scans.scan(watched(root), nothing_known)) == ["cv.pdf"]


def test_a_directory_that_becomes_a_link_while_it_is_walked_is_not_entered(tmp_path):
    make(tmp_path / "elsewhere", "private.pdf")
    root = tmp_path / "root"
    make(root, "a/cv.pdf")

    def swapping(folder, directory):
        if not directory:
            shutil.rmtree(root / "a")
            (root / "a").symlink_to(tmp_path / "elsewhere")
        return {}

    assert places(root, scans.scan(watched(root), swapping)) == []
    assert places(root, scans.scan(watched(root), nothing_known, "a")) == []


def test_below_start_only_and_not_deeper_than_asked(tmp_path):
    make(tmp_path, "x", "a/x", "a/b/x", "ab/x")
    assert places(tmp_path, scans.scan(watched(tmp_path), nothing_known, "a")) == ["a/b/x", "a/x"]
    assert places(tmp_path, scans.scan(watched(tmp_path, recursive=False), nothing_known)) == ["x"]


def test_batches_are_limited_and_the_end_is_asked_for_between_them(tmp_path):
    make(tmp_path, *(f"{n}.pdf" for n in range(2 * BATCH + 1)))
    sizes = [len(batch) for batch in scans.scan(watched(tmp_path), nothing_known)]
    assert sizes == [BATCH, BATCH, 1]
    asked = iter([False, False, False, True])  # for the directory, the first two batches, then
    stopped = scans.scan(watched(tmp_path), nothing_known, stop=lambda: next(asked))
    assert [len(batch) for batch in stopped] == [BATCH, BATCH]


@pytest.fixture
def for_everybody():
    """A directory that another user may reach, which pytest's own is not."""
    path = tempfile.mkdtemp()
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def not_root():
    """Root reads everything: be somebody else meanwhile."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.fixture
def partly_closed(for_everybody):
    for name, mode in (("open", 0o755), ("closed", 0o000), ("too", 0o000)):
        os.mkdir(os.path.join(for_everybody, name))
        with open(os.path.join(for_everybody, name, "cv.pdf"), "wb"):
            pass
        os.chmod(os.path.join(for_everybody, name), mode)
    yield for_everybody
    for name in ("closed", "too"):
        os.chmod(os.path.join(for_everybody, name), 0o755)


def test_what_cannot_be_read_is_counted_and_the_rest_is_found(partly_closed, not_root):
    tally = Tally()
    found = places(partly_closed, scans.scan(watched(partly_closed), nothing_known, tally=tally))
    assert found == ["open/cv.pdf"]
    assert tally.unreadable == 2
    assert "Permission denied" in tally.first_unreadable
    ignored = watched(partly_closed, ignore=lambda path: "x" * (path in ("closed/", "too/")))
    assert places(partly_closed, scans.scan(ignored, nothing_known, tally=tally)) == ["open/cv.pdf"]
    assert tally.unreadable == 2  # no more than before
    problem = mounts.identify(os.path.join(partly_closed, "closed"))
    assert "can't be read" in str(problem.text)


def test_what_is_gone_is_no_problem(tmp_path):
    tally = Tally()
    assert candidates(scans.scan(watched(tmp_path), nothing_known, "gone", tally=tally)) == []
    assert tally.unreadable == 0


NAMES = st.binary(min_size=1, max_size=6).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=st.sets(st.lists(NAMES, min_size=1, max_size=4).map(tuple), max_size=12))
def test_any_tree_is_found_as_it_is(tree):
    with tempfile.TemporaryDirectory() as root:
        for parts in sorted(tree):
            path = os.path.join(os.fsencode(root), *parts)
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "xb"):
                    pass
            except OSError:  # a name is a file in one path and a directory in another
                continue
        there = {os.path.join(at, name) for at, _, names in os.walk(root) for name in names}
        found = candidates(scans.scan(watched(root), nothing_known))
        assert len(found) == len(there)
        assert {candidate.path for candidate in found} == there
        assert candidates(scans.scan(watched(root), journal_of(root, found))) == []


# --- Polling ----------------------------------------------------------------------------------


class Poller:
    """Looks at a folder as the scanner does, with a clock that is set by hand."""

    def __init__(self, root):
        self.root = root
        self.now = 0.0
        self.memory = Memory(lambda: self.now)
        self.known = nothing_known
        self.seen = []

    def look(self, after=60.0):
        self.now += after
        tally = Tally()
        quick = not self.memory.begin()
        options = {"memory": self.memory, "tally": tally, "quick": quick}
        found = candidates(scans.scan(watched(self.root), self.known, **options))
        self.seen = [*self.seen, *found]
        self.known = journal_of(self.root, self.seen)
        return sorted(os.path.relpath(c.path, self.root) for c in found), tally.directories


def test_a_quiet_folder_is_not_read_again_until_the_full_look(tmp_path):
    make(tmp_path, "x", "a/x", "a/b/x")
    poller = Poller(tmp_path)
    assert poller.look() == (["a/b/x", "a/x", "x"], 3)
    assert poller.look() == ([], 3)  # once more: the clock of the file system may be coarse
    assert [poller.look() for _ in range(FULL_EVERY - 2)] == [([], 0)] * (FULL_EVERY - 2)
    assert poller.look() == ([], 3)


def test_new_names_are_found_by_a_quick_look_and_changes_by_the_full_one(tmp_path):
    make(tmp_path, "quiet/x", "a/x")
    poller = Poller(tmp_path)
    poller.look()
    poller.look()
    make(tmp_path, "a/new", "n/e/w", "n/o")
    (tmp_path / "quiet" / "x").write_bytes(b"another content")
    found, directories = poller.look()
    assert found == ["a/new", "n/e/w", "n/o"]
    assert directories == 4  # the folder, a, n, n/e
    later = [poller.look()[0] for _ in range(FULL_EVERY)]
    assert [found for found in later if found] == [["quiet/x"]]


def test_a_directory_that_vanished_is_forgotten(tmp_path):
    make(tmp_path, "a/b/x")
    poller = Poller(tmp_path)
    poller.look()
    shutil.rmtree(tmp_path / "a")
    assert poller.look() == ([], 1)
    assert poller.memory.directories() == [""]


def test_a_name_added_while_the_clock_of_the_file_system_stood_still_is_found(tmp_path):
    make(tmp_path, "first")
    coarse = os.stat(tmp_path).st_mtime_ns // 2_000_000_000 * 2_000_000_000
    os.utime(tmp_path, ns=(coarse, coarse))
    poller = Poller(tmp_path)
    assert poller.look()[0] == ["first"]
    make(tmp_path, "second")
    os.utime(tmp_path, ns=(coarse, coarse))
    assert poller.look(after=1.0)[0] == ["second"]
    make(tmp_path, "third")
    os.utime(tmp_path, ns=(coarse, coarse))
    assert poller.look(after=COARSEST_SECONDS)[0] == ["third"]
    assert poller.look() == ([], 0)  # by now a new name would have another time


def test_a_directory_that_cannot_be_read_is_tried_at_every_look(partly_closed, not_root):
    memory = Memory()
    for look in range(FULL_EVERY):
        tally = Tally()
        options = {"memory": memory, "tally": tally, "quick": not memory.begin()}
        candidates(scans.scan(watched(partly_closed), nothing_known, **options))
        assert tally.unreadable == 2, f"look {look}"


# --- Mounts -----------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="about mounts of Linux")
def test_the_file_system_of_a_path(tmp_path):
    assert mounts.file_system("/proc/self") == "proc"
    assert mounts.file_system(str(tmp_path)) not in ("", "proc")
    assert mounts.file_system(str(tmp_path / "missing")) == ""


def test_this_folder_is_on_no_network(tmp_path):
    assert mounts.on_network(str(tmp_path)) is False


@pytest.mark.skipif(sys.platform != "linux", reason="about inotify")
def test_a_limit_is_a_number_or_nothing():
    assert mounts.inotify_limit("max_user_watches") > 0
    assert mounts.inotify_limit("no such limit") == 0


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda path: None, "doesn't exist"),
        (lambda path: path.write_bytes(b""), "is not a folder"),
        (lambda path: path.symlink_to(path.parent), "become a link"),
        (lambda path: path.symlink_to("nowhere"), "become a link"),
    ],
)
def test_why_a_folder_cannot_be_watched(tmp_path, made, words):
    made(tmp_path / "CVs")
    problem = mounts.identify(str(tmp_path / "CVs"))
    assert words in str(problem.text)
    assert str(problem.text)[-1] == str(problem.advice)[-1] == "."
