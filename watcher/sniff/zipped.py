"""What is inside a zip: OpenXML and OpenDocument files are zips with telling entries.

What is read is bounded, whatever the archive claims: the central directory is only taken up to
a size that no document comes near, and of the entries only two, up to a cap.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from watcher.sniff import formats
from watcher.sniff.window import Bounded, End

if TYPE_CHECKING:
    from watcher.sniff.formats import Format
    from watcher.sniff.window import Window

_END = struct.Struct("<4s4H2LH")  # end of central directory record, APPNOTE.TXT 4.3.16
_END_64 = struct.Struct("<40xQQ")  # length and offset in that of zip64, 4.3.14
_LOCATOR = struct.Struct("<4sLQL")  # where that is, 4.3.15
_ENTRY = struct.Struct("<4s24x3H8xL")  # name, extra, comment, place of a central entry, 4.3.12
_DIRECTORY_CAP = 1_000_000  # bytes of central directory, some 10,000 entries
_BUDGET = 4_000_000  # bytes the library may read in all
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
_MALFORMED = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError,
    OverflowError, RuntimeError,
)  # fmt: skip


def look_into_zip(content: Window, extension: str) -> tuple[Format, End]:
    """What the zip is, and whether it is whole: whether its directory is readable."""
    end, size = _find_directory(content)
    found = _look_through(content, size) if end is End.SEEN else None
    found = found or _tell_by_first_entries(content, extension) or formats.ZIP
    if found in (formats.IWORK, formats.ZIP):
        found = _IWORK.get(extension, found)
    return found, end


def _find_directory(content: Window) -> tuple[End, int]:
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


def _read_end_64(content: Window, place: int) -> tuple[int, int, int] | None:
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


def _has_first(content: Window, place: int, length: int) -> bool:
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


def _look_through(content: Window, size: int) -> Format | None:
    bounded = Bounded(content.handle, _BUDGET, size)
    try:
        with zipfile.ZipFile(bounded) as archive:
            return _tell(archive) or formats.ZIP
    except _MALFORMED:
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


def _tell_by_first_entries(content: Window, extension: str) -> Format | None:
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
