"""Files that were only renamed or moved: device, inode, size and time tell one from a new file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.journal import rows
from watcher.journal.retention import Retention
from watcher.model import State

if TYPE_CHECKING:
    from watcher.model import Candidate, Stat


class Moves(Retention):
    """The part of the journal that recognises a file under another name."""

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

    def rename(self, file_id: int, candidate: Candidate) -> None:
        """Note that a file has another path, its history going on."""
        directory, name = rows.split(candidate.folder, candidate.path)
        directory_id = self._directory(candidate.folder, directory)
        self.forget_name(file_id)
        self.write(
            "UPDATE files SET directory_id = ?, name = ? WHERE id = ?", directory_id, name, file_id
        )
        self.write(
            "INSERT OR REPLACE INTO names "
            "SELECT directory_id, name, size, mtime_ns, id FROM files WHERE id = ?",
            file_id,
        )
