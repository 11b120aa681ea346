"""A journal that is damaged, gone or cannot be written: nothing is lost and nothing sent twice."""

import contextlib
import os
import shutil
import subprocess
import threading

import pytest

from tests.support.samples import make_pdf
from tests.support.waiting import PATIENCE, wait_until
from watcher import sandbox as sb
from watcher.daemon import engine
from watcher.daemon.recovery import open_journal
from watcher.i18n.message import Message
from watcher.journal.reader import Reader
from watcher.model.errors import JournalError, WatcherError
from watcher.model.settings import Existing
from watcher.model.snapshot import AppState
from watcher.pipeline.messages import Pause
from watcher.present.status import app_state
from watcher.sandbox import Fault, Kind


def drop(folder, *names):
    for name in names:
        make_pdf(os.path.join(folder.path, f"{name}.pdf"), name)


def sentences(world):
    return [str(news) for news in world.news if isinstance(news, Message | str)]


def damage(path):
    """Write over the journal's pages, as a dying disk would."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path + "-wal")
    with open(path, "r+b") as file:
        file.write(b"not a journal at all " * 1000)


def empty(path):
    """Leave nothing in it, as some file systems do when the power fails."""
    os.truncate(path, 0)


def set_aside(world):
    return [name for name in os.listdir(world.places.state) if ".damaged-" in name]


@pytest.mark.parametrize("lose", [damage, empty, os.unlink], ids=["damaged", "emptied", "gone"])
def test_after_a_loss_hrflow_is_asked_and_nothing_is_sent_twice(world, lose):
    folder = world.folder()
    world.start(folder)
    drop(folder, "a", "b", "c")
    world.wait_idle(3)
    world.stop()
    lose(world.places.journal)
    drop(folder, "new")
    world.start(folder)
    world.wait_for(lambda: len(world.at_rest()) >= 3)
    assert any("HrFlow is asked" in text for text in sentences(world))
    assert bool(set_aside(world)) == (lose is not os.unlink)
    states = world.states()
    assert [states[f"{name}.pdf"] for name in "abc"] == ["parsed"] * 3
    # It was there when the journal was lost, so that it is asked for as long as parsing may take.
    assert states["new.pdf"] == "uncertain"
    assert len(world.sandbox.ledger.records()) == 3
    drop(folder, "later")
    world.wait_for(lambda: world.outcomes().get("later.pdf") == "sent")


def test_what_was_removed_under_the_program_is_made_anew(world, eventually):
    folder = world.folder()
    world.start(folder)
    drop(folder, "a")
    world.wait_idle(1)
    for name in os.listdir(world.places.state):
        path = os.path.join(world.places.state, name)
        if os.path.isfile(path) and name != "lock":
            os.unlink(path)
    drop(folder, "b")
    eventually(lambda: os.path.exists(world.places.journal))


def test_stopping_closes_the_journal_that_was_just_opened_again(world, monkeypatch):
    """Nothing may be left open: see the fixture that looks for what a test leaves behind."""
    folder = world.folder()
    world.start(folder)
    supervisor, opened = world.app._supervisor, threading.Event()
    inbox = supervisor.engine._pipeline._inbox

    def open_slowly(*arguments, **options):
        found = open_journal(*arguments, **options)
        told = inbox.qsize()
        opened.set()
        assert wait_until(lambda: inbox.qsize() > told)  # the engine before is told to end
        return found

    monkeypatch.setattr(engine, "open_journal", open_slowly)
    for name in os.listdir(world.places.state):
        if name.startswith("journal.db"):
            os.unlink(os.path.join(world.places.state, name))
    drop(folder, "a")
    assert opened.wait(PATIENCE)
    world.stop()


@pytest.mark.parametrize(
    ("references", "second_status", "parses"),
    [
        ("at_once", 400, 1),  # "already used": it has arrived
        ("update", 202, 2),  # it costs a parse, and no second profile
    ],
)
def test_with_a_key_that_may_only_write_they_go_again_under_the_same_reference(
    world, references, second_status, parses
):
    world.keys.key = sb.WRITE_KEY
    world.sandbox.api.references = references
    folder = world.folder()
    world.start(folder, confirm_seconds=1.0)
    drop(folder, "a")
    world.wait_idle(1)
    world.stop()
    damage(world.places.journal)
    world.start(folder, confirm_seconds=1.0)
    world.wait_idle(1)
    first, second = world.sandbox.ledger.records()
    assert dict(first.fields)["reference"] == dict(second.fields)["reference"]
    assert [first.status, second.status] == [202, second_status]
    assert list(world.sandbox.parses().values()) == [parses]
    assert len(world.sandbox.profiles()) == 1
    assert world.outcomes() == {"a.pdf": "sent"}


def test_what_was_skipped_before_the_loss_waits_for_a_yes(world, eventually):
    folder = world.folder(existing=Existing.SKIP)
    drop(folder, "old")
    world.start(folder)
    world.stop()
    assert world.states() == {"old.pdf": "baseline"}
    damage(world.places.journal)
    world.start(folder)
    eventually(lambda: world.states() == {"old.pdf": "held"})
    assert not world.sandbox.ledger.records()


def test_damage_that_shows_while_running_is_mended_too(world, eventually):
    folder = world.folder()
    world.start(folder)
    drop(folder, "a")
    world.wait_idle(1)
    world.stop()
    reader = Reader(world.places.journal)
    pages = reader.read("PRAGMA page_count")[0]
    size = reader.read("PRAGMA page_size")[0]
    reader.close()
    with open(world.places.journal, "r+b") as file:  # all but the page that is read at the start
        file.seek(size)
        file.write(b"\xff" * size * (pages - 1))
    world.start(folder, retry_seconds=0.1)
    drop(folder, "b")
    eventually(lambda: set_aside(world))
    eventually(lambda: world.states().get("a.pdf") == "parsed")
    sent = ("uncertain", "accepted", "parsed")
    eventually(lambda: world.states().get("b.pdf") in sent)
    assert [record.file_name for record in world.arrived()].count("a.pdf") == 1


@pytest.fixture
def small_disk(tmp_path, world):
    """A file system of 4 MB of its own, there until the program has ended."""
    path = tmp_path / "small"
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    yield str(path)
    try:
        world.stop()
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def fill(directory):
    """Leave no room at all; gives the file that takes it."""
    path = os.path.join(directory, "filler")
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


def test_a_full_disk_under_the_journal_stops_nothing_for_good(world, small_disk, eventually):
    world.places = type(world.places)(os.path.join(small_disk, "state"))
    folder = world.folder()
    world.start(folder, retry_seconds=0.1)
    drop(folder, "before")
    world.wait_idle(1)
    filler = fill(small_disk)
    drop(folder, *(f"during {number}" for number in range(20)))
    eventually(lambda: any("disk is not full" in text for text in sentences(world)))
    assert not world.app.carry_out(Pause(0.0)), "an order that cannot be kept is not confirmed"
    assert "disk is not full" in world.app.facts()["trouble"]
    eventually(lambda: app_state(world.app.snapshot()) is AppState.ATTENTION)
    os.unlink(filler)
    eventually(lambda: any("can be used again" in text for text in sentences(world)))
    assert world.app.carry_out(Pause(0.0))
    assert not world.app.facts()["trouble"]
    drop(folder, "after")
    eventually(lambda: len(world.arrived()) == 22)
    names = [record.file_name for record in world.arrived()]
    assert len(set(names)) == 22


def test_a_folder_left_while_the_disk_was_full_has_nothing_waiting_after(
    world, small_disk, eventually
):
    world.places = type(world.places)(os.path.join(small_disk, "state"))
    stays, goes = world.folder("stays"), world.folder("goes")
    world.options = {"leaves_others": True}
    world.start(stays, goes, retry_seconds=0.1)
    world.app.post(Pause(float("inf")))
    drop(goes, "a")
    eventually(lambda: world.states().get("a.pdf") == "queued")
    filler = fill(small_disk)
    drop(stays, *(f"during {number}" for number in range(20)))
    eventually(lambda: any("disk is not full" in text for text in sentences(world)))
    world.app.reload(world.config(stays))
    os.unlink(filler)
    eventually(lambda: world.states()["a.pdf"] == "ignored")
    world.stop()


def test_a_full_disk_at_the_start_is_said(world, small_disk, eventually):
    world.places = type(world.places)(os.path.join(small_disk, "state"))
    fill(small_disk)
    shutil.rmtree(world.places.state, ignore_errors=True)
    with pytest.raises(WatcherError, match=r"disk|space"):
        world.start(world.folder())
    world.app = None


def test_an_answer_that_could_not_be_noted_is_asked_for(world, small_disk, eventually):
    """The disk fills up between an upload's start and its answer."""
    world.places = type(world.places)(os.path.join(small_disk, "state"))
    world.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=1.0, times=1))
    folder = world.folder()
    world.start(folder, retry_seconds=0.1)
    drop(folder, "a")
    eventually(lambda: world.states().get("a.pdf") == "uploading")
    filler = fill(small_disk)
    eventually(lambda: sentences(world))
    os.unlink(filler)
    eventually(lambda: world.states().get("a.pdf") == "parsed")
    assert len(world.sandbox.ledger.records()) == 1


@pytest.mark.parametrize("what", ["journal.db", ""], ids=["the journal", "everything"])
def test_a_journal_that_is_deleted_under_us_is_built_anew(world, what, eventually):
    folder = world.folder()
    world.start(folder, retry_seconds=0.1)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    world.wait_idle(1)
    if what:
        os.unlink(os.path.join(world.places.state, what))
    else:
        shutil.rmtree(world.places.state)
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")

    def came_back():
        with contextlib.suppress(JournalError):  # the new one has just begun
            return len(world.states()) == 2 and world.states()["a.pdf"] == "parsed"
        return False

    eventually(came_back)
    names = [record.file_name for record in world.arrived()]
    assert names.count("a.pdf") == 1
