"""Reading the journal while another thread or process writes it."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from watcher.i18n.message import Message, from_json
from watcher.journal import facts, rows
from watcher.journal.history import HAS_FAILED, Filter, add_functions, condition
from watcher.journal.schema import IS_OPENED
from watcher.journal.store import Store, connect_to_read
from watcher.model.entries import Month, Timing
from watcher.model.holds import month_of
from watcher.model.kinds import APPROVABLE, State
from watcher.model.snapshot import ActiveHold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from watcher.model.entries import Entry


#: States that :meth:`Reader.recent` shows, and how many events it searches for them.
_SHOWN: Final = (
    State.QUEUED, State.UPLOADING, State.WAITING, State.HELD, State.UNCERTAIN, State.ACCEPTED,
    State.PARSED, State.PARSE_FAILED, State.REFUSED,
)  # fmt: skip
_RECENT_EVENTS: Final = 5000
_BELOW: Final = f"substr(CAST(o.path || '{os.sep}' || d.path || '{os.sep}' AS BLOB), 1, ?2) = ?1"
_PLACES: Final = "FROM folders o JOIN directories d ON d.folder_id = o.id"
#: The files at or below ?1 (?2 bytes), and those filed away that arrived or were refused since ?3.
_FILES_BELOW: Final = (
    f"SELECT f.state, f.why, f.size {_PLACES} JOIN names n ON n.directory_id = d.id "
    f"JOIN files f ON f.id = n.file_id WHERE {_BELOW} "
    f"UNION ALL SELECT f.state, f.why, f.size {_PLACES} JOIN files f ON f.directory_id = d.id "
    f"WHERE {_BELOW} AND f.changed_at >= ?3 AND f.state <> 'gone' "
    # The result of one that had arrived before may come at any time.
    "AND (f.arrived_at >= ?3 OR f.state NOT IN ('accepted', 'parsed', 'parse_failed')) "
    "AND NOT EXISTS (SELECT 1 FROM names n WHERE n.directory_id = f.directory_id "
    "AND n.name = f.name AND n.file_id = f.id)"
)
#: Files that are read at once.
_BATCH: Final = 500
_ALL: Final = Filter()


class Reason(NamedTuple):
    """Why ``files`` files were refused or not parsed; ``in_place`` of them are still in place.

    ``latest`` is the id of the latest of them.

    Reasons that differ in numbers alone are one: ``why`` is that of the latest file, and
    ``is_example`` is true if others differ.
    """

    state: State
    why: Message
    files: int
    in_place: int
    is_example: bool
    latest: int


class Reader(Store):
    """A view of the journal that cannot change it. Used by one thread."""

    def __init__(self, path: str) -> None:
        """Open the journal at ``path``; JournalError if there is none or it cannot be read."""
        super().__init__(connect_to_read(path))
        add_functions(self._connection)

    def known(self, folder: str, directory: str) -> dict[str, tuple[int, int]]:
        """Return size and mtime_ns of each file known in a directory below a folder, by name."""
        found = self.all(
            "SELECT n.name, n.size, n.mtime_ns FROM names n WHERE n.directory_id = "
            "(SELECT d.id FROM directories d JOIN folders o ON o.id = d.folder_id "
            "WHERE o.path = ? AND d.path = ?)",
            os.fsencode(folder),
            os.fsencode(directory),
        )
        # What os.fsdecode does, without looking up the encoding for each name.
        encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
        return {name.decode(encoding, errors): (size, mtime) for name, size, mtime in found}

    def counts(self) -> dict[State, int]:
        """Return how many files are in each state; states without files are left out."""
        found = self.all("SELECT state, files FROM counts WHERE files > 0")
        return {State(state): files for state, files in found}

    def opened(self) -> int:
        """Return how many of the ignored files were opened for the documents inside them."""
        return int(self.read(f"SELECT count(*) FROM files WHERE {IS_OPENED}")[0])

    def opened_below(self, path: str, since: float) -> int:
        """Return how many of the ignored files among :meth:`totals` were opened."""
        query = f"SELECT count(*) FROM ({_FILES_BELOW}) WHERE {IS_OPENED}"
        return int(self.read(query, *_prefix(path), since)[0])

    def days(self, since: str) -> list[tuple[str, int]]:
        """Return how many files arrived on each local day from ``since`` (``YYYY-MM-DD``) on."""
        return self.all("SELECT day, arrived FROM days WHERE day >= ? ORDER BY day", since)

    def days_by_source(self, since: float) -> list[tuple[str, str, str, int]]:
        """Return how many files arrived on a local day from ``since`` on, source by source.

        Each is (``YYYY-MM-DD``, source key, its name or "", how many). Files that are no longer
        in the history are missing.
        """
        return self.all(
            "SELECT date(f.arrived_at, 'unixepoch', 'localtime') AS day, f.source_key, "
            "coalesce(s.name, ''), count(*) FROM files f "
            "LEFT JOIN sources s ON s.account = f.account AND s.source_key = f.source_key "
            # Nothing changes before it arrives: the index on changes leaves old files out.
            "WHERE f.changed_at >= ?1 AND f.arrived_at >= ?1 GROUP BY day, f.account, f.source_key",
            since,
        )

    def arrived_on(self, day: str) -> int:
        """Return how many files arrived on a local day, ``YYYY-MM-DD``."""
        row = self.read("SELECT arrived FROM days WHERE day = ?", day)
        return int(row[0]) if row else 0

    def paused_until(self) -> float:
        """Return until when a person paused uploads, 0 for no pause."""
        row = self.read("SELECT value FROM facts WHERE name = ?", facts.PAUSED)
        return float(row[0]) if row else 0.0

    def snoozed_until(self) -> float:
        """Return until when a person snoozed notifications, 0 for no snooze."""
        row = self.read("SELECT value FROM facts WHERE name = ?", facts.SNOOZED)
        return float(row[0]) if row else 0.0

    def language(self) -> str:
        """Return the language that a person chose, "" for the system's."""
        row = self.read("SELECT name FROM facts WHERE name GLOB ?", f"{facts.LANGUAGE}*")
        return str(row[0]).removeprefix(facts.LANGUAGE) if row else ""

    def recent(self, limit: int) -> list[Entry]:
        """Return the files that changed last and are on their way or have a result."""
        marks = ", ".join("?" * len(_SHOWN))
        found = self.all(
            "SELECT file_id FROM events WHERE id > (SELECT max(id) FROM events) - ? "
            f"AND state IN ({marks}) ORDER BY id DESC LIMIT ?",
            _RECENT_EVENTS,
            *_SHOWN,
            4 * limit,
        )
        latest = (self.entry(file_id) for (file_id,) in dict.fromkeys(found))
        return [each for each in latest if each is not None and each.state in _SHOWN][:limit]

    def folders(self) -> list[tuple[str, float]]:
        """Return all folders ever watched, each with the end of its last scan (0: none yet)."""
        found = self.all("SELECT path, scanned_at FROM folders ORDER BY id")
        return [(os.fsdecode(path), scanned_at) for path, scanned_at in found]

    def imported(self) -> dict[str, str]:
        """Return the folders that were imported and are not watched: path → settings."""
        found = self.all("SELECT path, imported FROM folders WHERE imported <> ''")
        return {os.fsdecode(path): settings for path, settings in found}

    def filing_targets(self) -> list[str]:
        """Return directories below which files have ever been filed away, as absolute paths."""
        found = self.all("SELECT name FROM facts ORDER BY value")
        return [path for (fact,) in found if (path := facts.target_of(fact))]

    def held(self) -> list[ActiveHold]:
        """Return each hold; one that waits for approval only if it holds files.

        Reasons with the number of files are given that of now.
        """
        holds = []
        for key, cause, why in self.all("SELECT key, cause, why FROM holds ORDER BY since"):
            files, size = self.read(
                "SELECT count(*), coalesce(sum(size), 0) FROM files "
                "WHERE cause = ? AND cause <> '' AND state = 'held'",
                key,
            )
            if files or cause not in APPROVABLE:
                message = from_json(why)
                if message.plural:
                    message = replace(message, args={**message.args, "count": files})
                holds.append(ActiveHold(key, message, files, size))
        return holds

    def held_by(self, key: str, limit: int) -> list[tuple[str, str]]:
        """Return up to ``limit`` different (folder, source key) of the files that a cause holds."""
        found = self.all(
            "SELECT DISTINCT o.path, f.source_key FROM files f "
            "JOIN directories d ON d.id = f.directory_id JOIN folders o ON o.id = d.folder_id "
            "WHERE f.cause = ? AND f.cause <> '' AND f.state = 'held' LIMIT ?",
            key,
            limit,
        )
        return [(os.fsdecode(folder), source_key) for folder, source_key in found]

    def waiting_reasons(self, limit: int) -> list[tuple[State, Message, int, float]]:
        """Return what most files wait for: (state, why, how many, when the first is due).

        The states are waiting, uncertain and, of files that cannot be read yet, noticed.
        """
        # Each half by its own index of open files: an OR of both would read the whole history.
        store = "SELECT state, why, count(*) AS files, min(due_at) FROM files WHERE "
        found = self.all(
            f"{store} state IN ('queued', 'waiting') AND state = 'waiting' GROUP BY why UNION ALL "
            f"{store} state IN ('uploading', 'uncertain') AND state = 'uncertain' GROUP BY why "
            f"UNION ALL {store} state = 'noticed' AND why <> '' GROUP BY why "
            "ORDER BY files DESC LIMIT ?",
            limit,
        )
        return [
            (State(state), from_json(why), files, due_at) for state, why, files, due_at in found
        ]

    def put_off(self, now: float) -> int:
        """Return how many files are noticed and not to be read yet: incomplete, or unreadable."""
        count: int = self.read(
            "SELECT count(*) FROM files WHERE state = 'noticed' AND due_at > ?", now
        )[0]
        return count

    def requests_since(self, moment: float) -> list[float]:
        """Return when the requests that are counted ended after ``moment``, in that order."""
        found = self.all("SELECT ended_at FROM requests WHERE ended_at > ? ORDER BY 1", moment)
        return [at for (at,) in found]

    def reasons(self, limit: int) -> list[Reason]:
        """Return why files were refused or not parsed, the most frequent reason first."""
        same = (
            "SELECT state, why, count(*) AS files, sum(length(filed_to) = 0) AS in_place, "
            f"max(changed_at) AS latest, id FROM files WHERE {HAS_FAILED} GROUP BY state, why"
        )
        found = self.all(
            # Beside max(), SQLite takes the other columns from the row that has it.
            "SELECT state, why, sum(files) AS total, sum(in_place), count(*) > 1, "
            f"max(latest) AS last, id FROM ({same}) GROUP BY state, numberless(why) "
            "ORDER BY total DESC, last DESC LIMIT ?",
            limit,
        )
        return [
            Reason(State(state), from_json(why), files, in_place, bool(is_example), latest)
            for state, why, files, in_place, is_example, _, latest in found
        ]

    def attention(self, limit: int) -> list[Entry]:
        """Return files that need attention, the latest first."""
        return self.entries(f"f.{HAS_FAILED} ORDER BY f.changed_at DESC LIMIT ?", limit)

    def history(
        self,
        matching: Filter = _ALL,
        *,
        before: tuple[float, int] | None = None,
        order: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> list[Entry]:
        """Return files that match, the latest change first.

        ``before`` is the (changed_at, file_id) of the last file of the page before this one.
        ``order`` is another order, "when" or one of :data:`history.ORDERS`, with "-" before it to
        turn it around. By the latter only the latest :data:`history.ORDERED` files are sorted.
        """
        where, values = condition(matching, before, order)
        return self.entries(f"{where} LIMIT ? OFFSET ?", *values, limit, offset)

    def pages(self, matching: Filter) -> Iterator[list[Entry]]:
        """Yield all files that match, in batches, so that memory stays bounded.

        A file that changes meanwhile is not yielded again.
        """
        before = None
        while found := self.history(matching, before=before, limit=_BATCH):
            yield found
            before = found[-1].changed_at, found[-1].file_id

    def totals(self, path: str, since: float = math.inf) -> dict[State, tuple[int, int]]:
        """Return the files at or below ``path`` by state: state → (files, bytes).

        Those that arrived or were refused at or after ``since`` count even if they are no longer
        there, as they were filed away.
        """
        found = self.all(
            f"SELECT state, count(*), sum(size) FROM ({_FILES_BELOW}) GROUP BY state",
            *_prefix(path),
            min(since, sys.float_info.max),
        )
        return {State(state): (files, size) for state, files, size in found}

    def arrived_before(self, path: str, moment: float) -> int:
        """Return how many of the files now at or below ``path`` had arrived before ``moment``."""
        row = self.read(
            f"SELECT count(*) {_PLACES} JOIN names n ON n.directory_id = d.id "
            f"JOIN files f ON f.id = n.file_id WHERE {_BELOW} "
            "AND f.state IN ('accepted', 'parsed') AND f.arrived_at < ?3",
            *_prefix(path), moment,
        )  # fmt: skip
        return int(row[0])

    def at(self, folder: str, path: str) -> Entry | None:
        """Return the file known at ``path`` below ``folder``, None if there is none."""
        directory, name = rows.split(folder, path)
        found = self.entries(
            "f.id = (SELECT n.file_id FROM folders w JOIN directories p ON p.folder_id = w.id "
            "JOIN names n ON n.directory_id = p.id WHERE w.path = ? AND p.path = ? AND n.name = ?)",
            os.fsencode(folder),
            directory,
            name,
        )
        return found[0] if found else None

    def parts(self, entry: Entry) -> list[Entry]:
        """Return the documents inside a file as they are now, even after it was moved."""
        directory = os.path.join(*rows.split(entry.folder, entry.path))
        return self.entries(
            "f.id IN (SELECT max(p.id) FROM files p JOIN directories q ON q.id = p.directory_id "
            "JOIN folders r ON r.id = q.folder_id WHERE r.path = ? AND q.path = ? GROUP BY p.name) "
            "ORDER BY f.id",
            os.fsencode(entry.folder),
            directory,
        )

    def container(self, entry: Entry) -> Entry | None:
        """Return the file that a document is inside of, also after it was moved; None without."""
        path = os.path.dirname(entry.path)
        if path == entry.folder:
            return None
        directory, name = rows.split(entry.folder, path)
        found = self.entries(
            "f.id = (SELECT max(p.id) FROM files p JOIN directories q ON q.id = p.directory_id "
            "JOIN folders r ON r.id = q.folder_id WHERE r.path = ? AND q.path = ? AND p.name = ?)",
            os.fsencode(entry.folder),
            directory,
            name,
        )
        return found[0] if found else None

    def sender(self, source_key: str, sha256: str) -> Entry | None:
        """Return the file that sends, or sent, a content to a source; None if none does."""
        found = self.entries(
            "f.id = (SELECT file_id FROM contents WHERE source_key = ? AND identity = ?)",
            source_key,
            sha256,
        )
        return found[0] if found else None

    def check(self) -> str:
        """Check the journal's whole file; return what is wrong with it, "" if nothing is."""
        row = self.read("PRAGMA quick_check(1)")
        return "" if row[0] == "ok" else str(row[0])

    def names(self, limit: int) -> list[tuple[int, str, tuple[str, ...]]]:
        """Return ids and names of the files that changed last, and the names of people in them."""
        found = self.all(
            "SELECT id, name, file_name, profile_name, profile_email, filed_to FROM files "
            "ORDER BY changed_at DESC LIMIT ?",
            limit,
        )
        return [
            (number, os.fsdecode(name), (*more, os.path.basename(os.fsdecode(filed))))
            for number, name, *more, filed in found
        ]

    def people(self) -> dict[tuple[str, str], list[int]]:
        """Return the ids of each person's files, by the person's (name, email address)."""
        found = self.all(
            "SELECT profile_name, profile_email, id FROM files "
            "WHERE profile_name <> '' OR profile_email <> ''"
        )
        people: dict[tuple[str, str], list[int]] = {}
        for name, email, file_id in found:
            people.setdefault((name, email), []).append(file_id)
        return people

    def traces(self, file_ids: Collection[int]) -> set[int]:
        """Return these files, their copies, and other versions of each, and so on.

        A version that has become another profile is left out.
        """
        traces, new = set[int](), set(file_ids)
        while new:
            traces |= new
            chosen = json.dumps(sorted(new))
            found = self.all(
                "WITH chosen AS (SELECT value FROM json_each(?)) "
                "SELECT id FROM files WHERE duplicate_of IN chosen UNION "
                # A cross join goes through all files once, not once for each chosen file.
                "SELECT version.id FROM files version CROSS JOIN "
                "(SELECT DISTINCT directory_id, name, profile_key FROM files WHERE id IN chosen) f "
                "ON version.directory_id = f.directory_id AND version.name = f.name "
                "AND version.profile_key IN ('', f.profile_key)",
                chosen,
            )
            new = {file_id for (file_id,) in found} - traces
        return traces

    def timings(self, since: float, until: float) -> list[Timing]:
        """Return the files noticed from ``since`` on and before ``until``, for a report."""
        found = self.all(
            "SELECT o.path, f.source_key, coalesce(s.name, ''), f.state, f.noticed_at, "
            f"f.in_doubt_since, f.arrived_at, f.parsed_at, {IS_OPENED} {rows.FROM} "
            "LEFT JOIN sources s ON s.account = f.account AND s.source_key = f.source_key "
            # No file changes before it is noticed: the index on changes leaves old files out.
            "WHERE f.changed_at >= ?1 AND f.noticed_at >= ?1 AND f.noticed_at < ?2",
            since,
            until,
        )
        return [
            Timing(
                os.fsdecode(folder),
                key,
                name,
                State(state),
                noticed,
                sent,
                arrived,
                parsed,
                is_opened=bool(opened),
            )
            for folder, key, name, state, noticed, sent, arrived, parsed, opened in found
        ]

    def months(self, until: float, limit: int) -> list[Month]:
        """Return the uploads of up to ``limit`` months by account, none after ``until``.

        The latest month comes first.
        """
        found = self.all(
            "SELECT month, account, uploads FROM months WHERE uploads > 0 AND month IN "
            "(SELECT DISTINCT month FROM months WHERE month <= ? ORDER BY month DESC LIMIT ?) "
            "ORDER BY month DESC, account",
            month_of(until),
            limit,
        )
        return [Month(*row) for row in found]

    def events(self, file_id: int) -> list[tuple[float, State, Message]]:
        """Return the events of a file: (when, its state from then on, why), the oldest first."""
        found = self.all("SELECT at, state, why FROM events WHERE file_id = ? ORDER BY id", file_id)
        return [(at, State(state), from_json(why)) for at, state, why in found]


def _prefix(path: str) -> tuple[bytes, int]:
    """Return what the path of everything below ``path`` begins with, and how long that is."""
    prefix = os.fsencode(path.rstrip(os.sep) + os.sep)
    return prefix, len(prefix)
