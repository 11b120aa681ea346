"""Deletes old history in small steps, and at once what a person wants forgotten.

The fingerprint of each content that was sent stays: it says nothing about the person, and without
it the content would be sent again.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from typing import TYPE_CHECKING, Final

from watcher.journal import rows
from watcher.model.kinds import State
from watcher.model.lifecycle import OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.journal.facts import Facts
    from watcher.journal.files import Files
    from watcher.journal.follow_ups import FollowUps
    from watcher.journal.names import Directories
    from watcher.journal.store import Store

_log = logging.getLogger(__name__)
#: Rows examined in one step; a step takes milliseconds.
STEP: Final = 1000
#: The condition for a file that needs no work and is no longer on disk, as far as known.
_OVER: Final = f"""
    state IN {rows.states(sorted(set(State) - OPEN))}
    AND filing <> 'pending'
    AND NOT EXISTS (SELECT 1 FROM names n WHERE n.directory_id = files.directory_id
                    AND n.name = files.name AND n.file_id = files.id)
"""


class Retention:
    """Deletes what is old or to be forgotten."""

    def __init__(
        self,
        path: str,
        store: Store,
        files: Files,
        directories: Directories,
        facts: Facts,
        follow_ups: FollowUps,
    ) -> None:
        self._path = path
        self._store = store
        self._files = files
        self._directories = directories
        self._facts = facts
        self._follow_ups = follow_ups

    def prune(self, after: int, history_before: float, names_before: float) -> int:
        """Delete what is too old among the next files after id ``after``.

        Return the id to continue with, 0 at the end. History older than ``history_before`` is
        deleted, and people's names older than ``names_before``.
        """
        found = self._store.ids("id > ? ORDER BY id LIMIT ?", after, STEP)
        if not found:
            self._directories.forget_empty()
            return 0
        last = found[-1]
        where = f"id > ? AND id <= ? AND changed_at < ? AND {_OVER}"
        self._files.delete(self._store.ids(where, after, last, history_before))
        self._store.write(
            "UPDATE files SET profile_name = '', profile_email = '' WHERE id > ? AND id <= ? "
            "AND changed_at < ? AND (profile_name <> '' OR profile_email <> '')",
            after,
            last,
            names_before,
        )
        return last

    def prune_rest(self, now: float) -> None:
        """Delete what is old and not about single files."""
        self._facts.prune(now)
        self._follow_ups.prune(now)
        if self._facts.has_remains():
            self._overwrite(now)

    def forget(self, file_ids: Sequence[int], now: float) -> bool:
        """Delete files and what is known about them, but not the fingerprints of what was sent.

        Return False if the remains in the journal's file could not be overwritten; that is
        tried again. A file that is still on disk will be noticed again.
        """
        self._files.delete(file_ids)
        self._directories.forget_empty()
        return self._overwrite(now)

    def _overwrite(self, now: float) -> bool:
        """Rewrite the journal's file, as what is deleted leaves remains in it."""
        self._facts.note_remains(now)
        self._store.commit()
        if not _rewrite(self._path):
            return False
        self._facts.note_remains(0.0)
        self._store.commit()
        return True


def _rewrite(path: str) -> bool:
    """Rewrite the journal's file without remains of what was deleted, and empty its log.

    Return False if that is not possible now: another process reads it, or the disk is full.
    """
    try:
        # Nothing new begins meanwhile, so other processes are not waited for any longer.
        connection = sqlite3.connect(path, isolation_level=None, timeout=2)
        with contextlib.closing(connection):
            connection.execute("VACUUM")
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        _log.warning("the journal cannot be rewritten: %s", error)
        return False
    return not is_busy
