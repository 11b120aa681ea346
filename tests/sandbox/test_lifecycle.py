"""What the sandbox costs, and what it leaves behind: nothing."""

import hashlib
import http.client
import os
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from tests.support.sandbox_client import BOUNDARY, END, Client, form, part
from tests.support.waiting import PATIENCE
from watcher.sandbox import EMAIL, ENGINEERING, READ_WRITE_KEY, Fault, Kind, Sandbox

LARGE = 1_000_000_000
GROWTH = 20_000_000


def test_no_thread_and_no_connection_is_left(clock):
    before = set(threading.enumerate())
    sandbox = Sandbox(clock=clock).start()
    clients = [Client(sandbox) for _ in range(5)]
    for client in clients:
        assert client.upload().status == 202
    sandbox.faults.set(Fault(kind=Kind.NEVER))
    clients[0].connection.request("GET", "/v1/auth")
    assert len(set(threading.enumerate()) - before) == 6
    address = urlsplit(sandbox.origin)
    sandbox.stop()
    assert set(threading.enumerate()) == before
    assert clients[1].connection.sock.recv(1) == b"", "the other side knows"
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address.hostname, address.port).request("GET", "/")
    for client in clients:
        client.connection.close()


def test_it_can_be_stopped_twice_and_started_again_on_its_port(clock):
    sandbox = Sandbox(clock=clock)
    with pytest.raises(RuntimeError):
        sandbox.url  # noqa: B018 - reading it is what fails
    with sandbox:
        port = urlsplit(sandbox.origin).port
    sandbox.stop()
    with sandbox.start(port):
        assert sandbox.url == f"http://127.0.0.1:{port}/v1"


def test_a_taken_port_is_an_error(sandbox):
    with pytest.raises(OSError):
        Sandbox().start(urlsplit(sandbox.origin).port)


def test_a_client_that_goes_away_is_noted(sandbox, client):
    body = form(source_key=ENGINEERING.key)
    client.connection.putrequest("POST", "/v1/profile/parsing/file")
    client.connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    client.connection.putheader("Content-Length", str(len(body)))
    client.connection.endheaders(body[:-10])
    client.connection.close()
    [record] = sandbox.wait_for(1)
    assert (record.whole, record.file_name) == (False, "cv.txt")
    assert sandbox.profiles() == ()


@pytest.mark.parametrize("command", ["try", "sandbox"])
def test_without_its_libraries_it_is_said_what_to_install(command):
    code = "import sys; sys.modules['multipart'] = None\n"
    code += "from watcher.cli import run_command; sys.exit(run_command(sys.argv[1:]))"
    found = subprocess.run(
        [sys.executable, "-c", code, command],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert found.returncode != 0
    assert "hrflow-watcher[sandbox]" in found.stderr
    assert "Traceback" not in found.stderr


SERVER = """
import sys
from watcher.sandbox import Sandbox
with Sandbox() as sandbox:
    print(sandbox.url, flush=True)
    sys.stdin.read()
    print(*sandbox.ledger.records(), flush=True)
"""


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["VmHWM"].split()[0]) * 1024


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")
def test_a_large_upload_takes_little_memory():
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        url = urlsplit(process.stdout.readline().strip())
        connection = http.client.HTTPConnection(url.netloc, timeout=PATIENCE)
        send(connection, 1_000_000)
        before = resident(process.pid)
        sha256 = send(connection, LARGE)
        after = resident(process.pid)
        connection.close()
        out, _ = process.communicate(timeout=PATIENCE)
    assert f"size={LARGE}, sha256='{sha256}'" in out
    assert after - before < GROWTH, f"{(after - before) / 1e6:.1f} MB more at the peak"


def send(connection, size):
    """Upload so many bytes, made on the way; their fingerprint."""
    head = part("source_key", ENGINEERING.key) + part("file", b"", "large.bin")[: -len(b"\r\n")]
    tail = b"\r\n" + END
    digest = hashlib.sha256()

    def body():
        yield head
        piece = os.urandom(1_000_000)
        for _ in range(size // len(piece)):
            digest.update(piece)
            yield piece
        yield tail

    headers = {
        "X-API-KEY": READ_WRITE_KEY,
        "X-USER-EMAIL": EMAIL,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    connection.request("POST", "/v1/profile/parsing/file", body(), headers)
    response = connection.getresponse()
    assert response.status == 202, response.read()
    response.read()
    return digest.hexdigest()
