"""Several desks on one folder with a shared ledger."""

import hashlib
import subprocess

from tests.support.desk import Desk
from tests.support.samples import make_pdf
from tests.support.waiting import wait_until
from watcher.ledger import schema
from watcher.ledger.connection import connected
from watcher.model.lifecycle import OPEN


def set_up(url):
    """Create the tables of a ledger."""
    with connected(url, "", migrating=True) as connection:
        schema.migrate(connection)


class Share:
    """A folder that several desks watch, and the sandbox that they all send to."""

    def __init__(self, root, url, sandbox, start=subprocess.Popen):
        """``start`` is what its desks start processes with."""
        self.root = root
        self._start = start
        self.url = url
        self.sandbox = sandbox
        self.folder = root / "share"
        self.folder.mkdir()
        self.desks = []

    def desk(self, more="", account="", folder=""):
        """A machine of its own, whose program is started with :meth:`start`."""
        root = self.root / f"desk-{len(self.desks) + 1}"
        root.mkdir()
        desk = Desk(root, self.sandbox, self._start)
        desk.folder = self.folder
        desk.configure(f'{folder}\n[ledger]\nurl = "{self.url}"\n{more}')
        if account:
            written = desk.config.read_text(encoding="utf-8")
            desk.config.write_text(
                written.replace("[account]", f"[account]\n{account}"), encoding="utf-8"
            )
        self.desks.append(desk)
        return desk

    def drop(self, number, start=0):
        for each in range(start, start + number):
            make_pdf(self.folder / f"cv {each}.pdf", str(each))

    def digest(self, number):
        return hashlib.sha256((self.folder / f"cv {number}.pdf").read_bytes()).digest()

    def references(self):
        return [record.reference for record in self.desks[0].arrived()]

    def is_done(self, number):
        """Whether every desk has come to rest with all files."""
        return all(len(s) == number and not OPEN & set(s) for s in (d.states() for d in self.desks))

    def check(self, number):
        assert wait_until(lambda: self.is_done(number)), [desk.states() for desk in self.desks]
        references = self.references()
        assert len(references) == len(set(references)) == number

    def close(self):
        for desk in self.desks:
            for process in desk.processes:
                process.end()
