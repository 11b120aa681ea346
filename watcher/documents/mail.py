"""Reads saved emails (``.eml``): what is attached, and what of that is left out, and why."""

from __future__ import annotations

import binascii
import mimetypes
import re
from email.errors import MessageError
from email.utils import parseaddr
from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.documents.members import MOST, PICTURE, TOO_MANY, Member
from watcher.documents.mime import UNREADABLE, day, decoded, header, read_parts
from watcher.documents.opening import UnreadableError
from watcher.i18n.message import NOTHING, msg
from watcher.model.files import Mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from typing import BinaryIO

    from watcher.documents.mime import MimePart

_CONTENT_ID: Final = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)
#: Text that follows an attachment, which Exchange saves as another attachment.
_TEXT_OF_MAIL: Final = re.compile(r"ATT\d{5}\.(?:txt|html?)", re.IGNORECASE)
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


def read_mail(handle: BinaryIO, size: int) -> Iterator[Member]:
    """Yield what is attached to an email, in its order; an attached email is one member.

    Raises:
        UnreadableError: it is not an email, or has too many parts.
    """
    try:
        yield from _members(handle, size)
    except _MALFORMED:
        raise UnreadableError(UNREADABLE) from None


def _members(handle: BinaryIO, size: int) -> Iterator[Member]:
    whole, *parts = read_parts(handle, size)
    about = _about(whole.headers)
    in_text = {
        name.strip("<>").lower()
        for part in parts
        if part.kind == "text/html"
        for name in _CONTENT_ID.findall(b"".join(part.content()).decode("latin-1"))
    }
    for part in parts:
        name, kind = part.name, part.kind
        if _is_text(part):
            yield from _uuencoded(part, about)
            continue
        if kind == "message/rfc822" and not name.lower().endswith(".eml"):
            name = f"{name or 'email'}.eml"
        length = sum(map(len, part.content()))
        left_out = _NO_DOCUMENT.get(kind, NOTHING)
        if _is_picture(kind, name) and _is_in_text(part, in_text):
            left_out = PICTURE
        elif _TEXT_OF_MAIL.fullmatch(name):
            left_out = _TEXT
        yield Member(name, length, part.content, left_out, about)


def _about(headers: Message) -> Mail:
    return Mail(
        subject=header(headers, "subject"),
        sender=parseaddr(header(headers, "from"))[1],
        date=day(header(headers, "date")),
    )


def _is_text(part: MimePart) -> bool:
    """Whether a part is the email's own text rather than an attachment."""
    is_text = part.kind.startswith("text/") and part.kind not in _NO_DOCUMENT
    return is_text and not part.name and part.headers.get_content_disposition() != "attachment"


def _is_picture(kind: str, name: str) -> bool:
    """Whether a part is a picture; some programs tell that by its name only."""
    if kind == "application/octet-stream":
        kind = mimetypes.guess_type(name)[0] or ""
    return kind.startswith("image/")


def _is_in_text(part: MimePart, in_text: set[str]) -> bool:
    """Whether the text shows a picture."""
    identity = header(part.headers, "content-id").strip("<> ").lower()
    return bool(identity) and (identity in in_text or part.is_related)


# --- Attachments in the text: uuencode, as in POSIX -----------------------------------------------

_UU_BEGIN: Final = re.compile(rb"begin [0-7]{3,4} ([^\r\n]+)\r?\n")
_UU_END: Final = re.compile(rb"end[ \t]*\r?\n?")


def _uuencoded(part: MimePart, about: Mail) -> Iterator[Member]:
    """Yield the attachments that a text contains, as programs wrote them before MIME."""
    if part.encoding:
        return
    found, name, start = [], b"", part.start
    for at, line in part.lines():
        if line.startswith(b"begin ") and (begin := _UU_BEGIN.fullmatch(line)):
            name, start = begin[1], at + len(line)
        elif name and _UU_END.fullmatch(line):
            found.append((name, part._replace(start=start, end=at)))
            name = b""
        if len(found) > MOST:
            raise UnreadableError(TOO_MANY)
    if name:  # it is cut off
        found.append((name, part._replace(start=start)))
    for each, inner in found:
        if length := sum(map(len, _decode_uu(inner))):
            called = decoded(each.decode("ascii", "surrogateescape"))
            yield Member(called, length, partial(_decode_uu, inner), NOTHING, about)


def _decode_uu(part: MimePart) -> Iterator[bytes]:
    """Decode lines up to the first that is not encoded: what follows is text."""
    for _, line in part.lines():
        try:
            yield binascii.a2b_uu(line)
        except binascii.Error:
            return
