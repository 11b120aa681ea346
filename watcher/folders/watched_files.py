"""Notices changes of single files: the configuration, the version of the program.

They are polled: this costs next to nothing, whereas the system reports no change on a network
drive, and a file whose directory does not exist yet cannot be watched.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_POLL_SECONDS: Final = 2.0

#: Seconds for which a changed file must stay the same: editors write in several steps.
_REST_SECONDS: Final = 0.2


class _File(Struct):
    """A watched file: how it looked last, and at the last call."""

    path: str
    changed: Callable[[], object]
    seen: tuple[object, ...]
    told: tuple[object, ...]


class WatchedFiles:
    """Calls back when a file changes, on a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, _File] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch-files", daemon=True)

    def watch(self, path: str, changed: Callable[[], object]) -> None:
        """Call ``changed`` after the file at ``path``, or who may write it, changes.

        Neither the file nor its directory need exist. Of a symbolic link, the target counts.
        """
        look = _look(path)
        with self._lock:
            if not self._files:
                self._thread.start()
            self._files[path] = _File(path, changed, look, look)

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        wait = _POLL_SECONDS
        while not self._stopping.wait(wait):
            with self._lock:
                files = tuple(self._files.values())
            wait = _POLL_SECONDS
            for file in files:
                now = _look(file.path)
                if now != file.seen:
                    file.seen, wait = now, _REST_SECONDS
                elif now != file.told:
                    file.told = now
                    try:
                        file.changed()
                    except Exception:
                        logger.exception("handling a change of %s failed", file.path)


def _look(path: str) -> tuple[object, ...]:
    """Return what differs after a change of a file, or of the permissions of its directory."""
    look: list[object] = []
    try:
        directory = os.stat(os.path.dirname(path))
        look += [directory.st_mode, directory.st_uid, directory.st_gid]
        found = os.stat(path)
        look += [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    except OSError as error:  # it does not exist, or may not be read
        look.append(error.errno)
    return tuple(look)
