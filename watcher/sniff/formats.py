"""The formats that can be told apart: media type, extension, and words for people."""

from __future__ import annotations

from typing import Final, NamedTuple

_OPENXML = "application/vnd.openxmlformats-officedocument."
_OASIS = "application/vnd.oasis.opendocument."


class Format(NamedTuple):
    """One format; ``what`` follows "is" in a sentence."""

    media_type: str
    extension: str
    what: str


UNKNOWN = Format("", "", "nothing this program knows")
EMPTY = Format("", "", "an empty file")

PDF = Format("application/pdf", ".pdf", "a PDF document")
RTF = Format("application/rtf", ".rtf", "an RTF document")
HTML = Format("text/html", ".html", "a web page")
TEXT = Format("text/plain", ".txt", "a text file")
XML = Format("application/xml", ".xml", "an XML file")
SVG = Format("image/svg+xml", ".svg", "an SVG drawing")
POSTSCRIPT = Format("application/postscript", ".ps", "a PostScript file")

PNG = Format("image/png", ".png", "a PNG image")
JPEG = Format("image/jpeg", ".jpg", "a JPEG image")
BMP = Format("image/bmp", ".bmp", "a BMP image")

PROGRAM = Format("application/x-executable", "", "a program")
SHORTCUT = Format("application/x-ms-shortcut", ".lnk", "a shortcut to another file")

ZIP = Format("application/zip", ".zip", "a zip archive")
DOCX = Format(_OPENXML + "wordprocessingml.document", ".docx", "a Word document")
DOTX = Format(_OPENXML + "wordprocessingml.template", ".dotx", "a Word template")
DOCM = Format(
    "application/vnd.ms-word.document.macroEnabled.12", ".docm", "a Word document with macros"
)
DOTM = Format(
    "application/vnd.ms-word.template.macroEnabled.12", ".dotm", "a Word template with macros"
)
PPTX = Format(_OPENXML + "presentationml.presentation", ".pptx", "a PowerPoint presentation")
PPSX = Format(_OPENXML + "presentationml.slideshow", ".ppsx", "a PowerPoint slide show")
POTX = Format(_OPENXML + "presentationml.template", ".potx", "a PowerPoint template")
PPTM = Format(
    "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ".pptm",
    "a PowerPoint presentation with macros",
)
XLSX = Format(_OPENXML + "spreadsheetml.sheet", ".xlsx", "an Excel workbook")
XLSM = Format(
    "application/vnd.ms-excel.sheet.macroEnabled.12", ".xlsm", "an Excel workbook with macros"
)
ODT = Format(_OASIS + "text", ".odt", "an OpenDocument text")
OTT = Format(_OASIS + "text-template", ".ott", "an OpenDocument text template")
ODP = Format(_OASIS + "presentation", ".odp", "an OpenDocument presentation")
ODS = Format(_OASIS + "spreadsheet", ".ods", "an OpenDocument spreadsheet")
EPUB = Format("application/epub+zip", ".epub", "an electronic book")
IWORK = Format("application/vnd.apple.iwork", "", "an Apple iWork document")

DOC = Format("application/msword", ".doc", "a Word document")
PPT = Format("application/vnd.ms-powerpoint", ".ppt", "a PowerPoint presentation")
XLS = Format("application/vnd.ms-excel", ".xls", "an Excel workbook")
MSG = Format("application/vnd.ms-outlook", ".msg", "an Outlook message")
LOCKED_OFFICE = Format("application/encrypted", "", "a password-protected Office document")
COMPOUND = Format("application/x-ole-storage", "", "an Office file of an unknown kind")

#: What the library calls by names that say little to a person.
OTHERS: Final = {
    entry.media_type: entry
    for entry in (
        Format("image/gif", ".gif", "a GIF image"),
        Format("image/tiff", ".tif", "a TIFF image"),
        Format("image/webp", ".webp", "a WebP image"),
        Format("image/heic", ".heic", "a HEIC photo"),
        Format("image/avif", ".avif", "an AVIF image"),
        Format("image/vnd.adobe.photoshop", ".psd", "a Photoshop image"),
        Format("application/x-7z-compressed", ".7z", "a 7-Zip archive"),
        Format("application/x-rar-compressed", ".rar", "a RAR archive"),
        Format("application/gzip", ".gz", "a gzip archive"),
        Format("application/x-tar", ".tar", "a tar archive"),
        Format("application/x-bzip2", ".bz2", "a bzip2 archive"),
        Format("application/x-xz", ".xz", "an xz archive"),
        Format("application/zstd", ".zst", "a Zstandard archive"),
        Format("application/vnd.ms-cab-compressed", ".cab", "a cabinet archive"),
    )
}

#: Extensions that mean the same; the first is the one that is given to a name without any.
SAME = (
    (".jpg", ".jpeg"),
    (".html", ".htm"),
    (".tif", ".tiff"),
    (".txt", ".text", ".md"),
)

#: All of the above that have a media type.
_ALL: Final = (
    *(
        PDF, RTF, HTML, TEXT, XML, SVG, POSTSCRIPT, PNG, JPEG, BMP, PROGRAM, SHORTCUT, ZIP,
        DOCX, DOTX, DOCM, DOTM, PPTX, PPSX, POTX, PPTM, XLSX, XLSM, ODT, OTT, ODP, ODS, EPUB, IWORK,
        DOC, PPT, XLS, MSG, LOCKED_OFFICE, COMPOUND,
    ),
    *OTHERS.values(),
)  # fmt: skip
MEDIA_TYPES: Final = frozenset(each.media_type for each in _ALL)
#: Media types by the extensions that people call them by.
EXTENSIONS: Final = {each.extension: each.media_type for each in _ALL if each.extension} | {
    other: each.media_type for each in _ALL for same in SAME if each.extension in same
    for other in same
}  # fmt: skip

_KNOWN = """
    .pdf .rtf .html .htm .xhtml .txt .text .md .xml .svg .ps .eps
    .png .jpg .jpeg .bmp .gif .tif .tiff .webp .heic .avif .psd
    .doc .dot .docx .dotx .docm .dotm .ppt .pps .pot .pptx .ppsx .potx .pptm .xls .xlsx .xlsm
    .msg .eml .odt .ott .odp .ods .epub .pages .key .numbers
    .zip .7z .rar .gz .tar .bz2 .xz .zst .cab .exe .lnk
"""

#: Endings of names that are an extension and not a part of the name ("CV v2.1", "J. Doe").
KNOWN_EXTENSIONS = frozenset(_KNOWN.split())
