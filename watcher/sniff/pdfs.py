"""Looks into PDF files: where they begin, whether they are complete, and how they are locked."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any, Final, cast

from watcher.sniff import formats
from watcher.sniff.content import FILLING, REACH, Bounded, End

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.sniff.content import Content
    from watcher.sniff.formats import Format

JUNK = 1024  # bytes; readers look for a PDF's header that far (PDF 1.7, implementation note 13)
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?[\0\s]{0,64}(?:%PDF-|%!PS-Adobe-\d\.\d PDF-\d)")
_HEADER = re.compile(rb"%PDF-\d")
_OBJECT = re.compile(rb"\d\s++\d++\s++obj\b")

#: The header as a line of its own, and not in a sentence about such files.
_LINE = re.compile(rb"[\0\s\xef\xbb\xbf]*%[^\r\n%]{4,24}?\d\.\d[ \t]*(?:[\r\n%]|\Z)")
_END = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_POINTER = re.compile(rb"startxref\s+(\d{1,12})")
_NEAR: Final = 65_536  # bytes before the end of a PDF in which a trailer is looked for
_MORE = re.compile(rb"\d\s+\d+\s+obj\b")
_POINTER_AT_END = re.compile(rb"startxref\s+\d+\s*\Z")

#: The cross-reference table behind the last object; readers rebuild the rest if they must.
_TABLE = re.compile(rb"endobj\s+(?:xref\s+\d|\d+\s+\d+\s+obj\s*<<[^>]{0,500}/Type\s*/XRef\b)")

#: What the first page of a linearized file ends with (ISO 32000, annex F): the rest follows.
_FIRST_PAGE = re.compile(rb"startxref\s+0\s+%%EOF")


def may_be_pdf(head: bytes) -> bool:
    """Whether a file begins with the mark of a PDF, as a text about such files may, too."""
    return _BEGIN.match(head) is not None


def begins_as_pdf(head: bytes) -> bool:
    """Whether what may be a PDF is one: its mark is a line of its own, or an object follows."""
    return bool(_LINE.match(head) or _OBJECT.search(head))


def find_header(head: bytes) -> re.Match[bytes] | None:
    """Find a header behind junk, and an object."""
    header = _HEADER.search(head, 0, JUNK)
    return header if header and _OBJECT.search(head, header.end()) else None


def is_late_pdf(content: Content, extension: str) -> bool:
    """Whether what looks like text is a PDF behind some lines of junk, and not a text about PDF.

    The last pointer leads to a cross-reference table, counted from the start of the file or from
    the header; or it is called a PDF and ends like one.
    """
    header = find_header(content.head)
    tail = content.tail(2048)
    pointers = _END.findall(tail) if header else ()
    if header is None or not pointers:
        return False
    if extension == ".pdf" and tail.rstrip(b"\0 \t\r\n").endswith(b"%%EOF"):
        return True
    places = (int(pointers[-1]), header.start() + int(pointers[-1]))
    return any(re.match(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)", content.read(at, 32)) for at in places)


# --- Is it complete? ---------------------------------------------------------------------------


def find_pdf_end(content: Content) -> End:
    """Look for an ``%%EOF`` with nothing of the document behind it.

    Without that mark readers still open a file that has a pointer to its cross-reference table,
    and where an incremental update is incomplete they open the version before it.
    """
    for tail in content.tails():
        mark = tail.rfind(b"%%EOF")
        if mark >= 0 and _ends_first_page(content, tail[: mark + 5]):
            return End.MISSING
        if mark >= 0:
            return End.DOUBTFUL if _MORE.search(tail, mark) else End.SEEN
        if _POINTER_AT_END.search(tail.rstrip(FILLING)):
            return End.NONE
    # The searched part is allocated but not filled: what precedes it is not known.
    is_room = content.size > REACH and not tail.strip(b"\0")
    has_objects = _TABLE.match(tail, tail.rfind(b"endobj")) is not None
    opens = is_room or has_objects or _has_early_end(content)
    return End.DOUBTFUL if opens else End.MISSING


def _ends_first_page(content: Content, text: bytes) -> bool:
    last = text.rfind(b"startxref")
    is_first = last >= 0 and _FIRST_PAGE.fullmatch(text, last) is not None
    return is_first and b"/Linearized" in content.head


def _has_early_end(content: Content) -> bool:
    """Whether there is an ``%%EOF`` anywhere: the document opens as it was then."""
    for chunk in content.before_tails():
        ends = (found.end() for found in re.finditer(b"%%EOF", chunk))
        if any(not _ends_first_page(content, chunk[:end]) for end in ends):
            return True
    return False


# --- A PDF that needs a password or a certificate: ISO 32000-2, 7.6 ------------------------------

_BUDGET: Final = 2_000_000  # bytes the library may read: the table of 100,000 objects
_ENTRIES: Final = 50_000  # of a compressed table: some seconds of a hostile one
_FILTERED: Final = (4, 5, 6)  # versions with a filter for each kind of data


def find_lock(content: Content) -> Format | None:
    """Return how a PDF is locked: with a password, or for those with a certificate or a licence.

    None where everybody can open it, or where that cannot be determined.
    """
    if not any(b"/Encrypt" in part for part in _read_trailers(content)):
        return None
    import pypdf  # noqa: PLC0415 - 150 ms for a rare PDF

    class Unopened(pypdf.PdfReader):
        """Reads the encryption dictionary alone, as the library refuses all but its own kinds."""

        is_encrypted = False

    end = content.find_last(b"%%EOF")
    bounded = Bounded(content.handle, _BUDGET, content.size if end < 0 else end + 5)
    handle = cast("IO[bytes]", bounded)
    lock = None
    with bounded.tolerated((Exception,)):  # a damaged PDF can raise anything
        rules: Any = Unopened(handle, xref_stream_maximum_entries=_ENTRIES).trailer["/Encrypt"]
        if rules["/Filter"] != "/Standard":
            lock = None if _is_for_attachments(rules) else formats.ENCRYPTED
        elif not pypdf.PdfReader(handle).decrypt(""):
            lock = formats.LOCKED
    return lock


def _is_for_attachments(rules: Any) -> bool:
    """Whether only attachments, or nothing at all, may be encrypted."""
    filters = {rules.get(name, "/Identity") for name in ("/StmF", "/StrF")}
    return rules.get("/V") in _FILTERED and filters == {"/Identity"}


def _read_trailers(content: Content) -> Iterator[bytes]:
    """Yield where a PDF's trailer may be: the end, where the last pointer leads, and the start.

    Anything may be appended behind the end.
    """
    last = content.find_last(b"startxref")
    end = content.size if last < 0 else min(content.size, last + 64)
    part = content.read(max(0, end - _NEAR), min(end, _NEAR))
    yield part
    if pointers := _POINTER.findall(part):
        yield content.read(int(pointers[-1]), 4096)
    yield content.head
