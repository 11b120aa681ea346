"""Every fault as a client meets it, set over HTTP or in Python."""

import http.client
import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.support.sandbox_client import form
from tests.support.waiting import PATIENCE
from watcher.sandbox import EMAIL, ENGINEERING, READ_WRITE_KEY, SALES, Fault, Kind

CUT = (http.client.RemoteDisconnected, ConnectionError, http.client.IncompleteRead)


@pytest.mark.parametrize("status", [400, 401, 404, 408, 413, 429, 500, 503, 599])
def test_a_status_is_answered_and_nothing_stored(client, sandbox, status):
    client.set(faults=[{"kind": "status", "status": status, "message": "Sorry", "times": 1}])
    answer = client.upload()
    assert (answer.status, answer.json) == (status, {"code": status, "message": "Sorry"})
    assert sandbox.wait_for(1)[0].status == status
    assert sandbox.profiles() == ()
    assert client.upload().status == 202, "it was for one time"


@pytest.mark.parametrize("retry_after", ["7", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_status_may_say_when_to_come_again(client, sandbox, retry_after):
    sandbox.faults.set(Fault(kind=Kind.STATUS, status=503, retry_after=retry_after))
    answer = client.upload()
    assert (answer.status, answer.headers["Retry-After"]) == (503, retry_after)


def test_an_answer_is_late(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.3))
    started = time.monotonic()
    assert client.upload().status == 202
    assert time.monotonic() - started >= 0.3


def test_the_connection_is_cut_before_the_body(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.CUT_BEFORE_BODY))
    with pytest.raises(CUT):
        client.upload()
    [record] = sandbox.wait_for(1)
    assert (record.whole, record.sha256, record.status, record.answered) == (False, "", 0, False)


def test_the_connection_is_cut_within_the_body(sandbox, client):
    sandbox.faults.set(Fault(kind=Kind.CUT_IN_BODY, after_bytes=500_000, source_key=SALES.key))
    body = form(source_key=SALES.key)
    big = body.replace(b"Jane Example", b"Jane Example" + b"\n" * 5_000_000)
    with pytest.raises(CUT):
        client.post(big)
    [record] = sandbox.wait_for(1)
    assert 0 < record.size < 5_000_000
    assert (record.source_key, record.whole, record.status) == (SALES.key, False, 0)
    assert sandbox.profiles() == ()


def test_the_connection_is_cut_before_the_answer(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.CUT_BEFORE_ANSWER, times=1))
    with pytest.raises(CUT):
        client.upload(reference="r")
    [record] = sandbox.wait_for(1)
    assert (record.whole, record.status, record.answered) == (True, 202, False)
    assert [profile.reference for profile in sandbox.profiles()] == ["r"], "it arrived"


def test_the_connection_is_cut_within_the_answer(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.CUT_IN_ANSWER))
    with pytest.raises(http.client.IncompleteRead) as cut:
        client.upload()
    assert cut.value.partial.startswith(b'{"code": 202')
    assert len(sandbox.profiles()) == 1


def test_a_fault_may_or_may_not_have_its_effect(client, sandbox):
    sandbox.faults.set(
        Fault(kind=Kind.CUT_BEFORE_ANSWER, stored=False, times=1),
        Fault(kind=Kind.STATUS, status=504, stored=True),
    )
    with pytest.raises(CUT):
        client.upload(reference="a")
    assert client.upload(reference="b").status == 504
    assert [profile.reference for profile in sandbox.profiles()] == ["b"]


FOREIGN = [
    # fault, status, media type, how the body begins
    ({"kind": "html"}, 200, "text/html; charset=utf-8", b"<!DOCTYPE html>"),
    ({"kind": "html", "status": 511, "body": "<p>"}, 511, "text/html; charset=utf-8", b"<p>"),
    ({"kind": "shape"}, 200, "application/json", b"["),
    ({"kind": "shape", "body": '{"code": "202"}'}, 200, "application/json", b'{"code": "202"}'),
]


@pytest.mark.parametrize(("fault", "status", "media_type", "start"), FOREIGN)
def test_something_else_answers(client, sandbox, fault, status, media_type, start):
    client.set(faults=[fault])
    answer = client.upload()
    assert (answer.status, answer.headers["Content-Type"]) == (status, media_type)
    assert answer.body.startswith(start)
    assert sandbox.profiles() == ()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_elsewhere(client, sandbox, status):
    url = "http://127.0.0.1:9/elsewhere"
    sandbox.faults.set(Fault(kind=Kind.REDIRECT, url=url, status=status))
    answer = client.upload()
    assert (answer.status, answer.headers["Location"]) == (status, url)


def test_the_code_may_differ_from_the_status(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.CODE, code=500, status=200))
    answer = client.upload()
    assert (answer.status, answer.json["code"]) == (200, 500)
    sandbox.faults.set(Fault(kind=Kind.CODE, code=202, status=500, stored=False))
    answer = client.upload()
    assert (answer.status, answer.json["code"]) == (500, 202)


def test_an_answer_may_be_huge_and_is_still_json(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.HUGE, size=3_000_000))
    answer = client.upload()
    assert len(answer.body) == int(answer.headers["Content-Length"]) == 3_000_000
    assert answer.json["code"] == 202


def test_a_huge_answer_is_not_held_in_memory(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.HUGE, size=10**12))
    client.connection.request("GET", "/v1/auth")
    response = client.connection.getresponse()
    assert int(response.headers["Content-Length"]) == 10**12
    assert len(response.read(1_000_000)) == 1_000_000
    response.close()


def test_an_answer_may_drip(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.DRIP, interval=0.002))
    started = time.monotonic()
    assert client.get("/auth").json["code"] == 200
    assert time.monotonic() - started >= 0.4, "some 250 bytes"


def test_no_answer_comes_and_the_sandbox_ends_all_the_same(client, sandbox, connect):
    sandbox.faults.set(Fault(kind=Kind.NEVER), Fault(kind=Kind.DELAY, delay=1000))
    client.connection.timeout = 0.2
    with pytest.raises(TimeoutError):
        client.upload(reference="r")
    client.connection.close()
    [record] = sandbox.wait_for(1)
    assert (record.status, record.answered) == (202, False)
    impatient = connect()
    impatient.connection.request("GET", "/v1/auth")
    started = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - started < PATIENCE


MATCHING = [
    # a fault's filters, whether it meets an upload of "cv.txt" to Engineering
    ({}, True),
    ({"method": "POST"}, True),
    ({"method": "GET"}, False),
    ({"path": "/profile/parsing/file"}, True),
    ({"path": "/profile/*"}, True),
    ({"path": "/source*"}, False),
    ({"source_key": ENGINEERING.key}, True),
    ({"source_key": SALES.key}, False),
    ({"file_name": "*.txt"}, True),
    ({"file_name": "*.TXT"}, False),
    ({"file_name": "cv.txt", "source_key": SALES.key}, False),
    ({"times": 0}, False),
]


@pytest.mark.parametrize(("filters", "meets"), MATCHING)
def test_a_fault_meets_only_its_requests(client, sandbox, filters, meets):
    sandbox.faults.set(Fault(kind=Kind.STATUS, status=500, **filters))
    assert client.upload().status == (500 if meets else 202)


def test_the_first_fault_that_matches_applies_and_wears_out(client, sandbox):
    sandbox.faults.set(
        Fault(kind=Kind.STATUS, status=500, times=2),
        Fault(kind=Kind.HTML, times=1),
        Fault(kind=Kind.STATUS, status=502),
    )
    assert [client.upload().status for _ in range(4)] == [500, 500, 200, 502]
    assert [fault["left"] for fault in sandbox.faults.state()] == [0, 0, None]
    sandbox.faults.clear()
    assert client.upload().status == 202


def test_a_look_up_can_fail_as_well(client, sandbox):
    sandbox.faults.set(Fault(kind=Kind.STATUS, status=503, source_key=SALES.key))
    query = {"reference": "r"}
    assert client.get("/profile/parsing", source_key=SALES.key, **query).status == 503
    assert client.get("/profile/parsing", source_key=ENGINEERING.key, **query).status == 400
    sandbox.faults.set(Fault(kind=Kind.CUT_BEFORE_BODY, method="GET"))
    with pytest.raises(CUT):
        client.get("/auth")


WRONG = [
    b"{",
    b"[]",
    b'{"fault": []}',
    b'{"faults": 1}',
    b'{"faults": [1]}',
    b'{"faults": [{}]}',
    b'{"faults": [{"kind": "odd"}]}',
    b'{"faults": [{"kind": "status", "state": 500}]}',
    b'{"faults": [{"kind": "status", "status": "500"}]}',
    b'{"faults": [{"kind": "status", "status": 99}]}',
    b'{"faults": [{"kind": "status", "retry_after": "1\\r\\nX: y"}]}',
    b'{"faults": [{"kind": "delay", "delay": -1}]}',
    b'{"faults": [{"kind": "delay", "delay": NaN}]}',
    b'{"faults": [{"kind": "delay", "times": -1}]}',
    b'{"faults": [{"kind": "delay", "times": true}]}',
    b'{"faults": [{"kind": "redirect"}]}',
    b'{"faults": [{"kind": "cut_before_body", "file_name": "*.pdf"}]}',
    b'{"references": "sometimes"}',
    b'{"parse_seconds": -1}',
    b'{"parse_seconds": "1"}',
]


@pytest.mark.parametrize("body", WRONG)
def test_a_wrong_switch_is_refused_and_changes_nothing(client, body):
    before = client.set(faults=[{"kind": "html"}])
    assert client.request("POST", "/_sandbox/faults", body, {}).status == 400
    assert client.request("GET", "/_sandbox/state", headers={}).json["data"] == before


def test_switches_and_ledger_are_seen_over_http(client, sandbox):
    client.upload(reference="r")
    sandbox.wait_for(1)
    ledger = client.request("GET", "/_sandbox/ledger", headers={}).json["data"]
    assert [(record["reference"], record["status"]) for record in ledger] == [("r", 202)]
    assert client.set(parse_seconds=5)["parse_seconds"] == 5
    client.set(faults=[{"kind": "html"}])
    assert client.set(references="late")["faults"][0]["kind"] == "html", "faults are left alone"
    assert client.request("GET", "/_sandbox/nothing", headers={}).status == 404


def test_the_switches_explain_themselves(client):
    text = client.request("GET", "/_sandbox/", headers={}).body.decode()
    assert all(kind in text for kind in Kind)


@pytest.mark.parametrize("header", [{"Host": "evil.example:80"}, {"Origin": "http://evil.example"}])
def test_a_web_page_cannot_reach_the_switches(client, header):
    assert client.request("GET", "/_sandbox/ledger", headers=header).status == 403


def test_every_call_is_noted(client, sandbox):
    client.get("/auth")
    client.request("GET", "/_sandbox/state", headers={})
    assert [(call.method, call.target) for call in sandbox.ledger.calls()] == [("GET", "/v1/auth?")]


def test_the_ledger_knows_a_request_before_its_end(sandbox, eventually):
    with socket.create_connection(client_address(sandbox), PATIENCE) as connection:
        head = f"POST /v1/profile/parsing/file HTTP/1.1\r\nHost: x\r\nX-API-KEY: {READ_WRITE_KEY}\r\nX-USER-EMAIL: {EMAIL}\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode())
        [record] = eventually(sandbox.ledger.records)
        assert not record.ended
    [record] = sandbox.wait_for(1)
    assert (record.ended, record.whole, record.status) == (True, False, 0)


def test_waiting_ends_with_an_error_that_says_what_is_there(sandbox):
    with pytest.raises(TimeoutError, match="the sandbox has 0 uploads"):
        sandbox.wait_for(1, within=0.01)


def test_what_is_no_http_is_told_so(sandbox):
    with socket.create_connection(client_address(sandbox), PATIENCE) as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert json.loads(answer.split(b"\r\n\r\n")[1])["code"] == 400


def client_address(sandbox):
    address = urlsplit(sandbox.origin)
    return address.hostname, address.port
