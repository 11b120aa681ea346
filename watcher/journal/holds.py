"""Causes that keep many files from being uploaded, until they are gone or a person approves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import from_json, msg
from watcher.journal import rows
from watcher.model.holds import (
    APPROVED,
    HOUR,
    Hold,
    burst_key,
    cause_of,
    existing_key,
    hold_key,
    hold_keys,
    month_of,
)
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import Step, hold_delay
from watcher.model.reasons import BURST_WAITS
from watcher.routing.names import is_in

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.i18n.message import Message
    from watcher.journal.files import Files
    from watcher.journal.store import Store

#: Files of one cause; the second half lets the partial index be used.
_CAUSED: Final = "cause = ? AND cause <> ''"
#: Whether a file is at or below a directory of its folder, given by :func:`_below`.
_BELOW: Final = (
    "directory_id IN (SELECT id FROM directories WHERE path = ? OR substr(path, 1, ?) = ?)"
)
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
        found = self._store.ids(f"state IN ('queued', 'waiting') AND {scope}", *values)
        self._files.step(found, Step(State.HELD, why), now, cause=key)
        return key

    def release(self, key: str, now: float) -> bool:
        """Release everything that a cause holds; False if it holds nothing."""
        gone = self.forget(key)
        freed = self._store.ids(f"{_CAUSED} AND state = 'held'", key)
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
            f"SELECT f.id {rows.FROM} WHERE f.{_CAUSED} AND f.state = 'held' "
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
            f"SELECT count(*) FROM files WHERE {_CAUSED} AND state = 'held'", key
        )[0]
        return number

    def has_caused(self, key: str) -> bool:
        """Return whether a cause holds files, or held some that are gone or skipped."""
        return self._store.read(f"SELECT 1 FROM files WHERE {_CAUSED} LIMIT 1", key) is not None

    def hold_for_approval(self, key: str, cause: Cause, why: Message, now: float) -> None:
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


class Approvals:
    """Holds files for approval, and releases them."""

    def __init__(self, store: Store, files: Files, holds: Holds) -> None:
        self._store = store
        self._files = files
        self._holds = holds

    def hold_unsent(self, file_ids: Collection[int], key: str, now: float) -> None:
        """Hold the queued ones of these files for approval."""
        self._store.choose(list(file_ids))
        found = self._store.ids("state IN ('queued', 'waiting') AND id IN (SELECT id FROM chosen)")
        self._files.step(found, Step(State.HELD, BURST_WAITS), now, cause=key)

    def approve(self, key: str, now: float) -> int:
        """Release the files held by ``key``, as a person approved them; return how many."""
        found = self.release(key, now)
        self._holds.forget(key)
        if found and cause_of(key) != Cause.MONTHLY_LIMIT:
            self._expect_more(self._files.folder_of(found[0]), now)
        return len(found)

    def release(self, key: str, now: float, below: bytes = b"") -> list[int]:
        """Release the files held by ``key`` and return them; later files may be held again.

        ``below``: only those at or below this directory of their folder.
        """
        cause = cause_of(key)
        # Existing files that are noticed are still to be opened, see :meth:`open_existing`.
        states = "'held', 'baseline'" + (", 'noticed'" if cause == Cause.EXISTING else "")
        where = f"{_CAUSED} AND state IN ({states}) AND {_BELOW}"
        found = self._store.ids(where, key, *_below(below))
        if cause == Cause.EXISTING:  # they were not read yet
            self._files.step(found, Step(State.NOTICED, due_at=now), now, cause=APPROVED)
        else:
            step = Step(State.QUEUED, msg("You approved the upload."), now)
            self._files.step(found, step, now)
        if cause == Cause.MONTHLY_LIMIT:
            self._store.write(
                "INSERT INTO months (month, account, approved) VALUES (?, ?, ?) ON CONFLICT "
                "(month, account) DO UPDATE SET approved = approved + excluded.approved",
                month_of(now),
                key.partition(":")[2],
                len(found),
            )
        return found

    def open_existing(self, key: str, endings: Collection[str], now: float) -> None:
        """Have the held files with these endings read now, for the documents inside to count.

        They keep their cause, which holds these documents.
        """
        marks = ", ".join("?" * len(endings))
        ending = f"lower(CAST(substr(name, -4) AS TEXT)) IN ({marks})"
        found = self._store.ids(f"{_CAUSED} AND state = 'held' AND {ending}", key, *endings)
        self._files.step(found, Step(State.NOTICED, due_at=now), now, cause=key)

    def skip_existing(self, key: str, now: float) -> None:
        """Skip for good the existing files that wait for approval."""
        self._holds.forget(key)
        found = self._store.ids(f"{_CAUSED} AND state = 'held'", key)
        self._files.step(found, Step(State.BASELINE), now, cause=key)

    def drop_answered(self, cause: Cause) -> None:
        """End the holds of a cause whose files are all gone or ignored: nothing is left to ask."""
        for hold in self._holds.active():
            if hold.cause is cause and not self._store.read(
                # Those that are noticed are read again, and then held again.
                f"SELECT 1 FROM files WHERE {_CAUSED} AND state IN ('held', 'noticed') LIMIT 1",
                hold.key,
            ):
                self._holds.forget(hold.key)

    def approve_below(self, path: str, now: float) -> int:
        """Release the files at or below ``path`` that wait for approval; return how many.

        Folders that are no longer watched are left out: nothing would read their files.
        """
        taken = 0
        for folder_id, stored in self._store.all(
            "SELECT id, path FROM folders WHERE settings <> ?", rows.LEFT
        ):
            folder = os.fsdecode(stored)
            if is_in(folder, path, os.sep):
                below = b""
            elif is_in(path, folder, os.sep):
                below = os.fsencode(os.path.relpath(path, folder))
            else:
                continue
            for key in (existing_key(folder), burst_key(folder)):
                taken += len(self.release(key, now, below))
                if not below:
                    self._holds.forget(key)
            self._store.write(
                f"UPDATE files SET cause = ? WHERE state = 'noticed' AND cause = '' AND {_BELOW} "
                "AND directory_id IN (SELECT id FROM directories WHERE folder_id = ?)",
                APPROVED,
                *_below(below),
                folder_id,
            )
            self._expect_more(folder_id, now)
        return taken

    def arrivals(self, folder: str, now: float, limit: int) -> list[tuple[int, float]]:
        """Return up to ``limit`` files that came to a folder in the last hour, and when.

        Those that were approved, or that are not sent, do not count.
        """
        found: list[tuple[int, float]] = self._store.all(
            f"SELECT f.id, f.noticed_at {rows.FROM} WHERE f.changed_at > ?2 AND f.noticed_at > ?2 "
            "AND f.noticed_at > o.approved_until AND o.path = ?1 AND f.state IN ('queued', "
            "'waiting', 'uploading', 'uncertain', 'accepted', 'parsed', 'parse_failed') "
            "ORDER BY f.noticed_at LIMIT ?3",
            os.fsencode(folder),
            now - HOUR,
            limit,
        )
        return found

    def approved_until(self, folder: str) -> float:
        """Return until when new files in a folder need no approval; 0 if that never was."""
        query = "SELECT approved_until FROM folders WHERE path = ?"
        row = self._store.read(query, os.fsencode(folder))
        return float(row[0]) if row else 0.0

    def uploads_in(self, month: str, account: str) -> tuple[int, int]:
        """Return how many uploads a month has had, and how many were approved above its limit."""
        self._store.write_deferred()
        query = "SELECT uploads, approved FROM months WHERE month = ? AND account = ?"
        row: tuple[int, int] | None = self._store.read(query, month, account)
        return row or (0, 0)

    # -- inside

    def _expect_more(self, folder_id: int, now: float) -> None:
        """Ask nothing about new files for a while: those approved may be the first of many."""
        update = "UPDATE folders SET approved_until = ? WHERE id = ?"
        self._store.write(update, now + HOUR, folder_id)


def _below(directory: bytes) -> tuple[bytes, int, bytes]:
    """Return the values for ``_BELOW``; x'' is the whole folder."""
    prefix = directory + os.fsencode(os.sep) if directory else b""
    return directory, len(prefix), prefix
