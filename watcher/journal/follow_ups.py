"""Uploads without a result yet, webhook events, and what is known about sources."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Final

from watcher.journal import rows
from watcher.model.kinds import State
from watcher.model.uploads import Abandoned, Event, EventKind, FollowUp, SourceFacts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from watcher.journal.store import Store

_FOLLOW_UP: Final = f"""
    SELECT u.since, u.tries, u.told_key, {rows.JOB}
    FROM follow_ups u CROSS JOIN files f ON f.id = u.file_id
    JOIN directories d ON d.id = f.directory_id JOIN folders o ON o.id = d.folder_id
"""
#: Seconds after which an upload is no longer followed up: its account cannot read, or is gone.
_ABANDONED: Final = 14 * 86400.0
#: Seconds for which received events are remembered.
_EVENTS_KEPT: Final = 30 * 86400.0
#: Events that came before their upload's answer: how many are stored, and for how many seconds.
_MOST_EARLY: Final = 1000
_EARLY_KEPT: Final = 7 * 86400.0


class FollowUps:
    """Awaited results. A query costs as much as there are open ones, whatever the history."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._has_early = bool(store.read("SELECT 1 FROM early_events LIMIT 1"))
        #: Account → when its next upload comes due, at the earliest; looked up when needed.
        self._earliest: dict[str, float] = {}

    # -- uploads

    def follow(self, file_id: int, since: float, due_at: float) -> None:
        """Store that a file arrived at ``since`` and is to be asked for at ``due_at``."""
        self._earliest = {each: min(at, due_at) for each, at in self._earliest.items()}
        self._store.write(
            "INSERT OR REPLACE INTO follow_ups (file_id, account, source_key, reference, since, "
            "due_at) SELECT id, account, source_key, reference, ?, ? FROM files WHERE id = ?",
            since,
            due_at,
            file_id,
        )

    def due(self, account: str, now: float, limit: int) -> list[FollowUp]:
        """Return up to ``limit`` that are due, the oldest and the newest in turn."""
        if self._earliest.get(account, now) > now:  # asked in every turn
            return []
        where = "WHERE u.account = ? AND u.due_at <= ? ORDER BY u.due_at"
        oldest = self._due(f"{where} LIMIT ?", account, now, limit)
        if not oldest:
            self._earliest[account] = self._next_due(account, now)
        if len(oldest) < limit:
            return oldest
        newest = self._due(f"{where} DESC LIMIT ?", account, now, limit)
        turns = (each for pair in zip(oldest, newest, strict=True) for each in pair)
        return list({each.job.file_id: each for each in turns}.values())[:limit]

    def gathered(self, account: str, until: float, tries: int) -> list[tuple[str, int, float]]:
        """Return the sources of uploads that are due by ``until``: (key, how many, first due).

        Those that a webhook has reported, or that have had ``tries`` tries, are left out.
        """
        return self._store.all(
            "SELECT source_key, count(*), min(due_at) FROM follow_ups WHERE account = ? "
            "AND due_at <= ? AND told_key = '' AND tries < ? GROUP BY source_key",
            account,
            until,
            tries,
        )

    def followed(self, file_id: int) -> FollowUp | None:
        """Return the follow-up of a file; None if its result is known."""
        found = self._due("WHERE u.file_id = ?", file_id)
        return found[0] if found else None

    def next_due(self, accounts: Collection[str], now: float) -> float | None:
        """Return when the next one of these accounts comes due after ``now``."""
        first = min((self._next_due(account, now) for account in accounts), default=math.inf)
        return None if first == math.inf else first

    def ask_again(self, file_id: int, due_at: float, *, tried: bool) -> None:
        """Store when a file is asked for next; ``tried``: the last question had an answer."""
        self.forget_times()
        self._store.write(
            "UPDATE follow_ups SET due_at = ?, tries = tries + ? WHERE file_id = ?",
            due_at,
            int(tried),
            file_id,
        )

    def set_profile_key(self, file_id: int, key: str, now: float) -> None:
        """Store the profile that a webhook named for a file, and ask for it at once."""
        self.forget_times()
        self._store.write(
            "UPDATE follow_ups SET told_key = ?, due_at = ? WHERE file_id = ?", key, now, file_id
        )

    def followed_by_reference(self, reference: str, source_key: str) -> list[FollowUp]:
        """Return uploads with a reference and no result yet; ``source_key`` "" for any source."""
        found = self._due("WHERE u.reference = ? ORDER BY u.file_id", reference)
        return [each for each in found if source_key in ("", each.job.source_key)]

    def by_profile(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the ids of the files that have these profiles, by the profile's key."""
        found = [
            self._store.read(
                "SELECT id FROM files WHERE profile_key = ? AND profile_key <> ''", key
            )
            for key in keys
        ]
        return {key: row[0] for key, row in zip(keys, found, strict=True) if row}

    def document(self, file_id: int) -> tuple[str, int]:
        """Return the name under which a file was sent, and its size in bytes."""
        query = "SELECT file_name, size FROM files WHERE id = ?"
        name, size = self._store.read(query, file_id)
        return name, size

    # -- accounts that are no longer in the settings

    def abandoned(self, accounts: Collection[str]) -> list[Abandoned]:
        """Return the uploads without a result that are not of any of ``accounts``."""
        marks = ", ".join("?" * len(accounts))
        found = self._store.all(
            f"SELECT f.id, f.state, f.account, o.path {rows.FROM} WHERE f.id IN ("
            "SELECT id FROM files WHERE state IN ('uploading', 'uncertain') "
            f"AND account NOT IN ({marks}) UNION ALL "
            f"SELECT file_id FROM follow_ups WHERE account NOT IN ({marks}))",
            *accounts,
            *accounts,
        )
        return [
            Abandoned(file_id, State(state), account, os.fsdecode(folder))
            for file_id, state, account, folder in found
        ]

    def hand_over(self, file_id: int, account: str) -> None:
        """Have an upload asked for through another account."""
        self.forget_times()
        self._store.write("UPDATE files SET account = ? WHERE id = ?", account, file_id)
        self._store.write("UPDATE follow_ups SET account = ? WHERE file_id = ?", account, file_id)

    # -- sources

    def sources(self) -> dict[tuple[str, str], tuple[SourceFacts, float]]:
        """Return what is known about sources, by account and key, and since when."""
        found = self._store.all(
            "SELECT account, source_key, name, sync_parsing, asked_at FROM sources"
        )
        return {
            (account, key): (SourceFacts(name, None if sync is None else bool(sync)), asked_at)
            for account, key, name, sync, asked_at in found
        }

    def note_source(self, account: str, source_key: str, facts: SourceFacts, now: float) -> None:
        """Store what HrFlow says about a source; a known name stays if there is none."""
        self._store.write(
            "INSERT INTO sources VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, source_key) DO "
            "UPDATE SET name = CASE WHEN excluded.name = '' THEN name ELSE excluded.name END, "
            "sync_parsing = excluded.sync_parsing, asked_at = excluded.asked_at",
            account,
            source_key,
            facts.name,
            None if facts.sync_parsing is None else int(facts.sync_parsing),
            now,
        )

    def name_sources(self, account: str, names: Mapping[str, str]) -> None:
        """Store the names of sources, by their keys; HrFlow is still asked for the rest."""
        for source_key, name in names.items():
            self._store.write(
                "INSERT INTO sources (account, source_key, name, asked_at) VALUES (?, ?, ?, 0) "
                "ON CONFLICT (account, source_key) DO UPDATE SET name = excluded.name",
                account,
                source_key,
                name,
            )

    # -- webhook

    def record_event(self, digest: bytes, now: float) -> bool:
        """Store that an event was received; False if it was received before."""
        insert = "INSERT INTO webhook_events VALUES (?, ?) ON CONFLICT DO NOTHING"
        return self._store.write(insert, digest, now).rowcount == 1

    def add_early_event(self, event: Event, now: float) -> None:
        """Store an event until the upload that it is about has arrived.

        Only the latest events are stored. An uncertain upload is checked at once.
        """
        self._has_early = True
        self._store.write(
            "INSERT OR IGNORE INTO early_events VALUES (?, ?, ?, ?, ?, ?, ?)",
            event.digest,
            event.reference,
            event.source_key,
            event.kind.value,
            event.key,
            event.message,
            now,
        )
        self._store.write(
            "DELETE FROM early_events WHERE digest IN (SELECT digest FROM early_events "
            "ORDER BY heard_at DESC LIMIT -1 OFFSET ?)",
            _MOST_EARLY,
        )
        self._store.write(
            "UPDATE files SET due_at = ?1 WHERE state IN ('uploading', 'uncertain') "
            "AND state = 'uncertain' AND due_at > ?1 AND reference = ?2",
            now,
            event.reference,
        )

    def early_events(self, reference: str) -> list[Event]:
        """Return the stored events about a reference, the first one first."""
        if not self._has_early:  # asked of every upload, and few have a webhook
            return []
        found = self._store.all(
            "SELECT kind, digest, profile_key, reference, source_key, message FROM early_events "
            "WHERE reference = ? ORDER BY heard_at",
            reference,
        )
        return [Event(EventKind(kind), *rest) for kind, *rest in found]

    def delete_early_event(self, event: Event) -> None:
        """Delete an event that has had its effect."""
        self._store.write("DELETE FROM early_events WHERE digest = ?", event.digest)

    def prune(self, now: float) -> None:
        """Delete what is too old."""
        self._store.write("DELETE FROM early_events WHERE heard_at < ?", now - _EARLY_KEPT)
        self._store.write("DELETE FROM follow_ups WHERE since < ?", now - _ABANDONED)
        self._store.write("DELETE FROM webhook_events WHERE heard_at < ?", now - _EVENTS_KEPT)

    # -- inside

    def forget_times(self) -> None:
        """Look up again when uploads come due, as that has changed."""
        self._earliest.clear()

    def _next_due(self, account: str, now: float) -> float:
        """Return when the account's next upload comes due after ``now``; inf if none does."""
        if (earliest := self._earliest.get(account, now)) > now:
            return earliest
        query = "SELECT min(due_at) FROM follow_ups WHERE account = ? AND due_at > ?"
        due_at: float | None = self._store.read(query, account, now)[0]
        return math.inf if due_at is None else due_at

    def _due(self, where: str, *values: object) -> list[FollowUp]:
        found = self._store.all(f"{_FOLLOW_UP} {where}", *values)
        return [
            FollowUp(rows.job(rows.JobRow(*job)), since, tries, told_key)
            for since, tries, told_key, *job in found
        ]
