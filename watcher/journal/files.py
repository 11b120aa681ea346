"""Files: their states, what is known about them, and which of them sends a content."""

from __future__ import annotations

import os
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import NOTHING, from_json, msg
from watcher.journal import rows
from watcher.model import lifecycle, reasons
from watcher.model.errors import JournalError
from watcher.model.kinds import State
from watcher.model.lifecycle import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from watcher.i18n.message import Message
    from watcher.journal.names import Directories, Names
    from watcher.journal.store import Store
    from watcher.model.entries import Stat
    from watcher.model.files import Candidate, Document, Known
    from watcher.model.uploads import Profile, Route


def _steps(where: str, also: str = "") -> Mapping[State, str]:
    """Return the statements that change files to each state, only from the allowed ones."""
    query = (
        f"UPDATE files SET {also}state = ?1, why = ?2, cause = ?3, due_at = ?4, changed_at = ?5, "
        "attempt = attempt + (CASE WHEN ?1 = 'uploading' THEN 1 ELSE 0 END), "
        "in_doubt_since = CASE WHEN ?1 = 'uploading' "
        "OR (?1 = 'uncertain' AND (in_doubt_since = 0 OR state IN ('queued', 'waiting'))) "
        "THEN ?5 ELSE in_doubt_since END, "
        "parsed_at = CASE WHEN ?1 = 'parsed' THEN ?5 ELSE parsed_at END, "
        # A file that could not be parsed is sent again under a new reference, if at all.
        "resends = resends + (state = 'parse_failed' AND ?1 IN ('noticed', 'ignored')) "
        f"WHERE {where} AND state IN ({{}})"
    )
    return MappingProxyType(
        {
            after: query.format(
                ", ".join(f"'{before}'" for before in State if lifecycle.allowed(before, after))
            )
            for after in State
        }
    )


_STEP_ONE: Final = _steps("id = ?6")
_STEP_ROUTED: Final = _steps(
    "id = ?6",
    "account = ?7, source_key = ?8, reference = ?9, fields = ?10, duplicate_of = NULL, ",
)
_STEP_CHOSEN: Final = _steps("id IN (SELECT id FROM chosen)")
_EVENT: Final = "INSERT INTO events (file_id, at, state, why) VALUES (?, ?, ?, ?)"
_EVENT_CHOSEN: Final = (
    "INSERT INTO events (file_id, at, state, why) SELECT id, ?, ?, ? FROM chosen ORDER BY id"
)


class Files:
    """Rows of files. Every change of a state is made by :meth:`step`."""

    def __init__(self, store: Store, directories: Directories, names: Names) -> None:
        self._store = store
        self._directories = directories
        self._names = names
        #: File → its state after its latest change; None if only something else has changed.
        self._changed: dict[int, State | None] = {}
        #: States for which a hook is to be run, see :class:`watcher.journal.queues.HookQueue`.
        self.hooks: frozenset[str] = frozenset()

    # -- states

    def step(
        self,
        file_ids: int | Sequence[int],
        step: Step,
        now: float,
        *,
        cause: str = "",
        since: float | None = None,
        route: Route | None = None,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Change the state of one file or of many, and write the event of each.

        ``route``: where a single file goes from now on, and with which form ``fields``.
        ``since``: they count as being in that state since then, and no hook is run for them, as
        for people nothing has changed.

        In a folder that is no longer watched no file waits, not even one whose upload failed: it
        is ignored, and a copy elsewhere is sent instead.

        Raises:
            JournalError: the step is not allowed from the state of one of them. The transaction
                must not be committed.
        """
        many = (file_ids,) if isinstance(file_ids, int) else file_ids
        if not many:
            return
        state, why = step.state, rows.reason_text(step.why)
        change = (state.value, why, cause, step.due_at, now if since is None else since)
        if len(many) == 1:
            place = _place(route, fields) if route else ()
            query = (_STEP_ROUTED if place else _STEP_ONE)[state]
            changed = self._store.write(query, *change, many[0], *place).rowcount
            self._store.defer(_EVENT, many[0], now, state.value, why)
        else:  # one by one takes five times as long
            self._store.choose(many)
            changed = self._store.write(_STEP_CHOSEN[state], *change).rowcount
            self._store.write_deferred()  # events are told in the order of their ids
            self._store.write(_EVENT_CHOSEN, now, state.value, why)
        if changed != len(many):
            refused = next((each for each in many if self.state(each) is not state), many[0])
            raise JournalError(f"File {refused} cannot go from {self.state(refused)} to {state}.")
        self._changed.update(dict.fromkeys(many, state))
        self._follow_step(many, state, now, is_new=since is None)

    def ignore_left(self, file_ids: Sequence[int], now: float) -> None:
        """Ignore files whose folder is no longer watched; copies elsewhere are sent instead."""
        self.step(file_ids, Step(State.IGNORED, reasons.LEFT), now)
        for file_id in file_ids:
            self.disclaim(file_id, now)

    def refuse_again(self, file_id: int, why: Message, now: float) -> None:
        """Refuse a file for the same reason as before; it counts as refused since then."""
        self._store.write_deferred()
        first: float | None = self._store.read(
            "SELECT min(at) FROM events WHERE file_id = ? AND state = 'refused' AND why IN (?, ?)",
            file_id,
            *rows.reason_texts(why),
        )[0]
        self.step(file_id, Step(State.REFUSED, why), now, since=now if first is None else first)

    def recover(self, now: float) -> int:
        """Make uncertain the uploads that the end of the last run interrupted; return how many."""
        ids = self._store.ids("state IN ('uploading', 'uncertain') AND state = 'uploading'")
        self.step(
            ids, Step(State.UNCERTAIN, msg("The program stopped during the upload."), now), now
        )
        return len(ids)

    def explain(self, file_id: int, why: Message) -> None:
        """Change the reason of a file's state; the state stays."""
        update = "UPDATE files SET why = ?1 WHERE id = ?2 AND why <> ?1"
        if self._store.write(update, rows.reason_text(why), file_id).rowcount:
            self._changed.setdefault(file_id)

    def take_changed(self, limit: int, shown: Collection[State]) -> list[int]:
        """Return up to ``limit`` files changed since this was last called, in that order.

        Those that have come to a state other than ``shown`` are left out.
        """
        taken: list[int] = []
        while self._changed and len(taken) < limit:
            file_id = next(iter(self._changed))
            state = self._changed.pop(file_id)
            if state is None or state in shown:
                taken.append(file_id)
        return taken

    @property
    def has_changed(self) -> bool:
        """Whether there are files that :meth:`take_changed` would return."""
        return bool(self._changed)

    def state(self, file_id: int) -> State | None:
        """Return a file's state; None if there is no such file."""
        row = self._store.read("SELECT state FROM files WHERE id = ?", file_id)
        return State(row[0]) if row else None

    def last_refusal(self, file_id: int) -> Message:
        """Return why a file was last refused; NOTHING if it never was."""
        self._store.write_deferred()
        row = self._store.read(
            "SELECT why FROM events WHERE file_id = ? AND state = 'refused' ORDER BY id DESC "
            "LIMIT 1",
            file_id,
        )
        return from_json(row[0]) if row else NOTHING

    # -- rows

    def add(
        self,
        candidate: Candidate,
        stat: Stat,
        now: float,
        state: State,
        cause: str = "",
        why: Message = NOTHING,
        document: Document | None = None,
    ) -> int:
        """Add a file, or a new version of one, and return its id.

        ``document``: what it is, as :meth:`identify` would store it.
        """
        directory, name = rows.split(candidate.folder, candidate.path)
        directory_id = self._directories.add(candidate.folder, directory)
        cursor = self._store.write(
            "INSERT INTO files (directory_id, name, state, why, cause, size, mtime_ns, device, "
            "inode, noticed_at, changed_at, due_at, media_type, sha256, file_name) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            directory_id,
            name,
            state.value,
            rows.reason_text(why),
            cause,
            *rows.numbers(stat),
            now,
            now,
            now,
            *(_identity(document) if document else ("", "", "")),
        )
        file_id = cursor.lastrowid or 0
        self._names.put(directory_id, name, stat, file_id)
        self._store.defer(_EVENT, file_id, now, state.value, rows.reason_text(why))
        self._changed[file_id] = state
        return file_id

    def update_stat(self, file_id: int, candidate: Candidate, stat: Stat) -> None:
        """Update the size and time of a file; its history continues."""
        directory, name = rows.split(candidate.folder, candidate.path)
        self._names.put(self._directories.add(candidate.folder, directory), name, stat, file_id)
        self._store.write(
            "UPDATE files SET size = ?, mtime_ns = ?, device = ?, inode = ? WHERE id = ?",
            *rows.numbers(stat),
            file_id,
        )

    def identify(self, file_id: int, document: Document) -> None:
        """Store the type, fingerprint and file name of a file that was examined."""
        self._store.write(
            "UPDATE files SET media_type = ?, sha256 = ?, file_name = ?, attempt = 0 WHERE id = ?",
            *_identity(document),
            file_id,
        )

    def count_try(self, file_id: int) -> int:
        """Count a try to read a file and return how many there were before."""
        self._store.write("UPDATE files SET attempt = attempt + 1 WHERE id = ?", file_id)
        return int(self._store.read("SELECT attempt FROM files WHERE id = ?", file_id)[0]) - 1

    def set_profile(self, file_id: int, profile: Profile, *, probable: bool = False) -> None:
        """Store a file's profile; ``probable``: a search has found it."""
        self._store.write(
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

    def make_certain(self, file_id: int) -> None:
        """Store that a probable profile is certainly the file's."""
        self._store.write("UPDATE files SET probable = 0 WHERE id = ?", file_id)

    def delete(self, file_ids: Sequence[int]) -> None:
        """Delete files and what is known about them, but not the fingerprints of what was sent."""
        self._store.write_deferred()
        for file_id in file_ids:
            self._names.forget(file_id)
            self._store.write(
                "UPDATE files SET duplicate_of = NULL WHERE duplicate_of = ?", file_id
            )
            for table in ("events", "hooks", "follow_ups"):
                self._store.write(f"DELETE FROM {table} WHERE file_id = ?", file_id)
            self._store.write(
                "DELETE FROM early_events WHERE reference = "
                "(SELECT reference FROM files WHERE id = ? AND reference <> '')",
                file_id,
            )
            self._store.write(
                "DELETE FROM contents WHERE file_id = ?1 AND NOT EXISTS (SELECT 1 FROM files "
                "WHERE id = ?1 AND arrived_at > 0)",
                file_id,
            )
            self._store.write("DELETE FROM files WHERE id = ?", file_id)

    def folder_of(self, file_id: int) -> int:
        """Return the id of the folder that a file is in."""
        folder_id: int = self._store.read(
            "SELECT d.folder_id FROM files f JOIN directories d ON d.id = f.directory_id "
            "WHERE f.id = ?",
            file_id,
        )[0]
        return folder_id

    # -- the same file under another name

    def replace(self, file_id: int, former: int) -> None:
        """Remove a new row of the same file as a ``former`` one."""
        if file_id != former:
            self.delete([file_id])

    def merge_if_returned(self, file_id: int, former: int) -> bool:
        """Remove the new row of an uploaded file that is back at its old path.

        Return whether it is.
        """
        same = self._store.read(
            "SELECT 1 FROM files a JOIN files b ON a.directory_id = b.directory_id "
            "AND a.name = b.name WHERE a.id = ? AND b.id = ? "
            f"AND b.state IN {rows.ARRIVED}",
            file_id,
            former,
        )
        if not same:
            return False
        self._store.write(
            "UPDATE names SET file_id = ? WHERE (directory_id, name) = "
            "(SELECT directory_id, name FROM files WHERE id = ?)",
            former,
            file_id,
        )
        self.delete([file_id])
        return True

    # -- contents

    def claim(self, source_key: str, identity: str, file_id: int) -> int:
        """Make a file the one that sends a content to a source; return the id of the one that does.

        ``identity`` is the content's SHA-256, or that of a copy which is sent on purpose.
        """
        insert = "INSERT INTO contents VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        if self._store.write(insert, source_key, identity, file_id).rowcount == 1:
            return file_id
        owner: int = self._store.read(
            "SELECT file_id FROM contents WHERE source_key = ? AND identity = ?",
            source_key,
            identity,
        )[0]
        return owner

    def set_duplicate(self, file_id: int, of: int) -> None:
        """Store which file has the same content and is sent."""
        self._store.write("UPDATE files SET duplicate_of = ? WHERE id = ?", of, file_id)

    def original(self, file_id: int) -> tuple[str, State] | None:
        """Return path and state of the file whose content a duplicate has, if it is known."""
        row = self._store.read(
            "SELECT f.state, o.path, d.path, f.name "
            f"{rows.FROM} WHERE f.id = (SELECT duplicate_of FROM files WHERE id = ?)",
            file_id,
        )
        return (rows.join(*row[1:]), State(row[0])) if row else None

    def copies(self, of: int) -> list[int]:
        """Return the files with the same content as a file, which are not sent for that reason."""
        return self._store.ids("duplicate_of = ? AND state = 'duplicate'", of)

    def disclaim(self, file_id: int, now: float) -> None:
        """Have copies of a file examined again, as it does not send its content after all."""
        self._store.write("DELETE FROM contents WHERE file_id = ?", file_id)
        copies = self.copies(file_id)
        self._store.write("UPDATE files SET duplicate_of = NULL WHERE duplicate_of = ?", file_id)
        if copies:
            self.step(
                copies,
                Step(State.NOTICED, msg("The other file with the same content no longer exists.")),
                now,
            )

    # -- filing away

    def set_filing(
        self, file_id: int, filing: str, filed_to: str = "", why: Message = NOTHING
    ) -> None:
        """Store that a file is to be filed away ("pending"), was ("" and where), or cannot be.

        ``why``: why it could not be filed away so far.
        """
        self._changed.setdefault(file_id)
        self._store.write(
            "UPDATE files SET filing = ?1, filed_to = ?2, filing_why = ?3, "
            "filing_target = CASE WHEN ?1 = 'pending' THEN filing_target ELSE x'' END "
            "WHERE id = ?4",
            filing,
            os.fsencode(filed_to),
            rows.reason_text(why),
            file_id,
        )

    def set_filing_target(self, file_id: int, target: str) -> None:
        """Store the dated directory a file is moved to, the same for every try on any day."""
        self._store.write(
            "UPDATE files SET filing_target = ? WHERE id = ?", os.fsencode(target), file_id
        )

    def move_parts(self, parts: Mapping[str, Known], to: str) -> None:
        """Store that documents were moved inside their file, ``to`` a path, "" for the trash."""
        for part_path, part in parts.items():
            filed_to = os.path.join(to, os.path.basename(part_path)) if to else ""
            self.set_filing(part.file_id, "", filed_to)
            self._names.forget(part.file_id)

    # -- inside

    def _follow_step(
        self, file_ids: Sequence[int], state: State, now: float, *, is_new: bool
    ) -> None:
        """Make the other changes that a new state requires."""
        if state is State.GONE:  # a file that comes back is to be noticed as a new one
            for file_id in file_ids:
                self._names.forget(file_id)
        if state in (State.ACCEPTED, State.PARSED):
            for file_id in file_ids:
                self._arrived(file_id, now)
        if state in (State.PARSED, State.PARSE_FAILED):
            for file_id in file_ids:
                self._store.write("DELETE FROM follow_ups WHERE file_id = ?", file_id)
        if state in self.hooks and is_new:
            for file_id in file_ids:
                insert = "INSERT INTO hooks VALUES (?, ?) ON CONFLICT DO NOTHING"
                self._store.write(insert, file_id, state.value)
        if self._directories.left and state in lifecycle.WAITS:
            self.ignore_left(
                [each for each in file_ids if self.folder_of(each) in self._directories.left], now
            )

    def _arrived(self, file_id: int, now: float) -> None:
        update = "UPDATE files SET arrived_at = ? WHERE id = ? AND arrived_at "
        is_first = self._store.write(f"{update}= 0", now, file_id).rowcount == 1
        if not is_first:
            again = self._store.write(f"{update}< in_doubt_since", now, file_id)
            if not again.rowcount:
                return  # it is only parsed now
        day = time.strftime("%Y-%m-%d", time.localtime(now))
        self._store.defer(
            "INSERT INTO months (month, account, uploads) SELECT ?, account, 1 FROM files "
            "WHERE id = ? ON CONFLICT (month, account) DO UPDATE SET uploads = uploads + 1",
            day[:7],
            file_id,
        )
        if not is_first:  # it was sent again
            return
        self._store.defer(
            "INSERT INTO days VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET arrived = arrived + 1",
            day,
        )


def _place(route: Route, fields: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return route.account, route.source_key, route.reference, rows.fields_text(fields)


def _identity(document: Document) -> tuple[str, str, str]:
    return document.sniffed.media_type, document.sha256, document.file_name
