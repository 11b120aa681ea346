"""How rows of the journal become the program's values, and paths become bytes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from watcher import model
from watcher.model import State

if TYPE_CHECKING:
    import sqlite3

    from watcher.model import Entry, Job, Stat

#: The fact that says until when no uploads are started.
PAUSED: Final = "paused_until"
#: In the place of the settings' fingerprint of a folder that is not watched any more.
LEFT: Final = "left"
#: Columns that make an Entry, in the order that :func:`entry` reads them.
ENTRY: Final = """
    f.id, o.path, d.path, f.name, f.state, f.why, f.size, f.mtime_ns, f.device, f.inode,
    f.noticed_at, f.changed_at, f.due_at, f.attempt, f.media_type, f.sha256, f.account,
    f.source_key, f.reference, f.fields, f.profile_key, f.profile_name, f.profile_email,
    f.filed_to, f.filing_why, f.duplicate_of, f.in_doubt_since, f.arrived_at, f.parsed_at, f.pages,
    f.total_pages, f.probable, f.resends,
    (SELECT s.name FROM sources s WHERE s.account = f.account AND s.source_key = f.source_key)
"""
FROM: Final = """
    FROM files f JOIN directories d ON d.id = f.directory_id JOIN folders o ON o.id = d.folder_id
"""
#: Columns that make a Job, in the order that :func:`job` reads them.
JOB: Final = """
    f.id, o.path, d.path, f.name, f.size, f.mtime_ns, f.device, f.inode, f.sha256, f.media_type,
    f.file_name, f.account, f.source_key, f.reference, f.fields, f.attempt
"""


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


def entry(row: sqlite3.Row | tuple[Any, ...], duplicate_of: str = "") -> Entry:
    """An Entry from the columns of :data:`ENTRY`."""
    return model.Entry(
        file_id=row[0],
        folder=os.fsdecode(row[1]),
        path=join(row[1], row[2], row[3]),
        state=State(row[4]),
        why=row[5],
        stat=stat(row[6:10]),
        noticed_at=row[10],
        changed_at=row[11],
        due_at=row[12],
        attempt=row[13],
        media_type=row[14],
        sha256=row[15],
        account=row[16],
        source_key=row[17],
        reference=row[18],
        fields=fields(row[19]),
        profile_key=row[20],
        profile_name=row[21],
        profile_email=row[22],
        filed_to=os.fsdecode(row[23]),
        filing_why=row[24],
        duplicate_of=duplicate_of,
        sent_at=row[26],
        arrived_at=row[27],
        parsed_at=row[28],
        pages=row[29],
        total_pages=row[30],
        probable=bool(row[31]),
        resends=row[32],
        source_name=row[33] or "",
    )


def job(row: sqlite3.Row | tuple[Any, ...]) -> Job:
    """A Job from the columns of :data:`JOB`."""
    return model.Job(
        file_id=row[0],
        folder=os.fsdecode(row[1]),
        path=join(row[1], row[2], row[3]),
        stat=stat(row[4:8]),
        sha256=row[8],
        media_type=row[9],
        file_name=row[10],
        account=row[11],
        source_key=row[12],
        reference=row[13],
        fields=fields(row[14]),
        attempt=row[15],
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


def stat(columns: tuple[int, ...]) -> Stat:
    """The Stat that :func:`numbers` took apart."""
    size, mtime_ns, device, inode = columns
    return model.Stat(size, mtime_ns, device % (1 << 64), inode % (1 << 64))


def _signed(number: int) -> int:
    """A 64-bit number as SQLite can keep it: Windows and ZFS have inodes above 2**63."""
    return number - (1 << 64) if number >= 1 << 63 else number
