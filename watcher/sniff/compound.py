"""What is inside an OLE compound file: the binary Office formats are told by their streams.

``olefile`` follows whatever a file says, however long that takes: it loads the whole allocation
table and copies it for every sector it adds. So the header is checked first, and the library
reads through a handle that runs dry after a fixed number of bytes. [MS-CFB] is the format.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from watcher.sniff import formats
from watcher.sniff.window import Bounded

if TYPE_CHECKING:
    from watcher.sniff.formats import Format
    from watcher.sniff.window import Window

_BUDGET = 1_000_000  # bytes the library may read: the tables of a file of 120 MB
_HEADER = struct.Struct("<24xHHHHH10xL")  # versions, byte order, two shifts, number of FAT sectors
_SECTOR_SHIFTS = (9, 12)
_LAST_SECTOR = 0xFFFFFFFA  # greater numbers have a meaning of their own
_FREE = 0xFFFFFFFF

#: What olefile raises on files that are not what they claim (its own errors are OSErrors;
#: RecursionError: a directory tree as deep as it has entries).
_MALFORMED = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error,
    RecursionError,
)  # fmt: skip

_STREAMS = (
    ("EncryptedPackage", formats.LOCKED_OFFICE),
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


def look_into_compound(content: Window, extension: str) -> tuple[Format, bool | None]:
    """What the compound file is, and whether every sector that is in use is there."""
    fallback = _BY_EXTENSION.get(extension, formats.COMPOUND)
    if not _is_plausible(content):
        return fallback, False
    bounded = Bounded(content.handle, _BUDGET)
    streams, table = _read_directory(bounded)
    if not bounded.left:
        return fallback, None
    found = next((f for name, f in _STREAMS if name.lower() in streams), fallback)
    return found, _is_whole(content, table)


def _is_plausible(content: Window) -> bool:
    if len(content.head) < _HEADER.size:
        return False
    _, version, order, shift, _, tables = _HEADER.unpack_from(content.head)
    return (
        version in (3, 4)
        and order == 0xFFFE
        and shift in _SECTOR_SHIFTS
        and tables << shift < content.size
    )


def _read_directory(bounded: Bounded) -> tuple[frozenset[str], list[int]]:
    """The names in the root, in lower case, and the allocation table; empty if malformed."""
    import olefile  # noqa: PLC0415 - 16 ms that only these older formats cost

    try:
        with olefile.OleFileIO(bounded) as compound:
            names = frozenset(entry.name.lower() for entry in compound.root.kids)
            return names, compound.fat
    except _MALFORMED:
        if bounded.failure:
            raise bounded.failure from None
        return frozenset(), []


def _is_whole(content: Window, table: list[int]) -> bool | None:
    """Whether the file reaches as far as the last sector that its table says is used.

    None if only that sector is short: some programs write no more of it than they need.
    """
    last = next((n for n in range(len(table) - 1, -1, -1) if table[n] != _FREE), -1)
    if last < 0:
        return False
    shift = _HEADER.unpack_from(content.head)[3]
    if content.size >= (last + 2) << shift:
        return True
    return None if content.size > (last + 1) << shift else False
