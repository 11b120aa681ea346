"""Facts about the journal as a whole: a pause, notifications shown, where files were filed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.journal import rows

if TYPE_CHECKING:
    from watcher.journal.store import Store

PAUSED: Final = "paused_until"
SNOOZED: Final = "snoozed_until"
#: Days after which a journal that replaced a lost one is treated like any other.
_REBUILT_DAYS: Final = 30
_DAY: Final = 86400.0
_REBUILT: Final = "rebuilt_at"
_REMAINS: Final = "remains"
#: Followed by a directory, as bytes: files were filed away below it.
_TARGET: Final = b"filed into "


def target_of(fact: str | bytes) -> str:
    """Return the directory in the name of such a fact, "" for other facts."""
    is_target = isinstance(fact, bytes) and fact.startswith(_TARGET)
    return os.fsdecode(fact[len(_TARGET) :]) if is_target else ""


class Facts:
    """Facts by name; each is a number, mostly a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rebuilt_at = self._read(_REBUILT)
        self._paused_until = self._read(PAUSED)
        self._targets: set[str] = set()

    def paused_until(self) -> float:
        """Return until when a person paused uploads, 0 for no pause."""
        return self._paused_until

    def pause(self, until: float) -> None:
        """Pause uploads until this moment, across restarts; 0 ends a pause."""
        if until == self._paused_until:
            return
        self._paused_until = until
        self._set(PAUSED, until)

    def snooze(self, until: float) -> None:
        """Snooze notifications until this moment; 0 ends the snooze."""
        self._set(SNOOZED, until)

    def set_rebuilt(self, now: float) -> None:
        """Store that this journal replaces one that was lost."""
        self._set(_REBUILT, now)
        self._rebuilt_at = now

    def is_rebuilt(self) -> bool:
        """Return whether this journal replaces one that was lost not long ago."""
        return self._rebuilt_at > 0

    def is_in_doubt(self, file_id: int) -> bool:
        """Return whether a file may have been sent under a journal that was lost.

        These are the files that the first scan of their folder found.
        """
        if not self._rebuilt_at:
            return False
        query = f"SELECT f.noticed_at, o.scanned_at {rows.FROM} WHERE f.id = ?"
        noticed_at, scanned_at = self._store.read(query, file_id)
        return not scanned_at or noticed_at <= scanned_at

    def note_target(self, filed_to: str, now: float) -> None:
        """Store permanently where files are filed away, given the new path of one.

        Files there are never new, even if the settings name another place later.
        """
        target = os.path.dirname(os.path.dirname(filed_to))  # TARGET/YYYY-MM-DD/NAME
        if target not in self._targets:
            self._targets.add(target)
            self._set(_TARGET + os.fsencode(target), now)

    def set_notified(self, what: str, now: float) -> bool:
        """Store that people were notified of ``what``; False if they already were."""
        insert = "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO NOTHING"
        return self._store.write(insert, f"told: {what}", now).rowcount == 1

    def clear_notified(self, what: str) -> None:
        """Allow another notification of ``what``, as it is over."""
        if self._read(f"told: {what}"):
            self._set(f"told: {what}", 0.0)

    def note_remains(self, now: float) -> None:
        """Store since when the journal's file holds remains of what was deleted; 0 for none."""
        self._set(_REMAINS, now)

    def has_remains(self) -> bool:
        """Return whether the journal's file holds remains of what was deleted."""
        return self._read(_REMAINS) > 0

    def prune(self, now: float) -> None:
        """Delete facts that have become old."""
        if 0 < self._rebuilt_at < now - _REBUILT_DAYS * _DAY:
            self._set(_REBUILT, 0.0)
            self._rebuilt_at = 0.0

    def _set(self, name: str | bytes, value: float) -> None:
        """Write a fact; 0 removes it."""
        if value:
            self._store.write("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)
        else:
            self._store.write("DELETE FROM facts WHERE name = ?", name)

    def _read(self, name: str) -> float:
        row = self._store.read("SELECT value FROM facts WHERE name = ?", name)
        return float(row[0]) if row else 0.0
