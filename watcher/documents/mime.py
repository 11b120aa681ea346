"""The parts of an email (RFC 2046), and what their headers say.

The file is read line by line, and contents are decoded in pieces, so that memory does not grow with
attachments.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from watcher.documents.members import MOST, TOO_MANY
from watcher.documents.opening import UnreadableError
from watcher.i18n.message import msg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from typing import BinaryIO

UNREADABLE: Final = msg("This email can't be read. Save its attachments and add them.")
#: What may precede the first header: a mark of UTF-8, a length (.emlx), blank lines.
_BEGIN: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d+[ \t]*\r?\n)?\s*")
#: Bytes of a line that are read at once; no boundary is longer.
_LONGEST_LINE: Final = 65_536
#: The most bytes of a part's headers, lists of parts within lists, and parts.
_LONGEST_HEADERS: Final = 1_000_000
_DEEPEST: Final = 50
_MOST: Final = 2 * MOST
#: A header's name, and blanks behind it, with which the library would take it for text.
_BEFORE_COLON: Final = re.compile(rb"^([!-9;-~]+)[ \t]+:")
#: Bytes that are read and decoded at once.
_PIECE: Final = 256 * 1024
#: Encodings that leave bytes as they are.
_PLAIN: Final = frozenset({"7bit", "8bit", "binary"})
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64: Final = bytes(set(range(256)) - set(_BASE64 + b"="))
#: The name of an encoding, among what some programs write around it.
_ENCODING: Final = re.compile(r"base64|quoted-printable|(?:x-)?uue\w*")


class MimePart(NamedTuple):
    """A part that is not a list of parts: its content is from ``start`` to ``end`` in the file.

    ``is_related``: it belongs to the text, like the pictures in it.
    """

    handle: BinaryIO
    headers: Message
    start: int
    end: int
    is_related: bool = False

    @property
    def kind(self) -> str:
        """Its media type."""
        return self.headers.get_content_type()

    @property
    def name(self) -> str:
        """The name of its file; "" if it has none."""
        return decoded(self.headers.get_filename() or "")

    @property
    def encoding(self) -> str:
        """How it is encoded, in lower case; "" if it is not."""
        written = header(self.headers, "content-transfer-encoding").lower()
        found = _ENCODING.search(written)
        encoding = found[0] if found else written
        return "" if encoding in _PLAIN else encoding

    def content(self) -> Iterator[bytes]:
        """Yield its content in pieces; of truncated Base64, what there is."""
        encoding = self.encoding
        if not encoding:
            return self._pieces()
        if encoding == "base64":
            return _decode_base64(self._pieces())
        # The others are for text, which is short.
        text = b"".join(self._pieces()).decode("ascii", "surrogateescape")
        self.headers.replace_header("Content-Transfer-Encoding", encoding)
        self.headers.set_payload(text)
        content: object = self.headers.get_payload(decode=True)
        self.headers.set_payload("")
        return iter([content] if isinstance(content, bytes) else [])

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield its lines as they are in the file, each with its place; long ones in pieces."""
        return _lines(self.handle, self.start, self.end)

    def _pieces(self) -> Iterator[bytes]:
        at = self.start
        while at < self.end:
            self.handle.seek(at)
            piece = self.handle.read(min(_PIECE, self.end - at))
            if not piece:
                return
            at += len(piece)
            yield piece


class _List(NamedTuple):
    """A list of parts (multipart) that has not ended yet; ``kind`` is its media type."""

    boundary: bytes
    kind: str


def read_parts(handle: BinaryIO, size: int) -> Iterator[MimePart]:
    """Yield the headers of the whole email as a part without content, then its parts in order.

    Meanwhile nothing else may read the file of ``size`` bytes.

    Raises:
        UnreadableError: it has too many parts, or is nested too deep.
    """
    mark = _BEGIN.match(handle.read(_LONGEST_LINE))
    start = mark.end() if mark else 0
    lists: list[_List] = []
    block: list[bytes] | None = []  # the lines of headers; None after them
    part: MimePart | None = None  # the part that lines belong to; None between parts
    count = length = ending = 0
    is_begin = True  # of a line; long ones come in pieces
    for at, line in _lines(handle, start, size):
        found = _boundary(line, lists) if is_begin and line.startswith(b"--") else None
        if found is not None:
            if part is not None:
                yield part._replace(end=max(part.start, at - ending))
            part, (depth, is_end) = None, found
            del lists[depth if is_end else depth + 1 :]
            block = None if is_end else []
        elif block is not None and line.strip(b"\r\n"):
            block.append(_BEFORE_COLON.sub(rb"\1:", line) if is_begin else line)
            length += len(line)
        elif block is not None:
            headers = email.message_from_bytes(b"".join(block), policy=_AsWritten())
            block, length = None, 0
            count += 1
            begin = at + len(line)
            if count == 1:
                yield MimePart(handle, headers, at, at)
            part = _begin(MimePart(handle, headers, begin, begin), lists)
        if count > _MOST:
            raise UnreadableError(TOO_MANY)
        if length > _LONGEST_HEADERS or len(lists) > _DEEPEST:
            raise UnreadableError(UNREADABLE)
        ending = len(line) - len(line.rstrip(b"\r\n"))
        is_begin = line.endswith(b"\n")
    if part is not None:
        yield part._replace(end=handle.tell())


def _begin(part: MimePart, lists: list[_List]) -> MimePart | None:
    """Return a part that begins; None if it is a list of parts, which is noted in ``lists``."""
    headers = part.headers
    inside = lists[-1].kind if lists else ""
    if inside == "multipart/digest":  # of emails, which need not say so: RFC 2046, 5.1.5
        headers.set_default_type("message/rfc822")
    boundary = headers.get_boundary() if headers.get_content_maintype() == "multipart" else None
    if boundary:
        lists.append(_List(boundary.encode("utf-8", "surrogateescape"), part.kind))
        return None
    return part._replace(is_related=inside == "multipart/related")


def _lines(handle: BinaryIO, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    at = handle.seek(start)
    while line := handle.readline(min(_LONGEST_LINE, end - at)):
        yield at, line
        at += len(line)


def _boundary(line: bytes, lists: list[_List]) -> tuple[int, bool] | None:
    """Return the list whose boundary a line is, and whether it ends that list; None for others."""
    text = line[2:].rstrip()
    for depth in reversed(range(len(lists))):
        if text == lists[depth].boundary:
            return depth, False
        if text == lists[depth].boundary + b"--":
            return depth, True
    return None


def _decode_base64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decode Base64, whatever its line ends, padding and stray characters.

    Some programs encode each line by itself, so that there is padding in the middle.
    """
    rest = b""
    for piece in pieces:
        *padded, rest = (rest + piece.translate(None, _NO_BASE64)).split(b"=")
        yield b"".join(map(_decode_run, padded))
        whole = len(rest) // 4 * 4
        yield binascii.a2b_base64(rest[:whole])
        rest = rest[whole:]
    yield _decode_run(rest)


def _decode_run(run: bytes) -> bytes:
    """Decode Base64 up to its padding; a last character alone says nothing."""
    run = run[: len(run) - (len(run) % 4 == 1)]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


# --- Headers


class _AsWritten(email.policy.Compat32):
    """Headers as they are written, with bytes that are not ASCII as surrogates.

    The library's newer policy decodes them, and gives up on some that are malformed.
    """

    def header_fetch_parse(self, name: str, value: str) -> str:
        """See :class:`email.policy.Policy`."""
        del name
        return value


def header(part: Message, wanted: str) -> str:
    """Return a header as a person reads it; "" if there is none."""
    return decoded(str(part.get(wanted, "")))


def decoded(text: str) -> str:
    """Return a header's text, whatever its encoding."""
    raw = " ".join(text.split()).encode("utf-8", "surrogateescape")
    try:
        plain = raw.decode()
    except UnicodeDecodeError:
        plain = raw.decode("cp1252", "replace")
    if "=?" not in plain:
        return plain
    try:
        found = decode_header(plain)
    except (HeaderParseError, ValueError):
        return plain
    return "".join(
        each if isinstance(each, str) else _decode(each, charset) for each, charset in found
    )


def _decode(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8", "replace")
    except LookupError:  # no such character set
        return data.decode("latin-1")


def day(text: str) -> str:
    """Return the day of a date header as YYYY-MM-DD; "" if it is not a date."""
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
