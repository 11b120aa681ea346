"""A connection to the journal with explicit transactions."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

from watcher.journal import rows
from watcher.journal.schema import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from watcher.model import Entry

#: Files that are asked for by one query, and for how many at once there is one.
_ROOMS: Final = (1, 4, 16, 64)
_AT_ONCE: Final = _ROOMS[-1]


class Store:
    """One thread's connection. The first change begins a transaction, :meth:`commit` ends it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use ``connection``, and close it in the end."""
        self._connection = connection

    @property
    def changed(self) -> bool:
        """Whether there are changes that were not committed."""
        return self._connection.in_transaction

    def commit(self) -> bool:
        """Flush all changes to the disk, as one; whether there were any."""
        changes = self.changed
        if changes:
            self._run("COMMIT", ())
        return changes

    def close(self) -> None:
        """End; changes that were not committed are lost."""
        self._connection.close()

    def write(self, query: str, *values: object) -> sqlite3.Cursor:
        """Run a query that changes something."""
        if not self.changed:
            self._run("BEGIN IMMEDIATE", ())
        return self._run(query, values)

    def write_many(self, query: str, values: Iterable[tuple[object, ...]]) -> int:
        """Run a query once for each of ``values``; gives how many rows it has changed."""
        if not self.changed:
            self._run("BEGIN IMMEDIATE", ())
        try:
            return self._connection.executemany(query, values).rowcount
        except sqlite3.Error as error:
            raise problem(error) from error

    def choose(self, file_ids: Sequence[int]) -> None:
        """Make ``chosen``, a table of this connection alone, hold these ids and no others."""
        self.write("DELETE FROM chosen")
        self.write_many(
            "INSERT OR IGNORE INTO chosen VALUES (?)", [(file_id,) for file_id in file_ids]
        )

    def read(self, query: str, *values: object) -> Any:
        """The first row of a query, None if there is none."""
        return self._run(query, values).fetchone()

    def all(self, query: str, *values: object) -> list[Any]:
        """All rows of a query."""
        try:
            return self._run(query, values).fetchall()
        except sqlite3.Error as error:
            raise problem(error) from error

    def entries(self, where: str, *values: object) -> list[Entry]:
        """Files for which ``where`` holds; ``f`` stands for the table of files."""
        found = self.all(f"SELECT {rows.ENTRY} {rows.FROM} WHERE {where}", *values)
        return [
            rows.entry(row, self.path_of(row.duplicate_of) if row.duplicate_of else "")
            for row in map(rows.EntryRow._make, found)
        ]

    def entries_of(self, file_ids: Sequence[int]) -> list[Entry]:
        """These files in this order, as far as there are such files."""
        found: dict[int, Entry] = {}
        for start in range(0, len(file_ids), _AT_ONCE):
            some = file_ids[start : start + _AT_ONCE]
            # Of a few lengths only, so that the query is prepared once: no file has the number 0.
            room = next(each for each in _ROOMS if each >= len(some))
            where = f"f.id IN ({', '.join('?' * room)})"
            some = [*some, *[0] * (room - len(some))]
            found.update((each.file_id, each) for each in self.entries(where, *some))
        return [found[file_id] for file_id in file_ids if file_id in found]

    def entry(self, file_id: int) -> Entry | None:
        """One file, None if there is no such file."""
        found = self.entries("f.id = ?", file_id)
        return found[0] if found else None

    def path_of(self, file_id: int) -> str:
        """Where a file was when it was noticed; "" if there is no such file."""
        row = self.read(f"SELECT o.path, d.path, f.name {rows.FROM} WHERE f.id = ?", file_id)
        return rows.join(*row) if row else ""

    def _run(self, query: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, values)
        except UnicodeEncodeError:  # a sentence that quotes a name which is no text
            return self._connection.execute(query, [as_text(value) for value in values])
        except sqlite3.Error as error:
            raise problem(error) from error


def as_text(value: object) -> object:
    """``value`` as the journal can keep it: a name that is no text may stand in a sentence."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
