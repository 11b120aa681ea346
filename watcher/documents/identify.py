"""What a file is: opened once, looked at, hashed, and handed on through the same handle."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from watcher.documents.opening import (
    HAS_DIR_FD,
    Opened,
    RefusedError,
    being_written,
    explain,
    open_document,
    stat_handle,
)
from watcher.documents.parts import find_place
from watcher.i18n.message import msg
from watcher.model.files import Document, Identified, Unusable
from watcher.model.uploads import Altered
from watcher.sniff import server_name, sniff

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader
    from typing import BinaryIO

    from watcher.model.files import Sniffed
    from watcher.model.records import Stat

_CHUNK = 262_144  # bytes read at once; larger is not faster


def identify(
    root: str,
    path: str,
    *,
    accepts: Callable[[Sniffed], bool],
    max_size: int = 0,
    keep_open: bool = False,
    has_dir_fd: bool = HAS_DIR_FD,
) -> Identified | Unusable:
    """Open the file at ``path`` below ``root`` and say what it is.

    A file larger than ``max_size`` bytes (0: no limit), or whose content is not accepted, is
    not hashed: its ``sha256`` is "", as it will be refused anyway. With ``keep_open`` the handle
    comes along, at its start, for the caller to send and to close. A file that changes while it
    is read is Unusable for now.
    """
    opened = open_document(root, path, has_dir_fd=has_dir_fd)
    if isinstance(opened, Unusable):
        return opened
    with contextlib.ExitStack() as stack:
        handle = stack.enter_context(opened.handle)
        try:
            busy = being_written(handle, path)
            document = _read(root, path, opened, accepts, max_size)
            handle.seek(0)
        except OSError as error:
            return explain(error)
        if not keep_open:
            return Identified(document, None, busy)
        stack.pop_all()
        return Identified(document, handle, busy)


def reopen(
    root: str, path: str, stat: Stat, *, has_dir_fd: bool = HAS_DIR_FD
) -> BinaryIO | Altered:
    """The file that was identified as ``stat``, open again at its start; Altered if it is not."""
    opened = open_document(root, path, has_dir_fd=has_dir_fd)
    if isinstance(opened, Unusable):
        return Altered(opened.why, gone=opened.gone)
    if opened.stat == stat:
        return opened.handle
    opened.handle.close()
    return Altered(msg("has changed since it was looked at"))


def _read(
    root: str, path: str, opened: Opened, accepts: Callable[[Sniffed], bool], max_size: int
) -> Document:
    handle, stat = opened.handle, opened.stat
    place = find_place(root, path)
    sniffed = place.found or sniff(handle, stat.size, place.name)
    sent = accepts(sniffed) and (not max_size or stat.size <= max_size) and not place.part_of
    sha256 = _hash(handle, stat.size) if sent else ""
    if stat_handle(handle) != stat:
        raise RefusedError(msg("changed while it was read"), passing=True)
    file_name = server_name(place.name, sniffed.extension)
    return Document(root, path, stat, sha256, sniffed, file_name, place.part_of, place.may_be_part)


def _hash(handle: BufferedReader, size: int) -> str:
    """SHA-256 of the ``size`` bytes that the file should have; one more tells that it grew."""
    handle.seek(0)
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(min(size + 1, _CHUNK)))
    seen, room = 0, len(buffer)
    # Fewer bytes than there is room for are all that the file has, or had by then.
    while seen <= size and (count := handle.readinto1(buffer)):
        digest.update(buffer[:count])
        seen += count
        if seen == size and count < room:
            break
    if seen != size:
        raise RefusedError(msg("changed while it was read"), passing=True)
    return digest.hexdigest()
