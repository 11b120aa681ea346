"""Imports: every file that is in a folder is taken, also those that wait for somebody's yes."""

from __future__ import annotations

import itertools
import os
import threading
from typing import TYPE_CHECKING

from watcher.model.errors import UnusableError, UsageError
from watcher.model.files import FolderState, ScanEnded
from watcher.model.settings import Folder
from watcher.pipeline.messages import Approve, Approved, Resume
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.model.settings import Config, Item

#: Walks through a part of a folder; all others go through all of it.
_PART_OF_A_FOLDER = "new directory"


class Imports:
    """Has the pipeline take the files of a folder once the folder was walked through.

    Methods may be called by any thread.
    """

    def __init__(self, post: Callable[[object], None]) -> None:
        """``post`` hands a message to the pipeline."""
        self._post = post
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._walks: dict[int, tuple[str, set[str]]] = {}  # → (path, folders still to be walked)

    def begin(self, path: str, folders: Iterable[str]) -> int:
        """Take all files at or below ``path`` once ``folders`` were walked; gives its number."""
        with self._lock:
            number = next(self._numbers)
            self._walks[number] = (path, set(folders))
        self._take_walked()
        return number

    def is_over(self, number: int) -> bool:
        """Whether every file of an import is known to the journal, and may go."""
        with self._lock:
            return number not in self._walks

    def hear(self, news: object) -> None:
        """Go on with what waited for this news."""
        match news:
            case ScanEnded(folder=folder, reason=reason) if reason != _PART_OF_A_FOLDER:
                self._walked(folder)
            case FolderState(folder, problem) if problem:
                self._walked(folder)  # it cannot be walked through: the rest must not wait for it
            case Approved(path):
                with self._lock:
                    for number, (taken, left) in list(self._walks.items()):
                        # One that is imported, and not watched, is walked through no more.
                        if taken == path and left <= {path}:
                            del self._walks[number]
            case _:
                pass

    def _walked(self, folder: str) -> None:
        with self._lock:
            waiting = [left for _, left in self._walks.values() if folder in left]
            for left in waiting:
                left.discard(folder)
        if waiting:
            self._take_walked()

    def _take_walked(self) -> None:
        with self._lock:
            ready = {path for path, left in self._walks.values() if not left}
        for path in ready:
            self._post(Resume())  # whoever asks for it has mended what held files back
            self._post(Approve(path))


def imported_folder(
    config: Config, path: str, source_key: str, account: str, tags: tuple[Item, ...]
) -> Folder:
    """The settings of a folder that is imported and not watched; its path has no links in it.

    UnusableError or UsageError where that makes no sense.
    """
    if not os.path.isdir(path):
        raise UnusableError(f"{view.safe(path)} is not a folder.", "Name a folder that exists.")
    names = [each.name for each in config.accounts]
    if account not in names:
        raise UsageError(f'There is no account "{account}".', f"There is: {', '.join(names)}.")
    for folder in config.folders:
        if is_in(path, os.path.realpath(folder.path)):
            raise UsageError(
                f"{view.safe(path)} lies in the watched folder {view.safe(folder.path)}.",
                "Leave --source away: its settings say where files go.",
            )
    return Folder(path=path, account=account, source_key=source_key, tags=tags)


def folders_of(path: str, folders: Iterable[str]) -> set[str]:
    """The watched folders that files at or below ``path`` belong to: around it and inside it."""
    every = list(folders)
    inside = {folder for folder in every if is_in(folder, path)}
    around = [folder for folder in every if is_in(path, folder)]
    return inside | ({max(around, key=len)} if around else set())


def is_in(inner: str, outer: str) -> bool:
    """Whether a path is another or lies below it; both absolute, without symbolic links."""
    return (inner.rstrip(os.sep) + os.sep).startswith(outer.rstrip(os.sep) + os.sep)
