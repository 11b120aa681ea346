"""The journal's file: opened, read and written."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from watcher.i18n.message import msg
from watcher.journal import rows
from watcher.journal.schema import VERSION, bring_up_to_date
from watcher.model.errors import (
    DamagedJournalError,
    JournalError,
    NoJournalError,
    UnwritableJournalError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.model.entries import Entry

#: Numbers of files for which there is a prepared query.
_ROOMS: Final = (1, 4, 16, 64)
_AT_ONCE: Final = _ROOMS[-1]


def connect(path: str) -> sqlite3.Connection:
    """Open the journal at ``path`` for writing; create it or bring it up to date if necessary.

    Only its owner can read the file. JournalError when it cannot be opened, is damaged, or was
    written by a newer program.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        # One that exists is not opened here: with any handle of it that is closed, this process
        # gives up all its locks on it (POSIX), and other processes remove the log that its
        # connections still write to.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise problem(error, path) from error
    return _open(path, _prepare_to_write)


def connect_to_read(path: str) -> sqlite3.Connection:
    """Open an existing journal without the right to change it, from any one thread.

    JournalError as for :func:`connect`, and if an older program wrote it: only starting this one
    brings it up to date.
    """
    if not os.path.exists(path):
        raise _missing(path)
    return _open(path, _prepare_to_read)


def problem(error: Exception, path: str = "") -> JournalError:
    """Return the error to raise when the journal at ``path`` cannot be used."""
    journal = f"The journal {path}".strip()
    if isinstance(error, OSError | sqlite3.OperationalError):
        return UnwritableJournalError(
            f"{journal} can't be used ({error}).",
            msg("Check that its folder can be written to and that the disk is not full."),
        )
    return DamagedJournalError(
        f"{journal} is damaged ({error}).",
        msg(
            "Start the program: it sets the damaged history aside and builds a new one by"
            " scanning the folders."
        ),
    )


def _missing(path: str) -> NoJournalError:
    return NoJournalError(
        msg("There is no history at {path} yet.", path=path), msg("The program has not run yet.")
    )


def _open(path: str, prepare: Callable[[sqlite3.Connection, str], None]) -> sqlite3.Connection:
    """Return a prepared connection; closed if preparing fails."""
    with contextlib.ExitStack() as undo:
        try:
            connection = sqlite3.connect(
                path, isolation_level=None, timeout=10, check_same_thread=False
            )
            undo.callback(connection.close)
            prepare(connection, path)
        except sqlite3.Error as error:
            raise problem(error, path) from error
        undo.pop_all()
    return connection


def _prepare_to_read(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("PRAGMA query_only = ON")
    # A scan reads each row once and would fill SQLite's 2 MB; the system has the file in memory.
    connection.execute("PRAGMA cache_size = -500")
    version = _version(connection)
    if version == 0:  # the program is still creating it
        raise _missing(path)
    _check_version(version, path)
    if version < VERSION:
        raise JournalError(
            msg("The history {path} was written by an older hrflow-watcher.", path=path),
            msg("Start the program once: it brings the history up to date."),
        )


def _prepare_to_write(connection: sqlite3.Connection, path: str) -> None:
    """Configure, and bring the tables up to date."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = OFF")  # one writer; checked by tests, not per row
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -4000")
    # Checkpoints flush the disk twice more, so they are rare: most changes are to the same pages.
    # The log grows to 16 MB and is then overwritten from its start.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    version = _version(connection)
    _check_version(version, path)
    bring_up_to_date(connection, version)
    connection.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")


def _check_version(version: int, path: str) -> None:
    if version > VERSION:
        raise JournalError(
            msg(
                "The history {path} was written by a newer hrflow-watcher than this one.", path=path
            ),
            msg("Install the newer version again: this one can't read its history."),
        )


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


class Store:
    """One thread's connection. The first change begins a transaction, :meth:`commit` ends it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use ``connection``, and close it in the end."""
        self._connection = connection
        self._later: dict[str, list[tuple[object, ...]]] = {}  # statement → its rows of values

    @property
    def changed(self) -> bool:
        """Whether there are changes that were not committed."""
        return self._connection.in_transaction

    def commit(self) -> bool:
        """Flush all changes to the disk, as one; return whether there were any."""
        changes = self.changed
        self.write_deferred()
        if changes:
            self._run("COMMIT", ())
        return changes

    def close(self) -> None:
        """Close the journal; changes that were not committed are lost."""
        self._connection.close()

    def write(self, query: str, *values: object) -> sqlite3.Cursor:
        """Run a query that changes something."""
        if not self.changed:
            self._run("BEGIN IMMEDIATE", ())
        return self._run(query, values)

    def defer(self, query: str, *values: object) -> None:
        """Run a query that changes something at the commit, together with its like.

        For rows that are read after the commit only; :meth:`write_deferred` writes them earlier.
        """
        if not self.changed:
            self._run("BEGIN IMMEDIATE", ())
        self._later.setdefault(query, []).append(values)

    def write_deferred(self) -> None:
        """Run the queries that were deferred."""
        later, self._later = self._later, {}
        for query, values in later.items():
            try:
                self._connection.executemany(query, values)
            except sqlite3.Error as error:
                raise problem(error) from error

    def choose(self, file_ids: Sequence[int]) -> None:
        """Fill the temporary table ``chosen`` with these ids."""
        self.write("DELETE FROM chosen")
        insert = "INSERT OR IGNORE INTO chosen VALUES (?)"
        try:
            self._connection.executemany(insert, [(file_id,) for file_id in file_ids])
        except sqlite3.Error as error:
            raise problem(error) from error

    def read(self, query: str, *values: object) -> Any:
        """Return the first row of a query, None if there is none."""
        return self._run(query, values).fetchone()

    def all(self, query: str, *values: object) -> list[Any]:
        """Return all rows of a query."""
        try:
            return self._run(query, values).fetchall()
        except sqlite3.Error as error:
            raise problem(error) from error

    def ids(self, where: str, *values: object) -> list[int]:
        """Return the ids of the files for which ``where`` holds."""
        return [file_id for (file_id,) in self.all(f"SELECT id FROM files WHERE {where}", *values)]

    def entries(self, where: str, *values: object) -> list[Entry]:
        """Return files for which ``where`` holds; ``f`` stands for the table of files."""
        found = self.all(f"SELECT {rows.ENTRY} {rows.FROM} WHERE {where}", *values)
        return [
            rows.entry(row, self.path_of(row.duplicate_of) if row.duplicate_of else "")
            for row in (rows.EntryRow(*columns) for columns in found)
        ]

    def entries_of(self, file_ids: Sequence[int]) -> list[Entry]:
        """Return these files in this order, without those that do not exist."""
        found: dict[int, Entry] = {}
        for start in range(0, len(file_ids), _AT_ONCE):
            some = file_ids[start : start + _AT_ONCE]
            # Padded to a few lengths, so that queries are prepared once: no file has the id 0.
            room = next(each for each in _ROOMS if each >= len(some))
            where = f"f.id IN ({', '.join('?' * room)})"
            some = [*some, *[0] * (room - len(some))]
            found.update((each.file_id, each) for each in self.entries(where, *some))
        return [found[file_id] for file_id in file_ids if file_id in found]

    def entry(self, file_id: int) -> Entry | None:
        """Return one file, None if there is no such file."""
        found = self.entries("f.id = ?", file_id)
        return found[0] if found else None

    def path_of(self, file_id: int) -> str:
        """Return the path where a file was noticed; "" if there is no such file."""
        row = self.read(f"SELECT o.path, d.path, f.name {rows.FROM} WHERE f.id = ?", file_id)
        return rows.join(*row) if row else ""

    def _run(self, query: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, values)
        except UnicodeEncodeError:  # a message that quotes a name which is not valid text
            texts = [rows.as_text(each) if isinstance(each, str) else each for each in values]
            return self._connection.execute(query, texts)
        except sqlite3.Error as error:
            raise problem(error) from error
