"""Reads saved e-mails (``.eml``): the documents attached, and what is left out of them and why."""

from __future__ import annotations

import email
import email.policy
import re
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.utils import parseaddr, parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from watcher.documents.members import ContainerError, Member
from watcher.i18n.message import NOTHING, msg
from watcher.model.files import Mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message as Part
    from typing import BinaryIO

#: What may precede the first header: a mark of UTF-8, a length (.emlx), blank lines.
_BEGIN: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d+[ \t]*\r?\n)?\s*")
_CONTENT_ID: Final = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)
#: The text behind an attachment, which Exchange saves as an attachment.
_TEXT_OF_MAIL: Final = re.compile(r"ATT\d{5}\.(?:txt|html?)", re.IGNORECASE)
#: A picture at the end of a text is at most so large; a page that was scanned is larger.
_SMALL_PICTURE: Final = 30_000
UNREADABLE: Final = msg("cannot be read as an e-mail; extract the document and add it")
PICTURE: Final = msg("a picture in the text")
_TEXT: Final = msg("a part of the text")
_CALENDAR: Final = msg("a calendar entry")
_CARD: Final = msg("a contact card")
_SIGNATURE: Final = msg("a digital signature")
_REPORT: Final = msg("a report of the mail system")
_NO_DOCUMENT: Final = {
    "text/calendar": _CALENDAR,
    "application/ics": _CALENDAR,
    "text/vcard": _CARD,
    "text/x-vcard": _CARD,
    "text/directory": _CARD,
    "application/pgp-signature": _SIGNATURE,
    "application/pkcs7-signature": _SIGNATURE,
    "application/x-pkcs7-signature": _SIGNATURE,
    "message/delivery-status": _REPORT,
    "message/disposition-notification": _REPORT,
    "message/partial": _REPORT,
    "message/external-body": _REPORT,
    "text/rfc822-headers": _REPORT,
}

#: What the standard library raises on messages that are no messages.
_MALFORMED: Final = (
    MessageError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)


class _AsWritten(email.policy.Compat32):
    """Headers as they are written, with bytes that are not ASCII as surrogates.

    The library's newer policy decodes them, and gives up on some that are malformed.
    """

    def header_fetch_parse(self, name: str, value: str) -> str:
        """See :class:`email.policy.Policy`."""
        del name
        return value


def read_mail(handle: BinaryIO, _size: int) -> Iterator[Member]:
    """Yield what is attached to an e-mail, in its order; an attached e-mail is one member.

    Raises:
        ContainerError: it is none.
    """
    data = handle.read()
    begin = _BEGIN.match(data)
    try:
        yield from _members(
            email.message_from_bytes(data[begin.end() if begin else 0 :], policy=_AsWritten())
        )
    except _MALFORMED:
        raise ContainerError(UNREADABLE) from None


def _members(message: Part) -> Iterator[Member]:
    about = Mail(
        subject=header(message, "subject"),
        sender=parseaddr(header(message, "from"))[1],
        date=day(header(message, "date")),
    )
    leaves = list(_leaves(message))
    in_text = {
        name.strip("<>").lower()
        for leaf, _ in leaves
        if leaf.get_content_type() == "text/html"
        for name in _CONTENT_ID.findall(_content(leaf).decode("latin-1"))
    }
    for leaf, is_related in leaves:
        name = decoded(leaf.get_filename() or "")
        kind = leaf.get_content_type()
        if _is_text(leaf, kind, name):
            continue
        if kind == "message/rfc822" and not name.lower().endswith(".eml"):
            name = f"{name or 'e-mail'}.eml"
        data = _content(leaf)
        left_out = _NO_DOCUMENT.get(kind, NOTHING)
        if kind.startswith("image/") and _is_in_text(
            leaf, len(data), in_text, is_related=is_related
        ):
            left_out = PICTURE
        elif _TEXT_OF_MAIL.fullmatch(name):
            left_out = _TEXT
        yield Member(name, len(data), partial(_copy, leaf), left_out, about)


def _leaves(message: Part) -> Iterator[tuple[Part, bool]]:
    """Yield the parts that are no lists of parts, and whether each belongs to a text's pictures."""
    pending = [(message, False)]
    while pending:
        part, is_related = pending.pop()
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            is_related = part.get_content_type() == "multipart/related"
            below = [each for each in part.get_payload() if not isinstance(each, str)]
            pending += [(each, is_related) for each in reversed(below)]
        else:
            yield part, is_related


def _is_text(leaf: Part, kind: str, name: str) -> bool:
    """Whether a part is what the mail says, and not attached to it."""
    is_text = kind in ("text/plain", "text/html", "text/enriched", "text/richtext")
    return is_text and not name and leaf.get_content_disposition() != "attachment"


def _is_in_text(leaf: Part, size: int, in_text: set[str], *, is_related: bool) -> bool:
    """Whether a picture is shown in the text, or is a small one below it."""
    identity = header(leaf, "content-id").strip("<> ").lower()
    if identity and (identity in in_text or is_related):
        return True
    return leaf.get_content_disposition() == "inline" and size <= _SMALL_PICTURE


def _content(leaf: Part) -> bytes:
    """Return a part's bytes; of Base64 that is cut off, what there is."""
    content: object = leaf.get_payload(decode=True)
    if isinstance(content, bytes):
        return content
    inner: Any = leaf.get_payload()  # of an attached e-mail, a list of one
    return bytes(inner[0].as_bytes()) if inner and not isinstance(inner, str) else b""


def _copy(leaf: Part, out: BinaryIO) -> None:
    out.write(_content(leaf))


def header(part: Part, wanted: str) -> str:
    """Return a header as a person reads it; "" if there is none."""
    return decoded(str(part.get(wanted, "")))


def decoded(text: str) -> str:
    """Return a header's text, whatever characters it is written in."""
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
    """Return the day of a mail's date, YYYY-MM-DD; "" if it is none."""
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
