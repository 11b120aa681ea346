"""Reads saved emails (``.eml``): what is attached, and what of that is left out, and why."""

from __future__ import annotations

import binascii
import email
import mimetypes
import re
from email._policybase import Compat32  # email.policy takes 1.2 MB: parsers of headers
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.utils import parseaddr, parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from watcher.documents.members import MOST, TOO_MANY, Member
from watcher.documents.opening import UnreadableError
from watcher.i18n.message import NOTHING, msg
from watcher.model.files import Mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from typing import BinaryIO

#: What may precede the first header: a mark of UTF-8, a length (.emlx), blank lines.
_BEGIN: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d+[ \t]*\r?\n)?\s*")
_CONTENT_ID: Final = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)
#: Text that follows an attachment, which Exchange saves as another attachment.
_TEXT_OF_MAIL: Final = re.compile(r"ATT\d{5}\.(?:txt|html?)", re.IGNORECASE)
UNREADABLE: Final = msg("This email can't be read. Save its attachments and add them.")
PICTURE: Final = msg("an image in the text")
_TEXT: Final = msg("part of the text")
_CALENDAR: Final = msg("a calendar entry")
_CARD: Final = msg("a contact card")
_SIGNATURE: Final = msg("a digital signature")
_ENCRYPTION: Final = msg("a note about the encryption")
_SYSTEM: Final = msg("a system file")
_REPORT: Final = msg("a delivery report")
_NO_DOCUMENT: Final = {
    "text/calendar": _CALENDAR,
    "application/ics": _CALENDAR,
    "text/vcard": _CARD,
    "text/x-vcard": _CARD,
    "text/directory": _CARD,
    "application/applefile": _SYSTEM,
    "application/pgp-encrypted": _ENCRYPTION,
    "application/pgp-signature": _SIGNATURE,
    "application/pkcs7-signature": _SIGNATURE,
    "application/x-pkcs7-signature": _SIGNATURE,
    "message/delivery-status": _REPORT,
    "message/disposition-notification": _REPORT,
    "message/partial": _REPORT,
    "message/external-body": _REPORT,
    "text/rfc822-headers": _REPORT,
}

#: What the standard library raises on malformed messages.
_MALFORMED: Final = (
    MessageError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)


class _AsWritten(Compat32):
    """Headers as they are written, with bytes that are not ASCII as surrogates.

    The library's newer policy decodes them, and gives up on some that are malformed.
    """

    def header_fetch_parse(self, name: str, value: str) -> str:
        """See :class:`email.policy.Policy`."""
        del name
        return value


def read_mail(handle: BinaryIO, size: int) -> Iterator[Member]:
    """Yield what is attached to an email, in its order; an attached email is one member.

    The file is read line by line, and attachments are decoded in pieces, so that memory does not
    grow with them.

    Raises:
        UnreadableError: it is not an email, or has too many parts.
    """
    try:
        yield from _members(handle, size)
    except _MALFORMED:
        raise UnreadableError(UNREADABLE) from None


def _members(handle: BinaryIO, size: int) -> Iterator[Member]:
    begin = _BEGIN.match(handle.read(_LONGEST_LINE))
    leaves = list(_leaves(handle, begin.end() if begin else 0, size))
    about = _about(leaves.pop(0).headers)
    in_text = {
        name.strip("<>").lower()
        for leaf in leaves
        if leaf.headers.get_content_type() == "text/html"
        for name in _CONTENT_ID.findall(_text(handle, leaf))
    }
    for leaf in leaves:
        name = decoded(leaf.headers.get_filename() or "")
        kind = leaf.headers.get_content_type()
        if _is_text(leaf, kind, name):
            yield from _uuencoded(handle, leaf, about)
            continue
        if kind == "message/rfc822" and not name.lower().endswith(".eml"):
            name = f"{name or 'email'}.eml"
        length = sum(map(len, _content(handle, leaf)))
        left_out = _NO_DOCUMENT.get(kind, NOTHING)
        if _is_picture(kind, name) and _is_in_text(leaf, in_text):
            left_out = PICTURE
        elif _TEXT_OF_MAIL.fullmatch(name):
            left_out = _TEXT
        yield Member(name, length, partial(_content, handle, leaf), left_out, about)


def _about(headers: Message) -> Mail:
    return Mail(
        subject=header(headers, "subject"),
        sender=parseaddr(header(headers, "from"))[1],
        date=day(header(headers, "date")),
    )


# --- The parts of an email: RFC 2046 -------------------------------------------------------------

#: Bytes of a line that are read at once; no boundary is longer.
_LONGEST_LINE: Final = 65_536
#: The most bytes of a part's headers, lists of parts within lists, and parts.
_LONGEST_HEADERS: Final = 1_000_000
_DEEPEST: Final = 50
_MOST: Final = 2 * MOST
#: A header's name, and blanks behind it, with which the library would take it for text.
_BEFORE_COLON: Final = re.compile(rb"^([!-9;-~]+)[ \t]+:")


class _Leaf(NamedTuple):
    """A part that is not a list of parts: its content is from ``start`` to ``end`` in the file.

    ``is_related``: it belongs to the text, like the pictures in it.
    """

    headers: Message
    start: int
    end: int
    is_related: bool = False


class _List(NamedTuple):
    """A list of parts (multipart) that has not ended yet; ``kind`` is its media type."""

    boundary: bytes
    kind: str


def _leaves(handle: BinaryIO, start: int, size: int) -> Iterator[_Leaf]:
    """Yield the headers of the whole email as a part without content, then its parts in order.

    The email begins at ``start`` in the file of ``size`` bytes.
    """
    lists: list[_List] = []
    block: list[bytes] | None = []  # the lines of headers; None after them
    leaf: _Leaf | None = None  # the part that lines belong to; None between parts
    count = length = ending = 0
    is_begin = True  # of a line; long ones come in pieces
    for at, line in _lines(handle, start, size):
        found = _boundary(line, lists) if is_begin and line.startswith(b"--") else None
        if found is not None:
            if leaf is not None:
                yield leaf._replace(end=max(leaf.start, at - ending))
            leaf, (depth, is_end) = None, found
            del lists[depth if is_end else depth + 1 :]
            block = None if is_end else []
        elif block is not None and line.strip(b"\r\n"):
            block.append(_BEFORE_COLON.sub(rb"\1:", line) if is_begin else line)
            length += len(line)
        elif block is not None:
            headers = email.message_from_bytes(b"".join(block), policy=_AsWritten())
            block, length = None, 0
            count += 1
            if count == 1:
                yield _Leaf(headers, at, at)
            leaf = _begin(headers, at + len(line), lists)
        if count > _MOST:
            raise UnreadableError(TOO_MANY)
        if length > _LONGEST_HEADERS or len(lists) > _DEEPEST:
            raise UnreadableError(UNREADABLE)
        ending = len(line) - len(line.rstrip(b"\r\n"))
        is_begin = line.endswith(b"\n")
    if leaf is not None:
        yield leaf._replace(end=handle.tell())


def _begin(headers: Message, start: int, lists: list[_List]) -> _Leaf | None:
    """Return the part that begins after these headers; None if they begin a list of parts."""
    inside = lists[-1].kind if lists else ""
    if inside == "multipart/digest":  # of emails, which need not say so: RFC 2046, 5.1.5
        headers.set_default_type("message/rfc822")
    boundary = headers.get_boundary() if headers.get_content_maintype() == "multipart" else None
    if boundary:
        encoded = boundary.encode("utf-8", "surrogateescape")
        lists.append(_List(encoded, headers.get_content_type()))
        return None
    return _Leaf(headers, start, start, inside == "multipart/related")


def _lines(handle: BinaryIO, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield lines, each with its place in the file; long ones in pieces.

    Meanwhile nothing else may read the file.
    """
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


# --- One part -------------------------------------------------------------------------------------

#: Bytes that are read and decoded at once.
_PIECE: Final = 256 * 1024
#: Encodings that leave bytes as they are.
_PLAIN: Final = frozenset({"", "7bit", "8bit", "binary"})
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64: Final = bytes(set(range(256)) - set(_BASE64 + b"="))
#: The name of an encoding, among what some programs write around it.
_ENCODING: Final = re.compile(r"base64|quoted-printable|(?:x-)?uue\w*")


def _encoding(leaf: _Leaf) -> str:
    """Return how a part is encoded, in lower case; "" if it does not say."""
    written = header(leaf.headers, "content-transfer-encoding").lower()
    found = _ENCODING.search(written)
    return found[0] if found else written


def _content(handle: BinaryIO, leaf: _Leaf) -> Iterator[bytes]:
    """Yield the bytes of a part in pieces; of truncated Base64, what there is."""
    encoding = _encoding(leaf)
    if encoding == "base64":
        return _decode_base64(_pieces(handle, leaf))
    if encoding in _PLAIN:
        return _pieces(handle, leaf)
    # The others are for text, which is short.
    text = b"".join(_pieces(handle, leaf)).decode("ascii", "surrogateescape")
    leaf.headers.replace_header("Content-Transfer-Encoding", encoding)
    leaf.headers.set_payload(text)
    content: object = leaf.headers.get_payload(decode=True)
    leaf.headers.set_payload("")
    return iter([content] if isinstance(content, bytes) else [])


def _pieces(handle: BinaryIO, leaf: _Leaf) -> Iterator[bytes]:
    at = leaf.start
    while at < leaf.end:
        handle.seek(at)
        piece = handle.read(min(_PIECE, leaf.end - at))
        if not piece:
            return
        at += len(piece)
        yield piece


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


# --- Attachments in the text: uuencode, as in POSIX -----------------------------------------------

_UU_BEGIN: Final = re.compile(rb"begin [0-7]{3,4} ([^\r\n]+)\r?\n")
_UU_END: Final = re.compile(rb"end[ \t]*\r?\n?")


def _uuencoded(handle: BinaryIO, leaf: _Leaf, about: Mail) -> Iterator[Member]:
    """Yield the attachments that a text contains, as programs wrote them before MIME."""
    if _encoding(leaf) not in _PLAIN:
        return
    found, name, start = [], b"", leaf.start
    for at, line in _lines(handle, leaf.start, leaf.end):
        if line.startswith(b"begin ") and (begin := _UU_BEGIN.fullmatch(line)):
            name, start = begin[1], at + len(line)
        elif name and _UU_END.fullmatch(line):
            found.append((name, leaf._replace(start=start, end=at)))
            name = b""
        if len(found) > MOST:
            raise UnreadableError(TOO_MANY)
    if name:  # it is cut off
        found.append((name, leaf._replace(start=start)))
    for each, part in found:
        if length := sum(map(len, _decode_uu(handle, part))):
            called = decoded(each.decode("ascii", "surrogateescape"))
            yield Member(called, length, partial(_decode_uu, handle, part), NOTHING, about)


def _decode_uu(handle: BinaryIO, leaf: _Leaf) -> Iterator[bytes]:
    """Decode lines up to the first that is not encoded: what follows is text."""
    for _, line in _lines(handle, leaf.start, leaf.end):
        try:
            yield binascii.a2b_uu(line)
        except binascii.Error:
            return


def _text(handle: BinaryIO, leaf: _Leaf) -> str:
    return b"".join(_content(handle, leaf)).decode("latin-1")


def _is_text(leaf: _Leaf, kind: str, name: str) -> bool:
    """Whether a part is the email's own text rather than an attachment."""
    is_text = kind.startswith("text/") and kind not in _NO_DOCUMENT
    return is_text and not name and leaf.headers.get_content_disposition() != "attachment"


def _is_picture(kind: str, name: str) -> bool:
    """Whether a part is a picture; some programs tell that by its name only."""
    if kind == "application/octet-stream":
        kind = mimetypes.guess_type(name)[0] or ""
    return kind.startswith("image/")


def _is_in_text(leaf: _Leaf, in_text: set[str]) -> bool:
    """Whether the text shows a picture."""
    identity = header(leaf.headers, "content-id").strip("<> ").lower()
    return bool(identity) and (identity in in_text or leaf.is_related)


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
