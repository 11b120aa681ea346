"""How rows of the journal become the program's values, and paths become bytes."""

from __future__ import annotations

import json
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from watcher.i18n.message import COMPACT, Message, as_json, from_json
from watcher.model import lifecycle
from watcher.model.entries import Entry, Stat
from watcher.model.files import Known
from watcher.model.kinds import State
from watcher.model.uploads import Job

if TYPE_CHECKING:
    from collections.abc import Iterable

#: In place of the settings' fingerprint of a folder that is no longer watched.
LEFT: Final = "left"

FROM: Final = """
    FROM files f JOIN directories d ON d.id = f.directory_id JOIN folders o ON o.id = d.folder_id
"""


def states(given: Iterable[State]) -> str:
    """Return an SQL list of states, such as ``('queued', 'waiting')``."""
    return "({})".format(", ".join(f"'{state}'" for state in given))


#: The states of a file that HrFlow has, as an SQL list.
ARRIVED: Final = states(sorted(lifecycle.ARRIVED))


class FileRow(Struct):
    """The columns that every use of a file needs."""

    id: int
    folder: bytes
    directory: bytes
    name: bytes
    size: int
    mtime_ns: int
    device: int
    inode: int
    media_type: str
    sha256: str
    account: str
    source_key: str
    reference: str
    fields: str
    attempt: int


class JobRow(FileRow):
    """The columns of an upload to be made."""

    file_name: str


class EntryRow(FileRow):
    """The columns of a file that people are shown."""

    state: str
    why: str
    noticed_at: float
    changed_at: float
    due_at: float
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


#: Fields that are not columns of ``files``, called ``f`` in :data:`FROM`.
_ELSEWHERE: Final = MappingProxyType(
    {
        "folder": "o.path",
        "directory": "d.path",
        "source_name": "(SELECT s.name FROM sources s WHERE s.account = f.account "
        "AND s.source_key = f.source_key)",
    }
)


def _columns(kind: type[FileRow]) -> str:
    """Return what to select for a row of this kind, in the order of its fields."""
    return ", ".join(_ELSEWHERE.get(name, f"f.{name}") for name in kind.__struct_fields__)


ENTRY: Final = _columns(EntryRow)
JOB: Final = _columns(JobRow)

_SEPARATOR: Final = os.fsencode(os.sep)


def split(folder: str, path: str) -> tuple[bytes, bytes]:
    """Return directory below the folder, and name, as bytes; ValueError if not below it."""
    root = folder if folder.endswith(os.sep) else folder + os.sep
    if not path.startswith(root):
        raise ValueError(f"{path!r} is not below {folder!r}")
    directory, _, name = os.fsencode(path[len(root) :]).rpartition(_SEPARATOR)
    return directory, name


def join(folder: bytes, directory: bytes, name: bytes) -> str:
    """Return the path that :func:`split` took apart."""
    return os.fsdecode(os.path.join(folder, directory, name))


def entry(row: EntryRow, duplicate_of: str = "") -> Entry:
    """Return a row as an Entry; ``duplicate_of`` is the path of the file with the same content."""
    return Entry(
        **_shared(row),
        state=State(row.state),
        why=from_json(row.why),
        noticed_at=row.noticed_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
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
    """Return a row as a Job."""
    return Job(**_shared(row), file_name=row.file_name)


def _shared(row: FileRow) -> dict[str, Any]:
    """Return what an Entry and a Job have in common."""
    return {
        "file_id": row.id,
        "folder": os.fsdecode(row.folder),
        "path": join(row.folder, row.directory, row.name),
        "stat": stat(row.size, row.mtime_ns, row.device, row.inode),
        "media_type": row.media_type,
        "sha256": row.sha256,
        "account": row.account,
        "source_key": row.source_key,
        "reference": row.reference,
        "fields": fields(row.fields),
        "attempt": row.attempt,
    }


#: What :func:`known` takes, of a name ``n`` and its file.
KNOWN: Final = "f.id, f.state, n.size, n.mtime_ns, f.device, f.inode, f.sha256, f.cause, f.resends"


def known(row: tuple[Any, ...]) -> Known:
    """Return such columns as what is known about the file at a path."""
    file_id, state, size, mtime_ns, device, inode, sha256, cause, resends = row
    seen = stat(size, mtime_ns, device, inode)
    return Known(file_id, State(state), seen, sha256, cause, resends)


def fields(text: str) -> tuple[tuple[str, str], ...]:
    """Return form fields from their stored text."""
    return tuple(map(tuple, json.loads(text)))


def fields_text(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return form fields as text to be stored."""
    return COMPACT.encode(pairs) if pairs else "[]"


def reason_text(why: Message) -> str:
    """Return a reason as it is stored: JSON, "" for NOTHING."""
    return as_text(as_json(why)) if why else ""


def reason_texts(why: Message) -> tuple[str, str]:
    """Return how a reason may be stored: as JSON, or as English text by versions before 4."""
    return reason_text(why), as_text(str(why))


def as_text(value: str) -> str:
    """Return text as SQLite can store it: a message may quote a name that is not valid text."""
    return value.encode("utf-8", "replace").decode()


def numbers(stat: Stat) -> tuple[int, int, int, int]:
    """Return a Stat as the journal stores it: size, mtime_ns, device, inode."""
    return (stat.size, stat.mtime_ns, _signed(stat.device), _signed(stat.inode))


def stat(size: int, mtime_ns: int, device: int, inode: int) -> Stat:
    """Return the Stat that :func:`numbers` took apart."""
    return Stat(size, mtime_ns, device % (1 << 64), inode % (1 << 64))


def _signed(number: int) -> int:
    """Return a 64-bit number as SQLite can store it: Windows and ZFS have inodes above 2**63."""
    return number - (1 << 64) if number >= 1 << 63 else number
