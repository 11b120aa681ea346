"""The one writer of the journal."""

from __future__ import annotations

import os

from watcher.i18n.message import msg
from watcher.journal.approvals import Approvals
from watcher.journal.facts import Facts
from watcher.journal.files import Files
from watcher.journal.folders import Folders
from watcher.journal.follow_ups import FollowUps
from watcher.journal.holds import Holds
from watcher.journal.ledger import LedgerQueries
from watcher.journal.queues import Hooks, Queues
from watcher.journal.retention import Retention
from watcher.journal.store import Store, connect
from watcher.model.errors import DamagedJournalError


class Journal:
    """The journal, for the one thread that writes it; nothing is on disk before :meth:`commit`.

    Each part is about one topic. A state changes in ``files.step`` and nowhere else.
    """

    def __init__(self, path: str) -> None:
        """Open the journal at ``path``; JournalError if that cannot be done."""
        self._path = path
        self.store = Store(connect(path))
        self.files = Files(self.store)
        self.queues = Queues(self.store)
        self.holds = Holds(self.store, self.files)
        self.approvals = Approvals(self.store, self.files, self.holds)
        self.folders = Folders(self.store, self.files, self.holds, self.approvals)
        self.follow_ups = FollowUps(self.store)
        self.ledger = LedgerQueries(self.store)
        self.hooks = Hooks(self.store, self.files)
        self.facts = Facts(self.store)
        self.retention = Retention(path, self.store, self.files, self.facts, self.follow_ups)

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

    def close(self) -> None:
        """Close the journal; changes that were not committed are lost."""
        self.store.close()
