"""The folders of this run: the settings of each, compiled into a plan; those that are imported.

An import uploads the files that are in a folder already, whether it is watched or not.
"""

from __future__ import annotations

import getpass
import itertools
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING

from msgspec.structs import replace

from watcher.daemon.state_folder import open_reader
from watcher.model.errors import UnusableError, UsageError
from watcher.model.files import FolderState, ScanEnded
from watcher.model.settings import Folder, parse_folder
from watcher.pipeline.messages import ApproveBelow, ApprovedBelow, Resume
from watcher.present import view
from watcher.routing.names import is_in
from watcher.routing.patterns import Host
from watcher.routing.rules import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from watcher.daemon.state_folder import Places
    from watcher.model.settings import Config, Item

_log = logging.getLogger(__name__)


def this_host() -> Host:
    """Return the host and user names, which placeholders may use."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        user = "unknown"
    return Host(hostname=socket.gethostname(), user=user)


def make_plans(
    config: Config, targets: Collection[str] = (), imported: Collection[Folder] = ()
) -> dict[str, Plan]:
    """Return each folder with its rules compiled, by its path without symbolic links.

    ``targets`` are directories where files have been filed, see :func:`former_targets`;
    ``imported`` are folders that are not watched, see :func:`former_imports`. A folder that is
    both watched and imported follows the configuration; an import through an account that is no
    longer configured is left out.
    """
    watched = [replace(each, path=os.path.realpath(each.path)) for each in config.folders]
    paths = {folder.path for folder in watched}
    accounts = {account.name for account in config.accounts}
    others = [each for each in imported if each.path not in paths and each.account in accounts]
    host = this_host()
    return {
        each.path: make_plan(each, host, targets, is_imported=each.path not in paths)
        for each in (*watched, *others)
    }


def former_targets(places: Places) -> list[str]:
    """Return where files have ever been filed away: nothing there is new.

    JournalError if the journal cannot be read.
    """
    with open_reader(places) as reader:
        return reader.filing_targets() if reader else []


def former_imports(places: Places) -> list[Folder]:
    """Return the folders with files that an import has not finished yet.

    JournalError if the journal cannot be read.
    """
    with open_reader(places) as reader:
        imported = reader.imported() if reader else {}
    folders = []
    for path, settings in imported.items():
        try:
            folders.append(parse_folder(path, settings))
        except ValueError as error:
            _log.error("an import cannot be finished, its settings cannot be read: %s", error)
    return folders


def folders_of(path: str, folders: Iterable[str]) -> set[str]:
    """Return those of ``folders`` that files at or below ``path`` belong to."""
    every = list(folders)
    inside = {folder for folder in every if is_in(folder, path, os.sep)}
    around = [folder for folder in every if is_in(path, folder, os.sep)]
    return inside | ({max(around, key=len)} if around else set())


class Imports:
    """Has the pipeline take the files at a path once the folders concerned have been scanned.

    Methods may be called by any thread.
    """

    def __init__(self, post: Callable[[object], None]) -> None:
        """``post`` sends a message to the pipeline."""
        self._post = post
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[str, set[str]]] = {}  # → (path, folders still to be scanned)
        #: Folders that are not watched and of which files are still to be uploaded, by real path.
        self.folders: dict[str, Folder] = {}
        #: Those of them that are being scanned.
        self.scanning: set[str] = set()

    def add_folder(self, folder: Folder) -> None:
        """Import a folder that is not watched, by these settings.

        Its files are found by one scan; after that whichever program works on the journal
        finishes them.
        """
        path = os.path.realpath(folder.path)
        self.folders[path] = replace(folder, path=path)
        self.scanning.add(path)

    def restore(self, former: Iterable[Folder]) -> None:
        """Add folders whose import an earlier run has begun and not finished."""
        self.folders = {**{folder.path: folder for folder in former}, **self.folders}

    def leave_to_watch(self, watched: Collection[str]) -> None:
        """Drop folders that are watched by now: they follow the configuration."""
        self.folders = {path: each for path, each in self.folders.items() if path not in watched}
        self.scanning &= self.folders.keys()

    def begin(self, path: str, folders: Iterable[str]) -> int:
        """Approve all files at or below ``path`` once ``folders`` are scanned; return a number."""
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = (path, set(folders))
        self._take_scanned()
        return number

    def is_over(self, number: int) -> bool:
        """Return whether the journal knows every file of an import."""
        with self._lock:
            return number not in self._waiting

    def on_event(self, event: object) -> None:
        """Go on with the imports that were waiting for an event."""
        match event:
            case ScanEnded(folder=folder, is_partial=False):
                self._end_scan(folder)
            case FolderState(folder, problem) if problem:
                self._end_scan(folder)  # it cannot be scanned: the others must not wait for it
            case ApprovedBelow(path):
                with self._lock:
                    for number, (taken, left) in list(self._waiting.items()):
                        # A folder that is not watched is not scanned again.
                        if taken == path and left <= {path}:
                            del self._waiting[number]
            case _:
                pass

    def _end_scan(self, folder: str) -> None:
        with self._lock:
            waiting = [left for _, left in self._waiting.values() if folder in left]
            for left in waiting:
                left.discard(folder)
        if waiting:
            self._take_scanned()

    def _take_scanned(self) -> None:
        with self._lock:
            ready = {path for path, left in self._waiting.values() if not left}
        for path in ready:
            self._post(Resume())  # what held files back was probably fixed before the import
            self._post(ApproveBelow(path))


def imported_folder(
    config: Config, path: str, source_key: str, account: str, tags: tuple[Item, ...]
) -> Folder:
    """Return the settings of a folder that is imported and not watched; ``path`` has no links.

    UnusableError or UsageError where that makes no sense.
    """
    if not os.path.isdir(path):
        raise UnusableError(f"{view.safe(path)} is not a folder.", "Choose a folder that exists.")
    names = [each.name for each in config.accounts]
    if account not in names:
        raise UsageError(f'There is no account "{account}".', f"There is: {', '.join(names)}.")
    for folder in config.folders:
        if is_in(path, os.path.realpath(folder.path), os.sep):
            raise UsageError(
                f"{view.safe(path)} is in the watched folder {view.safe(folder.path)}.",
                "Leave out --source: the folder's settings say where files go.",
            )
    return Folder(path=path, account=account, source_key=source_key, tags=tags)
