"""What is to be done next: files to read, upload, file away or claim, requests, hooks to run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from watcher.journal import rows
from watcher.model.kinds import State

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from watcher.journal.files import Files
    from watcher.journal.store import Store
    from watcher.model.entries import Entry
    from watcher.model.uploads import Job

#: Seconds for which requests are stored: the longest request, and the minute after it.
_REQUESTS_KEPT: Final = 1800.0
#: The hex fingerprint under which a file sends its content, see ``Files.claim``.
_IDENTITY: Final = (
    "coalesce((SELECT min(c.identity) FROM contents c WHERE c.file_id = f.id "
    "AND c.source_key = f.source_key), f.sha256)"
)


class Unread(NamedTuple):
    """A file that is still to be read."""

    file_id: int
    folder: str
    path: str


class Queues:
    """Queries for the pipeline's work; each uses a partial index of open files only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due_jobs(
        self,
        account: str,
        now: float,
        limit: int,
        folders: Collection[str],
        among: Collection[int] | None = None,
    ) -> list[Job]:
        """Return up to ``limit`` uploads of ``folders`` that may start, those due longest first.

        ``among``: ids of the files that may be sent, if not all.

        One whose reference was not made from its content waits for others with that reference:
        sent again later, an earlier one would replace it in HrFlow.
        """
        marks = ", ".join("?" * len(folders))
        chosen = "" if among is None else f"f.id IN ({', '.join('?' * len(among))}) AND "
        return self._jobs(
            f"{chosen}f.account = ? AND f.state IN ('queued', 'waiting') AND f.due_at <= ? "
            f"AND o.path IN ({marks}) AND (instr(f.reference, f.sha256) OR NOT EXISTS ("
            "SELECT 1 FROM files u WHERE u.state IN ('uploading', 'uncertain') AND u.account = "
            "f.account AND u.source_key = f.source_key AND u.reference = f.reference)) "
            "ORDER BY f.due_at LIMIT ?",
            *(among or ()),
            account,
            now,
            *map(os.fsencode, folders),
            limit,
        )

    def has_queued(self, account: str) -> bool:
        """Return whether an account has uploads to make, now or later."""
        query = "SELECT 1 FROM files WHERE state IN ('queued', 'waiting') AND account = ? LIMIT 1"
        return self._store.read(query, account) is not None

    def in_flight(self, account: str) -> int:
        """Return how many uploads of an account are under way, or may have arrived."""
        query = (
            "SELECT count(*) FROM files WHERE state IN ('uploading', 'uncertain') AND account = ?"
        )
        return int(self._store.read(query, account)[0])

    def uncertain_jobs(self, account: str, now: float, limit: int) -> list[tuple[Job, float]]:
        """Return uploads that are due to be confirmed, and since when they are uncertain."""
        found = self._store.all(
            f"SELECT f.in_doubt_since, {rows.JOB} {rows.FROM} WHERE "
            "f.state IN ('uploading', 'uncertain') AND f.state = 'uncertain' AND f.due_at <= ? "
            "AND f.account = ? ORDER BY f.due_at LIMIT ?",
            now,
            account,
            limit,
        )
        return [(rows.job(rows.JobRow(*job)), since) for since, *job in found]

    def unread(self, now: float, limit: int, folders: Collection[str]) -> list[Unread]:
        """Return files of ``folders`` that are still to be read, those due longest first."""
        marks = ", ".join("?" * len(folders))
        found = self._store.all(
            f"SELECT f.id, o.path, d.path, f.name {rows.FROM} WHERE f.state = 'noticed' "
            f"AND f.due_at <= ? AND o.path IN ({marks}) ORDER BY f.due_at LIMIT ?",
            now,
            *map(os.fsencode, folders),
            limit,
        )
        return [Unread(file_id, os.fsdecode(at[0]), rows.join(*at)) for file_id, *at in found]

    def read_later(self, file_id: int, due_at: float) -> None:
        """Set when a file that is noticed is to be read; nobody is told of it."""
        self._store.write("UPDATE files SET due_at = ? WHERE id = ?", due_at, file_id)

    def read_now(self, now: float) -> None:
        """Make all files due that are still to be read: what they waited for may be over."""
        self._store.write(
            "UPDATE files SET due_at = ?1 WHERE state = 'noticed' AND due_at > ?1", now
        )

    def next_due(self, now: float) -> float | None:
        """Return when the next file or hold is due after ``now``; None if none is."""
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

    def retry_now(self, account: str, now: float) -> None:
        """Make waiting uploads and confirmations of an account due now."""
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
        return [rows.job(rows.JobRow(*row)) for row in self._store.all(query, *values)]


class HookQueue:
    """Hooks: commands to be run for files, added when a file changes its state."""

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

        Those of files that were forgotten meanwhile are deleted.
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
        if any(entry is None for *_, entry in entries):  # others may follow them
            return self.to_run(limit, busy)
        return [(event, entry) for event, _, entry in entries if entry is not None]

    def remove(self, file_id: int, event: str) -> None:
        """Delete a command that was run, or need not be run."""
        self._store.write("DELETE FROM hooks WHERE file_id = ? AND event = ?", file_id, event)


class Sender(Struct, frozen=True):
    """A file that sends a content: its ``identity`` (hex), and how often it was sent again."""

    file_id: int
    state: State
    account: str
    source_key: str
    identity: str
    resends: int


class LedgerQueries:
    """Reads what the ledger must know, and wakes files that waited for other machines."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def senders(self, file_ids: Collection[int]) -> dict[int, Sender]:
        """Return what these files send; without those that do not exist."""
        marks = ", ".join("?" * len(file_ids))
        return {each.file_id: each for each in self._senders(f"f.id IN ({marks})", *file_ids)}

    def under_way(self) -> list[Sender]:
        """Return what is being sent, or may have been."""
        return self._senders("f.state IN ('uploading', 'uncertain')")

    def find(self, source_key: str, identity: str) -> Sender | None:
        """Return the file that sends a content to a source."""
        query = "f.id = (SELECT file_id FROM contents WHERE source_key = ? AND identity = ?)"
        return next(iter(self._senders(query, source_key, identity)), None)

    def make_due(self, file_ids: Collection[int], now: float) -> None:
        """Make files due that wait for another machine."""
        self._store.choose(list(file_ids))
        self._store.write(
            "UPDATE files SET due_at = ? WHERE state = 'waiting' AND id IN (SELECT id FROM chosen)",
            now,
        )

    def _senders(self, where: str, *values: object) -> list[Sender]:
        found = self._store.all(
            f"SELECT f.id, f.state, f.account, f.source_key, {_IDENTITY}, f.resends FROM files f "
            f"WHERE {where}",
            *values,
        )
        return [Sender(file_id, State(state), *more) for file_id, state, *more in found]
