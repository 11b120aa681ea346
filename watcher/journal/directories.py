"""Watched folders and the directories below them: their ids, and which of them are forgotten."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.journal.rows import LEFT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.journal.store import Store


class Directories:
    """Directories, each by its watched folder and its path below it ("" for the folder itself)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[tuple[str, bytes], int] = {}
        self._unknown: tuple[str, bytes] | None = None  # the latest that was not found
        self._used: set[int] = set()  # in which a retention round has seen files
        #: Ids of folders that are no longer watched: nothing waits there.
        self.left: set[int] = set()
        self._read_left()

    def folder(self, path: str) -> int:
        """Return the id of a watched folder, added if it is new."""
        folder = os.fsencode(path)
        self._store.write("INSERT INTO folders (path) VALUES (?) ON CONFLICT DO NOTHING", folder)
        folder_id: int = self._store.read("SELECT id FROM folders WHERE path = ?", folder)[0]
        return folder_id

    def add(self, folder: str, directory: bytes) -> int:
        """Return the id of a directory, added if it is new."""
        found = self.find(folder, directory)
        if found is None:
            insert = "INSERT INTO directories (folder_id, path) VALUES (?, ?)"
            found = self._store.write(insert, self.folder(folder), directory).lastrowid or 0
            self._ids[folder, directory], self._unknown = found, None
        self._used.add(found)
        return found

    def find(self, folder: str, directory: bytes) -> int | None:
        """Return the id of a directory; None if it is not known."""
        found = self._ids.get((folder, directory))
        if found is None:
            if self._unknown == (folder, directory):  # a scan finds many files in a new one
                return None
            row = self._store.read(
                "SELECT d.id FROM directories d JOIN folders o ON o.id = d.folder_id "
                "WHERE o.path = ? AND d.path = ?",
                os.fsencode(folder),
                directory,
            )
            if row is None:
                self._unknown = folder, directory
                return None
            found = self._ids[folder, directory] = int(row[0])
        return found

    def begin_round(self) -> None:
        """Begin a round through all files, for :meth:`forget_unused`."""
        self._used.clear()

    def note_used(self, directories: Iterable[int]) -> None:
        """Add to the directories in which the round has seen files."""
        self._used.update(directories)

    def forget_unused(self) -> None:
        """Delete the directories in which a whole round has seen no file: names may be of people.

        Folders that are no longer watched are deleted with them.
        """
        found = self._store.all(
            "SELECT id FROM directories d WHERE NOT EXISTS "
            "(SELECT 1 FROM names n WHERE n.directory_id = d.id)"
        )
        for (directory,) in found:
            if directory not in self._used:
                self._store.write("DELETE FROM directories WHERE id = ?", directory)
        self._ids.clear()
        self._store.write(
            "DELETE FROM folders WHERE settings = ? AND imported = '' AND id NOT IN "
            "(SELECT folder_id FROM directories)",
            LEFT,
        )
        self._read_left()

    def forget_empty(self) -> None:
        """Delete the directories in which no file is known."""
        self._store.write(
            "DELETE FROM directories WHERE id NOT IN (SELECT directory_id FROM files) "
            "AND id NOT IN (SELECT directory_id FROM names)"
        )
        self._ids.clear()

    def _read_left(self) -> None:
        found = self._store.all("SELECT id FROM folders WHERE settings = ?", LEFT)
        self.left = {folder_id for (folder_id,) in found}
