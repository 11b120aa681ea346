"""Name, email and phone number in the text of a CV. Pure; a guess, good enough to rehearse with."""

from __future__ import annotations

import codecs
import io
import logging
import re
import zipfile
import zlib
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


#: Starts like a number to dial, so that "2014-2016" is none.
_PHONE: Final = re.compile(r"(?<!\w)(?:\+|\(?0)[\d ().\-/]{6,20}\d", re.ASCII)


_TITLE: Final = re.compile(
    r"^(?:cv|curriculum vitae|r[ée]sum[ée]|lebenslauf)\b[\s:\u2013\u2014-]*(?:(?:of|de|von)\s+)?",
    re.IGNORECASE,
)


_PARTICLES: Final = frozenset(
    "al bin da das de del della den der di do dos du el ibn la le van von zu".split()  # noqa: SIM905 - read better so
)


_LONGEST_NAME: Final = 60


_LINES: Final = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in a document; empty texts and zeros for what was not found."""

    name: str = ""
    email: str = ""
    phone: str = ""
    total_pages: int = 0
    processed_pages: int = 0


def find_facts(text: str, *, total_pages: int = 1, processed_pages: int = 1) -> Reading:
    """Read a document's text, one paragraph a line."""
    email, phone = _EMAIL.search(text), _PHONE.search(text)
    return Reading(
        _name(text.splitlines()),
        email.group() if email else "",
        phone.group().strip() if phone else "",
        total_pages,
        processed_pages,
    )


def _name(lines: Iterable[str]) -> str:
    """The first line that could be a person's name."""
    full = [" ".join(line.split()) for line in lines if not line.isspace()]
    candidates = (_TITLE.sub("", line) for line in full[:_LINES])
    return next((line for line in candidates if _is_name(line)), "")


def _is_name(line: str) -> bool:
    words = line.split()
    if not words or len(line) > _LONGEST_NAME or not all(map(_is_name_word, words)):
        return False
    if len(words) == 1:  # scripts without upper and lower case write a name without a space
        return 2 <= len(line) <= 4 and not line.isascii() and line.upper() == line.lower()
    return len(words) <= 6 and words[0] not in _PARTICLES


def _is_name_word(word: str) -> bool:
    letters = re.sub(r"['\u2019.\-]", "", word)
    return letters.isalpha() and (word in _PARTICLES or not letters[0].islower())


_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,9})?[ ]?"  # a command, its number, the blank that ends it
    rb"|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)


#: Groups whose text is not the document's.
_HIDDEN: Final = frozenset(
    {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"footer", b"listtext"}
)


_LITERAL: Final = {
    b"par": "\n",
    b"line": "\n",
    b"cell": "\n",
    b"page": "\n",
    b"tab": " ",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"rquote": "\u2019",
    b"bullet": "\u2022",
}


class _Stripper:
    """One pass over the tokens; a group inherits what holds outside and forgets it at its end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._hidden = False
        self._fallback = 1  # characters that follow a \u for readers that cannot show it
        self._skip = 0
        self._charset = "cp1252"
        self._outer: list[tuple[bool, int]] = []

    def take(self, token: re.Match[bytes]) -> None:
        word, number, code, symbol, brace, text = token.groups()
        if brace:
            self._group(brace)
        elif word:
            self._command(word, int(number) if number else None)
        elif code:
            self._show(bytes.fromhex(code.decode()))
        elif symbol:
            self._symbol(symbol)
        elif text:
            self._show(text)

    def _group(self, brace: bytes) -> None:
        self._skip = 0
        if brace == b"{":
            self._outer.append((self._hidden, self._fallback))
        elif self._outer:
            self._hidden, self._fallback = self._outer.pop()

    def _command(self, word: bytes, number: int | None) -> None:
        if word in _HIDDEN:
            self._hidden = True
        elif word == b"uc" and number is not None:
            self._fallback = number
        elif word == b"ansicpg" and number is not None:
            self._charset = _charset(number)
        elif word == b"u" and number is not None:
            self._write(chr(number % 0x10000))
            self._skip = self._fallback
        elif word in _LITERAL:
            self._write(_LITERAL[word])

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._hidden = True
        elif symbol in b"\\{}":
            self._show(symbol)
        elif symbol == b"~":
            self._write(" ")

    def _show(self, text: bytes) -> None:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        self._write(text[skipped:].decode(self._charset, "replace"))

    def _write(self, text: str) -> None:
        if not self._hidden:
            self.pieces.append(text)


def strip_rtf(content: bytes) -> str:
    """The text of an RTF document, one paragraph a line."""
    stripper = _Stripper()
    for token in _TOKEN.finditer(content):
        stripper.take(token)
    # Characters beyond the first plane come as two halves.
    halves = "".join(stripper.pieces).encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "replace")


def _charset(number: int) -> str:
    try:
        return codecs.lookup(f"cp{number}").name
    except LookupError:
        return "cp1252"


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
