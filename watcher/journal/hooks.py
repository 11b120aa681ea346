"""Commands that are still to be run for files: kept until each has ended, over restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from watcher.journal.files import Files
    from watcher.journal.store import Store
    from watcher.model import Entry


class Hooks:
    """The step of a file notes what is to be run for it; here it is taken up."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files

    def want(self, events: Collection[str]) -> None:
        """The states for which a command is to be run, from now on."""
        self._files.hooks = frozenset(events)
        marks = ", ".join("?" * len(events))
        if self._store.read(f"SELECT 1 FROM hooks WHERE event NOT IN ({marks})", *events):
            self._store.write(f"DELETE FROM hooks WHERE event NOT IN ({marks})", *events)

    def to_run(self, limit: int, busy: Sequence[int]) -> list[tuple[str, Entry]]:
        """Up to ``limit`` commands to be run, by event and file, without files that are ``busy``.

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
                self.ran(file_id, event)
        if any(entry is None for *_, entry in entries):  # others may stand behind them
            return self.to_run(limit, busy)
        return [(event, entry) for event, _, entry in entries if entry is not None]

    def ran(self, file_id: int, event: str) -> None:
        """A command needs not be run any more."""
        self._store.write("DELETE FROM hooks WHERE file_id = ? AND event = ?", file_id, event)
