"""What a person orders while the program runs: pause, retry, ignore; and what it then shows."""

import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.samples import drop, make_pdf
from tests.support.waiting import PATIENCE
from tests.support.world import wait_for
from watcher import sandbox as sb
from watcher.daemon.instance import Instance
from watcher.i18n.languages import catalog
from watcher.i18n.message import as_json
from watcher.journal import reader
from watcher.journal.reader import Reader
from watcher.model.holds import existing_key
from watcher.model.kinds import State
from watcher.model.reasons import IGNORED_BY_USER
from watcher.model.settings import AfterRefusal, AfterUpload, Existing
from watcher.model.snapshot import UNTIL_RESUMED
from watcher.page.actions import Actions
from watcher.page.activity import Activity
from watcher.page.server import ActivityPage
from watcher.pipeline.messages import Ignore, Pause, ReleaseHold, Resume, Retry, Snooze
from watcher.present.menu import Action
from watcher.sandbox import Fault, Kind

REFUSE = sb.Fault(kind=sb.Kind.STATUS, status=400, message="not this one", file_name="bad*")


def entry(world, name):
    (found,) = [each for each in world.entries() if os.path.basename(each.path) == name]
    return found


def test_a_pause_keeps_files_back_over_a_restart_until_it_is_ended(world, eventually):
    folder = world.folder()
    world.start(folder)
    world.app.post(Pause(UNTIL_RESUMED))
    drop(folder, "a.pdf")
    wait_for(world, eventually, "a.pdf", "queued")
    assert world.app.snapshot().paused_until == UNTIL_RESUMED
    assert [each.state for each in world.app.snapshot().recent] == [State.QUEUED], (
        "it is on its way"
    )
    world.stop()
    world.start(folder)
    drop(folder, "b.pdf")
    wait_for(world, eventually, "b.pdf", "queued")
    assert (world.arrived(), world.app.snapshot().paused_until) == ([], UNTIL_RESUMED)
    world.app.post(Pause(0.0))
    world.wait_idle(2)
    assert len(world.arrived()) == 2
    eventually(lambda: world.app.snapshot().paused_until == 0)


def page_of(world):
    return ActivityPage(
        world.app, Instance(world.places), world.places,
        config="", control=None, environ={},
    )  # fmt: skip


def test_a_click_on_a_file_that_has_arrived_meanwhile_changes_nothing(world, eventually):
    """What is said of such files is for the page: here nobody has asked by a request."""
    folder = world.folder()
    drop(folder, "a.pdf")
    world.sandbox.faults.set(REFUSE)
    drop(folder, "bad.pdf", "refused")
    world.start(folder, import_all=True)
    world.wait_idle(2)
    ids = [each.file_id for each in world.entries()]
    with ThreadPoolExecutor(1) as tray:  # a thread that has never answered a request
        tray.submit(page_of(world).act, Action("ignore", {"ids": ids})).result(PATIENCE)
    eventually(lambda: world.states()["bad.pdf"] == "ignored")
    assert world.outcomes()["a.pdf"] == "sent"


@pytest.mark.parametrize("way", ["icon", "state", "reason", "ids"])
def test_all_are_tried_again_though_only_some_are_listed(world, eventually, monkeypatch, way):
    monkeypatch.setattr(reader, "_BATCH", 7)
    folder = world.folder()
    world.sandbox.faults.set(REFUSE)
    for number in range(45):
        drop(folder, f"bad {number}.pdf", str(number))
    world.start(folder, import_all=True)
    world.wait_idle(45)
    eventually(lambda: len(world.app.snapshot().attention) == 30)
    world.sandbox.faults.clear()
    refused = world.entries()
    activity = Activity(world.places, catalog("en"))
    acts = Actions(world.app, activity, control=None, undoable=None)
    if way == "icon":
        page_of(world).act(Action("retry", {"all": True}))
    else:
        order = {
            "state": {"state": "refused"},
            "reason": {"state": "refused", "why": as_json(refused[0].why)},
            "ids": {"ids": [each.file_id for each in refused]},
        }[way]
        assert acts.retry(order) == {"files": 45, "left": []}
    eventually(lambda: len(world.arrived()) == 45)


def test_a_pause_ends_by_itself_when_its_time_is_over(world, eventually):
    folder = world.folder()
    world.start(folder)
    until = time.time() + 1.5
    world.app.post(Pause(until))
    drop(folder, "a.pdf")
    world.wait_idle(1)
    assert time.time() >= until
    assert len(world.arrived()) == 1
    eventually(lambda: world.app.snapshot().paused_until == 0)


def test_a_refused_file_is_sent_again_when_somebody_says_so(world, eventually):
    folder = world.folder()
    world.sandbox.faults.set(REFUSE)
    world.start(folder)
    drop(folder, "bad.pdf")
    wait_for(world, eventually, "bad.pdf", "refused")
    world.app.post(Retry((entry(world, "bad.pdf").file_id,)))
    eventually(lambda: len(world.sandbox.ledger.records()) == 2)
    wait_for(world, eventually, "bad.pdf", "refused")
    world.sandbox.faults.clear()
    world.app.post(Retry((entry(world, "bad.pdf").file_id,)))
    wait_for(world, eventually, "bad.pdf", "sent")
    assert len(world.arrived()) == 1


def test_an_ignored_file_is_left_alone_over_restarts_and_can_be_taken_up_again(world, eventually):
    folder = world.folder()
    world.sandbox.faults.set(REFUSE)
    world.start(folder)
    path = drop(folder, "bad.pdf")
    wait_for(world, eventually, "bad.pdf", "refused")
    world.app.post(Ignore((entry(world, "bad.pdf").file_id,)))
    wait_for(world, eventually, "bad.pdf", "ignored")
    assert entry(world, "bad.pdf").why == IGNORED_BY_USER
    world.stop()
    world.sandbox.faults.clear()
    world.start(world.folder(settle_seconds=0.2))  # new settings: all are judged anew, but this one
    world.nudge()
    assert (world.states()["bad.pdf"], world.app.snapshot().attention) == ("ignored", ())
    world.app.post(Retry((entry(world, "bad.pdf").file_id,)))
    wait_for(world, eventually, "bad.pdf", "sent")
    assert os.path.exists(path)


def test_what_was_moved_away_cannot_be_tried_again_and_nothing_breaks(world, eventually):
    folder = world.folder(after_refusal=AfterRefusal.MOVE, after_upload=AfterUpload.TRASH)
    world.sandbox.faults.set(REFUSE)
    world.start(folder)
    path = drop(folder, "bad.pdf")
    wait_for(world, eventually, "bad.pdf", "refused")
    eventually(lambda: entry(world, "bad.pdf").filed_to)
    world.sandbox.faults.clear()
    world.app.post(Retry((entry(world, "bad.pdf").file_id,)))
    world.nudge()
    moved = entry(world, "bad.pdf")
    assert (moved.state, os.path.exists(moved.filed_to)) == (State.REFUSED, True)
    assert not os.path.exists(path)


def test_a_copy_goes_in_the_place_of_an_ignored_file(world, eventually):
    folder = world.folder()
    world.start(folder)
    world.app.post(Pause(UNTIL_RESUMED))
    drop(folder, "first.pdf", "same")
    wait_for(world, eventually, "first.pdf", "queued")
    drop(folder, "second.pdf", "same")
    wait_for(world, eventually, "second.pdf", "duplicate")
    world.app.post(Ignore((entry(world, "first.pdf").file_id,)))
    world.app.post(Pause(0.0))
    wait_for(world, eventually, "second.pdf", "sent")
    assert world.states()["first.pdf"] == "ignored"
    assert len(world.arrived()) == 1


def test_files_on_their_way_or_through_are_not_touched(world, eventually):
    folder = world.folder()
    world.start(folder)
    drop(folder, "a.pdf")
    wait_for(world, eventually, "a.pdf", "sent")
    before = entry(world, "a.pdf")
    world.app.post(Ignore((before.file_id, 4711)))
    world.app.post(Retry((before.file_id, 4711)))
    world.nudge()
    after = entry(world, "a.pdf")
    assert str(after.state) in ("accepted", "parsed")  # what became of it is asked meanwhile
    assert (after.file_id, after.attempt, after.reference) == (
        before.file_id, before.attempt, before.reference,
    )  # fmt: skip


def test_one_of_the_files_that_wait_for_a_yes_goes_alone_then_all(world, eventually):
    folder = world.folder(existing=Existing.ASK)
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        drop(folder, name)
    world.start(folder)
    eventually(lambda: world.app.snapshot().holds)
    (hold,) = world.app.snapshot().holds
    assert (hold.key, hold.files) == (existing_key(folder.path), 3)
    world.app.post(Retry((entry(world, "b.pdf").file_id,)))
    wait_for(world, eventually, "b.pdf", "sent")
    assert len(world.arrived()) == 1
    world.app.post(ReleaseHold(hold.key))
    wait_for(world, eventually, "c.pdf", "sent")
    wait_for(world, eventually, "a.pdf", "sent")
    eventually(lambda: world.app.snapshot().holds == ())


def test_held_files_are_let_go_with_their_cause(world, eventually):
    folder = world.folder()
    world.keys.key = "wrong"
    world.start(folder)
    for name in ("a.pdf", "b.pdf"):
        drop(folder, name)
        wait_for(world, eventually, name, "held")
    world.keys.key = sb.READ_WRITE_KEY
    (hold,) = world.app.snapshot().holds
    world.app.post(ReleaseHold(hold.key))
    wait_for(world, eventually, "a.pdf", "sent")
    wait_for(world, eventually, "b.pdf", "sent")


def test_listeners_hear_what_has_changed_and_nothing_while_nothing_does(world, eventually):
    folder = world.folder()
    world.sandbox.faults.set(REFUSE)
    world.start(folder, follow_up_share=0.0)  # results would be news, too
    heard = []
    world.app.subscribe(lambda _: 1 / 0)  # one that fails keeps nobody else from hearing
    end = world.app.subscribe(heard.append)
    eventually(lambda: heard)
    first = heard[0]
    assert (first.is_set_up, [each.path for each in first.watched]) == (True, [folder.path])
    world.app.post(Pause(UNTIL_RESUMED))
    for number in range(20):
        drop(folder, f"{number}.pdf")
    drop(folder, "bad.pdf")
    eventually(lambda: (heard[-1].done, heard[-1].total) == (0, 21))
    world.app.post(Pause(0.0))
    eventually(lambda: heard[-1].counts.get(State.ACCEPTED) == 20 and heard[-1].attention)
    last = heard[-1]
    assert [os.path.basename(each.path) for each in last.attention] == ["bad.pdf"]
    assert (len(last.recent), last.today, last.total) == (10, 20, 0)
    assert all(one != other for one, other in itertools.pairwise(heard))
    told = len(heard)
    world.app.rescan()
    world.nudge()
    end()
    drop(folder, "unheard.pdf")
    wait_for(world, eventually, "unheard.pdf", "sent")
    assert len(heard) == told


def test_listeners_hear_of_the_end_of_a_snooze(world, eventually):
    """Nothing else happens then."""
    world.start(world.folder())
    heard = []
    world.app.subscribe(heard.append)
    eventually(lambda: heard)
    world.app.post(Snooze(time.time() + 1.0))
    eventually(lambda: heard[-1].snoozed_until)
    eventually(lambda: not heard[-1].snoozed_until)


def test_a_snapshot_shows_a_journal_that_takes_the_place_of_another(world, eventually):
    folder = world.folder()
    world.start(folder, follow_up_share=0.0)
    drop(folder, "a.pdf")
    eventually(lambda: world.app.snapshot().counts.get(State.ACCEPTED) == 1)
    os.unlink(world.places.journal)
    drop(folder, "b.pdf")
    world.wait_for(lambda: "The journal can be used again; uploads resumed." in world.news)
    eventually(lambda: world.states().keys() == {"a.pdf", "b.pdf"})
    eventually(lambda: world.app.snapshot().counts == _counts(world))


def _counts(world):
    reader = Reader(world.places.journal)
    try:
        return reader.counts()
    finally:
        reader.close()


def test_resuming_frees_what_waits_too(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="3600", times=1))
    folder = world.folder()
    world.start(folder)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    eventually(lambda: world.states().get("a.pdf") == "waiting")
    world.app.post(Resume())
    world.wait_idle(1)
    assert len(world.arrived()) == 1
