"""Files that are not complete for a while: people see that they wait, and for what."""

import os
import time

import pytest

from tests.support.outcomes import ARRIVED
from tests.support.samples import PDF
from tests.support.world import wait_for
from watcher.daemon.dry_run import check_file
from watcher.daemon.plans import make_plans
from watcher.journal.reader import Reader
from watcher.model.kinds import State
from watcher.model.reasons import BEING_WRITTEN, INCOMPLETE, UNFINISHED
from watcher.pipeline import settle
from watcher.present import view


@pytest.fixture(autouse=True)
def shown_soon(monkeypatch):
    monkeypatch.setattr(settle, "SHOWN_AFTER", 0.5)


def read_pdf():
    with open(PDF, "rb") as file:
        return file.read()


def shown(world):
    """What people see of each file: its state and reason, by its name."""
    return {os.path.basename(each.path): (each.state, each.why) for each in world.entries()}


def test_a_file_that_is_held_open_is_shown_until_it_is_complete(world, eventually):
    folder = world.folder()
    world.start(folder)
    path = os.path.join(folder.path, "download.pdf")
    content = read_pdf()
    with open(path, "wb", buffering=0) as file:
        file.write(content[:100])
        eventually(lambda: shown(world) == {"download.pdf": (State.NOTICED, BEING_WRITTEN)})
        (first,) = world.entries()
        reader = Reader(world.places.journal)
        assert reader.waiting_reasons(5)[0][:3] == (State.NOTICED, BEING_WRITTEN, 1)
        reader.close()
        status = world.app.snapshot()
        assert (status.done, status.total) == (0, 0)  # nothing is being uploaded
        plans = make_plans(world.config(folder))
        verdict = check_file(path, plans, world.places)
        assert (verdict.display, verdict.why) == (view.STATES[State.WAITING], BEING_WRITTEN)
        file.write(content[100:])
    eventually(lambda: world.states()["download.pdf"] in ARRIVED)
    assert [each.file_id for each in world.entries()] == [first.file_id]


def test_a_file_that_grows_is_shown_once(world, eventually):
    folder = world.folder(settle_seconds=60.0)
    world.start(folder)
    path = os.path.join(folder.path, "copy.pdf")
    with open(path, "wb", buffering=0) as file:

        def shown_as_it_grows():
            file.write(b"x")
            return shown(world)

        # On a busy machine it may be seen before its first byte, and then counts as incomplete.
        eventually(lambda: any(why in UNFINISHED for _, why in shown_as_it_grows().values()))
        (entry,) = world.entries()
        assert entry.state is State.NOTICED
        for _ in range(5):
            shown_as_it_grows()
            world.nudge()
        assert world.entries() == [entry]
        os.unlink(path)
    wait_for(world, eventually, "copy.pdf", "gone")


def test_a_file_that_breaks_off_is_shown_until_it_is_refused(world, eventually):
    folder = world.folder(settle_seconds=0.5)
    world.start(folder)
    path = os.path.join(folder.path, "half.pdf")
    with open(path, "wb") as file:
        file.write(read_pdf()[:100])
    eventually(lambda: shown(world) == {"half.pdf": (State.NOTICED, INCOMPLETE)})
    wait_for(world, eventually, "half.pdf", "refused")
    assert len(world.entries()) == 1


def test_what_was_waited_for_is_looked_at_when_the_program_starts_again(world, eventually):
    folder = world.folder()
    world.start(folder)
    path = os.path.join(folder.path, "late.pdf")
    with open(path, "wb", buffering=0) as file:
        file.write(read_pdf())
        eventually(lambda: shown(world) == {"late.pdf": (State.NOTICED, BEING_WRITTEN)})
        world.stop()
    world.start(folder)
    eventually(lambda: world.states()["late.pdf"] in ARRIVED)


def test_check_waits_for_what_breaks_off_as_long_as_the_program_does(world):
    folder = world.folder(settle_seconds=60.0)
    path = os.path.join(folder.path, "half.pdf")
    plans = make_plans(world.config(folder))
    with open(path, "wb") as file:
        file.write(read_pdf()[:100])
    verdict = check_file(path, plans, world.places)
    assert (verdict.display, verdict.why) == (view.STATES[State.WAITING], INCOMPLETE)
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    assert check_file(path, plans, world.places).display is view.STATES[State.REFUSED]
