"""Identifies a file: opened once, examined, hashed, and passed on through the same handle."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import logging
import os
import sys
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from watcher.documents.bundles import Place, find_place
from watcher.documents.containers import Container, extract_part, list_parts
from watcher.documents.images import find_problem
from watcher.documents.opening import (
    Opened,
    RefusedError,
    explain,
    open_document,
    stat_handle,
)
from watcher.i18n.message import Message, msg
from watcher.model.files import Document, Identified, Sniffed, Unusable
from watcher.model.uploads import Altered
from watcher.sniff import formats
from watcher.sniff.detect import server_name, sniff
from watcher.system import file_system_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from watcher.documents.opening import Spool
    from watcher.model.entries import Stat

# It warns of every oddity in a file.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

#: What a part is that could not be taken out of its file.
_UNREAD: Final = Sniffed("", "", formats.UNKNOWN.what)

_CHUNK = 262_144  # bytes read at once; larger is not faster


def identify(
    root: str,
    path: str,
    *,
    accepts: Callable[[Sniffed], bool],
    max_size: int = 0,
    keep_open: bool = False,
    opens: Callable[[Sniffed], bool] = lambda _: False,
    converts: Callable[[Sniffed], bool] = lambda _: False,
    spool: Spool | None = None,
    container: Container | None = None,
) -> Identified | Unusable:
    """Open the file at ``path`` below ``root`` and return what it is.

    A file that is larger than ``max_size`` bytes (0: no limit), or not accepted, will be refused
    anyway and is not hashed: its ``sha256`` is "". With ``keep_open`` the result has the handle,
    at its start, to be closed by the caller. A file that changes while it is read is Unusable for
    now. Files for which ``opens`` is true are opened for what is inside, images for which
    ``converts`` is true are to be sent as PDF; both need a ``spool``. ``container``: the file that
    it is inside of, if that is open already.
    """
    if container is not None:
        opened = container.extract(os.path.basename(path), max_size)
    else:
        opened = open_document(root, path)
        if isinstance(opened, Unusable) and opened.gone and spool is not None:
            opened = extract_part(root, path, spool, opens, max_size)
    if isinstance(opened, Unusable):
        return opened
    with contextlib.ExitStack() as stack:
        handle = stack.enter_context(opened.handle)
        try:
            busy = False if opened.container else being_written(handle, path)
            document = _read(root, path, opened, accepts, max_size)
            if spool is not None and not opened.container and opens(document.sniffed):
                document = _list_parts(document, opened, max_size, spool)
            if spool is not None and document.sha256 and converts(document.sniffed):
                document = _as_pdf(document, handle, spool)
            handle.seek(0)
        except OSError as error:
            return explain(error)
        if not keep_open:
            return Identified(document, None, busy)
        stack.pop_all()
        return Identified(document, handle, busy)


def reopen(root: str, path: str, stat: Stat, spool: Spool | None = None) -> BinaryIO | Altered:
    """Open again the file that was identified as ``stat``; Altered if it is no longer that one."""
    opened = open_document(root, path)
    if isinstance(opened, Unusable) and opened.gone and spool is not None:
        opened = extract_part(root, path, spool)
    if isinstance(opened, Unusable):
        return Altered(opened.why, gone=opened.gone)
    if opened.stat == stat:
        return opened.handle
    opened.handle.close()
    return Altered(msg("The file changed while it was being checked."))


def _read(
    root: str, path: str, opened: Opened, accepts: Callable[[Sniffed], bool], max_size: int
) -> Document:
    handle, stat, problem = opened.handle, opened.stat, opened.problem
    place = Place(os.path.basename(path)) if opened.container else find_place(root, path)
    content = _read_small(handle, stat.size)
    sniffed = _UNREAD if problem else place.found or sniff(content, stat.size, place.name)
    sent = accepts(sniffed) and (not max_size or stat.size <= max_size)
    sha256 = _hash(content, stat.size) if sent and not place.part_of and not problem else ""
    if not opened.container and stat_handle(handle) != stat:
        raise RefusedError(msg("The file changed while it was being read."), passing=True)
    return Document(
        root,
        path,
        stat,
        sha256,
        sniffed,
        server_name(place.name, sniffed.extension),
        place.part_of,
        place.may_be_part,
        problem=problem,
        container=opened.container,
        mail=opened.mail,
    )


def _list_parts(document: Document, opened: Opened, max_size: int, spool: Spool) -> Document:
    """Return the document with what is inside, if it is complete and not too large."""
    size = document.stat.size
    if not size or document.sniffed.broken or 0 < max_size < size:
        return document
    parts = list_parts(opened, document.sniffed, spool)
    if isinstance(parts, Message):
        return replace(document, problem=parts)
    return replace(document, parts=parts)


def _as_pdf(document: Document, handle: BinaryIO, spool: Spool) -> Document:
    """Return an image as it is to be sent, or with the problem why it cannot be."""
    problem = find_problem(handle, document.sniffed.media_type, spool)
    name = server_name(os.path.basename(document.path), formats.PDF.extension)
    return replace(document, file_name=name, converts=not problem, problem=problem)


def _read_small(handle: BinaryIO, size: int) -> BinaryIO:
    """Return a file of ``size`` bytes in memory if it is small: one read replaces a dozen.

    One more byte is read to detect that the file grew.
    """
    return io.BytesIO(handle.read(size + 1)) if size < _CHUNK else handle


def _hash(handle: BinaryIO, size: int) -> str:
    """Return the SHA-256 of the ``size`` bytes; one more is read to detect that the file grew."""
    handle.seek(0)
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(min(size + 1, _CHUNK)))
    seen, room = 0, len(buffer)
    # A read that does not fill the buffer is the last one.
    while seen <= size and (count := handle.readinto1(buffer)):  # type: ignore[attr-defined]
        digest.update(buffer[:count])
        seen += count
        if seen == size and count < room:
            break
    if seen != size:
        raise RefusedError(msg("The file changed while it was being read."), passing=True)
    return digest.hexdigest()


# --- Is a program still writing it? ---------------------------------------------------------------

#: File systems without an own device number that only this kernel writes to. Others may be on a
#: network, the host or a program (FUSE), whose writers the kernel does not know.
_LOCAL = frozenset({"bcachefs", "btrfs", "overlay", "ramfs", "tmpfs", "zfs"})
_SHARING_VIOLATION = 32


def being_written(handle: BinaryIO, path: str) -> bool | None:
    """Return whether a program has the file behind ``handle``, at ``path``, open for writing.

    None if that is unknown (another user's file, a network file system, macOS).
    """
    answer = None
    if sys.platform == "linux":
        answer = _try_lease(handle.fileno())
    elif sys.platform == "win32":
        answer = judge_sharing(path, _open_denying_writers)
    return answer


if sys.platform == "linux":
    import fcntl
    import signal

    def _try_lease(fd: int) -> bool | None:
        """Request a read lease, which is only granted while no program writes (fcntl(2)).

        The lease is released at once. If a program opens the file in between, the kernel sends a
        signal: SIGURG is ignored by default, while the usual one would end this process. That
        program waits some microseconds, or gets EWOULDBLOCK if it passed O_NONBLOCK.
        """
        try:
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return True if error.errno == errno.EAGAIN and _knows_writers(fd) else None
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False if _knows_writers(fd) else None

    def _knows_writers(fd: int) -> bool:
        """Return whether the kernel knows every program that writes the file."""
        return bool(os.major(os.fstat(fd).st_dev)) or file_system_of(fd) in _LOCAL


def judge_sharing(path: str, open_denying_writers: Callable[[str], int]) -> bool | None:
    """Return whether ``path`` is open for writing, by opening it with writing denied to others.

    ``open_denying_writers`` opens and closes it, and returns 0 or the system's error number.
    """
    code = open_denying_writers(path)
    if code == _SHARING_VIOLATION:
        return True
    return None if code else False


if sys.platform == "win32":  # not tested on a real system yet

    def _open_denying_writers(path: str) -> int:
        import ctypes  # noqa: PLC0415 - only here
        from ctypes import wintypes  # noqa: PLC0415 - only here

        generic_read, share_read, open_existing = 0x80000000, 1, 3
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        kernel.CreateFileW.argtypes = (
            wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID,
            wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE,
        )  # fmt: skip
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        handle = kernel.CreateFileW(path, generic_read, share_read, None, open_existing, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            return ctypes.get_last_error()
        kernel.CloseHandle(handle)
        return 0
