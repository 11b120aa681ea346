"""Notices changes of single files: the configuration, the version of the program."""

from __future__ import annotations

import errno
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

logger = logging.getLogger(__name__)

#: Seconds between a change and the call: editors write in several steps.
REST_SECONDS = 0.2

#: How often directories are checked again that come or go meanwhile.
_TRIES = 10


class WatchedFiles:
    """Calls back when a file changes, on a thread of its own."""

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

        Neither the file nor its directory need exist. The target of a symbolic link is watched
        as well, as editors write there. What cannot be watched is logged.
        """
        try:
            if self._observer is None:
                self._start()
            with self._lock:
                self._wanted[path] = changed
            self._watch_directories(path)
        except OSError as error:
            logger.warning("changes of %s will not be noticed: %s", path, error.strerror)

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        self._changed.set()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(1.0)
            self._thread.join(1.0)

    def _start(self) -> None:
        from watchdog.observers import Observer  # noqa: PLC0415 - see native.load

        observer = Observer()
        observer.start()
        self._observer = observer
        self._thread.start()

    def _watch_directories(self, path: str) -> None:
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
        """Watch the directory ``place`` for changes of any of ``paths``.

        If one of the directories ``around`` comes, goes or changes its permissions, all watches
        are replaced.
        """
        from watchdog import events  # noqa: PLC0415 - see native.load

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
            if self._stopping.is_set():  # only now: stop() sets `changed` after `stopping`
                return
            for path, changed in self._take_due():
                try:
                    changed()
                except Exception:
                    logger.exception("handling a change of %s failed", path)

    def _take_due(self) -> list[tuple[str, Callable[[], object]]]:
        """Return what is to be called; everything, with new watches, if directories changed."""
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
    """Return the outermost of a directory and its parents that cannot be watched; "" if all can."""
    absent = ""
    while not _is_usable(directory) and os.path.dirname(directory) != directory:
        absent, directory = directory, os.path.dirname(directory)
    return absent


def _is_usable(directory: str) -> bool:
    return os.path.isdir(directory) and os.access(directory, os.R_OK | os.X_OK)
