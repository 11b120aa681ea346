"""Which files of the history a person looks for, and in which order."""

from __future__ import annotations

import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.i18n.message import NOTHING, Message
from watcher.journal import rows
from watcher.model.kinds import FAILED, State
from watcher.routing.names import as_seen, lies_in, search_key

if TYPE_CHECKING:
    import sqlite3

#: What files can be ordered by, beside "when": the last change.
ORDERS: Final = MappingProxyType(
    {
        "candidate": "fold(CASE WHEN f.profile_name <> '' THEN CAST(f.profile_name AS BLOB) "
        "ELSE f.name END)",
        "name": "fold(f.name)",
        "source": "fold(CAST(coalesce((SELECT s.name FROM sources s WHERE s.account = f.account "
        "AND s.source_key = f.source_key), f.source_key) AS BLOB))",
        "state": "f.state",
        "type": "f.media_type",
        "size": "f.size",
    }
)
#: Files that are sorted by something without an index, the latest that match: there is none for
#: names as people read them, and to sort more takes longer than a person waits.
ORDERED: Final = 20_000
#: The condition of the index of failures.
HAS_FAILED: Final = f"state IN {rows.states(FAILED)}"
#: A number in a reason, as it is stored.
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_DIRECTORY: Final = f"o.path || CASE WHEN d.path = x'' THEN '' ELSE '{os.sep}' || d.path END"
_FULL_PATH: Final = f"CAST({_DIRECTORY} || '{os.sep}' || f.name AS BLOB)"
#: Ids of the directories that are, or lie below, the path that is a parameter.
_DIRECTORIES_IN: Final = (
    "SELECT d.id FROM directories d JOIN folders o ON o.id = d.folder_id "
    f"WHERE lies_in(CAST({_DIRECTORY} AS BLOB), ?)"
)


class Filter(Struct, frozen=True):
    """What files must match, all of it; an empty value is no filter.

    ``folder`` is an absolute path, of a file or of a folder at any depth. ``text`` is a part of
    the path below the watched folder or of the person's name, whatever its case and accents; or a
    reference. ``since`` and ``until`` (excluded) are about the last change of state, in seconds
    since 1970. ``cause`` is the key of a hold, ``source`` that of a source. Reasons that differ
    from ``why`` in numbers alone match too.
    """

    states: tuple[State, ...] = ()
    folder: str = ""
    text: str = ""
    since: float = 0.0
    until: float = 0.0
    cause: str = ""
    why: Message = NOTHING
    source: str = ""


def condition(
    of: Filter, before: tuple[float, int] | None, order: str
) -> tuple[str, tuple[object, ...]]:
    """Return a query's condition and order, with their values; see ``Reader.history``."""
    where, values = [_of_states(of.states)], list[object]()
    if of.cause:
        where.append("f.cause = ? AND f.cause <> ''")
        values.append(of.cause)
    if of.why:
        where.append("numberless(f.why) IN (?, ?)")
        values += map(_numberless, rows.reason_texts(of.why))
    if of.source:
        where.append("f.source_key = ?")
        values.append(of.source)
    if before:
        where.append("(f.changed_at, f.id) < (?, ?)")
        values += before
    if of.folder:
        # Directories are matched, not their many files; else the path is that of one file.
        where.append(
            f"(f.directory_id IN ({_DIRECTORIES_IN}) OR "
            f"(f.directory_id IN ({_DIRECTORIES_IN}) AND lies_in({_FULL_PATH}, ?)))"
        )
        path = os.fsencode(of.folder)
        values += [path, os.path.dirname(path), path]
    if of.text:
        where.append(
            "(instr(fold(CAST(d.path || '/' || f.name AS BLOB)), ?) > 0 "
            "OR instr(fold(f.profile_name), ?) > 0 OR f.reference = ?)"
        )
        values += [_fold(of.text), _fold(of.text), of.text]
    if of.since:
        where.append("f.changed_at >= ?")
        values.append(of.since)
    if of.until:
        where.append("f.changed_at < ?")
        values.append(of.until)
    matches = " AND ".join(where)
    if order.removeprefix("-") in ORDERS:
        latest = f"SELECT f.id {rows.FROM} WHERE {matches} ORDER BY f.changed_at DESC LIMIT ?"
        matches = f"f.id IN ({latest})"
        values.append(ORDERED)
    return f"{matches} ORDER BY {_columns(order)}", tuple(values)


def add_functions(connection: sqlite3.Connection) -> None:
    """Add the functions that the conditions and orders use."""
    connection.create_function("fold", 1, _fold, deterministic=True)
    connection.create_function("lies_in", 2, _lies_in, deterministic=True)
    connection.create_function("numberless", 1, _numberless, deterministic=True)


def _of_states(states: tuple[State, ...]) -> str:
    """Return the condition for these states, written so that the small indexes are used."""
    wanted = ", ".join(f"'{state.value}'" for state in states)
    if not states:
        return "1 = 1"
    if not set(states) <= {*FAILED, State.HELD}:
        return f"f.state IN ({wanted})"
    failed = f"SELECT id FROM files WHERE {HAS_FAILED} AND state IN ({wanted})"
    held = f"SELECT id FROM files WHERE cause <> '' AND state = 'held' AND state IN ({wanted})"
    return f"f.id IN ({failed} UNION ALL {held})"


def _columns(order: str) -> str:
    """Return the columns of an order; "" is "-when"."""
    if order == "when":
        return "f.changed_at, f.id"
    if order in ("", "-when"):
        return "f.changed_at DESC, f.id DESC"
    direction = "DESC" if order.startswith("-") else "ASC"
    return f"{ORDERS[order.removeprefix('-')]} {direction}, f.changed_at DESC, f.id DESC"


def _fold(text: str | bytes) -> str:
    """Return a name or path as a search compares it."""
    return search_key(as_seen(os.fsencode(text).decode(errors="replace")))


def _numberless(why: str) -> str:
    """Return a reason, as it is stored, without its numbers."""
    return _NUMBER.sub("0", why)


def _lies_in(inner: bytes, outer: bytes) -> bool:
    """Return whether a path is another one or lies below it, compared as people see paths."""
    return lies_in(os.fsdecode(inner), os.fsdecode(outer), os.sep)
