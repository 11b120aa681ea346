"""Walks a folder and yields the files that the journal does not know as they are.

Symbolic links are never followed: each directory is opened with ``O_NOFOLLOW``. A file that the
journal knows costs one ``stat`` and no object that outlives it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from watcher.model import Candidate, Sign, Stat, bound_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watcher.folders.messages import Known, WatchedFolder
    from watcher.folders.poll import Memory

BATCH = 500


@dataclass(slots=True)
class Tally:
    """What a scan has seen so far; ``unreadable`` counts directories and files."""

    files: int = 0
    new: int = 0
    directories: int = 0
    unreadable: int = 0
    first_unreadable: str = ""

    def note(self, path: str, error: OSError) -> bool:
        """Count what is there and cannot be read; False for what vanished in the meantime."""
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        self.unreadable += 1
        self.first_unreadable = self.first_unreadable or f"{path} ({error.strerror})"
        return True


def scan(
    folder: WatchedFolder,
    known: Known,
    start: str = "",
    stop: Callable[[], bool] = lambda: False,
    *,
    tally: Tally | None = None,
    memory: Memory | None = None,
) -> Iterator[tuple[Candidate, ...]]:
    """Batches of new and changed files at and below ``start`` ("" or "a/b").

    ``stop`` is asked before each directory and each batch; ``tally`` and ``memory`` (see
    :mod:`watcher.folders.poll`) are filled on the way.
    """
    walk = _Walk(folder, known, stop, tally or Tally(), memory)
    return _batches(walk.candidates([start]), stop)


def look_again(
    folder: WatchedFolder,
    known: Known,
    memory: Memory,
    stop: Callable[[], bool] = lambda: False,
    *,
    tally: Tally | None = None,
) -> Iterator[tuple[Candidate, ...]]:
    """Like :func:`scan`, but reads only directories whose time of change is not the remembered.

    Finds new, moved and removed names, but not a file that was written to in place.
    """
    walk = _Walk(folder, known, stop, tally or Tally(), memory, again=True)
    return _batches(walk.candidates(list(_changed(folder, memory, stop))), stop)


@dataclass(slots=True)
class _Walk:
    """One walk through (a part of) a folder; ``again`` leaves remembered directories out."""

    folder: WatchedFolder
    known: Known
    stop: Callable[[], bool]
    tally: Tally
    memory: Memory | None = None
    again: bool = False

    def candidates(self, pending: list[str]) -> Iterator[Candidate]:
        """New and changed files in the ``pending`` directories and below them."""
        while pending and not self.stop():
            relative = pending.pop()
            below: list[str] = []
            path = _absolute(self.folder, relative)
            recorded = dict(self.known(self.folder.path, relative))  # errors are not the folder's
            try:
                with _opened(path) as (found, entries):
                    self.tally.directories += 1
                    if self.memory is not None:
                        self.memory.remember(relative, found.st_mtime_ns)
                    yield from self._read(relative, entries, recorded, below)
                    yield from self._missing(relative, recorded)
            except OSError as error:
                there = self.tally.note(path, error)
                if self.memory is not None:
                    (self.memory.doubt if there else self.memory.forget)(relative)
            pending += self._to_enter(relative, below)

    def _read(
        self,
        relative: str,
        entries: Iterator[os.DirEntry[str]],
        recorded: dict[str, tuple[int, int]],
        below: list[str],
    ) -> Iterator[Candidate]:
        """The inner loop: names the journal knows are compared before anything else is asked.

        What was not there stays in ``recorded``.
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
            # Bounded only if it differs: that call takes a tenth of the time of a walk.
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
        """Files that were there before; in an empty place that may be a drive that is not."""
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
            if not (self.again and self.memory is not None and path in self.memory):
                yield path


def _changed(folder: WatchedFolder, memory: Memory, stop: Callable[[], bool]) -> Iterator[str]:
    for relative in memory.directories():
        if stop():
            return
        try:
            found = os.lstat(_absolute(folder, relative)).st_mtime_ns
        except OSError:
            found = -1  # reading it will say what is wrong
        if not memory.settled(relative, found):
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
    """The directory's stat, taken before its entries are read, and its entries."""
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
