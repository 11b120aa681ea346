"""Files that wait for something which is not their fault: one cause, many files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.journal import rows
from watcher.journal.store import Store
from watcher.model import Cause, Hold
from watcher.states import existing_key, hold_delay, hold_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

#: Files of one cause; the second half lets the partial index be used.
_CAUSED: Final = "cause = ? AND cause <> ''"


class Holds(Store):
    """The part of the journal that keeps files back and lets them go again."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use ``connection``, and close it in the end."""
        super().__init__(connection)
        self._held = {key for (key,) in self.all("SELECT key FROM holds")}

    def holds(self) -> list[Hold]:
        """All causes at work now, the oldest first."""
        if not self._held:  # asked for every time that something may start
            return []
        found = self.all(
            "SELECT key, cause, account, source_key, why, since, due_at, attempt "
            "FROM holds ORDER BY since"
        )
        return [Hold(row[0], Cause(row[1]), *row[2:]) for row in found]

    def is_held(self, key: str) -> bool:
        """Whether a cause is at work now."""
        return key in self._held

    def hold(self, cause: Cause, account: str, source_key: str, why: str, now: float) -> str:
        """Keep back everything that ``cause`` concerns; gives the hold's key."""
        key = hold_key(cause, account, source_key)
        row = self.read("SELECT attempt, due_at FROM holds WHERE key = ?", key)
        # Several files that were under way find the same cause: that is one finding.
        attempt = 1 if row is None else row[0] + (1 if row[1] <= now else 0)
        self._held.add(key)
        self.write(
            "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
            "why = excluded.why, due_at = excluded.due_at, attempt = excluded.attempt",
            key,
            cause,
            account,
            source_key if cause is Cause.SOURCE else "",
            why,
            now,
            now + hold_delay(cause, attempt),
            attempt,
        )
        scope, values = self._scope(cause, account, source_key)
        self.write(
            "UPDATE files SET state = 'held', why = ?, cause = ?, changed_at = ? "
            f"WHERE state IN ('queued', 'waiting') AND {scope}",
            why,
            key,
            now,
            *values,
        )
        return key

    def release(self, key: str, now: float) -> bool:
        """Let go everything that a cause keeps back; False if it keeps nothing back."""
        self._held.discard(key)
        gone = self.write("DELETE FROM holds WHERE key = ?", key).rowcount == 1
        freed = self.write(
            "UPDATE files SET state = 'queued', why = '', cause = '', due_at = ?, changed_at = ? "
            f"WHERE {_CAUSED} AND state = 'held'",
            now,
            now,
            key,
        )
        return gone or freed.rowcount > 0

    def probe(self, hold: Hold, now: float, folders: Collection[str]) -> bool:
        """Let go a file of ``folders`` to find out if the cause is still there; False if none.

        A cause that keeps nothing back is forgotten: the next file finds out.
        """
        self.write(
            "UPDATE holds SET due_at = ?, attempt = ? WHERE key = ?",
            now + hold_delay(hold.cause, hold.attempt + 1),
            hold.attempt + 1,
            hold.key,
        )
        marks = ", ".join("?" * len(folders))
        freed = self.write(
            "UPDATE files SET state = 'queued', cause = '', due_at = ?, changed_at = ? WHERE id = "
            f"(SELECT f.id {rows.FROM} WHERE {_CAUSED} AND f.state = 'held' "
            # The plus has the index of causes used, whatever the number of folders.
            f"AND +o.path IN ({marks}) LIMIT 1)",
            now,
            now,
            hold.key,
            *map(os.fsencode, folders),
        )
        if not freed.rowcount:
            self.release(hold.key, now)
        return freed.rowcount == 1

    def probe_soon(self, key: str, now: float) -> None:
        """Let the next file of a cause find out at once: the one that was to is gone."""
        self.write("UPDATE holds SET due_at = ? WHERE key = ? AND due_at > ?", now, key, now)

    def take_existing(self, key: str, now: float) -> int:
        """Have files read that were there before their folder was watched; gives how many."""
        self._held.discard(key)
        self.write("DELETE FROM holds WHERE key = ?", key)
        return self.write(
            "UPDATE files SET state = 'noticed', why = '', cause = '', due_at = ?, changed_at = ? "
            f"WHERE {_CAUSED} AND state IN ('held', 'baseline')",
            now,
            now,
            key,
        ).rowcount

    def skip_existing(self, key: str, now: float) -> None:
        """Leave alone for good what waits for a person's yes."""
        self._held.discard(key)
        self.write("DELETE FROM holds WHERE key = ?", key)
        self.write(
            "UPDATE files SET state = 'baseline', why = '', changed_at = ? "
            f"WHERE {_CAUSED} AND state = 'held'",
            now,
            key,
        )

    def take_below(self, path: str, now: float) -> int:
        """Have files at or below ``path`` read that were there first; gives how many.

        Not those of folders that are not watched any more: nobody would.
        """
        taken = 0
        for (stored,) in self.all("SELECT path FROM folders WHERE settings <> ?", rows.LEFT):
            folder = os.fsdecode(stored)
            if folder == path or folder.startswith(path.rstrip(os.sep) + os.sep):
                taken += self.take_existing(existing_key(folder), now)
            elif path.startswith(folder.rstrip(os.sep) + os.sep):
                taken += self._take_part(folder, path, now)
        return taken

    def _take_part(self, folder: str, path: str, now: float) -> int:
        below = os.fsencode(os.path.relpath(path, folder))
        prefix = below + os.fsencode(os.sep)
        return self.write(
            "UPDATE files SET state = 'noticed', why = '', cause = '', due_at = ?, changed_at = ? "
            f"WHERE {_CAUSED} AND state IN ('held', 'baseline') AND directory_id IN "
            "(SELECT id FROM directories WHERE path = ? OR substr(path, 1, ?) = ?)",
            now,
            now,
            existing_key(folder),
            below,
            len(prefix),
            prefix,
        ).rowcount

    def keep_existing(self, key: str, why: str, now: float) -> None:
        """Note that files wait for a person's yes, and in which words that is said."""
        self._held.add(key)
        self.write(
            "INSERT INTO holds VALUES (?, ?, '', '', ?, ?, 0, 1) "
            "ON CONFLICT (key) DO UPDATE SET why = excluded.why",
            key,
            Cause.EXISTING,
            why,
            now,
        )

    def kept(self, key: str) -> int:
        """How many files a cause keeps back."""
        number: int = self.read(
            f"SELECT count(*) FROM files WHERE {_CAUSED} AND state = 'held'", key
        )[0]
        return number

    @staticmethod
    def _scope(cause: Cause, account: str, source_key: str) -> tuple[str, tuple[str, ...]]:
        if cause is Cause.SOURCE:
            return "account = ? AND source_key = ?", (account, source_key)
        return "account = ?", (account,)
