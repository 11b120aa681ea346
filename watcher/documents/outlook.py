"""Reads emails saved by Outlook (``.msg``): compound files, see [MS-OXMSG]."""

from __future__ import annotations

import contextlib
import email
import re
import struct
from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.documents.mail import PICTURE, UNREADABLE, day, header
from watcher.documents.members import EMPTY, NESTED, Member
from watcher.documents.opening import UnreadableError
from watcher.i18n.message import NOTHING
from watcher.model.files import Mail
from watcher.sniff.containers import OLE_MALFORMED, Bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from olefile import OleFileIO

#: Properties of messages and attachments, [MS-OXPROPS].
_SUBJECT, _HEADERS = "0037", "007D"
_SENDER, _SENDER_SMTP = "0C1F", "5D01"
_DATA, _SHORT_NAME, _LONG_NAME, _TYPE, _CONTENT_ID = "3701", "3704", "3707", "370E", "3712"
_METHOD, _FLAGS, _HIDDEN = 0x37050003, 0x37140003, 0x7FFE000B
_IS_MESSAGE = 5  # in the method: the data is a message itself
_IN_TEXT = 4  # in the flags: the text shows it
_ATTACHMENT: Final = re.compile(r"__attach_version1\.0_#[0-9A-F]{8}", re.IGNORECASE)
#: Bytes before the fixed-size properties of an attachment, and of each property.
_BEFORE_PROPERTIES: Final = 8
_PROPERTY: Final = struct.Struct("<L4xq")
#: The most times that a file is read: a hostile one would never end.
_READINGS: Final = 4
#: How many levels of attached messages are opened.
_DEPTH: Final = 1


def read_outlook_message(
    handle: BinaryIO, size: int, *, is_attached: bool = False
) -> Iterator[Member]:
    """Yield what is attached to an Outlook message, in its order.

    Messages attached are opened too, unless this one ``is_attached`` itself.

    Raises:
        UnreadableError: it is not one.
        OSError: the disk fails.
    """
    with _opened(handle, size) as compound:
        read, depth = partial(_read, handle, size), int(is_attached)
        yield from list(_Message(compound, read, [], depth).members())


@contextlib.contextmanager
def _opened(handle: BinaryIO, size: int) -> Iterator[OleFileIO]:
    import olefile  # noqa: PLC0415 - 16 ms that only these files cost

    bounded = Bounded(handle, _READINGS * size + 1_000_000, size)
    try:
        with olefile.OleFileIO(bounded) as compound:
            yield compound
    except OLE_MALFORMED:
        if bounded.failure:
            raise bounded.failure from None
        raise UnreadableError(UNREADABLE) from None


def _read(handle: BinaryIO, size: int, path: list[str]) -> Iterable[bytes]:
    """Return a stream of a file whose members were listed before."""
    with _opened(handle, size) as compound, compound.openstream(path) as stream:
        return (stream.read(),)


class _Message:
    """A message in a compound file: the whole file, or a storage in an attachment."""

    def __init__(
        self,
        compound: OleFileIO,
        read: Callable[[list[str]], Iterable[bytes]],
        place: list[str],
        depth: int,
    ) -> None:
        self._compound = compound
        self._read = read
        self._place = place
        self._depth = depth

    def members(self) -> Iterator[Member]:
        """Yield what is attached to it, and to messages attached to it."""
        about = self._mail()
        entries = self._compound.listdir(streams=False, storages=True)
        level = len(self._place)
        for each in sorted(each for each in entries if len(each) == level + 1):
            if each[:level] == self._place and _ATTACHMENT.fullmatch(each[-1]):
                yield from self._attachment(each, about)

    def _attachment(self, place: list[str], about: Mail) -> Iterator[Member]:
        name = self._text(place, _LONG_NAME) or self._text(place, _SHORT_NAME)
        numbers = self._numbers(place)
        if numbers.get(_METHOD) == _IS_MESSAGE:
            yield from self._attached_message([*place, f"__substg1.0_{_DATA}000D"], name or "email")
            return
        data = [*place, f"__substg1.0_{_DATA}0102"]
        size = self._compound.get_size(data) if self._compound.exists(data) else 0
        kind = self._text(place, _TYPE).lower()
        is_hidden = bool(numbers.get(_HIDDEN) or numbers.get(_FLAGS, 0) & _IN_TEXT)
        is_shown = is_hidden and (kind.startswith("image/") or self._text(place, _CONTENT_ID))
        yield Member(
            name,
            size,
            partial(self._read, data) if size else tuple,
            PICTURE if is_shown else NOTHING,
            about,
        )

    def _attached_message(self, place: list[str], name: str) -> Iterator[Member]:
        if self._depth == _DEPTH:
            yield Member(name, 0, tuple, NESTED)
            return
        inner = list(_Message(self._compound, self._read, place, self._depth + 1).members())
        yield from inner or [Member(name, 0, tuple, EMPTY)]

    def _mail(self) -> Mail:
        headers = email.message_from_string(self._text(self._place, _HEADERS))
        return Mail(
            subject=self._text(self._place, _SUBJECT),
            sender=self._text(self._place, _SENDER_SMTP) or self._text(self._place, _SENDER),
            date=day(header(headers, "date")),
        )

    def _text(self, place: list[str], prop: str) -> str:
        """Return a text property; "" if there is none."""
        for kind, charset in (("001F", "utf-16-le"), ("001E", "cp1252")):
            if data := self._stream([*place, f"__substg1.0_{prop}{kind}"]):
                return data.decode(charset, "replace").rstrip("\0")
        return ""

    def _numbers(self, place: list[str]) -> dict[int, int]:
        """Return the properties of an attachment that are numbers, by their tags."""
        data = self._stream([*place, "__properties_version1.0"])[_BEFORE_PROPERTIES:]
        whole = len(data) // _PROPERTY.size * _PROPERTY.size
        return {tag: value & 0xFFFFFFFF for tag, value in _PROPERTY.iter_unpack(data[:whole])}

    def _stream(self, path: list[str]) -> bytes:
        if not self._compound.exists(path):
            return b""
        with self._compound.openstream(path) as stream:
            return bytes(stream.read())
