"""What the journal forgets: old history in small steps, and at once what a person asks for.

That a content was sent is remembered for ever, as its fingerprint: it says nothing of the person,
and without it the content would be sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher.journal.follow_ups import FollowUps
from watcher.journal.rows import LEFT
from watcher.journal.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Rows looked at in one step; a step takes milliseconds.
STEP: Final = 1000
#: Days after which a journal that took the place of a lost one is one like any other.
_REBUILT_DAYS: Final = 30
_DAY: Final = 86400.0
#: A file on which nothing more has to be done and which is not on disk any more, as far as known.
_OVER: Final = """
    state IN ('ignored', 'duplicate', 'baseline', 'accepted', 'parsed', 'parse_failed', 'refused',
              'gone')
    AND filing <> 'pending'
    AND NOT EXISTS (SELECT 1 FROM names n WHERE n.directory_id = files.directory_id
                    AND n.name = files.name AND n.file_id = files.id)
"""


class Retention(Watched, FollowUps):
    """The part of the journal that forgets."""

    def prune(self, after: int, history_before: float, names_before: float) -> int:
        """Forget what is too old among the next files after id ``after``.

        Gives the id to go on with, 0 when all were looked at. History older than the moment
        ``history_before`` goes, people's names that are older than ``names_before``.
        """
        found = self.all(
            "SELECT id, directory_id FROM files WHERE id > ? ORDER BY id LIMIT ?", after, STEP
        )
        if not after:
            self._used.clear()
        if not found:
            self._forget_directories()
            return 0
        last: int = found[-1][0]
        doomed = self.all(
            f"SELECT id FROM files WHERE id > ? AND id <= ? AND changed_at < ? AND {_OVER}",
            after,
            last,
            history_before,
        )
        gone = {file_id for (file_id,) in doomed}
        self._delete(sorted(gone))
        self._used.update(directory for file_id, directory in found if file_id not in gone)
        self.write(
            "UPDATE files SET profile_name = '', profile_email = '' WHERE id > ? AND id <= ? "
            "AND changed_at < ? AND (profile_name <> '' OR profile_email <> '')",
            after,
            last,
            names_before,
        )
        return last

    def prune_rest(self, now: float) -> None:
        """Forget what is not about single files."""
        self.write(
            "DELETE FROM facts WHERE name = 'rebuilt_at' AND value < ?", now - _REBUILT_DAYS * _DAY
        )
        self._rebuilt_at = self._fact("rebuilt_at")
        self._prune_follow_ups(now)

    def forget(self, file_ids: Sequence[int]) -> None:
        """Forget files altogether but for the fingerprints of what was sent; overwrite their rows.

        A file that is still on disk will be noticed again.
        """
        self.commit()
        self.read("PRAGMA secure_delete = ON")
        for file_id in file_ids:
            self.forget_name(file_id)
        self._delete(file_ids)
        self.write(
            "DELETE FROM directories WHERE id NOT IN (SELECT directory_id FROM files) "
            "AND id NOT IN (SELECT directory_id FROM names)"
        )
        self._directories.clear()
        self.commit()
        self.read("PRAGMA wal_checkpoint(TRUNCATE)")
        self.read("PRAGMA secure_delete = OFF")

    def forget_name(self, file_id: int) -> None:
        """Note that a file is not on disk any more; its history stays."""
        self.write(
            "DELETE FROM names WHERE (directory_id, name) = "
            "(SELECT directory_id, name FROM files WHERE id = ?1) AND file_id = ?1",
            file_id,
        )

    def is_return_of(self, file_id: int, former: int) -> bool:
        """Whether a file is one that has arrived, back at its place; the new row is given up."""
        same = self.read(
            "SELECT 1 FROM files a JOIN files b ON a.directory_id = b.directory_id "
            "AND a.name = b.name WHERE a.id = ? AND b.id = ? "
            "AND b.state IN ('accepted', 'parsed', 'parse_failed')",
            file_id,
            former,
        )
        if not same:
            return False
        self.write(
            "UPDATE names SET file_id = ? WHERE (directory_id, name) = "
            "(SELECT directory_id, name FROM files WHERE id = ?)",
            former,
            file_id,
        )
        self._delete([file_id])
        return True

    def _forget_directories(self) -> None:
        """Forget the directories in which a whole round has seen no file, as their names tell too.

        With them go folders that are not watched any more.
        """
        found = self.all(
            "SELECT id FROM directories d WHERE NOT EXISTS "
            "(SELECT 1 FROM names n WHERE n.directory_id = d.id)"
        )
        for (directory,) in found:
            if directory not in self._used:
                self.write("DELETE FROM directories WHERE id = ?", directory)
        self._directories.clear()
        self.write(
            "DELETE FROM folders WHERE settings = ? AND id NOT IN "
            "(SELECT folder_id FROM directories)",
            LEFT,
        )
        left = self.all("SELECT id FROM folders WHERE settings = ?", LEFT)
        self._left = {folder_id for (folder_id,) in left}

    def _delete(self, file_ids: Sequence[int]) -> None:
        for file_id in file_ids:
            self.write("UPDATE files SET duplicate_of = NULL WHERE duplicate_of = ?", file_id)
            self.write("DELETE FROM events WHERE file_id = ?", file_id)
            self.write("DELETE FROM hooks WHERE file_id = ?", file_id)
            self.unfollow(file_id)
            self.write(
                "DELETE FROM contents WHERE file_id = ?1 AND NOT EXISTS (SELECT 1 FROM files "
                "WHERE id = ?1 AND arrived_at > 0)",
                file_id,
            )
            self.write("DELETE FROM files WHERE id = ?", file_id)
