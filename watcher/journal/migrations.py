"""How the journal's tables grow from one version to the next.

A journal of any version is brought up to date by the steps that follow its own; a new one is made
as version 1 and goes through all of them, so that both end up with the same tables. What a step
does and that it was done are one transaction. A step that was released is not changed any more.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

_FOLLOW_UPS: Final = """
ALTER TABLE files ADD COLUMN parsed_at REAL NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN total_pages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN probable INTEGER NOT NULL DEFAULT 0;  -- found by a search
ALTER TABLE files ADD COLUMN resends INTEGER NOT NULL DEFAULT 0;  -- under a new reference
CREATE INDEX files_profile ON files (profile_key) WHERE profile_key <> '';
-- Uploads whose result is not known: a row goes when it is, so that the table stays small.
CREATE TABLE follow_ups (
    file_id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    source_key TEXT NOT NULL,
    reference TEXT NOT NULL,
    since REAL NOT NULL,                -- when it had arrived
    due_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    told_key TEXT NOT NULL DEFAULT ''   -- the profile's key, as the webhook has told it
);
CREATE INDEX follow_ups_due ON follow_ups (account, due_at);
CREATE INDEX follow_ups_reference ON follow_ups (reference);
-- What HrFlow says of sources; sync_parsing is NULL where it is not known.
CREATE TABLE sources (
    account TEXT NOT NULL,
    source_key TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    sync_parsing INTEGER,
    asked_at REAL NOT NULL,
    PRIMARY KEY (account, source_key)
) WITHOUT ROWID;
-- Webhooks of the last time, so that none counts twice.
CREATE TABLE webhook_events (digest BLOB PRIMARY KEY, heard_at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX webhook_events_heard ON webhook_events (heard_at);
-- Commands that are still to be run for a file.
CREATE TABLE hooks (
    file_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (file_id, event)
) WITHOUT ROWID;
UPDATE files SET parsed_at = changed_at WHERE state = 'parsed';
INSERT INTO follow_ups (file_id, account, source_key, reference, since, due_at)
    SELECT id, account, source_key, reference, changed_at, changed_at FROM files
    WHERE state = 'accepted' AND changed_at > strftime('%s', 'now') - 604800;
"""

_PROMISES: Final = """
-- Of a folder that was imported and is not watched: what its files go by; '' for others.
ALTER TABLE folders ADD COLUMN imported TEXT NOT NULL DEFAULT '';
-- The dated directory that a file goes to, chosen when it is first to be filed away.
ALTER TABLE files ADD COLUMN filing_target BLOB NOT NULL DEFAULT x'';
"""

_EARLY_EVENTS: Final = """
-- Webhooks about uploads that are not known to have arrived: they may be faster than the answer.
CREATE TABLE early_events (
    digest BLOB PRIMARY KEY,
    reference TEXT NOT NULL,
    source_key TEXT NOT NULL,           -- "" where the event does not say
    kind TEXT NOT NULL,
    profile_key TEXT NOT NULL,
    message TEXT NOT NULL,
    heard_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX early_events_reference ON early_events (reference);
CREATE INDEX early_events_heard ON early_events (heard_at);
"""

_MESSAGES: Final = """
-- Reasons are messages as JSON from here on; older text is shown as it is. These are compared.
UPDATE files SET why = '{"id":"ignored by you"}'
    WHERE state = 'ignored' AND why = 'is ignored because you said so';
UPDATE files SET why = '{"id":"uploaded, result not known yet"}'
    WHERE state = 'accepted' AND why = 'uploaded, result unknown yet';
UPDATE files SET why = '{"id":"was already in the folder and is waiting for your approval"}'
    WHERE state = 'held' AND why = 'was there before its folder was watched and waits for your yes';
"""

#: From each version the step to the next one.
STEPS: Final[Mapping[int, str]] = MappingProxyType(
    {1: _FOLLOW_UPS, 2: _PROMISES + _EARLY_EVENTS, 3: _MESSAGES}
)
#: The version that this program reads and writes, in ``PRAGMA user_version``.
VERSION: Final = 4


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Take every step from ``version`` (at least 1) on; what fails leaves the step before it."""
    for step in range(version, VERSION):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;{STEPS[step]}PRAGMA user_version = {step + 1};COMMIT;"
            )
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
