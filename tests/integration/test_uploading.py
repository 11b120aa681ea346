"""One upload over a real connection: when it begins, and what goes together."""

import contextlib
import hashlib
import io
import socket
import threading
import time

import pytest

from tests.support.waiting import PATIENCE
from watcher.hrflow.client import Client
from watcher.i18n.message import verbatim
from watcher.model.entries import Stat
from watcher.model.settings import Account
from watcher.model.uploads import Accepted, Job, Wait

CONTENT = b"%PDF-1.4\n" + b"x" * 2000 + b"\n%%EOF\n"
ANSWER = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n"
    b'{"code":202,"message":"ok","data":[]}'
)


@contextlib.contextmanager
def client_of(port):
    account = Account(name="default", email="a@example.org", api_url=f"http://127.0.0.1:{port}/v1")
    client = Client(
        account, lambda: "key", wall=time.time, tick=time.monotonic, stop=threading.Event()
    )
    try:
        yield client
    finally:
        client.close()


def upload(client, content=CONTENT):
    sha256 = hashlib.sha256(content).hexdigest()
    fields = (("source_key", "source"), ("reference", sha256))
    job = Job(1, "/w", "/w/cv.pdf", Stat(len(content), 1), sha256, "application/pdf", "cv.pdf",
              "default", "source", sha256, fields, 0)  # fmt: skip
    return client.upload(job, io.BytesIO(content))


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(PATIENCE)
        yield made


def test_without_a_connection_nothing_is_handed_out(listener):
    port = listener.getsockname()[1]
    listener.close()
    with client_of(port) as client:
        outcome = upload(client)
    assert isinstance(outcome, Wait), "it cannot have arrived, so nobody has to ask"
    assert outcome.offline


def test_headers_and_a_small_file_travel_together_and_the_connection_is_kept(listener):
    received = []

    def serve():
        connection, _ = listener.accept()
        with connection:
            for _ in range(2):
                received.append(connection.recv(1 << 20))
                connection.sendall(ANSWER)

    server = threading.Thread(target=serve)
    server.start()
    with client_of(listener.getsockname()[1]) as client:
        outcomes = [upload(client), upload(client)]
        server.join(PATIENCE)
    assert outcomes == [Accepted(verbatim("ok")), Accepted(verbatim("ok"))]
    for request in received:
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /v1/profile/parsing/file HTTP/1.1\r\n")
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert CONTENT in body
