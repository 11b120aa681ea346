"""Starts the program by a fork of a server that has imported it, which saves half a second.

What comes of it is a process of its own, with its own environment, files and end. What Python does
when it starts is left out: tests in which that counts start the program as `subprocess` does.
"""

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time

import pytest

#: What the program imports once it runs; `coverage`, so that it can measure what is forked.
LATE = ("bottle", "coverage", "requests", "waitress.server", "watchdog.observers")
LONGEST_REQUEST = 1 << 20


class ForkServer:
    """Forks for the tests of one process, and ends with it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._channel, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # What it imports is measured elsewhere; what is forked measures itself.
        environ = {name: text for name, text in os.environ.items() if "COVERAGE" not in name}
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forks", str(its.fileno())],
                pass_fds=[its.fileno()], env={**environ, "PYTHONUTF8": "1"},
            )  # fmt: skip

    def start(self, command, env, stdin=0, stdout=1, stderr=2):
        """Start a command of the program, as `subprocess.Popen` does; files are descriptors."""
        assert command[:3] == [sys.executable, "-m", "watcher"]
        pid = self.ask("start", command[3:], env, files=(stdin, stdout, stderr))
        return ForkedProcess(self, pid)

    def ask(self, *request, files=()):
        with self._lock:
            socket.send_fds(self._channel, [json.dumps(request).encode()], files)
            return json.loads(self._channel.recv(LONGEST_REQUEST))

    def close(self):
        self._channel.close()
        self._process.wait()


class ForkedProcess:
    """A started program, with methods of `subprocess.Popen`."""

    def __init__(self, server, pid):
        self.pid = pid
        self.returncode = None
        self._server = server
        self._end = os.pidfd_open(pid)

    def wait(self, timeout=None):
        if self.returncode is None:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(["watcher"], timeout)
            self.returncode = self._server.ask("end", self.pid)
            os.close(self._end)
        return self.returncode

    def poll(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


@pytest.fixture(scope="session")
def start_process():
    """Starts the program, with arguments of `subprocess.Popen`."""
    if sys.platform != "linux":
        yield subprocess.Popen
        return
    server = ForkServer()
    yield server.start
    server.close()


# -- the server


def main(channel):
    """Fork for each request until nobody is left who could send one."""
    import watcher  # noqa: PLC0415 - by the server alone

    own = pkgutil.walk_packages(watcher.__path__, "watcher.")
    for name in [each.name for each in own if not each.name.endswith("__main__")] + list(LATE):
        importlib.import_module(name)
    gc.freeze()  # so that a collection does not copy all that is shared
    while True:
        request, files, _, _ = socket.recv_fds(channel, LONGEST_REQUEST, 3)
        if not request:
            return
        match json.loads(request):
            case ["start", arguments, environ]:
                answer = os.fork()
                if not answer:
                    channel.close()
                    run(arguments, environ, files)
                    return
                for file in files:
                    os.close(file)
            case ["end", pid]:
                answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        channel.send(json.dumps(answer).encode())


def run(arguments, environ, files):
    """Be the program."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: to end with the test run
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if os.isatty(0):  # it hears of Ctrl-C
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    sys.modules["coverage"].process_startup()
    sys.argv[1:] = arguments
    runpy.run_module("watcher", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
