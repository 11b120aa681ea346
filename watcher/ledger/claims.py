"""The statements that read and change the ledger's tables.

All times are the database's. Only a session that holds a lease can claim contents; that a content
has arrived is recorded whoever reports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.ledger.schema import TABLES
from watcher.model.ledger import BEGINNING, LEASE, ClaimAnswer, Content, Machine, Share, Standing

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Sequence

    import psycopg

    from watcher.model.ledger import Record, TakeShare

#: The channel on which sessions hear of contents that others wait for: sent, or given back.
CHANNEL: Final = "hrflow_watcher"

#: How many beginnings of contents fit into one notification.
_IN_ONE: Final = 400

_NOTE_SERVER: Final = """
UPDATE server SET history = history_here(), since = now() WHERE history <> history_here()
"""

_BEGIN: Final = """
WITH former AS (  -- what the last run has used counts as this one's
    DELETE FROM places p USING sessions s WHERE s.id = p.session AND s.instance = %(instance)s
)
INSERT INTO sessions (instance, machine, program, lease_until)
VALUES (%(instance)s, %(machine)s, %(program)s, now() + make_interval(secs => %(lease)s))
RETURNING id
"""

_RENEW: Final = """
UPDATE sessions SET seen = now(), lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(session)s AND instance = %(instance)s RETURNING id
"""

_END: Final = """
WITH ended AS (UPDATE sessions SET lease_until = now() WHERE id = %(session)s),
left_over AS (DELETE FROM places WHERE session = %(session)s)
SELECT
"""

_CLAIM: Final = """
WITH me AS (
    SELECT s.id, s.instance FROM sessions s WHERE s.id = %(session)s AND lives(s.lease_until)
), wanted AS (
    SELECT * FROM unnest(%(sources)s::bytea[], %(contents)s::bytea[], %(checked)s::boolean[])
        WITH ORDINALITY AS w (source, content, checked, number)
), found AS MATERIALIZED (
    SELECT w.*, c.session, c.since, c.arrived, c.uncertain, c.wanted, c.profile_key, s.machine,
        s.instance, lives(s.lease_until) IS NOT TRUE AS lapsed,
        extract(epoch FROM s.lease_until - now())::float8 AS seconds
    FROM wanted w JOIN contents c USING (content, source) LEFT JOIN sessions s ON s.id = c.session
), free AS (
    SELECT source, content, checked FROM wanted w
    WHERE NOT EXISTS (SELECT FROM found f WHERE f.number = w.number)
    ORDER BY number LIMIT %(room)s
), claimed AS (  -- soon after a failover others may be sending what this server has not heard of
    INSERT INTO contents (source, content, session, uncertain)
    SELECT f.source, f.content, me.id,
        NOT f.checked AND server.since > now() - make_interval(secs => %(lease)s)
    FROM free f, me, server ORDER BY f.content, f.source
    ON CONFLICT DO NOTHING RETURNING source, content, uncertain
), locked AS MATERIALIZED (  -- never waited for: whoever has such a row is about to change it
    SELECT c.content, c.source FROM contents c JOIN found f USING (content, source), me
    WHERE NOT f.arrived AND NOT c.arrived AND c.session = f.session
        AND (CASE WHEN f.session = me.id THEN f.uncertain AND f.checked
            ELSE f.instance = me.instance OR f.lapsed OR NOT f.wanted END)
    FOR UPDATE OF c SKIP LOCKED
), taken AS (  -- of a session that has lapsed, or of an earlier run on this machine
    UPDATE contents c SET session = me.id, since = now(),
        uncertain = NOT f.checked AND (c.uncertain OR f.instance IS DISTINCT FROM me.instance)
    FROM locked l, found f, me
    WHERE c.content = l.content AND c.source = l.source
        AND f.content = l.content AND f.source = l.source AND (f.instance = me.instance OR f.lapsed)
    RETURNING c.source, c.content, c.uncertain
), got AS (
    SELECT * FROM claimed UNION ALL SELECT * FROM taken
), waited_for AS (
    UPDATE contents c SET wanted = true FROM locked l, found f, me
    WHERE c.content = l.content AND c.source = l.source AND f.content = l.content
        AND f.source = l.source AND f.instance <> me.instance AND NOT f.lapsed
    RETURNING c.source, c.content
)
SELECT w.source, w.content,
    CASE WHEN got.uncertain THEN 'uncertain'
        WHEN got.content IS NOT NULL THEN 'ours'
        WHEN f.session = me.id AND NOT f.arrived AND f.uncertain THEN 'uncertain'
        WHEN f.session = me.id AND NOT f.arrived THEN 'ours'
        WHEN f.arrived THEN 'arrived'
        WHEN f.session IS NOT NULL OR free.content IS NOT NULL THEN 'busy'
        ELSE 'free' END,
    coalesce(f.machine, ''), coalesce(extract(epoch FROM f.since), 0)::float8,
    CASE WHEN f.wanted OR waited_for.content IS NOT NULL THEN coalesce(f.seconds, 0) ELSE 0 END,
    coalesce(f.profile_key, '')
FROM me CROSS JOIN wanted w
LEFT JOIN found f ON f.number = w.number
LEFT JOIN free ON free.content = w.content AND free.source = w.source
LEFT JOIN got ON got.content = w.content AND got.source = w.source
LEFT JOIN waited_for ON waited_for.content = w.content AND waited_for.source = w.source
ORDER BY w.number
"""

_KEEP: Final = """
INSERT INTO contents (source, content, session)
SELECT t.source, t.content, %(session)s
FROM unnest(%(sources)s::bytea[], %(contents)s::bytea[]) AS t (source, content)
ORDER BY t.content, t.source
ON CONFLICT (content, source) DO UPDATE
    SET session = excluded.session, since = now(), uncertain = false
WHERE NOT contents.arrived AND (contents.uncertain OR NOT EXISTS (
    SELECT FROM sessions s, sessions me
    WHERE s.id = contents.session AND me.id = excluded.session
        AND lives(s.lease_until) AND s.instance <> me.instance
))
"""

_RECORD: Final = """
WITH told AS (
    SELECT * FROM unnest(%(sources)s::bytea[], %(contents)s::bytea[], %(profiles)s::text[])
        AS t (source, content, profile_key)
), before AS (
    SELECT c.content, c.source FROM contents c JOIN told USING (content, source) WHERE c.arrived
), recorded AS (
    INSERT INTO contents (source, content, session, arrived, profile_key)
    SELECT source, content, %(session)s, true, profile_key FROM told ORDER BY content, source
    ON CONFLICT (content, source) DO UPDATE SET arrived = true, uncertain = false,
        session = CASE WHEN contents.arrived THEN contents.session ELSE excluded.session END,
        since = CASE WHEN contents.arrived THEN contents.since ELSE now() END,
        profile_key = CASE WHEN excluded.profile_key = '' THEN contents.profile_key
            ELSE excluded.profile_key END
    RETURNING content, wanted  -- as it is now, though this statement may not see who set it
), counted AS (
    UPDATE sessions SET sent_on = CURRENT_DATE,
        sent = CASE WHEN sent_on = CURRENT_DATE THEN sent ELSE 0 END + (
            SELECT count(*) FROM told t WHERE NOT EXISTS (SELECT FROM before b
                WHERE b.content = t.content AND b.source = t.source))
    WHERE id = %(session)s
)
SELECT content FROM recorded WHERE wanted
"""

_GIVE_BACK: Final = """
WITH told AS (
    SELECT * FROM unnest(%(sources)s::bytea[], %(contents)s::bytea[]) AS t (source, content)
), mine AS (
    SELECT s.id FROM sessions s JOIN sessions me USING (instance) WHERE me.id = %(session)s
), freed AS (
    DELETE FROM contents c USING told t
    WHERE c.content = t.content AND c.source = t.source AND NOT c.arrived AND NOT c.uncertain
        AND c.session IN (SELECT id FROM mine)
    RETURNING c.content, c.wanted
), left_to_others AS (  -- which have to ask first, as we had to
    UPDATE contents c SET session = 0 FROM told t
    WHERE c.content = t.content AND c.source = t.source AND NOT c.arrived AND c.uncertain
        AND c.session IN (SELECT id FROM mine)
    RETURNING c.content, c.wanted
)
SELECT content FROM freed WHERE wanted UNION ALL SELECT content FROM left_to_others WHERE wanted
"""

_CLAIMED: Final = """
SELECT c.source, c.content FROM contents c JOIN sessions s ON s.id = c.session
WHERE NOT c.arrived AND s.instance = %(instance)s LIMIT 10000
"""

_TAKE_SHARE: Final = """
WITH others AS (
    SELECT coalesce(sum(p.places), 0) AS places,
        coalesce(sum(p.wanted) FILTER (WHERE lives(s.lease_until)), 0) AS wanted,
        count(*) FILTER (WHERE lives(s.lease_until) AND p.wanted > 0) AS number,
        count(*) FILTER (WHERE lives(s.lease_until) AND p.wanted > p.places) AS short
    FROM places p JOIN sessions s ON s.id = p.session
    WHERE p.limited = %(limit)s AND p.session <> %(session)s
        AND s.lease_until > now() - interval '1 minute'  -- its last requests still count
), mine AS (
    SELECT greatest(0, least(%(wanted)s, %(most)s - others.places, CASE
        -- Where machines outnumber the places, one that has used its place lets another have it.
        WHEN others.number >= %(most)s AND others.short > 0 AND %(used)s = 0 AND EXISTS (
            SELECT FROM places WHERE limited = %(limit)s AND session = %(session)s AND places > 0
        ) THEN 0
        -- Else each has an equal part, and what others do not want.
        ELSE greatest(%(most)s - others.wanted, ceil(%(most)s / (others.number + 1.0))) END
    ))::integer AS places
    FROM others
), kept AS (
    INSERT INTO places (limited, session, places, wanted)
    SELECT %(limit)s, %(session)s, greatest(%(used)s, mine.places), %(wanted)s FROM mine
    ON CONFLICT (limited, session)
        DO UPDATE SET places = excluded.places, wanted = excluded.wanted
)
SELECT mine.places, others.short > 0 OR mine.places < %(wanted)s FROM mine, others
"""

_MACHINES: Final = """
SELECT s.machine, s.program, extract(epoch FROM s.started)::float8,
    extract(epoch FROM s.seen)::float8, extract(epoch FROM now() - s.seen)::float8,
    (SELECT count(*) FROM contents c JOIN sessions o ON o.id = c.session
        WHERE o.instance = s.instance AND NOT c.arrived),
    (SELECT coalesce(sum(o.sent), 0)::integer FROM sessions o
        WHERE o.instance = s.instance AND o.sent_on = CURRENT_DATE)
FROM sessions s WHERE lives(s.lease_until)
    AND NOT EXISTS (SELECT FROM sessions o WHERE o.instance = s.instance AND o.id > s.id)
ORDER BY s.machine, s.id
"""


_MISSING: Final = """
SELECT name FROM unnest(%(tables)s::text[]) AS t (name)
WHERE NOT has_table_privilege(name, 'SELECT')
    OR NOT has_table_privilege(name, 'INSERT')
    OR NOT has_table_privilege(name, 'UPDATE')
    OR NOT has_table_privilege(name, 'DELETE')
"""


class LedgerStatus(Struct, frozen=True):
    """A ledger: its clock (seconds since 1970), live sessions, and tables we may not change."""

    now: float
    machines: int
    missing: tuple[str, ...]


def examine(connection: psycopg.Connection) -> LedgerStatus:
    """Return what ``doctor`` checks of a ledger."""
    missing = connection.execute(_MISSING, {"tables": list(TABLES)})
    names = tuple(name for (name,) in missing)
    if "sessions" in names:
        return LedgerStatus(0.0, 0, names)
    now = connection.execute("SELECT extract(epoch FROM now())::float8").fetchone()
    return LedgerStatus(now[0] if now else 0.0, count_machines(connection), names)


def note_server(connection: psycopg.Connection) -> None:
    """Note if another server has taken over: it may lack what the former one had confirmed.

    For the length of a lease, machines then ask HrFlow for each content before they send it.
    """
    connection.execute(_NOTE_SERVER)


def begin_session(
    connection: psycopg.Connection, instance: uuid.UUID, machine: str, program: str
) -> int:
    """Begin a session and return its number."""
    values = {"instance": instance, "machine": machine, "program": program, "lease": LEASE}
    row = connection.execute(_BEGIN, values).fetchone()
    assert row is not None
    return int(row[0])


def renew(connection: psycopg.Connection, session: int, instance: uuid.UUID) -> bool:
    """Renew a session's lease; return whether the ledger still knows it."""
    values = {"session": session, "instance": instance, "lease": LEASE}
    return connection.execute(_RENEW, values).rowcount == 1


def end_session(connection: psycopg.Connection, session: int) -> None:
    """End a session. Its claims pass to the next run of the installation, or to others."""
    connection.execute(_END, {"session": session})


def lock_instance(connection: psycopg.Connection, instance: uuid.UUID) -> bool:
    """Lock an installation's id; return False if another connection, perhaps a clone's, holds it.

    The lock is held as long as the connection.
    """
    key = int.from_bytes(instance.bytes[:8], signed=True)
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
    return row is not None and bool(row[0])


def has_later_session(connection: psycopg.Connection, session: int, instance: uuid.UUID) -> bool:
    """Return whether the same installation has begun another session that is alive."""
    query = "SELECT FROM sessions s WHERE s.instance = %s AND s.id > %s AND lives(s.lease_until)"
    return connection.execute(query, (instance, session)).fetchone() is not None


def claim(
    connection: psycopg.Connection,
    session: int,
    contents: Sequence[Content],
    room: int,
    checked: Collection[Content] = (),
) -> list[ClaimAnswer] | None:
    """Claim contents, as :class:`watcher.model.ledger.Claim` says; None if the lease is over.

    Those that change hands at this very moment come back as busy for 0 seconds.
    """
    values = _columns(contents)
    values |= {"session": session, "room": room, "lease": LEASE,
               "checked": [each in checked for each in contents]}  # fmt: skip
    rows = connection.execute(_CLAIM, values).fetchall()
    if contents and not rows:
        return None
    return [
        ClaimAnswer(Content(bytes(source), bytes(content)), Standing(standing), *more)
        for source, content, standing, *more in rows
    ]


def keep(connection: psycopg.Connection, session: int, contents: Sequence[Content]) -> None:
    """Claim again what a session is sending, even from one that took it over and still checks."""
    connection.execute(_KEEP, _columns(contents) | {"session": session})


def record(connection: psycopg.Connection, session: int, arrived: Sequence[Record]) -> None:
    """Record that HrFlow has contents, even if others claimed them; wake machines that wait."""
    latest = {each.content: each.profile_key for each in arrived}
    values = _columns(list(latest)) | {"profiles": list(latest.values()), "session": session}
    _wake(connection, [row[0] for row in connection.execute(_RECORD, values)])


def give_back(connection: psycopg.Connection, session: int, contents: Sequence[Content]) -> None:
    """Free contents that are claimed and were not sent; wake those who wait for them."""
    rows = connection.execute(_GIVE_BACK, _columns(contents) | {"session": session})
    _wake(connection, [row[0] for row in rows])


def count_machines(connection: psycopg.Connection) -> int:
    """Return how many installations use the ledger."""
    query = "SELECT count(DISTINCT s.instance) FROM sessions s WHERE lives(s.lease_until)"
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def claimed(connection: psycopg.Connection, instance: uuid.UUID) -> list[Content]:
    """Return what an installation has claimed, in earlier sessions too, and has not reported on."""
    rows = connection.execute(_CLAIMED, {"instance": instance})
    return [Content(bytes(source), bytes(content)) for source, content in rows]


def take_share(connection: psycopg.Connection, session: int, asked: TakeShare) -> Share:
    """Return how many places of a limit a session has from now on.

    All sessions together never have more than there are.
    """
    values = {"session": session, "limit": asked.limit, "used": asked.used,
              "wanted": asked.wanted, "most": asked.most}  # fmt: skip
    with connection.transaction():  # one session at a time: each must see what the others have
        key = int.from_bytes(asked.limit[:8], signed=True)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
        row = connection.execute(_TAKE_SHARE, values).fetchone()
    assert row is not None
    return Share(asked.limit, *row)


def machines(connection: psycopg.Connection) -> list[Machine]:
    """Return the installations that use the ledger."""
    return [Machine(*row) for row in connection.execute(_MACHINES)]


def _columns(contents: Sequence[Content]) -> dict[str, object]:
    return {
        "sources": [each.source for each in contents],
        "contents": [each.content for each in contents],
    }


def _wake(connection: psycopg.Connection, contents: Sequence[bytes]) -> None:
    """Tell all sessions that these contents, for which some wait, are no longer claimed."""
    names = [bytes(each[:BEGINNING]).hex() for each in contents]
    for start in range(0, len(names), _IN_ONE):
        text = "".join(names[start : start + _IN_ONE])
        connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, text))
