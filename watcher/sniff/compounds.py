"""Looks into OLE compound files for what they are: Office until 2003, Outlook and others."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from watcher.sniff import formats
from watcher.sniff.content import Bounded
from watcher.sniff.endings import End

if TYPE_CHECKING:
    from watcher.sniff.content import Content
    from watcher.sniff.formats import Format

_OLE_BUDGET = 1_000_000  # bytes the library may read: the tables of a file of 120 MB
_HEADER = struct.Struct("<24xHHHHH10xL")  # versions, byte order, two shifts, number of FAT sectors
_SECTOR_SHIFTS = (9, 12)
_FREE = 0xFFFFFFFF

#: What olefile raises on malformed files (its own errors are OSErrors;
#: RecursionError: a directory tree as deep as it has entries).
OLE_MALFORMED = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error,
    RecursionError,
)  # fmt: skip

_ENCRYPTED = 0x0100  # in the flags of a Word document, [MS-DOC] 2.5.1
_ENCRYPTED_SLIDES = b"\xdf\xc4\xd1\xf3"  # how the stream "Current User" begins, [MS-PPT] 2.3.2
_MINI_STREAM = 4096  # bytes; shorter streams lie in one of their own

_STREAMS = (
    ("EncryptedPackage", formats.LOCKED),
    ("EncryptedSummary", formats.LOCKED),  # PowerPoint's, [MS-PPT] 2.1.5
    ("\x09DRMContent", formats.LOCKED),
    ("__properties_version1.0", formats.MSG),
    ("WordDocument", formats.DOC),
    ("PowerPoint Document", formats.PPT),
    ("Workbook", formats.XLS),
    ("Book", formats.XLS),
)

_BY_EXTENSION: Final = {
    ".doc": formats.DOC,
    ".dot": formats.DOC,
    ".ppt": formats.PPT,
    ".pps": formats.PPT,
    ".xls": formats.XLS,
    ".msg": formats.MSG,
    ".msi": formats.PROGRAM,
}


class _Stream(NamedTuple):
    """One of the root's streams: its first sector, and its size in bytes."""

    start: int
    size: int


def identify_compound(content: Content, extension: str) -> tuple[Format, End]:
    """Return what the compound file is, and whether all sectors of its streams are there."""
    fallback = _BY_EXTENSION.get(extension, formats.COMPOUND)
    if not _is_plausible(content):
        return fallback, End.MISSING
    bounded = Bounded(content.handle, _OLE_BUDGET, content.size)
    streams, table = _read_directory(bounded)
    if not bounded.left:
        return fallback, End.NONE
    found = next((f for name, f in _STREAMS if name.lower() in streams), fallback)
    if found is formats.DOC and _is_encrypted(content, streams.get("worddocument")):
        found = formats.LOCKED
    return found, _find_end(content, streams, table)


def _is_plausible(content: Content) -> bool:
    if len(content.head) < _HEADER.size:
        return False
    _, version, order, shift, _, tables = _HEADER.unpack_from(content.head)
    return (
        version in (3, 4)
        and order == 0xFFFE
        and shift in _SECTOR_SHIFTS
        and tables << shift < content.size
    )


def _read_directory(bounded: Bounded) -> tuple[dict[str, _Stream], list[int]]:
    """Return the root's streams by lower-case name, and the allocation table; empty if malformed.

    The stream "" is the one that holds all short streams.
    """
    import olefile  # noqa: PLC0415 - 16 ms that only these older formats cost

    streams: dict[str, _Stream] = {}
    table: list[int] = []
    with bounded.tolerated(OLE_MALFORMED), olefile.OleFileIO(bounded) as compound:
        table = compound.fat
        streams = {
            entry.name.lower(): _Stream(entry.isectStart, entry.size)
            for entry in compound.root.kids
        }
        streams[""] = _Stream(compound.root.isectStart, compound.root.size)
        if 0 < streams.get("current user", _Stream(0, 0)).size < _MINI_STREAM:
            token = compound.openstream("Current User").read(16)[12:]
            if token == _ENCRYPTED_SLIDES:
                streams["encryptedsummary"] = _Stream(0, 0)
    return streams, table


def _is_encrypted(content: Content, stream: _Stream | None) -> bool:
    """Whether a Word document says in its first bytes that it is encrypted."""
    if stream is None or stream.size < _MINI_STREAM:
        return False
    begin = content.read((stream.start + 1) << _shift(content), 12)
    flags = int.from_bytes(begin[10:12], "little")
    return begin[:2] == b"\xec\xa5" and bool(flags & _ENCRYPTED)


def _find_end(content: Content, streams: dict[str, _Stream], table: list[int]) -> End:
    """Check that the file has the last sector that is marked as used.

    Sectors may be marked that nothing uses: if the last is missing, each stream is followed. The
    last sector may be short, as some programs write no more of it than they need.
    """
    last = next((n for n in range(len(table) - 1, -1, -1) if table[n] != _FREE), -1)
    if last < 0:
        return End.MISSING
    shift = _shift(content)
    if content.size >= (last + 2) << shift:
        return End.SEEN
    sectors = content.size - 1 >> shift  # those that are there, the last perhaps in part
    own = [each for name, each in streams.items() if each.size >= _MINI_STREAM or not name]
    is_all = all(_is_there(each, table, sectors, shift) for each in own)
    return End.NONE if is_all else End.MISSING


def _is_there(stream: _Stream, table: list[int], sectors: int, shift: int) -> bool:
    """Whether all sectors of a stream are among the first ``sectors`` of the file."""
    at = stream.start
    needed = -(-stream.size >> shift)
    if needed > sectors:
        return False
    for _ in range(needed):
        if at >= min(sectors, len(table)):
            return False
        at = table[at]
    return True


def _shift(content: Content) -> int:
    return int(_HEADER.unpack_from(content.head)[3])
