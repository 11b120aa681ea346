"""A file's content: read at its ends, and given to libraries within bounds."""

from __future__ import annotations

import contextlib
import errno
import io
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

#: How many of the last bytes are searched for an end: data may be appended, or padding.
REACH: Final = 1_000_000
_NEAR: Final = (2048, 65_536, REACH)
_OVERLAP: Final = 64


class Content(NamedTuple):
    """A file's content: its ``head``, its ``size`` in bytes, and the handle for the rest."""

    handle: BinaryIO
    size: int
    head: bytes

    def read(self, offset: int, count: int) -> bytes:
        """Return at most ``count`` bytes from ``offset``; without I/O if the head has them."""
        if offset + count <= len(self.head):
            return self.head[offset : offset + count]
        self.handle.seek(offset)
        return self.handle.read(count)

    def tail(self, count: int) -> bytes:
        """Return the last ``count`` bytes, or all if there are fewer."""
        start = max(0, self.size - count)
        return self.read(start, self.size - start)

    def find_last(self, mark: bytes) -> int:
        """Return the offset of the last ``mark`` among the last ``REACH`` bytes, -1 if none."""
        for tail in self.tails():
            at = tail.rfind(mark)
            if at >= 0:
                return self.size - len(tail) + at
        return -1

    def before_tails(self) -> Iterator[bytes]:
        """Yield what precedes the last ``REACH`` bytes, in parts that overlap a little."""
        for at in range(0, max(0, self.size - REACH), REACH):
            yield self.read(max(0, at - _OVERLAP), REACH + _OVERLAP)

    def may_end_early(self, mark: bytes) -> bool:
        """Return whether ``mark``, which is in no tail, is before them, or perhaps yet to come.

        A long tail of zeros is room that a copy may still fill.
        """
        is_room = self.size > REACH and not self.tail(REACH).strip(b"\0")
        return is_room or any(mark in part for part in self.before_tails())

    def tails(self) -> Iterator[bytes]:
        """Yield the end of the file, then ever longer ends; at most ``REACH`` bytes."""
        for count in _NEAR:
            yield self.tail(count)
            if count >= self.size:
                return


class Bounded(io.RawIOBase):
    """A handle for libraries, which read as much as a hostile file tells them to.

    It ends after ``left`` bytes, and at ``size``, so that appended data is hidden. Libraries take
    any error for a malformed file, so an error of the disk is kept in ``failure``.
    """

    def __init__(self, handle: BinaryIO, left: int, size: int) -> None:
        self._handle = handle
        self._size = size
        self.left = left
        self.failure: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        """See :class:`io.RawIOBase`."""
        try:
            room = max(0, min(self.left, self._size - self._handle.tell()))
            data = self._handle.read(room if size < 0 else min(size, room))
        except OSError as error:
            self.failure = error
            raise
        self.left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See :class:`io.RawIOBase`. An offset before the start is not the disk's failure."""
        try:
            if whence == io.SEEK_END:
                return self._handle.seek(max(0, self._size + offset))
            return self._handle.seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:
                self.failure = error
            raise

    def tell(self) -> int:
        """See :class:`io.RawIOBase`."""
        return self._handle.tell()

    def seekable(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return True

    @contextlib.contextmanager
    def tolerated(self, malformed: tuple[type[Exception], ...]) -> Iterator[None]:
        """Suppress what a library raises on malformed files; the disk's failure is raised."""
        try:
            yield
        except malformed:
            if self.failure:
                raise self.failure from None
