"""After the upload: moved, trashed, and tried again when that cannot be done at once."""

import os
import subprocess
import sys
import time

import pytest

from tests.support.clock import SetClock
from tests.support.samples import DOCX, PDF, make_pdf
from watcher import documents
from watcher.i18n.message import Message, verbatim
from watcher.model.files import FilingFailed
from watcher.model.settings import AfterRefusal, AfterUpload
from watcher.pipeline.messages import Resume
from watcher.sandbox import Fault, Kind

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file systems as on Linux")


@pytest.fixture
def small_disk(tmp_path, world):
    """A file system of 1 MB of its own, there until the program has ended."""
    path = tmp_path / "small"
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    yield str(path)
    try:
        world.stop()
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def names_below(path):
    return sorted(name for _, _, names in os.walk(path) for name in names)


def test_a_full_disk_at_the_target_delays_filing_and_loses_nothing(world, small_disk, eventually):
    folder = world.folder(after_upload=AfterUpload.MOVE, sent_folder=small_disk)
    filler = os.path.join(small_disk, "filler")
    with open(filler, "wb") as file:
        file.write(bytes(1_000_000))
    world.start(folder)
    for number in range(3):
        make_pdf(os.path.join(folder.path, f"{number}.pdf"), str(number), size=100_000)
    world.wait_idle(3)
    problem = "could not be moved"
    told = lambda: [str(news) for news in world.news if isinstance(news, Message | str)]  # noqa: E731 - short
    eventually(lambda: told() and problem in told()[0])
    eventually(lambda: all(problem in str(entry.filing_why) for entry in world.entries()))
    assert len(told()) == 1  # one message, not one for each file
    assert names_below(folder.path) == ["0.pdf", "1.pdf", "2.pdf"]
    os.unlink(filler)
    eventually(lambda: names_below(folder.path) == [])
    assert names_below(small_disk) == ["0.pdf", "1.pdf", "2.pdf"]
    assert len(world.arrived()) == 3


def test_what_could_not_be_filed_away_is_taken_up_by_the_next_run(world, small_disk, eventually):
    folder = world.folder(after_upload=AfterUpload.MOVE, sent_folder=small_disk)
    filler = os.path.join(small_disk, "filler")
    with open(filler, "wb") as file:
        file.write(bytes(1_000_000))
    world.start(folder)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a", size=100_000)
    eventually(lambda: any(entry.filing_why for entry in world.entries()))
    world.stop()
    os.unlink(filler)
    world.start(folder)
    eventually(lambda: names_below(small_disk) == ["a.pdf"])
    assert len(world.arrived()) == 1


@pytest.mark.parametrize("restarted", [False, True], ids=["same run", "next run"])
def test_what_was_filed_before_midnight_is_found_by_the_next_try_after_it(
    world, monkeypatch, eventually, restarted
):
    """The first try has moved the file, and nobody came to know of it."""
    real, tried = documents.file_by_settings, []

    def cut_off(folder, entry, now):
        tried.append(real(folder, entry, now))
        return tried[-1] if len(tried) > 1 else FilingFailed(verbatim("was cut off"), passing=True)

    monkeypatch.setattr(documents, "file_by_settings", cut_off)
    clock = SetClock()
    folder = world.folder(after_upload=AfterUpload.MOVE)
    world.start(folder, clock=clock)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    eventually(lambda: any(entry.filing_why for entry in world.entries()))
    if restarted:
        world.stop()
    clock.passed += 86400.0
    if restarted:
        world.start(folder, clock=clock)
    world.app.post(Resume())
    eventually(lambda: any(entry.filed_to for entry in world.entries()))
    (entry,) = world.entries()
    assert (entry.filed_to, entry.filing_target) == (tried[0].path, "")
    assert names_below(folder.path) == ["a.pdf"]


def test_a_result_is_told_once_though_the_file_is_moved_then(desk, eventually):
    desk.configure('after_upload = "move"\nafter_refusal = "move"')
    running = desk.start("run")
    running.wait_for("Watching")
    make_pdf(os.path.join(desk.folder, "a.pdf"), "a")
    with open(os.path.join(desk.folder, "b.exe"), "wb") as file:
        file.write(b"MZ" + bytes(300))
    eventually(lambda: len(names_below(desk.folder)) == 3)  # and why one was refused
    eventually(lambda: sorted(os.listdir(desk.folder)) == ["Refused", "Sent"])
    make_pdf(os.path.join(desk.folder, "c.pdf"), "c")
    running.wait_for("c.pdf")
    running.end()
    lines = "\n".join(running.lines)
    assert (lines.count("✓ a.pdf"), lines.count("✗ b.exe")) == (1, 1), lines


def test_a_refused_file_that_was_moved_is_known_at_both_places(desk, eventually):
    desk.configure('after_refusal = "move"')
    running = desk.start("run")
    running.wait_for("Watching")
    with open(os.path.join(desk.folder, "b.exe"), "wb") as file:
        file.write(b"MZ" + bytes(300))
    below = os.path.join("Refused", time.strftime("%Y-%m-%d"), "b.exe")

    def told():
        attention = desk.read_json("status")[0]["attention"]
        return attention and attention[0]["filed_to"]

    eventually(told)
    assert below in desk.run("status", COLUMNS="300").stdout
    for name in ("b.exe", below):
        done = desk.run("retry", os.path.join(desk.folder, name))
        assert (done.returncode, done.stderr) == (5, "")
        assert below in done.stdout
    running.end()


def test_sent_files_go_to_the_trash(desk, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    desk.configure('after_upload = "trash"')
    make_pdf(os.path.join(desk.folder, "a.pdf"), "a")
    # The library looks once a process where the trash is.
    done = desk.run_apart(
        "import", str(desk.folder), HOME=str(home), XDG_DATA_HOME=str(home / ".local" / "share")
    )
    assert done.returncode == 0, done.stderr
    assert os.listdir(desk.folder) == []
    assert names_below(home / ".local" / "share" / "Trash") == ["a.pdf", "a.pdf.trashinfo"]
    assert len(desk.arrived()) == 1


def test_a_file_put_back_after_it_was_moved_is_not_sent_again(world, eventually):
    folder = world.folder(after_upload=AfterUpload.MOVE)
    world.start(folder)
    original = os.path.join(folder.path, "a.pdf")
    make_pdf(original, "a")
    sent = os.path.join(folder.path, "Sent", time.strftime("%Y-%m-%d"), "a.pdf")
    eventually(lambda: os.path.exists(sent))
    os.rename(sent, original)
    make_pdf(os.path.join(folder.path, "other.pdf"), "other")
    eventually(lambda: len(world.arrived()) == 2)
    assert [record.file_name for record in world.arrived()].count("a.pdf") == 1


def test_copies_of_what_was_sent_are_moved_too(world, eventually):
    folder = world.folder(after_upload=AfterUpload.MOVE)
    world.start(folder)
    for name, source in (("a.pdf", PDF), ("b.pdf", PDF), ("c.docx", DOCX)):
        with open(source, "rb") as read, open(os.path.join(folder.path, name), "wb") as written:
            written.write(read.read())
    inbox = folder.path
    eventually(lambda: [e for e in os.listdir(inbox) if e != "Sent"] == [])
    assert len(world.arrived()) == 2


def test_a_refused_file_that_is_put_back_is_tried_again(world, eventually):
    folder = world.folder(after_refusal=AfterRefusal.MOVE)
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=422))
    world.start(folder)
    path = os.path.join(folder.path, "a.pdf")
    make_pdf(path, "a")
    eventually(lambda: world.entries() and world.entries()[0].filed_to)
    (refused,) = world.entries()
    world.sandbox.faults.clear()
    os.rename(refused.filed_to, path)
    eventually(lambda: len(world.arrived()) == 1)
