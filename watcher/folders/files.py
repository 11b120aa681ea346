"""Notices changes of single files of our own: the configuration, orders of other commands."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

#: Seconds of rest after a change before it is acted upon: editors write in several steps.
REST_SECONDS = 0.2


class WatchedFiles:
    """Calls back, on one thread of its own, when a file or something in a directory changes."""

    def __init__(self) -> None:
        self._observer: Any = None
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._due: dict[str, Callable[[], object]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch-files", daemon=True)

    def watch(self, path: str, changed: Callable[[], object]) -> None:
        """Call ``changed`` after ``path`` (a file, or a directory) changes.

        A file need not exist, its directory must; where that cannot be watched, it is logged.
        Of a symbolic link its target is watched too: editors write there.
        """
        from watchdog.events import (  # noqa: PLC0415 - imported late, as everything of watchdog
            DirCreatedEvent,
            DirDeletedEvent,
            DirMovedEvent,
            FileClosedEvent,
            FileCreatedEvent,
            FileDeletedEvent,
            FileModifiedEvent,
            FileMovedEvent,
            FileSystemEventHandler,
        )
        from watchdog.observers import Observer  # noqa: PLC0415

        notice = self._notice
        whole = os.path.isdir(path)
        paths = {path, os.path.realpath(path)}

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: Any) -> None:
                touched = {os.fsdecode(event.src_path), os.fsdecode(event.dest_path or b"")}
                if whole or paths & touched:
                    notice(path, changed)

        kinds = [
            FileCreatedEvent, FileClosedEvent, FileModifiedEvent, FileMovedEvent, FileDeletedEvent,
        ]  # fmt: skip
        if whole:
            kinds += [DirCreatedEvent, DirMovedEvent, DirDeletedEvent]
        try:
            if self._observer is None:
                observer = Observer()
                observer.start()
                self._observer = observer
                self._thread.start()
            for place in {each if whole else os.path.dirname(each) for each in paths}:
                self._observer.schedule(Handler(), place, event_filter=kinds)
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

    def _notice(self, path: str, changed: Callable[[], object]) -> None:
        with self._lock:
            self._due[path] = changed
        self._changed.set()

    def _run(self) -> None:
        while self._changed.wait() and not self._stopping.is_set():
            self._stopping.wait(REST_SECONDS)
            self._changed.clear()
            with self._lock:
                due, self._due = self._due, {}
            for path, changed in due.items():
                try:
                    changed()
                except Exception:
                    logger.exception("acting upon a change of %s failed", path)
