"""Where files are: folders, directories and names, and the files that are known there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.journal import rows
from watcher.model import reasons
from watcher.model.kinds import State

if TYPE_CHECKING:
    from watcher.journal.store import Store
    from watcher.model.entries import Entry, Stat
    from watcher.model.files import Candidate, Known


class Directories:
    """Directories, each by its watched folder and its path below it ("" for the folder itself)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[tuple[str, bytes], int] = {}
        self._unknown: tuple[str, bytes] | None = None  # the latest that was not found
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

    def forget_empty(self) -> None:
        """Delete the directories in which no file is known: names may be of people.

        Folders that are no longer watched are deleted with their last directory. This reads all
        files, which takes a second where there are half a million.
        """
        self._store.write(
            "DELETE FROM directories WHERE NOT EXISTS "
            "(SELECT 1 FROM names n WHERE n.directory_id = directories.id) "
            "AND id NOT IN (SELECT directory_id FROM files)"
        )
        self._ids.clear()
        self._store.write(
            "DELETE FROM folders WHERE settings = ? AND imported = '' AND id NOT IN "
            "(SELECT folder_id FROM directories)",
            rows.LEFT,
        )
        self._read_left()

    def _read_left(self) -> None:
        found = self._store.all("SELECT id FROM folders WHERE settings = ?", rows.LEFT)
        self.left = {folder_id for (folder_id,) in found}


class Names:
    """Which file is at which path, as far as known."""

    def __init__(self, store: Store, directories: Directories) -> None:
        self._store = store
        self._directories = directories

    def find(self, folder: str, path: str) -> Known | None:
        """Return what is known about the file at ``path``, None if nothing is."""
        directory, name = rows.split(folder, path)
        directory_id = self._directories.find(folder, directory)
        if directory_id is None:
            return None
        row = self._store.read(
            f"SELECT {rows.KNOWN} FROM names n JOIN files f ON f.id = n.file_id "
            "WHERE n.directory_id = ? AND n.name = ?",
            directory_id,
            name,
        )
        return rows.known(row) if row else None

    def below(self, folder: str, path: str) -> list[str]:
        """Return the paths of all files known at or below ``path``, inside a watched folder.

        What is inside one of them is left out: it shares its fate.
        """
        root = os.fsencode(folder)
        below = os.fsencode(os.path.relpath(path, folder))
        found = self._store.all(
            "SELECT d.path, n.name FROM folders o JOIN directories d ON d.folder_id = o.id "
            "JOIN names n ON n.directory_id = d.id "
            "WHERE o.path = ? AND (d.path = ? OR (d.path > ? AND d.path < ?))",
            root,
            below,
            below + os.fsencode(os.sep),
            below + bytes([ord(os.sep) + 1]),
        )
        files = {os.path.join(directory, name) for directory, name in found}
        return [
            rows.join(root, directory, name) for directory, name in found if directory not in files
        ]

    def parts(self, folder: str, path: str) -> dict[str, Known]:
        """Return what is known about the documents inside the file at ``path``, by their paths."""
        directory_id = self._directories.find(folder, os.path.join(*rows.split(folder, path)))
        if directory_id is None:
            return {}
        found = self._store.all(
            f"SELECT n.name, {rows.KNOWN} FROM names n JOIN files f ON f.id = n.file_id "
            "WHERE n.directory_id = ?",
            directory_id,
        )
        return {os.path.join(path, os.fsdecode(row[0])): rows.known(row[1:]) for row in found}

    def container(self, entry: Entry) -> Entry | None:
        """Return the file that a document is inside of; None if it is on disk itself."""
        path = os.path.dirname(entry.path)
        known = self.find(entry.folder, path) if path != entry.folder else None
        return self._store.entry(known.file_id) if known else None

    def is_done(self, container: Entry) -> bool:
        """Return whether every document inside an opened file was sent or left out."""
        if not reasons.is_opened(container):
            return False
        row = self._store.read(
            "SELECT 1 FROM names n JOIN files f ON f.id = n.file_id "
            "LEFT JOIN files o ON o.id = f.duplicate_of WHERE n.directory_id = ? AND NOT "
            "(f.state IN ('accepted', 'parsed', 'parse_failed', 'ignored') OR (f.state = "
            # Of a forgotten file only the fingerprint is kept, which means that it was sent.
            "'duplicate' AND coalesce(o.state, 'accepted') IN "
            "('accepted', 'parsed', 'parse_failed'))) LIMIT 1",
            self._directories.find(
                container.folder, os.path.join(*rows.split(container.folder, container.path))
            ),
        )
        return row is None

    def put(self, directory_id: int, name: bytes, stat: Stat, file_id: int) -> None:
        """Store which file is at a path, and its size and time there."""
        self._store.write(
            "INSERT INTO names VALUES (?, ?, ?, ?, ?) ON CONFLICT (directory_id, name) DO UPDATE "
            "SET size = excluded.size, mtime_ns = excluded.mtime_ns, file_id = excluded.file_id",
            directory_id,
            name,
            stat.size,
            stat.mtime_ns,
            file_id,
        )

    def forget(self, file_id: int) -> None:
        """Store that a file is no longer on disk; its history stays."""
        self._store.write(
            "DELETE FROM names WHERE (directory_id, name) = "
            "(SELECT directory_id, name FROM files WHERE id = ?1) AND file_id = ?1",
            file_id,
        )

    def rename(self, file_id: int, candidate: Candidate) -> None:
        """Change the path of a file; its history continues."""
        directory, name = rows.split(candidate.folder, candidate.path)
        directory_id = self._directories.add(candidate.folder, directory)
        self.forget(file_id)
        self._store.write(
            "UPDATE files SET directory_id = ?, name = ?, filed_to = x'' WHERE id = ?",
            directory_id,
            name,
            file_id,
        )
        self._store.write(
            "INSERT OR REPLACE INTO names "
            "SELECT directory_id, name, size, mtime_ns, id FROM files WHERE id = ?",
            file_id,
        )

    # -- the same file under another name, recognized by device, inode, size and time

    def held_as(self, stat: Stat, key: str) -> list[tuple[int, str, State]]:
        """Return files like ``stat`` that a cause holds or held: (id, last path, state)."""
        # The plus makes SQLite use the index of inodes: one cause may hold very many files.
        found = self._store.all(
            f"SELECT f.id, f.state, o.path, d.path, f.name {rows.FROM} WHERE f.size = ? "
            "AND f.mtime_ns = ? AND f.device = ? AND f.inode = ? AND f.inode <> 0 "
            "AND +f.cause = ? AND f.state IN ('held', 'baseline', 'gone') ORDER BY f.id DESC",
            *rows.numbers(stat),
            key,
        )
        return [(file_id, rows.join(*path), State(state)) for file_id, state, *path in found]

    def sent_as(self, stat: Stat, sha256: str, source_key: str) -> list[tuple[int, str, str]]:
        """Return uploaded files like ``stat``, with this content: (id, folder, last path)."""
        found = self._store.all(
            f"SELECT f.id, o.path, d.path, f.name {rows.FROM} WHERE f.size = ? "
            "AND f.mtime_ns = ? AND f.device = ? AND f.inode = ? AND f.inode <> 0 "
            "AND f.sha256 = ? AND f.source_key = ? "
            "AND f.state IN ('accepted', 'parsed', 'parse_failed') ORDER BY f.id DESC",
            *rows.numbers(stat),
            sha256,
            source_key,
        )
        return [(file_id, os.fsdecode(path[0]), rows.join(*path)) for file_id, *path in found]
