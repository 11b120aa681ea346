"""Adds copies of files to a watched folder: from the page, piece by piece, and by ``send``.

A copy is written under a name that is ignored, and renamed when it is complete, so its size says
how far it is. What an interrupted copy leaves is removed when the same file is added an hour later.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.documents.moving import number_names, rename
from watcher.documents.opening import (
    Directory,
    RefusedError,
    create_file,
    open_directory,
    open_to_append,
    stat_at,
    stat_handle,
)
from watcher.i18n.message import Message, msg
from watcher.model.errors import UnusableError, UsageError, WatcherError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from watcher.routing.rules import Plan

#: Bytes of the largest file.
LARGEST: Final = 100_000_000
#: Bytes of one piece.
PIECE: Final = 1_000_000

_PART: Final = ".hrflow-part"
#: Seconds after which a part counts as abandoned.
_ABANDONED: Final = 3600.0
#: What no name may contain, on this system.
_HARMFUL: Final = re.compile(r"[\x00-\x1f\x7f\\]" if os.sep == "/" else r'[\x00-\x1f\x7f\\<>:"|?*]')


class Addition(Struct, frozen=True):
    """A file to add to the folder of ``plan``; ``name`` is its path there, with "/".

    ``size`` is in bytes, ``modified`` in seconds since 1970, ``mode`` are its permissions.
    """

    plan: Plan
    name: str
    size: int
    modified: float | None = None
    mode: int = 0o666

    def left_out(self) -> Message | None:
        """Return why it would not be uploaded and need not be copied; None if it would be."""
        if self.size > LARGEST:
            return msg("{file} is larger than {limit:size}.", file=self.name, limit=LARGEST)
        if pattern := self.plan.ignored("/".join(self._parts())):
            return msg(
                "{file} matches the ignored pattern {pattern}.", file=self.name, pattern=pattern
            )
        return None

    def begin(self) -> str:
        """Create an empty part, and return its name.

        Raises:
            UnusableError: it cannot be created.
            UsageError: its name cannot be used.
        """
        with self._directory() as directory:
            for part in number_names(f".{self._parts()[-1]}{_PART}", _PART):
                _remove_abandoned(directory, part)
                with contextlib.suppress(FileExistsError):
                    create_file(directory, part, self.mode | 0o600).close()
                    return part
        raise UnusableError(msg("Too many files there already have its name."))

    def append(self, part: str, offset: int, data: bytes) -> None:
        """Append ``data`` to a part, which must end at ``offset``; errors as in begin."""
        with self._directory() as directory, self._open(directory, part) as out:
            if out.tell() != offset or offset + len(data) > min(self.size, LARGEST):
                raise UsageError(msg("The file changed while it was being copied."))
            out.write(data)

    def finish(self, part: str) -> str:
        """Rename a complete part to a free name and return its path; errors as in begin."""
        with self._directory() as directory:
            with self._open(directory, part) as out:
                if out.tell() != self.size:
                    raise UsageError(msg("The file changed while it was being copied."))
                os.fsync(out.fileno())
                if self.modified is not None:
                    times = self.modified, self.modified
                    with contextlib.suppress(OSError, OverflowError):  # the time it has will do
                        os.utime(directory.at(part), times, dir_fd=directory.fd)
                stat = stat_handle(out)
            # Not by a hard link, which would be reported like a file that is still being written.
            name = rename(directory, part, directory, self._parts()[-1], stat, hard_links=False)
            return os.path.join(directory.path, name)

    def copy(self, source: BinaryIO) -> str:
        """Add the whole file from ``source`` and return its path; errors as in begin."""
        part = self.begin()
        try:
            offset = 0
            while piece := source.read(PIECE):
                self.append(part, offset, piece)
                offset += len(piece)
            return self.finish(part)
        except BaseException:
            with contextlib.suppress(WatcherError):  # what has failed before may do so again
                self.cancel(part)
            raise

    def cancel(self, part: str) -> None:
        """Remove a part; errors as in begin."""
        with self._directory() as directory:
            self._open(directory, part).close()  # fails if it is not a part
            os.unlink(directory.at(part), dir_fd=directory.fd)

    # -- inside

    def _parts(self) -> list[str]:
        """Return the names in its path; only the last where subfolders are not included."""
        parts = self.name.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or _HARMFUL.search(self.name):
            raise UsageError(msg("{file} can't be used as the name of a file.", file=self.name))
        return parts if self.plan.folder.recursive else parts[-1:]

    @contextlib.contextmanager
    def _directory(self) -> Iterator[Directory]:
        """Open the directory it belongs to; what fails there raises UnusableError."""
        root = self.plan.folder.path
        try:
            with open_directory(root, self._parts()[:-1], make=True) as directory:
                yield directory
        except RefusedError as error:
            raise UnusableError(error.why) from error
        except OSError as error:
            raise UnusableError(
                msg("No file can be written to {path} ({error}).", path=root, error=error.strerror),
                msg("Check your permissions for this folder, and the free space."),
            ) from error

    def _open(self, directory: Directory, part: str) -> BinaryIO:
        """Open a part at its end."""
        is_part = part.startswith(".") and part.endswith(_PART)
        if not is_part or "/" in part or _HARMFUL.search(part):
            raise UsageError(msg("{file} can't be used as the name of a file.", file=part))
        return open_to_append(directory, part)


def _remove_abandoned(directory: Directory, part: str) -> None:
    found = stat_at(directory, part)
    if found is not None and found.mtime_ns / 1e9 < time.time() - _ABANDONED:
        os.unlink(directory.at(part), dir_fd=directory.fd)
