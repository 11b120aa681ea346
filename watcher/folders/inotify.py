"""watchdog's inotify observer (7.1), extended to report what it ignores.

By itself it loses events silently when the kernel's queue overflows, leaves out directories when
the limit of watches is reached, and does not notice an unmount. All of that passes through the
one reader that its emitters share. It also has a thread for each folder, behind a queue; here the
reader gives each event to the handlers itself.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyFullEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import InotifyConstants, InotifyFD
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import EventQueue, ObservedWatch
    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyEvent,
        Mask,
        WatchCallback,
        WatchDescriptor,
    )
    from watchdog.observers.inotify_move_event_grouper import PathedInotifyEvent

logger = logging.getLogger(__name__)

#: Called with what happened ("overflow", "limit", "unmounted" or "interrupted") and for "limit" the
#: path of the watched folder; on the reader's thread or on the one that adds a watch.
ReportProblem = Callable[[str, str], None]


class InotifyReader(InotifyFD):
    """Reads the kernel's queue; reports what goes wrong there, and continues."""

    def __init__(self, report: ReportProblem) -> None:
        super().__init__()
        self.name = "watch-read"
        self._report = report

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        """Watch a directory.

        watchdog's own method warns if it is watched already, which is normal when a directory
        is created while its parent is walked. Its emitters swallow the error.
        """
        with self._lock:
            try:
                watch = self._get_or_create_watch(path, mask)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    self._report("limit", os.fsdecode(getattr(callback, "path", b"")))
                raise
            watch.callbacks[id_] = callback
            return watch.wd

    def handle_event(self, event: InotifyEvent) -> None:
        """Pass an event on; after an overflow watchdog first repairs its own watches."""
        try:
            super().handle_event(event)
        except Exception:  # all folders depend on this thread
            logger.warning("Watching was interrupted and restarts.", exc_info=True)
            self._report("interrupted", "")
        if event.is_queue_overflow:
            self._report("overflow", "")
        elif event.mask & InotifyConstants.IN_UNMOUNT:
            self._report("unmounted", "")


class Moves(InotifyMoveEventGrouper):
    """Passes events on as they come; watchdog's own waits for the other half of a move.

    Both halves matter only where a directory is moved, as its watches move along.
    """

    def __init__(self) -> None:
        self.events: list[PathedInotifyEvent] = []
        self._moved_from: PathedInotifyEvent | None = None

    def put_event(self, event: PathedInotifyEvent) -> None:
        """Add an event to those that are to be handled."""
        self.events.append(event)
        if event.ev.is_moved_from:
            self._moved_from = event

    def get_queued_moved_from_event(self, cookie: int) -> PathedInotifyEvent | None:
        """Return the first half of a move; the kernel reports the second one right after it."""
        moved = self._moved_from
        return moved if moved is not None and moved.ev.cookie == cookie else None

    def discard_pending_events(self) -> None:
        """Forget what cannot be trusted after an overflow."""
        self.events.clear()
        self._moved_from = None

    def close(self) -> None:
        """Do nothing: nobody waits for events."""


class WatchGroup(InotifyWatchGroup):
    """The watches of one folder; gives its events to ``handle``, on the reader's thread."""

    def __init__(
        self, reader: InotifyFD, handle: Callable[[PathedInotifyEvent], None], **options: Any
    ) -> None:
        self._handle = handle
        super().__init__(reader, **options)

    def __post_init__(self) -> None:
        self._moves = self._move_event_grouper = Moves()
        super().__post_init__()

    def on_event(self, event: InotifyEvent) -> None:
        """Handle an event, and what watchdog concludes from it; not under watchdog's lock."""
        super().on_event(event)
        events, self._moves.events = self._moves.events, []
        for each in events:
            self._handle(each)


class Emitter(InotifyFullEmitter):
    """Gives events to the handlers at once, without threads and queues of its own."""

    def __init__(
        self,
        event_queue: EventQueue,
        watch: ObservedWatch,
        *,
        handle: Callable[[FileSystemEvent, ObservedWatch], None],
        **options: Any,
    ) -> None:
        super().__init__(event_queue, watch, **options)
        self._handle = handle

    def start(self) -> None:
        """Begin to watch."""
        self._inotify = WatchGroup(
            self._inotify_fd,
            self.build_and_queue_event,
            path=os.fsencode(self.watch.path),
            is_recursive=self.watch.is_recursive,
            event_mask=self.get_event_mask_from_filter(),
        )

    def is_alive(self) -> bool:
        """Whether it watches."""
        return self._inotify is not None

    def queue_event(self, event: FileSystemEvent) -> None:
        """Give an event to the handlers, if it is of a type that they want."""
        if self._event_filter is None or type(event) in self._event_filter:
            self._handle(event, self.watch)


class InotifyObserver(BaseObserver):
    """watchdog's observer of this name, with the reader and the emitters from above."""

    def __init__(self, report: ReportProblem) -> None:
        self._reader = InotifyReader(report)
        self._reader.start()
        super().__init__(Emitter, inotify_fd=self._reader, handle=self._handle)

    def _handle(self, event: FileSystemEvent, watch: ObservedWatch) -> None:
        # Not under the observer's lock: whoever holds it may be waiting for the emitter to end.
        for handler in tuple(self._handlers.get(watch, ())):
            handler.dispatch(event)

    def is_alive(self) -> bool:
        """Whether both threads that all folders share are running."""
        return super().is_alive() and self._reader.is_alive()

    def on_thread_stop(self) -> None:
        """Stop the emitters, then the reader."""
        super().on_thread_stop()
        self._reader.stop()
        self._reader.join()
