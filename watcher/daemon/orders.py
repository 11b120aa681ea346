"""Orders that other commands leave for the running program, as small files in one directory.

A file is put there whole by a rename, so that an order is never read half. It is removed once the
order was obeyed and the journal knows of it: an order survives a restart, and whoever left it can
see when it was taken. The directory is for its owner alone. What is to be answered at once goes
another way, see ``watcher.page``.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import uuid
from typing import TYPE_CHECKING, Final

from watcher.daemon.instance import write_atomically
from watcher.model.files import FolderState, ScanEnded
from watcher.pipeline.messages import Forget, Forgotten, Resume, Take, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.daemon.instance import Places

_SUFFIX = ".order"


#: Stays behind of an order to forget if remains are left in the journal's file.
REMAINS: Final = ".remains"


#: Walks through a part of a folder; all others go through all of it.
_PART_OF_A_FOLDER = "new directory"


def leave(places: Places, kind: str, path: str = "", files: tuple[int, ...] = ()) -> str:
    """Leave an order: "take" (files below ``path``), "resume" or "forget" (``files``, by id).

    Gives the file in which it is left, which is gone once it was obeyed.
    """
    places.prepare()
    name = os.path.join(places.orders, uuid.uuid4().hex + _SUFFIX)
    write_atomically(name, json.dumps({"kind": kind, "path": path, "files": files}))
    return name


class Orders:
    """Obeys orders: looks through the folders they name, and then has the pipeline take the files.

    :meth:`look` and :meth:`hear` may be called by any thread.
    """

    def __init__(self, places: Places, post: Callable[[object], None]) -> None:
        """``post`` hands a message to the pipeline."""
        self._places = places
        self._post = post
        self._looking = threading.Lock()  # nobody takes up an order twice
        self._lock = threading.Lock()
        self._taking: dict[str, str] = {}  # file of the order → path to be taken
        self._forgetting: dict[str, tuple[int, ...]] = {}  # file of the order → files
        self._walks: dict[str, set[str]] = {}  # the same → folders still to be walked through

    def look(self, folders: Iterable[str], rescan: Callable[[str], None]) -> None:
        """Take up all orders that were left; ``rescan`` has one of ``folders`` walked through."""
        with self._looking:
            for name in self._left():
                match order := _read(name):
                    case Take(path):
                        self._begin(name, path, folders_of(path, folders), rescan)
                    case Forget(files):
                        with self._lock:
                            self._forgetting[name] = files
                        self._post(order)
                    case _:
                        if order is not None:
                            self._post(order)
                        _remove(name)

    def hear(self, news: object) -> None:
        """Go on with what waited for this news."""
        match news:
            case ScanEnded(folder=folder, reason=reason) if reason != _PART_OF_A_FOLDER:
                self._walked(folder)
            case FolderState(folder, problem) if problem:
                self._walked(folder)  # it cannot be walked through: the rest must not wait for it
            case Taken(path):
                self._end(path)
            case Forgotten(files, is_overwritten):
                self._forgotten(files, is_overwritten=is_overwritten)
            case _:
                pass

    def _left(self) -> list[str]:
        with os.scandir(self._places.orders) as found:
            files = [entry for entry in found if entry.name.endswith(_SUFFIX)]
        files.sort(key=lambda entry: entry.stat().st_mtime_ns)
        with self._lock:
            busy = self._taking.keys() | self._forgetting.keys()
        return [entry.path for entry in files if entry.path not in busy]

    def _begin(
        self, name: str, path: str, folders: set[str], rescan: Callable[[str], None]
    ) -> None:
        with self._lock:
            self._taking[name] = path
            self._walks[name] = set(folders)
        if not folders:
            self._take(path)
        for folder in folders:
            rescan(folder)

    def _take(self, path: str) -> None:
        self._post(Resume())  # whoever asks for it has mended what held files back
        self._post(Take(path))

    def _walked(self, folder: str) -> None:
        with self._lock:
            waiting = [name for name, walks in self._walks.items() if folder in walks]
            for name in waiting:
                self._walks[name].discard(folder)
            ready = [self._taking[name] for name in waiting if not self._walks[name]]
        for path in ready:
            self._take(path)

    def _forgotten(self, files: tuple[int, ...], *, is_overwritten: bool) -> None:
        with self._lock:
            done = [name for name, asked in self._forgetting.items() if asked == files]
            for name in done:
                del self._forgetting[name]
                if not is_overwritten:
                    write_atomically(name + REMAINS, "")
                _remove(name)

    def _end(self, path: str) -> None:
        with self._lock:
            done = [
                name
                for name, taken in self._taking.items()
                if taken == path and not self._walks[name]
            ]
            for name in done:
                del self._taking[name], self._walks[name]
                _remove(name)


def folders_of(path: str, folders: Iterable[str]) -> set[str]:
    """The watched folders that files at or below ``path`` belong to: around it and inside it."""
    every = list(folders)
    inside = {folder for folder in every if is_in(folder, path)}
    around = [folder for folder in every if is_in(path, folder)]
    return inside | ({max(around, key=len)} if around else set())


def is_in(inner: str, outer: str) -> bool:
    """Whether a path is another or lies below it; both absolute, without symbolic links."""
    return (inner.rstrip(os.sep) + os.sep).startswith(outer.rstrip(os.sep) + os.sep)


def _remove(name: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # whoever left it thought better of it
        os.unlink(name)


def _read(path: str) -> Take | Resume | Forget | None:
    try:
        with open(path, encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError):
        return None
    match read:
        case {"kind": "take", "path": str(path)}:
            return Take(path)
        case {"kind": "resume"}:
            return Resume()
        case {"kind": "forget", "files": [*files]} if all(type(each) is int for each in files):
            return Forget(tuple(files))
        case _:
            return None
