"""Holds: causes that keep many files from being uploaded, until they are gone or approved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import from_json
from watcher.journal import rows
from watcher.model.files import Hold
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import Step, hold_delay, hold_key, hold_keys

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.i18n.message import Message
    from watcher.journal.files import Files
    from watcher.journal.store import Store

#: Files of one cause; the second half lets the partial index be used.
CAUSED: Final = "cause = ? AND cause <> ''"
_HOLD: Final = ", ".join(Hold.__struct_fields__)


class Holds:
    """Holds files for a cause that concerns many of them, and releases them."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files
        self._held = {key for (key,) in store.all("SELECT key FROM holds")}

    def active(self) -> list[Hold]:
        """Return all active causes, the oldest first."""
        if not self._held:  # called whenever an upload may start
            return []
        found = self._store.all(f"SELECT {_HOLD} FROM holds ORDER BY since")
        return [
            Hold(key, Cause(cause), account, source_key, from_json(why), *more)
            for key, cause, account, source_key, why, *more in found
        ]

    def is_held(self, key: str) -> bool:
        """Return whether a cause is active."""
        return key in self._held

    def keys_of(self, account: str, source_key: str) -> list[str]:
        """Return the active causes that hold back what goes to a source."""
        if not self._held:  # as nearly always
            return []
        return [key for key in hold_keys(account, source_key) if key in self._held]

    def hold(self, cause: Cause, account: str, source_key: str, why: Message, now: float) -> str:
        """Hold everything that ``cause`` concerns; return the hold's key."""
        key = hold_key(cause, account, source_key)
        row = self._store.read("SELECT attempt, due_at FROM holds WHERE key = ?", key)
        attempt, due_at = row or (0, 0.0)
        # Several uploads under way that meet the same cause count as one attempt.
        attempt += row is None or due_at <= now
        delay = hold_delay(cause, attempt)
        self._held.add(key)
        self._store.write(
            "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
            "why = excluded.why, due_at = excluded.due_at, attempt = excluded.attempt",
            key,
            cause,
            account,
            source_key if cause is Cause.SOURCE else "",
            rows.reason_text(why),
            now,
            now + delay if delay else 0.0,
            attempt,
        )
        scope, values = "account = ?", [account]
        if cause is Cause.SOURCE:
            scope, values = "account = ? AND source_key = ?", [account, source_key]
        found = self._ids(f"state IN ('queued', 'waiting') AND {scope}", *values)
        self._files.step(found, Step(State.HELD, why), now, cause=key)
        return key

    def release(self, key: str, now: float) -> bool:
        """Release everything that a cause holds; False if it holds nothing."""
        gone = self.forget(key)
        freed = self._ids(f"{CAUSED} AND state = 'held'", key)
        self._files.step(freed, Step(State.QUEUED, due_at=now), now)
        return gone or bool(freed)

    def probe(self, hold: Hold, now: float, folders: Collection[str]) -> bool:
        """Release one file of ``folders`` to test whether the cause still applies; False if none.

        A hold without files is removed: the next file tests it.
        """
        self._store.write(
            "UPDATE holds SET due_at = ?, attempt = ? WHERE key = ?",
            now + hold_delay(hold.cause, hold.attempt + 1),
            hold.attempt + 1,
            hold.key,
        )
        marks = ", ".join("?" * len(folders))
        found = self._store.read(
            f"SELECT f.id {rows.FROM} WHERE f.{CAUSED} AND f.state = 'held' "
            # The plus makes SQLite use the index of causes, whatever the number of folders.
            f"AND +o.path IN ({marks}) LIMIT 1",
            hold.key,
            *map(os.fsencode, folders),
        )
        if found is None:
            self.release(hold.key, now)
            return False
        self._files.step(found[0], Step(State.QUEUED, hold.why, now), now)
        return True

    def probe_soon(self, key: str, now: float) -> None:
        """Let the next file test the cause at once, as the one that should is gone."""
        self._store.write("UPDATE holds SET due_at = ? WHERE key = ? AND due_at > ?", now, key, now)

    def count(self, key: str) -> int:
        """Return how many files a cause holds."""
        number: int = self._store.read(
            f"SELECT count(*) FROM files WHERE {CAUSED} AND state = 'held'", key
        )[0]
        return number

    def has_caused(self, key: str) -> bool:
        """Return whether a cause holds files, or held some that are gone or skipped."""
        return self._store.read(f"SELECT 1 FROM files WHERE {CAUSED} LIMIT 1", key) is not None

    def ask(self, key: str, cause: Cause, why: Message, now: float) -> None:
        """Hold files until a person approves them; ``why`` says so."""
        self._held.add(key)
        self._store.write(
            "INSERT INTO holds VALUES (?, ?, '', '', ?, ?, 0, 1) "
            "ON CONFLICT (key) DO UPDATE SET why = excluded.why",
            key,
            cause,
            rows.reason_text(why),
            now,
        )

    def forget(self, key: str) -> bool:
        """End a hold without a change of its files; return whether there was one."""
        self._held.discard(key)
        return self._store.write("DELETE FROM holds WHERE key = ?", key).rowcount == 1

    # -- inside

    def _ids(self, where: str, *values: object) -> list[int]:
        found = self._store.all(f"SELECT id FROM files WHERE {where}", *values)
        return [file_id for (file_id,) in found]
