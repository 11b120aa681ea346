"""Real folders, real inotify: no file is missed, whatever happens to the folder."""

import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import pytest
from watchdog.observers.inotify_c import InotifyConstants

from watcher.folders import Folders, WatchedFolder
from watcher.folders.inotify import Reader
from watcher.model.files import Candidate, FolderState, ScanEnded, Scanned
from watcher.model.kinds import Sign
from watcher.model.settings import Folder, Watch
from watcher.routing.rules import ignore_filter

ROOT = pathlib.Path(__file__).parents[2]
IGNORED = ignore_filter(
    Folder(path="/cvs", account="a", source_key="k", ignore=("private/**", "**/*geheim /**"))
)
DEADLINE = 60.0
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="about inotify")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses links and renames of POSIX")


class Inbox:
    """Where the folders post to; waits for a condition on all that was posted."""

    def __init__(self):
        self.messages = []
        self._changed = threading.Condition()

    def post(self, message):
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def clear(self):
        with self._changed:
            self.messages.clear()

    def wait(self, condition, what):
        with self._changed:
            assert self._changed.wait_for(lambda: condition(list(self.messages)), DEADLINE), (
                f"never came: {what}; the last were {self.messages[-20:]}"
            )
            return list(self.messages)

    def wait_for_paths(self, paths, *signs):
        wanted = {str(path) for path in paths}
        missing = set(wanted)
        read = 0

        def all_there(messages):
            nonlocal read
            for message in messages[read:]:
                missing.difference_update(found(message, signs))
            read = len(messages)
            return not missing

        self.wait(all_there, f"{len(wanted)} paths with {signs}")

    def wait_for_scan(self, reason, folder=None):
        def ended(messages):
            return [
                m
                for m in messages
                if isinstance(m, ScanEnded) and m.reason == reason and folder in (None, m.folder)
            ]

        return ended(self.wait(ended, f"the end of a scan: {reason}"))[-1]

    def wait_for_state(self, words):
        def told(messages):
            return [
                str(m.problem)
                for m in messages
                if isinstance(m, FolderState)
                and (words in str(m.problem) if words else not m.problem)
            ]

        return told(self.wait(told, f"state {words!r}"))[-1]

    def paths(self, *signs):
        return [path for message in list(self.messages) for path in found(message, signs)]


def found(message, signs):
    if isinstance(message, Scanned):
        candidates = message.candidates
    else:
        candidates = [message] if isinstance(message, Candidate) else []
    return [c.path for c in candidates if not signs or c.sign in signs]


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def folders(inbox):
    before = set(threading.enumerate())
    folders = Folders(
        inbox.post, lambda folder, directory: {}, check_seconds=0.1, missing_seconds=0.05
    )
    yield folders
    began = time.monotonic()
    folders.stop()
    assert time.monotonic() - began < 2.5
    assert set(threading.enumerate()) <= before


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "CVs"
    path.mkdir()
    return path


def watched(path, **changes):
    values = {
        "recursive": True,
        "watch": Watch.NATIVE,
        "poll_seconds": 0.05,
        "ignore": IGNORED,
        "excluded": (),
    }
    return WatchedFolder(str(path), **(values | changes))


def arm(folders, inbox, *watched_folders):
    folders.watch(watched_folders)
    for folder in watched_folders:
        inbox.wait_for_scan("start", folder.path)


def write(path, content=b"a CV"):
    path.write_bytes(content)
    return path


def test_it_is_told_that_a_folder_is_watched_before_what_is_in_it(folders, inbox, root):
    write(root / "a.pdf")
    arm(folders, inbox, watched(root))
    kinds = [type(m) for m in inbox.messages]
    assert kinds == [FolderState, Scanned, ScanEnded]


def test_files_that_were_there_before_are_found_with_their_stat(folders, inbox, root):
    paths = [write(root / f"{n}.pdf") for n in range(1234)]
    arm(folders, inbox, watched(root))
    inbox.wait_for_paths(paths, Sign.SCANNED)
    batches = [m.candidates for m in inbox.messages if isinstance(m, Scanned)]
    assert max(map(len, batches)) == 500
    assert all(c.stat.size == 4 and c.stat.inode for batch in batches for c in batch)
    end = inbox.wait_for_scan("start")
    assert (end.files, end.new, end.complete) == (1234, 1234, True)
    assert inbox.wait_for_state("") == ""


@LINUX
def test_a_file_is_closed_only_when_its_writer_closes_it(folders, inbox, root):
    arm(folders, inbox, watched(root))
    path = root / "slow.pdf"
    with path.open("wb") as file:
        file.write(b"half")
        file.flush()
        inbox.wait_for_paths([path], Sign.CHANGED)
        assert not inbox.paths(Sign.CLOSED)
        file.write(b"whole")
    inbox.wait_for_paths([path], Sign.CLOSED)


@LINUX
def test_a_file_moved_in_or_renamed_into_place_is_closed(folders, inbox, root, tmp_path):
    arm(folders, inbox, watched(root))
    write(tmp_path / "outside.pdf").rename(root / "moved in.pdf")
    inbox.wait_for_paths([root / "moved in.pdf"], Sign.CLOSED)
    write(root / "download.pdf.part").rename(root / "download.pdf")
    inbox.wait_for_paths([root / "download.pdf"], Sign.CLOSED)
    (root / "download.pdf").rename(root / "renamed.pdf")
    inbox.wait_for_paths([root / "renamed.pdf"], Sign.CLOSED)
    inbox.wait_for_paths([root / "download.pdf"], Sign.REMOVED)
    assert not [path for path in inbox.paths() if path.endswith(".part")]


def test_a_file_linked_in_is_noticed(folders, inbox, root, tmp_path):
    arm(folders, inbox, watched(root))
    os.link(write(tmp_path / "outside.pdf"), root / "linked.pdf")
    inbox.wait_for_paths([root / "linked.pdf"], Sign.CHANGED)


def test_a_file_removed_or_moved_out_is_told(folders, inbox, root, tmp_path):
    paths = [write(root / "removed.pdf"), write(root / "moved out.pdf")]
    arm(folders, inbox, watched(root))
    paths[0].unlink()
    paths[1].rename(tmp_path / "elsewhere.pdf")
    inbox.wait_for_paths(paths, Sign.REMOVED)


@pytest.mark.parametrize(
    "name",
    [
        b"not \xff utf-8.pdf",
        b"new\nline.pdf",
        "陈晓明 \u202e.pdf".encode(),
        b" blanks .pdf ",
        b"back\\slash.pdf",
    ],
)
@LINUX
def test_any_name_passes_through_intact(folders, inbox, root, tmp_path, name):
    there = root / "there"
    there.mkdir()
    before = there / os.fsdecode(name)
    write(before)
    arm(folders, inbox, watched(root))
    inbox.wait_for_paths([before], Sign.SCANNED)
    later = write(root / os.fsdecode(name))
    inbox.wait_for_paths([later], Sign.CLOSED)


def test_a_directory_moved_in_is_looked_through(folders, inbox, root, tmp_path):
    arm(folders, inbox, watched(root))
    outside = tmp_path / "outside"
    (outside / "a" / "b").mkdir(parents=True)
    for place in ("1.pdf", "a/2.pdf", "a/b/3.pdf"):
        write(outside / place)
    outside.rename(root / "inside")
    moved = [root / "inside" / place for place in ("1.pdf", "a/2.pdf", "a/b/3.pdf")]
    inbox.wait_for_paths(moved, Sign.SCANNED)
    later = write(root / "inside" / "a" / "b" / "later.pdf")
    inbox.wait_for_paths([later])


def test_a_renamed_directory_gives_its_files_new_paths(folders, inbox, root):
    (root / "old" / "deep").mkdir(parents=True)
    write(root / "old" / "deep" / "cv.pdf")
    arm(folders, inbox, watched(root))
    (root / "old").rename(root / "new")
    inbox.wait_for_paths([root / "new" / "deep" / "cv.pdf"])
    later = write(root / "new" / "deep" / "later.pdf")
    inbox.wait_for_paths([later])


def test_no_file_is_missed_in_directories_made_and_filled_at_once(folders, inbox, root):
    arm(folders, inbox, watched(root))
    paths = []
    for n in range(1000):
        inner = root / str(n) / "b" / "c"
        inner.mkdir(parents=True)
        paths.append(write(inner / "cv.pdf"))
    inbox.wait_for_paths(paths)
    assert len(inbox.paths()) < 5 * len(paths)


def test_no_file_of_a_tree_copied_by_two_processes_is_missed(folders, inbox, root, tmp_path):
    source = tmp_path / "source"
    for n in range(40):
        inner = source / str(n % 4) / str(n)
        inner.mkdir(parents=True)
        for m in range(10):
            write(inner / f"{m}.pdf")
    arm(folders, inbox, watched(root))
    copies = [root / str(n) for n in range(6)]
    running = [subprocess.Popen(["cp", "-r", source, copy]) for copy in copies]
    assert all(process.wait() == 0 for process in running)
    inbox.wait_for_paths(path for copy in copies for path in copy.rglob("*") if path.is_file())


@LINUX
def test_every_close_of_a_burst_of_5000_files_is_seen(folders, inbox, root):
    arm(folders, inbox, watched(root))
    inbox.wait_for_paths((write(root / f"{n}.pdf") for n in range(5000)), Sign.CLOSED)


@LINUX
def test_files_lost_in_an_overflow_are_found_by_a_scan(inbox, folders, root):
    limit = pathlib.Path("/proc/sys/fs/inotify/max_queued_events")
    if not os.access(limit, os.W_OK):
        pytest.skip("the kernel's queue can only be made small by root")
    usual = limit.read_text()
    limit.write_text("16")  # holds for those who begin to watch from now on
    try:
        arm(folders, inbox, watched(root))
    finally:
        limit.write_text(usual)
    (root / "below").mkdir()
    paths = [write(root / "below" / f"{n}.pdf") for n in range(5000)]
    inbox.wait_for_scan("overflow")
    inbox.wait_for_paths(paths)
    last = write(root / "below" / "after.pdf")
    inbox.wait_for_paths([last])


LIMITED = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from tests.integration.test_folders import Inbox, arm, watched, write
from watcher.folders import Folders

top, limit = pathlib.Path(sys.argv[2]), sys.argv[3]
inbox = Inbox()
folders = Folders(
    inbox.post, lambda folder, directory: {}, check_seconds=0.05, reconcile_seconds=0.2
)
arm(folders, inbox, watched(top))
print(inbox.wait_for_state("limit"))
inbox.wait_for_paths([write(below / "cv.pdf") for below in top.iterdir()])
pathlib.Path("/proc/sys/user", limit).write_text("1000")
inbox.wait_for_state("")
folders.stop()
"""


@LINUX
@pytest.mark.parametrize(
    ("limit", "least", "words"),
    [
        ("max_inotify_watches", 20, "fs.inotify.max_user_watches"),
        ("max_inotify_instances", 0, "fs.inotify.max_user_instances"),
    ],
)
def test_at_the_systems_limit_it_is_said_and_polled_until_there_is_room(root, limit, least, words):
    for n in range(50):
        (root / str(n)).mkdir()
    shell = f'echo {least} > /proc/sys/user/{limit} || exit 77; exec "$@"'
    python = [sys.executable, "-c", LIMITED, str(ROOT), str(root), limit]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh", *python],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert "checked every 0.1 s" in done.stdout


def test_a_folder_that_is_missing_is_watched_as_soon_as_it_is_there(folders, inbox, tmp_path):
    root = tmp_path / "not yet" / "CVs"
    folders.watch([watched(root)])
    assert "doesn't exist" in inbox.wait_for_state("doesn't exist")
    root.mkdir(parents=True)
    early = write(root / "early.pdf")
    inbox.wait_for_scan("start")
    inbox.wait_for_paths([early])
    assert inbox.wait_for_state("") == ""
    later = write(root / "later.pdf")
    inbox.wait_for_paths([later])


@pytest.mark.parametrize("way", ["removed", "renamed", "replaced at once"])
def test_a_folder_that_went_is_watched_again_when_it_returns(folders, inbox, root, way):
    (root / "below").mkdir()
    arm(folders, inbox, watched(root))
    for _ in range(3):
        inbox.clear()
        if way == "removed":
            shutil.rmtree(root)
        else:
            root.rename(root.with_name(f"away {time.monotonic_ns()}"))
        if way != "replaced at once":
            inbox.wait_for_state("doesn't exist")
        (root / "below").mkdir(parents=True)
        early = write(root / "below" / "early.pdf")
        inbox.wait_for_scan("returned")
        inbox.wait_for_paths([early])
        later = write(root / "below" / "later.pdf")
        inbox.wait_for_paths([later])


def test_a_folder_replaced_by_a_link_is_not_followed(folders, inbox, root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(elsewhere / "private.pdf")
    arm(folders, inbox, watched(root))
    root.rename(tmp_path / "away")
    root.symlink_to(elsewhere)
    assert "become a link" in inbox.wait_for_state("become a link")
    folders.rescan()
    write(elsewhere / "also private.pdf")
    root.unlink()
    (tmp_path / "away").rename(root)
    inbox.wait_for_scan("returned")
    inbox.wait_for_paths([write(root / "cv.pdf")])
    assert not [path for path in inbox.paths() if "private" in path]


@pytest.mark.parametrize("watch", [Watch.NATIVE, Watch.POLL])
def test_links_below_a_folder_are_not_followed(folders, inbox, root, tmp_path, watch):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (root / "link before").symlink_to(elsewhere)
    arm(folders, inbox, watched(root, watch=watch))
    (root / "link later").symlink_to(elsewhere)
    (root / "made").mkdir()
    (root / "made" / "link").symlink_to(elsewhere / "deep")
    write(elsewhere / "private.pdf")
    write(elsewhere / "deep" / "private.pdf")
    inbox.wait_for_paths([write(root / "made" / "cv.pdf")])
    folders.rescan(reason="by hand")
    inbox.wait_for_scan("by hand")
    assert not [path for path in inbox.paths() if "private" in path]


def test_of_nested_folders_each_tells_of_its_own_files(folders, inbox, root):
    inner = root / "inner"
    inner.mkdir()
    both = (str(root), str(inner))
    arm(folders, inbox, watched(root, excluded=both), watched(inner, excluded=both))
    upper, lower = write(root / "cv.pdf"), write(inner / "cv.pdf")
    inbox.wait_for_paths([upper, lower])
    folders.rescan(reason="by hand")
    inbox.wait_for_scan("by hand", str(root))
    inbox.wait_for_scan("by hand", str(inner))
    assert {(m.folder, m.path) for m in inbox.messages if isinstance(m, Candidate)} == {
        (str(root), str(upper)),
        (str(inner), str(lower)),
    }


@pytest.mark.parametrize("watch", [Watch.NATIVE, Watch.POLL])
def test_what_is_excluded_ignored_or_too_deep_is_not_told(folders, inbox, tmp_path, watch):
    deep, flat = tmp_path / "deep", tmp_path / "flat"
    for place in ("Sent/2024", ".git/objects", "in"):
        (deep / place).mkdir(parents=True)
    (flat / "below").mkdir(parents=True)
    arm(
        folders,
        inbox,
        watched(deep, watch=watch, excluded=(str(deep / "Sent"),)),
        watched(flat, watch=watch, recursive=False),
    )
    for place in ("Sent/2024/x.pdf", "Sent/x.pdf", ".git/objects/x.pdf", "in/.x.pdf", "x.part"):
        write(deep / place)
    write(flat / "below" / "x.pdf")
    (flat / "new").mkdir()
    write(flat / "new" / "x.pdf")
    wanted = [write(deep / "in" / "cv.pdf"), write(flat / "cv.pdf"), write(deep / "Sentence.pdf")]
    inbox.wait_for_paths(wanted)
    folders.rescan(reason="by hand")
    inbox.wait_for_scan("by hand", str(deep))
    inbox.wait_for_scan("by hand", str(flat))
    assert set(inbox.paths()) == {str(path) for path in wanted}


def test_polling_finds_new_and_changed_files(folders, inbox, root):
    (root / "below").mkdir()
    known = write(root / "below" / "known.pdf")
    arm(folders, inbox, watched(root, watch=Watch.POLL))
    inbox.wait_for_paths([known], Sign.SCANNED)
    for n in range(3):
        inner = root / "new" / str(n)
        inner.mkdir(parents=True)
        inbox.wait_for_paths([write(inner / "cv.pdf")], Sign.SCANNED)
    inbox.clear()
    write(known, b"longer than it was")
    inbox.wait(
        lambda messages: any(
            c.path == str(known) and c.stat.size == 18
            for m in messages
            if isinstance(m, Scanned)
            for c in m.candidates
        ),
        "the changed file",
    )
    assert not [m for m in inbox.messages if isinstance(m, Candidate)]


@pytest.mark.parametrize(("network", "signs"), [(True, {Sign.SCANNED}), (False, {Sign.CLOSED})])
@LINUX
def test_auto_polls_what_is_on_the_network(inbox, root, network, signs):
    folders = Folders(inbox.post, lambda folder, directory: {}, on_network=lambda path: network)
    try:
        arm(folders, inbox, watched(root, watch=Watch.AUTO))
        inbox.wait_for_paths([write(root / "cv.pdf")], *signs)
    finally:
        folders.stop()


@LINUX
def test_folders_come_and_go_while_others_stay_watched(folders, inbox, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    stays = watched(first)
    arm(folders, inbox, stays)
    inbox.clear()
    arm_again = [stays, watched(second)]
    folders.watch(arm_again)
    inbox.wait_for_scan("start", str(second))
    folders.watch(arm_again)
    inbox.wait_for_paths([write(first / "a.pdf"), write(second / "b.pdf")], Sign.CLOSED)
    assert not [m for m in inbox.messages if isinstance(m, ScanEnded) and m.folder == str(first)]
    folders.watch([stays])
    folders.rescan(reason="proof that this was heard")
    inbox.wait_for_scan("proof that this was heard", str(first))
    write(second / "unseen.pdf")
    inbox.wait_for_paths([write(first / "seen.pdf")], Sign.CLOSED)
    assert str(second / "unseen.pdf") not in inbox.paths()


@LINUX
def test_other_settings_of_a_folder_are_followed_at_once(folders, inbox, root):
    (root / "below").mkdir()
    hidden, deep = write(root / ".cv.pdf"), write(root / "below" / "cv.pdf")
    arm(folders, inbox, watched(root, recursive=False))
    assert not inbox.paths()
    folders.watch([watched(root, recursive=False, ignore=lambda relative: "")])
    inbox.wait_for_paths([hidden], Sign.SCANNED)
    inbox.wait_for_paths([write(root / ".later.pdf")], Sign.CLOSED)
    folders.watch([watched(root)])
    inbox.wait_for_paths([deep], Sign.SCANNED)
    folders.watch([watched(root, watch=Watch.POLL)])
    inbox.clear()
    inbox.wait_for_paths([write(root / "polled.pdf")], Sign.SCANNED)


@LINUX
def test_when_the_thread_that_reads_events_ends_another_takes_its_place(folders, inbox, root):
    arm(folders, inbox, watched(root))
    reader = next(t for t in threading.enumerate() if t.name == "watch-read")
    reader.stop()
    inbox.wait_for_scan("interrupted")
    inbox.wait_for_paths([write(root / "cv.pdf")], Sign.CLOSED)


@LINUX
def test_an_error_of_the_library_is_told_and_ends_no_thread(root):
    class Failing:
        def on_event(self, event):
            raise KeyError(event.name)

        def on_watch_deleted(self, watch):
            pass

    inbox = Inbox()
    reader = Reader(lambda what, path: inbox.post(what))
    reader.start()
    try:
        reader.add_callback(os.fsencode(root), InotifyConstants.IN_CREATE, Failing(), 1)
        for n in (1, 2):
            write(root / f"{n}.pdf")
            inbox.wait(lambda told, n=n: told.count("interrupted") == n, f"error {n}")
    finally:
        reader.stop()
        reader.join()


def test_a_journal_that_fails_once_does_not_end_the_scans(inbox, root):
    failures = [OSError("disk"), ValueError("a bug")]

    def failing(folder, directory):
        if failures:
            raise failures.pop()
        return {}

    path = write(root / "cv.pdf")
    folders = Folders(inbox.post, failing, check_seconds=0.05)
    try:
        folders.watch([watched(root)])
        inbox.wait_for_paths([path], Sign.SCANNED)
    finally:
        folders.stop()
    assert not failures


@LINUX
def test_a_folder_is_looked_through_now_and_then_though_its_changes_are_told(inbox, root):
    folders = Folders(inbox.post, lambda folder, directory: {}, reconcile_seconds=0.05)
    try:
        arm(folders, inbox, watched(root))
        inbox.wait_for_scan("interval")
    finally:
        folders.stop()


@LINUX
def test_an_unmounted_folder_is_watched_again_when_it_is_mounted(folders, inbox, root):
    mounted = ["mount", "-t", "tmpfs", "none", str(root)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("mounting is for root")
    try:
        arm(folders, inbox, watched(root))
        inbox.wait_for_paths([write(root / "on it.pdf")], Sign.CLOSED)
        subprocess.run(["umount", str(root)], check=True)
        inbox.wait(
            lambda messages: any(
                isinstance(m, ScanEnded) and m.reason in ("unmounted", "returned") for m in messages
            ),
            "what is below the mount",
        )
        inbox.wait_for_paths([write(root / "below it.pdf")], Sign.CLOSED)
    finally:
        subprocess.run(["umount", str(root)], capture_output=True, check=False)


def test_what_cannot_be_read_is_said_and_the_rest_is_found(not_root, folders, inbox):
    closed = not_root / "closed"
    closed.mkdir()
    closed.chmod(0)
    write(not_root / "cv.pdf")
    folders.watch([watched(not_root)])
    inbox.wait_for_paths([not_root / "cv.pdf"])
    assert f"{closed} (Permission denied)" in inbox.wait_for_state("cannot be read")
    assert not inbox.wait_for_scan("start").complete
    closed.chmod(0o700)
    folders.rescan(reason="by hand")
    assert inbox.wait_for_scan("by hand").complete
    assert inbox.wait_for_state("") == ""


def test_a_new_directory_that_cannot_be_read_is_said_too(not_root, folders, inbox):
    watched_root = not_root / "cvs"
    watched_root.mkdir()
    folders.watch([watched(watched_root)])
    inbox.wait_for_scan("start")
    away = not_root / "closed"
    (away / "inner").mkdir(parents=True)
    (away / "inner").chmod(0)
    away.rename(watched_root / "closed")
    assert "cannot be read" in inbox.wait_for_state("cannot be read")


@pytest.mark.parametrize("watch", [Watch.NATIVE, Watch.POLL])
def test_of_what_is_ignored_nobody_complains_that_it_cannot_be_read(
    not_root, folders, inbox, watch
):
    for place in ("private", "sub/Streng geheim", "open"):
        (not_root / place).mkdir(parents=True)
        write(not_root / place / "cv.pdf")
        (not_root / place).chmod(0o700 if place == "open" else 0)
    folders.watch([watched(not_root, watch=watch)])
    assert inbox.wait_for_scan("start").complete
    (not_root / "private").rename(not_root / "away")
    (not_root / "away").rename(not_root / "Private ")  # a new directory, told by the system
    inbox.wait_for_paths([write(not_root / "open" / "second.pdf")])
    folders.rescan(reason="by hand")
    assert inbox.wait_for_scan("by hand").complete
    said = [
        str(m.problem)
        for m in inbox.messages
        if isinstance(m, FolderState) and "open" in str(m.problem)
    ]
    assert not said
    for place in ("Private ", "sub/Streng geheim"):
        (not_root / place).chmod(0o700)


def test_a_limit_that_is_told_of_when_the_folder_is_gone_keeps_nobody_busy(folders, inbox, root):
    folders.watch([watched(root)])
    inbox.wait_for_scan("start")
    root.rmdir()
    inbox.wait_for_state("exist")
    before = time.process_time()
    folders._on_signal("limit", str(root))
    threading.Event().wait(0.5)  # the time over which nothing is to be done
    assert time.process_time() - before < 0.4


def test_stopping_twice_or_before_anything_is_harmless(inbox, root):
    folders = Folders(inbox.post, lambda folder, directory: {})
    folders.watch([watched(root)])
    folders.stop()
    folders.stop()
    assert not [t.name for t in threading.enumerate() if t.name.startswith(("watch-", "scan"))]


def test_a_long_scan_does_not_delay_the_end(inbox, root):
    for n in range(50):
        (root / str(n)).mkdir()
    begun, end = threading.Event(), threading.Event()

    def slow_journal(folder, directory):
        begun.set()
        end.wait(0.05)
        return {}

    folders = Folders(inbox.post, slow_journal)
    folders.watch([watched(root)])
    assert begun.wait(DEADLINE)
    folders.stop()
    assert not [t.name for t in threading.enumerate() if t.name.startswith(("watch-", "scan"))]
    assert not [m for m in inbox.messages if isinstance(m, ScanEnded)]


@LINUX
def test_watchdog_is_loaded_before_there_is_a_second_thread():
    """Two threads that import its modules at once fail with a deadlock, if only now and then."""
    code = """if True:
        import sys, threading
        loaded = []
        class Thread(threading.Thread):
            def start(self):
                loaded.append("watchdog.observers.inotify" in sys.modules)
                super().start()
        threading.Thread = Thread
        from watcher.folders import Folders
        Folders(print, lambda *_: {}).stop()
        print(loaded)
    """
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout in ("[True]\n", "[True, True]\n"), done.stdout
