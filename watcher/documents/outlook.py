"""Reads emails saved by Outlook (``.msg``): compound files, see [MS-OXMSG]."""

from __future__ import annotations

import contextlib
import email
import re
import struct
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from watcher.documents.members import PICTURE, Member
from watcher.documents.mime import UNREADABLE, day, header
from watcher.documents.opening import UnreadableError
from watcher.i18n.message import NOTHING
from watcher.model.files import Mail
from watcher.sniff.compounds import OLE_MALFORMED
from watcher.sniff.content import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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


def read_outlook_message(
    handle: BinaryIO, size: int, place: tuple[str, ...] = ()
) -> Iterator[Member]:
    """Yield what is attached to an Outlook message, in its order.

    ``place`` is the path of the message in the compound file, empty for the file itself.

    Raises:
        UnreadableError: it is not one.
        OSError: the disk fails.
    """
    with _opened(handle, size) as compound:
        yield from list(_Message(compound, place, handle, size).members())


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


def _read(handle: BinaryIO, size: int, place: tuple[str, ...]) -> Iterable[bytes]:
    """Return a stream of a file whose members were listed before."""
    with _opened(handle, size) as compound, compound.openstream(place) as stream:
        return (stream.read(),)


class _Message(NamedTuple):
    """A message in an open compound file: the whole file, or a storage in an attachment."""

    compound: OleFileIO
    place: tuple[str, ...]
    handle: BinaryIO
    size: int

    def members(self) -> Iterator[Member]:
        """Yield what is attached to it."""
        about = self._mail()
        for each in sorted(map(tuple, self.compound.listdir(streams=False, storages=True))):
            if each[:-1] == self.place and _ATTACHMENT.fullmatch(each[-1]):
                yield self._attachment(each, about)

    def _attachment(self, place: tuple[str, ...], about: Mail) -> Member:
        name = self._text(place, _LONG_NAME) or self._text(place, _SHORT_NAME)
        numbers = self._numbers(place)
        if numbers.get(_METHOD) == _IS_MESSAGE:
            inner = (*place, f"__substg1.0_{_DATA}000D")
            attached = partial(read_outlook_message, self.handle, self.size, inner)
            return Member(name or "email", 0, tuple, attached=attached)
        data = (*place, f"__substg1.0_{_DATA}0102")
        size = self.compound.get_size(data) if self.compound.exists(data) else 0
        read = partial(_read, self.handle, self.size, data) if size else tuple
        kind = self._text(place, _TYPE).lower()
        is_hidden = bool(numbers.get(_HIDDEN) or numbers.get(_FLAGS, 0) & _IN_TEXT)
        is_shown = is_hidden and (kind.startswith("image/") or self._text(place, _CONTENT_ID))
        return Member(name, size, read, PICTURE if is_shown else NOTHING, about)

    def _mail(self) -> Mail:
        headers = email.message_from_string(self._text(self.place, _HEADERS))
        return Mail(
            subject=self._text(self.place, _SUBJECT),
            sender=self._text(self.place, _SENDER_SMTP) or self._text(self.place, _SENDER),
            date=day(header(headers, "date")),
        )

    def _text(self, place: tuple[str, ...], prop: str) -> str:
        """Return a text property; "" if there is none."""
        for kind, charset in (("001F", "utf-16-le"), ("001E", "cp1252")):
            if data := self._stream((*place, f"__substg1.0_{prop}{kind}")):
                return data.decode(charset, "replace").rstrip("\0")
        return ""

    def _numbers(self, place: tuple[str, ...]) -> dict[int, int]:
        """Return the properties of an attachment that are numbers, by their tags."""
        data = self._stream((*place, "__properties_version1.0"))[_BEFORE_PROPERTIES:]
        whole = len(data) // _PROPERTY.size * _PROPERTY.size
        return {tag: value & 0xFFFFFFFF for tag, value in _PROPERTY.iter_unpack(data[:whole])}

    def _stream(self, path: tuple[str, ...]) -> bytes:
        if not self.compound.exists(path):
            return b""
        with self.compound.openstream(path) as stream:
            return bytes(stream.read())
