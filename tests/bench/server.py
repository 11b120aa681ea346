"""The bare server as a process of its own, so that it shares no interpreter with what is measured.

``python -m tests.bench.server DELAY`` says its address; a number on a line of its standard input
is answered once so many uploads have arrived whole: with the moment when the last of them is
answered, as perf_counter.
"""

import contextlib
import subprocess
import sys
import time

from tests.bench import proc


class Server:
    """The bare server that answers after ``delay`` seconds."""

    def __init__(self, delay=0.0):
        command = [sys.executable, "-m", "tests.bench.server", str(delay)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = self._process.stdout.readline().strip()

    def wait_for(self, count):
        """When the upload of this number was answered, as perf_counter."""
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def cpu(self):
        """Seconds of CPU so far."""
        return proc.cpu(self._process.pid)

    def close(self):
        """End it."""
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@contextlib.contextmanager
def serving(delay=0.0):
    """A server, closed at the end."""
    server = Server(delay)
    try:
        yield server
    finally:
        server.close()


def _serve(delay):
    from tests.bench.common import BareServer  # noqa: PLC0415 - not in whoever starts this

    server = BareServer(delay)
    print(server.url, flush=True)
    for line in sys.stdin:
        server.wait_for(int(line))
        print(time.perf_counter() + delay, flush=True)
    server.close()


if __name__ == "__main__":
    _serve(float(sys.argv[1]))
