"""Files that were only renamed or moved: device, inode, size and time tell one from a new file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.journal import rows
from watcher.journal.retention import Retention
from watcher.model import State

if TYPE_CHECKING:
    import sqlite3

    from watcher.model import Candidate, Stat


class Moves(Retention):
    """The part of the journal that recognises a file under another name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use ``connection``, and close it in the end."""
        super().__init__(connection)
        self._targets: set[str] = set()

    def kept_as(self, stat: Stat, key: str) -> list[tuple[int, str, State]]:
        """Files with the numbers of ``stat`` that a cause kept back: id, last path, state."""
        # The plus has the index of inodes used: of one cause there may be very many files.
        found = self.all(
            f"SELECT f.id, f.state, o.path, d.path, f.name {rows.FROM} WHERE f.size = ? "
            "AND f.mtime_ns = ? AND f.device = ? AND f.inode = ? AND f.inode <> 0 "
            "AND +f.cause = ? AND f.state IN ('held', 'baseline', 'gone') ORDER BY f.id DESC",
            *rows.numbers(stat),
            key,
        )
        return [(file_id, rows.join(*path), State(state)) for file_id, state, *path in found]

    def sent_as(self, stat: Stat, sha256: str, source_key: str) -> list[tuple[int, str, str]]:
        """Files that arrived, with these numbers and this content: id, folder, last path."""
        found = self.all(
            f"SELECT f.id, o.path, d.path, f.name {rows.FROM} WHERE f.size = ? "
            "AND f.mtime_ns = ? AND f.device = ? AND f.inode = ? AND f.inode <> 0 "
            "AND f.sha256 = ? AND f.source_key = ? "
            "AND f.state IN ('accepted', 'parsed', 'parse_failed') ORDER BY f.id DESC",
            *rows.numbers(stat),
            sha256,
            source_key,
        )
        return [(file_id, os.fsdecode(path[0]), rows.join(*path)) for file_id, *path in found]

    def replace(self, file_id: int, former: int) -> None:
        """Give up a new row, as it is about the same file as a ``former`` one."""
        if file_id != former:
            self.forget_name(file_id)
            self._delete([file_id])

    def note_target(self, filed_to: str, now: float) -> None:
        """Remember for ever where files are filed away, given where one was.

        What lies there is never new, even if files are filed elsewhere one day.
        """
        target = os.path.dirname(os.path.dirname(filed_to))  # TARGET/YYYY-MM-DD/NAME
        if target not in self._targets:
            self._targets.add(target)
            fact = rows.target_fact(target)
            self.write("INSERT OR REPLACE INTO facts VALUES (?, ?)", fact, now)

    def rename(self, file_id: int, candidate: Candidate) -> None:
        """Note that a file has another path, its history going on."""
        directory, name = rows.split(candidate.folder, candidate.path)
        directory_id = self._directory(candidate.folder, directory)
        self.forget_name(file_id)
        self.write(
            "UPDATE files SET directory_id = ?, name = ?, filed_to = x'' WHERE id = ?",
            directory_id,
            name,
            file_id,
        )
        self.write(
            "INSERT OR REPLACE INTO names "
            "SELECT directory_id, name, size, mtime_ns, id FROM files WHERE id = ?",
            file_id,
        )
