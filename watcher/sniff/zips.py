"""Looks into zip files for what they are: OpenXML, OpenDocument, iWork and others."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from watcher.sniff import formats
from watcher.sniff.content import Bounded
from watcher.sniff.endings import End

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.sniff.content import Content
    from watcher.sniff.formats import Format

_END_MARK = b"PK\x05\x06"
_END = struct.Struct("<20xH")  # end of central directory record, APPNOTE.TXT 4.3.16
ZIP_ENCRYPTED = 1  # in an entry's flags, 4.4.4
ZIP_UTF_8 = 0x800  # likewise, of its name
_ZIP_BUDGET = 1_500_000  # bytes the library may read: a directory of some 10,000 entries
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
    (b"spreadsheetml.template.main+xml", formats.XLSX),
    (b"ms-excel.sheet.macroenabled.main+xml", formats.XLSM),
    (b"ms-excel.template.macroenabled.main+xml", formats.XLSM),
    (b"ms-excel.sheet.binary.macroenabled.main", formats.XLSM),
    (b"ms-powerpoint.slideshow.macroenabled.main+xml", formats.PPTM),
    (b"ms-powerpoint.template.macroenabled.main+xml", formats.PPTM),
    (b"ms-package.xps-fixeddocument", formats.XPS),
)

_MIMETYPES: Final = {
    entry.media_type: entry
    for entry in (
        formats.ODT, formats.OTT, formats.ODP, formats.ODS, formats.EPUB, formats.SIGNED_CONTAINER
    )
} | {
    "application/vnd.etsi.asic-s+zip": formats.SIGNED_CONTAINER,
    # Drawings, formulas and the like, and OpenOffice before OpenDocument.
    "application/vnd.oasis.opendocument.": formats.OFFICE,
    "application/vnd.sun.xml.": formats.OFFICE,
}  # fmt: skip

#: Other documents of Office have a list of parts like this one, and no folder of the above.
_OFFICE = (b"vnd.openxmlformats-officedocument.", b"vnd.ms-visio.")

#: Other kinds of zip file, by an entry that each of them has.
_BY_ENTRY: Final = {
    "Index/Document.iwa": formats.IWORK,
    "Index.zip": formats.IWORK,
    "buildVersionHistory.plist": formats.IWORK,  # as they were until 2013
    "META-INF/MANIFEST.MF": formats.PROGRAM,
    "AndroidManifest.xml": formats.PROGRAM,
}

_MANIFEST: Final = "META-INF/manifest.xml"
_IWORK: Final = {each.extension: each for each in (formats.PAGES, formats.KEYNOTE, formats.NUMBERS)}

#: For a missing directory: names that a document's first entries may have, and the family that a
#: folder belongs to; its first is meant unless the extension says which.
_FIRST_NAMES = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"customXml/")

_FOLDERS = (
    ("word/", (formats.DOCX, formats.DOTX, formats.DOCM, formats.DOTM)),
    ("ppt/", (formats.PPTX, formats.PPSX, formats.POTX, formats.PPTM)),
    ("xl/", (formats.XLSX, formats.XLSM)),
)

_LOCAL_NAME = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)

#: What zipfile raises on malformed archives (UnicodeDecodeError is a ValueError; RuntimeError:
#: encrypted, NotImplementedError: an unknown compression).
ZIP_MALFORMED = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError,
    OverflowError, RuntimeError,
)  # fmt: skip


def identify_zip(content: Content, extension: str) -> tuple[Format, End]:
    """Return what the zip file is, and whether its central directory is there."""
    found, end = _read_zip(content, extension)
    found = found or _identify_by_first_entries(content, extension) or formats.ZIP
    if found in (formats.IWORK, formats.ZIP):
        found = _IWORK.get(extension, found)
    return found, end


def _read_zip(content: Content, extension: str) -> tuple[Format | None, End]:
    """Return the kind by the central directory, None if it is not there, and whether it is.

    A zip file that is cut off behind a zip file inside it ends with that one's directory: hence
    the directory must list the entry that the file begins with.
    """
    place = content.find_last(_END_MARK)
    record = content.read(place, _END.size) if place >= 0 else b""
    if len(record) < _END.size:
        is_early = place < 0 and content.may_end_early(_END_MARK)
        return None, End.DOUBTFUL if is_early else End.MISSING
    (comment,) = _END.unpack(record)
    size = min(content.size, place + _END.size + comment)
    bounded = Bounded(content.handle, _ZIP_BUDGET, size)
    found, end = None, End.DOUBTFUL
    with bounded.tolerated(ZIP_MALFORMED), zipfile.ZipFile(bounded) as archive:
        if _lists_first_entry(archive, content.head):
            end = End.SEEN
            found = _identify_by_entries(archive, extension) or formats.ZIP
        else:
            end = End.MISSING
    return found, end if bounded.left else End.NONE


def _lists_first_entry(archive: zipfile.ZipFile, head: bytes) -> bool:
    """Whether the directory lists the entry with which the file begins, perhaps behind junk.

    By its name: some programs count offsets from elsewhere.
    """
    begin = _LOCAL_NAME.search(head)
    first = min(archive.infolist(), key=lambda entry: entry.header_offset, default=None)
    if begin is None or first is None:
        return first is None
    encoding = "utf-8" if first.flag_bits & ZIP_UTF_8 else "cp437"
    return head.startswith(first.orig_filename.encode(encoding), begin.end())


def _part_name(name: str) -> str:
    """Return an entry's name in one form: OpenXML ignores case, and some programs change more."""
    return name.replace("\\", "/").removeprefix(".").lstrip("/").lower()


def _identify_by_entries(archive: zipfile.ZipFile, extension: str) -> Format | None:
    names = archive.NameToInfo
    parts = {_part_name(each): each for each in names}
    if types := parts.get("[content_types].xml"):
        return _identify_open_xml(archive, types, parts, extension)
    if "mimetype" in names or ("content.xml" in names and _MANIFEST in names):
        found = _identify_open_document(archive)
        return formats.LOCKED if found and _is_locked(archive) else found
    return next((found for name, found in _BY_ENTRY.items() if name in names), None)


def _identify_open_document(archive: zipfile.ZipFile) -> Format | None:
    """Return the kind by the entry "mimetype", or by the manifest where that does not say."""
    if "mimetype" in archive.NameToInfo and (
        found := _match_mimetype(_read_entry(archive, "mimetype")[:100])
    ):
        return found
    if _MANIFEST not in archive.NameToInfo:
        return None
    entries = re.findall(rb"<[^>]*>", _read_entry(archive, _MANIFEST))
    main = next((each for each in entries if b'full-path="/"' in each), b"")
    kind = re.search(rb'media-type="([^"]*)"', main)
    return _match_mimetype(kind[1]) if kind else None


def _is_locked(archive: zipfile.ZipFile) -> bool:
    """Whether an OpenDocument's manifest tells how its content is encrypted."""
    return _MANIFEST in archive.NameToInfo and b"encryption-data" in _read_entry(archive, _MANIFEST)


def _read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.NameToInfo[name].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return b""
    with archive.open(name) as entry:
        return entry.read(_ENTRY_CAP)


def _identify_open_xml(
    archive: zipfile.ZipFile, name: str, parts: Iterable[str], extension: str
) -> Format | None:
    """Return the document's kind by its list of parts, which may be UTF-16, or by its folders."""
    if archive.NameToInfo[name].flag_bits & ZIP_ENCRYPTED:
        return formats.LOCKED
    types = _read_entry(archive, name).replace(b"\0", b"").lower()
    found = next((found for main, found in _MAIN_PARTS if main in types), None)
    found = found or _identify_by_folder(parts, extension)
    return found or (formats.OFFICE if any(each in types for each in _OFFICE) else None)


def _identify_by_first_entries(content: Content, extension: str) -> Format | None:
    """Return the kind by the names of the first entries; the extension picks one of a family."""
    head = content.read(0, _NAMES_REACH)
    for entry in _LOCAL_NAME.finditer(head):
        name = head[entry.end() : entry.end() + int.from_bytes(entry[1], "little")]
        if name == b"mimetype":
            return _match_mimetype(head[entry.end() + len(name) :][:100])
        if found := _identify_by_folder([name.decode("latin-1")], extension):
            return found
        if not name.startswith(_FIRST_NAMES):
            return None  # an archive, maybe of documents
    return None


def _identify_by_folder(names: Iterable[str], extension: str) -> Format | None:
    """Return the kind by the folder that one of the entries is in."""
    for folder, family in _FOLDERS:
        if any(name.startswith(folder) for name in names):
            return next((f for f in family if f.extension == extension), family[0])
    return None


def _match_mimetype(rest: bytes) -> Format | None:
    """Return the kind whose media type ``rest`` begins with; the next entry may follow at once."""
    text = rest.decode("latin-1")
    longest_first = sorted(_MIMETYPES, key=len, reverse=True)
    return next((_MIMETYPES[known] for known in longest_first if text.startswith(known)), None)
