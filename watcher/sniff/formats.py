"""The table of formats, how those with a signature are recognised, and which may be folders."""

from __future__ import annotations

import base64
import re
from typing import Final, NamedTuple

from watcher.i18n.message import NOTHING, Message, msg


class Format(NamedTuple):
    """One format; ``what`` follows "is" in a sentence.

    ``advice``: what a person can do where HrFlow cannot read the format; "" where it can, or
    where nothing helps.
    """

    media_type: str
    extension: str
    what: Message
    advice: Message = NOTHING


SAVE: Final = msg("Save it as PDF or Word.")
SAVE_IMAGE: Final = msg("Save it as PDF, JPEG or PNG.")
EXPORT: Final = msg("Export it as PDF or Word.")
DOWNLOAD: Final = msg("Download it as PDF or Word.")
EXTRACT: Final = msg("Extract the document and add it.")
UNLOCK: Final = msg("Save it without a password.")
DECRYPT: Final = msg("Save it without encryption.")
ADD_FILE: Final = msg("Add the file itself.")

_MS = "application/vnd.ms-"
_OPENXML = "application/vnd.openxmlformats-officedocument."
_OASIS = "application/vnd.oasis.opendocument."
_APPLE = "application/vnd.apple."

UNKNOWN = Format("", "", msg("a file of an unknown type"))
EMPTY = Format("", "", msg("an empty file"))

# Documents that are text or have a signature of their own
PDF = Format("application/pdf", ".pdf", msg("a PDF document"))
RTF = Format("application/rtf", ".rtf", msg("an RTF document"))
HTML = Format("text/html", ".html", msg("a web page"))
TEXT = Format("text/plain", ".txt", msg("a text file"), SAVE)
XML = Format("application/xml", ".xml", msg("an XML file"), SAVE)
WORD_2003 = Format(_MS + "word.2003+xml", "", msg("a Word 2003 XML document"), SAVE)
WORD_XML = Format(_MS + "word.flat+xml", "", msg("a Word XML document"), SAVE)
FLAT_ODF = Format(_OASIS + "flat+xml", ".fodt", msg("a flat OpenDocument file"), SAVE)
POSTSCRIPT = Format("application/postscript", ".ps", msg("a PostScript file"), SAVE)

# Mail and saved web pages
MAIL = Format("message/rfc822", ".eml", msg("an email message"), EXTRACT)
MAILBOX = Format("application/mbox", ".mbox", msg("a mailbox"), EXTRACT)
MHTML = Format("multipart/related", ".mht", msg("a web page saved as a single file (MHTML)"), SAVE)
WEB_ARCHIVE = Format("application/x-webarchive", ".webarchive", msg("a Safari web archive"), SAVE)
TNEF = Format(_MS + "tnef", ".dat", msg("an Outlook attachment (winmail.dat)"), EXTRACT)

# What stands for a document that is elsewhere
GOOGLE_LINK = Format(
    "application/vnd.google-apps.document", "", msg("only a link to a Google document"), DOWNLOAD
)
WEB_LINK = Format("application/x-url", "", msg("only a link to a web page"), DOWNLOAD)
SHORTCUT = Format("application/x-ms-shortcut", ".lnk", msg("a shortcut to another file"), ADD_FILE)

# Signed and encrypted
SIGNED = Format("application/pkcs7-mime", ".p7m", msg("a digitally signed file (.p7m)"), EXTRACT)
SIGNED_CONTAINER = Format(
    "application/vnd.etsi.asic-e+zip", ".asice", msg("a digitally signed file (.asice)"), EXTRACT
)
SIGNATURE = Format(
    "application/pkcs7-signature", ".p7s", msg("a digital signature without its document"), ADD_FILE
)
ENCRYPTED = Format("application/x-encrypted", "", msg("an encrypted file"), DECRYPT)
#: Any kind of document: without the password nobody opens it.
LOCKED = Format("application/encrypted", "", msg("password-protected"), UNLOCK)

# Images
PNG = Format("image/png", ".png", msg("a PNG image"))
JPEG = Format("image/jpeg", ".jpg", msg("a JPEG image"))
BMP = Format("image/bmp", ".bmp", msg("a BMP image"))
SVG = Format("image/svg+xml", ".svg", msg("an SVG drawing"), SAVE_IMAGE)
GIF = Format("image/gif", ".gif", msg("a GIF image"), SAVE_IMAGE)
TIFF = Format("image/tiff", ".tif", msg("a TIFF image"), SAVE_IMAGE)
WEBP = Format("image/webp", ".webp", msg("a WebP image"), SAVE_IMAGE)
HEIC = Format("image/heic", ".heic", msg("a HEIC photo"), SAVE_IMAGE)
AVIF = Format("image/avif", ".avif", msg("an AVIF image"), SAVE_IMAGE)
PHOTOSHOP = Format("image/vnd.adobe.photoshop", ".psd", msg("a Photoshop image"), SAVE_IMAGE)

# Zip containers: Office Open XML, OpenDocument, iWork and others
DOCX = Format(_OPENXML + "wordprocessingml.document", ".docx", msg("a Word document"))
DOTX = Format(_OPENXML + "wordprocessingml.template", ".dotx", msg("a Word template"))
DOCM = Format(
    _MS + "word.document.macroEnabled.12", ".docm", msg("a Word document with macros"), SAVE
)
DOTM = Format(
    _MS + "word.template.macroEnabled.12", ".dotm", msg("a Word template with macros"), SAVE
)
PPTX = Format(_OPENXML + "presentationml.presentation", ".pptx", msg("a PowerPoint presentation"))
PPSX = Format(_OPENXML + "presentationml.slideshow", ".ppsx", msg("a PowerPoint slide show"), SAVE)
POTX = Format(_OPENXML + "presentationml.template", ".potx", msg("a PowerPoint template"), SAVE)
PPTM = Format(
    _MS + "powerpoint.presentation.macroEnabled.12", ".pptm",
    msg("a PowerPoint presentation with macros"), SAVE,
)  # fmt: skip
XLSX = Format(_OPENXML + "spreadsheetml.sheet", ".xlsx", msg("an Excel workbook"), SAVE)
XLSM = Format(
    _MS + "excel.sheet.macroEnabled.12", ".xlsm", msg("an Excel workbook with macros"), SAVE
)
ODT = Format(_OASIS + "text", ".odt", msg("an OpenDocument text"))
OTT = Format(_OASIS + "text-template", ".ott", msg("an OpenDocument text template"), SAVE)
ODP = Format(_OASIS + "presentation", ".odp", msg("an OpenDocument presentation"))
ODS = Format(_OASIS + "spreadsheet", ".ods", msg("an OpenDocument spreadsheet"), SAVE)
#: Visio's, Publisher's and others that have no name here.
OFFICE = Format("application/x-office", "", msg("an Office file of an unknown kind"), SAVE)
XPS = Format(_MS + "xpsdocument", ".xps", msg("an XPS document"), SAVE)
EPUB = Format("application/epub+zip", ".epub", msg("an e-book"), SAVE)
IWORK = Format(_APPLE + "iwork", "", msg("an Apple iWork document"), EXPORT)
PAGES = Format(_APPLE + "pages", ".pages", msg("a Pages document"), EXPORT)
KEYNOTE = Format(_APPLE + "keynote", ".key", msg("a Keynote presentation"), EXPORT)
NUMBERS = Format(_APPLE + "numbers", ".numbers", msg("a Numbers spreadsheet"), EXPORT)

# OLE compound files: Office until 2003
DOC = Format("application/msword", ".doc", msg("a Word document"))
PPT = Format(_MS + "powerpoint", ".ppt", msg("a PowerPoint presentation"))
XLS = Format(_MS + "excel", ".xls", msg("an Excel workbook"), SAVE)
MSG = Format(_MS + "outlook", ".msg", msg("an Outlook message"))
COMPOUND = Format("application/x-ole-storage", "", msg("an Office file of an unknown kind"), SAVE)

# Archives and programs
ZIP = Format("application/zip", ".zip", msg("a zip archive"), EXTRACT)
TAR = Format("application/x-tar", ".tar", msg("a tar archive"), EXTRACT)
CPIO = Format("application/x-cpio", ".cpio", msg("a cpio archive"), EXTRACT)
SEVEN_ZIP = Format("application/x-7z-compressed", ".7z", msg("a 7-Zip archive"), EXTRACT)
RAR = Format("application/x-rar-compressed", ".rar", msg("a RAR archive"), EXTRACT)
GZIP = Format("application/gzip", ".gz", msg("a gzip archive"), EXTRACT)
BZIP2 = Format("application/x-bzip2", ".bz2", msg("a bzip2 archive"), EXTRACT)
XZ = Format("application/x-xz", ".xz", msg("an xz archive"), EXTRACT)
ZSTANDARD = Format("application/zstd", ".zst", msg("a Zstandard archive"), EXTRACT)
CABINET = Format(_MS + "cab-compressed", ".cab", msg("a cabinet archive"), EXTRACT)
ARCHIVE = Format("application/x-archive", "", msg("an archive"), EXTRACT)
PROGRAM = Format("application/x-executable", "", msg("a program"))

_ARCHIVES = (
    "application/x-lz4", "application/x-compress", "application/x-lzip", "application/x-rpm",
    "application/x-deb", "application/x-unix-archive", "application/x-google-chrome-extension",
)  # fmt: skip

#: Formats that the library recognises, by the names that it has for them.
_FROM_LIBRARY: Final = {
    each.media_type: each
    for each in (
        GIF, TIFF, WEBP, HEIC, AVIF, PHOTOSHOP,
        SEVEN_ZIP, RAR, GZIP, TAR, BZIP2, XZ, ZSTANDARD, CABINET,
    )
} | dict.fromkeys(_ARCHIVES, ARCHIVE)  # fmt: skip

#: Extensions that mean the same; the first is appended to a name that has none.
SAME = (
    (".jpg", ".jpeg"),
    (".html", ".htm"),
    (".tif", ".tiff"),
    (".txt", ".text", ".md"),
)

#: Every format above that has a media type, collected so that none can be forgotten.
_ALL: Final = tuple(
    each for each in tuple(globals().values()) if isinstance(each, Format) and each.media_type
)

MEDIA_TYPES: Final = frozenset(each.media_type for each in _ALL)

#: Media types by the extensions that people call them by.
EXTENSIONS: Final = {each.extension: each.media_type for each in _ALL if each.extension} | {
    other: each.media_type for each in _ALL for same in SAME if each.extension in same
    for other in same
}  # fmt: skip

#: Extensions of the files that Google Drive stores for its documents.
GOOGLE_EXTENSIONS: Final = frozenset({
    ".gdoc", ".gsheet", ".gslides", ".gdraw", ".gform", ".gtable", ".gmap", ".gsite", ".gjam",
    ".gscript", ".glink", ".gnote", ".gdrive",
})  # fmt: skip

#: What is an extension at the end of a name; others are part of the name ("CV v2.1", "J. Doe").
KNOWN_EXTENSIONS: Final = frozenset(EXTENSIONS) | {
    ".xhtml", ".mhtml", ".eps", ".dot", ".pps", ".pot", ".rtfd", ".textbundle", ".exe"
}  # fmt: skip

_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"II+\0\x08\0\0\0", TIFF),  # BigTIFF, which the library does not know
    (b"MM\0+\0\x08\0\0", TIFF),
    (b"\x7fELF", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),  # Mach-O, 64 bits
    (b"\xce\xfa\xed\xfe", PROGRAM),
    (b"\xfe\xed\xfa\xce", PROGRAM),
    (b"\xfe\xed\xfa\xcf", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),  # Mach-O for several processors, Java
    (b"L\0\0\0\x01\x14\x02\0", SHORTCUT),
    (b"PK\x05\x06", ZIP),  # without any entry
    (b"PK\x07\x08PK\x03\x04", ZIP),  # the first of several volumes
    (b"book\0\0\0\0mark\0\0\0\0", SHORTCUT),  # macOS
    (b"%!PS", POSTSCRIPT),
    (b"\x04%!PS", POSTSCRIPT),  # for a printer on a serial line
    (b"\xc5\xd0\xd3\xc6", POSTSCRIPT),  # with a preview
    # Archives that may hold a document uncompressed: its signature must not win.
    (b"!<arch>\n", ARCHIVE),
    (b"xar!\0", ARCHIVE),
    (b"MSWIM\0\0\0", ARCHIVE),
    (b"WARC/1.", ARCHIVE),
    (b"StuffIt (c)", ARCHIVE),
    (b"SIT!\0", ARCHIVE),
    (b"ITSF\x03\0\0\0", ARCHIVE),  # compiled help
    (b"\x00\x05\x16\x00", ARCHIVE),  # AppleSingle
    (b"\x78\x9f\x3e\x22", TNEF),
    (b"!BDN", MAILBOX),  # Outlook's
    (b"-----BEGIN PGP MESSAGE-----", ENCRYPTED),
    (b"age-encryption.org/", ENCRYPTED),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", ENCRYPTED),
    (b"Salted__", ENCRYPTED),  # OpenSSL
    (b"AES\x01", ENCRYPTED),  # AES Crypt
    (b"AES\x02", ENCRYPTED),
    (b"AES\x03", ENCRYPTED),
    (b"\xc0\xb9\x07\x2e\x4f\x93\xf1\x46\xa0\x15\x79\x2c\xa1\xd9\xe8\x21", ENCRYPTED),  # AxCrypt
    (b"\x76\xe8\x04\x60\xc4\x11\xe3\x86", ENCRYPTED),  # Microsoft's rights management
)

#: The same as patterns, where the first bytes vary or are too few to decide.
_PATTERNS = (
    (re.compile(rb"0707(?:0[12][0-9A-Fa-f]{104}|07[0-7]{70})"), CPIO),
    (re.compile(rb"..-l[hz][0-9ds]-", re.DOTALL), ARCHIVE),  # LHA
    (re.compile(rb".{7}\*\*ACE\*\*", re.DOTALL), ARCHIVE),
    (re.compile(rb"bplist00.{0,2000}WebMainResource", re.DOTALL), WEB_ARCHIVE),
    (re.compile(rb"bplist00.{0,2000}SURL", re.DOTALL), WEB_LINK),
    # OpenPGP (RFC 9580): a session key, encrypted by a public key or by a password.
    (re.compile(rb"(?:\x84.|\x85..|\xc1[\0-\xbf]|\xc1[\xc0-\xdf].)[\3\6]", re.DOTALL), ENCRYPTED),
    (re.compile(rb"[\x8c\xc3][\4-\x40][\4-\6][\1-\r]"), ENCRYPTED),
    (re.compile(rb"begin [0-7]{3,4} \S[^\r\n]*\r?\n[ -`]+\r?\n"), ARCHIVE),  # uuencode
)

#: A sequence of any length that begins with the kind of its content (RFC 5652, RFC 5544).
_CMS = re.compile(
    rb"\x30(?:[\0-\x80]|\x81.|\x82..|\x83...|\x84....)"
    rb"\x06.\x2a\x86\x48\x86\xf7\x0d\x01(?:\x07(?P<kind>[\x02-\x06])|\x09\x10\x01[\x09\x17\x1f])",
    re.DOTALL,
)

_FRAMES = (b"-----BEGIN PKCS7-----", b"-----BEGIN CMS-----")
_ENVELOPED = (b"\x03", b"\x06")
_BASE64 = re.compile(rb"\s*(?:-----BEGIN [A-Z0-9 ]+-----\s+)?([A-Za-z0-9+/]{40})")
_TAR_HEADER = 512
_TAR_SUM = slice(148, 156)
_SCRIPT = re.compile(rb"#! ?/")
_BMP_HEADER_SIZES = frozenset((12, 16, 40, 52, 56, 64, 108, 124))


def find_signature(head: bytes, extension: str = "") -> Format | None:
    """Return the format whose signature ``head`` starts with, None if it is none of the above."""
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    if _SCRIPT.match(head) or (head.startswith(b"MZ") and b"\0" in head[:64]):
        return PROGRAM
    if _is_bmp(head):
        return BMP
    for pattern, found in _PATTERNS:
        if pattern.match(head):
            return found
    return _find_cms(head, extension)


def is_tar(head: bytes) -> bool:
    """Whether ``head`` is a tar header, by its checksum: the oldest kinds have no other mark."""
    header = head[:_TAR_HEADER]
    digits = header[_TAR_SUM].strip(b" \0")
    if len(header) < _TAR_HEADER or not re.fullmatch(rb"[0-7]{1,7}", digits):
        return False
    blank = header[: _TAR_SUM.start] + b" " * 8 + header[_TAR_SUM.stop :]
    return sum(blank) == int(digits, 8)


def _find_cms(head: bytes, extension: str) -> Format | None:
    """Return the kind of a signed or encrypted file (CMS), in binary or in Base64."""
    text = _BASE64.match(head)
    found = _CMS.match(base64.b64decode(text[1]) if text else head)
    if found is None:
        return SIGNED if head.startswith(_FRAMES) else None
    if found["kind"] in _ENVELOPED:
        return ENCRYPTED
    return SIGNATURE if extension in (".p7s", ".sig") else SIGNED


def _is_bmp(head: bytes) -> bool:
    """Whether ``head`` is a bitmap's; "BM" alone may begin a text ("BMW")."""
    second = int.from_bytes(head[14:18], "little")
    return head.startswith(b"BM") and second in _BMP_HEADER_SIZES


def guess_other(head: bytes) -> Format:
    """Return what the library recognises in ``head``; UNKNOWN if it doesn't."""
    import filetype  # noqa: PLC0415 - 20 ms, never needed by a folder of CVs

    kind = filetype.guess(head)
    if kind is None:
        return UNKNOWN
    known = _FROM_LIBRARY.get(kind.mime)
    if known:
        return known
    advice = SAVE_IMAGE if kind.mime.startswith("image/") else NOTHING
    what = _describe(kind.mime, kind.extension)
    return Format(kind.mime, f".{kind.extension}", what, advice)


def can_detect(media_type: str) -> bool:
    """Whether :func:`watcher.sniff.detect.sniff` can return this media type."""
    if media_type in MEDIA_TYPES:
        return True
    import filetype  # noqa: PLC0415 - as above

    return any(kind.mime == media_type for kind in filetype.TYPES)


def _describe(media_type: str, extension: str) -> Message:
    words = {
        "image": msg("an image"),
        "video": msg("a video"),
        "audio": msg("an audio file"),
        "font": msg("a font"),
    }
    what = words.get(media_type.partition("/")[0]) or msg("a file")
    return msg("{what} ({extension})", what=what, extension=extension.upper())


#: What a document is that is a folder, by its extension; the main file of others shows it.
BUNDLES: Final = {each.extension: each for each in (PAGES, KEYNOTE, NUMBERS, EPUB)}
