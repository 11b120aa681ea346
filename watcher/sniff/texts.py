"""A careful look for the formats that are text: mail, rtf, html, xml, links and text itself."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from watcher.sniff import formats

if TYPE_CHECKING:
    from watcher.sniff.formats import Format

#: Control characters that no text holds; tab, line ends, form feed and escape are tolerated.
_BINARY = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BEFORE_HTML = r"(?:\s|<\?[^>]*>|<!--(?:(?!-->).)*-->)*"
_HTML = re.compile(
    _BEFORE_HTML + r"<(?:!doctype\s+html|html|head|body|title|meta)\b", re.IGNORECASE | re.DOTALL
)
#: What a page copied or exported without its frame begins with.
_FRAGMENT = re.compile(
    _BEFORE_HTML + r"<(?:div|p|h[1-6]|table|tbody|tr|td|ul|ol|dl|section|article|main|header|nav|"
    r"aside|footer|form|center|font|span|b|i|strong|em|a|br|hr|img|pre|blockquote|link|style|"
    r"script|base|address|figure)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_MARKUP = re.compile(r"\s*<[a-z!]", re.IGNORECASE)
_PLAIN: Final = frozenset({".txt", ".text", ".md", ".log", ".csv"})
_XML: Final = (
    (re.compile(r"<svg\b"), formats.SVG),
    (re.compile(r"<w:wordDocument\b"), formats.WORD_2003),
    (re.compile(r'progid="Word\.Document"|<pkg:package\b[^>]*>\s*<pkg:part'), formats.WORD_XML),
    (re.compile(r"<office:document\b"), formats.FLAT_ODF),
    (re.compile(r"<key>WebMainResource</key>"), formats.WEB_ARCHIVE),
    (re.compile(r"<plist\b.*<key>URL</key>", re.DOTALL), formats.WEB_LINK),
)
_WEB_LINK = re.compile(r"\s*\[(?:InternetShortcut|Desktop Entry\][^\[]*\bType=Link\b)")
_GOOGLE_LINK = re.compile(r'"doc_id"\s*:.*"(?:email|resource_key)"\s*:', re.DOTALL)
_GOOGLE: Final = frozenset(
    {".gdoc", ".gsheet", ".gslides", ".gdraw", ".gform", ".gtable", ".gmap", ".gsite", ".gjam",
     ".gscript", ".glink", ".gnote", ".gdrive"}
)  # fmt: skip

#: The header of a mail (RFC 5322): what may stand before it, and one line of it.
_BEFORE_MAIL = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d+[ \t]*\r?\n)?(From .*\n>?)?\s*")  # .emlx, mbox
_HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)\r?(?:\n|\Z)")
_OF_MAIL: Final = frozenset(
    b"from to cc bcc sender subject reply-to received return-path message-id mime-version"
    b" delivered-to x-original-to content-transfer-encoding dkim-signature arc-seal"
    b" authentication-results in-reply-to references x-mozilla-status x-received".split()
)
#: Those that nobody writes above a letter.
_TECHNICAL: Final = frozenset(
    b"received return-path message-id mime-version delivered-to x-original-to content-type"
    b" content-transfer-encoding dkim-signature arc-seal authentication-results in-reply-to"
    b" x-mozilla-status x-received".split()
)
_RECEIVED: Final = frozenset(b"to cc bcc received delivered-to return-path x-original-to".split())
_MAIL_DATE = re.compile(rb"\s*(?:\w{3}, *)?\d{1,2} \w{3} \d{4} \d\d:\d\d")
_LONG_HEADER = 1000  # bytes; longer than what a person writes above a letter
_MAIL_ENDINGS: Final = frozenset({".eml", ".emlx", ".mbox", ".mht", ".mhtml"})


def find_mail(head: bytes, extension: str) -> Format | None:
    """A mail, a mailbox or a page saved as one file, by the header that each begins with."""
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
    """A letter may begin with "To:" and "Subject:" as well, an answer of HTTP with "Date:"."""
    known = _OF_MAIL & fields.keys()
    if extension in _MAIL_ENDINGS:
        return bool(known)
    dated = _MAIL_DATE.match(fields.get(b"date", b"")) is not None
    several = len(fields) > 1 or is_long
    return bool(known) and several and (dated or bool(_TECHNICAL & fields.keys()))


def find_text(head: bytes, extension: str) -> Format | None:
    """The kind of text that ``head`` starts, None if it is not text."""
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        return formats.RTF
    text = _decode(head)
    if text is None or _BINARY.search(text):
        return None
    return _tell_markup(text, extension)


def _tell_markup(text: str, extension: str) -> Format:
    if _HTML.match(text) or (extension in (".html", ".htm") and _MARKUP.match(text)):
        return formats.HTML
    if text.lstrip().startswith(("<?xml", "<office:document", "<pkg:package", "<w:wordDocument")):
        return next((found for telling, found in _XML if telling.search(text)), formats.XML)
    if extension not in _PLAIN and _FRAGMENT.match(text):
        return formats.HTML
    if text.lstrip().startswith("<svg"):
        return formats.SVG
    return _tell_link(text, extension) or formats.TEXT


def _tell_link(text: str, extension: str) -> Format | None:
    """What synchronisers and browsers put in the place of a document that is elsewhere."""
    if _WEB_LINK.match(text):
        return formats.WEB_LINK
    is_object = text.lstrip().startswith("{")
    if is_object and (extension in _GOOGLE or _GOOGLE_LINK.search(text)):
        return formats.GOOGLE_LINK
    return None


def _decode(head: bytes) -> str | None:
    """Text in the encodings people's files have; the head may end within a character."""
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
    """UTF-16 without a mark: nearly every other byte is zero, and only those."""
    if len(head) < 16:
        return ""
    first, second = (head[at::2].count(0) / (len(head) // 2) for at in (0, 1))
    if first < 0.01 and second > 0.7:
        return "utf-16-le"
    return "utf-16-be" if second < 0.01 and first > 0.7 else ""


def _decode_as(encoding: str, head: bytes) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
