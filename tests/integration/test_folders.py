"""What is told of files in watched folders: real folders, real inotify, and none is missed."""

import os
import pathlib
import subprocess
import sys
import threading

import pytest

from tests.support.folders import arm, watched, write
from watcher.folders import FolderSupervisor
from watcher.model.files import Candidate, FolderState, ScanEnded, Scanned
from watcher.model.kinds import Sign
from watcher.model.settings import Watch

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="about inotify")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses links and renames of POSIX")


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
    inbox.wait_until_watched()


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
    assert not set(inbox.paths(Sign.CHANGED)) & set(map(str, moved))  # each is told of once


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


@LINUX
def test_more_folders_need_no_more_threads(folders, inbox, root):
    inner = [root / str(number) for number in range(20)]
    for folder in inner:
        folder.mkdir()
    arm(folders, inbox, watched(inner[0]))
    threads = threading.active_count()
    arm(folders, inbox, *map(watched, inner))
    assert threading.active_count() == threads
    inbox.wait_for_paths([write(folder / "cv.pdf") for folder in inner], Sign.CLOSED)


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
    folders = FolderSupervisor(
        inbox.post, lambda folder, directory: {}, on_network=lambda path: network
    )
    try:
        arm(folders, inbox, watched(root, watch=Watch.AUTO))
        inbox.wait_for_paths([write(root / "cv.pdf")], *signs)
    finally:
        folders.stop()
