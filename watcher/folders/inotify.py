"""watchdog's inotify observer, made to say what it keeps to itself (watchdog 7.1).

As it comes it loses events without a word when the kernel's queue overflows, leaves directories
out when the limit of watches is reached, and does not notice an unmount. All of it passes
through the one reader that its emitters share.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyFullEmitter
from watchdog.observers.inotify_c import InotifyConstants, InotifyFD

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyEvent,
        Mask,
        WatchCallback,
        WatchDescriptor,
    )

logger = logging.getLogger(__name__)

#: Told what happened, "overflow", "limit", "unmounted" or "interrupted", and for "limit" the path
#: of the watched folder; on the reader's thread or on the one that begins a watch.
Tell = Callable[[str, str], None]


class Reader(InotifyFD):
    """Reads the kernel's queue; whatever goes wrong there, it tells and goes on."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self.name = "watch-read"
        self._tell = tell

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        """Watch a directory.

        watchdog warns when it is watched already; that happens whenever a directory is made
        while the one above it is walked, and is no news. Its emitters swallow the error.
        """
        with self._lock:
            try:
                watch = self._get_or_create_watch(path, mask)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    self._tell("limit", os.fsdecode(getattr(callback, "path", b"")))
                raise
            watch.callbacks[id_] = callback
            return watch.wd

    def handle_event(self, event: InotifyEvent) -> None:
        """Pass an event on; after an overflow watchdog first mends its own watches."""
        try:
            super().handle_event(event)
        except Exception:  # all folders depend on this thread
            logger.warning("Watching was interrupted and begins again.", exc_info=True)
            self._tell("interrupted", "")
        if event.is_queue_overflow:
            self._tell("overflow", "")
        elif event.mask & InotifyConstants.IN_UNMOUNT:
            self._tell("unmounted", "")


class Emitter(InotifyFullEmitter):
    """Says of a file whether it was made or moved to where it is."""

    def on_thread_start(self) -> None:
        """Begin to watch; OSError if the folder itself cannot be."""
        self.name = f"watch-{os.path.basename(os.fsdecode(self.watch.path))}"
        super().on_thread_start()


class InotifyObserver(BaseObserver):
    """As watchdog's of this name, with the reader and the emitter from above."""

    def __init__(self, tell: Tell) -> None:
        self._reader = Reader(tell)
        self._reader.start()
        super().__init__(Emitter, inotify_fd=self._reader)

    def is_alive(self) -> bool:
        """False as soon as either of the threads that all folders share has ended."""
        return super().is_alive() and self._reader.is_alive()

    def on_thread_stop(self) -> None:
        """End the emitters, then the reader."""
        super().on_thread_stop()
        self._reader.stop()
        self._reader.join()
