"""What the running program says of itself in ``running.json``, for other commands to read."""

from __future__ import annotations

import json
import logging
import os
import threading
from typing import TYPE_CHECKING, Final

from watcher.app.places import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)
#: Seconds that somebody who is just writing is given at the end.
_PATIENCE: Final = 5.0


class Announcement:
    """Writes the file; on any thread, in the order in which it was found."""

    def __init__(self, path: str, facts: Callable[[], Mapping[str, object]]) -> None:
        self._path = path
        self._facts = facts
        self._writing = threading.Lock()
        self._said = ""
        self._mark: tuple[int, ...] = ()
        self._ended = False

    def say(self) -> None:
        """Say how things are, unless that is what the file says."""
        with self._writing:
            if self._ended:
                return
            try:
                text = json.dumps(self._facts())
                if text != self._said or self._mark_now() != self._mark:  # somebody removed it
                    write_atomically(self._path, text)
                    self._said, self._mark = text, self._mark_now()
            except OSError as error:  # the disk is full: the journal will say so to people
                _log.warning("the program cannot say how things are: %s", error)

    def end(self) -> None:
        """Say nothing from now on: another process may."""
        is_free = self._writing.acquire(timeout=_PATIENCE)
        self._ended = True
        if is_free:
            self._writing.release()

    def _mark_now(self) -> tuple[int, ...]:
        """By what the file is known again; empty if it is not there."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
