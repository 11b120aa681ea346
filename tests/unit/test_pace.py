"""How fast an account may be used."""

from hypothesis import given
from hypothesis import strategies as st

from watcher.model import Accepted, Refused, Wait
from watcher.pace import MINUTE, Pace


def test_as_many_at_once_as_allowed():
    pace = Pace(3)
    assert pace.free(0) == 3
    pace.start()
    assert pace.free(0) == 2
    pace.end(Accepted(), 1, 0.5)
    assert pace.free(1) == 3


def test_offline_pauses_all_and_one_goes_first_to_try():
    pace = Pace(4)
    for _ in range(4):
        pace.start()
    for _ in range(4):
        pace.end(Wait("offline", offline=True), 10, 0.5)
    assert pace.failures == 1  # four that were under way are one finding
    assert pace.free(10) == 0
    assert pace.next_start(10) == 11.0
    assert pace.free(11) == 1
    pace.start()
    assert pace.free(11) == 0
    pace.end(Accepted(), 12, 0.5)
    assert pace.free(12) == 4


def test_too_many_requests_halve_the_parallel_ones_which_recover():
    pace = Pace(8)
    pace.start()
    pace.end(Wait("429", retry_after=30.0, slow_down=True), 0, 0.5)
    assert (pace.limit, pace.paused_until) == (4, 30.0)
    for _ in range(4 + 5 + 6 + 7):
        pace.start()
        pace.end(Refused("an answer all the same"), 40, 0.5)
    assert pace.limit == 8


def test_a_failure_of_one_file_slows_nothing_down():
    pace = Pace(2)
    pace.start()
    pace.end(Wait("500"), 0, 0.9)
    assert pace.free(0) == 2


def test_resume_tries_at_once():
    pace = Pace(2)
    pace.start()
    pace.end(Wait("offline", offline=True), 0, 0.9)
    pace.resume()
    assert pace.free(0) == 2


def test_requests_of_an_earlier_run_count():
    pace = Pace(9, per_minute=3)
    pace.remember([0.0, 0.0])
    assert pace.free(0) == 1
    assert pace.free(MINUTE) == 3


@given(
    st.integers(1, 5),
    st.integers(1, 6),
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 30), st.floats(0, 1)), max_size=60),
)
def test_no_minute_at_the_server_sees_more_than_allowed(per_minute, parallel, steps):
    """Each request arrives at any moment between its start and its end."""
    pace = Pace(parallel, per_minute)
    now, ends, arrivals = 0.0, [], []
    for pause, takes, share in steps:
        now += pause
        for end in sorted(end for end in ends if end <= now):
            pace.end(Accepted(), end, 0.5)
            ends.remove(end)
        if pace.free(now):
            pace.start()
            ends.append(now + takes)
            arrivals.append(now + takes * share)
    for moment in arrivals:
        assert sum(moment <= other < moment + MINUTE for other in arrivals) <= per_minute
