"""One scenario's world, and the count of what became of its files."""

import hashlib
import os
import subprocess
from collections import Counter
from dataclasses import dataclass

from tests.support.desk import Desk
from tests.support.waiting import wait_until
from tests.support.world import World


@dataclass(frozen=True)
class Scenario:
    """``how`` says how the fault is provoked; ``run`` does it to a Trial."""

    name: str
    how: str
    run: object
    #: What the machine must allow, by words: "mount", "root", "unshare", "openssl", "postgres".
    needs: str = ""


@dataclass(frozen=True)
class Row:
    """The count: ``told`` are files that wait, or are refused, with a reason that was given."""

    files: int
    arrived: int
    told: int
    lost: int
    twice: int


class Trial(World):
    """A world in which every file that is dropped is accounted for in the end."""

    def __init__(self, root, start):
        super().__init__(root)
        self.start_process = start
        self.expected = {}
        self.unwanted = set()
        self.undo = []

    def desk(self, more=""):
        """A desk beside this world, whose program is a process; it looks into that one's state."""
        (self.root / "desk").mkdir()
        self.places = type(self.places)(str(self.root / "desk" / "state"))
        desk = Desk(self.root / "desk", self.sandbox, self.start_process)
        desk.configure(more)
        return desk

    def until(self, condition):
        found = wait_until(condition)
        assert found, f"did not happen; files are {self.states()}"
        return found

    def drop(self, folder, *names, size=0, wanted=True):
        """Put files of contents of their own into a folder; each is to arrive if ``wanted``."""
        for name in names:
            body = f"%PDF-1.4\n%{name}\n".encode("utf-8", "surrogateescape")
            content = body + b" " * size + b"\n%%EOF\n"
            with open(os.path.join(folder.path, name), "wb") as file:
                file.write(content)
            self.expect(name, content, wanted=wanted)

    def expect(self, name, content, *, wanted=True):
        if wanted:
            self.expected[hashlib.sha256(content).hexdigest()] = name
        else:
            self.unwanted.add(name)

    def has(self, state, number=1):
        return [*self.states().values()].count(state) >= number

    def arrived(self):
        """What HrFlow has taken, whatever it answered."""
        return [record for record in self.tried() if record.taken]

    def tried(self):
        return self.sandbox.ledger.records()

    def asked(self):
        """How many questions were asked about uploads."""
        calls = self.sandbox.ledger.calls()
        return sum(call.target.startswith("/v1/profile/parsing?") for call in calls)

    def hashes(self):
        """How often each content was parsed: each time beyond the first costs, and was needless."""
        return Counter(self.sandbox.parses())

    def finish(self):
        """Wait for the last of them, end the program, and count."""
        wait_until(lambda: self.expected.keys() <= self.hashes().keys())
        wait_until(lambda: self.unwanted <= set(self.explained()))
        # What has arrived may still be sent once more, as long as it is in doubt.
        wait_until(lambda: not {"queued", "uploading", "uncertain"} & {*self.states().values()})
        self.stop()
        hashes, explained = self.hashes(), self.explained()
        told = sum(1 for name in self.unwanted if name in explained)
        twice = sum(number - 1 for number in hashes.values())
        twice += sum(number for sha256, number in hashes.items() if sha256 not in self.expected)
        arrived = len(self.expected.keys() & hashes.keys())
        total = len(self.expected) + len(self.unwanted)
        return Row(total, arrived, told, total - arrived - told, twice)

    def explained(self):
        """Names of files that were not sent, and were given a reason or are nobody's business."""
        return {
            os.path.basename(entry.path)
            for entry in self.entries()
            if str(entry.state) in ("refused", "ignored", "gone", "duplicate", "held")
            and (entry.why or entry.duplicate_of)
        }

    def close(self):
        super().close()
        for action in reversed(self.undo):
            action()


def run(scenario, root, start=subprocess.Popen):
    """Run a scenario in the directory ``root``; gives its Row. ``start``: see `Desk`."""
    trial = Trial(root, start)
    trial.sandbox.start()
    try:
        scenario.run(trial)
        return trial.finish()
    finally:
        trial.close()
