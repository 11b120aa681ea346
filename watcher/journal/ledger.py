"""What the shared ledger must know: contents, by their fingerprints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.model.kinds import State

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.journal.store import Store

#: The hex fingerprint under which a file sends its content, see ``Files.claim``.
_IDENTITY: Final = (
    "coalesce((SELECT min(c.identity) FROM contents c WHERE c.file_id = f.id "
    "AND c.source_key = f.source_key), f.sha256)"
)


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

    def source_keys(self) -> list[tuple[str, str]]:
        """Return the account and key of each known source."""
        return [tuple(row) for row in self._store.all("SELECT account, source_key FROM sources")]

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
