"""What a person is asked about before it is sent: pure decisions."""

import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.i18n.message import NOTHING
from watcher.model.holds import HOUR, Arrivals, month_end, month_of, uploads_left
from watcher.model.reasons import burst_why, monthly_limit_why


@pytest.mark.parametrize(
    ("times", "limit", "asks", "why"),
    [
        ([], 3, False, "nothing has come"),
        ([1, 2, 3], 3, False, "as many as are allowed"),
        ([1, 2, 3, 4], 3, True, "one more"),
        ([1, 2, 3, 4], 0, False, "0 is no limit"),
        ([1, HOUR + 1, HOUR + 1, HOUR + 1], 3, False, "the first one came an hour before"),
        ([1, HOUR, HOUR, HOUR], 3, True, "it came less than an hour before"),
    ],
)
def test_more_files_within_an_hour_than_the_limit_are_asked_about(times, limit, asks, why):
    arrivals = Arrivals()
    for number, at in enumerate(times):
        arrivals.add(number, at)
    assert arrivals.exceed(limit, times[-1] if times else 0) is asks, why


@given(st.lists(st.floats(0, 3 * HOUR), min_size=1, max_size=40).map(sorted), st.integers(0, 20))
def test_as_many_count_as_came_within_the_hour(times, limit):
    arrivals = Arrivals(enumerate(times))
    now = times[-1]
    assert arrivals.exceed(limit, now) is (0 < limit < sum(at > now - HOUR for at in times))


def test_a_file_that_is_looked_at_again_counts_once():
    arrivals = Arrivals([(7, 1.0)])
    arrivals.add(7, 2.0)
    assert not arrivals.exceed(1, 3.0)
    assert arrivals.take_all() == [7]
    assert arrivals.take_all() == []


@pytest.mark.parametrize(
    ("limit", "approved", "used", "left"),
    [(10, 0, 0, 10), (10, 0, 10, 0), (10, 0, 12, 0), (10, 5, 12, 3), (10, 5, 15, 0)],
)
def test_a_month_allows_its_limit_and_what_was_approved(limit, approved, used, left):
    assert uploads_left(limit, approved, used) == left


@given(st.integers(0, 4_000_000_000))
def test_a_month_ends_where_the_next_begins(now):
    end = month_end(now)
    assert now < end <= now + 32 * 86_400
    assert month_of(end) > month_of(now) == month_of(end - 1)
    assert time.localtime(end)[2:5] == (1, 0, 0)


def test_reasons_tell_how_many_files_and_until_when():
    assert burst_why("/cvs", 300).args == {"folder": "/cvs", "limit": 300}
    december = datetime(2026, 12, 24).timestamp()  # noqa: DTZ001 - local
    assert monthly_limit_why(NOTHING, 10, december).args["day"] == "2027-01-01"
