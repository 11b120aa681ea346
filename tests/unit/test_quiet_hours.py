"""Quiet hours."""

import math
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model.settings import read_hours
from watcher.present.notifications import silent_until


def at(hour, minute=0, day=5):
    return datetime(2026, 3, day, hour, minute).timestamp()  # noqa: DTZ001 - local times


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        ("18:00-08:00", at(17, 59), 0),
        ("18:00-08:00", at(18), at(8, day=6)),  # from the first minute on
        ("18:00-08:00", at(23, 59), at(8, day=6)),
        ("18:00-08:00", at(0, day=6), at(8, day=6)),  # past midnight it is over the same day
        ("18:00-08:00", at(7, 59, day=6), at(8, day=6)),
        ("18:00-08:00", at(8, day=6), 0),  # to the last minute before
        ("12:00-13:30", at(12, 30), at(13, 30)),  # within one day
        ("12:00-13:30", at(13, 30), 0),
        ("12:00-13:30", at(3), 0),
        ("", at(3), 0),
    ],
)
def test_quiet_hours_end_when_they_say(hours, now, end):
    assert silent_until(hours, 0.0, now) == end


def test_the_hour_that_a_clock_repeats_is_quiet_twice(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    try:
        for hour in (0, 1):  # 02:10 in summer time, and in winter time
            now = datetime(2026, 10, 25, hour, 10, tzinfo=UTC).timestamp()
            assert silent_until("02:00-02:30", 0.0, now) == now + 20 * 60
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_snooze_and_quiet_hours_end_with_the_later_one():
    assert silent_until("18:00-08:00", at(19), at(18, 30)) == at(8, day=6)
    assert silent_until("18:00-08:00", at(9, day=6), at(18, 30)) == at(9, day=6)
    assert math.isinf(silent_until("", math.inf, at(3)))


@pytest.mark.parametrize(
    "text", ["18:00", "18-8", "25:00-08:00", "18:00-08:61", "18:00-18:00", "-", "a-b", "1:2-3:4:5"]
)
def test_what_are_no_two_times_is_said(text):
    with pytest.raises(ValueError):
        read_hours(text)


@given(st.times(), st.times(), st.floats(946_684_800, 4_102_444_800))
def test_silence_ends_within_a_day_and_never_in_the_past(begin, over, now):
    begin, over = begin.strftime("%H:%M"), over.strftime("%H:%M")
    if begin == over:
        return
    end = silent_until(f"{begin}-{over}", 0.0, now)
    assert end == 0 or now < end <= now + timedelta(hours=25).total_seconds()
