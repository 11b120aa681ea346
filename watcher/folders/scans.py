"""Walks folders for files that are new or changed since the journal recorded them."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from watcher.model.entries import Stat, bound_time
from watcher.model.files import Candidate, FolderState, ScanEnded, Scanned
from watcher.model.kinds import Sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.model import settings

logger = logging.getLogger(__name__)
BATCH = 500

#: (folder's path, directory below it as "" or "a/b") → what the journal knows about the files in
#: it: name → (size in bytes, modification time in nanoseconds). Called on the scan thread.
ReadKnown = Callable[[str, str], Mapping[str, tuple[int, int]]]

#: Path below the folder ("a/b.pdf", or "a/b/" of a directory) → the pattern that ignores it, or "".
IgnoredBy = Callable[[str], str]


class WatchedFolder(Struct, frozen=True):
    """One folder to watch. ``path`` is absolute and has no symbolic link in it.

    ``excluded`` are absolute paths of directories that are never entered: other watched folders,
    and those that files are moved to. They need not be below ``path``.
    """

    path: str
    recursive: bool
    watch: settings.Watch
    poll_seconds: float
    ignore: IgnoredBy
    excluded: tuple[str, ...] = ()


#: What is posted. A ScanEnded is ``complete`` when the whole folder was walked and every
#: directory could be read; its ``reason`` is "start", "returned", "settings", "new directory"
#: (never complete: only that directory was walked), "overflow", "unmounted", "limit", "interval"
#: or what :meth:`watcher.folders.FolderSupervisor.rescan` was given.
FolderEvent = Candidate | Scanned | ScanEnded | FolderState
Post = Callable[[FolderEvent], None]


class Tally(Struct):
    """The counts of a scan; ``unreadable`` are directories and files."""

    files: int = 0
    new: int = 0
    directories: int = 0
    unreadable: int = 0
    first_unreadable: str = ""

    def note(self, path: str, error: OSError) -> bool:
        """Count what cannot be read; return False for what has vanished instead."""
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        self.unreadable += 1
        self.first_unreadable = self.first_unreadable or f"{path} ({error.strerror})"
        return True


def scan(
    folder: WatchedFolder,
    known: ReadKnown,
    start: str = "",
    stop: Callable[[], bool] = lambda: False,
    *,
    tally: Tally | None = None,
    memory: Memory | None = None,
    quick: bool = False,
) -> Iterator[tuple[Candidate, ...]]:
    """Yield batches of new and changed files in ``start`` ("" or "a/b") and below.

    The scan ends early once ``stop``, which is called before each directory and each batch,
    returns true. ``tally`` and ``memory`` are filled on the way. A ``quick`` scan skips directories
    whose modification time is the remembered one: it finds new, moved and removed files, but none
    that was changed in place.
    """
    memory = memory or Memory()
    walk = _Walk(folder, known, stop, tally or Tally(), memory, quick)
    return _batches(walk.candidates(list(_changed(walk)) if quick else [start]), stop)


def survey(folder: WatchedFolder, stop: Callable[[], bool]) -> Tally:
    """Return how many directories a folder has, and what of it cannot be read.

    ``stop`` is called before each directory; if it is true, the count so far is returned.
    """
    tally = Tally()
    for _ in scan(folder, lambda *_: {}, stop=stop, tally=tally):
        pass
    return tally


class _Walk(Struct):
    """One walk through a folder or a part of it; a ``quick`` one leaves out known directories."""

    folder: WatchedFolder
    known: ReadKnown
    stop: Callable[[], bool]
    tally: Tally
    memory: Memory
    quick: bool

    def candidates(self, pending: list[str]) -> Iterator[Candidate]:
        """Yield new and changed files in the ``pending`` directories and below them."""
        while pending and not self.stop():
            relative = pending.pop()
            below: list[str] = []
            path = _absolute(self.folder, relative)
            recorded = dict(self.known(self.folder.path, relative))
            try:
                with _opened(path) as (found, entries):
                    self.tally.directories += 1
                    self.memory.remember(relative, found.st_mtime_ns)
                    yield from self._read(relative, entries, recorded, below)
                    yield from self._missing(relative, recorded)
            except OSError as error:
                is_there = self.tally.note(path, error)
                (self.memory.doubt if is_there else self.memory.forget)(relative)
            pending += self._to_enter(relative, below)

    def _read(
        self,
        relative: str,
        entries: Iterator[os.DirEntry[str]],
        recorded: dict[str, tuple[int, int]],
        below: list[str],
    ) -> Iterator[Candidate]:
        """Yield new and changed files of one directory; what it lacks is left in ``recorded``.

        This is the inner loop: an unchanged file must cost as little as possible.
        """
        folder, recursive, tally = self.folder, self.folder.recursive, self.tally
        take = recorded.pop
        prefix = os.path.join(_absolute(folder, relative), "")
        inner = f"{relative}/" if relative else ""
        for entry in entries:
            name = entry.name
            try:
                if not entry.is_file(follow_symlinks=False):
                    if recursive and entry.is_dir(follow_symlinks=False):
                        below.append(name)
                    continue
                found = entry.stat(follow_symlinks=False)
            except OSError as error:
                if not (folder.ignore(inner + name) or folder.ignore(f"{inner}{name}/")):
                    tally.note(prefix + name, error)
                take(name, None)
                continue
            was = take(name, None)
            # bound_time only if it differs: it would take a tenth of the walk's time.
            if was == (found.st_size, found.st_mtime_ns):
                tally.files += 1
                continue
            mtime_ns = bound_time(found.st_mtime_ns)
            if was == (found.st_size, mtime_ns):
                tally.files += 1
            elif not folder.ignore(inner + name):
                tally.files += 1
                tally.new += 1
                identity = Stat(found.st_size, mtime_ns, found.st_dev, found.st_ino)
                yield Candidate(folder.path, prefix + name, Sign.SCANNED, identity)

    def _missing(self, relative: str, recorded: dict[str, tuple[int, int]]) -> Iterator[Candidate]:
        """Yield files that have gone; none in an empty folder, which may be an unmounted drive."""
        if self.tally.files:
            prefix = os.path.join(_absolute(self.folder, relative), "")
            for name in recorded:
                yield Candidate(self.folder.path, prefix + name, Sign.MISSING)

    def _to_enter(self, relative: str, below: list[str]) -> Iterator[str]:
        inner = f"{relative}/" if relative else ""
        for name in below:
            path = inner + name
            excluded = _absolute(self.folder, path) in self.folder.excluded
            if excluded or self.folder.ignore(f"{path}/"):
                continue
            if not (self.quick and path in self.memory):
                yield path


def _changed(walk: _Walk) -> Iterator[str]:
    for relative in walk.memory.directories():
        if walk.stop():
            return
        try:
            found = os.lstat(_absolute(walk.folder, relative)).st_mtime_ns
        except OSError:
            found = -1  # reading it will report the error
        if not walk.memory.settled(relative, found):
            yield relative


def _absolute(folder: WatchedFolder, relative: str) -> str:
    if not relative:
        return folder.path
    return os.path.join(folder.path, relative.replace("/", os.sep))


def _batches(
    found: Iterator[Candidate], stop: Callable[[], bool]
) -> Iterator[tuple[Candidate, ...]]:
    while not stop() and (batch := tuple(islice(found, BATCH))):
        yield batch


@contextlib.contextmanager
def _opened(path: str) -> Iterator[tuple[os.stat_result, Iterator[os.DirEntry[str]]]]:
    """Open a directory: its stat, from before its entries are read, and the entries."""
    if sys.platform == "win32":
        found = os.lstat(path)
        junction = found.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT
        if junction or not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a directory", path)
        with os.scandir(path) as entries:
            yield found, entries
    else:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with os.scandir(handle) as entries:
                yield os.fstat(handle), entries
        finally:
            os.close(handle)


#: Within this time (FAT: 2 s) a file can be added without changing the directory's modification
#: time. Measured between our own scans, as the clock of a server may be wrong.
COARSEST_SECONDS = 3.0
FULL_EVERY = 10
_UNREAD = -2  # a time that no directory has


class Memory:
    """Modification times of the directories of one folder, by path below it ("" or "a/b")."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._now = 0.0
        self._looks = 0
        self._changed_at: dict[str, int] = {}
        self._fresh: dict[str, float] = {}  # when a time was first seen that may not be final

    def begin(self) -> bool:
        """Begin a scan; return whether it has to read everything."""
        self._now = self._clock()
        full = self._looks % FULL_EVERY == 0
        self._looks += 1
        return full

    def directories(self) -> list[str]:
        """Return all directories of the last scan."""
        return list(self._changed_at)

    def __contains__(self, relative: str) -> bool:
        return relative in self._changed_at

    def settled(self, relative: str, mtime_ns: int) -> bool:
        """Whether the directory can have no file that was not seen."""
        return self._changed_at.get(relative) == mtime_ns and relative not in self._fresh

    def remember(self, relative: str, mtime_ns: int) -> None:
        """Note that the directory is about to be read and has this modification time."""
        if self._changed_at.get(relative) != mtime_ns:
            self._changed_at[relative] = mtime_ns
            self._fresh[relative] = self._now
        elif self._now - self._fresh.get(relative, self._now) >= COARSEST_SECONDS:
            del self._fresh[relative]

    def doubt(self, relative: str) -> None:
        """Note that the directory could not be read: every scan tries it again."""
        self._changed_at[relative] = _UNREAD
        self._fresh.pop(relative, None)

    def forget(self, relative: str) -> None:
        """Note that the directory no longer exists."""
        self._changed_at.pop(relative, None)
        self._fresh.pop(relative, None)


class Request(Struct):
    """A scan of ``start`` and below; a ``quick`` one skips what ``memory`` knows."""

    folder: WatchedFolder
    start: str
    reason: str
    memory: Memory | None = None
    quick: bool = False
    cancelled: bool = False

    def covers(self, other: Request) -> bool:
        """Whether this pending scan will see all that the other would."""
        inside = not self.start or (other.start + "/").startswith(self.start + "/")
        return not self.quick and self.folder is other.folder and inside


class Scanner:
    """Makes scans on a thread of its own, one after the other.

    ``ended`` is called on that thread with a scan and its counts; None if it failed.
    """

    def __init__(
        self,
        post: Post,
        known: ReadKnown,
        ended: Callable[[Request, Tally | None], None],
    ) -> None:
        self._post = post
        self._known = known
        self._ended = ended
        self._changed = threading.Condition()
        self._pending: list[Request] = []
        self._current: Request | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scan", daemon=True)
        self._thread.start()

    def request(
        self,
        folder: WatchedFolder,
        start: str = "",
        reason: str = "new directory",
        memory: Memory | None = None,
        *,
        quick: bool = False,
    ) -> None:
        """Request a scan, unless a pending one covers it."""
        new = Request(folder, start, reason, memory, quick)
        with self._changed:
            if any(waiting.covers(new) for waiting in self._pending):
                return
            self._pending = [other for other in self._pending if not new.covers(other)]
            self._pending.append(new)
            self._changed.notify()

    def forget(self, path: str) -> None:
        """Drop the pending scans of this folder, and end the current one."""
        with self._changed:
            self._pending = [other for other in self._pending if other.folder.path != path]
            if self._current is not None and self._current.folder.path == path:
                self._current.cancelled = True

    def stop(self, timeout: float) -> None:
        """Stop the thread, waiting up to ``timeout`` seconds; a scan ends at its next directory."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while (request := self._next()) is not None:
            try:
                self._scan(request)
            except Exception:  # whatever it is, other scans go on
                logger.exception("Scanning %s failed.", request.folder.path)
                self._ended(request, None)

    def _next(self) -> Request | None:
        with self._changed:
            self._current = None
            self._changed.wait_for(lambda: self._pending or self._stopping)
            if self._stopping:
                return None
            self._current = self._pending.pop(0)
            return self._current

    def _scan(self, request: Request) -> None:
        began = time.monotonic()
        tally = Tally()
        path = request.folder.path
        for batch in self._batches(request, tally):
            self._post(Scanned(path, batch))
        if request.cancelled or self._stopping:
            return
        seconds = time.monotonic() - began
        is_partial = bool(request.start)
        complete = not is_partial and not tally.unreadable
        counts = tally.files, tally.new, seconds
        self._post(ScanEnded(path, *counts, request.reason, complete, is_partial))
        self._ended(request, tally)

    def _batches(self, request: Request, tally: Tally) -> Iterator[tuple[Candidate, ...]]:
        def stop() -> bool:
            return request.cancelled or self._stopping

        memory = request.memory
        quick = memory is not None and not memory.begin() and request.quick
        return scan(
            request.folder,
            self._known,
            request.start,
            stop,
            tally=tally,
            memory=memory,
            quick=quick,
        )
