"""The two ways to do an import: in this process, or by an order to the program that runs already.

Both tell through :class:`Over` whether anything is still to be expected. It is asked before the
journal is looked at: what was quiet then had been committed before.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from watcher.app import orders
from watcher.app.core import App
from watcher.app.places import is_running, read_running
from watcher.credentials import Keys
from watcher.errors import WatcherError
from watcher.model import FolderState, ScanEnded
from watcher.pipeline import Connection, Pending, Resume, Take, Taken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.app.places import Places
    from watcher.settings import Config, Folder

_AGAIN = "Start the import again: it goes on where it stopped."


class Over(Protocol):
    """How far an import is, apart from what the journal says of the files."""

    def is_quiet(self) -> bool:
        """Whether all files have been found and the journal knows of each.

        WatcherError if that will never be.
        """
        ...

    def offline_since(self) -> float:
        """Since when HrFlow cannot be reached, in seconds since 1970; 0 while it can."""
        ...


class _Here:
    """An import in this process. Told of what happens on the pipeline's thread."""

    def __init__(self, config: Config, where: Places, path: str, made: Folder | None) -> None:
        self._path = path
        self._walking = {os.path.realpath(folder.path) for folder in config.folders}
        if made is not None:
            self._walking.add(made.path)
        self._taken = threading.Event()
        self._pending = 0
        self._offline_since = 0.0
        self.app = App(config, where, keys=Keys.of_process(os.environ), tell=self._hear)

    def is_quiet(self) -> bool:
        if self.app.failure is not None:
            raise WatcherError(f"The import had to end ({self.app.failure}).", _AGAIN)
        return self._taken.is_set() and not self._pending

    def offline_since(self) -> float:
        return self._offline_since

    def _hear(self, news: object) -> None:
        match news:
            case ScanEnded(folder=folder, reason="start"):
                self._walked(folder)
            case FolderState(folder, problem) if problem:
                self._walked(folder)
            case Taken():
                self._taken.set()
            case Pending(files):
                self._pending = files
            case Connection(since):
                self._offline_since = since
            case _:
                pass

    def _walked(self, folder: str) -> None:
        if folder in self._walking:
            self._walking.discard(folder)
            if not self._walking:
                self.app.post(Resume())  # whoever imports has mended what held files back
                self.app.post(Take(self._path))


class _Ordered:
    """An import by the running program, which knows of every new file by itself."""

    def __init__(self, where: Places, path: str) -> None:
        self._where = where
        self.order = orders.leave(where, "take", path)

    def is_quiet(self) -> bool:
        if not is_running(self._where):
            raise WatcherError("The program that was to do the import has ended.", _AGAIN)
        return not os.path.exists(self.order) and not read_running(self._where).get("pending")

    def offline_since(self) -> float:
        since = read_running(self._where).get("offline_since")
        return since if isinstance(since, float) else 0.0


@contextmanager
def do_here(config: Config, where: Places, path: str, made: Folder | None) -> Iterator[Over]:
    """Import files at or below ``path`` in this process; ``made`` is a folder not watched."""
    here = _Here(config, where, path, made)
    here.app.start()
    try:
        if made is not None:
            here.app.import_folder(made)
        yield here
    finally:
        here.app.stop()


@contextmanager
def have_done(where: Places, path: str) -> Iterator[Over]:
    """Have the running program import files at or below ``path``."""
    yield _Ordered(where, path)
