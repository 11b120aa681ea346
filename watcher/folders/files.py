"""Notices changes of single files of our own: the configuration, the log."""

from __future__ import annotations

import errno
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

logger = logging.getLogger(__name__)

#: Seconds of rest after a change before it is acted upon: editors write in several steps.
REST_SECONDS = 0.2

#: Directories that come or go while they are looked at are looked at again so often.
_TRIES = 10


class WatchedFiles:
    """Calls back, on one thread of its own, when a file changes."""

    def __init__(self) -> None:
        self._observer: Any = None
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._wanted: dict[str, Callable[[], object]] = {}
        self._due: set[str] = set()
        self._is_stale = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch-files", daemon=True)

    def watch(self, path: str, changed: Callable[[], object]) -> None:
        """Call ``changed`` after the file at ``path`` changes.

        Neither the file nor its directory need exist; where that cannot be watched, it is logged.
        Of a symbolic link its target is watched too: editors write there.
        """
        try:
            if self._observer is None:
                self._begin()
            with self._lock:
                self._wanted[path] = changed
            self._arm(path)
        except OSError as error:
            logger.warning("changes of %s will not be noticed: %s", path, error.strerror)

    def stop(self) -> None:
        """End all watching."""
        self._stopping.set()
        self._changed.set()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(1.0)
            self._thread.join(1.0)

    def _begin(self) -> None:
        from watchdog.observers import Observer  # noqa: PLC0415 - likewise, see below

        observer = Observer()
        observer.start()
        self._observer = observer
        self._thread.start()

    def _arm(self, path: str) -> None:
        """Watch where ``path`` is, or where its directory would appear."""
        paths = {path, os.path.realpath(path)}
        directories = {os.path.dirname(each) for each in paths}
        for _ in range(_TRIES):
            absent = {each for each in map(_next_absent, directories) if each}
            places = (directories - absent) | set(map(os.path.dirname, absent))
            try:
                for place in filter(os.path.isdir, places):
                    self._schedule(path, place, paths, absent | directories)
            except FileNotFoundError:  # it went in this very moment
                continue
            if absent == {each for each in map(_next_absent, directories) if each}:
                return
        raise OSError(errno.EBUSY, "its directories come and go")

    def _schedule(
        self, path: str, place: str, paths: Collection[str], around: Collection[str]
    ) -> None:
        """Have what happens in ``place`` to any of ``paths`` noticed.

        ``around``: directories that, when they come or go, or others may read them, have to be
        watched otherwise.
        """
        from watchdog import events  # noqa: PLC0415 - imported late, as all of watchdog

        notice = self._notice

        class Handler(events.FileSystemEventHandler):
            def on_any_event(self, event: Any) -> None:
                touched = {os.fsdecode(event.src_path), os.fsdecode(event.dest_path or b"")}
                if event.is_directory and not touched.isdisjoint(around):
                    notice(path, is_stale=True)
                elif not touched.isdisjoint(paths):
                    notice(path)

        kinds = [
            events.FileCreatedEvent, events.FileMovedEvent, events.FileDeletedEvent,
            events.FileClosedEvent, events.FileModifiedEvent, events.FileAttribEvent,
            events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent,
            events.DirAttribEvent,
        ]  # fmt: skip
        self._observer.schedule(Handler(), place, event_filter=kinds)

    def _notice(self, path: str, *, is_stale: bool = False) -> None:
        with self._lock:
            self._due.add(path)
            self._is_stale = self._is_stale or is_stale
        self._changed.set()

    def _run(self) -> None:
        while self._changed.wait() and not self._stopping.wait(REST_SECONDS):
            self._changed.clear()
            if self._stopping.is_set():  # between the two, or what wakes it for that is gone
                return
            for path, changed in self._take_due():
                try:
                    changed()
                except Exception:
                    logger.exception("acting upon a change of %s failed", path)

    def _take_due(self) -> list[tuple[str, Callable[[], object]]]:
        """What is to be called; all of it where directories came or went, and watched anew."""
        with self._lock:
            is_stale, self._is_stale = self._is_stale, False
            due, self._due = self._due, set()
            wanted = [each for each in self._wanted.items() if is_stale or each[0] in due]
        if is_stale:
            self._observer.unschedule_all()
            for path, changed in wanted:
                self.watch(path, changed)
        return wanted


def _next_absent(directory: str) -> str:
    """The outermost of a directory and those around it that cannot be watched; "" if all can."""
    absent = ""
    while not _is_usable(directory) and os.path.dirname(directory) != directory:
        absent, directory = directory, os.path.dirname(directory)
    return absent


def _is_usable(directory: str) -> bool:
    return os.path.isdir(directory) and os.access(directory, os.R_OK | os.X_OK)
