"""How things are, for those who wait until that is something else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.model import Snapshot

#: Seconds after which nothing new is said, too: browsers and proxies give up later than that.
LONGEST: Final = 25.0
#: Seconds after which those may ask again for whom there is no room to wait.
_CROWDED: Final = 2.0


class News:
    """Numbers snapshots. Used by all threads of the server."""

    def __init__(self, latest: Callable[[], Snapshot], places: int) -> None:
        """As many as ``places`` may wait at the same time."""
        self._latest = latest
        self._places = threading.Semaphore(places)
        self._changed = threading.Condition()
        self._number = 1
        self._closed = False

    def hear(self, _snapshot: Snapshot) -> None:
        """Something is not as it was."""
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Keep nobody waiting any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self, seen: int) -> tuple[int, Snapshot | None, float]:
        """(number, how things are, seconds until the next question) as soon as that is news.

        ``seen`` is the number of the last answer, 0 for none. None after a while without news.
        """
        if seen != self._number:
            return self._number, self._latest(), 0.0
        if not self._places.acquire(blocking=False):
            return seen, None, _CROWDED
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._number != seen, LONGEST)
                number = self._number
        finally:
            self._places.release()
        if number == seen:
            return number, None, _CROWDED if self._closed else 0.0
        return number, self._latest(), 0.0
