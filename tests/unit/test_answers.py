"""Every answer of HrFlow, and of what stands in its way, and what it means for a file."""

import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.answers import Answer, finding, redact, retry_after, upload_outcome
from watcher.model import (
    Accepted,
    Cause,
    Held,
    Parsed,
    Profile,
    Refused,
    Unknown,
    Unreadable,
    Wait,
)

NOW = 1_700_000_000.0
KEY = "ask_" + "0123456789abcdef" * 2
PROFILE = {"key": "p1", "info": {"full_name": "Aisha Rahman", "email": "a@example.org"}}


def answer(status, code=None, message="", data=None, headers=None, body=None):
    content = {"code": status if code is None else code, "message": message, "data": data or []}
    raw = json.dumps(content).encode() if body is None else body
    return Answer(status, headers or {}, raw)


def outcome(*args, **kwargs):
    return upload_outcome(answer(*args, **kwargs), NOW, secret=KEY)


SUCCESSES = [
    (answer(201, data={"profile": PROFILE}), Parsed(Profile("p1", "Aisha Rahman", "a@example.org")), "sync: the answer carries the profile"),
    (answer(202), Accepted(), "async: data is a list"),
    (answer(201), Accepted(), "201 without a profile is still an upload"),
    (answer(200), Accepted(), "any 2xx of both"),
    (answer(201, data={"profile": {"key": 5}}), Accepted(), "a profile without a usable key"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected", "why"), SUCCESSES)
def test_successes(given, expected, why):
    assert upload_outcome(given, NOW) == expected, why


HELD = [
    (400, "Invalid source fields", Cause.SOURCE, "the document's own words"),
    (
        400,
        "Could not find a source matching this query.",
        Cause.SOURCE,
        "the document's description",
    ),
    (401, "Unauthorized. Invalid secret key: xxxx for permission: write", Cause.ACCOUNT, "the key"),
    (403, "Forbidden", Cause.ACCOUNT, "as 401"),
    (404, "Not found", Cause.ACCOUNT, "a wrong api_url"),
]


@pytest.mark.parametrize(("status", "message", "cause", "why"), HELD)
def test_what_holds_more_than_one_file(status, message, cause, why):
    found = outcome(status, message=message)
    assert isinstance(found, Held), why
    assert found.cause is cause


@pytest.mark.parametrize("status", [413, 415, 422, 400, 409, 418])
def test_what_refuses_this_file(status):
    assert isinstance(outcome(status, message="the file is odd"), Refused)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_passes(status):
    found = outcome(status, message="later", headers={"retry-after": "7"})
    assert isinstance(found, Wait)
    assert (found.retry_after, found.offline, found.slow_down) == (7.0, False, status == 429)


NOT_HRFLOW = [
    (answer(200, body=b"<html>Log in</html>"), "captive portal with 200"),
    (answer(202, body=b""), "nothing"),
    (answer(200, body=b'{"ok": true}'), "JSON without a code"),
    (answer(200, body=b'{"code": "202"}'), "a code that is text"),
    (answer(200, body=b'{"code": true}'), "a code that is a flag"),
    (answer(200, body=b"[202]"), "JSON that is no object"),
    (answer(403, body=b"<html>blocked</html>"), "a proxy that blocks"),
    (answer(302, code=202, headers={"location": "https://evil.example"}), "a redirect"),
    (Answer(202, {}, b'{"code":202}', complete=False), "an answer without end"),
]


@pytest.mark.parametrize(("given", "why"), NOT_HRFLOW)
def test_what_is_not_hrflow_is_offline_and_never_a_success(given, why):
    found = upload_outcome(given, NOW)
    assert isinstance(found, Wait), why
    assert found.offline


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(200, 500, Wait), (202, 401, Held), (500, 202, Wait), (401, 201, Held), (201, 202, Accepted)],
)
def test_success_only_if_status_and_code_are_both_2xx(status, code, expected):
    assert isinstance(outcome(status, code=code), expected)


def test_a_reference_that_is_used_already_means_that_it_arrived_before():
    message = "Reference already used in this source"
    assert isinstance(outcome(400, message=message), Accepted)
    other = upload_outcome(answer(400, message=message), NOW, derived_reference=False)
    assert isinstance(other, Refused)


def test_html_with_a_telling_status_is_believed():
    assert isinstance(outcome(413, body=b"<html>"), Refused)
    assert outcome(503, body=b"<html>", headers={"retry-after": "3"}).retry_after == 3.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("120", 120.0),
        (formatdate(NOW + 60, usegmt=True), 60.0),
        (formatdate(NOW - 60, usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("1" * 400, 111111111.0),
    ],
)
def test_retry_after(text, seconds):
    assert retry_after({"retry-after": text}, NOW) == seconds


def test_keys_never_get_through():
    text = f"Unauthorized. Invalid secret key: {KEY} for permission: write\nnext"
    assert KEY not in redact(text)
    assert KEY not in outcome(401, message=text).why
    assert "\n" not in redact(text)
    assert redact("secret key: plain") == "secret key: •••"
    assert len(redact("x" * 10_000)) == 300


LOOKUPS = [
    (answer(200, data={"key": "p", "persons": [{"full_name": "A B"}], "emails": ["a@b"], "total_pages": 12, "processed_pages": 10}), Parsed(Profile("p", "A B", "a@b", 10, 12)), "found"),
    (answer(400, message="Invalid parameters. Unable to find object: profile"), Unknown(), "not yet"),
    (answer(404, message="Unable to find object"), Unknown(), "not yet"),
    (answer(200), Unknown(), "nothing in it"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected", "why"), LOOKUPS)
def test_lookups(given, expected, why):
    assert finding(given, NOW) == expected, why


def test_a_write_only_key_cannot_look():
    assert isinstance(finding(answer(401, message="no"), NOW), Unreadable)


@given(st.integers(100, 599), st.binary(max_size=200), st.booleans())
def test_no_answer_is_too_odd(status, body, complete):
    given_answer = Answer(status, {"retry-after": "x"}, body, complete)
    upload_outcome(given_answer, NOW)
    finding(given_answer, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.integers(100, 599), st.integers(0, 700), JSON, JSON)
def test_no_json_is_too_odd(status, code, message, data):
    body = json.dumps({"code": code, "message": message, "data": data}).encode()
    upload_outcome(Answer(status, {}, body), NOW)
    finding(Answer(status, {}, body), NOW)
