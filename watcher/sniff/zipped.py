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
from watcher.sniff.window import Bounded

if TYPE_CHECKING:
    from watcher.sniff.formats import Format
    from watcher.sniff.window import Window

_END = struct.Struct("<4s4H2LH")  # end of central directory record, APPNOTE.TXT 4.3.16
_END_REACH = _END.size + 65_535  # its comment may be that long
_DIRECTORY_CAP = 1_000_000  # bytes of central directory, some 10,000 entries
_BUDGET = 4_000_000  # bytes the library may read in all
_ENTRY_CAP = 262_144  # bytes read of one entry
_SATURATED = 0xFFFFFFFF
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
    for entry in (formats.ODT, formats.OTT, formats.ODP, formats.ODS, formats.EPUB)
}
#: Other files that are zips, by an entry that each of them has.
_TELLING_NAMES: Final = {
    "Index/Document.iwa": formats.IWORK,
    "META-INF/MANIFEST.MF": formats.PROGRAM,
    "AndroidManifest.xml": formats.PROGRAM,
}
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


def look_into_zip(content: Window, extension: str) -> tuple[Format, bool | None]:
    """What the zip is, and whether it is whole: whether its directory is readable."""
    whole = _has_directory(content)
    found = _look_through(content) if whole else _tell_by_first_entries(content, extension)
    return found or formats.ZIP, whole


def _has_directory(content: Window) -> bool | None:
    """Whether the central directory is all there; None if it is too big to be looked at.

    A zip that breaks off behind a zip within it ends with that one's directory: hence the
    offset, which counts from the begin of the file, must be right.
    """
    tail = content.tail(4096)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        tail = content.tail(_END_REACH)
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return False
    _, _, _, _, entries, length, offset, _ = _END.unpack_from(tail, at)
    if offset == _SATURATED or length > _DIRECTORY_CAP:
        return None
    fits = offset + length == content.size - len(tail) + at
    return fits and (not entries or content.read(offset, 4) == b"PK\x01\x02")


def _look_through(content: Window) -> Format | None:
    bounded = Bounded(content.handle, _BUDGET)
    try:
        with zipfile.ZipFile(bounded) as archive:
            return _tell(archive)
    except _MALFORMED:
        if bounded.failure:
            raise bounded.failure from None
        return None


def _tell(archive: zipfile.ZipFile) -> Format | None:
    names = archive.NameToInfo
    if "[Content_Types].xml" in names:
        return _tell_main_part(_read_entry(archive, "[Content_Types].xml"))
    if "mimetype" in names:
        return _tell_mimetype(_read_entry(archive, "mimetype")[:100])
    return next((found for name, found in _TELLING_NAMES.items() if name in names), None)


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
