"""Reads a document's text, where that is simple: PDF, DOCX, PPTX, ODF, RTF, HTML, plain text.

The content alone decides, as the sandbox has no use for names that lie. What cannot be read (an
image, an old Word document, a damaged file) gives an empty Reading: the profile is there, nobody's
name is in it.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
import zlib
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from watcher.sandbox.facts import Reading, find_facts
from watcher.sandbox.rtf import strip_rtf

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Pages of a document that HrFlow parses.
MAX_PAGES: Final = 10
#: Bytes of one part of a zipped document, unpacked.
_MAX_PART: Final = 10_000_000
_SLIDE: Final = re.compile(r"ppt/slides/slide(\d+)\.xml")
_PAGES: Final = re.compile(rb"<Pages>(\d{1,6})</Pages>|page-count=\"(\d{1,6})\"")
_HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE
)
_BREAKS: Final = frozenset({"p", "h", "br", "line-break"})
_SPACES: Final = frozenset({"tab", "s"})


class _UnreadableError(Exception):
    """The document cannot be read; it is a profile without a name."""


def read_document(content: bytes) -> Reading:
    """What stands in a document; an empty Reading if it cannot be read."""
    try:
        return _read(content)
    except _UnreadableError:
        return Reading()


def _read(content: bytes) -> Reading:
    if b"%PDF-" in content[:1024]:
        return _read_pdf(content)
    if content.startswith(b"PK\x03\x04"):
        return _read_zip(content)
    if content.startswith(b"{\\rtf"):
        return find_facts(strip_rtf(content))
    text = _decode(content)
    return find_facts(_strip_html(text) if _HTML.match(content[:1024]) else text)


def _decode(content: bytes) -> str:
    if b"\0" in content:
        raise _UnreadableError("not a text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _read_pdf(content: bytes) -> Reading:
    try:
        import pypdf  # noqa: PLC0415 - takes its time, and is an extra
    except ImportError as error:
        raise _UnreadableError("pypdf is not installed") from error
    # It complains about every oddity of a file, which is the reader's business and no one else's.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        total = len(reader.pages)
        read = min(total, MAX_PAGES)
        text = "\n".join(reader.pages[number].extract_text() for number in range(read))
    except Exception as error:  # a damaged PDF can raise anything
        raise _UnreadableError(str(error)) from error
    return find_facts(text, total_pages=total, processed_pages=read)


def _read_zip(content: bytes) -> Reading:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_office(archive)
    except (zipfile.BadZipFile, zlib.error, ET.ParseError, RecursionError, OSError) as error:
        raise _UnreadableError(str(error)) from error
    except (EOFError, NotImplementedError, RuntimeError, KeyError) as error:  # odd compression
        raise _UnreadableError(str(error)) from error


def _read_office(archive: zipfile.ZipFile) -> Reading:
    names = frozenset(archive.namelist())
    if "word/document.xml" in names:
        pages = _count_pages(archive, "docProps/app.xml", names)
        return _facts([_xml(archive, "word/document.xml")], pages)
    if "content.xml" in names:
        root = _xml(archive, "content.xml")
        slides = sum(1 for element in root.iter() if element.tag.endswith("}page"))
        return _facts([root], slides or _count_pages(archive, "meta.xml", names))
    slides_in_order = sorted(
        (match for match in map(_SLIDE.fullmatch, names) if match), key=lambda m: int(m[1])
    )
    if not slides_in_order:
        raise _UnreadableError("no document in this archive")
    roots = [_xml(archive, match.string) for match in slides_in_order[:MAX_PAGES]]
    return _facts(roots, len(slides_in_order))


def _facts(roots: list[ET.Element], pages: int) -> Reading:
    text = "\n".join("".join(_texts(root)) for root in roots)
    return find_facts(text, total_pages=pages, processed_pages=min(pages, MAX_PAGES))


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as handle:
        content = handle.read(_MAX_PART + 1)
    if len(content) > _MAX_PART:
        raise _UnreadableError(f"{name} is too large")
    return content


def _xml(archive: zipfile.ZipFile, name: str) -> ET.Element:
    content = _part(archive, name)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _UnreadableError(f"{name} declares entities")
    return ET.fromstring(content)  # noqa: S314 - capped, and without entities


def _count_pages(archive: zipfile.ZipFile, name: str, names: frozenset[str]) -> int:
    match = _PAGES.search(_part(archive, name)) if name in names else None
    return max(1, int(match[1] or match[2])) if match else 1


def _texts(element: ET.Element) -> Iterator[str]:
    """The text below an element, paragraphs on lines of their own.

    In Microsoft's formats only elements called ``t`` hold text that is read, in OpenDocument all.
    """
    namespace, _, name = element.tag.rpartition("}")
    everything = "opendocument" in namespace
    if name in _BREAKS:
        yield "\n"
    elif name in _SPACES:
        yield " "
    if element.text and (everything or name == "t"):
        yield element.text
    for child in element:
        yield from _texts(child)
        if child.tail and everything:
            yield child.tail


class _Page(HTMLParser):
    """Collects what a browser would show."""

    _HIDDEN = frozenset({"script", "style", "title", "template"})
    _INLINE = frozenset({"a", "b", "em", "i", "small", "span", "strong", "u"})

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._HIDDEN:
            self._hidden = tag
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)

    def _separate(self, tag: str) -> None:
        if tag not in self._INLINE:
            self.pieces.append("\n")


def _strip_html(text: str) -> str:
    page = _Page()
    page.feed(text)
    page.close()
    return "".join(page.pieces)
