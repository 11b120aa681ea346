"""Opens saved emails and zip archives for the documents inside them.

A document inside a file has a path as if the file were a directory, ``/cvs/mail.eml/CV.pdf``. No
other file can have that path, so it is stored, shown and found like any file. It is copied into the
spool whenever it is needed.
"""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from watcher.documents.archives import read_archive
from watcher.documents.images import is_small
from watcher.documents.mail import read_mail
from watcher.documents.members import EMPTY, NESTED, Member, name_members
from watcher.documents.opening import (
    Opened,
    Spool,
    UnreadableError,
    explain,
    find_container,
    open_document,
    stat_handle,
)
from watcher.documents.outlook import read_outlook_message
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.files import Part, Unusable
from watcher.routing.rules import too_large
from watcher.sniff import formats
from watcher.sniff.detect import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import BinaryIO

    from watcher.model.files import Sniffed

    #: Returns what is inside a file, given with its size in bytes; UnreadableError if it can't.
    Reader = Callable[[BinaryIO, int], Iterable[Member]]

_LOGO: Final = msg("a small image, such as a logo")
#: First bytes of an image that tell its size: a preview and a colour profile may come before it.
_IMAGE_HEAD: Final = 262_144


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
        except UnreadableError as error:
            return error.why
        is_mail = _is_mail(sniffed)
        return tuple(_describe(name, each, is_attached=is_mail) for name, each in members.items())


class Container(NamedTuple):
    """An open file with what is inside it, by name. For one thread."""

    opened: Opened
    path: str
    members: Mapping[str, Member]
    spool: Spool

    def extract(self, name: str, max_size: int = 0) -> Opened | Unusable:
        """Copy a part into the spool; see :func:`extract_part`."""
        member = self.members.get(name)
        if member is None:
            return Unusable(msg("The document is no longer inside its file."), gone=True)
        with self.spool.opening:
            try:
                return _copy(self.opened, self.path, member, self.spool, max_size)
            except OSError as error:
                return explain(error)


@contextlib.contextmanager
def open_container(
    root: str, path: str, spool: Spool, opens: Callable[[Sniffed], bool] = lambda _: True
) -> Iterator[Container | Unusable]:
    """Open the file at ``path`` below ``root`` to extract several parts.

    Unusable if it cannot be read, or ``opens`` is false for it.
    """
    opened = open_document(root, path)
    if isinstance(opened, Unusable):
        yield opened
        return
    with opened.handle:
        with spool.opening:
            found = _find_members(opened, path, opens)
        yield found if isinstance(found, Unusable) else Container(opened, path, found, spool)


def extract_part(
    root: str,
    path: str,
    spool: Spool,
    opens: Callable[[Sniffed], bool] = lambda _: True,
    max_size: int = 0,
) -> Opened | Unusable:
    """Copy the part at ``path`` below ``root`` into the spool.

    Unusable if it cannot be read, or ``opens`` is false for its container. A part of more than
    ``max_size`` bytes (0: no limit) is not copied.
    """
    place = find_container(root, path)
    if not place:
        return Unusable(msg("The file no longer exists."), gone=True)
    with open_container(root, place, spool, opens) as container:
        if isinstance(container, Unusable):
            return container
        return container.extract(os.path.basename(path), max_size)


def _find_members(
    opened: Opened, path: str, opens: Callable[[Sniffed], bool]
) -> dict[str, Member] | Unusable:
    try:
        sniffed = sniff(opened.handle, opened.stat.size, os.path.basename(path))
        if sniffed.media_type not in _READERS or not opens(sniffed):
            return Unusable(
                msg(
                    "Documents are no longer extracted from the file that contains this one. Add"
                    " this document by itself."
                )
            )
        return _read(opened, sniffed)
    except UnreadableError as error:
        return Unusable(error.why)
    except OSError as error:
        return explain(error)


def _describe(name: str, member: Member, *, is_attached: bool) -> Part:
    """Return what a member is; ``is_attached``: to an email, where small images are logos."""
    if member.left_out:
        return Part(name, member.size, member.left_out)
    sniffed = _sniff(name, member)
    is_image = sniffed is not None and sniffed.media_type.startswith("image/")
    if is_attached and is_image and is_small(_begin(member, _IMAGE_HEAD)):
        return Part(name, member.size, _LOGO)
    return Part(name, member.size, begins_as=sniffed)


def _sniff(name: str, member: Member) -> Sniffed | None:
    """Return what a member is by its first bytes; None if it cannot be read."""
    try:
        beginning = _begin(member, HEAD)
    except UnreadableError:  # it will be refused for that
        return None
    return sniff(beginning, beginning.tell(), name)


def _begin(member: Member, limit: int) -> BinaryIO:
    """Return up to ``limit`` first bytes of a member, at their end."""
    beginning = io.BytesIO()
    for piece in member.read():
        beginning.write(piece[: limit - beginning.tell()])
        if beginning.tell() == limit:
            break
    return beginning


def _copy(
    opened: Opened, container: str, member: Member, spool: Spool, max_size: int
) -> Opened | Unusable:
    is_too_large = 0 < max_size < member.size
    handle, problem = spool.create(), too_large(max_size) if is_too_large else NOTHING
    try:
        try:
            if not is_too_large:
                for piece in member.read():
                    handle.write(piece)
        except UnreadableError as error:
            problem = error.why
        size = member.size if problem else handle.tell()
        handle.seek(0)
        if stat_handle(opened.handle) != opened.stat:
            handle.close()
            return Unusable(msg("The file changed while it was being read."), passing=True)
    except BaseException:
        handle.close()
        raise
    return Opened(handle, replace(opened.stat, size=size), container, member.mail, problem)


def _read(opened: Opened, sniffed: Sniffed) -> dict[str, Member]:
    opened.handle.seek(0)
    members = _READERS[sniffed.media_type](opened.handle, opened.stat.size)
    return name_members(_with_attached_mails(members) if _is_mail(sniffed) else members)


def _is_mail(sniffed: Sniffed) -> bool:
    return sniffed.media_type != formats.ZIP.media_type


def _with_attached_mails(members: Iterable[Member]) -> Iterator[Member]:
    """Yield members; an attached email is replaced by what is attached to it, one level deep."""
    for member in members:
        attached = None if member.left_out else _list_attached(member)
        if attached is None:
            yield member
        elif not attached:
            yield replace(member, left_out=EMPTY)
        else:
            for each in attached:
                yield replace(each, left_out=NESTED) if _attached_reader(each) else each


def _list_attached(member: Member) -> list[Member] | None:
    """Return what is attached to a member; None if it is no email, or cannot be read as one."""
    read = _attached_reader(member)
    try:
        return list(read()) if read else None
    except UnreadableError:  # it will be refused as an email
        return None


def _attached_reader(member: Member) -> Callable[[], Iterable[Member]] | None:
    """Return what lists what is attached to an email, known by its name; None for others."""
    extension = os.path.splitext(member.name)[1].lower()
    reader = {".eml": read_mail, ".msg": read_outlook_message}.get(extension)
    if member.attached or reader is None:
        return member.attached
    return lambda: reader(io.BytesIO(b"".join(member.read())), member.size)


#: Readers of what is inside a file, by its media type.
_READERS: Final[dict[str, Reader]] = {
    formats.MAIL.media_type: read_mail,
    formats.MSG.media_type: read_outlook_message,
    formats.ZIP.media_type: read_archive,
}
