"""How fast an account may be used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.hrflow.rate_limiter import MINUTE, RateLimiter
from watcher.i18n.message import verbatim
from watcher.journal.writer import Journal
from watcher.model.kinds import Limit
from watcher.model.settings import Account, Config
from watcher.model.uploads import (
    Accepted,
    Altered,
    Parsed,
    Profile,
    Refused,
    Uncertain,
    Unknown,
    Wait,
)
from watcher.pipeline.budget import Budget
from watcher.pipeline.messages import Configure
from watcher.pipeline.stage import Context


def test_as_many_at_once_as_allowed():
    limiter = RateLimiter(3)
    assert limiter.free(0) == 3
    limiter.start()
    assert limiter.free(0) == 2
    limiter.end(Accepted(), 1, 0.5)
    assert limiter.free(1) == 3


def test_offline_pauses_all_and_one_goes_first_to_try():
    limiter = RateLimiter(4)
    for _ in range(4):
        limiter.start()
    for _ in range(4):
        limiter.end(Wait(verbatim("offline"), offline=True), 10, 0.5)
    assert limiter.failures == 1  # four that were under way are one finding
    assert limiter.free(10) == 0
    assert limiter.next_start(10) == 11.0
    assert limiter.free(11) == 1
    limiter.start()
    assert limiter.free(11) == 0
    limiter.end(Accepted(), 12, 0.5)
    assert limiter.free(12) == 2


def test_too_many_requests_halve_the_parallel_ones_which_recover():
    limiter = RateLimiter(8)
    limiter.start()
    limiter.end(Wait(verbatim("429"), retry_after=30.0, slow_down=True), 0, 0.5)
    assert (limiter.limit, limiter.paused_until) == (4, 30.0)
    for _ in range(4 + 5 + 6 + 7):
        limiter.start()
        limiter.end(Refused(verbatim("an answer all the same")), 40, 0.5)
    assert limiter.limit == 8


TROUBLES = [
    Uncertain(verbatim("503"), troubled=True),
    Uncertain(verbatim("a log-in page"), offline=True),
    Wait(verbatim("503 before the whole body was out"), troubled=True),
    Wait(verbatim("refused"), offline=True),
]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_server_in_trouble_is_spared(trouble):
    """Of a long backlog some dozen go out in an hour."""
    limiter, now, sent = RateLimiter(64), 0.0, 0
    while now < 3600:
        for _ in range(free := limiter.free(now)):
            limiter.start()
        for _ in range(free):
            limiter.end(trouble, now, 0.5)
        sent += free
        now = limiter.next_start(now)
    assert sent < 64 + 60
    assert limiter.limit == 1


@pytest.mark.parametrize("trouble", TROUBLES)
def test_it_recovers_step_by_step(trouble):
    limiter = RateLimiter(4)
    for _ in range(9):  # however much has gone well before
        limiter.start()
        limiter.end(Accepted(), 0, 0.5)
    limiter.start()
    limiter.end(trouble, 0, 0.5)
    for round_, free in enumerate([2, 3, 3, 3, 4, 4], 100):
        limiter.start()
        limiter.end(Accepted(), round_, 0.5)
        assert limiter.free(round_) == free


def test_one_bad_file_among_good_ones_does_not_stop_them_for_long():
    """A server that fails over a single file each time, even if that names an hour."""
    limiter, now, sent = RateLimiter(4), 0.0, 0
    while now < 600:
        limiter.start()
        bad = sent % 20 == 0
        limiter.end(Uncertain(verbatim("500"), troubled=True) if bad else Accepted(), now, 0.99)
        sent += 1
        now = max(now + 0.1, limiter.paused_until)
    assert sent > 600 / 0.3
    limiter.end(Uncertain(verbatim("500"), 10 * 3600.0, troubled=True), now, 0.5)
    assert limiter.paused_until <= now + 3600


def test_that_questions_are_answered_does_not_prove_that_uploads_are():
    limiter = RateLimiter(8)
    limiter.start()
    limiter.end(Uncertain(verbatim("503"), troubled=True), 0, 0.5)
    for is_follow_up, is_confirmation in ((True, False), (False, True)):
        limiter.start(is_follow_up=is_follow_up)
        limiter.end(
            Parsed(Profile("p")),
            10,
            0.5,
            is_follow_up=is_follow_up,
            is_confirmation=is_confirmation,
        )
        assert limiter.free(10) == 1
    limiter.start()
    limiter.end(Accepted(), 10, 0.5)
    assert limiter.free(10) == 4


def test_questions_end_a_trouble_that_only_questions_met():
    limiter = RateLimiter(8)
    limiter.start()
    limiter.end(Wait(verbatim("503"), troubled=True), 0, 0.5, is_confirmation=True)
    limiter.start()
    limiter.end(Unknown(), 10, 0.5, is_confirmation=True)
    assert limiter.free(10) == 4


@pytest.mark.parametrize(
    "outcome", [Wait(verbatim("could not be read")), Altered(verbatim("shorter"))]
)
def test_what_is_the_file_s_own_trouble_slows_nothing_down(outcome):
    limiter = RateLimiter(2)
    limiter.start()
    limiter.end(outcome, 0, 0.9)
    assert limiter.free(0) == 2


def test_resume_tries_at_once():
    limiter = RateLimiter(4)
    limiter.start()
    limiter.end(Wait(verbatim("offline"), offline=True), 0, 0.9)
    limiter.resume()
    assert limiter.free(0) == 2


def test_what_is_under_way_counts_under_other_settings_too():
    limiter = RateLimiter(4)
    limiter.start()
    limiter.configure(2)
    assert limiter.free(0) == 1
    limiter.end(Accepted(), 1, 0.5)
    assert (limiter.running, limiter.free(1)) == (0, 2)


def test_requests_of_an_earlier_run_count():
    limiter = RateLimiter(9, per_minute=3)
    limiter.count_earlier([0.0, 0.0])
    assert limiter.free(0) == 1
    assert limiter.free(MINUTE) == 3


@given(
    st.integers(1, 5),
    st.integers(1, 6),
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 30), st.floats(0, 1)), max_size=60),
)
def test_no_minute_at_the_server_sees_more_than_allowed(per_minute, parallel, steps):
    """Each request arrives at any moment between its start and its end."""
    limiter = RateLimiter(parallel, per_minute)
    now, ends, arrivals = 0.0, [], []
    for pause, takes, share in steps:
        now += pause
        for end in sorted(end for end in ends if end <= now):
            limiter.end(Accepted(), end, 0.5)
            ends.remove(end)
        if limiter.free(now):
            limiter.start()
            ends.append(now + takes)
            arrivals.append(now + takes * share)
    for moment in arrivals:
        assert sum(moment <= other < moment + MINUTE for other in arrivals) <= per_minute


def test_a_share_of_the_minute_bounds_it():
    limiter = RateLimiter(8, per_minute=6)
    limiter.shares[Limit.MINUTE] = 2
    assert limiter.free(0.0) == 2
    limiter.start()
    limiter.end(Accepted(), 1.0, 0.0)
    assert (limiter.free(1.0), limiter.used(1.0)) == (1, 1)
    limiter.shares[Limit.MINUTE] = 9
    assert limiter.free(1.0) == 5  # never beyond the limit itself
    limiter.shares.clear()
    assert limiter.free(61.5) == 6


def test_a_share_of_what_runs_at_once_bounds_it():
    limiter = RateLimiter(8)
    limiter.start()
    limiter.shares[Limit.AT_ONCE] = 3
    assert limiter.free(0.0) == 2
    limiter.shares[Limit.AT_ONCE] = 0
    assert limiter.free(0.0) == 0
    limiter.shares[Limit.AT_ONCE] = 20
    assert limiter.free(0.0) == 7


class SetClock:
    now = 1_000_000.0

    def wall(self):
        return self.now

    tick = wall


def test_what_was_under_way_at_the_end_of_a_run_may_still_be_read_by_the_server(tmp_path):
    journal = Journal(str(tmp_path / "journal.db"))
    clock = SetClock()
    ended = journal.queues.begin_request("default", clock.now)
    journal.queues.end_request(ended, clock.now)
    journal.queues.begin_request("default", clock.now)  # and then it was killed
    budget = Budget(Context(journal, clock, None, None, print, print))
    account = Account(name="default", email="a@example.org", max_requests_per_minute=3)
    budget.configure(Configure(Config(accounts=(account,)), {}))
    assert budget.free("default") == 1
    clock.now += 61.0
    assert budget.free("default") == 2
    clock.now += 10.0
    assert budget.free("default") == 3
    journal.close()
