"""What measurements share: a bare server, the program between it and a folder, and numbers."""

import contextlib
import os
import socket
import tempfile
import threading
import time

from tests.support.world import Keys
from watcher import sandbox as sb
from watcher.daemon.core import App
from watcher.daemon.state_folder import Places
from watcher.model.files import ScanEnded
from watcher.model.settings import Account, Config, Folder

ANSWER = b'{"code":202,"message":"Your profile as been sent successfully to the Parsing Queue.","data":[]}'


class BareServer:
    """Takes requests with a Content-Length, answers 202, and notes when each one arrived.

    Knows nothing of multipart: what it measures against must not be slowed down by it.
    """

    def __init__(self, delay=0.0):
        self.delay = delay
        self.arrivals = []
        self.changed = threading.Condition()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            reader = connection.makefile("rb", buffering=1 << 18)
            while line := reader.readline():
                arrived = time.perf_counter()
                is_upload = line.startswith(b"POST")  # and not a question what became of one
                assert is_upload or line.startswith(b"GET"), line
                length, expects = 0, False
                while (header := reader.readline()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                    expects = expects or name.lower() == b"expect"
                if expects:
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                while length:
                    length -= len(reader.read(min(length, 1 << 18)))
                if is_upload:
                    with self.changed:
                        self.arrivals.append(arrived)
                        self.changed.notify_all()
                if self.delay:
                    threading.Event().wait(self.delay)
                connection.sendall(
                    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER
                )

    def wait_for(self, count, within=600):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.arrivals) >= count, within)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)  # nobody waits for the next one any more
        self._socket.close()


@contextlib.contextmanager
def program(server, folder, **account):
    """The whole program, watching ``folder`` and sending to ``server``."""
    walked = threading.Event()

    def hear(news):
        if isinstance(news, ScanEnded):
            walked.set()

    with tempfile.TemporaryDirectory() as state:
        key = sb.ENGINEERING.key
        config = Config(
            accounts=(Account(name="default", email=sb.EMAIL, api_url=server.url, **account),),
            folders=(Folder(path=folder, account="default", source_key=key, ask_above=0),),
        )
        app = App(config, Places(state), keys=Keys(sb.READ_WRITE_KEY), on_event=hear)
        app.start()
        assert walked.wait(60)
        try:
            yield app
        finally:
            app.stop()


def make_pdf(path, number, size):
    """A PDF of about ``size`` bytes, unlike every other; returns when it was closed."""
    body = b"%PDF-1.4\n%" + str(number).encode().rjust(20) + os.urandom(16).hex().encode()
    with open(path, "wb") as file:
        file.write(body + b" " * (size - len(body)) + b"\n%%EOF\n")
    return time.perf_counter()
