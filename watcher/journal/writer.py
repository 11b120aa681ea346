"""The one writer of the journal."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from watcher import states
from watcher.errors import DamagedJournalError, JournalError
from watcher.journal import rows
from watcher.journal.moves import Moves
from watcher.journal.queues import Queues
from watcher.journal.schema import connect
from watcher.model import Known, Profile, State

if TYPE_CHECKING:
    import sqlite3

    from watcher.model import Candidate, Document, Route, Stat

#: By the state that is stepped to, what does it: only from where that is allowed.
_STEPS: Final = {
    after: "UPDATE files SET state = ?1, why = ?2, cause = ?3, due_at = ?4, changed_at = ?5, "
    "attempt = attempt + (CASE WHEN ?1 = 'uploading' THEN 1 ELSE 0 END), "
    "in_doubt_since = CASE WHEN ?1 = 'uploading' "
    "OR (?1 = 'uncertain' AND in_doubt_since = 0) THEN ?5 ELSE in_doubt_since END, "
    "parsed_at = CASE WHEN ?1 = 'parsed' THEN ?5 ELSE parsed_at END, "
    # Whoever wants it tried again gets it under a new reference.
    "resends = resends + (CASE WHEN arrived_at > 0 AND ?1 = 'noticed' THEN 1 ELSE 0 END) "
    "WHERE id = ?6 AND state IN ({})".format(
        ", ".join(f"'{before}'" for before in State if states.allowed(before, after))
    )
    for after in State
}


class Journal(Queues, Moves):
    """Every file's state. Used by one thread; nothing is on disk before :meth:`commit`.

    Changes of state go through :meth:`step`, which refuses what ``watcher.states`` does not
    allow.
    """

    def __init__(self, path: str, *, connection: sqlite3.Connection | None = None) -> None:
        """Open the journal at ``path``; JournalError if that cannot be done."""
        super().__init__(connection or connect(path))
        self._path = path
        self._changed: dict[int, None] = {}

    def commit(self) -> bool:
        """Flush all changes to the disk, as one; whether there were any.

        DamagedJournalError if that is no use any more.
        """
        changes = super().commit()
        if changes and not os.path.exists(self._path):
            raise DamagedJournalError(f"The journal {self._path} was removed while it was in use.")
        return changes

    def take_changed(self) -> list[int]:
        """The files whose state was changed since the last call, in the order of the changes."""
        changed, self._changed = list(self._changed), {}
        return changed

    # -- files

    def find(self, folder: str, path: str) -> Known | None:
        """What is known of the file at ``path``, None if nothing is."""
        directory, name = rows.split(folder, path)
        directory_id = self._find_directory(folder, directory)
        if directory_id is None:
            return None
        row = self.read(
            "SELECT f.id, f.state, n.size, n.mtime_ns, f.device, f.inode, f.sha256, f.reference, "
            "f.source_key, f.cause FROM names n JOIN files f ON f.id = n.file_id "
            "WHERE n.directory_id = ? AND n.name = ?",
            directory_id,
            name,
        )
        if row is None:
            return None
        stat = rows.stat(row[2:6])
        return Known(row[0], State(row[1]), stat, row[6], row[7], row[8], row[9])

    def add(
        self,
        candidate: Candidate,
        stat: Stat,
        now: float,
        state: State,
        cause: str = "",
        why: str = "",
    ) -> int:
        """Note a file, or a new version of one, and give its id. Its history begins here."""
        directory, name = rows.split(candidate.folder, candidate.path)
        directory_id = self._directory(candidate.folder, directory)
        cursor = self.write(
            "INSERT INTO files (directory_id, name, state, why, cause, size, mtime_ns, device, "
            "inode, noticed_at, changed_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            directory_id,
            name,
            state,
            why,
            cause,
            *rows.numbers(stat),
            now,
            now,
            now,
        )
        file_id = cursor.lastrowid or 0
        self._name(directory_id, name, stat, file_id)
        self._event(file_id, now, state, why)
        return file_id

    def restat(self, file_id: int, candidate: Candidate, stat: Stat) -> None:
        """Note that a file has another size or time, its history going on."""
        directory, name = rows.split(candidate.folder, candidate.path)
        self._name(self._directory(candidate.folder, directory), name, stat, file_id)
        self.write(
            "UPDATE files SET size = ?, mtime_ns = ?, device = ?, inode = ? WHERE id = ?",
            *rows.numbers(stat),
            file_id,
        )

    def step(self, file_id: int, step: states.Step, now: float, cause: str = "") -> None:
        """Change a file's state; JournalError if that step is not allowed from where it is.

        Where nobody watches any more nothing waits, such as an upload that has come to nothing
        since: it is left alone, and a copy of it goes in its place.
        """
        cursor = self.write(
            _STEPS[step.state], step.state, step.why, cause, step.due_at, now, file_id
        )
        if cursor.rowcount != 1:
            row = self.read("SELECT state FROM files WHERE id = ?", file_id)
            raise JournalError(f"File {file_id} cannot go from {row} to {step.state}.")
        self._event(file_id, now, step.state, step.why)
        if step.state is State.GONE:  # should it come back, it is to be noticed as a new one
            self.forget_name(file_id)
        if step.state in (State.ACCEPTED, State.PARSED):
            self._arrived(file_id, now)
        if step.state in (State.PARSED, State.PARSE_FAILED):
            self.unfollow(file_id)
        if step.state in self._hooks:
            insert = "INSERT INTO hooks VALUES (?, ?) ON CONFLICT DO NOTHING"
            self.write(insert, file_id, step.state)
        if step.state in states.WAITS and self._is_left(file_id):
            self.step(file_id, states.Step(State.IGNORED, states.LEFT), now)
            self.disclaim(file_id, now)

    def refuse_again(self, file_id: int, why: str, now: float) -> None:
        """A file that was looked at once more is refused as before: for people nothing is new.

        It counts as refused since it was for the first time, and no command is run for it.
        """
        self.write(
            "UPDATE files SET state = 'refused', why = ?2, cause = '', due_at = 0, changed_at = "
            "coalesce((SELECT min(at) FROM events WHERE file_id = ?1 AND state = 'refused' "
            "AND why = ?2), ?3) WHERE id = ?1 AND state = 'noticed'",
            file_id,
            why,
            now,
        )
        self._event(file_id, now, State.REFUSED, why)

    def identify(self, file_id: int, document: Document) -> None:
        """Note what a file was found to be."""
        self.write(
            "UPDATE files SET media_type = ?, sha256 = ?, file_name = ?, attempt = 0 WHERE id = ?",
            document.sniffed.media_type,
            document.sha256,
            document.file_name,
            file_id,
        )

    def address(
        self, file_id: int, route: Route, reference: str, fields: tuple[tuple[str, str], ...]
    ) -> None:
        """Note where a file goes, and with which form fields."""
        self.write(
            "UPDATE files SET account = ?, source_key = ?, reference = ?, fields = ?, "
            "duplicate_of = NULL WHERE id = ?",
            route.account,
            route.source_key,
            reference,
            rows.fields_text(fields),
            file_id,
        )

    def count_try(self, file_id: int) -> int:
        """Count one more try to read a file; gives how many there were before."""
        self.write("UPDATE files SET attempt = attempt + 1 WHERE id = ?", file_id)
        return int(self.read("SELECT attempt FROM files WHERE id = ?", file_id)[0]) - 1

    def profile(self, file_id: int, profile: Profile, *, probable: bool = False) -> None:
        """Note what HrFlow made of a file; ``probable``: a search has found it."""
        self.write(
            "UPDATE files SET profile_key = ?, profile_name = ?, profile_email = ?, pages = ?, "
            "total_pages = ?, probable = ? WHERE id = ?",
            profile.key,
            profile.name,
            profile.email,
            profile.pages,
            profile.total_pages,
            int(probable),
            file_id,
        )

    # -- contents

    def claim(self, source_key: str, identity: str, file_id: int) -> int:
        """Make a file the one that sends a content to a source; gives the id of who does.

        ``identity`` is the content's SHA-256, or that of a copy which is sent on purpose.
        """
        insert = "INSERT INTO contents VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        if self.write(insert, source_key, identity, file_id).rowcount == 1:
            return file_id
        owner: int = self.read(
            "SELECT file_id FROM contents WHERE source_key = ? AND identity = ?",
            source_key,
            identity,
        )[0]
        return owner

    def set_duplicate(self, file_id: int, of: int) -> None:
        """Note which file has the content that this one repeats."""
        self.write("UPDATE files SET duplicate_of = ? WHERE id = ?", of, file_id)

    def copies(self, of: int) -> list[int]:
        """The files that repeat the content of a file and are not sent for that."""
        found = self.all("SELECT id FROM files WHERE duplicate_of = ? AND state = 'duplicate'", of)
        return [file_id for (file_id,) in found]

    def disclaim(self, file_id: int, now: float) -> None:
        """A file does not send its content after all: its copies are looked at again."""
        self.write("DELETE FROM contents WHERE file_id = ?", file_id)
        copies = self.all("SELECT id FROM files WHERE duplicate_of = ?", file_id)
        for (copy,) in copies:
            self.write("UPDATE files SET duplicate_of = NULL WHERE id = ?", copy)
            if self.state(copy) is State.DUPLICATE:
                self.step(copy, states.Step(State.NOTICED, "the first of its kind is gone"), now)

    def resends(self, file_id: int) -> int:
        """How often somebody wanted a file sent again under a new reference."""
        return int(self.read("SELECT resends FROM files WHERE id = ?", file_id)[0])

    def state(self, file_id: int) -> State | None:
        """A file's state; None if it is not known any more."""
        row = self.read("SELECT state FROM files WHERE id = ?", file_id)
        return State(row[0]) if row else None

    # -- filing away

    def set_filing(self, file_id: int, filing: str, filed_to: str = "", why: str = "") -> None:
        """Note that a file is to be filed away ("pending"), was ("" and where), or cannot be.

        ``why``: what kept it from being filed away so far.
        """
        self._changed[file_id] = None
        self.write(
            "UPDATE files SET filing = ?, filed_to = ?, filing_why = ? WHERE id = ?",
            filing,
            os.fsencode(filed_to),
            why,
            file_id,
        )

    def recover(self, now: float) -> int:
        """What was being uploaded when the last run ended is uncertain; gives how many files."""
        found = self.all(
            "SELECT id FROM files WHERE state IN ('uploading', 'uncertain') AND state = 'uploading'"
        )
        for (file_id,) in found:
            self.step(
                file_id,
                states.Step(State.UNCERTAIN, "the program ended while sending it", now),
                now,
            )
        return len(found)

    # -- inside

    def _event(self, file_id: int, now: float, state: State, why: str) -> None:
        self._changed[file_id] = None
        self.write(
            "INSERT INTO events (file_id, at, state, why) VALUES (?, ?, ?, ?)",
            file_id,
            now,
            state,
            why,
        )

    def _name(self, directory_id: int, name: bytes, stat: Stat, file_id: int) -> None:
        self.write(
            "INSERT INTO names VALUES (?, ?, ?, ?, ?) ON CONFLICT (directory_id, name) DO UPDATE "
            "SET size = excluded.size, mtime_ns = excluded.mtime_ns, file_id = excluded.file_id",
            directory_id,
            name,
            stat.size,
            stat.mtime_ns,
            file_id,
        )

    def _arrived(self, file_id: int, now: float) -> None:
        first = self.write(
            "UPDATE files SET arrived_at = ? WHERE id = ? AND arrived_at = 0", now, file_id
        )
        if first.rowcount != 1:  # it was sent again, or is only parsed now
            again = "UPDATE files SET arrived_at = ? WHERE id = ? AND arrived_at < in_doubt_since"
            self.write(again, now, file_id)
            return
        day = time.strftime("%Y-%m-%d", time.localtime(now))
        self.write(
            "INSERT INTO days VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET arrived = arrived + 1",
            day,
        )
