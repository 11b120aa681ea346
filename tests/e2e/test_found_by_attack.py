"""Faults that somebody found by trying to break it; each with what would have caught it."""

import contextlib
import os
import shutil
import threading

import pytest

from tests.e2e.conftest import World
from tests.e2e.test_clock import SetClock
from tests.e2e.test_journey import make_pdf
from watcher import documents
from watcher import sandbox as sb
from watcher.journal.reader import Reader
from watcher.model.errors import JournalError
from watcher.model.files import Candidate
from watcher.model.kinds import Sign, State
from watcher.model.settings import Account, AfterRefusal, Config, Item
from watcher.pipeline.messages import Resume, Stop
from watcher.sandbox import Fault, Kind

DAY = 86400.0


@pytest.mark.parametrize("seconds", [9_300_000_000, -9_300_000_000], ids=["2264", "1675"])
def test_a_file_of_an_impossible_date_is_sent_like_any_other(world, seconds):
    folder = world.folder()
    outside = os.path.join(world.root, "x.pdf")
    make_pdf(outside, "x")
    os.utime(outside, (seconds, seconds))
    world.start(folder)
    os.rename(outside, os.path.join(folder.path, "x.pdf"))
    make_pdf(os.path.join(folder.path, "y.pdf"), "y")
    world.wait_idle(2)
    assert len(world.arrived()) == 2
    world.stop()
    world.start(folder)  # and it is known again
    make_pdf(os.path.join(folder.path, "z.pdf"), "z")
    world.wait_idle(1)
    assert len(world.arrived()) == 3


def test_an_account_that_cannot_be_asked_keeps_no_other_from_asking(world, eventually):
    # All are under way before the first of them fails: after that only one goes at a time.
    world.sandbox.faults.set(Fault(kind=Kind.CUT_BEFORE_ANSWER, method="POST", delay=2.0))
    gone, there = world.folder("gone", account="gone"), world.folder("there")
    accounts = [
        Account(name=name, email=sb.EMAIL, api_url=world.sandbox.url, parallel_uploads=30)
        for name in ("gone", "default")
    ]
    whole = Config(accounts=tuple(accounts), folders=(gone, there))
    world.config = lambda *_, **__: whole
    world.start(gone, there)
    for number in range(25):
        make_pdf(os.path.join(gone.path, f"{number}.pdf"), str(number))
    eventually(lambda: list(world.states().values()) == ["uncertain"] * 25, within=30)
    world.app.reload(Config(accounts=(accounts[1],), folders=(there,)))
    make_pdf(os.path.join(there.path, "there.pdf"), "there")
    eventually(lambda: world.states().get("there.pdf") == "parsed", within=30)


def test_half_of_a_document_without_an_end_is_not_sent(world, eventually):
    """Its writer closes it and opens it again."""
    folder = world.folder(settle_seconds=1.0)
    world.start(folder)
    path = os.path.join(folder.path, "cv.html")
    half = b"<html><body><h1>Aisha Rahman</h1>" + b"<p>experience</p>" * 100
    with open(path, "wb") as file:
        file.write(half)
    threading.Event().wait(0.2)  # what the writer does between its two turns
    with open(path, "ab") as file:
        file.write(b"<p>education</p>")
    world.wait_idle(1)
    assert [record.size for record in world.arrived()] == [len(half) + 16]


def test_a_whole_document_of_such_a_format_waits_for_nothing(world):
    folder = world.folder(settle_seconds=60.0)
    world.start(folder)
    with open(os.path.join(folder.path, "cv.html"), "wb") as file:
        file.write(b"<html><body>Aisha Rahman</body></html>")
    world.wait_idle(1)
    assert len(world.arrived()) == 1


def test_what_was_refused_goes_again_once_settings_send_it_otherwise(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=422))
    folder = world.folder()
    world.start(folder)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    shutil.copy(os.path.join(folder.path, "a.pdf"), os.path.join(folder.path, "b.pdf"))
    eventually(lambda: sorted(world.states().values()) == ["duplicate", "refused"], within=30)
    (refused,) = world.entries(states=(State.REFUSED,))
    world.app.reload(world.config(world.folder(max_size=99_000_000)))
    eventually(lambda: times_refused(world, refused) == 2, within=30)
    asked = [record for record in world.sandbox.ledger.records() if record.status == 422]
    assert len(asked) == 1  # the answer would have been the same
    assert refused.why in [entry.why for entry in world.entries()]
    world.sandbox.faults.clear()
    world.app.reload(world.config(world.folder(tags=(Item(name="office", value="Paris"),))))
    eventually(lambda: len(world.arrived()) == 1, within=30)
    ended = ({"accepted", "duplicate"}, {"parsed", "duplicate"})
    eventually(lambda: set(world.states().values()) in ended, within=30)
    assert len(world.arrived()) == 1


def test_what_is_refused_as_before_is_nothing_new(world, eventually):
    folder = world.folder()
    world.start(folder)
    with open(os.path.join(folder.path, "tool.pdf"), "wb") as file:
        file.write(b"MZ" + bytes(300))
    eventually(lambda: world.states().get("tool.pdf") == "refused", within=30)
    (before,) = world.entries()
    world.app.reload(world.config(world.folder(tags=(Item(name="a", value="b"),))))
    eventually(lambda: times_refused(world, before) == 2, within=30)
    (after,) = world.entries()
    assert (after.state, after.why, after.changed_at) == (
        before.state, before.why, before.changed_at,
    )  # fmt: skip


def times_refused(world, entry):
    reader = Reader(world.places.journal)
    try:
        return [state for _, state, _ in reader.story(entry.file_id)].count(State.REFUSED)
    finally:
        reader.close()


def test_what_was_refused_and_moved_away_stays_refused_under_new_settings(world, eventually):
    folder = world.folder(after_refusal=AfterRefusal.MOVE)
    world.start(folder)
    with open(os.path.join(folder.path, "a.exe"), "wb") as file:
        file.write(b"MZ" + bytes(300))
    eventually(lambda: any(entry.filed_to for entry in world.entries()), within=30)
    world.app.reload(world.config(world.folder(settle_seconds=0.2)))
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: world.states().get("b.pdf") == "accepted", within=30)
    assert world.states()["a.exe"] == "refused"


def test_resuming_frees_what_waits_too(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="3600", times=1))
    folder = world.folder()
    world.start(folder)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    eventually(lambda: world.states().get("a.pdf") == "waiting", within=30)
    world.app.post(Resume())
    world.wait_idle(1)
    assert len(world.arrived()) == 1


def test_held_files_that_went_do_not_use_up_the_probes(world, eventually):
    clock = SetClock()
    right, world.keys.key = world.keys.key, "ask_" + "0" * 32
    folder = world.folder()
    world.start(folder, clock=clock)
    inner = os.path.join(folder.path, "inner")
    os.mkdir(inner)
    for number in range(5):
        make_pdf(os.path.join(inner, f"{number}.pdf"), str(number))
    eventually(lambda: list(world.states().values()) == ["held"] * 5, within=30)
    make_pdf(os.path.join(folder.path, "real.pdf"), "real")
    eventually(lambda: world.states().get("real.pdf") == "held", within=30)
    os.rename(inner, os.path.join(world.root, "away"))
    eventually(lambda: list(world.states().values()).count("gone") == 5, within=30)
    world.keys.key = right
    clock.passed += 3600.0
    world.nudge()
    eventually(lambda: world.states().get("real.pdf") == "accepted", within=30)


def test_a_folder_inside_that_may_not_be_read_is_told_and_read_later(not_root, eventually):
    world = World(not_root)
    world.sandbox.start()
    try:
        folder = world.folder()
        world.start(folder)
        inner = os.path.join(folder.path, "inner")
        os.mkdir(inner)
        make_pdf(os.path.join(inner, "a.pdf"), "a")
        os.chmod(inner, 0)
        eventually(lambda: any("read" in str(news) for news in world.news), within=30)
        os.chmod(inner, 0o700)
        world.app.rescan()
        world.wait_idle(1, within=60)
        assert len(world.arrived()) == 1
    finally:
        world.close()


@pytest.mark.parametrize("what", ["journal.db", ""], ids=["the journal", "everything"])
def test_a_journal_that_is_deleted_under_us_is_built_anew(world, what, eventually):
    folder = world.folder()
    world.start(folder, revive_seconds=0.1)
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

    eventually(came_back, within=30)
    names = [record.file_name for record in world.arrived()]
    assert names.count("a.pdf") == 1


def test_a_hint_that_comes_during_the_end_has_nothing_read(world, eventually, monkeypatch):
    read = []

    def identify(root, path, look=documents.identify, **options):
        read.append(os.path.basename(path))
        return look(root, path, **options)

    monkeypatch.setattr(documents, "identify", identify)
    folder = world.folder()
    world.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=2.0))
    world.start(folder)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    eventually(lambda: world.states().get("a.pdf") == "uploading", within=30)
    engine = world.app._engine
    engine.post(Stop())
    eventually(lambda: engine._pipeline._is_stopping, within=30)
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    engine.post(Candidate(folder.path, os.path.join(folder.path, "b.pdf"), Sign.CLOSED))
    assert world.app.wait(30), "the upload under way comes to its end"
    assert read == ["a.pdf"]
