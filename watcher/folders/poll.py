"""What a polled folder remembers from one look to the next: a time of change per directory.

A directory's time of change is new when a name in it is; it says nothing of a file that was
written to in place, which is why every tenth look reads everything.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: A file system's clock may stand still this long (FAT: 2 s), so that a name can be added
#: without the directory's time changing. Measured between our own looks: the clock of a server
#: may be wrong.
COARSEST_SECONDS = 3.0
FULL_EVERY = 10
_UNREAD = -2  # a time that no directory has


class Memory:
    """Times of change of the directories of one folder, by their path below it ("" or "a/b")."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._now = 0.0
        self._looks = 0
        self._changed_at: dict[str, int] = {}
        self._fresh: dict[str, float] = {}  # when a time that may not be final was first seen

    def begin(self) -> bool:
        """Begin a look; True if this one has to read everything."""
        self._now = self._clock()
        full = self._looks % FULL_EVERY == 0
        self._looks += 1
        return full

    def directories(self) -> list[str]:
        """Every directory that was there at the last look."""
        return list(self._changed_at)

    def __contains__(self, relative: str) -> bool:
        return relative in self._changed_at

    def settled(self, relative: str, mtime_ns: int) -> bool:
        """Whether reading the directory again could find no name that was not seen."""
        return self._changed_at.get(relative) == mtime_ns and relative not in self._fresh

    def remember(self, relative: str, mtime_ns: int) -> None:
        """The directory is about to be read and had this time of change before it."""
        if self._changed_at.get(relative) != mtime_ns:
            self._changed_at[relative] = mtime_ns
            self._fresh[relative] = self._now
        elif self._now - self._fresh.get(relative, self._now) >= COARSEST_SECONDS:
            del self._fresh[relative]

    def doubt(self, relative: str) -> None:
        """The directory is there and could not be read: every look tries it again."""
        self._changed_at[relative] = _UNREAD
        self._fresh.pop(relative, None)

    def forget(self, relative: str) -> None:
        """The directory is no longer there."""
        self._changed_at.pop(relative, None)
        self._fresh.pop(relative, None)
