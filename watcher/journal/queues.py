"""What is to be done next, and what is held back: one cause, many files."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import from_json
from watcher.journal import rows
from watcher.model.files import Hold
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import Step, existing_key, hold_delay, hold_key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from watcher.i18n.message import Message
    from watcher.journal.files import Files
    from watcher.journal.store import Store
    from watcher.model.records import Entry
    from watcher.model.uploads import Job

#: Seconds for which requests are kept: the minute they are counted over, after the longest one.
_REQUESTS_KEPT: Final = 1800.0

#: What is kept as a time of the wall clock and is still to come or to be measured from.
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
)
#: Files of one cause; the second half lets the partial index be used.
_CAUSED: Final = "cause = ? AND cause <> ''"
_HOLD: Final = ", ".join(field.name for field in fields(Hold))


class Queues:
    """Queries behind the pipeline's work; each uses a partial index of open files only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due_jobs(self, account: str, now: float, limit: int, folders: Collection[str]) -> list[Job]:
        """Return up to ``limit`` uploads of ``folders`` that may start, those due longest first."""
        marks = ", ".join("?" * len(folders))
        return self._jobs(
            "f.account = ? AND f.state IN ('queued', 'waiting') AND f.due_at <= ? "
            f"AND o.path IN ({marks}) ORDER BY f.due_at LIMIT ?",
            account,
            now,
            *map(os.fsencode, folders),
            limit,
        )

    def uncertain_jobs(self, account: str, now: float, limit: int) -> list[tuple[Job, float]]:
        """Return uploads to be asked for, each with the moment since when it is uncertain."""
        found = self._store.all(
            f"SELECT f.in_doubt_since, {rows.JOB} {rows.FROM} WHERE "
            "f.state IN ('uploading', 'uncertain') AND f.state = 'uncertain' AND f.due_at <= ? "
            "AND f.account = ? ORDER BY f.due_at LIMIT ?",
            now,
            account,
            limit,
        )
        return [(rows.job(rows.JobRow._make(job)), since) for since, *job in found]

    def unread(self, now: float, limit: int, folders: Collection[str]) -> list[Entry]:
        """Return files of ``folders`` that are still to be read, those due longest first."""
        marks = ", ".join("?" * len(folders))
        return self._store.entries(
            f"f.state = 'noticed' AND f.due_at <= ? AND o.path IN ({marks}) "
            "ORDER BY f.due_at LIMIT ?",
            now,
            *map(os.fsencode, folders),
            limit,
        )

    def next_due(self, now: float) -> float | None:
        """Return when the next file or hold is due after ``now``; None if none waits for a time."""
        row = self._store.read(
            "SELECT min(due) FROM (SELECT min(due_at) AS due FROM files "
            "WHERE state IN ('queued', 'waiting') AND due_at > ?1 "
            "UNION ALL SELECT min(due_at) FROM files WHERE state = 'noticed' AND due_at > ?1 "
            "UNION ALL SELECT min(due_at) FROM files "
            "WHERE state IN ('uploading', 'uncertain') AND state = 'uncertain' AND due_at > ?1 "
            "UNION ALL SELECT min(due_at) FROM holds WHERE due_at > ?1)",
            now,
        )
        due: float | None = row[0]
        return due

    def begin_request(self, account: str, now: float) -> int:
        """Store that a request is about to be made; return its id for :meth:`end_request`."""
        self._store.write("DELETE FROM requests WHERE started_at < ?", now - _REQUESTS_KEPT)
        insert = "INSERT INTO requests (account, started_at) VALUES (?, ?)"
        return self._store.write(insert, account, now).lastrowid or 0

    def end_request(self, request_id: int, now: float) -> None:
        """Store that a request is over."""
        self._store.write("UPDATE requests SET ended_at = ? WHERE id = ?", now, request_id)

    def recent_requests(self, account: str) -> list[float]:
        """Return when the recent requests of an account ended, 0 for each that did not."""
        query = "SELECT ended_at FROM requests WHERE account = ? ORDER BY ended_at"
        return [at for (at,) in self._store.all(query, account)]

    def latest(self) -> float:
        """Return the wall clock of the last event, 0 if there is none."""
        row = self._store.read("SELECT at FROM events ORDER BY id DESC LIMIT 1")
        return float(row[0]) if row else 0.0

    def shift(self, seconds: float) -> None:
        """Move all due times, as the wall clock was set by so many seconds."""
        for table, column, where in _MOMENTS:
            self._store.write(f"UPDATE {table} SET {column} = {column} + ? WHERE {where}", seconds)

    def retry_now(self, account: str, now: float) -> None:
        """Make the uploads and questions of an account due now that wait for another try."""
        for open_states in ("'queued', 'waiting'", "'uploading', 'uncertain'"):
            self._store.write(
                f"UPDATE files SET due_at = ?1 WHERE state IN ({open_states}) AND due_at > ?1 "
                "AND account = ?2",
                now,
                account,
            )

    def to_file(self, after: int, limit: int) -> list[Entry]:
        """Return up to ``limit`` files after id ``after`` that are still to be filed away."""
        return self._store.entries(
            "f.filing = 'pending' AND f.id > ? ORDER BY f.id LIMIT ?", after, limit
        )

    def _jobs(self, where: str, *values: object) -> list[Job]:
        query = f"SELECT {rows.JOB} {rows.FROM} WHERE {where}"
        return [rows.job(rows.JobRow._make(row)) for row in self._store.all(query, *values)]


class Holds:
    """Holds files for a cause that concerns many, and releases them."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files
        self._held = {key for (key,) in store.all("SELECT key FROM holds")}

    def at_work(self) -> list[Hold]:
        """Return all causes at work now, the oldest first."""
        if not self._held:  # asked for every time that something may start
            return []
        found = self._store.all(f"SELECT {_HOLD} FROM holds ORDER BY since")
        return [
            Hold(key, Cause(cause), account, source_key, from_json(why), *more)
            for key, cause, account, source_key, why, *more in found
        ]

    def is_held(self, key: str) -> bool:
        """Return whether a cause is at work now."""
        return key in self._held

    def hold(self, cause: Cause, account: str, source_key: str, why: Message, now: float) -> str:
        """Hold everything that ``cause`` concerns; return the hold's key."""
        key = hold_key(cause, account, source_key)
        row = self._store.read("SELECT attempt, due_at FROM holds WHERE key = ?", key)
        attempt, due_at = row or (0, 0.0)
        # Several files that were under way find the same cause: that is one finding.
        attempt += row is None or due_at <= now
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
            now + hold_delay(cause, attempt),
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
        gone = self._forget(key)
        freed = self._ids(f"{_CAUSED} AND state = 'held'", key)
        self._files.step(freed, Step(State.QUEUED, due_at=now), now)
        return gone or bool(freed)

    def probe(self, hold: Hold, now: float, folders: Collection[str]) -> bool:
        """Release one file of ``folders`` to find out if the cause is still there; False if none.

        A hold without files is removed: the next file finds out.
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
            # The plus has the index of causes used, whatever the number of folders.
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
        """Let the next file find out at once, as the one that was to is gone."""
        self._store.write("UPDATE holds SET due_at = ? WHERE key = ? AND due_at > ?", now, key, now)

    def kept(self, key: str) -> int:
        """Return how many files a cause holds."""
        number: int = self._store.read(
            f"SELECT count(*) FROM files WHERE {_CAUSED} AND state = 'held'", key
        )[0]
        return number

    # -- existing files: those that were there before their folder was watched

    def keep_existing(self, key: str, why: Message, now: float) -> None:
        """Hold existing files until a person approves; ``why`` says so."""
        self._held.add(key)
        self._store.write(
            "INSERT INTO holds VALUES (?, ?, '', '', ?, ?, 0, 1) "
            "ON CONFLICT (key) DO UPDATE SET why = excluded.why",
            key,
            Cause.EXISTING,
            rows.reason_text(why),
            now,
        )

    def take_existing(self, key: str, now: float) -> int:
        """Let existing files be read, as a person approved; return how many."""
        self._forget(key)
        found = self._ids(f"{_CAUSED} AND state IN ('held', 'baseline')", key)
        self._files.step(found, Step(State.NOTICED, due_at=now), now)
        return len(found)

    def skip_existing(self, key: str, now: float) -> None:
        """Ignore for good the existing files that wait for approval."""
        self._forget(key)
        found = self._ids(f"{_CAUSED} AND state = 'held'", key)
        self._files.step(found, Step(State.BASELINE), now, cause=key)

    def take_below(self, path: str, now: float) -> int:
        """Let existing files at or below ``path`` be read; return how many.

        Not those of folders that are no longer watched: nothing would read them.
        """
        taken = 0
        for (stored,) in self._store.all("SELECT path FROM folders WHERE settings <> ?", rows.LEFT):
            folder = os.fsdecode(stored)
            if folder == path or folder.startswith(path.rstrip(os.sep) + os.sep):
                taken += self.take_existing(existing_key(folder), now)
            elif path.startswith(folder.rstrip(os.sep) + os.sep):
                taken += self._take_part(folder, path, now)
        return taken

    def _take_part(self, folder: str, path: str, now: float) -> int:
        below = os.fsencode(os.path.relpath(path, folder))
        prefix = below + os.fsencode(os.sep)
        found = self._ids(
            f"{_CAUSED} AND state IN ('held', 'baseline') AND directory_id IN "
            "(SELECT id FROM directories WHERE path = ? OR substr(path, 1, ?) = ?)",
            existing_key(folder),
            below,
            len(prefix),
            prefix,
        )
        self._files.step(found, Step(State.NOTICED, due_at=now), now)
        return len(found)

    # -- inside

    def _forget(self, key: str) -> bool:
        self._held.discard(key)
        return self._store.write("DELETE FROM holds WHERE key = ?", key).rowcount == 1

    def _ids(self, where: str, *values: object) -> list[int]:
        found = self._store.all(f"SELECT id FROM files WHERE {where}", *values)
        return [file_id for (file_id,) in found]


class Hooks:
    """Commands to be run for files. A file's change of state adds them."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files

    def set_events(self, events: Collection[str]) -> None:
        """Set the states for which a command is to be run, from now on."""
        self._files.hooks = frozenset(events)
        marks = ", ".join("?" * len(events))
        if self._store.read(f"SELECT 1 FROM hooks WHERE event NOT IN ({marks})", *events):
            self._store.write(f"DELETE FROM hooks WHERE event NOT IN ({marks})", *events)

    def to_run(self, limit: int, busy: Sequence[int]) -> list[tuple[str, Entry]]:
        """Return up to ``limit`` commands to run, by event and file, except for ``busy`` files.

        A file that was forgotten meanwhile needs none.
        """
        marks = ", ".join("?" * len(busy))
        found = self._store.all(
            f"SELECT event, file_id FROM hooks WHERE file_id NOT IN ({marks}) "
            "ORDER BY file_id LIMIT ?",
            *busy,
            limit,
        )
        entries = [(event, file_id, self._store.entry(file_id)) for event, file_id in found]
        for event, file_id, entry in entries:
            if entry is None:
                self.remove(file_id, event)
        if any(entry is None for *_, entry in entries):  # others may stand behind them
            return self.to_run(limit, busy)
        return [(event, entry) for event, _, entry in entries if entry is not None]

    def remove(self, file_id: int, event: str) -> None:
        """Delete a command that was run, or need not be."""
        self._store.write("DELETE FROM hooks WHERE file_id = ? AND event = ?", file_id, event)
