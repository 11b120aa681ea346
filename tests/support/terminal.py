"""Somebody at a terminal of their own: waits for what is asked, types, presses Ctrl-C."""

import os
import pty
import re
import select
import subprocess
import time

from tests.support.bare_python import BARE
from tests.support.waiting import PATIENCE, wait_until

CTRL_C, ENTER = "\x03", "\r"
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
#: Makes the terminal the process's own, so that Ctrl-C is a signal; then becomes the command.
#: Tests that run in the background of a shell would pass on that Ctrl-C is not heard.
_LAUNCH = (
    "import fcntl, os, signal, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A command at a pseudo-terminal. ``text`` is all it has written, without colours.

    ``start``: that of a fork server.
    """

    def __init__(self, command, env, columns=300, start=None):
        self._mine, its = pty.openpty()
        if start is None:
            start, command = subprocess.Popen, [*BARE, _LAUNCH, *command]
        environ = {**env, "TERM": "xterm-256color", "COLUMNS": str(columns)}
        self._process = start(command, env=environ, stdin=its, stdout=its, stderr=its)
        os.close(its)
        self._raw = b""
        self._seen = 0
        self._closed = False

    @property
    def raw(self):
        return self._raw.decode(errors="replace")

    @property
    def text(self):
        return _CODES.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, text):
        """Read until ``text`` comes, behind what was waited for before."""
        deadline = time.monotonic() + PATIENCE
        while (at := self.text.find(text, self._seen)) < 0:
            assert self._read(deadline), (
                f"{text!r} never came; there was {self.text[self._seen :]!r}"
            )
        self._seen = at + len(text)

    def type(self, text):
        os.write(self._mine, text.encode())

    def interrupt(self):
        """Press Ctrl-C once the command waits for an answer.

        A signal between the question and the reading is not seen by Python before the next key.
        """
        assert wait_until(lambda: self._state() == "S"), "the command never waited"
        self.type(CTRL_C)

    def _state(self):
        with open(f"/proc/{self._process.pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0]

    def answer(self, question, text=""):
        """Type a line once a question is there."""
        self.wait_for(question)
        self.wait_for(": ")
        self.type(text + ENTER)

    def end(self):
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self._process.wait(max(0.1, deadline - time.monotonic()))

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if not self._closed:
            self._closed = True
            os.close(self._mine)

    def _read(self, deadline):
        """Whether more has come before the deadline, and before the end."""
        if not select.select([self._mine], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            piece = os.read(self._mine, 65536)
        except OSError:  # the other end was closed: that is how a terminal ends on Linux
            return False
        self._raw += piece
        return bool(piece)
