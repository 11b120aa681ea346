"""A person at a machine: a folder, a configuration, and commands, in a pipe or at a terminal."""

import contextlib
import io
import json
import os
import pty
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from unittest import mock

import pytest

from tests.support.terminal import Terminal
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb
from watcher.cli import run_command
from watcher.daemon.channel import Channel
from watcher.daemon.state_folder import Places
from watcher.journal.reader import Reader
from watcher.model.errors import JournalError, NotRunningError

DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")

#: Commands that are programs, or whose keyring is the one that the process has chosen first.
APART = {
    "run", "try", "sandbox", "setup", "login", "logout", "doctor", "--version",
    "service install", "service start", "service restart",
}  # fmt: skip
#: What Python takes over when it starts, and what a process does once.
PYTHONS = frozenset(("PYTHONUTF8", "PYTHONIOENCODING", "PYTHONPROFILEIMPORTTIME"))
FIXED = PYTHONS | {"PYTHON_KEYRING_BACKEND"}

BASE = """
[account]
email = "{email}"
api_url = "{url}"

[[folders]]
path = "{folder}"
source_key = "{source}"
settle_seconds = 0.3
tags = {{ office = "Paris", urgent = true }}
{more}
"""


class Process:
    """A running command whose lines can be waited for; ``start`` may be that of a fork server."""

    def __init__(self, command, env, start=subprocess.Popen):
        mine, its = os.pipe()
        self.process = start(command, env=env, stdout=its, stderr=its)
        os.close(its)
        self._output = os.fdopen(mine, encoding="utf-8")
        self.lines = []
        self._queue = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self._output:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def wait_for(self, text):
        """The first line from now on that holds ``text``."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"{text!r} never came; there was {self.lines}"
            self.lines.append(line)
            if text in line:
                return line

    def end(self, number=signal.SIGTERM):
        """Ask it to end; gives its exit code. May be called again."""
        if self._output.closed:
            return self.process.returncode
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        while not self._queue.empty():
            self.lines.append(self._queue.get() or "")
        self._output.close()
        return code


class Desk:
    """A person's machine: a folder, a configuration, the commands; HrFlow is the sandbox."""

    def __init__(self, root, sandbox, start=subprocess.Popen):
        """``start`` starts processes: a fork server's does so in a tenth of the time."""
        self.root = root
        self.sandbox = sandbox
        self._start = start
        self.folder = root / "cvs"
        self.folder.mkdir()
        self.config = root / "config.toml"
        self.options = ["--config", str(self.config), "--state", str(root / "state")]
        self.key = sb.READ_WRITE_KEY
        self.processes = []
        self.places = Places(str(root / "state"))
        self.configure()

    def configure(self, more="", source=sb.ENGINEERING.key):
        text = BASE.format(
            email=sb.EMAIL, url=self.sandbox.url, folder=self.folder, source=source, more=more
        )
        self.config.write_text(text, encoding="utf-8")

    def command(self, *arguments):
        return [sys.executable, "-m", "watcher", *self.options, *arguments]

    def environ(self, **more):
        """Without the desktop of whoever runs the tests: nothing is shown there."""
        return {
            **{name: value for name, value in os.environ.items() if name not in DESKTOP},
            "HRFLOW_API_KEY": self.key,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONUTF8": "1",
            "LC_ALL": "C.UTF-8",  # English, whatever the person's system speaks
            # No test may see, or install, a login service of whoever runs it.
            "XDG_CONFIG_HOME": str(self.root / "settings"),
            "XDG_DATA_HOME": str(self.root / "data"),
            "XDG_RUNTIME_DIR": str(self.root / "runtime"),
            "HRFLOW_WATCHER_MACHINE_CONFIG": str(self.root / "machine" / "config.toml"),
            **more,
        }

    def start(self, *arguments, **environ):
        """Start a command as a process of its own that goes on."""
        process = Process(self.command(*arguments), self.environ(**environ), self._starter(environ))
        self.processes.append(process)
        return process

    def _starter(self, environ):
        return subprocess.Popen if PYTHONS & environ.keys() else self._start

    def run(self, *arguments, **environ):
        """Run a command to its end: in this process where that makes no difference."""
        named = {arguments[0], " ".join(arguments[:2])}
        is_apart = named & APART or FIXED & environ.keys()
        return (self.run_apart if is_apart else self.call)(*arguments, **environ)

    def run_apart(self, *arguments, typed="", **environ):
        """Run a command as a process of its own; it reads ``typed`` from its standard input."""
        with contextlib.ExitStack() as stack:
            given, out, err = [
                stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
                for _ in range(3)
            ]
            given.write(typed)
            given.seek(0)
            process = self._starter(environ)(
                self.command(*arguments), env=self.environ(**environ),
                stdin=given.fileno(), stdout=out.fileno(), stderr=err.fileno(),
            )  # fmt: skip
            code = process.wait(PATIENCE)
            said = [file.seek(0) or file.read() for file in (out, err)]
        return subprocess.CompletedProcess(arguments, code, *said)

    def call(self, *arguments, typed="", **environ):
        """Run a command in this process, which is ten times as fast as to start one."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with (
            mock.patch.dict(os.environ, self.environ(**environ), clear=True),
            mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.encode()))),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run_command(self.command(*arguments)[3:])
        said = [stream.seek(0) or stream.read() for stream in (out, err)]
        return subprocess.CompletedProcess(arguments, code, *said)

    def read_json(self, *arguments, code=0):
        done = self.run(*arguments, "--json")
        read = [json.loads(line) for line in done.stdout.splitlines()]
        if arguments == ("status",) and read:
            code = 0 if read[0]["running"] else 8
        assert done.returncode == code, done.stderr
        return read

    def channel(self):
        """Return a way to talk to the program that runs, None while none listens."""
        try:
            return Channel.open(self.places)
        except NotRunningError:
            return None

    def states(self):
        """Return the states of all known files, read where no process has to be started."""
        if not os.path.exists(self.places.journal):
            return []
        try:
            reader = Reader(self.places.journal)
        except JournalError:  # it is being made
            return []
        with contextlib.closing(reader):
            return sorted(str(entry.state) for entry in reader.history(limit=100_000))

    def has_scanned(self):
        """Whether the first scan of each folder is over: files that come now are new ones."""
        with contextlib.closing(Reader(self.places.journal)) as reader:
            return all(ended for _, ended in reader.folders())

    def arrived(self):
        return [record for record in self.sandbox.ledger.records() if record.status in (201, 202)]

    def terminal(self, *arguments, columns=300, **environ):
        """Return a terminal of its own at which a command runs, for a person who types."""
        environ = self.environ(**environ)
        return Terminal(self.command(*arguments), environ, columns, self._start)

    def at_terminal(self, *arguments, interrupt_at="", columns=120, **environ):
        """What a command writes to a terminal, and its exit code.

        ``interrupt_at``: it gets a SIGINT once it has written this.
        """
        mine, its = pty.openpty()
        process = self._start(
            self.command(*arguments), stdin=its, stdout=its, stderr=its,
            env=self.environ(TERM="xterm-256color", COLUMNS=str(columns), **environ),
        )  # fmt: skip
        os.close(its)
        written, interrupted = b"", not interrupt_at
        while select.select([mine], [], [], PATIENCE)[0]:
            try:
                piece = os.read(mine, 65536)
            except OSError:  # the other end was closed: that is how a terminal ends on Linux
                break
            written += piece
            if not interrupted and interrupt_at.encode() in written:
                interrupted = True
                process.send_signal(signal.SIGINT)
        os.close(mine)
        return written.decode(), process.wait(PATIENCE)


@pytest.fixture
def desk(tmp_path, start_process):
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        made = Desk(tmp_path, sandbox, start_process)
        yield made
        for process in made.processes:
            process.end()
