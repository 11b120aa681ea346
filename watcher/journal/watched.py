"""The folders that the journal knows, and what became of an earlier journal of theirs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher import states
from watcher.journal import rows
from watcher.journal.holds import Holds
from watcher.journal.rows import LEFT, PAUSED
from watcher.states import BY_HAND

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection


class Watched(Holds):
    """The part of the journal that is about folders as a whole."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use ``connection``, and close it in the end."""
        super().__init__(connection)
        self._directories: dict[tuple[str, bytes], int] = {}
        self._used: set[int] = set()  # directories in which a round of forgetting has seen files
        found = self.all("SELECT id FROM folders WHERE settings = ?", LEFT)
        self._left = {folder_id for (folder_id,) in found}
        self._rebuilt_at = self._fact("rebuilt_at")
        self._paused_until = self._fact(PAUSED)

    def paused_until(self) -> float:
        """Until when no uploads are started because a person said so; 0 if nobody did."""
        return self._paused_until

    def pause(self, until: float) -> None:
        """Note until when no uploads are to be started, over restarts; 0 ends a pause."""
        if until == self._paused_until:
            return
        self._paused_until = until
        self.write("DELETE FROM facts WHERE name = ?", PAUSED)
        if until:
            self.write("INSERT INTO facts VALUES (?, ?)", PAUSED, until)

    def set_rebuilt(self, now: float) -> None:
        """Note that this journal takes the place of one that was lost."""
        self.write("INSERT OR REPLACE INTO facts VALUES ('rebuilt_at', ?)", now)
        self._rebuilt_at = now

    def is_rebuilt(self) -> bool:
        """Whether this journal takes the place of one that was lost, not long ago."""
        return self._rebuilt_at > 0

    def is_in_doubt(self, file_id: int) -> bool:
        """Whether a file may have been sent while another journal was kept, which was lost.

        So it is with those that the first walk through their folder found.
        """
        if not self._rebuilt_at:
            return False
        query = f"SELECT f.noticed_at, o.scanned_at {rows.FROM} WHERE f.id = ?"
        noticed_at, scanned_at = self.read(query, file_id)
        return not scanned_at or noticed_at <= scanned_at

    def folder(self, path: str) -> int:
        """The id of a watched folder, noted if it is new."""
        self.write(
            "INSERT INTO folders (path) VALUES (?) ON CONFLICT DO NOTHING", os.fsencode(path)
        )
        folder_id: int = self.read("SELECT id FROM folders WHERE path = ?", os.fsencode(path))[0]
        return folder_id

    def scanned(self, folder: str) -> bool:
        """Whether a first walk through the folder has ended at some time."""
        row = self.read("SELECT scanned_at FROM folders WHERE path = ?", os.fsencode(folder))
        return bool(row and row[0])

    def set_scanned(self, folder: str, now: float) -> None:
        """Note that a walk through the folder has ended."""
        self.folder(folder)
        self.write("UPDATE folders SET scanned_at = ? WHERE path = ?", now, os.fsencode(folder))

    def reread(self, folder: str, settings: str, now: float, *, former: str = "") -> bool:
        """Have files routed again if the folder's ``settings`` fingerprint is a new one.

        Files that were not sent yet are noticed anew; what was sent stays as it is. What HrFlow
        has refused is marked by a cause of its own, as it is to go again only if it goes otherwise.
        ``former``: the fingerprint that an older program had of the same settings.
        """
        folder_id = self.folder(folder)
        before = self.read("SELECT settings FROM folders WHERE id = ?", folder_id)[0]
        if before == settings:
            return False
        self.write("UPDATE folders SET settings = ? WHERE id = ?", settings, folder_id)
        self._left.discard(folder_id)
        if before in ("", former):
            return False
        below = "directory_id IN (SELECT id FROM directories WHERE folder_id = ?)"
        self.write(
            f"DELETE FROM contents WHERE file_id IN (SELECT id FROM files WHERE {below}"
            " AND state IN ('queued', 'waiting', 'held'))",
            folder_id,
        )
        self.write(
            "UPDATE files SET state = 'noticed', attempt = 0, due_at = 0, changed_at = ?, "
            "cause = CASE WHEN state = 'refused' THEN ? ELSE '' END "
            f"WHERE {below} AND (state IN ('queued', 'waiting') "
            "OR (state = 'ignored' AND why <> ?) "
            "OR (state = 'held' AND cause NOT LIKE 'existing:%') OR (state = 'refused' AND "
            # One that was moved out of the way is not there to be read again.
            "EXISTS (SELECT 1 FROM names n WHERE n.directory_id = files.directory_id "
            "AND n.name = files.name AND n.file_id = files.id)))",
            now,
            states.REFUSED_BEFORE,
            folder_id,
            BY_HAND,
        )
        for hold in self.holds():
            if not self.kept(hold.key):
                self.release(hold.key, now)
        return True

    def leave(self, watched: Collection[str], now: float) -> list[int]:
        """The files that wait to be sent in folders other than ``watched``.

        What waits there for a yes is left alone for good. From now on nothing begins to wait
        there: see ``step``. Should such a folder be watched again, its files are looked at anew.
        """
        known = self.all("SELECT id, path, settings FROM folders WHERE settings <> ''")
        others = [row for row in known if os.fsdecode(row[1]) not in watched]
        for folder_id, path, settings in others:
            self._left.add(folder_id)
            if settings != LEFT:
                self.write("UPDATE folders SET settings = ? WHERE id = ?", LEFT, folder_id)
                self.skip_existing(states.existing_key(os.fsdecode(path)), now)
        marks = ", ".join("?" * len(others))
        found = others and self.all(
            f"SELECT f.id {rows.FROM} WHERE o.id IN ({marks}) AND f.id IN ("
            # Each part by its own index of open files.
            "SELECT id FROM files WHERE state IN ('queued', 'waiting') UNION ALL "
            "SELECT id FROM files WHERE state = 'noticed' UNION ALL "
            "SELECT id FROM files WHERE cause <> '' AND state = 'held')",
            *(folder_id for folder_id, _, _ in others),
        )
        return [row[0] for row in found]

    def _is_left(self, file_id: int) -> bool:
        """Whether a file's folder is not watched any more."""
        if not self._left:  # asked for whenever a file begins to wait
            return False
        query = (
            "SELECT d.folder_id FROM files f JOIN directories d ON d.id = f.directory_id "
            "WHERE f.id = ?"
        )
        return self.read(query, file_id)[0] in self._left

    def _directory(self, folder: str, directory: bytes) -> int:
        """The id of a directory below a watched folder, noted if it is new."""
        found = self._find_directory(folder, directory)
        if found is None:
            insert = "INSERT INTO directories (folder_id, path) VALUES (?, ?)"
            found = self.write(insert, self.folder(folder), directory).lastrowid or 0
            self._directories[folder, directory] = found
        self._used.add(found)
        return found

    def _find_directory(self, folder: str, directory: bytes) -> int | None:
        found = self._directories.get((folder, directory))
        if found is None:
            row = self.read(
                "SELECT d.id FROM directories d JOIN folders o ON o.id = d.folder_id "
                "WHERE o.path = ? AND d.path = ?",
                os.fsencode(folder),
                directory,
            )
            if row is None:
                return None
            found = self._directories[folder, directory] = int(row[0])
        return found

    def _fact(self, name: str) -> float:
        row = self.read("SELECT value FROM facts WHERE name = ?", name)
        return float(row[0]) if row else 0.0
