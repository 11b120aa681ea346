"""Folders that are missing, replaced, unreadable or too many: watched as soon as they can be."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import pytest
from watchdog.observers.inotify_c import InotifyConstants

from tests.support.folders import Inbox, arm, watched, write
from tests.support.waiting import PATIENCE
from watcher.folders import FolderSupervisor
from watcher.folders.inotify import InotifyReader
from watcher.model.files import FolderState, ScanEnded
from watcher.model.kinds import Sign
from watcher.model.settings import Watch

ROOT = pathlib.Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="about inotify")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses links and renames of POSIX")

LIMITED = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from tests.support.folders import Inbox, arm, watched, write
from watcher.folders import FolderSupervisor
from watcher.i18n.message import as_json

top, limit = pathlib.Path(sys.argv[2]), sys.argv[3]
inbox = Inbox()
folders = FolderSupervisor(
    inbox.post, lambda folder, directory: {}, check_seconds=0.05, reconcile_seconds=0.2
)
arm(folders, inbox, watched(top))
print(as_json(inbox.wait_for_problem()))
inbox.wait_for_paths([write(below / "cv.pdf") for below in top.iterdir()])
pathlib.Path("/proc/sys/user", limit).write_text("1000")
inbox.wait_until_watched()
folders.stop()
"""


@LINUX
@pytest.mark.parametrize(
    ("limit", "least", "setting"),
    [
        ("max_inotify_watches", 20, "fs.inotify.max_user_watches"),
        ("max_inotify_instances", 0, "fs.inotify.max_user_instances"),
    ],
)
def test_at_the_systems_limit_it_is_said_and_polled_until_there_is_room(
    root, limit, least, setting
):
    for n in range(50):
        (root / str(n)).mkdir()
    shell = f'echo {least} > /proc/sys/user/{limit} || exit 77; exec "$@"'
    python = [sys.executable, "-c", LIMITED, str(ROOT), str(root), limit]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh", *python],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)["args"]
    assert setting in said["why"]["id"]
    assert said["seconds"] == 0.05


def test_a_folder_that_is_missing_is_watched_as_soon_as_it_is_there(folders, inbox, tmp_path):
    root = tmp_path / "not yet" / "CVs"
    folders.watch([watched(root)])
    assert str(root) in str(inbox.wait_for_problem("{path} doesn't exist"))
    root.mkdir(parents=True)
    early = write(root / "early.pdf")
    inbox.wait_for_scan("start")
    inbox.wait_for_paths([early])
    inbox.wait_until_watched()
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
            inbox.wait_for_problem()
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
    inbox.wait_for_problem("{path} has become a link")
    folders.rescan()
    write(elsewhere / "also private.pdf")
    root.unlink()
    (tmp_path / "away").rename(root)
    inbox.wait_for_scan("returned")
    inbox.wait_for_paths([write(root / "cv.pdf")])
    assert not [path for path in inbox.paths() if "private" in path]


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
    reader = InotifyReader(lambda what, path: inbox.post(what))
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
    folders = FolderSupervisor(inbox.post, failing, check_seconds=0.05)
    try:
        folders.watch([watched(root)])
        inbox.wait_for_paths([path], Sign.SCANNED)
    finally:
        folders.stop()
    assert not failures


@LINUX
def test_a_folder_is_looked_through_now_and_then_though_its_changes_are_told(inbox, root):
    folders = FolderSupervisor(inbox.post, lambda folder, directory: {}, reconcile_seconds=0.05)
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
    assert str(inbox.wait_for_problem().args["file"]) == f"{closed} (Permission denied)"
    assert not inbox.wait_for_scan("start").complete
    closed.chmod(0o700)
    folders.rescan(reason="by hand")
    assert inbox.wait_for_scan("by hand").complete
    inbox.wait_until_watched()


def test_a_new_directory_that_cannot_be_read_is_said_too(not_root, folders, inbox):
    watched_root = not_root / "cvs"
    watched_root.mkdir()
    folders.watch([watched(watched_root)])
    inbox.wait_for_scan("start")
    away = not_root / "closed"
    (away / "inner").mkdir(parents=True)
    (away / "inner").chmod(0)
    away.rename(watched_root / "closed")
    assert str(watched_root / "closed" / "inner") in str(inbox.wait_for_problem().args["file"])


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
    (not_root / "Private ").mkdir(0)  # a new directory, told by the system
    inbox.wait_for_paths([write(not_root / "open" / "second.pdf")])
    folders.rescan(reason="by hand")
    assert inbox.wait_for_scan("by hand").complete
    assert not [m.problem for m in inbox.messages if isinstance(m, FolderState) and m.problem]
    for place in ("private", "Private ", "sub/Streng geheim"):
        (not_root / place).chmod(0o700)


def test_a_limit_that_is_told_of_when_the_folder_is_gone_keeps_nobody_busy(folders, inbox, root):
    folders.watch([watched(root)])
    inbox.wait_for_scan("start")
    root.rmdir()
    inbox.wait_for_problem()
    before = time.process_time()
    folders._on_signal("limit", str(root))
    threading.Event().wait(0.5)  # the time over which nothing is to be done
    assert time.process_time() - before < 0.4


def test_stopping_twice_or_before_anything_is_harmless(inbox, root):
    folders = FolderSupervisor(inbox.post, lambda folder, directory: {})
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

    folders = FolderSupervisor(inbox.post, slow_journal)
    folders.watch([watched(root)])
    assert begun.wait(PATIENCE)
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
        from watcher.folders import FolderSupervisor
        FolderSupervisor(print, lambda *_: {}).stop()
        print(loaded)
    """
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout in ("[True]\n", "[True, True]\n"), done.stdout
