"""Which step may follow which, and when a failed one is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.i18n.message import verbatim
from watcher.model import lifecycle, reasons
from watcher.model.entries import Entry
from watcher.model.kinds import Cause, State
from watcher.model.uploads import (
    Accepted,
    Altered,
    Held,
    Parsed,
    Profile,
    Refused,
    Uncertain,
    Unknown,
    Unreadable,
    Wait,
)

OUTCOMES = st.sampled_from(
    [Accepted(), Parsed(Profile("k")), Refused(verbatim("no")), Held(Cause.ACCOUNT, verbatim("key")), Wait(verbatim("w")),
     Wait(verbatim("w"), retry_after=5.0), Wait(verbatim("w"), offline=True), Uncertain(verbatim("u")), Altered(verbatim("a")),
     Altered(verbatim("a"), gone=True)]
)  # fmt: skip


def test_every_state_has_its_row():
    assert set(lifecycle.TRANSITIONS) == set(State)


@pytest.mark.parametrize("state", [State.PARSED])
def test_what_is_parsed_stays_so(state):
    assert not lifecycle.TRANSITIONS[state]


def test_nothing_that_may_have_been_sent_goes_back_to_the_start_unasked():
    assert State.QUEUED not in lifecycle.TRANSITIONS[State.UPLOADING]
    assert State.UPLOADING not in lifecycle.TRANSITIONS[State.UNCERTAIN]
    assert not lifecycle.TRANSITIONS[State.ACCEPTED] & lifecycle.OPEN


@given(OUTCOMES, st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_every_outcome_leads_somewhere_allowed(outcome, attempt, jitter):
    step = lifecycle.after(outcome, attempt, 1000.0, jitter)
    assert lifecycle.allowed(State.UPLOADING, step.state)
    assert step.due_at == 0 or step.due_at >= 1000.0


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded_and_grows(attempt, jitter):
    delay = lifecycle.backoff(attempt, jitter)
    assert 0 <= delay <= lifecycle.BACKOFF_CAP
    assert delay <= lifecycle.BACKOFF_BASE * 2.0 ** min(attempt - 1, 30)


def test_a_time_the_server_names_is_kept():
    assert lifecycle.after(Wait(verbatim("w"), retry_after=77.0), 1, 1000.0, 0.5).due_at == 1077.0


@pytest.mark.parametrize(
    ("finding", "waited", "state", "why"),
    [
        (Parsed(Profile("k")), 1, State.PARSED, "it had arrived"),
        (Unknown(), 1, State.UNCERTAIN, "not found yet proves nothing"),
        (Unknown(), lifecycle.CONFIRM_WINDOW, State.QUEUED, "after the window it is sent again"),
        (Unreadable(), 1, State.UNCERTAIN, "what is not parsed yet may not be known yet"),
        (Unreadable(), lifecycle.CONFIRM_WINDOW, State.QUEUED, "a write-only key cannot ask"),
        (Unreadable(source=True), 1, State.QUEUED, "the upload will say so as well"),
        (Wait(verbatim("offline")), 10_000, State.UNCERTAIN, "no news is no answer"),
    ],
)
def test_an_uncertain_upload_is_asked_for_before_it_is_sent_again(finding, waited, state, why):
    step = lifecycle.confirmed(finding, 1000.0, 1000.0 + waited)
    assert step.state is state, why
    assert lifecycle.allowed(State.UNCERTAIN, step.state)
    assert step.due_at >= 1000.0 + waited or state is not State.UNCERTAIN


@given(st.floats(0, lifecycle.CONFIRM_WINDOW * 2))
def test_the_window_ends(waited):
    step = lifecycle.confirmed(Unknown(), 0.0, waited)
    assert step.due_at <= max(waited, lifecycle.CONFIRM_WINDOW) + lifecycle.CONFIRM_FIRST


@pytest.mark.parametrize("finding", [Unknown(), Unreadable()])
def test_the_window_begins_anew_when_a_server_in_trouble_answers_again(finding):
    window, ended = lifecycle.CONFIRM_WINDOW, 50_000.0
    step = lifecycle.confirmed(finding, 0.0, ended + 1, answering=ended)
    assert step.state is State.UNCERTAIN
    assert ended + 1 < step.due_at <= ended + window
    step = lifecycle.confirmed(finding, 0.0, ended + window, answering=ended)
    assert step.state is State.QUEUED


@pytest.mark.parametrize("finding", [Unknown(), Unreadable()])
def test_an_answer_counts_as_of_when_it_was_asked_for(finding):
    """The machine may sleep while the answer is on its way."""
    woke = 5_000.0
    step = lifecycle.confirmed(finding, 0.0, woke, asked_at=10.0)
    assert step.state is State.UNCERTAIN
    assert woke < step.due_at <= woke + lifecycle.CONFIRM_WINDOW


def test_a_time_that_a_failing_server_names_is_kept_before_it_is_asked():
    assert (
        lifecycle.after(Uncertain(verbatim("504")), 1, 1000.0, 0.5).due_at
        == 1000.0 + lifecycle.CONFIRM_FIRST
    )
    assert (
        lifecycle.after(Uncertain(verbatim("503"), retry_after=77.0), 1, 1000.0, 0.5).due_at
        == 1077.0
    )
    longest = lifecycle.after(Uncertain(verbatim("503"), retry_after=1e9), 1, 1000.0, 0.5)
    assert longest.due_at == 1000.0 + lifecycle.RETRY_AFTER_CAP


def test_causes_are_looked_at_rarely():
    assert lifecycle.hold_delay(Cause.EXISTING, 1) == 0
    assert lifecycle.hold_delay(Cause.ACCOUNT, 1) == 900
    assert lifecycle.hold_delay(Cause.CREDENTIAL, 1) < lifecycle.hold_delay(Cause.ACCOUNT, 1)
    assert lifecycle.hold_delay(Cause.SOURCE, 50) == 6 * lifecycle.BACKOFF_CAP


@pytest.mark.parametrize(
    ("state", "why", "reference", "after", "reason"),
    [
        (State.REFUSED, "no", "ref", State.NOTICED, "it may be another file by now"),
        (State.PARSE_FAILED, "no", "ref", State.NOTICED, "likewise"),
        (State.BASELINE, "", "", State.NOTICED, "somebody wants it after all"),
        (State.HELD, "key", "ref", State.QUEUED, "all is known of it"),
        (State.HELD, "yes?", "", State.NOTICED, "it was never read"),
        (State.WAITING, "503", "ref", State.QUEUED, "all is known of it"),
        (
            State.IGNORED,
            reasons.IGNORED_BY_USER,
            "",
            State.NOTICED,
            "a person may change her mind",
        ),
        (State.IGNORED, "matches *.tmp", "", None, "the rules have not changed"),
        (State.PARSED, "", "ref", None, "it is there"),
        (State.UPLOADING, "", "ref", None, "it is on its way"),
    ],
)
def test_what_is_tried_again_by_hand(state, why, reference, after, reason):
    entry = Entry(1, "/f", "/f/a.pdf", state, why=why, reference=reference)
    step = lifecycle.retried(entry, 5.0)
    assert (step and step.state) == after, reason
    assert step is None or (lifecycle.allowed(state, step.state) and step.due_at == 5.0)


def test_whatever_may_be_ignored_by_hand_can_be_taken_up_again():
    for state in lifecycle.IGNORABLE:
        assert lifecycle.allowed(state, State.IGNORED)
    assert not lifecycle.IGNORABLE & lifecycle.IN_FLIGHT
