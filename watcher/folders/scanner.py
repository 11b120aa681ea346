"""The one thread that scans, so that neither events nor housekeeping ever wait for a disk."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.folders.scan import Tally, look_again, scan
from watcher.model import ScanEnded, Scanned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watcher.folders.messages import Known, Post, WatchedFolder
    from watcher.folders.poll import Memory
    from watcher.model import Candidate

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Request:
    """One scan to be made at and below ``start``; a ``quick`` one by what ``memory`` holds."""

    folder: WatchedFolder
    start: str
    reason: str
    memory: Memory | None = None
    quick: bool = False
    cancelled: bool = False

    def covers(self, other: Request) -> bool:
        """Whether this scan, not yet begun, will see all that the other would."""
        inside = not self.start or (other.start + "/").startswith(self.start + "/")
        return not self.quick and self.folder is other.folder and inside


class Scanner:
    """Makes the scans that are asked for, one after the other, and each of them once.

    ``ended`` is called on the scan thread with a scan and what it counted, None if it failed.
    """

    def __init__(
        self,
        post: Post,
        known: Known,
        ended: Callable[[Request, Tally | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._post = post
        self._known = known
        self._ended = ended
        self._clock = clock
        self._changed = threading.Condition()
        self._pending: list[Request] = []
        self._current: Request | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scan", daemon=True)
        self._thread.start()

    def request(
        self,
        folder: WatchedFolder,
        start: str = "",
        reason: str = "new directory",
        memory: Memory | None = None,
        *,
        quick: bool = False,
    ) -> None:
        """Ask for a scan; one that a waiting request covers is not made."""
        new = Request(folder, start, reason, memory, quick)
        with self._changed:
            if any(waiting.covers(new) for waiting in self._pending):
                return
            self._pending = [other for other in self._pending if not new.covers(other)]
            self._pending.append(new)
            self._changed.notify()

    def forget(self, path: str) -> None:
        """Drop what is asked for in this folder, and end the scan that is under way there."""
        with self._changed:
            self._pending = [other for other in self._pending if other.folder.path != path]
            if self._current is not None and self._current.folder.path == path:
                self._current.cancelled = True

    def stop(self, timeout: float) -> None:
        """End the thread within ``timeout`` seconds; a scan ends at its next directory."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while (request := self._next()) is not None:
            try:
                self._scan(request)
            except Exception:  # folders must go on being scanned
                logger.exception("Looking through %s failed.", request.folder.path)
                self._ended(request, None)

    def _next(self) -> Request | None:
        with self._changed:
            self._current = None
            self._changed.wait_for(lambda: self._pending or self._stopping)
            if self._stopping:
                return None
            self._current = self._pending.pop(0)
            return self._current

    def _scan(self, request: Request) -> None:
        began = self._clock()
        tally = Tally()
        path = request.folder.path
        for batch in self._batches(request, tally):
            self._post(Scanned(path, batch))
        if request.cancelled or self._stopping:
            return
        seconds = self._clock() - began
        complete = not request.start and not tally.unreadable
        self._post(ScanEnded(path, tally.files, tally.new, seconds, request.reason, complete))
        self._ended(request, tally)

    def _batches(self, request: Request, tally: Tally) -> Iterator[tuple[Candidate, ...]]:
        def stop() -> bool:
            return request.cancelled or self._stopping

        folder, memory = request.folder, request.memory
        if memory is not None and not memory.begin() and request.quick:
            return look_again(folder, self._known, memory, stop, tally=tally)
        return scan(folder, self._known, request.start, stop, tally=tally, memory=memory)
