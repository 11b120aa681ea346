"""When HrFlow is asked what became of an upload, and what its answer means for the file."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.hrflow.rate_limiter import MINUTE, RateLimiter
from watcher.i18n.message import NOTHING, verbatim
from watcher.model import lifecycle
from watcher.model import records as times
from watcher.model.kinds import State
from watcher.model.records import Stat, Timing
from watcher.model.uploads import (
    FollowUp,
    Job,
    ListedProfile,
    Parsed,
    Profile,
    ProfilePage,
    Unknown,
    Unreadable,
    Wait,
)
from watcher.pipeline import follow_up as rules

SHA = "ab" * 32
SINCE = 1_000_000.0


def follow_up(reference=SHA, tries=0, reported_key="", fields=(), name="cv.pdf", size=100):
    job = Job(7, "/f", f"/f/{name}", Stat(size, 1), SHA, "application/pdf", name, "default",
              "source", reference, fields)  # fmt: skip
    return FollowUp(job, SINCE, tries, reported_key)


# -- the schedule


def moments(until):
    """When an upload is asked for that is never found."""
    now = SINCE + rules.FIRST
    while now <= SINCE + until:
        yield now - SINCE
        now = rules.next_question(SINCE, now)


def test_the_intervals_grow_and_then_it_is_asked_once_a_day():
    first = list(moments(rules.WINDOW))
    assert first[:4] == [5, 10, 20, 40]
    assert len(first) <= 11
    days = [at for at in moments(rules.END) if at > rules.WINDOW]
    assert len(days) in (7, 8)
    assert all(b - a <= rules.DAILY for a, b in itertools.pairwise(days))
    assert max(days) == rules.END


@given(st.floats(0, rules.END * 2))
def test_the_next_question_is_always_later_and_within_a_day(elapsed):
    now = SINCE + elapsed
    assert now + rules.FIRST <= rules.next_question(SINCE, now) <= now + rules.DAILY


@given(st.floats(0, rules.END - 1))
def test_the_window_has_its_last_question_at_its_end(elapsed):
    """Nobody is told "not known yet" before that was asked for."""
    now = SINCE + elapsed
    following = rules.next_question(SINCE, now)
    if elapsed < rules.WINDOW - rules.FIRST:
        assert following <= SINCE + rules.WINDOW + 1e-6


# -- answers


@pytest.mark.parametrize(
    ("finding", "elapsed", "told", "state", "why"),
    [
        (Parsed(Profile("k")), 5, "", State.PARSED, "found"),
        (Parsed(Profile("k")), rules.END * 2, "", State.PARSED, "found, however late"),
        (Unknown(), 5, "", None, "proves nothing while parsing goes on"),
        (Unknown(), rules.END - 1, "", None, "the week is not over"),
        (Unknown(), rules.END, "", State.PARSE_FAILED, "never found"),
        (Wait(verbatim("w")), rules.END * 2, "", None, "no answer proves nothing, however late"),
        (Wait(verbatim("w"), offline=True), rules.END * 2, "", None, "likewise"),
        (Unreadable(), rules.END * 2, "", None, "a key that cannot read proves nothing"),
        (Unknown(), 5, "key", State.PARSED, "the webhook has told so"),
        (Wait(verbatim("w")), 5, "key", State.PARSED, "the webhook has told so"),
        (Unreadable(), 5, "key", State.PARSED, "the webhook has told so"),
    ],
)
def test_what_an_answer_means(finding, elapsed, told, state, why):
    verdict = rules.judge(finding, follow_up(reported_key=told), SINCE + elapsed)
    if state is None:
        assert isinstance(verdict, rules.Again), why
        assert verdict.at >= SINCE + elapsed
    else:
        assert verdict.state is state, why
        assert lifecycle.allowed(State.ACCEPTED, verdict.state)


def test_after_the_window_its_words_say_that_nothing_is_known():
    assert rules.judge(Unknown(), follow_up(), SINCE + 100).why == NOTHING
    assert rules.judge(Unknown(), follow_up(), SINCE + rules.WINDOW).why == rules.NOT_YET


def test_a_time_the_server_names_is_kept():
    verdict = rules.judge(Wait(verbatim("w"), retry_after=500.0), follow_up(), SINCE + 5)
    assert verdict.at == SINCE + 505


# -- how often


@given(st.lists(st.booleans(), max_size=200))
def test_the_first_delay_stays_within_bounds(answers):
    delay = rules.FirstDelay()
    for found in answers:
        delay = delay.learn(found=found)
        assert rules.FIRST <= delay.seconds <= 300


@pytest.mark.parametrize("takes", [1.0, 20.0, 120.0])
def test_the_first_delay_follows_the_time_that_parsing_takes(takes):
    delay, asked = rules.FirstDelay(), 0
    for number in range(300):
        found = delay.seconds >= takes
        asked += 1 if found else 2
        delay = delay.learn(found=found)
        if number == 100:
            asked = 0
    assert asked / 199 < 1.35
    assert delay.seconds < max(rules.FIRST, takes) * 1.7


@given(st.integers(0, 2000), st.floats(0.01, 1.0))
def test_questions_never_take_more_than_their_share(per_minute, share):
    limiter = RateLimiter(*rules.share_limits(per_minute, share))
    allowed = (per_minute or rules.UNLIMITED) * share
    now, started = 0.0, []
    for _ in range(400):
        if limiter.free(now):
            limiter.start()
            started.append(now)
            limiter.end(Unknown(), now, 0.5)
        now += 0.7
    hours = max(now, MINUTE / allowed) / MINUTE
    assert len(started) <= allowed * (hours + 1) + 1


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20), st.floats(0, 5)), max_size=80))
def test_uploads_and_questions_together_keep_to_the_minute(steps):
    limiter = RateLimiter(3, 5)
    now, ends, starts = 0.0, [], []
    for is_follow_up, pause, takes in steps:
        now += pause
        for end, kind in sorted(each for each in ends if each[0] <= now):
            limiter.end(Unknown(), end, 0.5, is_follow_up=kind)
            ends.remove((end, kind))
        if limiter.free_follow_ups(now) if is_follow_up else limiter.free(now):
            limiter.start(is_follow_up=is_follow_up)
            starts.append(now)
            ends.append((now + takes, is_follow_up))
    assert all(sum(at <= other < at + MINUTE for other in starts) <= 5 for at in starts)


def test_questions_take_no_uploads_place_among_those_at_the_same_time():
    limiter = RateLimiter(2)
    for _ in range(5):
        limiter.start(is_follow_up=True)
    assert limiter.free(0) == 2
    assert limiter.free_follow_ups(0) is None


def test_a_question_that_fails_holds_no_upload_back():
    limiter = RateLimiter(2, 10)
    limiter.start(is_follow_up=True)
    limiter.end(Wait(verbatim("a page for people"), offline=True), 0, 0.5, is_follow_up=True)
    assert limiter.free(0) == 2
    limiter.start(is_follow_up=True)
    limiter.end(
        Wait(verbatim("too many"), retry_after=30.0, slow_down=True), 0, 0.5, is_follow_up=True
    )
    assert limiter.free(0) == 0  # that is said of all requests
    assert limiter.next_start(0) == 30.0


def test_after_a_failure_a_single_question_tries_the_ice():
    limiter = RateLimiter(2, 10)
    limiter.start()
    limiter.end(Wait(verbatim("offline"), offline=True), 0, 0.5)
    assert limiter.free_follow_ups(0) == 0
    assert limiter.free_follow_ups(60) == 1
    limiter.start(is_follow_up=True)
    assert limiter.free_follow_ups(60) == 0
    assert limiter.free(60) == 1  # an upload may try as well


# -- references


def test_a_content_that_is_sent_again_gets_the_next_number():
    assert [rules.numbered("r", number) for number in range(4)] == ["r", "r-2", "r-3", "r-4"]


def test_a_numbered_reference_is_still_made_from_the_content():
    assert rules.is_derived(rules.numbered(SHA, 3), SHA)
    assert not rules.is_derived("the-same-for-all", SHA)
    assert not rules.is_derived("x", "")


# -- search


def test_a_search_is_made_where_a_reference_may_be_anothers_or_was_in_vain():
    assert rules.asks_by_search(follow_up("shared"))
    assert not rules.asks_by_search(follow_up())
    assert [rules.asks_by_search(follow_up(tries=tries)) for tries in (9, 10, 11, 12, 13)] == [
        False, False, True, False, True,
    ]  # fmt: skip


def listed(key="k", name="cv.pdf", size=100, created_at=0.0, came_at=SINCE + 3, reference=""):
    return ListedProfile(Profile(key), reference, name, size, created_at, came_at)


CREATED = (("created_at", "1970-01-12T13:46:40+00:00"),)  # SINCE, in ISO 8601


@pytest.mark.parametrize(
    ("found", "fields", "taken", "key", "why"),
    [
        ([listed()], (), (), "k", "name, size and time fit"),
        ([listed(size=0, came_at=0.0)], (), (), "k", "nothing speaks against it"),
        ([listed(name="other.pdf")], (), (), None, "another name"),
        ([listed(size=99)], (), (), None, "another content"),
        ([listed(came_at=SINCE - 3600)], (), (), None, "came before"),
        ([listed()], (), ("k",), None, "belongs to another file"),
        ([listed(created_at=SINCE)], CREATED, (), "k", "the date that was sent"),
        ([listed(created_at=SINCE - 99)], CREATED, (), None, "another date"),
        ([listed("a"), listed("b")], (), (), None, "two are alike: nobody can tell"),
        ([listed("a", size=0), listed("b")], (), (), "b", "the size decides"),
        ([listed("a"), listed("b")], (), ("a",), "b", "one of the two is taken"),
        ([], (), (), None, "nothing there"),
    ],
)
def test_which_profile_is_probably_a_files(found, fields, taken, key, why):
    profile = rules.match(follow_up("shared", fields=fields), ProfilePage(tuple(found)), taken)
    assert (profile.key if profile else None) == key, why


@pytest.mark.parametrize(
    ("text", "at"),
    [("1970-01-12T13:46:40+00:00", SINCE), ("1000000", SINCE), ("", 0.0), ("nonsense", 0.0)],
)
def test_the_reception_date_is_read_as_it_was_sent(text, at):
    assert rules.created_at(follow_up(fields=(("created_at", text),)).job) == at


@given(st.integers(0, 500), st.integers(0, 50))
def test_most_searches_look_at_the_first_page_and_none_beyond_the_last(tries, pages):
    page = rules.search_page(tries, pages)
    assert 1 <= page <= max(1, min(pages, rules.SEARCH_PAGES))
    assert tries % 2 or page == 1


def test_every_page_has_its_turn():
    assert {rules.search_page(tries, 9) for tries in range(20)} == {1, 2, 3, 4, 5}


# -- walks through a list


@pytest.mark.parametrize(
    ("count", "first", "at", "why"),
    [
        (rules.MANY - 1, 0.0, None, "a question about each is as cheap"),
        (rules.MANY, 90.0, 90.0 + rules.GATHERING, "the first has waited since"),
        (rules.MANY, 20.0, 20.0 + rules.GATHERING, "at once: it has waited long enough"),
        (rules.MANY, 110.0, 100.0 + rules.GATHERING, "the first comes due while they gather"),
    ],
)
def test_when_a_walk_begins(count, first, at, why):
    assert rules.walk_starts_at(count, first, now=100.0) == at, why


@pytest.mark.parametrize(
    ("found", "waiting", "goes_on", "why"),
    [
        ([listed()], [follow_up()], True, "it came after the upload"),
        ([listed(came_at=SINCE - 3600), listed()], [follow_up()], True, "one of them did"),
        ([listed(came_at=SINCE - 3600)], [follow_up()], False, "all came before it"),
        ([listed(came_at=SINCE - 30)], [follow_up()], True, "clocks may differ"),
        ([listed(came_at=0.0)], [follow_up()], False, "the list does not say when"),
        ([listed()], [], False, "nobody waits"),
        ([], [follow_up()], False, "the list is empty"),
    ],
)
def test_whether_uploads_may_come_after_a_page(found, waiting, goes_on, why):
    assert rules.may_follow(ProfilePage(tuple(found)), waiting) == goes_on, why


# -- times


@pytest.mark.parametrize(
    ("sent", "arrived", "parsed", "upload", "parse"),
    [
        (10, 12, 20, 2, 8),
        (10, 12, 12, 2, None),  # parsed while the upload waited
        (10, 12, 0, 2, None),
        (10, 0, 0, None, None),
        (0, 12, 20, None, 8),
        (15, 12, 20, None, 8),  # the clock was set back
    ],
)
def test_how_long_it_took(sent, arrived, parsed, upload, parse):
    timing = Timing("/f", "s", "", State.PARSED, 1.0, sent, arrived, parsed)
    assert times.upload_seconds(timing) == upload
    assert times.parse_seconds(timing) == parse
