"""What the sandbox costs, and what it leaves behind: nothing, except in the folder one names."""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from tests.support.sandbox_client import BOUNDARY, END, Client, form, part
from tests.support.waiting import PATIENCE, wait_until
from watcher.sandbox import EMAIL, ENGINEERING, EXPRESS, READ_WRITE_KEY, Fault, Kind, Sandbox

LARGE = 1_000_000_000
GROWTH = 20_000_000


def sandbox_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("sandbox")]


def test_no_thread_and_no_connection_is_left(clock):
    sandbox = Sandbox(clock=clock).start()
    clients = [Client(sandbox) for _ in range(5)]
    for client in clients:
        assert client.upload().status == 202
    sandbox.faults.set(Fault(kind=Kind.NEVER))
    clients[0].connection.request("GET", "/v1/auth")
    assert len(sandbox_threads()) == 6
    address = urlsplit(sandbox.origin)
    sandbox.stop()
    assert wait_until(lambda: not sandbox_threads())
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


def test_files_are_kept_in_the_folder_one_names(tmp_path, clock):
    folder = str(tmp_path / "data")
    with Sandbox(data_dir=folder, clock=clock, parse_seconds=0, references="at_once") as sandbox:
        client = Client(sandbox)
        file = part("file", b"Jane Example\njane@example.org", "../../Łukasz.txt", "text/plain")
        assert client.upload(file, reference="r").status == 202
        assert client.upload(file, reference="r").status == 400
        sandbox.faults.set(Fault(kind=Kind.STATUS, times=1))
        assert client.upload(file).status == 500
        found = client.get("/profile/parsing", source_key=ENGINEERING.key, reference="r")
        client.connection.close()
        [profile] = sandbox.profiles()
    assert found.json["data"]["persons"] == [{"full_name": "Jane Example"}]
    assert sorted(os.listdir(folder)) == [profile.key, profile.key + ".json"], "no refused ones"
    with open(os.path.join(folder, profile.key + ".json"), encoding="utf-8") as handle:
        assert json.load(handle)["file_name"] == "../../Łukasz.txt"
    assert os.listdir(tmp_path) == ["data"]


def test_a_sync_parse_that_is_not_indexed_leaves_no_file(tmp_path, clock):
    with Sandbox(data_dir=str(tmp_path), clock=clock) as sandbox:
        client = Client(sandbox)
        fields = {"source_key": EXPRESS.key, "sync_parsing": "1", "sync_parsing_indexing": "0"}
        data = client.upload(**fields).json["data"]
        client.connection.close()
    assert data["profile"]["info"]["full_name"] == "Jane Example"
    assert os.listdir(tmp_path) == []


def test_a_client_that_goes_away_leaves_no_file(tmp_path, clock, eventually):
    with Sandbox(data_dir=str(tmp_path), clock=clock) as sandbox:
        client = Client(sandbox)
        body = form(source_key=ENGINEERING.key)
        client.connection.putrequest("POST", "/v1/profile/parsing/file")
        client.connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        client.connection.putheader("Content-Length", str(len(body)))
        client.connection.endheaders(body[:-10])
        eventually(lambda: os.listdir(tmp_path))
        client.connection.close()
        [record] = sandbox.wait_for(1)
    assert record.whole is False
    assert os.listdir(tmp_path) == []


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
