"""The system's notifications, through watchdog (7.1), as candidates and requests to scan."""

from __future__ import annotations

import logging
import os
import queue
import secrets
import sys
from typing import TYPE_CHECKING, Final

from msgspec import Struct
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

from watcher.folders.scans import WatchedFolder
from watcher.model.files import Candidate
from watcher.model.kinds import Sign
from watcher.model.settings import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.observers.api import BaseObserver, ObservedWatch

    from watcher.folders.scans import FolderEvent, Post

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
    """Turns the events of one folder into candidates, on a thread of watchdog's.

    ``scan`` is called with the path of a new directory below the folder, ``gone`` when the folder
    itself was removed.
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
        """Use other patterns or excluded directories for the same folder."""
        below = os.path.join(folder.path, "")
        self.folder = folder
        self._start = len(below)
        self._excluded = tuple(
            os.path.join(path, "") for path in folder.excluded if path.startswith(below)
        )

    def dispatch(self, event: FileSystemEvent) -> None:
        """Handle an event; a file that is renamed into place counts as complete."""
        if event.is_synthetic:  # watchdog has walked a directory that is scanned anyway
            return
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        if event.is_directory:
            self._on_directory(event, source, target)
        elif event.event_type == "moved":
            self._offer(source, Sign.REMOVED)
            self._offer(target, Sign.CLOSED)
        else:
            self._offer(source, _SIGNS[event.event_type])

    def _on_directory(self, event: FileSystemEvent, source: str, target: str) -> None:
        """Have a new directory scanned: files may have arrived before it was watched."""
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
        """Return the path below the folder with "/"; "" if it is ignored or excluded."""
        if os.path.join(path, "").startswith(self._excluded):
            return ""
        relative = path[self._start :].replace(os.sep, "/")
        return "" if self.folder.ignore(relative) else relative


class Native:
    """The observer and its watches; OSError if the system has none, or none left."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # it logs each overflow twice
        self._observer = _observer(report)
        self._observer.name = "watch-events"
        self._observer.start()

    def watch(self, handler: Handler) -> ObservedWatch:
        """Watch the handler's folder; it gets every event from now on."""
        folder = handler.folder
        return self._observer.schedule(
            handler, folder.path, recursive=folder.recursive, event_filter=EVENTS
        )

    def unwatch(self, watch: ObservedWatch) -> None:
        """End a watch; its pending events are dropped."""
        self._observer.unschedule(watch)

    def running(self) -> bool:
        """Whether the threads that all watches share are running, as they should."""
        return self._observer.is_alive()

    def alive(self) -> set[ObservedWatch]:
        """Return the watches whose directory itself still exists."""
        return {
            emitter.watch
            for emitter in self._observer.emitters
            if emitter.is_alive() and emitter.should_keep_running()
        }

    def stop(self) -> None:
        """Stop all watches and their threads."""
        self._observer.stop()
        self._observer.join(2.0)


def load() -> None:
    """Import what watching needs before there is another thread that may do so.

    watchdog's modules import one another in a circle: two threads that begin at different ends
    of it deadlock, about once in a thousand starts.
    """
    if sys.platform == "linux":
        import watcher.folders.inotify  # noqa: F401, PLC0415 - Linux only
    import watchdog.observers  # noqa: F401, PLC0415 - chooses by the system


def _observer(report: Callable[[str, str], None]) -> BaseObserver:
    if sys.platform == "linux":
        from watcher.folders.inotify import InotifyObserver  # noqa: PLC0415 - Linux only

        return InotifyObserver(report)
    else:  # noqa: RET505 - a type checker has to see which system this is for
        from watchdog.observers import Observer  # noqa: PLC0415 - chooses by the system

        return Observer()


# --- A test of the notifications ------------------------------------------------------------------


class Probe(Struct, frozen=True):
    """The result of :func:`probe`: ``seconds`` until the event, None if there was none.

    ``unwatched`` is why the folder cannot be watched, ``unwritable`` why no file can be created.
    """

    seconds: float | None = None
    unwatched: str = ""
    unwritable: str = ""


def probe(path: str, patience: float, tick: Callable[[], float]) -> Probe:
    """Create a file in the folder at ``path`` and wait up to ``patience`` seconds for its event.

    ``path`` has no symbolic link in it; ``tick`` is a monotonic clock.
    """
    events: queue.SimpleQueue[FolderEvent] = queue.SimpleQueue()
    folder = WatchedFolder(
        path, recursive=False, watch=Watch.NATIVE, poll_seconds=0, ignore=lambda _: ""
    )
    try:
        native = Native(lambda *_: None)
    except OSError as error:
        return Probe(unwatched=str(error.strerror))
    try:
        native.watch(Handler(folder, events.put, lambda *_: None, lambda: None))
        return _make_file(path, events, tick, tick() + patience)
    except OSError as error:
        return Probe(unwatched=str(error.strerror))
    finally:
        native.stop()


def _make_file(
    folder: str, events: queue.SimpleQueue[FolderEvent], tick: Callable[[], float], deadline: float
) -> Probe:
    path = os.path.join(folder, f".hrflow-watcher-probe-{secrets.token_hex(4)}.tmp")
    began = tick()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(path)  # at once, as this program may be ended: the event comes all the same
    except OSError as error:
        return Probe(unwritable=str(error.strerror))
    while (left := deadline - tick()) > 0:
        try:
            message = events.get(timeout=left)
        except queue.Empty:
            break
        if isinstance(message, Candidate) and message.path == path:
            return Probe(seconds=tick() - began)
    return Probe()
