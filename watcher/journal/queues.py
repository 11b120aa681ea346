"""What is to be done next, read from the journal by its writer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.journal import rows
from watcher.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.model import Entry, Job


class Queues(Store):
    """Queries behind the pipeline's work; each uses a partial index of open files only."""

    def due_jobs(self, account: str, now: float, limit: int, folders: Collection[str]) -> list[Job]:
        """Up to ``limit`` uploads of ``folders`` that may start, those due longest first."""
        marks = ", ".join("?" * len(folders))
        return self._jobs(
            "f.account = ? AND f.state IN ('queued', 'waiting') AND f.due_at <= ? "
            f"AND o.path IN ({marks}) ORDER BY f.due_at LIMIT ?",
            account,
            now,
            *map(os.fsencode, folders),
            limit,
        )

    def uncertain_jobs(self, now: float, limit: int) -> list[tuple[Job, float]]:
        """Uploads to be asked for, each with the moment since when it is uncertain."""
        jobs = self._jobs(
            "f.state IN ('uploading', 'uncertain') AND f.state = 'uncertain' AND f.due_at <= ? "
            "ORDER BY f.due_at LIMIT ?",
            now,
            limit,
        )
        since = "SELECT max(at) FROM events WHERE file_id = ? AND state = 'uploading'"
        return [(job, self.read(since, job.file_id)[0] or now) for job in jobs]

    def unread(self, now: float, limit: int, folders: Collection[str]) -> list[Entry]:
        """Files of ``folders`` that are known and not read, those that are due longest first."""
        marks = ", ".join("?" * len(folders))
        return self.entries(
            f"f.state = 'noticed' AND f.due_at <= ? AND o.path IN ({marks}) "
            "ORDER BY f.due_at LIMIT ?",
            now,
            *map(os.fsencode, folders),
            limit,
        )

    def next_due(self, now: float) -> float | None:
        """When the next file or cause comes due after ``now``; None if nothing waits for a time."""
        row = self.read(
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

    def recent_uploads(self, account: str, since: float) -> list[float]:
        """When uploads of an account started since ``since``."""
        found = self.all(
            "SELECT e.at FROM events e JOIN files f ON f.id = e.file_id "
            "WHERE e.state = 'uploading' AND e.at >= ? AND f.account = ? ORDER BY e.at",
            since,
            account,
        )
        return [at for (at,) in found]

    def to_file(self) -> list[Entry]:
        """Files that are still to be filed away, as after a crash."""
        return self.entries("f.filing = 'pending' ORDER BY f.id")

    def _jobs(self, where: str, *values: object) -> list[Job]:
        query = f"SELECT {rows.JOB} {rows.FROM} WHERE {where}"
        return [rows.job(row) for row in self.all(query, *values)]
