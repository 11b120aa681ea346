"""The receiver of webhooks against whoever may reach it: real HTTP, signed and not."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import threading

import pytest
from hrflow.webhook import Webhook

from tests.support import http_client
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb
from watcher.daemon.webhook import PATH, WebhookReceiver
from watcher.hrflow.webhook import MAX_HEADER, EventVerifier, RefusedError
from watcher.model.errors import UnusableError
from watcher.model.uploads import EventKind
from watcher.sandbox.webhooks import HEADER, encode, sign

SECRET = "a secret of the webhook"
EVENT = {
    "type": "profile.parsing.success",
    "origin": "api",
    "message": "Profile parsing succeed",
    "profile": {"key": "k1", "reference": "r1", "source": {"key": "s1"}},
}
NOW = 1_800_000_000.0


class Listening:
    """A receiver, and somebody who talks to it."""

    def __init__(self):
        self.events = []
        self.receiver = WebhookReceiver("127.0.0.1", 0, SECRET, self.events.append, lambda: NOW)

    def post(self, header=None, body=b"{}", method="POST", path=PATH):
        connection = http.client.HTTPConnection("127.0.0.1", self.receiver.port, timeout=PATIENCE)
        try:
            headers = {} if header is None else {HEADER: header}
            answer = http_client.ask(connection, method, path, body, headers)
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def listening():
    made = Listening()
    yield made
    made.receiver.stop()


def event(**more):
    return {**EVENT, **more}


def test_a_signed_event_is_taken(listening):
    assert listening.post(sign(EVENT, SECRET))[0] == 200
    (heard,) = listening.events
    assert (heard.kind, heard.key, heard.reference, heard.source_key) == (
        EventKind.SUCCESS, "k1", "r1", "s1",
    )  # fmt: skip


def test_a_body_that_was_not_signed_is_not_believed(listening):
    other = json.dumps(event(profile={"key": "evil", "reference": "r1"})).encode()
    assert listening.post(sign(EVENT, SECRET), other)[0] == 200
    assert listening.events[0].key == "k1"


GOOD = sign(EVENT, SECRET)
SIGNATURE, _, PAYLOAD = GOOD.partition(".")
OTHER = encode(json.dumps(event(type="profile.parsing.error")).encode())


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (None, "no header at all"),
        ("", "an empty one"),
        ("nonsense", "no dot in it"),
        (".", "nothing around the dot"),
        (f".{PAYLOAD}", "no signature"),
        (f"{SIGNATURE}.", "no payload"),
        (sign(EVENT, "another secret"), "another secret"),
        (sign(EVENT, ""), "no secret"),
        (f"{SIGNATURE}.{OTHER}", "another payload under a right signature"),
        (GOOD[:-4], "a payload that breaks off"),
        (GOOD[5:], "a signature that breaks off"),
        (f"{SIGNATURE[:-2]}.{PAYLOAD}", "a signature that is too short"),
        (f"{SIGNATURE}=.{PAYLOAD}x", "something behind it"),
        (f"{SIGNATURE.upper()}.{PAYLOAD}", "letters of another case"),
        (f"!!!!.{PAYLOAD}", "no base64url"),
    ],
)
def test_what_is_not_signed_is_refused(listening, header, why):
    status, body = listening.post(header)
    assert status == 401, why
    assert body == b"Unauthorized\n"
    assert not listening.events


def test_no_event_counts_twice(listening):
    assert [listening.post(GOOD)[0] for _ in range(3)] == [200, 409, 409]
    assert len(listening.events) == 1


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"date": "2026-01-01T00:00:00Z"}, 410),
        ({"timestamp": NOW - 7200}, 410),
        ({"timestamp": NOW + 3600}, 410),
        ({"timestamp": NOW - 60}, 200),
        ({"date": "2027-01-15T08:00:00+00:00"}, 200),
        ({"date": "no date"}, 200),
        ({"timestamp": True}, 200),
    ],
)
def test_an_event_of_long_ago_is_refused_where_it_names_its_time(listening, more, status):
    assert listening.post(sign(event(**more), SECRET))[0] == status


@pytest.mark.parametrize(
    ("payload", "status"),
    [(b"[]", 400), (b"{", 400), (b"\xff", 400), (b"[" * 20_000, 400), (b'{"type": 5}', 200),
     (b'{"type": "profile.storing.success"}', 200), (b"{}", 200)],
)  # fmt: skip
def test_signed_nonsense_harms_nothing(listening, payload, status):
    text = encode(payload)
    digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
    assert listening.post(f"{encode(digest)}.{text}")[0] == status
    assert not listening.events


def test_odd_values_become_empty_ones():
    odd = {
        "type": "profile.parsing.error",
        "message": 5,
        "profile": {"key": ["k"], "reference": "r" * 9999},
    }
    heard = EventVerifier(SECRET).verify(sign(odd, SECRET), NOW)
    assert (heard.key, heard.reference, heard.source_key, heard.message) == ("", "", "", "")


def test_what_a_message_quotes_is_redacted():
    heard = EventVerifier(SECRET).verify(
        sign(event(message=f"bad key {sb.READ_WRITE_KEY}\n"), SECRET), NOW
    )
    assert heard.message == "bad key •••"


def test_a_gate_without_a_secret_does_not_exist():
    with pytest.raises(ValueError, match="secret"):
        EventVerifier("")


def test_old_events_are_forgotten_one_by_one(monkeypatch):
    monkeypatch.setattr("watcher.hrflow.webhook._REMEMBERED", 3)
    gate = EventVerifier(SECRET)
    headers = [sign(event(message=str(number)), SECRET) for number in range(5)]
    for header in headers:
        assert gate.verify(header, NOW)
    with pytest.raises(RefusedError):
        gate.verify(headers[-1], NOW)
    assert len(gate._seen) == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", PATH, 405), ("PUT", PATH, 405), ("POST", "/", 404), ("GET", "/", 404),
     ("POST", "/webhook/", 404), ("POST", "/webhook/x", 404), ("GET", "/../etc/passwd", 404),
     ("GET", "/journal.db", 404), ("OPTIONS", PATH, 405)],
)  # fmt: skip
def test_it_serves_nothing_else(listening, method, path, status):
    assert listening.post(GOOD, method=method, path=path)[0] == status
    assert not listening.events


def raw(port, data):
    """What is answered to bytes of any kind, until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it had enough
        pieces = []
        try:
            while piece := connection.recv(65536):
                pieces.append(piece)
        except ConnectionError:
            pass  # it closed while more came
        return b"".join(pieces)


def test_a_huge_body_is_refused_and_not_read(listening):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{HEADER}: {GOOD}\r\nContent-Length: 99999999999\r\n\r\n"
    assert b" 413 " in raw(listening.receiver.port, head.encode() + b"x" * 10_000)
    assert not listening.events
    assert listening.post(GOOD)[0] == 200  # and it goes on


def test_a_huge_header_is_refused(listening):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{HEADER}: {'A' * (2 * MAX_HEADER)}\r\n\r\n"
    assert b" 431 " in raw(listening.receiver.port, head.encode())
    assert listening.post(sign(EVENT, SECRET))[0] == 200


def test_a_body_without_end_is_bounded(listening):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = raw(listening.receiver.port, head.encode() + chunks * 10 + b"0\r\n\r\n")
    assert b" 413 " in answer
    assert not listening.events


def test_garbage_ends_nothing(listening):
    for data in (b"\x00" * 1000, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b""):
        raw(listening.receiver.port, data)
    assert listening.post(GOOD)[0] == 200


def test_it_answers_while_somebody_says_nothing(listening):
    silent = [socket.create_connection(("127.0.0.1", listening.receiver.port)) for _ in range(10)]
    assert listening.post(GOOD)[0] == 200
    for each in silent:
        with each:
            each.setblocking(False)
            with pytest.raises(BlockingIOError):  # it is still listened to
                each.recv(1)


def test_many_at_once_are_each_taken_once(listening):
    headers = [sign(event(message=str(number)), SECRET) for number in range(40)]
    answers = []
    threads = [
        threading.Thread(target=lambda header=header: answers.append(listening.post(header)[0]))
        for header in headers * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(answers) == [200] * 40 + [409] * 40
    assert len({each.digest for each in listening.events}) == len(listening.events) == 40


def test_it_tells_nothing_of_itself(listening):
    answer = raw(listening.receiver.port, f"POST {PATH} HTTP/1.0\r\n\r\n".encode()).lower()
    assert b"python" not in answer
    assert b"waitress" not in answer
    assert b"hrflow" not in answer


def test_it_listens_where_it_was_told_and_nowhere_else(listening):
    assert listening.receiver._server._server.effective_host == "127.0.0.1"


def test_a_port_that_is_taken_is_said(listening):
    with pytest.raises(UnusableError, match="can't be received"):
        WebhookReceiver("127.0.0.1", listening.receiver.port, SECRET, print, lambda: NOW)


def test_it_can_be_ended_twice_and_frees_its_port():
    made = Listening()
    port = made.receiver.port
    made.receiver.stop()
    made.receiver.stop()
    with socket.create_server(("127.0.0.1", port)) as free:
        assert free.getsockname()[1] == port


class Client:
    webhook_secret = SECRET


def sign_for_sdk(data):
    """As the vendor's library (4.3) wants it: it differs from the documents."""
    payload = json.dumps(data).encode()
    digits = hmac.new(SECRET.encode(), payload, hashlib.sha256).hexdigest()
    parts = base64.urlsafe_b64encode(digits.encode()), base64.urlsafe_b64encode(payload)
    return b".".join(parts).decode()


def test_what_the_vendors_own_library_takes_is_taken_too(listening):
    header = sign_for_sdk(EVENT)
    heard = []
    webhook = Webhook(Client())
    webhook.handlers[EVENT["type"]] = lambda data: heard.append(data)
    webhook.handle(signature_header=header)
    assert heard == [EVENT]
    assert listening.post(header)[0] == 200
    assert listening.post(header.rstrip("="))[0] == 409  # the same, encoded otherwise
    assert listening.post(header.replace(".", "x.", 1))[0] == 401
    assert len(listening.events) == 1


# -- the four forms


def mac(data):
    return hmac.new(SECRET.encode(), data, hashlib.sha256)


def documented(payload):
    text = encode(payload)
    return f"{encode(mac(text.encode()).digest())}.{text}", b"{}"


def of_python_sdk(payload):
    signed = base64.b64encode(mac(payload).hexdigest().encode()).decode()
    return f"{signed}.{base64.b64encode(payload).decode()}", b"{}"


def of_php_sdk(payload):
    signed = base64.b64encode(mac(payload).digest()).decode()
    return f"{signed}.{base64.b64encode(payload).decode()}", b"{}"


def of_sample(payload):
    return mac(payload).hexdigest(), payload


FORMS = [documented, of_python_sdk, of_php_sdk, of_sample]
#: Holds what base64 writes as + and /, and what is not ASCII.
TRICKY = json.dumps(event(message="~~~???\u00ff>>>"), ensure_ascii=False).encode()
EVIL = json.dumps(event(profile={"key": "evil", "reference": "r1"})).encode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("payload", [json.dumps(EVENT).encode(), TRICKY])
def test_each_form_is_taken_once_and_whatever_form_it_comes_in_again(listening, form, payload):
    header, body = form(payload)
    assert listening.post(header, body)[0] == 200
    assert listening.events[0].key == "k1"
    for other in FORMS:
        assert listening.post(*other(payload))[0] == 409
    assert len(listening.events) == 1


def forged(form):
    """What somebody can make who has seen a request of this form, and why each is refused."""
    header, body = form(TRICKY)
    evil, evil_body = form(EVIL)
    if form is of_sample:
        yield header, evil_body, "another body under a right signature"
        yield header, b"", "no body"
        yield header, body[:-1], "a body that breaks off"
        yield header, body + b" ", "something behind it"
        yield header[:-1], body, "a signature that breaks off"
        yield header + "0", body, "a signature that is too long"
        yield f"{header}.{base64.b64encode(EVIL).decode()}", body, "a payload beside it"
        yield hashlib.sha256(body).hexdigest(), body, "a hash, without the secret"
        yield hmac.new(b"other", body, hashlib.sha256).hexdigest(), body, "another secret"
        return
    signature, _, payload = header.partition(".")
    _, _, evil_payload = evil.partition(".")
    yield f"{signature}.{evil_payload}", body, "another payload under a right signature"
    yield f"{signature}.{payload[:-4]}", body, "a payload that breaks off"
    yield f"{signature[:-4]}.{payload}", body, "a signature that breaks off"
    yield f"{signature}.{payload}.{evil_payload}", body, "a second payload"
    yield f"{signature}", TRICKY, "a signature alone"
    yield f".{payload}", body, "no signature"
    yield f"{payload}.{signature}", body, "the wrong way round"
    yield f"{mac(EVIL).hexdigest()[:0]}.{evil_payload}", body, "no signature of the other"
    yield f"{base64.b64encode(hashlib.sha256(TRICKY).digest()).decode()}.{payload}", body, "a hash"


@pytest.mark.parametrize("form", FORMS)
def test_no_form_can_be_forged(listening, form):
    for header, body, why in forged(form):
        assert listening.post(header, body)[0] == 401, why
    assert not listening.events
    assert listening.post(*form(TRICKY))[0] == 200


def test_a_signature_of_one_form_is_none_for_what_another_believes(listening):
    """The digits are over the body: under them no payload is believed, and the other way round."""
    header, _ = documented(TRICKY)
    signature, _, text = header.partition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    # What was signed is the text: as a body it is no event, whatever it stands for.
    assert listening.post(raw.hex(), text.encode())[0] == 400
    assert listening.post(raw.hex(), TRICKY)[0] == 401
    assert listening.post(f"{signature}.{base64.b64encode(TRICKY).decode()}x", TRICKY)[0] == 401
    assert not listening.events


@pytest.mark.parametrize("header", ["0" * 64, "f" * 63, "g" * 64, "0" * (MAX_HEADER - 1)])
def test_digits_that_sign_nothing(listening, header):
    assert listening.post(header, TRICKY)[0] == 401
    assert not listening.events
