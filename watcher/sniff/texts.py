"""A careful look for the formats that are text: rtf, html, xml and text itself."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from watcher.sniff import formats

if TYPE_CHECKING:
    from watcher.sniff.formats import Format

#: Control characters that no text holds; tab, line ends, form feed and escape are tolerated.
_BINARY = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BEFORE_HTML = r"(?:\s|<\?xml[^>]*>|<!--(?:(?!-->).)*-->)*"
_HTML = re.compile(
    _BEFORE_HTML + r"<(?:!doctype\s+html|html|head|body|title|meta)\b", re.IGNORECASE | re.DOTALL
)
_MARKUP = re.compile(r"\s*<[a-z!]", re.IGNORECASE)


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
    if text.lstrip().startswith("<?xml"):
        return formats.SVG if "<svg" in text else formats.XML
    return formats.TEXT


def _decode(head: bytes) -> str | None:
    """Text in the encodings people's files have; the head may end within a character."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_as("utf-16", head)
    utf8 = _decode_as("utf-8-sig", head)
    return head.decode("latin-1") if utf8 is None else utf8


def _decode_as(encoding: str, head: bytes) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
