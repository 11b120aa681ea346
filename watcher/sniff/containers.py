"""What is inside a container: zip (OpenXML, OpenDocument) and OLE compound files."""

from __future__ import annotations

import errno
import io
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from watcher.sniff import formats
from watcher.sniff.endings import End

if TYPE_CHECKING:
    from typing import BinaryIO

    from olefile import OleFileIO

    from watcher.sniff.endings import Content
    from watcher.sniff.formats import Format


class Bounded(io.RawIOBase):
    """A handle for libraries that read what a file tells them to: it runs dry in time.

    After ``left`` bytes it has nothing more to give, and what lies behind ``size`` is not there
    for them: what was appended to a file. As libraries take every error for a
    malformed file, one of the disk is kept in ``failure``.
    """

    def __init__(self, handle: BinaryIO, left: int, size: int) -> None:
        self._handle = handle
        self._size = size
        self.left = left
        self.failure: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        """As of any handle."""
        try:
            room = max(0, min(self.left, self._size - self._handle.tell()))
            data = self._handle.read(room if size < 0 else min(size, room))
        except OSError as error:
            self.failure = error
            raise
        self.left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any handle; a place before the begin is the file's fault, not the disk's."""
        try:
            if whence == io.SEEK_END:
                return self._handle.seek(max(0, self._size + offset))
            return self._handle.seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:
                self.failure = error
            raise

    def tell(self) -> int:
        """As of any handle."""
        return self._handle.tell()

    def seekable(self) -> bool:
        """As of any handle."""
        return True


# --- Zip ---------------------------------------------------------------------------------------

_END = struct.Struct("<4s4H2LH")  # end of central directory record, APPNOTE.TXT 4.3.16
_END_64 = struct.Struct("<40xQQ")  # length and offset in that of zip64, 4.3.14
_LOCATOR = struct.Struct("<4sLQL")  # where that is, 4.3.15
_ENTRY = struct.Struct("<4s24x3H8xL")  # name, extra, comment, place of a central entry, 4.3.12
_DIRECTORY_CAP = 1_000_000  # bytes of central directory, some 10,000 entries
_ZIP_BUDGET = 4_000_000  # bytes the library may read in all
_ENTRY_CAP = 262_144  # bytes read of one entry
_NAMES_REACH = 65_536  # bytes in which names are looked for when there is no directory

_MAIN_PARTS = (
    (b"wordprocessingml.document.main+xml", formats.DOCX),
    (b"wordprocessingml.template.main+xml", formats.DOTX),
    (b"ms-word.document.macroenabled.main+xml", formats.DOCM),
    (b"ms-word.template.macroenabledtemplate.main+xml", formats.DOTM),
    (b"presentationml.presentation.main+xml", formats.PPTX),
    (b"presentationml.slideshow.main+xml", formats.PPSX),
    (b"presentationml.template.main+xml", formats.POTX),
    (b"ms-powerpoint.presentation.macroenabled.main+xml", formats.PPTM),
    (b"spreadsheetml.sheet.main+xml", formats.XLSX),
    (b"ms-excel.sheet.macroenabled.main+xml", formats.XLSM),
)

_MIMETYPES: Final = {
    entry.media_type: entry
    for entry in (
        formats.ODT, formats.OTT, formats.ODP, formats.ODS, formats.EPUB, formats.SIGNED_CONTAINER
    )
} | {"application/vnd.etsi.asic-s+zip": formats.SIGNED_CONTAINER}  # fmt: skip

#: Other files that are zips, by an entry that each of them has.
_TELLING_NAMES: Final = {
    "Index/Document.iwa": formats.IWORK,
    "Index.zip": formats.IWORK,
    "buildVersionHistory.plist": formats.IWORK,  # as they were until 2013
    "META-INF/MANIFEST.MF": formats.PROGRAM,
    "AndroidManifest.xml": formats.PROGRAM,
}

_MANIFEST: Final = "META-INF/manifest.xml"
_IWORK: Final = {each.extension: each for each in (formats.PAGES, formats.KEYNOTE, formats.NUMBERS)}

#: Where the directory is missing: names that a document's first entry may have, then folders
#: and what they tell; the first of a family is meant where the extension is no help.
_FIRST_NAMES = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"customXml/")

_FOLDERS = (
    (b"word/", (formats.DOCX, formats.DOTX, formats.DOCM, formats.DOTM)),
    (b"ppt/", (formats.PPTX, formats.PPSX, formats.POTX, formats.PPTM)),
    (b"xl/", (formats.XLSX, formats.XLSM)),
)

_LOCAL_NAME = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)

#: What zipfile raises on archives that are not what they claim (UnicodeDecodeError is a
#: ValueError; RuntimeError: encrypted, NotImplementedError: an unknown compression).
_ZIP_MALFORMED = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError,
    OverflowError, RuntimeError,
)  # fmt: skip


def look_into_zip(content: Content, extension: str) -> tuple[Format, End]:
    """What the zip is, and whether it is whole: whether its directory is readable."""
    end, size = _find_directory(content)
    found = _look_through(content, size) if end is End.SEEN else None
    found = found or _tell_by_first_entries(content, extension) or formats.ZIP
    if found in (formats.IWORK, formats.ZIP):
        found = _IWORK.get(extension, found)
    return found, end


def _find_directory(content: Content) -> tuple[End, int]:
    """Whether the central directory is all there, and how long the file is without what follows.

    A zip that breaks off behind a zip within it ends with that one's directory: hence an entry
    must be the one that the file begins with. NONE if it is too big to be looked at.
    """
    for tail in content.tails():
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END.size:
            continue
        _, _, _, _, entries, length, offset, comment = _END.unpack_from(tail, at)
        place = content.size - len(tail) + at
        size = min(content.size, place + _END.size + comment)
        places = [offset, place - length]
        if (known := _read_end_64(content, place)) is not None:
            length, offset, before = known
            places = [offset, before - length]
        if length > _DIRECTORY_CAP:
            return End.NONE, size
        is_whole = not entries or any(_has_first(content, each, length) for each in places)
        return End.SEEN if is_whole else End.MISSING, size
    return End.MISSING, content.size


def _read_end_64(content: Content, place: int) -> tuple[int, int, int] | None:
    """Length and offset of the directory, and where it ends, as the records of zip64 say."""
    if place < _LOCATOR.size:
        return None
    mark, _, at, _ = _LOCATOR.unpack(content.read(place - _LOCATOR.size, _LOCATOR.size))
    if mark != b"PK\x06\x07" or at >= place:
        return None
    record = content.read(at, _END_64.size)
    if len(record) < _END_64.size or not record.startswith(b"PK\x06\x06"):
        return None
    length, offset = _END_64.unpack(record)
    return length, offset, at


def _has_first(content: Content, place: int, length: int) -> bool:
    """Whether a directory at ``place`` lists the entry that the file begins with, by its name."""
    if not 0 <= place < content.size:
        return False
    begin = _LOCAL_NAME.match(content.head)
    directory = content.read(place, length)
    at = 0
    while at + _ENTRY.size <= len(directory):
        mark, name, extra, comment, offset = _ENTRY.unpack_from(directory, at)
        if mark != b"PK\x01\x02":
            return False
        at += _ENTRY.size
        if offset == 0 and begin:
            return content.head.startswith(directory[at : at + name], begin.end())
        at += name + extra + comment
    return False


def _look_through(content: Content, size: int) -> Format | None:
    bounded = Bounded(content.handle, _ZIP_BUDGET, size)
    try:
        with zipfile.ZipFile(bounded) as archive:
            return _tell(archive) or formats.ZIP
    except _ZIP_MALFORMED:
        if bounded.failure:
            raise bounded.failure from None
        return None


def _tell(archive: zipfile.ZipFile) -> Format | None:
    names = archive.NameToInfo
    if "[Content_Types].xml" in names:
        return _tell_main_part(_read_entry(archive, "[Content_Types].xml"))
    if "mimetype" in names or ("content.xml" in names and _MANIFEST in names):
        found = _tell_open_document(archive)
        return formats.LOCKED if found and _is_locked(archive) else found
    return next((found for name, found in _TELLING_NAMES.items() if name in names), None)


def _tell_open_document(archive: zipfile.ZipFile) -> Format | None:
    """By the entry that says so, or, where a program has left that out, by the manifest."""
    if "mimetype" in archive.NameToInfo:
        return _tell_mimetype(_read_entry(archive, "mimetype")[:100])
    entries = re.findall(rb"<[^>]*>", _read_entry(archive, _MANIFEST))
    main = next((each for each in entries if b'full-path="/"' in each), b"")
    kind = re.search(rb'media-type="([^"]*)"', main)
    return _tell_mimetype(kind[1]) if kind else None


def _is_locked(archive: zipfile.ZipFile) -> bool:
    """Whether an OpenDocument's manifest says how its content is encrypted."""
    return _MANIFEST in archive.NameToInfo and b"encryption-data" in _read_entry(archive, _MANIFEST)


def _read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.NameToInfo[name].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return b""
    with archive.open(name) as entry:
        return entry.read(_ENTRY_CAP)


def _tell_main_part(types: bytes) -> Format | None:
    """The document's kind out of its list of parts, which may be UTF-16."""
    types = types.replace(b"\0", b"").lower()
    return next((found for main, found in _MAIN_PARTS if main in types), None)


def _tell_by_first_entries(content: Content, extension: str) -> Format | None:
    """What the names in the head tell; the extension says which of a family."""
    head = content.read(0, _NAMES_REACH)
    for entry in _LOCAL_NAME.finditer(head):
        name = head[entry.end() : entry.end() + int.from_bytes(entry[1], "little")]
        if name == b"mimetype":
            return _tell_mimetype(head[entry.end() + len(name) :][:100])
        for folder, family in _FOLDERS:
            if name.startswith(folder):
                return next((f for f in family if f.extension == extension), family[0])
        if not name.startswith(_FIRST_NAMES):
            return None  # an archive, perhaps of documents
    return None


def _tell_mimetype(rest: bytes) -> Format | None:
    """The entry's content follows its name at once; what follows that is the next entry."""
    text = rest.decode("latin-1")
    longest_first = sorted(_MIMETYPES, key=len, reverse=True)
    return next((_MIMETYPES[known] for known in longest_first if text.startswith(known)), None)


# --- OLE compound files -----------------------------------------------------------------------

_OLE_BUDGET = 1_000_000  # bytes the library may read: the tables of a file of 120 MB
_HEADER = struct.Struct("<24xHHHHH10xL")  # versions, byte order, two shifts, number of FAT sectors
_SECTOR_SHIFTS = (9, 12)
_FREE = 0xFFFFFFFF

#: What olefile raises on files that are not what they claim (its own errors are OSErrors;
#: RecursionError: a directory tree as deep as it has entries).
_OLE_MALFORMED = (
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
    """One of the root's streams: where it starts, and how many bytes it has."""

    start: int
    size: int


def look_into_compound(content: Content, extension: str) -> tuple[Format, End]:
    """What the compound file is, and whether all that its streams need is there."""
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
    """The root's streams, by name in lower case, and the allocation table; empty if malformed.

    "" is the stream in which those that are short lie.
    """
    import olefile  # noqa: PLC0415 - 16 ms that only these older formats cost

    try:
        with olefile.OleFileIO(bounded) as compound:
            streams = {
                entry.name.lower(): _Stream(entry.isectStart, entry.size)
                for entry in compound.root.kids
            }
            streams[""] = _Stream(compound.root.isectStart, compound.root.size)
            if 0 < streams.get("current user", _Stream(0, 0)).size < _MINI_STREAM and (
                _has_locked_slides(compound, bounded)
            ):
                streams["encryptedsummary"] = _Stream(0, 0)
            return streams, compound.fat
    except _OLE_MALFORMED:
        if bounded.failure:
            raise bounded.failure from None
        return {}, []


def _has_locked_slides(compound: OleFileIO, bounded: Bounded) -> bool:
    """What a presentation's stream "Current User" says; False where it cannot be read."""
    try:
        token = compound.openstream("Current User").read(16)[12:]
    except _OLE_MALFORMED:
        if bounded.failure:
            raise bounded.failure from None
        return False
    return bool(token == _ENCRYPTED_SLIDES)


def _is_encrypted(content: Content, stream: _Stream | None) -> bool:
    """Whether a Word document, as it says in its first bytes, needs a password to be read."""
    if stream is None or stream.size < _MINI_STREAM:
        return False
    begin = content.read((stream.start + 1) << _shift(content), 12)
    flags = int.from_bytes(begin[10:12], "little")
    return begin[:2] == b"\xec\xa5" and bool(flags & _ENCRYPTED)


def _find_end(content: Content, streams: dict[str, _Stream], table: list[int]) -> End:
    """Whether the file reaches as far as the last sector that its table says is used.

    The table may say so of sectors that nothing uses: then each stream is followed. The last
    sector may be short: some programs write no more of it than they need.
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
