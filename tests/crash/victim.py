"""One program that is killed at chosen moments, and the count of what became of its files.

A file is lost if HrFlow never accepts its content, and sent twice if HrFlow parses it twice. No
reference keeps a second upload out, be it parsed again under the same key or a profile of its own,
unless the key may only write: then asking is impossible, and the refused reference is the answer.
Where ``references`` says how a known one is taken, some uploads are answered 504 though they were
stored.
"""

import email
import email.policy
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field

from tests.support.desk import Process
from tests.support.documents import zipped
from tests.support.mails import mail, save
from tests.support.waiting import wait_until
from watcher import sandbox as sb
from watcher.sandbox import Fault, Kind

CONFIG = """
[account]
email = "{email}"
api_url = "{url}"
confirm_seconds = 3.0
parallel_uploads = 3

[[folders]]
path = "{folder}"
source_key = "{source}"
settle_seconds = 0.2
ask_above = 0
archives = "open"
after_upload = "{after}"
"""
#: Seconds until a profile is visible: "not found" right after an upload proves nothing.
PARSING = 0.5


@dataclass
class Count:
    """What came of it; ``moments`` says how often each kind of moment was hit."""

    kills: int = 0
    files: int = 0
    arrived: int = 0
    lost: int = 0
    twice: int = 0
    misplaced: int = 0
    moments: Counter = field(default_factory=Counter)

    def __add__(self, other):
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return Count(*(one + two for one, two in pairs))


class Victim:
    """``key`` and ``after`` are the key that it sends with and what becomes of sent files.

    ``references``: what the sandbox makes of a known one; "" for what is hardest on the key.
    ``start`` starts processes, see ``Desk``.
    """

    def __init__(
        self,
        root,
        seed,
        start=subprocess.Popen,
        *,
        key=sb.READ_WRITE_KEY,
        after="keep",
        references="",
    ):
        self.random = random.Random(seed)
        self.folder = root / "cvs"
        self.folder.mkdir(parents=True)
        self.root, self.key, self.after = root, key, after
        self._start_process = start
        self.is_failing = bool(references)
        taken = references or self.random.choice(("update", "late", "never"))
        references = "at_once" if key == sb.WRITE_KEY and not self.is_failing else taken
        self.sandbox = sb.Sandbox(parse_seconds=PARSING, references=references)
        self.expected = {}
        self.count = Count()
        self.process = None

    def run(self, kills):
        """Kill it so many times, let it finish, and count."""
        with self.sandbox:
            self._write_config()
            self._start()
            self.process.wait_for("Watching")
            self.process.end()
            for _ in range(kills):
                # A request takes its time, so that there is a middle of it.
                slow = Fault(kind=Kind.DELAY, delay=0.03, method="POST")
                times = self.random.randrange(3) if self.is_failing else 0
                gateway = Fault(
                    kind=Kind.STATUS, status=504, stored=True, method="POST", times=times
                )
                self.sandbox.faults.set(gateway, slow)
                self._live_and_die()
            return self._finish()

    # -- a life

    def _live_and_die(self):
        moment = self.random.choice(MOMENTS)
        self._start()
        if moment is at_any_time:
            self._drop()
        else:
            self.process.wait_for("Watching")
        moment(self)
        self.process.end(signal.SIGKILL)
        self.count.kills += 1
        self.count.moments[moment.__name__] += 1

    def pause(self, most):
        """Wait for a random time: this is what the test is about."""
        threading.Event().wait(self.random.uniform(0, most))

    def drop(self, size=0):
        """Drop some files, each way that people and programs do it; they are to arrive."""
        self._drop(size)

    def drop_container(self, documents):
        """Save an email or archive with so many documents, which are all to arrive."""
        way = self.random.choice((self._write_in_mail, self._write_in_archive))
        way([self._content(0) for _ in range(documents)])

    def _drop(self, size=0):
        ways = (
            self._write, self._rename_in, self._rename_directory_in, self._write_in_mail,
            self._write_in_archive,
        )  # fmt: skip
        way = self.random.choice(ways)
        way([self._content(size) for _ in range(self.random.randint(1, 4))])

    def _content(self, size):
        number = len(self.expected)
        room = size or self.random.randint(100, 50_000)
        # What packs well is refused in an archive.
        filling = self.random.randbytes(room)
        content = b"%PDF-1.4\n%" + str(number).encode() + b"\n" + filling + b"\n%%EOF\n"
        self.expected[hashlib.sha256(content).hexdigest()] = f"{number}.pdf"
        return f"{number}.pdf", content

    def _write(self, files, folder=None):
        for name, content in files:
            with open((folder or self.folder) / name, "wb") as file:
                file.write(content)

    def _rename_in(self, files):
        self._write(files, self.root)
        for name, _ in files:
            os.rename(self.root / name, self.folder / name)

    def _rename_directory_in(self, files):
        made = self.root / f"d{len(self.expected)}"
        made.mkdir()
        self._write(files, made)
        os.rename(made, self.folder / made.name)

    def _write_in_mail(self, files):
        save(self.folder, f"{len(self.expected)}.eml", mail(*files))

    def _write_in_archive(self, files):
        save(self.folder, f"{len(self.expected)}.zip", zipped(*files))

    # -- the process

    def _write_config(self):
        (self.root / "config.toml").write_text(
            CONFIG.format(
                email=sb.EMAIL, url=self.sandbox.url, folder=self.folder,
                source=sb.ENGINEERING.key, after=self.after,
            ), encoding="utf-8",
        )  # fmt: skip

    def _start(self):
        command = [
            sys.executable, "-m", "watcher", "--config", str(self.root / "config.toml"),
            "--state", str(self.root / "state"), "run",
        ]  # fmt: skip
        environ = {
            **os.environ, "HRFLOW_API_KEY": self.key,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }  # fmt: skip
        environ.pop("COVERAGE_PROCESS_START", None)  # a killed process writes no measurements
        environ.pop("COVERAGE_PROCESS_CONFIG", None)
        self.process = Process(command, environ, self._start_process)

    # -- the end

    def accepted(self):
        return Counter(record.sha256 for record in self.sandbox.ledger.records() if record.taken)

    def _finish(self):
        self.sandbox.faults.clear()
        self._start()
        wait_until(lambda: self.expected.keys() <= self.accepted().keys())
        wait_until(lambda: not self._open_files())
        wait_until(lambda: self.after == "keep" or not self._unfiled())
        self.process.end()
        accepted = self.accepted()
        self.count.files = len(self.expected)
        self.count.arrived = len(self.expected.keys() & accepted.keys())
        self.count.lost = self.count.files - self.count.arrived
        # Also one under a known reference, which is parsed again for nothing.
        self.count.twice = sum(number - 1 for number in self.sandbox.parses().values())
        self.count.misplaced = self._count_misplaced()
        return self.count

    def _open_files(self):
        """How many files the program is not done with, by its own word."""
        from watcher.journal.reader import Reader  # noqa: PLC0415 - only in the end
        from watcher.model.lifecycle import OPEN  # noqa: PLC0415

        reader = Reader(str(self.root / "state" / "journal.db"))
        try:
            return sum(number for state, number in reader.counts().items() if state in OPEN)
        finally:
            reader.close()

    def _unfiled(self):
        return [name for at, _, names in os.walk(self.folder) if "Sent" not in at for name in names]

    def _count_misplaced(self):
        """Files of which not exactly one is left on the disk, or one where it should not be."""
        contents = Counter()
        for at, _, names in os.walk(self.folder):
            for name in names:
                for content in _contents(os.path.join(at, name)):
                    contents[hashlib.sha256(content).hexdigest()] += 1
        wrong = sum(contents[sha256] != 1 for sha256 in self.expected)
        return wrong + (len(self._unfiled()) if self.after == "move" else 0)


def _contents(path):
    """What a file holds: its own content, or those attached to it."""
    with open(path, "rb") as file:
        content = file.read()
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            return [archive.read(name) for name in archive.namelist()]
    if not path.endswith(".eml"):
        return [content]
    message = email.message_from_bytes(content, policy=email.policy.default)
    return [each.get_payload(decode=True) for each in message.iter_attachments()]


# -- moments; each returns when it has come


def at_any_time(victim):
    victim.pause(0.9)


def while_noticing(victim):
    victim.drop()
    victim.pause(0.02)


def while_hashing(victim):
    victim.drop(size=8_000_000)
    victim.pause(0.08)


def while_sending(victim):
    before = len(victim.sandbox.ledger.records())
    victim.drop()
    wait_until(lambda: len(victim.sandbox.ledger.records()) > before)
    victim.pause(0.03)


def between_answer_and_journal(victim):
    before = sum(victim.accepted().values())
    victim.drop()
    wait_until(lambda: sum(victim.accepted().values()) > before)
    victim.pause(0.004)


def between_parts(victim):
    """One document of a container has arrived, others not yet."""
    before = sum(victim.accepted().values())
    victim.drop_container(6)
    wait_until(lambda: sum(victim.accepted().values()) > before)
    victim.pause(0.1)


def while_opening(victim):
    victim.drop_container(6)
    victim.pause(0.3)


def while_filing_away(victim):
    before = sum(victim.accepted().values())
    victim.drop()
    wait_until(lambda: sum(victim.accepted().values()) > before)
    deadline = time.monotonic() + 0.01 + victim.random.uniform(0, 0.04)
    while time.monotonic() < deadline:
        victim.pause(0.002)


MOMENTS = (
    at_any_time, while_noticing, while_hashing, while_sending, between_answer_and_journal,
    while_filing_away, between_parts, while_opening,
)  # fmt: skip
