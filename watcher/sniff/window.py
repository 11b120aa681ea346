"""A file as sniffing sees it: its head, its end, and what libraries may read of the rest."""

from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import BinaryIO


class Window(NamedTuple):
    """The ``head`` of ``size`` bytes, and the handle for what lies further in."""

    handle: BinaryIO
    size: int
    head: bytes

    def read(self, offset: int, count: int) -> bytes:
        """At most ``count`` bytes from ``offset``; from the head where it reaches that far."""
        if offset + count <= len(self.head):
            return self.head[offset : offset + count]
        self.handle.seek(offset)
        return self.handle.read(count)

    def tail(self, count: int) -> bytes:
        """The last ``count`` bytes, or all if there are fewer."""
        start = max(0, self.size - count)
        return self.read(start, self.size - start)


class Bounded(io.RawIOBase):
    """A handle for libraries that read what a file tells them to: it runs dry in time.

    After ``left`` bytes it has nothing more to give. As libraries take every error for a
    malformed file, one of the disk is kept in ``failure``.
    """

    def __init__(self, handle: BinaryIO, left: int) -> None:
        self._handle = handle
        self.left = left
        self.failure: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        """As of any handle."""
        try:
            data = self._handle.read(self.left if size < 0 else min(size, self.left))
        except OSError as error:
            self.failure = error
            raise
        self.left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any handle; a place before the begin is the file's fault, not the disk's."""
        try:
            return self._handle.seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:
                self.failure = error
            raise

    def tell(self) -> int:
        """As of any handle."""
        return self._handle.tell()

    def seekable(self) -> bool:
        """As of any handle."""
        return True
