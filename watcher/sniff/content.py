"""The order in which a file's content is asked what it is: the lenient rules come last."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from watcher.model import Sniffed
from watcher.sniff import formats
from watcher.sniff.compound import look_into_compound
from watcher.sniff.endings import find_end
from watcher.sniff.passwords import needs_password
from watcher.sniff.signatures import find_signature, guess_other, is_tar
from watcher.sniff.texts import find_mail, find_text
from watcher.sniff.window import End, Window
from watcher.sniff.zipped import look_into_zip

if TYPE_CHECKING:
    from typing import BinaryIO

    from watcher.sniff.formats import Format

_HEAD = 8192  # bytes; what the signatures' library looks at as well
_PDF_REACH = 1024  # bytes; readers look for the header that far (PDF 1.7, implementation note 13)
_PDF_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?[\0\s]{0,64}(?:%PDF-|%!PS-Adobe-\d\.\d PDF-\d)")
_PDF_HEADER = re.compile(rb"%PDF-\d")
_PDF_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")
#: The header as it stands in a file, and not in a sentence about such files.
_PDF_LINE = re.compile(rb"[\0\s\xef\xbb\xbf]*%[^\r\n%]{4,24}?\d\.\d[ \t]*(?:[\r\n%]|\Z)")
_STARTXREF = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_WHOLE: Final = {End.SEEN: True, End.NONE: None, End.DOUBTFUL: False, End.MISSING: False}


def sniff(handle: BinaryIO, size: int, name: str) -> Sniffed:
    """Say what the ``size`` bytes behind the seekable ``handle`` are.

    The extension of ``name`` breaks ties between formats that share a signature, and nothing
    else. The handle's position is anywhere afterwards.
    """
    handle.seek(0)
    content = Window(handle, size, handle.read(_HEAD))
    found, end = _identify(content, _extension(name))
    if found is formats.PDF and needs_password(content):
        found = formats.LOCKED
    broken = end is End.MISSING
    return Sniffed(found.media_type, found.extension, found.what, _WHOLE[end], broken, found.advice)


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return dot + extension.lower() if stem else ""


def _identify(content: Window, extension: str) -> tuple[Format, End]:
    head = content.head
    if not head:
        return formats.EMPTY, End.MISSING
    if is_tar(head):  # first: it begins with a name, which may look like any signature
        return formats.TAR, End.NONE
    if head.startswith(b"PK\x03\x04"):
        return look_into_zip(content, extension)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return look_into_compound(content, extension)
    found = _identify_by_head(content, extension)
    return found, find_end(found, content)


def _identify_by_head(content: Window, extension: str) -> Format:
    head = content.head
    text = find_text(head, extension)
    if _PDF_BEGIN.match(head) and (text is None or _begins_as_pdf(head)):
        return formats.PDF
    found = find_signature(head, extension) or find_mail(head, extension)
    if found is None and text is not None:
        found = formats.PDF if _is_late_pdf(content, extension) else text
    if found is None:
        found = guess_other(head)
    return formats.PDF if found is formats.UNKNOWN and _find_header(head) else found


def _begins_as_pdf(head: bytes) -> bool:
    return bool(_PDF_OBJECT.search(head) or _PDF_LINE.match(head))


def _find_header(head: bytes) -> re.Match[bytes] | None:
    """A header that is not at the begin, as mail gateways and scanners leave it, and an object."""
    header = _PDF_HEADER.search(head, 0, _PDF_REACH)
    return header if header and _PDF_OBJECT.search(head, header.end()) else None


def _is_late_pdf(content: Window, extension: str) -> bool:
    """Whether what looks like a text is a PDF behind a few lines of junk, and not about PDF.

    Then its last pointer leads to a table of contents, counted from the file's begin or from the
    header; or it is called a PDF and ends like one.
    """
    header = _find_header(content.head)
    tail = content.tail(2048)
    pointers = _STARTXREF.findall(tail) if header else ()
    if header is None or not pointers:
        return False
    if extension == ".pdf" and tail.rstrip(b"\0 \t\r\n").endswith(b"%%EOF"):
        return True
    places = (int(pointers[-1]), header.start() + int(pointers[-1]))
    return any(re.match(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)", content.read(at, 32)) for at in places)
