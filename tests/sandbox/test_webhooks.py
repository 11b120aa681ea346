"""The sandbox's webhooks: signed, at their time, for those who ask for them."""

import base64
import hashlib
import hmac
import http.server
import json
import threading

import pytest

from tests.support.sandbox_client import Client
from watcher.hrflow.webhook import EventVerifier
from watcher.sandbox import ENGINEERING, Sandbox
from watcher.sandbox.webhooks import HEADER

SECRET = "secret"


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append(self.headers[HEADER])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def taker():
    server = http.server.HTTPServer(("127.0.0.1", 0), Taker)
    server.taken, server.bodies = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sending(taker):
    with Sandbox(parse_seconds=0.05) as made:
        made.webhooks.url = f"http://127.0.0.1:{taker.server_address[1]}/webhook"
        made.webhooks.secret = SECRET
        yield made


def read(header):
    signature, _, payload = header.partition(".")
    expected = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(expected).rstrip(b"=").decode() == signature
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.fixture
def upload():
    clients = []

    def upload(sandbox, **fields):
        clients.append(Client(sandbox))
        return clients[-1].upload(**fields)

    yield upload
    for client in clients:
        client.connection.close()


@pytest.mark.parametrize(
    ("unparsable", "kind"), [("", "profile.parsing.success"), ("*.txt", "profile.parsing.error")]
)
def test_an_upload_that_asks_for_it_is_told_of(
    sending, taker, upload, eventually, unparsable, kind
):
    sending.api.unparsable = unparsable
    assert upload(sending, reference="r1", webhook_parsing_sending="1").status == 202
    eventually(lambda: taker.taken)
    event = read(taker.taken[0])
    (profile,) = sending.profiles()
    assert event["type"] == kind
    assert event["profile"] == {
        "key": profile.key, "reference": "r1", "source": {"key": ENGINEERING.key},
    }  # fmt: skip
    assert (profile.visible_at > sending.clock() + 1e6) == bool(unparsable)


def test_an_upload_that_does_not_ask_is_not(sending, taker, upload):
    assert upload(sending).status == 202
    sending.stop()
    assert not taker.taken


def test_nobody_there_harms_nothing(upload, eventually):
    with Sandbox(parse_seconds=0.0) as made:
        made.webhooks.url = "http://127.0.0.1:1/webhook"
        assert upload(made, webhook_parsing_sending="1").status == 202
        eventually(lambda: made.webhooks.answers == [0])


@pytest.mark.parametrize(
    "webhook",
    ["x", {}, {"url": "http://127.0.0.1:1/"}, {"url": 5, "secret": "x"},
     {"url": "http://example.org/", "secret": "x"}, {"url": "", "secret": "x", "more": 1}],
)  # fmt: skip
def test_it_can_be_set_from_outside_but_leads_nowhere_else(sandbox, client, webhook):
    body = json.dumps({"webhook": webhook})
    assert client.request("POST", "/_sandbox/faults", body, {}).status == 400
    assert not sandbox.webhooks.url


def test_the_switches_over_http(sandbox, client):
    state = client.set(
        webhook={"url": "http://localhost:8790/webhook", "secret": SECRET}, unparsable="*.bmp"
    )
    assert (state["webhook"], state["unparsable"]) == ("http://localhost:8790/webhook", "*.bmp")
    assert (sandbox.webhooks.secret, sandbox.api.unparsable) == (SECRET, "*.bmp")
    assert "secret" not in json.dumps(state)
    assert client.request("POST", "/_sandbox/faults", '{"unparsable": 5}', {}).status == 400


def test_a_search_tells_of_a_profiles_document(sandbox, client, clock):
    client.upload(reference="r1")
    clock.now += 3
    keys = json.dumps([ENGINEERING.key])
    (profile,) = client.get("/profiles/searching", source_keys=keys).json["data"]["profiles"]
    (document,) = profile["attachments"]
    assert document["original_file_name"] == "cv.txt"
    assert int(document["file_size"]) > 0


def test_its_signature_is_one_that_is_taken(sending, taker, upload, eventually):
    upload(sending, webhook_parsing_sending="1", reference="r")
    eventually(lambda: taker.taken)
    heard = EventVerifier(SECRET).verify(taker.taken[0], 0.0, taker.bodies[0])
    assert (heard.kind, heard.reference) == ("profile.parsing.success", "r")


def test_a_document_that_is_parsed_again_is_an_update(sending, taker, upload, eventually):
    for number in (1, 2):
        upload(sending, webhook_parsing_sending="1", reference="r")
        eventually(lambda number=number: len(taker.bodies) == number)
    events = [json.loads(body) for body in taker.bodies]
    assert [event["type"] for event in events] == [
        "profile.parsing.success", "profile.parsing.update",
    ]  # fmt: skip
    assert len({event["profile"]["key"] for event in events}) == 1
