"""watchdog's inotify observer (7.1), extended to report what it ignores.

By itself it loses events silently when the kernel's queue overflows, leaves out directories when
the limit of watches is reached, and does not notice an unmount. All of that passes through the
one reader that its emitters share.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyFullEmitter
from watchdog.observers.inotify_c import InotifyConstants, InotifyFD

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

logger = logging.getLogger(__name__)

#: Called with what happened ("overflow", "limit", "unmounted" or "interrupted") and for "limit" the
#: path of the watched folder; on the reader's thread or on the one that adds a watch.
Report = Callable[[str, str], None]


class Reader(InotifyFD):
    """Reads the kernel's queue; reports what goes wrong there, and continues."""

    def __init__(self, report: Report) -> None:
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


class Emitter(InotifyFullEmitter):
    """Gives events to the handlers at once, without the observer's queue and thread."""

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

    def queue_event(self, event: FileSystemEvent) -> None:
        """Give an event to the handlers, if it is of a type that they want."""
        if self._event_filter is None or type(event) in self._event_filter:
            self._handle(event, self.watch)


class InotifyObserver(BaseObserver):
    """watchdog's observer of this name, with the reader and the emitters from above."""

    def __init__(self, report: Report) -> None:
        self._reader = Reader(report)
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
