"""The tables of the shared ledger, and how they are created and brought up to date.

To change them, raise :data:`VERSION` and add the statements to :data:`_MIGRATIONS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psycopg

#: The version that this program works with.
VERSION: Final = 1

#: The tables that a session changes.
TABLES: Final = ("server", "sessions", "contents", "places")

#: The schema that all tables are in.
SCHEMA: Final = "hrflow_watcher"

#: The advisory lock under which tables are changed, by one machine at a time.
_LOCK: Final = 0x6872_666C

_MIGRATIONS: Final = (
    """
CREATE TABLE version (version integer NOT NULL);
INSERT INTO version VALUES (0);
-- Whether a session holds its lease of 60 s. One that ends later than it could is of before the
-- clock was set back, or of another server.
CREATE FUNCTION lives(lease_until timestamptz) RETURNS boolean LANGUAGE sql STABLE AS
    'SELECT lease_until > now() AND lease_until <= now() + interval ''70 s''';
-- The name of this server and its history, which forks where a standby takes over or a backup is
-- restored.
CREATE FUNCTION history_here() RETURNS text LANGUAGE sql STABLE AS
    'SELECT system_identifier || ''/'' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
    FROM pg_control_system()';
-- The server that holds these tables, and since when.
CREATE TABLE server (
    history text NOT NULL,
    since timestamptz NOT NULL
);
-- One row a start of the program. It stays: contents name the session that has sent them.
CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance uuid NOT NULL,             -- of an installation, the same over its restarts
    machine text NOT NULL,              -- how people call it
    program text NOT NULL,              -- its version
    started timestamptz NOT NULL DEFAULT now(),
    seen timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL,
    sent_on date NOT NULL DEFAULT CURRENT_DATE,
    sent integer NOT NULL DEFAULT 0     -- on that day
) WITH (fillfactor = 70);               -- a heartbeat changes no index, and stays on its page
CREATE INDEX sessions_instance ON sessions (instance);
CREATE INDEX sessions_seen ON sessions (seen);
-- One row a content and source that was ever claimed.
CREATE TABLE contents (
    source bytea NOT NULL,              -- 16 bytes
    content bytea NOT NULL,             -- 32 bytes
    session bigint NOT NULL,            -- which sends it, or has
    since timestamptz NOT NULL DEFAULT now(),
    arrived boolean NOT NULL DEFAULT false,
    uncertain boolean NOT NULL DEFAULT false,  -- an earlier session may have sent it
    wanted boolean NOT NULL DEFAULT false,     -- others wait for it
    profile_key text NOT NULL DEFAULT '',
    PRIMARY KEY (content, source)
);
CREATE INDEX contents_claimed ON contents (session) WHERE NOT arrived;
-- How many places of an account's limits each session has, and how many it wants.
CREATE TABLE places (
    limited bytea NOT NULL,             -- 16 bytes
    session bigint NOT NULL,
    places integer NOT NULL,
    wanted integer NOT NULL,
    PRIMARY KEY (limited, session)
);
""",
)


def version(connection: psycopg.Connection) -> int:
    """Return the version of the tables, 0 if there are none."""
    row = connection.execute("SELECT to_regclass('hrflow_watcher.version')").fetchone()
    if row is None or row[0] is None:
        return 0
    row = connection.execute("SELECT version FROM hrflow_watcher.version").fetchone()
    return int(row[0]) if row else 0


def migrate(connection: psycopg.Connection) -> tuple[int, int]:
    """Create the tables or bring them up to date; return their version before and after.

    Tables of a newer program are left alone.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        before = version(connection)
        if before < VERSION:
            connection.execute("CREATE SCHEMA IF NOT EXISTS hrflow_watcher")
            connection.execute("SET LOCAL search_path TO hrflow_watcher")
            for statements in _MIGRATIONS[before:]:
                connection.execute(statements)
            connection.execute("UPDATE version SET version = %s", (VERSION,))
            if not before:
                connection.execute("INSERT INTO server SELECT history_here(), '-infinity'")
    return before, max(before, VERSION)
