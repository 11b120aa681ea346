"""Tables of the journal, how a file becomes a connection, and migrations."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg
from watcher.journal.migrations import VERSION, bring_up_to_date
from watcher.model.errors import (
    DamagedJournalError,
    JournalError,
    NoJournalError,
    UnwritableJournalError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: The tables of version 1, from which a new journal begins as well.
_TABLES: Final = """
CREATE TABLE folders (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    settings TEXT NOT NULL DEFAULT '',  -- fingerprint of what routing depends on
    scanned_at REAL NOT NULL DEFAULT 0  -- 0: the first walk has not ended yet
);
CREATE TABLE directories (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    path BLOB NOT NULL,
    UNIQUE (folder_id, path)
);
-- One row a version of a file: a file that changes after it was sent gets a new row.
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- a fingerprint outlives its file: no id comes twice
    directory_id INTEGER NOT NULL REFERENCES directories (id),
    name BLOB NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT '',
    cause TEXT NOT NULL DEFAULT '',     -- key of the hold that keeps it
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    device INTEGER NOT NULL DEFAULT 0,
    inode INTEGER NOT NULL DEFAULT 0,
    noticed_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    arrived_at REAL NOT NULL DEFAULT 0,
    due_at REAL NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    in_doubt_since REAL NOT NULL DEFAULT 0,  -- when what is uncertain was sent
    media_type TEXT NOT NULL DEFAULT '',
    file_name TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL DEFAULT '',
    source_key TEXT NOT NULL DEFAULT '',
    reference TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL DEFAULT '[]',
    duplicate_of INTEGER,
    profile_key TEXT NOT NULL DEFAULT '',
    profile_name TEXT NOT NULL DEFAULT '',
    profile_email TEXT NOT NULL DEFAULT '',
    filing TEXT NOT NULL DEFAULT '',    -- '', 'pending' or 'failed'
    filing_why TEXT NOT NULL DEFAULT '',  -- why it could not be filed away so far
    filed_to BLOB NOT NULL DEFAULT x''
);
CREATE INDEX files_to_do ON files (account, due_at) WHERE state IN ('queued', 'waiting');
CREATE INDEX files_due ON files (due_at) WHERE state IN ('queued', 'waiting');
CREATE INDEX files_unread ON files (due_at) WHERE state = 'noticed';
CREATE INDEX files_in_doubt ON files (account, due_at)
    WHERE state IN ('uploading', 'uncertain');
CREATE INDEX files_held ON files (cause) WHERE cause <> '';
CREATE INDEX files_filing ON files (id) WHERE filing = 'pending';
CREATE INDEX files_copies ON files (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX files_changed ON files (changed_at);
CREATE INDEX files_attention ON files (changed_at) WHERE state IN ('refused', 'parse_failed');
-- What is on disk as far as known: the walk compares with this and with nothing else.
CREATE TABLE names (
    directory_id INTEGER NOT NULL REFERENCES directories (id),
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (directory_id, name)
) WITHOUT ROWID;
-- Who may send a content to a source: the fingerprints outlive the history of files.
CREATE TABLE contents (
    source_key TEXT NOT NULL,
    identity TEXT NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (source_key, identity)
) WITHOUT ROWID;
CREATE INDEX contents_file ON contents (file_id);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX events_file ON events (file_id);
-- Requests of the last minutes, of accounts that may make only so many: they outlive a restart.
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL NOT NULL DEFAULT 0    -- 0: is under way, or was when the program ended
);
CREATE INDEX requests_started ON requests (started_at);
-- Facts of the journal as a whole, such as when it had to be built anew.
CREATE TABLE facts (name TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE holds (
    key TEXT PRIMARY KEY,
    cause TEXT NOT NULL,
    account TEXT NOT NULL,
    source_key TEXT NOT NULL DEFAULT '',
    why TEXT NOT NULL,
    since REAL NOT NULL,
    due_at REAL NOT NULL,
    attempt INTEGER NOT NULL
);
-- Kept by triggers, so that a count costs nothing however long the history is.
CREATE TABLE counts (state TEXT PRIMARY KEY, files INTEGER NOT NULL);
CREATE TABLE days (day TEXT PRIMARY KEY, arrived INTEGER NOT NULL);
CREATE TRIGGER files_added AFTER INSERT ON files BEGIN
    INSERT INTO counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET files = files + 1;
END;
CREATE TRIGGER files_deleted AFTER DELETE ON files BEGIN
    UPDATE counts SET files = files - 1 WHERE state = old.state;
END;
CREATE TRIGGER files_stepped AFTER UPDATE OF state ON files WHEN old.state <> new.state BEGIN
    UPDATE counts SET files = files - 1 WHERE state = old.state;
    INSERT INTO counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET files = files + 1;
END;
"""
#: Made where it is missing, whatever the version: it changes nothing that is kept.
_INODES: Final = "CREATE INDEX IF NOT EXISTS files_inodes ON files (inode) WHERE inode <> 0"


def connect(path: str) -> sqlite3.Connection:
    """Open the journal at ``path`` for writing, made or brought up to date if need be.

    The file is for its owner alone. JournalError when it cannot be opened, is damaged, or was
    written by a newer program.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise problem(error, path) from error
    return _open(path, _prepare_to_write)


def connect_to_read(path: str) -> sqlite3.Connection:
    """Open an existing journal without the right to change it, from any one thread.

    JournalError as for :func:`connect`, and for one that an older program has written: only a
    start of this one brings it up to date.
    """
    if not os.path.exists(path):
        raise _missing(path)
    return _open(path, _prepare_to_read)


def problem(error: Exception, path: str = "") -> JournalError:
    """What to tell a person when the journal at ``path`` cannot be used."""
    journal = f"The journal {path}".strip()
    if isinstance(error, OSError | sqlite3.OperationalError):
        return UnwritableJournalError(
            f"{journal} cannot be used ({error}).",
            msg("Check that its folder can be written to and that the disk is not full."),
        )
    return DamagedJournalError(
        f"{journal} is damaged ({error}).",
        msg(
            "Run the program: it sets it aside and builds a new one by looking through the folders."
        ),
    )


def _missing(path: str) -> NoJournalError:
    return NoJournalError(
        msg("There is no journal at {path} yet.", path=path), msg("Nothing has run so far.")
    )


def _open(path: str, prepare: Callable[[sqlite3.Connection, str], None]) -> sqlite3.Connection:
    """A connection that ``prepare`` was done to; closed if that fails."""
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
    version = _version(connection)
    if version == 0:  # the program that makes it has just begun
        raise _missing(path)
    _check_version(version, path)
    if version < VERSION:
        raise JournalError(
            msg("The journal {path} was written by an older hrflow-watcher.", path=path),
            msg("Start the program once: it brings the journal up to date."),
        )


def _prepare_to_write(connection: sqlite3.Connection, path: str) -> None:
    """Configure, and bring the tables to :data:`VERSION`; a step and its record are one."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = OFF")  # one writer; checked by tests, not per row
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -4000")
    # Moving pages from the log to the journal flushes the disk twice more: seldom, as they are
    # mostly the same pages. The log grows to 16 MB and is written over from its start then.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    version = _version(connection)
    _check_version(version, path)
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = 1;COMMIT;")
    bring_up_to_date(connection, max(version, 1))
    connection.execute(_INODES)
    connection.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")


def _check_version(version: int, path: str) -> None:
    if version > VERSION:
        raise JournalError(
            msg(
                "The journal {path} was written by a newer hrflow-watcher than this one.", path=path
            ),
            msg(
                "Install the newer one again: an older one cannot know what the newer one has "
                "noted."
            ),
        )


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
