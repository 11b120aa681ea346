"""The one writer of the journal."""

from __future__ import annotations

import os
from typing import Final

from watcher.i18n.message import msg
from watcher.journal.facts import Facts
from watcher.journal.files import Files
from watcher.journal.folders import Folders
from watcher.journal.follow_ups import FollowUps
from watcher.journal.holds import Approvals, Holds
from watcher.journal.names import Directories, Names
from watcher.journal.queues import HookQueue, LedgerQueries, Queues
from watcher.journal.retention import Retention
from watcher.journal.store import Store, connect
from watcher.model.errors import DamagedJournalError

#: Columns with times of the wall clock that still matter.
_MOMENTS: Final = (
    ("files", "due_at", "state IN ('queued', 'waiting') AND due_at > 0"),
    ("files", "due_at", "state = 'noticed' AND due_at > 0"),
    ("files", "due_at", "state IN ('uploading', 'uncertain') AND due_at > 0"),
    ("files", "in_doubt_since", "state IN ('uploading', 'uncertain')"),
    ("holds", "due_at", "due_at > 0"),
    ("requests", "started_at", "started_at > 0"),
    ("requests", "ended_at", "ended_at > 0"),
    ("follow_ups", "since", "1"),
    ("follow_ups", "due_at", "1"),
    ("sources", "asked_at", "1"),
    ("folders", "approved_until", "approved_until > 0"),
)


class Journal:
    """The journal, for the one thread that writes it; nothing is on disk before :meth:`commit`.

    Each part is about one topic. A state changes in ``files.step`` and nowhere else.
    """

    def __init__(self, path: str) -> None:
        """Open the journal at ``path``; JournalError if that cannot be done."""
        self._path = path
        self.store = Store(connect(path))
        self.directories = Directories(self.store)
        self.names = Names(self.store, self.directories)
        self.files = Files(self.store, self.directories, self.names)
        self.queues = Queues(self.store)
        self.holds = Holds(self.store, self.files)
        self.approvals = Approvals(self.store, self.files, self.holds)
        self.folders = Folders(self.store, self.files, self.holds, self.approvals, self.directories)
        self.follow_ups = FollowUps(self.store)
        self.ledger = LedgerQueries(self.store)
        self.hooks = HookQueue(self.store, self.files)
        self.facts = Facts(self.store)
        self.retention = Retention(
            path, self.store, self.files, self.directories, self.facts, self.follow_ups
        )

    def commit(self) -> bool:
        """Flush all changes to the disk, as one; return whether there were any.

        DamagedJournalError if the file was removed.
        """
        changes = self.store.commit()
        if changes and not os.path.exists(self._path):
            raise DamagedJournalError(
                msg("The history {path} was removed while it was in use.", path=self._path)
            )
        return changes

    def shift(self, seconds: float) -> None:
        """Have all that lasts or waits do so as long as was meant: the clock was set."""
        for table, column, where in _MOMENTS:
            self.store.write(f"UPDATE {table} SET {column} = {column} + ? WHERE {where}", seconds)
        self.follow_ups.forget_times()
        if paused_until := self.facts.paused_until():
            self.facts.pause(paused_until + seconds)

    def close(self) -> None:
        """Close the journal; changes that were not committed are lost."""
        self.store.close()
