"""The system's own notifications, through watchdog, as candidates and requests to scan."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Final

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

from watcher.model import Candidate, Sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.observers.api import BaseObserver, ObservedWatch

    from watcher.folders.messages import Post, WatchedFolder

#: One filter for every folder: two watches of one directory share one mask in the kernel.
EVENTS: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent,
    FileClosedEvent if sys.platform == "linux" else FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]

_SIGNS: Final = {
    "created": Sign.CHANGED,
    "modified": Sign.CHANGED,
    "closed": Sign.CLOSED,
    "deleted": Sign.REMOVED,
}


class Handler(FileSystemEventHandler):
    """Turns the events of one folder into candidates, on the observer's thread.

    ``scan`` is called with a new directory's path below the folder; ``gone`` when the folder
    itself went.
    """

    def __init__(
        self,
        folder: WatchedFolder,
        post: Post,
        scan: Callable[[WatchedFolder, str], None],
        gone: Callable[[], None],
    ) -> None:
        self._post = post
        self._scan = scan
        self._gone = gone
        self.use(folder)

    def use(self, folder: WatchedFolder) -> None:
        """Go on with the same folder and other patterns or other excluded directories."""
        below = os.path.join(folder.path, "")
        self.folder = folder
        self._start = len(below)
        self._excluded = tuple(
            os.path.join(path, "") for path in folder.excluded if path.startswith(below)
        )

    def dispatch(self, event: FileSystemEvent) -> None:
        """Handle any event; a file that is renamed into place is taken to be whole."""
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        if event.is_directory:
            self._on_directory(event, source, target)
        elif event.event_type == "moved":
            self._offer(source, Sign.REMOVED)
            self._offer(target, Sign.CLOSED)
        else:
            self._offer(source, _SIGNS[event.event_type])

    def _on_directory(self, event: FileSystemEvent, source: str, target: str) -> None:
        """Look through a new directory: files may have come into it before it was watched."""
        if source == self.folder.path:
            self._gone()
        if event.event_type in ("moved", "deleted"):
            self._offer(source, Sign.EMPTIED)
        made = target if event.event_type == "moved" else source
        if made and event.event_type != "deleted" and self.folder.recursive:
            below = self._below(os.path.join(made, ""))
            if below:
                self._scan(self.folder, below.rstrip("/"))

    def _offer(self, path: str, sign: Sign) -> None:
        if self._below(path):
            self._post(Candidate(self.folder.path, path, sign))

    def _below(self, path: str) -> str:
        """The path below the folder with "/", or "" if it is none of this folder's business."""
        if os.path.join(path, "").startswith(self._excluded):
            return ""
        relative = path[self._start :].replace(os.sep, "/")
        return "" if self.folder.ignore(relative) else relative


class Native:
    """The observer and its watches. OSError where the system has none (left)."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # says each overflow twice
        self._observer = _observer(tell)
        self._observer.name = "watch-events"
        self._observer.start()

    def watch(self, handler: Handler) -> ObservedWatch:
        """Watch the handler's folder; every event from now on reaches it."""
        folder = handler.folder
        return self._observer.schedule(
            handler, folder.path, recursive=folder.recursive, event_filter=EVENTS
        )

    def unwatch(self, watch: ObservedWatch) -> None:
        """End a watch; its events that are under way are dropped."""
        self._observer.unschedule(watch)

    def running(self) -> bool:
        """False once a thread that all watches share has ended, which it should not."""
        return self._observer.is_alive()

    def alive(self, watch: ObservedWatch) -> bool:
        """False once the watched directory itself was removed."""
        return any(
            emitter.watch == watch and emitter.is_alive() and emitter.should_keep_running()
            for emitter in self._observer.emitters
        )

    def stop(self) -> None:
        """End all watches and their threads."""
        self._observer.stop()
        self._observer.join(2.0)


def load() -> None:
    """Import all that watching needs, before there is another thread that may do so too.

    watchdog's modules import one another: two threads that begin at different ends of that circle
    fail with a deadlock, about once in a thousand starts.
    """
    if sys.platform == "linux":
        import watcher.folders.inotify  # noqa: F401, PLC0415 - Linux only
    import watchdog.observers  # noqa: F401, PLC0415 - chooses by the system


def _observer(tell: Callable[[str, str], None]) -> BaseObserver:
    if sys.platform == "linux":
        from watcher.folders.inotify import InotifyObserver  # noqa: PLC0415 - Linux only

        return InotifyObserver(tell)
    else:  # noqa: RET505 - a type checker has to see which system this is for
        from watchdog.observers import Observer  # noqa: PLC0415 - chooses by the system

        return Observer()
