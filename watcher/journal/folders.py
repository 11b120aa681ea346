"""Folders: watched or imported, and the settings by which their files were routed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.journal import rows
from watcher.journal.rows import LEFT
from watcher.model import holds, reasons
from watcher.model.holds import APPROVED, cause_of
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import Step
from watcher.model.reasons import IGNORED_BY_USER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from watcher.journal.files import Files
    from watcher.journal.holds import Approvals, Holds
    from watcher.journal.names import Directories
    from watcher.journal.store import Store


class Folders:
    """Folders: watched, imported, or no longer watched."""

    def __init__(
        self,
        store: Store,
        files: Files,
        holds: Holds,
        approvals: Approvals,
        directories: Directories,
    ) -> None:
        self._store = store
        self._files = files
        self._holds = holds
        self._approvals = approvals
        self._directories = directories

    def scanned(self, folder: str) -> bool:
        """Return whether a first scan of the folder has ended."""
        row = self._store.read("SELECT scanned_at FROM folders WHERE path = ?", os.fsencode(folder))
        return bool(row and row[0])

    def set_scanned(self, folder: str, now: float) -> None:
        """Store that a scan of the folder has ended."""
        folder_id = self._directories.folder(folder)
        self._store.write("UPDATE folders SET scanned_at = ? WHERE id = ?", now, folder_id)

    def set_imported(self, folder: str, settings: str) -> None:
        """Store that the files of a folder, which is not watched, are imported by ``settings``."""
        folder_id = self._directories.folder(folder)
        self._store.write("UPDATE folders SET imported = ? WHERE id = ?", settings, folder_id)

    def reroute(self, folder: str, settings: str, now: float, *, is_imported: bool = False) -> bool:
        """Have files routed again if the fingerprint of the folder's ``settings`` has changed.

        Files that were not sent yet become noticed again; those that were sent stay as they are.
        Refused ones get a cause of their own, as they are sent again only if something differs.

        A folder that ``is_imported`` is not watched. If it is watched later, the imported files
        still go where they were to go.
        """
        folder_id = self._directories.folder(folder)
        query = "SELECT settings, imported <> '' FROM folders WHERE id = ?"
        before, was_imported = self._store.read(query, folder_id)
        if was_imported and not is_imported:
            self._store.write("UPDATE folders SET imported = '' WHERE id = ?", folder_id)
            before = ""
        elif before == settings:
            return False
        self._store.write("UPDATE folders SET settings = ? WHERE id = ?", settings, folder_id)
        self._directories.left.discard(folder_id)
        if not before:
            return False
        found = self._store.all(
            "SELECT id, state FROM files WHERE directory_id IN "
            "(SELECT id FROM directories WHERE folder_id = ?) AND (state IN ('queued', 'waiting') "
            "OR (state = 'ignored' AND why <> ?) "
            "OR (state = 'held' AND cause NOT LIKE 'existing:%') OR (state = 'refused' AND "
            # A refused file that was moved away cannot be read again.
            "EXISTS (SELECT 1 FROM names n WHERE n.directory_id = files.directory_id "
            "AND n.name = files.name AND n.file_id = files.id)))",
            folder_id,
            rows.reason_text(IGNORED_BY_USER),
        )
        refused = [file_id for file_id, state in found if state == State.REFUSED]
        unsent = [file_id for file_id, state in found if state != State.REFUSED]
        self.route_again(unsent, now, refused=refused)
        return True

    def route_again(
        self, unsent: Sequence[int], now: float, *, refused: Sequence[int] = ()
    ) -> None:
        """Have files examined and routed again; a cause that then holds none is over.

        Whether they need approval stays as it is: none that was queued is asked about anew.
        """
        self._store.choose(unsent)
        self._store.write(
            "DELETE FROM contents WHERE file_id IN (SELECT f.id FROM files f JOIN chosen "
            "ON chosen.id = f.id WHERE f.state IN ('queued', 'waiting', 'held'))"
        )
        self._store.choose([*unsent, *refused])
        self._store.write("UPDATE files SET attempt = 0 WHERE id IN (SELECT id FROM chosen)")
        step = Step(State.NOTICED, reasons.NEW_SETTINGS)
        self._store.choose(unsent)
        by_cause: dict[str, list[int]] = {}
        for file_id, state, cause in self._store.all(
            "SELECT id, state, cause FROM files WHERE id IN (SELECT id FROM chosen)"
        ):
            approved = APPROVED if state != State.IGNORED else ""
            kept = cause if cause_of(cause) == Cause.BURST else approved
            by_cause.setdefault(kept, []).append(file_id)
        for cause, file_ids in by_cause.items():
            self._files.step(file_ids, step, now, cause=cause)
        self._files.step(refused, step, now, cause=holds.REFUSED_BEFORE)
        for hold in self._holds.active():
            if hold.cause is not Cause.BURST and not self._holds.count(hold.key):
                self._holds.release(hold.key, now)

    def set_watched(self, watched: Collection[str], now: float) -> None:
        """Ignore waiting files in folders other than ``watched``, now and later.

        Files that wait there for approval are ignored for good. If such a folder is watched again,
        its files are examined again. The files of imported folders are still uploaded.
        """
        known = self._store.all(
            "SELECT id, path, settings FROM folders WHERE settings <> '' AND imported = ''"
        )
        others = {
            folder_id: (os.fsdecode(path), settings)
            for folder_id, path, settings in known
            if os.fsdecode(path) not in watched
        }
        for folder_id, (path, settings) in others.items():
            self._directories.left.add(folder_id)
            if settings != LEFT:
                self._store.write("UPDATE folders SET settings = ? WHERE id = ?", LEFT, folder_id)
                self._approvals.skip_existing(holds.existing_key(path), now)
        marks = ", ".join("?" * len(others))
        found = others and self._store.all(
            f"SELECT f.id {rows.FROM} WHERE o.id IN ({marks}) AND f.id IN ("
            # Each part by its own index of open files.
            "SELECT id FROM files WHERE state IN ('queued', 'waiting') UNION ALL "
            "SELECT id FROM files WHERE state = 'noticed' UNION ALL "
            "SELECT id FROM files WHERE cause <> '' AND state = 'held')",
            *others,
        )
        self._files.ignore_left([file_id for (file_id,) in found], now)
