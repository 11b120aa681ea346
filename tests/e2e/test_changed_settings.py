"""Settings that change: a folder is taken out and comes back, refused files are judged anew."""

import os
import shutil
import time

import pytest

from tests.support.clock import SetClock
from tests.support.follow_up import let_pass
from tests.support.samples import drop, make_pdf
from tests.support.world import wait_for
from watcher import sandbox as sb
from watcher.i18n.message import NOTHING, verbatim
from watcher.journal.reader import Reader
from watcher.model.files import FolderState
from watcher.model.kinds import State
from watcher.model.reasons import LEFT
from watcher.model.settings import AfterRefusal, Existing, Item
from watcher.pipeline.messages import ApproveBelow, Leave, Pause, Retry
from watcher.sandbox import Fault, Kind

REFUSE = sb.Fault(kind=sb.Kind.STATUS, status=400, message="not this one", file_name="bad*")
BUSY = sb.Fault(kind=sb.Kind.STATUS, status=429, retry_after="1", delay=1.0, times=1)


def leave_all_but(world, *folders):
    world.app.post(Leave(frozenset(os.path.realpath(folder.path) for folder in folders)))
    world.nudge()


def watch(world, *folders):
    world.app.reload(world.config(*folders))
    leave_all_but(world, *folders)


def outcomes(world, folder):
    """State and reason of every file that the journal knows by a path of ``folder``."""
    return [
        (str(e.state), e.why) for e in world.entries() if e.folder == os.path.realpath(folder.path)
    ]


def nested(world):
    """A folder, and one in it that is a folder of the settings too."""
    outer = world.folder("outer")
    return outer, world.folder("outer/inner")


def test_what_waits_in_a_folder_that_is_left_is_not_waited_for(world, eventually):
    stays, goes = world.folder("stays"), world.folder("goes")
    world.start(stays, goes)
    world.app.post(Pause(float("inf")))
    drop(goes, "a.pdf")
    wait_for(world, eventually, "a.pdf", "queued")
    drop(goes, "a copy.pdf", "a.pdf")
    wait_for(world, eventually, "a copy.pdf", "duplicate")
    drop(stays, "b.pdf")
    wait_for(world, eventually, "b.pdf", "queued")
    watch(world, stays)
    left = {each.why for each in world.entries() if "goes" in each.folder}
    assert (left, world.states()["a copy.pdf"]) == ({LEFT}, "ignored")
    world.app.post(Pause(0.0))
    wait_for(world, eventually, "b.pdf", "sent")
    eventually(lambda: world.app.snapshot().total == 0)
    assert len(world.arrived()) == 1
    watch(world, stays, goes)
    world.wait_for(lambda: len(world.arrived()) == 2)
    assert world.arrived()[1].file_name in ("a.pdf", "a copy.pdf")


def test_what_waited_for_a_yes_there_waits_no_more_and_is_not_sent_later(world):
    stays, goes = world.folder("stays"), world.folder("goes", existing=Existing.ASK)
    drop(goes, "first.pdf")
    world.start(stays, goes)
    world.nudge()
    assert world.states() == {"first.pdf": "held"}
    watch(world, stays)
    assert world.states() == {"first.pdf": "baseline"}
    assert not world.app.snapshot().holds
    watch(world, stays, goes)
    world.app.rescan()
    world.nudge()
    assert (world.states(), world.arrived()) == ({"first.pdf": "baseline"}, [])


def test_a_refused_file_of_such_a_folder_does_not_wait_when_it_is_tried_again(world, eventually):
    stays, goes = world.folder("stays"), world.folder("goes")
    world.sandbox.faults.set(REFUSE)
    world.start(stays, goes)
    drop(goes, "bad.pdf")
    wait_for(world, eventually, "bad.pdf", "refused")
    watch(world, stays)
    assert world.states() == {"bad.pdf": "refused"}
    (found,) = world.entries()
    world.app.post(Retry((found.file_id,)))
    world.nudge()
    assert world.states() == {"bad.pdf": "ignored"}
    assert world.app.snapshot().total == 0


def test_an_upload_that_fails_after_its_folder_was_left_goes_from_the_folder_around_it(
    world, eventually
):
    outer, inner = nested(world)
    world.sandbox.faults.set(BUSY)
    world.start(inner, outer)
    drop(inner, "anna.pdf")
    wait_for(world, eventually, "anna.pdf", "uploading")
    watch(world, outer)
    world.wait_for(world.arrived)
    eventually(lambda: world.app.snapshot().total == 0)
    assert outcomes(world, inner) == [("ignored", LEFT)]
    assert [state for state, _ in outcomes(world, outer)] in (["accepted"], ["parsed"])
    assert len(world.arrived()) == 1


def test_an_upload_that_fails_there_lets_its_copy_elsewhere_go(world, eventually):
    stays, goes = world.folder("stays"), world.folder("goes")
    world.sandbox.faults.set(BUSY)
    world.start(stays, goes)
    drop(goes, "anna.pdf")
    wait_for(world, eventually, "anna.pdf", "uploading")
    drop(goes, "copy.pdf", "anna.pdf")
    drop(stays, "anna too.pdf", "anna.pdf")
    watch(world, stays)
    wait_for(world, eventually, "anna too.pdf", "sent")
    eventually(lambda: world.app.snapshot().total == 0)
    assert {state for state, _ in outcomes(world, goes)} <= {"ignored"}
    assert len(world.arrived()) == 1


@pytest.mark.parametrize("stored", [False, True], ids=["lost on its way", "arrived"])
@pytest.mark.parametrize("restarted", [False, True], ids=["reloaded", "restarted"])
def test_an_uncertain_upload_there_is_asked_for_before_its_copy_goes(
    world, eventually, stored, restarted
):
    outer, inner = nested(world)
    clock = SetClock()
    kind = sb.Kind.CUT_BEFORE_ANSWER
    world.sandbox.faults.set(sb.Fault(kind=kind, times=1, method="POST", stored=stored))
    world.start(inner, outer, clock=clock)
    drop(inner, "anna.pdf")
    wait_for(world, eventually, "anna.pdf", "uncertain")
    if restarted:
        world.stop()
        world.start(outer, clock=clock)
        leave_all_but(world, outer)
    else:
        watch(world, outer)
    eventually(lambda: [state for state, _ in outcomes(world, outer)] == ["duplicate"])
    # One that has arrived may have been found meanwhile.
    assert {state for state, _ in outcomes(world, inner)} <= (
        {"uncertain", "parsed"} if stored else {"uncertain"}
    )
    visible = [profile.visible_at for profile in world.sandbox.profiles()]
    assert len(visible) == stored
    eventually(lambda: all(at < time.time() for at in visible))
    let_pass(world, clock, 700)
    eventually(lambda: world.app.snapshot().total == 0)
    eventually(lambda: len(world.sandbox.profiles()) == 1)
    (inside,), (around,) = outcomes(world, inner), outcomes(world, outer)
    if stored:
        assert (inside[0], around[0]) == ("parsed", "duplicate")
    else:
        assert inside == ("ignored", LEFT)
        assert around[0] in ("accepted", "parsed")


def test_a_key_refused_for_such_an_upload_is_tried_again_with_a_file_of_another_folder(
    world, eventually
):
    stays, goes = world.folder("stays"), world.folder("goes")
    clock = SetClock()
    world.sandbox.faults.set(sb.Fault(kind=sb.Kind.STATUS, status=401, delay=1.0, times=1))
    world.start(stays, goes, clock=clock)
    drop(goes, "a.pdf")
    wait_for(world, eventually, "a.pdf", "uploading")
    watch(world, stays)
    wait_for(world, eventually, "a.pdf", "ignored")
    drop(stays, "b.pdf")
    wait_for(world, eventually, "b.pdf", "held")
    clock.passed += 1000
    world.nudge()
    wait_for(world, eventually, "b.pdf", "sent")
    assert [record.file_name for record in world.arrived()] == ["b.pdf"]


def test_a_copy_there_does_not_begin_to_wait_when_the_first_of_its_kind_goes(world, eventually):
    stays, goes = world.folder("stays"), world.folder("goes")
    world.start(stays, goes)
    world.app.post(Pause(float("inf")))
    path = drop(stays, "a.pdf")
    wait_for(world, eventually, "a.pdf", "queued")
    drop(goes, "copy.pdf", "a.pdf")
    wait_for(world, eventually, "copy.pdf", "duplicate")
    watch(world, stays)
    os.unlink(path)
    wait_for(world, eventually, "a.pdf", "gone")
    assert world.states()["copy.pdf"] == "ignored"


def test_an_import_does_not_have_files_wait_there(world):
    outer, inner = world.folder("outer"), world.folder("outer/inner", existing=Existing.ASK)
    drop(inner, "first.pdf")
    world.start(inner, outer)
    world.nudge()
    watch(world, outer)
    world.app.post(ApproveBelow(os.path.realpath(inner.path)))
    world.nudge()
    assert outcomes(world, inner) == [("baseline", NOTHING)]


def test_a_folder_removed_by_command_leaves_nothing_waiting_now_or_after_a_start(desk, eventually):
    desk.configure(f'[[folders]]\npath = "{desk.root}/other"\nsource_key = "{sb.SALES.key}"')
    (desk.root / "other").mkdir()
    desk.start("run")

    def groups():
        return desk.channel().get("/api/now")["now"]["groups"]

    eventually(desk.channel).post("/api/pause")
    for name in ("other/a.pdf", "other/b.pdf"):
        (desk.root / name).write_bytes(b"%PDF-1.4\n%" + name.encode() + b"\n%%EOF\n")
    eventually(lambda: groups()["waiting"] == 2)
    removed = desk.run("folder", "remove", str(desk.root / "other"), "--yes")
    assert "2 files have not been uploaded yet" in removed.stdout
    eventually(lambda: (groups()["waiting"], groups()["aside"]) == (0, 2))
    assert desk.processes[-1].end() == 0
    assert sorted(os.listdir(desk.root / "other")) == ["a.pdf", "b.pdf"]


def test_what_was_refused_goes_again_once_settings_send_it_otherwise(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=422))
    folder = world.folder()
    world.start(folder)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    shutil.copy(os.path.join(folder.path, "a.pdf"), os.path.join(folder.path, "b.pdf"))
    eventually(lambda: sorted(world.states().values()) == ["duplicate", "refused"])
    (refused,) = world.entries(states=(State.REFUSED,))
    world.app.reload(world.config(world.folder(max_size=99_000_000)))
    eventually(lambda: times_refused(world, refused) == 2)
    asked = [record for record in world.sandbox.ledger.records() if record.status == 422]
    assert len(asked) == 1  # the answer would have been the same
    assert refused.why in [entry.why for entry in world.entries()]
    world.sandbox.faults.clear()
    world.app.reload(world.config(world.folder(tags=(Item(name="office", value="Paris"),))))
    eventually(lambda: len(world.arrived()) == 1)
    ended = ({"accepted", "duplicate"}, {"parsed", "duplicate"})
    eventually(lambda: set(world.states().values()) in ended)
    assert len(world.arrived()) == 1


def test_what_is_refused_as_before_is_nothing_new(world, eventually):
    folder = world.folder()
    world.start(folder)
    with open(os.path.join(folder.path, "tool.pdf"), "wb") as file:
        file.write(b"MZ" + bytes(300))
    eventually(lambda: world.states().get("tool.pdf") == "refused")
    (before,) = world.entries()
    world.app.reload(world.config(world.folder(tags=(Item(name="a", value="b"),))))
    eventually(lambda: times_refused(world, before) == 2)
    (after,) = world.entries()
    assert (after.state, after.why, after.changed_at) == (
        before.state, before.why, before.changed_at,
    )  # fmt: skip


def times_refused(world, entry):
    reader = Reader(world.places.journal)
    try:
        return [state for _, state, _ in reader.events(entry.file_id)].count(State.REFUSED)
    finally:
        reader.close()


def test_what_was_refused_and_moved_away_stays_refused_under_new_settings(world, eventually):
    folder = world.folder(after_refusal=AfterRefusal.MOVE)
    world.start(folder)
    with open(os.path.join(folder.path, "a.exe"), "wb") as file:
        file.write(b"MZ" + bytes(300))
    eventually(lambda: any(entry.filed_to for entry in world.entries()))
    world.app.reload(world.config(world.folder(settle_seconds=0.2)))
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: world.outcomes().get("b.pdf") == "sent")
    assert world.states()["a.exe"] == "refused"


class LateProblems(dict):
    """An App's problems of folders: what is told of one comes right after it was looked up."""

    def __init__(self, problems, tell):
        super().__init__(problems)
        self._tell = tell

    def get(self, path, default=None):
        return self._tell_after(path, super().get(path, default))

    def setdefault(self, path, default=None):
        return self._tell_after(path, super().setdefault(path, default))

    def _tell_after(self, path, found):
        self._tell(FolderState(path, verbatim("It cannot be read.")))
        return found


def test_a_problem_of_a_folder_that_comes_during_a_reload_is_not_lost(world):
    folder = world.folder()
    world.start(folder)
    world.app._problems = LateProblems(world.app._problems, world.app._on_event)
    world.app.reload(world.config(folder))
    assert set(world.app.facts()["folders"].values()) == {"It cannot be read."}
