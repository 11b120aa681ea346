"""How rows of the journal become the program's values, and paths become bytes."""

from __future__ import annotations

import json
import os
import sqlite3
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from watcher.i18n.message import from_json
from watcher.journal.schema import problem
from watcher.model.kinds import State
from watcher.model.records import Entry, Stat
from watcher.model.uploads import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The fact that says until when no uploads are started.
PAUSED: Final = "paused_until"


SNOOZED: Final = "snoozed_until"


#: In the place of the settings' fingerprint of a folder that is not watched any more.
LEFT: Final = "left"


FROM: Final = """
    FROM files f JOIN directories d ON d.id = f.directory_id JOIN folders o ON o.id = d.folder_id
"""


class JobRow(NamedTuple):
    """What the journal keeps of an upload to be made."""

    id: int
    folder: bytes
    directory: bytes
    name: bytes
    size: int
    mtime_ns: int
    device: int
    inode: int
    sha256: str
    media_type: str
    file_name: str
    account: str
    source_key: str
    reference: str
    fields: str
    attempt: int


class EntryRow(NamedTuple):
    """What the journal keeps of a file, and people are shown."""

    id: int
    folder: bytes
    directory: bytes
    name: bytes
    state: str
    why: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    noticed_at: float
    changed_at: float
    due_at: float
    attempt: int
    media_type: str
    sha256: str
    account: str
    source_key: str
    reference: str
    fields: str
    profile_key: str
    profile_name: str
    profile_email: str
    filed_to: bytes
    filing_why: str
    filing_target: bytes
    duplicate_of: int | None
    in_doubt_since: float
    arrived_at: float
    parsed_at: float
    pages: int
    total_pages: int
    probable: int
    resends: int
    source_name: str | None


#: What is not a column of ``files``, called ``f`` in :data:`FROM`.
_ELSEWHERE: Final = MappingProxyType(
    {
        "folder": "o.path",
        "directory": "d.path",
        "source_name": "(SELECT s.name FROM sources s WHERE s.account = f.account "
        "AND s.source_key = f.source_key)",
    }
)


def columns(kind: type[EntryRow | JobRow]) -> str:
    """What to select for a row of this kind, in the order of its fields."""
    return ", ".join(_ELSEWHERE.get(name, f"f.{name}") for name in kind._fields)


ENTRY: Final = columns(EntryRow)


JOB: Final = columns(JobRow)


_SEPARATOR: Final = os.fsencode(os.sep)


#: What the names of facts begin with that are directories into which files were filed away.
_TARGET: Final = b"filed into "


def target_fact(path: str) -> bytes:
    """The name of the fact that files were filed away below the directory ``path``."""
    return _TARGET + os.fsencode(path)


def told_fact(what: str) -> str:
    """The name of the fact that people were told of ``what``."""
    return f"told: {what}"


def target_of(fact: str | bytes) -> str:
    """The path that :func:`target_fact` was given; "" for another fact's name."""
    is_target = isinstance(fact, bytes) and fact.startswith(_TARGET)
    return os.fsdecode(fact[len(_TARGET) :]) if is_target else ""


def split(folder: str, path: str) -> tuple[bytes, bytes]:
    """Directory below the folder and name, as bytes; ValueError if not below the folder."""
    root = folder if folder.endswith(os.sep) else folder + os.sep
    if not path.startswith(root):
        raise ValueError(f"{path!r} is not below {folder!r}")
    directory, _, name = os.fsencode(path[len(root) :]).rpartition(_SEPARATOR)
    return directory, name


def join(folder: bytes, directory: bytes, name: bytes) -> str:
    """The path that :func:`split` took apart."""
    return os.fsdecode(os.path.join(folder, directory, name))


def entry(row: EntryRow, duplicate_of: str = "") -> Entry:
    """What people are shown; ``duplicate_of`` is the path of the file that it repeats."""
    return Entry(
        file_id=row.id,
        folder=os.fsdecode(row.folder),
        path=join(row.folder, row.directory, row.name),
        state=State(row.state),
        why=from_json(row.why),
        stat=stat(row.size, row.mtime_ns, row.device, row.inode),
        noticed_at=row.noticed_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
        attempt=row.attempt,
        media_type=row.media_type,
        sha256=row.sha256,
        account=row.account,
        source_key=row.source_key,
        reference=row.reference,
        fields=fields(row.fields),
        profile_key=row.profile_key,
        profile_name=row.profile_name,
        profile_email=row.profile_email,
        filed_to=os.fsdecode(row.filed_to),
        filing_why=from_json(row.filing_why),
        filing_target=os.fsdecode(row.filing_target),
        duplicate_of=duplicate_of,
        sent_at=row.in_doubt_since,
        arrived_at=row.arrived_at,
        parsed_at=row.parsed_at,
        pages=row.pages,
        total_pages=row.total_pages,
        probable=bool(row.probable),
        resends=row.resends,
        source_name=row.source_name or "",
    )


def job(row: JobRow) -> Job:
    """An upload to be made."""
    return Job(
        file_id=row.id,
        folder=os.fsdecode(row.folder),
        path=join(row.folder, row.directory, row.name),
        stat=stat(row.size, row.mtime_ns, row.device, row.inode),
        sha256=row.sha256,
        media_type=row.media_type,
        file_name=row.file_name,
        account=row.account,
        source_key=row.source_key,
        reference=row.reference,
        fields=fields(row.fields),
        attempt=row.attempt,
    )


def fields(text: str) -> tuple[tuple[str, str], ...]:
    """Form fields as they were stored."""
    return tuple(map(tuple, json.loads(text)))


def fields_text(pairs: tuple[tuple[str, str], ...]) -> str:
    """Form fields as they are stored."""
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":")) if pairs else "[]"


def numbers(stat: Stat) -> tuple[int, int, int, int]:
    """A Stat as the journal keeps it: size, mtime_ns, device, inode."""
    return (stat.size, stat.mtime_ns, _signed(stat.device), _signed(stat.inode))


def stat(size: int, mtime_ns: int, device: int, inode: int) -> Stat:
    """The Stat that :func:`numbers` took apart."""
    return Stat(size, mtime_ns, device % (1 << 64), inode % (1 << 64))


def _signed(number: int) -> int:
    """A 64-bit number as SQLite can keep it: Windows and ZFS have inodes above 2**63."""
    return number - (1 << 64) if number >= 1 << 63 else number


#: Files that are asked for by one query, and for how many at once there is one.
_ROOMS: Final = (1, 4, 16, 64)


_AT_ONCE: Final = _ROOMS[-1]


class Store:
    """One thread's connection. The first change begins a transaction, :meth:`commit` ends it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use ``connection``, and close it in the end."""
        self._connection = connection

    @property
    def changed(self) -> bool:
        """Whether there are changes that were not committed."""
        return self._connection.in_transaction

    def commit(self) -> bool:
        """Flush all changes to the disk, as one; whether there were any."""
        changes = self.changed
        if changes:
            self._run("COMMIT", ())
        return changes

    def close(self) -> None:
        """End; changes that were not committed are lost."""
        self._connection.close()

    def write(self, query: str, *values: object) -> sqlite3.Cursor:
        """Run a query that changes something."""
        if not self.changed:
            self._run("BEGIN IMMEDIATE", ())
        return self._run(query, values)

    def write_many(self, query: str, values: Iterable[tuple[object, ...]]) -> int:
        """Run a query once for each of ``values``; gives how many rows it has changed."""
        if not self.changed:
            self._run("BEGIN IMMEDIATE", ())
        try:
            return self._connection.executemany(query, values).rowcount
        except sqlite3.Error as error:
            raise problem(error) from error

    def choose(self, file_ids: Sequence[int]) -> None:
        """Make ``chosen``, a table of this connection alone, hold these ids and no others."""
        self.write("DELETE FROM chosen")
        self.write_many(
            "INSERT OR IGNORE INTO chosen VALUES (?)", [(file_id,) for file_id in file_ids]
        )

    def read(self, query: str, *values: object) -> Any:
        """The first row of a query, None if there is none."""
        return self._run(query, values).fetchone()

    def all(self, query: str, *values: object) -> list[Any]:
        """All rows of a query."""
        try:
            return self._run(query, values).fetchall()
        except sqlite3.Error as error:
            raise problem(error) from error

    def entries(self, where: str, *values: object) -> list[Entry]:
        """Files for which ``where`` holds; ``f`` stands for the table of files."""
        found = self.all(f"SELECT {ENTRY} {FROM} WHERE {where}", *values)
        return [
            entry(row, self.path_of(row.duplicate_of) if row.duplicate_of else "")
            for row in map(EntryRow._make, found)
        ]

    def entries_of(self, file_ids: Sequence[int]) -> list[Entry]:
        """These files in this order, as far as there are such files."""
        found: dict[int, Entry] = {}
        for start in range(0, len(file_ids), _AT_ONCE):
            some = file_ids[start : start + _AT_ONCE]
            # Of a few lengths only, so that the query is prepared once: no file has the number 0.
            room = next(each for each in _ROOMS if each >= len(some))
            where = f"f.id IN ({', '.join('?' * room)})"
            some = [*some, *[0] * (room - len(some))]
            found.update((each.file_id, each) for each in self.entries(where, *some))
        return [found[file_id] for file_id in file_ids if file_id in found]

    def entry(self, file_id: int) -> Entry | None:
        """One file, None if there is no such file."""
        found = self.entries("f.id = ?", file_id)
        return found[0] if found else None

    def path_of(self, file_id: int) -> str:
        """Where a file was when it was noticed; "" if there is no such file."""
        row = self.read(f"SELECT o.path, d.path, f.name {FROM} WHERE f.id = ?", file_id)
        return join(*row) if row else ""

    def _run(self, query: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, values)
        except UnicodeEncodeError:  # a sentence that quotes a name which is no text
            return self._connection.execute(query, [as_text(value) for value in values])
        except sqlite3.Error as error:
            raise problem(error) from error


def as_text(value: object) -> object:
    """``value`` as the journal can keep it: a name that is no text may stand in a sentence."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
