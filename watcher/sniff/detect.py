"""Detects what a file is, and chooses the name that is sent."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from watcher.model.files import Sniffed
from watcher.sniff import formats
from watcher.sniff.compounds import identify_compound
from watcher.sniff.content import Content, End
from watcher.sniff.endings import find_end
from watcher.sniff.formats import KNOWN_EXTENSIONS, SAME, find_signature, guess_other, is_tar
from watcher.sniff.pdfs import (
    JUNK,
    begins_as_pdf,
    find_header,
    find_lock,
    is_late_pdf,
    may_be_pdf,
)
from watcher.sniff.zips import identify_zip

if TYPE_CHECKING:
    from typing import BinaryIO

    from watcher.sniff.formats import Format

#: Bytes that show what is not a document; as much as filetype examines.
HEAD: Final = 8192
_ZIP_BEGIN = re.compile(rb"(?:PK\x07\x08|PK00)?PK\x03\x04")  # marks of volumes: APPNOTE.TXT 8.5
_WHOLE: Final = {End.SEEN: True, End.NONE: None, End.DOUBTFUL: False, End.MISSING: False}


def sniff(handle: BinaryIO, size: int, name: str) -> Sniffed:
    """Return what the ``size`` bytes of the seekable ``handle`` are.

    The extension of ``name`` only decides between formats that share a signature. The position
    of the handle is undefined afterwards.
    """
    handle.seek(0)
    content = Content(handle, size, handle.read(HEAD))
    found, end = _identify(content, _extension(name))
    if found is formats.PDF:
        found = find_lock(content) or found
    broken = end is End.MISSING
    return Sniffed(found.media_type, found.extension, found.what, _WHOLE[end], broken, found.advice)


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return dot + extension.lower() if stem else ""


def _identify(content: Content, extension: str) -> tuple[Format, End]:
    head = content.head
    if not head:
        return formats.EMPTY, End.MISSING
    if is_tar(head):  # first: it begins with a file name, which may look like any signature
        return formats.TAR, End.NONE
    if _ZIP_BEGIN.match(head):
        return identify_zip(content, extension)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return identify_compound(content, extension)
    found = _identify_by_head(content, extension)
    if found is formats.UNKNOWN:
        return _identify_behind_junk(content, extension)
    return found, find_end(found, content)


def _identify_behind_junk(content: Content, extension: str) -> tuple[Format, End]:
    """Return what follows some junk, as mail gateways, scanners and web servers put it first."""
    if _ZIP_BEGIN.search(content.head, 0, JUNK):
        found, end = identify_zip(content, extension)
        if end is End.SEEN:
            return found, end
    found = formats.PDF if find_header(content.head) else formats.UNKNOWN
    return found, find_end(found, content)


def _identify_by_head(content: Content, extension: str) -> Format:
    head = content.head
    is_marked = may_be_pdf(head)
    if is_marked and begins_as_pdf(head):
        return formats.PDF
    text = _find_text(head, extension)
    if is_marked and text is None:
        return formats.PDF
    found = find_signature(head, extension) or _find_mail(head, extension)
    if found or text not in (formats.TEXT, formats.HTML) or _HTML.match(head.decode("latin-1")):
        return found or text or guess_other(head)
    return formats.PDF if is_late_pdf(content, extension) else text


# --- Text, markup and mail ---------------------------------------------------------------------

#: Control characters that do not occur in text, unlike tab, line ends, form feed, Ctrl-Z, escape.
_BINARY = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f]")
_BEFORE_HTML = r"(?:\s|<\?[^>]*>|<!--(?:(?!-->).)*-->)*"

_HTML = re.compile(
    _BEFORE_HTML + r"<(?:!doctype\s+html|html|head|body|title|meta)\b", re.IGNORECASE | re.DOTALL
)

#: How a part of a page begins that was copied or exported without <html>.
_FRAGMENT = re.compile(
    _BEFORE_HTML + r"<(?:div|p|h[1-6]|table|tbody|tr|td|ul|ol|dl|section|article|main|header|nav|"
    r"aside|footer|form|center|font|span|b|i|strong|em|a|br|hr|img|pre|blockquote|link|style|"
    r"script|base|address|figure)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)

_TAG = re.compile(r"<[a-z!/]", re.IGNORECASE)
_HTML_ENDINGS: Final = frozenset({".html", ".htm", ".xhtml", ".shtml"})
_PLAIN: Final = frozenset({".txt", ".text", ".md", ".log", ".csv"})

_XML: Final = (
    (re.compile(r"<svg\b"), formats.SVG),
    (re.compile(r"<w:wordDocument\b"), formats.WORD_2003),
    (re.compile(r'progid="Word\.Document"|<pkg:package\b[^>]*>\s*<pkg:part'), formats.WORD_XML),
    (re.compile(r"<office:document\b"), formats.FLAT_ODF),
    (re.compile(r"<key>WebMainResource</key>"), formats.WEB_ARCHIVE),
    (re.compile(r"<plist\b.*<key>URL</key>", re.DOTALL), formats.WEB_LINK),
)

_WEB_LINK = re.compile(
    r"\s*(?:\[[^\[]*\n)*\[InternetShortcut\]"
    r"|\s*\[Desktop Entry\][^\[]*\bType=Link\b"
)
_GOOGLE_LINK = re.compile(
    r'"doc_id"\s*:.*"(?:email|resource_key)"\s*:|"url"\s*:\s*"https://(?:docs|drive)\.google\.com/',
    re.DOTALL,
)

#: The header of a mail (RFC 5322): what may stand before it, and one line of it.
_BEFORE_MAIL = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d+[ \t]*\r?\n)?(From .*\n>?)?\s*")  # .emlx, mbox
_HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)\r?(?:\n|\Z)")

_OF_MAIL: Final = frozenset(
    b"from to cc bcc sender subject reply-to received return-path message-id mime-version"
    b" delivered-to x-original-to content-transfer-encoding dkim-signature arc-seal"
    b" authentication-results in-reply-to references x-mozilla-status x-received".split()
)

#: Those that people do not type above a letter.
_TECHNICAL: Final = frozenset(
    b"received return-path message-id mime-version delivered-to x-original-to content-type"
    b" content-transfer-encoding dkim-signature arc-seal authentication-results in-reply-to"
    b" x-mozilla-status x-received".split()
)

_RECEIVED: Final = frozenset(b"to cc bcc received delivered-to return-path x-original-to".split())
_MAIL_DATE = re.compile(rb"\s*(?:\w{3}, *)?\d{1,2} \w{3} \d{4} \d\d:\d\d")
_LONG_HEADER = 1000  # bytes; longer than what a person types above a letter
_MAIL_ENDINGS: Final = frozenset({".eml", ".emlx", ".mbox", ".mht", ".mhtml"})


def _find_mail(head: bytes, extension: str) -> Format | None:
    """Return the kind of a mail, a mailbox or a page saved as one file, by its header lines."""
    begin = _BEFORE_MAIL.match(head)
    if begin is None:
        return None
    fields: dict[bytes, bytes] = {}
    at = begin.end()
    while line := _HEADER.match(head, at):
        fields.setdefault(line[1].lower(), line[2])
        at = line.end()
    if not _is_mail(fields, extension, is_long=at > _LONG_HEADER):
        return None
    kind = fields.get(b"content-type", b"").lower()
    is_page = kind.strip().startswith(b"multipart/related") and not _RECEIVED & fields.keys()
    if is_page or b"snapshot-content-location" in fields or extension in (".mht", ".mhtml"):
        return formats.MHTML
    return formats.MAILBOX if begin[1] else formats.MAIL


def _is_mail(fields: dict[bytes, bytes], extension: str, *, is_long: bool) -> bool:
    """Whether these are the header lines of a mail.

    A letter may begin with "To:" and "Subject:" as well, an HTTP response with "Date:".
    """
    known = _OF_MAIL & fields.keys()
    if extension in _MAIL_ENDINGS:
        return bool(known)
    dated = _MAIL_DATE.match(fields.get(b"date", b"")) is not None
    several = len(fields) > 1 or is_long
    return bool(known) and several and (dated or bool(_TECHNICAL & fields.keys()))


def _find_text(head: bytes, extension: str) -> Format | None:
    """Return the kind of text that ``head`` is the start of, None if it is not text."""
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        return formats.RTF
    text = _decode(head)
    if text is None:
        return None
    if _BINARY.search(text):  # browsers show a page all the same
        return formats.HTML if _HTML.match(text) else None
    return _identify_markup(text, extension)


def _identify_markup(text: str, extension: str) -> Format:
    if _HTML.match(text):
        return formats.HTML
    if text.lstrip().startswith(("<?xml", "<office:document", "<pkg:package", "<w:wordDocument")):
        return next((found for telling, found in _XML if telling.search(text)), formats.XML)
    if text.lstrip().startswith("<svg"):
        return formats.SVG
    is_page = extension in _HTML_ENDINGS and _TAG.search(text)
    if is_page or (extension not in _PLAIN and _FRAGMENT.match(text)):
        return formats.HTML
    return _identify_link(text, extension) or formats.TEXT


def _identify_link(text: str, extension: str) -> Format | None:
    """Return the kind of link that synchronisers and browsers store for a document elsewhere."""
    if _WEB_LINK.match(text):
        return formats.WEB_LINK
    is_object = text.lstrip().startswith("{")
    if is_object and (extension in formats.GOOGLE_EXTENSIONS or _GOOGLE_LINK.search(text)):
        return formats.GOOGLE_LINK
    return None


def _decode(head: bytes) -> str | None:
    """Decode ``head``, which may end within a character; None if it has a mark but is invalid."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _decode_as(encoding, head)
    if (encoding := _guess_wide(head)) and (wide := _decode_as(encoding, head)):
        return wide
    utf8 = _decode_as("utf-8-sig", head)
    return head.decode("latin-1") if utf8 is None else utf8


_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # first: it begins as the next one does
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF32_BE, "utf-32"),
)


def _guess_wide(head: bytes) -> str:
    """Recognise UTF-16 and UTF-32 without a mark: bytes in the same places are zero, no others."""
    if len(head) < 16:
        return ""
    columns = [head[at::4].strip(b"\0") for at in range(4)]
    if not any(columns[2:]) and columns[0]:
        return "utf-32-le"
    if not any(columns[:2]) and columns[3]:
        return "utf-32-be"
    first, second = (head[at::2].count(0) / (len(head) // 2) for at in (0, 1))
    if first < 0.01 and second > 0.7:
        return "utf-16-le"
    return "utf-16-be" if second < 0.01 and first > 0.7 else ""


def _decode_as(encoding: str, head: bytes) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None


# --- The name that is sent -----------------------------------------------------------------------

_LONGEST = 255  # bytes of UTF-8, as most file systems have it
_STEM = "document"
_SPACES = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")

#: Control characters, and bytes that are not UTF-8 (as surrogates).
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

#: Marks of direction, which show "exe.pdf" as "fdp.exe".
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def server_name(name: str, extension: str) -> str:
    """Return ``name``, safe to send and with the extension that fits the content.

    ``extension`` is that of the content with its dot, or "" to keep the one that the name has.
    One that means the same is kept too, and only known extensions are replaced ("CV v2.1" becomes
    "CV v2.1.pdf"). The result has at most 255 bytes of UTF-8.
    """
    clean = _clean(name)
    stem, own = _split(clean)
    ending = own if not extension or _mean_same(own, extension) else extension
    if not stem.strip(". "):
        stem = _STEM
    room = _LONGEST - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore") + ending


def _clean(name: str) -> str:
    spaced = _SPACES.sub(" ", _TURNING.sub("", name))
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", spaced).strip().rstrip(". ")


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if dot + extension.lower() in KNOWN_EXTENSIONS:
        return stem.rstrip(), dot + extension
    return name, ""


def _mean_same(own: str, extension: str) -> bool:
    family = next((group for group in SAME if extension in group), (extension,))
    return own.lower() in family
