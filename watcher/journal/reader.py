"""Reading the journal while another thread or process writes it."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING

from watcher.journal.schema import connect_to_read
from watcher.journal.store import Store
from watcher.model import State

if TYPE_CHECKING:
    from watcher.model import Entry


class Reader(Store):
    """A view of the journal that cannot change it. Used by one thread."""

    def __init__(self, path: str) -> None:
        """Open the journal at ``path``; JournalError if there is none or it cannot be read."""
        super().__init__(connect_to_read(path))
        self._connection.create_function("fold", 1, _fold, deterministic=True)

    def known(self, folder: str, directory: str) -> dict[str, tuple[int, int]]:
        """Size and mtime_ns of each file known in a directory below a folder, by name."""
        found = self.all(
            "SELECT n.name, n.size, n.mtime_ns FROM names n WHERE n.directory_id = "
            "(SELECT d.id FROM directories d JOIN folders o ON o.id = d.folder_id "
            "WHERE o.path = ? AND d.path = ?)",
            os.fsencode(folder),
            os.fsencode(directory),
        )
        return {os.fsdecode(name): (size, mtime_ns) for name, size, mtime_ns in found}

    def counts(self) -> dict[State, int]:
        """How many files are in each state; states without files are left out."""
        found = self.all("SELECT state, files FROM counts WHERE files > 0")
        return {State(state): files for state, files in found}

    def arrived_on(self, day: str) -> int:
        """How many files arrived on a local day, ``YYYY-MM-DD``."""
        row = self.read("SELECT arrived FROM days WHERE day = ?", day)
        return int(row[0]) if row else 0

    def folders(self) -> list[tuple[str, float]]:
        """All folders ever watched, each with the end of its last walk (0: none yet)."""
        found = self.all("SELECT path, scanned_at FROM folders ORDER BY id")
        return [(os.fsdecode(path), scanned_at) for path, scanned_at in found]

    def held(self) -> list[tuple[str, str, int]]:
        """Each cause at work: its key, why, and how many files it keeps back."""
        kept = "SELECT count(*) FROM files f WHERE f.cause = h.key AND f.cause <> '' "
        kept += "AND f.state = 'held'"
        return self.all(f"SELECT h.key, h.why, ({kept}) FROM holds h ORDER BY h.since")

    def kept_by(self, key: str, limit: int) -> list[tuple[str, str]]:
        """The first ``limit`` (folder, source key) of the files that a cause keeps back."""
        found = self.all(
            "SELECT DISTINCT o.path, f.source_key FROM files f "
            "JOIN directories d ON d.id = f.directory_id JOIN folders o ON o.id = d.folder_id "
            "WHERE f.cause = ? AND f.cause <> '' AND f.state = 'held' LIMIT ?",
            key,
            limit,
        )
        return [(os.fsdecode(folder), source_key) for folder, source_key in found]

    def waits(self, limit: int) -> list[tuple[State, str, int, float]]:
        """What most files wait for until another try: state, why, how many, when the first is due.

        The states are those of a failed upload and of one that nobody knows the end of.
        """
        # Each half by its own index of open files: an OR of both would read the whole history.
        rows = "SELECT state, why, count(*) AS files, min(due_at) FROM files WHERE "
        found = self.all(
            f"{rows} state IN ('queued', 'waiting') AND state = 'waiting' GROUP BY why UNION ALL "
            f"{rows} state IN ('uploading', 'uncertain') AND state = 'uncertain' GROUP BY why "
            "ORDER BY files DESC LIMIT ?",
            limit,
        )
        return [(State(state), why, files, due_at) for state, why, files, due_at in found]

    def requests_since(self, moment: float) -> list[float]:
        """When the requests that are counted ended after ``moment``, in that order."""
        found = self.all("SELECT ended_at FROM requests WHERE ended_at > ? ORDER BY 1", moment)
        return [at for (at,) in found]

    def attention(self, limit: int) -> list[Entry]:
        """Files that somebody should look at, the latest first."""
        return self.entries(
            "f.state IN ('refused', 'parse_failed') ORDER BY f.changed_at DESC LIMIT ?", limit
        )

    def history(
        self,
        *,
        states: tuple[State, ...] = (),
        folder: str = "",
        text: str = "",
        since: float = 0.0,
        until: float = 0.0,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Entry]:
        """Files by state, folder (or a folder below one), text, and time.

        ``text`` is a part of the path below the folder or of the person's name, in any case; or
        a reference. The latest change comes first. Times are those of the last change of state.
        """
        where, values = ["1 = 1"], list[object]()
        if states:
            where.append(f"f.state IN ({', '.join('?' * len(states))})")
            values += states
        if folder:
            where.append("(full_path = ? OR substr(full_path, 1, ?) = ?)")
            prefix = os.fsencode(folder.rstrip("/\\") + os.sep)
            values += [os.fsencode(folder), len(prefix), prefix]
        if text:
            where.append(
                "(instr(fold(CAST(d.path || '/' || f.name AS BLOB)), ?) > 0 "
                "OR instr(fold(f.profile_name), ?) > 0 OR f.reference = ?)"
            )
            values += [_fold(text), _fold(text), text]
        if since:
            where.append("f.changed_at >= ?")
            values.append(since)
        if until:
            where.append("f.changed_at < ?")
            values.append(until)
        below = f"CASE WHEN d.path = x'' THEN '' ELSE '{os.sep}' || d.path END"
        path = f"CAST(o.path || {below} || '{os.sep}' || f.name AS BLOB)"
        condition = " AND ".join(where).replace("full_path", path)
        return self.entries(
            f"{condition} ORDER BY f.changed_at DESC, f.id DESC LIMIT ? OFFSET ?",
            *values,
            limit,
            offset,
        )

    def standing(self, path: str) -> dict[State, tuple[int, int]]:
        """How the files that are at or below ``path`` now stand: state → (files, bytes)."""
        found = self.all(
            "SELECT f.state, count(*), sum(f.size) FROM folders o "
            "JOIN directories d ON d.folder_id = o.id JOIN names n ON n.directory_id = d.id "
            "JOIN files f ON f.id = n.file_id "
            f"WHERE substr(CAST(o.path || '{os.sep}' || d.path || '{os.sep}' AS BLOB), 1, ?2) = ?1 "
            "GROUP BY f.state",
            *_prefix(path),
        )
        return {State(state): (files, size) for state, files, size in found}

    def sender(self, source_key: str, sha256: str) -> Entry | None:
        """The file that sends, or sent, a content to a source; None if none does."""
        found = self.entries(
            "f.id = (SELECT file_id FROM contents WHERE source_key = ? AND identity = ?)",
            source_key,
            sha256,
        )
        return found[0] if found else None

    def check(self) -> str:
        """What is wrong with the file itself, "" if nothing is; reads all of it."""
        row = self.read("PRAGMA quick_check(1)")
        return "" if row[0] == "ok" else str(row[0])

    def names(self, limit: int) -> list[tuple[int, str, tuple[str, ...]]]:
        """The latest files' ids, names, and what is known of the people in them."""
        found = self.all(
            "SELECT id, name, file_name, profile_name, profile_email, filed_to FROM files "
            "ORDER BY changed_at DESC LIMIT ?",
            limit,
        )
        return [
            (number, os.fsdecode(name), (*more, os.path.basename(os.fsdecode(filed))))
            for number, name, *more, filed in found
        ]

    def story(self, file_id: int) -> list[tuple[float, State, str]]:
        """Everything that happened to a file: when, its state from then on, and why."""
        found = self.all("SELECT at, state, why FROM events WHERE file_id = ? ORDER BY id", file_id)
        return [(at, State(state), why) for at, state, why in found]


def _fold(text: str | bytes) -> str:
    """``text`` as it is compared: without case, and composed, as some systems part accents."""
    raw = os.fsencode(text)
    return unicodedata.normalize("NFC", raw.decode(errors="replace")).casefold()


def _prefix(path: str) -> tuple[bytes, int]:
    """What the path of everything below ``path`` begins with, and how long that is."""
    prefix = os.fsencode(path.rstrip(os.sep) + os.sep)
    return prefix, len(prefix)
