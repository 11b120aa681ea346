"""Opens saved emails and zip archives for the documents inside them.

A document inside a file has a path as if the file were a directory, ``/cvs/mail.eml/CV.pdf``. No
other file can have that path, so it is stored, shown and found like any file. It is copied into the
spool whenever it is needed.
"""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.documents.archives import read_archive
from watcher.documents.mail import read_mail
from watcher.documents.members import NESTED, ContainerError, name_members
from watcher.documents.opening import Opened, explain, find_container, open_document, stat_handle
from watcher.documents.outlook import read_outlook_message
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.files import Mail, Part, Unusable
from watcher.routing.rules import too_large
from watcher.sniff import HEAD, formats, sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from watcher.documents.members import Member
    from watcher.documents.spool import Spool
    from watcher.model.files import Sniffed
    from watcher.model.records import Stat

    #: Returns what is inside a file, given with its size in bytes; ContainerError if it can't.
    Reader = Callable[[BinaryIO, int], Iterable[Member]]

#: Readers of what is inside a file, by its media type.
_READERS: Final[dict[str, Reader]] = {
    formats.MAIL.media_type: read_mail,
    formats.MSG.media_type: read_outlook_message,
    formats.ZIP.media_type: read_archive,
}

_EMPTY: Final = msg("an email without a document")


@dataclass(frozen=True, slots=True)
class Extracted:
    """A part in the spool, at its start; its stat is its container's, with its own size.

    ``problem``: why it could not be copied completely, as a sentence.
    """

    handle: BinaryIO
    stat: Stat
    container: str
    mail: Mail
    problem: Message = NOTHING


def part_path(container: str, name: str) -> str:
    """Return the path of the document ``name`` inside the file at ``container``."""
    return os.path.join(container, name)


def list_parts(opened: Opened, sniffed: Sniffed, spool: Spool) -> tuple[Part, ...] | Message:
    """Return what is inside an open file, or a sentence why that cannot be read.

    Raises:
        OSError: the disk fails.
    """
    with spool.opening:
        try:
            members = _read(opened, sniffed)
        except ContainerError as error:
            return error.why
        return tuple(
            Part(name, each.size, each.left_out, None if each.left_out else _sniff(name, each))
            for name, each in members.items()
        )


def extract_part(
    root: str,
    path: str,
    spool: Spool,
    opens: Callable[[Sniffed], bool] = lambda _: True,
    max_size: int = 0,
) -> Extracted | Unusable:
    """Copy the part at ``path`` below ``root`` into the spool.

    Unusable if it cannot be read, or ``opens`` is false for its container. A part of more than
    ``max_size`` bytes (0: no limit) is not copied.
    """
    container = find_container(root, path)
    if not container:
        return Unusable(msg("The file no longer exists."), gone=True)
    opened = open_document(root, container)
    if isinstance(opened, Unusable):
        return opened
    with opened.handle, spool.opening:
        try:
            member = _find(opened, container, os.path.basename(path), opens)
            if isinstance(member, Unusable):
                return member
            return _copy(opened, container, member, spool, max_size)
        except ContainerError as error:
            return Unusable(error.why)
        except OSError as error:
            return explain(error)


def _sniff(name: str, member: Member) -> Sniffed | None:
    """Return what a member is by its first bytes; None if it cannot be read."""
    beginning = _Beginning()
    try:
        with contextlib.suppress(_EnoughError):
            member.copy(beginning)
    except ContainerError:  # it will be refused for that
        return None
    return sniff(beginning, beginning.tell(), name)


class _EnoughError(Exception):
    """No more is needed of a member."""


class _Beginning(io.BytesIO):
    """Takes as many bytes as tell programs, sound and the like from documents."""

    def write(self, data: bytes) -> int:  # type: ignore[override]  # members write nothing else
        """Take ``data``, or what of it fits; _EnoughError once nothing more does."""
        taken = super().write(data[: HEAD - self.tell()])
        if self.tell() == HEAD:
            raise _EnoughError
        return taken


def _find(
    opened: Opened, container: str, name: str, opens: Callable[[Sniffed], bool]
) -> Member | Unusable:
    sniffed = sniff(opened.handle, opened.stat.size, os.path.basename(container))
    if sniffed.media_type not in _READERS or not opens(sniffed):
        return Unusable(
            msg("Documents are no longer extracted from the file that contains this one.")
        )
    member = _read(opened, sniffed).get(name)
    return member or Unusable(msg("The document is no longer inside its file."), gone=True)


def _copy(
    opened: Opened, container: str, member: Member, spool: Spool, max_size: int
) -> Extracted | Unusable:
    is_too_large = 0 < max_size < member.size
    handle, problem = spool.create(), too_large(max_size) if is_too_large else NOTHING
    try:
        try:
            if not is_too_large:
                member.copy(handle)
        except ContainerError as error:
            problem = error.why
        size = member.size if problem else handle.tell()
        handle.seek(0)
        if stat_handle(opened.handle) != opened.stat:
            handle.close()
            return Unusable(msg("The file changed while it was being read."), passing=True)
    except BaseException:
        handle.close()
        raise
    return Extracted(handle, replace(opened.stat, size=size), container, member.mail, problem)


def _read(opened: Opened, sniffed: Sniffed) -> dict[str, Member]:
    opened.handle.seek(0)
    members = _READERS[sniffed.media_type](opened.handle, opened.stat.size)
    is_mail = sniffed.media_type != formats.ZIP.media_type
    return name_members(_with_attached_mails(members) if is_mail else members)


def _with_attached_mails(members: Iterable[Member]) -> Iterator[Member]:
    """Yield members; an attached email is replaced by what is attached to it, one level deep."""
    for member in members:
        reader = _mail_reader(member)
        if reader is None or member.left_out:
            yield member
            continue
        copy = io.BytesIO()
        try:
            member.copy(copy)
            copy.seek(0)
            inner = list(reader(copy, member.size))
        except ContainerError:  # it will be refused as an email
            yield member
            continue
        if not inner:
            yield replace(member, left_out=_EMPTY)
        for each in inner:
            yield replace(each, left_out=NESTED) if _mail_reader(each) else each


def _mail_reader(member: Member) -> Reader | None:
    """Return the reader of a member that is an email, judging by its name; None for others."""
    extension = os.path.splitext(member.name)[1].lower()
    readers: dict[str, Reader] = {
        ".eml": read_mail,
        ".msg": partial(read_outlook_message, is_attached=True),
    }
    return readers.get(extension)
