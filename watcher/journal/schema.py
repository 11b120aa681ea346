"""The tables of the journal, and how a journal of an older version is brought up to date.

``PRAGMA user_version`` holds the version. To change the tables, raise :data:`VERSION`, add a new
table to :data:`_TABLES`, a new column both there and to :data:`_COLUMNS`, and statements for
existing rows to :data:`_ROWS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher.i18n.message import Message, as_json
from watcher.model.reasons import OPENED_TEXTS

if TYPE_CHECKING:
    import sqlite3

#: The version that this program reads and writes.
VERSION: Final = 7

#: Whether a row is of a file that was opened: its reason is one of these, with any arguments.
IS_OPENED: Final = "state = 'ignored' AND ({})".format(
    " OR ".join(
        f"substr(why, 1, {len(why)}) = '{why}'"
        for why in (as_json(Message(text)).removesuffix("}") for text in OPENED_TEXTS)
    )
)

_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS folders (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    settings TEXT NOT NULL DEFAULT '',  -- fingerprint of what routing depends on
    scanned_at REAL NOT NULL DEFAULT 0,  -- 0: the first walk has not ended yet
    imported TEXT NOT NULL DEFAULT '',  -- settings of a folder that is imported, not watched
    approved_until REAL NOT NULL DEFAULT 0  -- until when new files need no approval, however many
);
CREATE TABLE IF NOT EXISTS directories (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    path BLOB NOT NULL,
    UNIQUE (folder_id, path)
);
-- One row a version of a file: a file that changes after it was sent gets a new row.
CREATE TABLE IF NOT EXISTS files (
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
    filed_to BLOB NOT NULL DEFAULT x'',
    parsed_at REAL NOT NULL DEFAULT 0,
    pages INTEGER NOT NULL DEFAULT 0,
    total_pages INTEGER NOT NULL DEFAULT 0,
    probable INTEGER NOT NULL DEFAULT 0,  -- found by a search
    resends INTEGER NOT NULL DEFAULT 0,   -- under a new reference
    -- The dated directory that a file goes to, chosen when it is first to be filed away.
    filing_target BLOB NOT NULL DEFAULT x''
);
CREATE INDEX IF NOT EXISTS files_to_do ON files (account, due_at)
    WHERE state IN ('queued', 'waiting');
CREATE INDEX IF NOT EXISTS files_due ON files (due_at) WHERE state IN ('queued', 'waiting');
CREATE INDEX IF NOT EXISTS files_unread ON files (due_at) WHERE state = 'noticed';
CREATE INDEX IF NOT EXISTS files_in_doubt ON files (account, due_at)
    WHERE state IN ('uploading', 'uncertain');
CREATE INDEX IF NOT EXISTS files_held ON files (cause) WHERE cause <> '';
CREATE INDEX IF NOT EXISTS files_filing ON files (id) WHERE filing = 'pending';
CREATE INDEX IF NOT EXISTS files_copies ON files (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX IF NOT EXISTS files_changed ON files (changed_at);
CREATE INDEX IF NOT EXISTS files_profile ON files (profile_key) WHERE profile_key <> '';
CREATE INDEX IF NOT EXISTS files_inodes ON files (inode) WHERE inode <> 0;
-- Emails and archives; it serves for as long as these sentences stay as they are.
CREATE INDEX IF NOT EXISTS files_opened ON files (id) WHERE {IS_OPENED};
CREATE INDEX IF NOT EXISTS files_attention ON files (changed_at)
    WHERE state IN ('refused', 'parse_failed');
-- What is on disk as far as known: a scan compares with this and with nothing else.
CREATE TABLE IF NOT EXISTS names (
    directory_id INTEGER NOT NULL REFERENCES directories (id),
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (directory_id, name)
) WITHOUT ROWID;
-- Who may send a content to a source: the fingerprints outlive the history of files.
CREATE TABLE IF NOT EXISTS contents (
    source_key TEXT NOT NULL,
    identity TEXT NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (source_key, identity)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS contents_file ON contents (file_id);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS events_file ON events (file_id);
-- Requests of the last minutes, of accounts with a limit on them: they outlive a restart.
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL NOT NULL DEFAULT 0    -- 0: is under way, or was when the program ended
);
CREATE INDEX IF NOT EXISTS requests_started ON requests (started_at);
-- Facts of the journal as a whole, such as when it was rebuilt.
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE IF NOT EXISTS holds (
    key TEXT PRIMARY KEY,
    cause TEXT NOT NULL,
    account TEXT NOT NULL,
    source_key TEXT NOT NULL DEFAULT '',
    why TEXT NOT NULL,
    since REAL NOT NULL,
    due_at REAL NOT NULL,
    attempt INTEGER NOT NULL
);
-- Uploads whose result is not known: a row goes when it is, so that the table stays small.
CREATE TABLE IF NOT EXISTS follow_ups (
    file_id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    source_key TEXT NOT NULL,
    reference TEXT NOT NULL,
    since REAL NOT NULL,                -- when it had arrived
    due_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    told_key TEXT NOT NULL DEFAULT ''   -- the profile's key, from the webhook
);
CREATE INDEX IF NOT EXISTS follow_ups_due ON follow_ups (account, due_at);
CREATE INDEX IF NOT EXISTS follow_ups_reference ON follow_ups (reference);
-- What HrFlow says about sources; sync_parsing is NULL where it is not known.
CREATE TABLE IF NOT EXISTS sources (
    account TEXT NOT NULL,
    source_key TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    sync_parsing INTEGER,
    asked_at REAL NOT NULL,
    PRIMARY KEY (account, source_key)
) WITHOUT ROWID;
-- Recent webhook events, so that none counts twice.
CREATE TABLE IF NOT EXISTS webhook_events (
    digest BLOB PRIMARY KEY,
    heard_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS webhook_events_heard ON webhook_events (heard_at);
-- Commands that are still to be run for a file.
CREATE TABLE IF NOT EXISTS hooks (
    file_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (file_id, event)
) WITHOUT ROWID;
-- Webhooks about uploads that are not known to have arrived: they may be faster than the answer.
CREATE TABLE IF NOT EXISTS early_events (
    digest BLOB PRIMARY KEY,
    reference TEXT NOT NULL,
    source_key TEXT NOT NULL,           -- "" where the event does not say
    kind TEXT NOT NULL,
    profile_key TEXT NOT NULL,
    message TEXT NOT NULL,
    heard_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS early_events_reference ON early_events (reference);
CREATE INDEX IF NOT EXISTS early_events_heard ON early_events (heard_at);
-- Updated by triggers, so that a count costs nothing however long the history is.
CREATE TABLE IF NOT EXISTS counts (state TEXT PRIMARY KEY, files INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, arrived INTEGER NOT NULL);
-- Uploads of each local month, YYYY-MM, that HrFlow has accepted and counts.
CREATE TABLE IF NOT EXISTS months (
    month TEXT NOT NULL,
    account TEXT NOT NULL,
    uploads INTEGER NOT NULL DEFAULT 0,
    approved INTEGER NOT NULL DEFAULT 0,  -- uploads above the monthly limit
    PRIMARY KEY (month, account)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS files_added AFTER INSERT ON files BEGIN
    INSERT INTO counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET files = files + 1;
END;
CREATE TRIGGER IF NOT EXISTS files_deleted AFTER DELETE ON files BEGIN
    UPDATE counts SET files = files - 1 WHERE state = old.state;
END;
CREATE TRIGGER IF NOT EXISTS files_stepped AFTER UPDATE OF state ON files
WHEN old.state <> new.state BEGIN
    UPDATE counts SET files = files - 1 WHERE state = old.state;
    INSERT INTO counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET files = files + 1;
END;
"""

#: Columns that were added to their table: (first version with it, table, declaration). A new one
#: is the last of its table, as in a journal that was altered.
_COLUMNS: Final = (
    (2, "files", "parsed_at REAL NOT NULL DEFAULT 0"),
    (2, "files", "pages INTEGER NOT NULL DEFAULT 0"),
    (2, "files", "total_pages INTEGER NOT NULL DEFAULT 0"),
    (2, "files", "probable INTEGER NOT NULL DEFAULT 0"),
    (2, "files", "resends INTEGER NOT NULL DEFAULT 0"),
    (3, "files", "filing_target BLOB NOT NULL DEFAULT x''"),
    (3, "folders", "imported TEXT NOT NULL DEFAULT ''"),
    (6, "folders", "approved_until REAL NOT NULL DEFAULT 0"),
)

#: Changes to the rows of an older journal: (first version that needs them, statements).
_ROWS: Final = (
    (
        2,  # results are asked for
        """
UPDATE files SET parsed_at = changed_at WHERE state = 'parsed';
INSERT INTO follow_ups (file_id, account, source_key, reference, since, due_at)
    SELECT id, account, source_key, reference, changed_at, changed_at FROM files
    WHERE state = 'accepted' AND changed_at > strftime('%s', 'now') - 604800;
""",
    ),
    (
        4,  # reasons are messages as JSON; older ones stay text, but for those that are compared
        """
UPDATE files SET why = '{"id":"ignored by you"}'
    WHERE state = 'ignored' AND why = 'is ignored because you said so';
UPDATE files SET why = '{"id":"uploaded, result not known yet"}'
    WHERE state = 'accepted' AND why = 'uploaded, result unknown yet';
UPDATE files SET why = '{"id":"was already in the folder and is waiting for your approval"}'
    WHERE state = 'held' AND why = 'was there before its folder was watched and waits for your yes';
""",
    ),
    (
        5,  # reasons are whole sentences; older ones stay, but for those that are compared
        """
UPDATE files SET why = '{"id":"You ignored this file."}'
    WHERE state = 'ignored' AND why = '{"id":"ignored by you"}';
UPDATE files SET why = '{"id":"Uploaded; the result is not known yet."}'
    WHERE state = 'accepted' AND why = '{"id":"uploaded, result not known yet"}';
UPDATE files SET why =
    '{"id":"This file was already in the folder and is waiting for your approval."}'
    WHERE state = 'held'
    AND why = '{"id":"was already in the folder and is waiting for your approval"}';
""",
    ),
    (
        6,  # uploads are counted by month
        """
INSERT INTO months (month, account, uploads)
    SELECT strftime('%Y-%m', arrived_at, 'unixepoch', 'localtime'), account, count(*)
    FROM files WHERE arrived_at > 0 GROUP BY 1, 2;
""",
    ),
)


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Give a journal of ``version`` (0: a new one) today's tables, in one transaction."""
    if version == VERSION:
        return
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    columns = [
        f"ALTER TABLE {table} ADD COLUMN {column};"
        for since, table, column in _COLUMNS
        if version < since and (table,) in found
    ]
    rows = [statements for since, statements in _ROWS if version < since]
    script = ["BEGIN IMMEDIATE;", *columns, _TABLES, *rows]
    script += [f"PRAGMA user_version = {VERSION};", "COMMIT;"]
    try:
        connection.executescript("\n".join(script))
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
