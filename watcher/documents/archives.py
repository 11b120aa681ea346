"""Reads zip archives: their directory is checked for limits before anything is unpacked."""

from __future__ import annotations

import contextlib
import stat as modes
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.documents.bundles import Place, locate
from watcher.documents.members import MOST, TOO_MANY, Member
from watcher.documents.opening import UnreadableError
from watcher.i18n.message import NOTHING, Message, msg
from watcher.sniff.content import Bounded
from watcher.sniff.zips import ZIP_ENCRYPTED, ZIP_MALFORMED, ZIP_UTF_8

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

#: The most bytes of an archive's directory, which is read before the limits are checked.
_DIRECTORY: Final = 1_500_000
#: Bytes that are unpacked at once.
_PIECE: Final = 65_536
#: The most bytes of a file, and of all of them, when unpacked.
_LARGEST: Final = 100_000_000
_TOGETHER: Final = 500_000_000
#: An archive that grows by more than this factor was made to fill a disk; one that stays below
#: this many bytes is harmless.
_RATIO: Final = 100
_HARMLESS: Final = 10_000_000
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_UNREADABLE: Final = msg("This zip archive is damaged. Download or save it again.")
_LOCKED: Final = msg("This zip archive has a password. Extract the documents and add them.")
_LEADS_OUT: Final = msg(
    "This zip archive contains paths that point outside it. Extract the documents and add them."
)
_UNKNOWN: Final = msg(
    "This zip archive is compressed in an unusual way. Extract the documents and add them."
)


def read_archive(handle: BinaryIO, size: int) -> Iterator[Member]:
    """Yield the files in a zip archive, in its order. Archives inside it are not opened.

    Raises:
        UnreadableError: it is damaged, locked, or exceeds a limit.
        OSError: the disk fails.
    """
    bounded = Bounded(handle, _DIRECTORY, size)
    with _explained(bounded):
        archive = zipfile.ZipFile(bounded)
    names = {each: _decode_name(each) for each in archive.infolist()}
    names = {each: name for each, name in names.items() if not name.endswith("/")}
    if problem := _find_problem([*names], size):
        raise UnreadableError(problem)
    there = set(names.values())
    for entry, name in names.items():
        read = partial(_unpack, archive, bounded, size, entry)
        place = locate(name.split("/"), there.__contains__)
        yield Member(place.name, entry.file_size, read, _tell_left_out(entry, place))


@contextlib.contextmanager
def _explained(bounded: Bounded) -> Iterator[None]:
    """Raise UnreadableError for what the library raises on malformed archives."""
    try:
        yield
    except ZIP_MALFORMED:
        if bounded.failure:
            raise bounded.failure from None
        raise UnreadableError(_UNREADABLE if bounded.left else TOO_MANY) from None


def _unpack(
    archive: zipfile.ZipFile, bounded: Bounded, size: int, entry: zipfile.ZipInfo
) -> Iterator[bytes]:
    """Yield an entry in pieces; the library stops at the size that the directory says."""
    bounded.left = 2 * size
    with _explained(bounded), archive.open(entry) as unpacked:
        while piece := unpacked.read(_PIECE):
            yield piece


def _find_problem(entries: list[zipfile.ZipInfo], size: int) -> Message:
    """Return why an archive is not opened; NOTHING if it is."""
    together = sum(each.file_size for each in entries)
    largest = max((each.file_size for each in entries), default=0)
    if len(entries) > MOST:
        return TOO_MANY
    if largest > _LARGEST or together > _TOGETHER or together > max(_RATIO * size, _HARMLESS):
        return msg(
            "This zip archive would take up {size:size} once extracted. Extract the documents"
            " and add them.",
            size=together,
        )
    if any(each.flag_bits & ZIP_ENCRYPTED for each in entries):
        return _LOCKED
    if any(each.compress_type not in _METHODS for each in entries):
        return _UNKNOWN
    return _LEADS_OUT if any(_leads_out(each.filename) for each in entries) else NOTHING


def _leads_out(name: str) -> bool:
    path = name.replace("\\", "/")
    return path.startswith("/") or ".." in path.split("/") or path[1:2] == ":"


def _tell_left_out(entry: zipfile.ZipInfo, place: Place) -> Message:
    if place.part_of:
        return msg("part of {name}", name=place.part_of)
    if modes.S_ISLNK(entry.external_attr >> 16):
        return msg("a link")
    return msg("a system file") if entry.filename.startswith("__MACOSX/") else NOTHING


def _decode_name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's path with "/"; many programs write UTF-8 without saying so."""
    name = entry.filename
    if not entry.flag_bits & ZIP_UTF_8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")
