"""``POST /profile/parsing/file``: what is accepted, and how everything else is refused."""

import hashlib
import json

import pytest

from tests.support.sandbox_client import BOUNDARY, CV, END, form, part
from watcher.sandbox import (
    EMAIL,
    ENGINEERING,
    EXPRESS,
    READ_KEY,
    READ_WRITE_KEY,
    SALES,
    UNKNOWN_SOURCES,
    WRITE_KEY,
)

UNKNOWN_KEY = "ask_" + "f" * 32


def array(*items):
    return json.dumps(items)


def test_an_upload_is_queued_with_the_documented_answer(client):
    answer = client.upload(reference="r1")
    assert answer.status == 202
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {
        "code": 202,
        "message": "Your profile as been sent successfully to the Parsing Queue.",
        "data": [],
    }


def test_everything_that_was_sent_stands_in_the_ledger_and_the_profile(client, sandbox, clock):
    fields = {
        "source_key": SALES.key,
        "reference": "r1",
        "profile_content_type": "application/pdf",
        "tags": array({"name": "open", "value": True}, {"name": "since", "value": 2.5}),
        "metadatas": array({"name": "mail", "value": "test@test.com"}),
        "labels": array(
            {"job_key": "j", "stage": "yes", "stage_timestamp": 1585662186, "rating": 0.5}
        ),
        "created_at": "2024-01-02T03:04:05+01:00",
        "sync_parsing": "0",
        "webhook_parsing_sending": "1",
    }
    content = b"\x00\r\n--" + BOUNDARY.encode()[:-1] + bytes(range(256)) * 1000
    name = "Łukasz O'Brien 陈 %22.pdf"
    client.post(form(part("file", content, name, "application/pdf"), **fields))
    [record] = sandbox.wait_for(1)
    assert dict(record.fields) == fields
    assert (record.source_key, record.reference) == (SALES.key, "r1")
    assert record.file_name == name.replace("%22", '"')
    assert record.content_type == "application/pdf"
    assert (record.size, record.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (record.whole, record.status, record.answered) == (True, 202, True)
    assert (record.number, record.received_at) == (1, clock.now)
    [profile] = sandbox.profiles()
    assert profile.form.tags == ({"name": "open", "value": True}, {"name": "since", "value": 2.5})
    assert profile.form.labels[0]["stage"] == "yes"
    assert profile.created_at == "2024-01-02T03:04:05+01:00"
    assert profile.visible_at == clock.now + 2


ACCESS = [
    # headers, what the message says
    ({"X-USER-EMAIL": EMAIL}, "Missing header: X-API-KEY"),
    ({"X-API-KEY": READ_WRITE_KEY}, "Missing header: X-USER-EMAIL"),
    ({"X-API-KEY": READ_WRITE_KEY, "X-USER-EMAIL": "nobody@example.org"}, "Invalid X-USER-EMAIL"),
    ({"X-API-KEY": UNKNOWN_KEY, "X-USER-EMAIL": EMAIL}, f"Invalid secret key: {UNKNOWN_KEY} for permission: write"),
    ({"X-API-KEY": READ_KEY, "X-USER-EMAIL": EMAIL}, f"Invalid secret key: {READ_KEY} for permission: write"),
    ({"X-API-KEY": "42", "X-USER-EMAIL": EMAIL}, "Invalid secret key: 42 for permission: write"),
    ({"X-API-KEY": READ_WRITE_KEY.upper(), "X-USER-EMAIL": EMAIL}, "Invalid secret key"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "message"), ACCESS)
def test_an_upload_without_the_right_to_it_is_refused(client, sandbox, headers, message):
    answer = client.post(form(source_key=ENGINEERING.key), headers)
    assert (answer.status, answer.json["code"]) == (401, 401)
    assert answer.message.startswith("Unauthorized. ")
    assert message in answer.message
    [record] = sandbox.wait_for(1)
    assert record.status == 401
    assert headers.get("X-API-KEY", "ask_") not in record.message
    assert sandbox.profiles() == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-KEY": WRITE_KEY, "X-USER-EMAIL": EMAIL},
        {"x-api-key": READ_WRITE_KEY, "x-user-email": EMAIL.upper()},
    ],
)
def test_a_key_that_may_write_is_enough(client, headers):
    assert client.post(form(source_key=ENGINEERING.key), headers).status == 202


REFUSED = [
    # fields, what the message says
    ({"source_key": None}, "Missing field: source_key"),
    ({"source_key": "f" * 40}, "Invalid source fields"),
    ({"source_key": ""}, "Invalid source fields"),
    ({"source": "x"}, "Unknown field: source"),
    ({"content_type": "pdf"}, "no content type"),
    ({"content_type": "application/pdf", "profile_content_type": "application/pdf"}, "Repeated field"),
    ({"sync_parsing": "true"}, "sync_parsing: expected 0 or 1"),
    ({"sync_parsing": "1"}, "not enabled for this source"),
    ({"sync_parsing_indexing": "2"}, "sync_parsing_indexing: expected 0 or 1"),
    ({"webhook_parsing_sending": ""}, "webhook_parsing_sending: expected 0 or 1"),
    ({"profile_content_type": "pdf"}, "no content type"),
    ({"profile_content_type": "application/pdf; a=b"}, "no content type"),
    ({"reference": ""}, "reference: leave it out"),
    ({"reference": "None"}, "reference: leave it out"),
    ({"created_at": "yesterday"}, "created_at: expected an ISO 8601 date"),
    ({"created_at": "1700000000000"}, "seconds since 1970"),
    ({"created_at": "-1"}, "created_at: expected"),
    ({"tags": "{"}, "field tags: "),
    ({"tags": "[NaN]"}, "field tags: "),
    ({"tags": "["* 100_000}, "field tags: "),
    ({"tags": '{"name": "a", "value": 1}'}, "field tags: Expected `array`"),
    ({"tags": '["a"]'}, "field tags: Expected `object`"),
    ({"tags": array({"name": "a"})}, "missing required field `value`"),
    ({"tags": array({"value": 1})}, "missing required field `name`"),
    ({"tags": array({"name": "a", "value": 1, "type": "x"})}, "unknown field `type`"),
    ({"tags": array({"name": 1, "value": 1})}, "`$[0].name`"),
    ({"tags": array({"name": "a", "value": None})}, "`$[0].value`"),
    ({"metadatas": array({"name": "a", "value": [1]})}, "field metadatas: "),
    ({"metadatas": "null"}, "field metadatas: Expected `array`"),
    ({"labels": array({"stage": "yes"})}, "job_key or a job_reference"),
    ({"labels": array({"job_key": "j", "stage": "maybe"})}, "`$[0].stage`"),
    ({"labels": array({"job_key": "j", "rating": 1.5})}, "`$[0].rating`"),
    ({"labels": array({"job_key": "j", "rating": True})}, "`$[0].rating`"),
    ({"labels": array({"job_key": "j", "stage_timestamp": "1"})}, "`$[0].stage_timestamp`"),
    ({"labels": array({"job_key": "j", "name": "x"})}, "unknown field `name`"),
    ({"labels": "[1]"}, "field labels: Expected `object`"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_a_form_that_is_not_as_documented_is_refused(client, sandbox, fields, message):
    answer = client.upload(**fields)
    assert (answer.status, answer.json["code"]) == (400, 400)
    assert message in answer.message
    assert sandbox.profiles() == ()


BROKEN = [
    # body, what the message says
    (part("source_key", ENGINEERING.key) + END, "Missing field: file"),
    (form(CV, CV, source_key=ENGINEERING.key), "more than one file"),
    (form(part("file", "text"), source_key=ENGINEERING.key), "Unknown field: file"),
    (form(part("cv", b"x", "cv.txt"), source_key=ENGINEERING.key), "a file may not be called cv"),
    (form(part("file", b"", "cv.txt"), source_key=ENGINEERING.key), "it is empty"),
    (part("reference", "1") + form(source_key=ENGINEERING.key, reference="2"), "Repeated field: reference"),
    (part("reference", b"\xff") + form(source_key=ENGINEERING.key), "reference is not UTF-8"),
    (part("reference", b"x" * 1_100_000) + form(source_key=ENGINEERING.key), "reference is too long"),
    (form(source_key=ENGINEERING.key)[: -len(END)], "Unexpected end"),
    (b"source_key=x", "Unexpected end"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), BROKEN)
def test_a_body_that_is_broken_is_refused(client, sandbox, body, message):
    answer = client.post(body)
    assert answer.status == 400
    assert message in answer.message
    assert sandbox.profiles() == ()
    assert client.upload().status == 202, "the connection goes on"


def test_a_body_of_another_type_is_refused(client, sandbox):
    assert "expected multipart" in client.post(b"{}", content_type="application/json").message
    assert sandbox.wait_for(1)[0].whole is False


def test_a_body_without_a_length_is_refused(client):
    # The head alone: the connection ends with the answer, maybe while a body is being sent.
    client.connection.putrequest("POST", "/v1/profile/parsing/file")
    client.connection.putheader("Transfer-Encoding", "chunked")
    client.connection.endheaders()
    assert client.connection.getresponse().status == 411


ACCEPTED = [
    {"created_at": "1569320033"},
    {"content_type": "application/pdf"},
    {"created_at": "2024-01-02T03:04:05Z"},
    {"tags": "[]", "metadatas": "[]", "labels": "[]"},
    {"labels": array({"job_reference": "test"})},
    {"labels": array({"job_key": "j", "stage": "later", "rating": 1, "rating_timestamp": 1})},
    {"sync_parsing_indexing": "0"},
]


@pytest.mark.parametrize("fields", ACCEPTED)
def test_what_the_documents_allow_is_accepted(client, fields):
    assert client.upload(**fields).status == 202


def test_sync_parsing_answers_with_the_profile(client, sandbox):
    answer = client.upload(source_key=EXPRESS.key, sync_parsing="1", reference="r")
    assert answer.status == 201
    assert answer.message.startswith("Profile parsed successfully.")
    data = answer.json["data"]
    assert data["profile"]["key"] == data["parsing"]["key"] == sandbox.profiles()[0].key
    assert data["profile"]["info"]["full_name"] == "Jane Example"
    assert data["profile"]["info"]["email"] == "jane@example.org"
    found = client.get("/profile/parsing", source_key=EXPRESS.key, reference="r")
    assert found.json["data"] == data["parsing"], "visible at once"


def test_under_a_known_reference_a_document_is_parsed_again(client, sandbox, clock):
    tags = array({"name": "a", "value": 1})
    first = part("file", b"Jane Example\njane@example.org\n", "cv.txt", "text/plain")
    second = part("file", b"John Example\njohn@example.org\n", "cv2.txt", "text/plain")
    assert client.upload(first, reference="r", tags=tags).status == 202
    [before] = sandbox.profiles()
    clock.now += 2
    assert client.upload(second, reference="r").status == 202
    [after] = sandbox.profiles()
    assert (after.key, after.form.tags, after.parses) == (before.key, before.form.tags, 2)
    assert after.file_name == "cv2.txt"
    found = client.get("/profile/parsing", source_key=ENGINEERING.key, reference="r")
    assert found.json["data"]["persons"] == [{"full_name": "John Example"}], "visible all the time"
    assert sorted(sandbox.parses().values()) == [1, 1]


def test_a_needless_parse_is_counted_in_every_way_but_a_refusal(client, sandbox):
    for number, references in enumerate(("update", "late", "never", "at_once")):
        client.set(references=references)
        client.upload(reference=str(number))
        client.upload(reference=str(number))
    assert list(sandbox.parses().values()) == [7], "refused once"


@pytest.mark.parametrize("words", UNKNOWN_SOURCES)
def test_an_unknown_source_in_each_wording(client, words):
    client.set(unknown_source=words)
    answer = client.upload(source_key="f" * 40)
    assert (answer.status, answer.message) == (400, words)


def test_a_source_that_the_key_has_no_access_to(client):
    client.set(forbidden=[SALES.key])
    assert client.upload().status == 202
    for answer in (client.upload(source_key=SALES.key), client.get("/source", key=SALES.key)):
        assert answer.status == 401
        assert answer.message == f"Unauthorized Access to source key: {SALES.key}"


def test_a_plan_whose_quota_is_used_up(client, sandbox):
    client.set(over_quota=True)
    assert client.upload().status == 402
    client.set(over_quota=False)
    assert client.upload().status == 202
    assert sum(sandbox.parses().values()) == 1


def test_a_source_that_always_parses_at_once(client):
    client.set(sources={SALES.key: {"always_sync": True}})
    answer = client.upload(source_key=SALES.key)
    assert answer.status == 201
    assert answer.json["data"]["profile"]["key"]


@pytest.mark.parametrize("change", [{"disable": True}, {"archived_at": "2026-01-01T00:00:00"}])
def test_a_source_out_of_use_takes_nothing(client, change):
    client.set(sources={SALES.key: change})
    assert client.upload(source_key=SALES.key).status == 400
    assert client.upload().status == 202


def test_a_reference_is_taken_once_in_a_source(client, sandbox):
    client.set(references="at_once")
    assert client.upload(reference="r").status == 202
    refused = client.upload(reference="r")
    assert refused.status == 400
    assert "reference" in refused.message
    assert "already" in refused.message
    assert client.upload(reference="r", source_key=SALES.key).status == 202
    assert client.upload().status == client.upload().status == 202, "none is not a reference"
    assert len({profile.key for profile in sandbox.profiles()}) == 4


def test_a_late_check_knows_only_visible_references(client, sandbox, clock):
    client.set(references="late")
    assert client.upload(reference="r").status == client.upload(reference="r").status == 202
    clock.now += 2
    assert client.upload(reference="r").status == 400
    assert len(sandbox.profiles()) == 2


@pytest.mark.parametrize("passed", [0, 2], ids=["while it is parsed", "afterwards"])
def test_a_known_reference_may_be_parsed_again(client, sandbox, clock, passed):
    client.set(references="update")
    client.upload(reference="r")
    (first,) = sandbox.profiles()
    clock.now += passed
    other = part("file", b"Jane Example, by now\n", "cv.txt", "text/plain")
    assert client.upload(other, reference="r").status == 202
    (second,) = sandbox.profiles()
    assert second.key == first.key
    assert second.sha256 != first.sha256
    assert second.visible_at == first.visible_at
    assert client.upload(reference="other").status == 202
    assert len(sandbox.profiles()) == 2


def test_what_was_taken_is_told_from_what_was_answered(client, sandbox):
    faults = [{"kind": "status", "status": 504, "stored": stored} for stored in (True, False)]
    for fault in faults:
        client.set(faults=[fault])
        assert client.upload(reference="r").status == 504
    client.set(faults=[])
    client.upload(reference="r", source_key="unknown")
    assert [record.taken for record in sandbox.ledger.records()] == [True, False, False]


def test_without_a_check_a_reference_may_come_again(client, sandbox, clock):
    client.set(references="never")
    client.upload(reference="r")
    clock.now += 2
    assert client.upload(reference="r").status == 202
    assert len(sandbox.profiles()) == 2
