"""The whole program as a process of its own, as a person has it, and what it knows beforehand."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from tests.bench import proc
from watcher import sandbox as sb
from watcher.daemon.state_folder import Places
from watcher.journal.writer import Journal

DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
#: What a person has is what is measured: no keyring of a test's choice.
CLEAN = (*DESKTOP, "PYTHON_KEYRING_BACKEND")
NOWHERE = "http://127.0.0.1:9"  # nobody listens there, and nothing is to be sent
#: Files of the past: parsed, one in a hundred refused, each with its name, fingerprint and story.
PAST = """
WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ?)
INSERT INTO files (directory_id, name, state, size, mtime_ns, noticed_at, changed_at, arrived_at,
                   media_type, sha256, account, source_key, reference, profile_name)
SELECT 1 + i % ?, CAST('cv ' || i || '.pdf' AS BLOB), iif(i % 100, 'parsed', 'refused'), 100000, i,
       i, i, i, 'application/pdf', lower(hex(randomblob(32))), 'default', 'source', 'r' || i,
       'Somebody ' || i
FROM number
"""


class Program:
    """``hrflow-watcher run``, from being watching to its end; everything of it lies below ``root``.

    ``folders`` are watched with the lines ``each``; ``account`` are more lines of the account.
    """

    def __init__(
        self, root, folders, *, url=NOWHERE, account="", each="", arguments=("--no-tray",), env=None
    ):
        self.root = root
        self.state = os.path.join(root, "state")
        self.config = os.path.join(root, "config.toml")
        self.log = os.path.join(self.state, "hrflow-watcher.log")
        self._arguments = arguments
        self._environ = {
            **{name: value for name, value in os.environ.items() if name not in CLEAN},
            "HRFLOW_API_KEY": sb.READ_WRITE_KEY,
            "XDG_CONFIG_HOME": os.path.join(root, "settings"),
            **(env or {}),
        }
        lines = [f'[account]\nemail = "{sb.EMAIL}"\napi_url = "{url}"\n{account}']
        lines += [
            f'[[folders]]\npath = "{path}"\nsource_key = "{sb.ENGINEERING.key}"\n'
            f"ask_above = 0\n{each}"
            for path in folders
        ]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        self._folders = len(folders)
        self._heard = 0
        self.process = None

    def command(self, *words):
        """The words of a command that is about this program."""
        return [*watcher(), "--config", self.config, "--state", self.state, *words]

    def __enter__(self):
        self.begin()
        self.wait_for("was scanned", self._folders)
        self.until(lambda: os.path.exists(Places(self.state).instance), "the API")
        return self

    def begin(self):
        """Start it, and do not wait."""
        self._heard = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.process = subprocess.Popen(
            self.command("run", "--quiet", *self._arguments),
            env=self._environ, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def pid(self):
        return self.process.pid

    def lines(self, text):
        """How many lines of this run's log hold ``text``."""
        try:
            with open(self.log, encoding="utf-8") as file:
                file.seek(self._heard)
                return sum(text in line for line in file)
        except FileNotFoundError:
            return 0

    def wait_for(self, text, times=1, within=600.0):
        """Wait until the log has said something so many times; gives when, as perf_counter."""
        return self.until(lambda: self.lines(text) >= times, text, within=within)

    def until(self, condition, why, within=600.0, every=0.002):
        """Wait for a condition of this program; gives when it was there, as perf_counter."""
        deadline = time.monotonic() + within
        while not condition():
            assert self.process.poll() is None, f"it ended before {why!r}"
            assert time.monotonic() < deadline, f"{why!r} never came"
            threading.Event().wait(every)
        return time.perf_counter()

    def rest(self):
        """Wait until it has nothing to do: less than a hundredth of the CPU for half a second."""
        for _ in range(240):
            before = proc.fine_cpu(self.pid)
            threading.Event().wait(0.5)
            if proc.fine_cpu(self.pid) - before < 0.005:
                return

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


def watcher():
    """The command as it is installed; as a module where it is not."""
    installed = os.path.join(os.path.dirname(sys.executable), "hrflow-watcher")
    return [installed] if os.path.exists(installed) else [sys.executable, "-m", "watcher"]


def place():
    """A directory of a measurement's own, removed at its end."""
    return tempfile.TemporaryDirectory(prefix="hrflow-watcher-bench-", ignore_cleanup_errors=True)


def fill(journal, length, directories, folder):
    """Give a journal ``length`` files of the past in a folder with so many directories."""
    for number in range(min(directories, length)):
        journal.directories.add(folder, str(number).encode())
    journal.store.write(PAST, length, directories)
    journal.store.write(
        "INSERT INTO names SELECT directory_id, name, size, mtime_ns, id FROM files"
    )
    journal.store.write("INSERT INTO contents SELECT source_key, sha256, id FROM files")
    for state in ("noticed", "queued", "uploading", "parsed"):
        journal.store.write(
            "INSERT INTO events (file_id, at, state, why) SELECT id, noticed_at, ?, '' FROM files",
            state,
        )
    journal.commit()


def plant(folder, directories, files):
    """Make ``files`` empty files in so many directories; gives nothing. Their times are one."""
    numbers = [os.path.join(folder, str(number)) for number in range(directories)]
    for path in numbers:
        os.mkdir(path)
    for number in range(1, files + 1):
        os.mknod(os.path.join(numbers[number % directories], f"cv {number}.pdf"), 0o600)


def learn(state, folders):
    """Write a journal that knows every file below the ``folders`` as it is, all long uploaded."""
    os.makedirs(state, mode=0o700, exist_ok=True)
    journal = Journal(os.path.join(state, "journal.db"))
    file_id = 0
    for folder in folders:
        journal.folders.set_scanned(folder, 1.0)
        for at, _, names in os.walk(folder):
            directory = os.path.relpath(at, folder) if at != folder else ""
            directory_id = journal.directories.add(folder, os.fsencode(directory))
            rows = []
            for name in names:
                file_id += 1
                found = os.stat(os.path.join(at, name))
                rows.append((file_id, directory_id, os.fsencode(name), found.st_size,
                             found.st_mtime_ns, found.st_dev, found.st_ino))  # fmt: skip
            journal.store._connection.executemany(
                "INSERT INTO files (id, directory_id, name, state, size, mtime_ns, device, inode, "
                "noticed_at, changed_at, arrived_at, account, source_key) "
                "VALUES (?, ?, ?, 'parsed', ?, ?, ?, ?, 1, 1, 1, 'default', 'source')", rows
            )  # fmt: skip
    journal.store.write(
        "INSERT INTO names SELECT directory_id, name, size, mtime_ns, id FROM files"
    )
    journal.commit()
    journal.close()
