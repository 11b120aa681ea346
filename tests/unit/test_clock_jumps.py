"""Clocks that are set and machines that sleep, told apart by tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.pipeline.loop import OVERSLEPT, TOLERANCE, JumpDetector
from watcher.pipeline.messages import ClockJump

DAY = 86400.0


@pytest.mark.parametrize(
    ("wait", "wall", "tick", "expected"),
    [
        (60.0, 60.0, 60.0, None),  # as it should be
        (60.0, 1.0, 1.0, None),  # something came before the time was up
        (60.0, 62.0, 60.0, None),  # a clock was corrected by a little
        (60.0, 70.0, 70.0, None),  # a busy machine was late
        (60.0, DAY, DAY, ClockJump()),  # slept
        (60.0, 60.0 + DAY, 60.0, ClockJump(DAY)),  # set a day forward
        (60.0, 60.0 - DAY, 60.0, ClockJump(-DAY)),  # and back
    ],
)
def test_what_happened_to_the_time(wait, wall, tick, expected):
    detector = JumpDetector(1000.0, 50.0)
    detector.expect(wait)
    assert detector.check(1000.0 + wall, 50.0 + tick) == expected


def test_a_clock_that_was_set_is_told_of_once():
    detector = JumpDetector(0.0, 0.0)
    detector.expect(60.0)
    assert detector.check(DAY + 1.0, 1.0) == ClockJump(DAY)
    assert detector.check(DAY + 2.0, 2.0) is None


def test_sleep_in_the_middle_of_a_turn_is_noticed_at_the_next_one():
    detector = JumpDetector(0.0, 0.0)
    detector.expect(60.0)
    assert detector.check(1.0, 1.0) is None
    detector.expect(0.0)  # an hour later, by the end of that turn
    assert detector.check(3601.0, 3601.0) == ClockJump()


@given(st.floats(-1e9, 1e9), st.floats(0, 1e6), st.floats(0, OVERSLEPT))
def test_shifting_by_what_it_says_keeps_every_delay(set_by, passed, late):
    detector = JumpDetector(0.0, 0.0)
    detector.expect(passed)
    tick = passed + late
    jump = detector.check(tick + set_by, tick)
    due_in = 100.0  # a moment of the wall clock, 100 s after the start
    shifted = due_in + (jump.set_by if jump else 0.0)
    assert abs((shifted - (tick + set_by)) - (due_in - tick)) <= TOLERANCE + 1e-3
