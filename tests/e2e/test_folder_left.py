"""A folder that is taken out of the settings while files of it wait, and comes back."""

import os

from tests.e2e.test_by_hand import drop, wait_for
from watcher import sandbox as sb
from watcher.app.places import Places
from watcher.page.client import Channel, NotRunningError
from watcher.pipeline import Leave, Pause, Retry
from watcher.settings import Existing
from watcher.states import LEFT

REFUSE = sb.Fault(kind=sb.Kind.STATUS, status=400, message="not this one", file_name="bad*")


def leave_all_but(world, *folders):
    world.app.post(Leave(frozenset(os.path.realpath(folder.path) for folder in folders)))
    world.nudge()


def watch(world, *folders):
    world.app.reload(world.config(*folders))
    leave_all_but(world, *folders)


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
    wait_for(world, eventually, "b.pdf", "accepted")
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
    assert not world.app.snapshot().kept
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


def test_a_folder_removed_by_command_leaves_nothing_waiting_now_or_after_a_start(desk, eventually):
    desk.configure(f'[[folders]]\npath = "{desk.root}/other"\nsource_key = "{sb.SALES.key}"')
    (desk.root / "other").mkdir()
    desk.start("run")

    def channel():
        try:
            return Channel.open(Places(str(desk.root / "state")))
        except NotRunningError:
            return None

    def groups():
        return channel().get("/api/now")["now"]["groups"]

    eventually(channel, 30)
    channel().post("/api/pause")
    for name in ("other/a.pdf", "other/b.pdf"):
        (desk.root / name).write_bytes(b"%PDF-1.4\n%" + name.encode() + b"\n%%EOF\n")
    eventually(lambda: groups()["waiting"] == 2, 20)
    removed = desk.run("folder", "remove", str(desk.root / "other"), "--yes")
    assert "2 of its files are not sent yet, and will not be." in removed.stdout
    eventually(lambda: (groups()["waiting"], groups()["aside"]) == (0, 2), 20)
    assert desk.processes[-1].end() == 0
    assert sorted(os.listdir(desk.root / "other")) == ["a.pdf", "b.pdf"]
