"""A file as sniffing sees it: its head, its end, and what libraries may read of the rest."""

from __future__ import annotations

import enum
import errno
import io
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


#: Bytes from the end in which an end is looked for, however much was appended or filled up.
REACH: Final = 1_000_000
_NEAR: Final = (2048, 65_536, REACH)


class End(enum.Enum):
    """Whether a file has the end that its format calls for."""

    SEEN = "seen"
    NONE = "none"  # the format has none, or the file can be opened without it
    DOUBTFUL = "doubtful"  # it seems to be missing: worth waiting for, and sent in the end
    MISSING = "missing"  # without it nothing can open the file


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

    def tails(self) -> Iterator[bytes]:
        """The end of the file, and more of it as long as more is asked for; at most REACH."""
        for count in _NEAR:
            yield self.tail(count)
            if count >= self.size:
                return


class Bounded(io.RawIOBase):
    """A handle for libraries that read what a file tells them to: it runs dry in time.

    After ``left`` bytes it has nothing more to give, and what lies behind ``size`` is not there
    for them: what was appended to a file. As libraries take every error for a
    malformed file, one of the disk is kept in ``failure``.
    """

    def __init__(self, handle: BinaryIO, left: int, size: int) -> None:
        self._handle = handle
        self._size = size
        self.left = left
        self.failure: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        """As of any handle."""
        try:
            room = max(0, min(self.left, self._size - self._handle.tell()))
            data = self._handle.read(room if size < 0 else min(size, room))
        except OSError as error:
            self.failure = error
            raise
        self.left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any handle; a place before the begin is the file's fault, not the disk's."""
        try:
            if whence == io.SEEK_END:
                return self._handle.seek(max(0, self._size + offset))
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
