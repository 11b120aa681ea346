"""Clocks that jump and requests that are counted: by a clock of the test's own."""

import os

from tests.support.clock import SetClock
from tests.support.samples import make_pdf
from watcher.model.files import ScanEnded
from watcher.pipeline.messages import ClockJump, Pause
from watcher.sandbox import Fault, Kind

DAY = 86400.0


def drop(folder, *names):
    for name in names:
        make_pdf(os.path.join(folder.path, f"{name}.pdf"), name)


def test_a_clock_set_back_a_day_delays_nothing(world, eventually):
    clock = SetClock()
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="2"))
    folder = world.folder()
    world.start(folder, clock=clock)
    drop(folder, "a")
    eventually(lambda: world.states().get("a.pdf") == "waiting")
    clock.set_by = -DAY
    world.sandbox.faults.clear()
    world.nudge()
    world.wait_for(lambda: ClockJump in map(type, world.news))
    drop(folder, "b")
    world.wait_idle(2)
    assert len(world.arrived()) == 2


def test_a_clock_set_back_between_two_runs_delays_nothing(world, eventually):
    clock = SetClock()
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="2"))
    folder = world.folder()
    world.start(folder, clock=clock)
    drop(folder, "a")
    eventually(lambda: world.states().get("a.pdf") == "waiting")
    world.stop()
    clock.set_by = -DAY
    world.sandbox.faults.clear()
    world.start(folder, clock=clock)
    world.wait_idle(1)
    assert len(world.arrived()) == 1


def test_after_sleep_folders_are_looked_through_and_pauses_are_over(world, eventually):
    clock = SetClock()
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="3000"))
    folder = world.folder()
    world.start(folder, clock=clock)
    drop(folder, "a")
    eventually(lambda: world.states().get("a.pdf") == "waiting")
    world.sandbox.faults.clear()
    clock.passed += 3600.0
    world.nudge()
    world.wait_for(
        lambda: any(isinstance(n, ScanEnded) and n.reason == "woke up" for n in world.news)
    )
    world.wait_idle(1)
    assert len(world.arrived()) == 1


def test_no_minute_sees_more_requests_than_allowed_across_restarts_too(world):
    clock = SetClock()
    folder = world.folder()
    world.start(folder, clock=clock, max_requests_per_minute=3)
    drop(folder, *"abcdefgh")
    seen = 0
    while seen < 8:
        world.wait_for(lambda seen=seen: len(world.arrived()) >= min(seen + 3, 8))
        for _ in range(2):
            world.stop()
            world.start(folder, clock=clock, max_requests_per_minute=3)
            world.nudge()
            world.nudge()  # by now what the first one let go would be on its way
        world.stop()
        times = [record.received_at for record in world.sandbox.ledger.records()[seen:]]
        # On a slow machine a minute may pass: then more of them are right, but not at once.
        assert all(sum(at <= other < at + 60 for other in times) <= 3 for at in times), times
        seen += len(times)
        clock.passed += 61.0
        world.start(folder, clock=clock, max_requests_per_minute=3)


def test_a_pause_lasts_as_long_as_was_meant_when_the_clock_is_set(world, eventually):
    clock = SetClock()
    folder = world.folder()
    world.start(folder, clock=clock)
    world.app.post(Pause(clock.wall() + 3600))
    eventually(lambda: world.app.snapshot().paused_until)
    clock.set_by = -DAY
    world.nudge()
    world.wait_for(lambda: ClockJump in map(type, world.news))
    eventually(lambda: 0 < world.app.snapshot().paused_until - clock.wall() <= 3600)
    drop(folder, "a")
    eventually(lambda: world.states().get("a.pdf") == "queued")
    clock.passed = 3601
    world.nudge()
    world.wait_idle(1)


def test_what_comes_due_is_done_though_there_is_always_a_hint_that_changes_nothing(
    world, eventually
):
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="1", file_name="a*"))
    folder = world.folder()
    world.start(folder)
    drop(folder, "known")
    world.wait_idle(1)
    drop(folder, "a")
    eventually(lambda: world.states().get("a.pdf") == "waiting")
    world.sandbox.faults.clear()

    def is_sent():
        with open(os.path.join(folder.path, "known.pdf"), "r+b"):  # is closed as it was
            return world.states()["a.pdf"] in ("accepted", "parsed")

    eventually(is_sent)


class PausedClock(SetClock):
    """Notes for how many seconds the pipeline has waited for more to share a turn."""

    def __init__(self):
        super().__init__()
        self.paused = 0.0

    def pause(self, seconds):
        self.paused += seconds
        super().pause(seconds)


def test_answers_of_many_uploads_share_turns_and_a_lone_file_waits_for_nothing(world):
    clock = PausedClock()
    folder = world.folder(ask_above=0)
    world.start(folder, clock=clock, parallel_uploads=16)
    drop(folder, "alone")
    world.wait_idle(1)
    assert not clock.paused
    world.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.5))
    drop(folder, *map(str, range(16)))
    world.wait_idle(17)
    assert 0 < clock.paused < 0.5
    assert len(world.arrived()) == 17
