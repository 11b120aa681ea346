"""The system's own notifications, through watchdog (7.1), as candidates and requests to scan."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
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

from watcher.folders import mounts
from watcher.folders.messages import WatchedFolder
from watcher.folders.scans import Tally, scan
from watcher.model.files import Candidate
from watcher.model.kinds import Sign
from watcher.model.settings import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchdog.observers.api import BaseObserver, ObservedWatch

    from watcher.folders.messages import Message, Post


@dataclass(frozen=True, slots=True)
class Limits:
    """inotify's limits, and how much of each this user's programs have now."""

    max_watches: int
    max_instances: int
    watches: int
    instances: int


def read_limits(proc: str = "/proc") -> Limits | None:
    """The limits; None where there is no inotify."""
    watches = mounts.inotify_limit("max_user_watches", proc)
    instances = mounts.inotify_limit("max_user_instances", proc)
    if not (watches and instances):
        return None
    used = list(_watches_of_instances(proc))
    return Limits(watches, instances, sum(used), len(used))


def _watches_of_instances(proc: str) -> Iterator[int]:
    """How many watches each inotify instance of this user has."""
    for process in filter(str.isdigit, os.listdir(proc)):
        place = os.path.join(proc, process)
        with contextlib.suppress(OSError):  # the process has ended, or is none of this user's
            if os.stat(place).st_uid != os.geteuid():
                continue
            for number in os.listdir(os.path.join(place, "fd")):
                if os.readlink(os.path.join(place, "fd", number)) == "anon_inode:inotify":
                    with open(os.path.join(place, "fdinfo", number), encoding="utf-8") as info:
                        yield sum(line.startswith("inotify ") for line in info)


def look_through(folder: WatchedFolder, stop: Callable[[], bool]) -> Tally:
    """What is in a folder: how many directories, and what of it cannot be read.

    ``stop`` is asked before each directory; what was counted until then is given.
    """
    tally = Tally()
    for _ in scan(folder, lambda *_: {}, stop=stop, tally=tally):
        pass
    return tally


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of it: ``seconds`` until it was told of, None if it was not.

    ``unwatched`` says why nothing can be watched there, ``unwritable`` why no file can be made.
    """

    seconds: float | None = None
    unwatched: str = ""
    unwritable: str = ""


def probe(path: str, patience: float, tick: Callable[[], float]) -> Probe:
    """Make a file in the folder at ``path`` and wait up to ``patience`` seconds to be told of it.

    ``path`` has no symbolic link in it; ``tick`` gives seconds that never go back.
    """
    told: queue.SimpleQueue[Message] = queue.SimpleQueue()
    folder = WatchedFolder(path, recursive=False, watch=Watch.NATIVE, poll_seconds=0, ignore=_take)
    try:
        native = Native(lambda *_: None)
    except OSError as error:
        return Probe(unwatched=str(error.strerror))
    try:
        native.watch(Handler(folder, told.put, lambda *_: None, lambda: None))
        return _make_file(path, told, tick, tick() + patience)
    except OSError as error:
        return Probe(unwatched=str(error.strerror))
    finally:
        native.stop()


def _take(_: str) -> str:
    """Ignore nothing: everything that is told is wanted here."""
    return ""


def _make_file(
    folder: str, told: queue.SimpleQueue[Message], tick: Callable[[], float], deadline: float
) -> Probe:
    path = os.path.join(folder, f".hrflow-watcher-probe-{secrets.token_hex(4)}.tmp")
    began = tick()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(path)  # before anything can end this program: it is told of all the same
    except OSError as error:
        return Probe(unwritable=str(error.strerror))
    while (left := deadline - tick()) > 0:
        try:
            message = told.get(timeout=left)
        except queue.Empty:
            break
        if isinstance(message, Candidate) and message.path == path:
            return Probe(seconds=tick() - began)
    return Probe()


logger = logging.getLogger(__name__)

#: Told what happened, "overflow", "limit", "unmounted" or "interrupted", and for "limit" the path
#: of the watched folder; on the reader's thread or on the one that begins a watch.
Tell = Callable[[str, str], None]

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
