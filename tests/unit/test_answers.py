"""Every answer of HrFlow, and of what stands in its way, and what it means for a file."""

import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.hrflow.answers import Answer, finding, redact, retry_after, upload_outcome
from watcher.i18n.message import verbatim
from watcher.model.kinds import Cause
from watcher.model.uploads import (
    Accepted,
    Held,
    NoSync,
    Outcome,
    Parsed,
    Profile,
    ProfileAnswer,
    Refused,
    Uncertain,
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


def outcome(*args, sync=False, **kwargs):
    return upload_outcome(answer(*args, **kwargs), NOW, secret=KEY, sync=sync)


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


NOT_FOUND = "Invalid parameters. Unable to find object: source"
NO_SOURCE = "Could not find a source matching this query."
NO_ACCESS = "Unauthorized Access to source key: e59112ee"
HELD = [
    (400, "Invalid source fields", Cause.SOURCE, "the document's own words"),
    (400, NO_SOURCE, Cause.SOURCE, "the document's description"),
    (400, NOT_FOUND, Cause.SOURCE, "the words of a look-up, as the SDK has them"),
    (400, "Unable to find object: source", Cause.SOURCE, "the same without what is before it"),
    (404, NOT_FOUND, Cause.SOURCE, "whatever the status"),
    (401, NO_ACCESS, Cause.SOURCE, "the key is fine for others"),
    (401, "Unauthorized. Invalid secret key: xxxx for permission: write", Cause.ACCOUNT, "the key"),
    (401, "Unauthorized. Missing header: X-USER-EMAIL", Cause.ACCOUNT, "the email"),
    (402, "Quota exceeded", Cause.QUOTA, "the plan; the key is fine"),
    (403, "Forbidden", Cause.ACCOUNT, "as 401"),
    (404, "Not found", Cause.ACCOUNT, "a wrong api_url"),
    (405, "Method not allowed", Cause.ACCOUNT, "likewise"),
]


@pytest.mark.parametrize(("status", "message", "cause", "why"), HELD)
@pytest.mark.parametrize("sent", [True, False])
def test_what_holds_more_than_one_file(status, message, cause, why, sent):
    found = upload_outcome(answer(status, message=message), NOW, secret=KEY, sent=sent)
    assert isinstance(found, Held), why
    assert found.cause is cause, why
    assert upload_outcome(answer(200, status, message), NOW, secret=KEY, sent=sent) == found


@pytest.mark.parametrize(
    "message",
    [
        "INVALID SOURCE FIELDS",
        "could not find any source matching this query",
        "Unable to find object : Source.",
        "Unable to find objects: source",
        "No source matches this query",
        "Invalid parameter: source_key",
        "source_key is invalid",
        "Source e59112ee7a2d3b0c not found",
        "The source does not exist",
        "This source is archived",
        ["Invalid source fields"],
        {"source_key": ["unknown"]},
    ],
)
@pytest.mark.parametrize("field", ["message", "error", "errors", "detail"])
def test_a_source_is_held_however_that_is_worded(message, field):
    body = {"code": 400, "message": "Bad request", field: message}
    found = upload_outcome(Answer(400, {}, json.dumps(body).encode()), NOW)
    assert isinstance(found, Held)
    assert found.cause is Cause.SOURCE


@pytest.mark.parametrize(
    "message",
    [
        "Invalid file: source document is corrupt",
        "The document's source language is unknown",
        "Unable to find object: resource",
        "Invalid field tags",
    ],
)
def test_a_document_is_refused_though_its_source_is_mentioned(message):
    assert isinstance(outcome(400, message=message), Refused)


def test_a_quota_says_nothing_of_the_key():
    assert "key" not in str(outcome(402, message="Quota exceeded").why)


@pytest.mark.parametrize("status", [413, 415, 422, 400, 409, 418])
def test_what_refuses_this_file(status):
    assert isinstance(outcome(status, message="the file is odd"), Refused)


@pytest.mark.parametrize("code", [400, 401, 402, 404, 409])
def test_an_answer_without_a_reason_says_so(code):
    text = str(outcome(code).why)
    assert '""' not in text
    assert "no reason" in text


def test_a_source_that_does_not_parse_at_once_is_no_reason_to_refuse_a_file():
    message = "Sync parsing is not enabled for this source"
    assert outcome(400, message=message, sync=True) == NoSync(verbatim(message))
    assert isinstance(outcome(400, message=message), Refused)


#: Not HrFlow's word, each with why; ``offline`` where HrFlow itself was not reached.
NO_ANSWERS = [
    (answer(408, message="later"), False, "the server did not want to wait any longer"),
    (answer(500, message="later"), False, "HrFlow itself failed, before or after it was stored"),
    (answer(502, body=b"<html>"), False, "a gateway in front of it"),
    (answer(503, message="later"), False, "no place, says who?"),
    (answer(504, body=b"<html>"), False, "a gateway that did not wait for the end"),
    (answer(524, body=b"<html>"), False, "another kind of gateway"),
    (answer(599, message="later"), False, "any other 5xx"),
    (answer(200, 500), False, "HTTP says 200, JSON says 500"),
    (answer(500, 202), False, "the other way round"),
    (answer(500, 429), False, "which of the two is meant?"),
    (answer(401, 201), False, "JSON says that it was stored"),
    (answer(429, 202), False, "likewise"),
    (answer(200, body=b"<html>Log in</html>"), True, "captive portal with 200"),
    (answer(202, body=b""), True, "nothing"),
    (answer(200, body=b'{"ok": true}'), True, "JSON without a code"),
    (answer(200, body=b'{"code": "202"}'), True, "a code that is text"),
    (answer(200, body=b'{"code": true}'), True, "a code that is a flag"),
    (answer(200, body=b"[202]"), True, "JSON that is no object"),
    (answer(403, body=b"<html>blocked</html>"), True, "a proxy that blocks"),
    (answer(404, body=b"<html>not here</html>"), True, "another host"),
    (answer(302, 202, headers={"location": "https://evil.example"}), True, "a redirect"),
    (answer(307, body=b""), True, "likewise"),
    (Answer(202, {}, b'{"code":202}', complete=False), True, "an answer without end"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "offline", "why"), NO_ANSWERS)
def test_what_went_out_whole_and_was_not_answered_by_hrflow_may_have_arrived(given, offline, why):
    found = upload_outcome(given, NOW, sent=True)
    assert isinstance(found, Uncertain), why
    assert (found.offline, found.troubled) == (offline, not offline), why
    assert found.why.args["why"].text.endswith("."), why  # a sentence, as another one follows


@pytest.mark.parametrize(("given", "offline", "why"), NO_ANSWERS)
def test_what_did_not_go_out_whole_is_only_sent_later(given, offline, why):
    found = upload_outcome(given, NOW, sent=False)
    assert isinstance(found, Wait), why
    assert (found.offline, found.troubled) == (offline, not offline), why


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("body", [None, b"<html>"])
@pytest.mark.parametrize("status", [425, 429])
def test_who_asks_to_come_later_has_not_taken_it(status, body, sent):
    given = answer(status, message="slowly", headers={"retry-after": "7"}, body=body)
    found = upload_outcome(given, NOW, sent=sent)
    assert isinstance(found, Wait)
    assert (found.retry_after, found.offline, found.slow_down) == (7.0, False, True)


@pytest.mark.parametrize("body", [None, b"<html>"])
def test_a_time_that_a_failing_server_names_is_kept(body):
    given = answer(503, message="later", headers={"retry-after": "7"}, body=body)
    assert upload_outcome(given, NOW).retry_after == 7.0
    assert upload_outcome(given, NOW, sent=False).retry_after == 7.0


@pytest.mark.parametrize("status", [201, 202])
def test_a_success_for_half_a_file_is_none(status):
    assert isinstance(upload_outcome(answer(status), NOW, sent=False), Wait)


def test_a_profile_that_nobody_asked_for_is_believed():
    found = outcome(201, data={"profile": PROFILE}, sync=False)
    assert found == Parsed(Profile("p1", "Aisha Rahman", "a@example.org"))


@pytest.mark.parametrize(("status", "code", "expected"), [(202, 401, Held), (201, 202, Accepted)])
def test_of_two_codes_the_one_that_loses_nothing_counts(status, code, expected):
    assert isinstance(outcome(status, code=code), expected)


@pytest.mark.parametrize(
    "message",
    ["Invalid reference: x is already used in this source", "Duplicate reference",
     "The reference must be unique within a source"],
)  # fmt: skip
def test_a_known_reference_is_no_unknown_source(message):
    assert isinstance(outcome(400, message=message), Accepted)


def test_a_reference_that_is_used_already_means_that_it_arrived_before():
    message = "Reference already used in this source"
    assert isinstance(outcome(400, message=message), Accepted)
    other = upload_outcome(answer(400, message=message), NOW, derived_reference=False)
    assert isinstance(other, Refused)


def test_html_with_a_telling_status_is_believed():
    assert isinstance(outcome(413, body=b"<html>"), Refused)


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
    assert KEY not in str(outcome(401, message=text).why)
    assert "\n" not in redact(text)
    assert redact("secret key: plain") == "secret key: •••"
    assert len(redact("x" * 10_000)) == 300


LOOKUPS = [
    (answer(200, data={"key": "p", "persons": [{"full_name": "A B"}], "emails": ["a@b"], "total_pages": 12, "processed_pages": 10}), Parsed(Profile("p", "A B", "a@b", 10, 12)), "found"),
    (answer(400, message="Invalid parameters. Unable to find object: profile"), Unknown(), "not yet"),
    (answer(404, message="Unable to find object"), Unknown(), "not yet"),
    (answer(200), Unknown(), "nothing in it"),
]  # fmt: skip


@pytest.mark.parametrize(
    "message",
    ["unable to find object: Profile", "Could not find a profile matching this query.",
     "Profile not found", "No such profile"],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 404])
def test_a_profile_is_unknown_however_that_is_worded(status, message):
    assert finding(answer(status, message=message), NOW) == Unknown()


@pytest.mark.parametrize(("given", "expected", "why"), LOOKUPS)
def test_lookups(given, expected, why):
    assert finding(given, NOW) == expected, why


NOT_TO_BE_LOOKED_INTO = [
    (401, "Unauthorized. Invalid secret key: xxxx for permission: read", False, "may only write"),
    (403, "Forbidden", False, "likewise"),
    (401, NO_ACCESS, True, "this source alone"),
    (400, NOT_FOUND, True, "a source that is not there, and no profile that doesn't exist yet"),
    (404, NOT_FOUND, True, "likewise"),
    (400, "Invalid source fields", True, "likewise"),
]


@pytest.mark.parametrize(("status", "message", "source", "why"), NOT_TO_BE_LOOKED_INTO)
def test_what_cannot_be_looked_into(status, message, source, why):
    found = finding(answer(status, message=message), NOW)
    assert isinstance(found, Unreadable), why
    assert found.source is source, why


@pytest.mark.parametrize(("given", "offline", "why"), NO_ANSWERS)
def test_a_question_that_is_not_answered_by_hrflow_is_asked_again(given, offline, why):
    found = finding(given, NOW)
    assert isinstance(found, Wait), why
    assert (found.offline, found.troubled) == (offline, not offline), why


FLAGS = [(True, True), (False, False), (1, True), (0, False), (None, None), ("1", None), (2, None)]


@given(st.integers(100, 599), st.binary(max_size=200), st.booleans())
def test_no_answer_is_too_odd(status, body, complete):
    given_answer = Answer(status, {"retry-after": "x"}, body, complete)
    assert isinstance(upload_outcome(given_answer, NOW), Outcome)
    assert isinstance(finding(given_answer, NOW), ProfileAnswer)


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
    assert isinstance(upload_outcome(Answer(status, {}, body), NOW), Outcome)
    assert isinstance(finding(Answer(status, {}, body), NOW), ProfileAnswer)
