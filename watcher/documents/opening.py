"""Opens files and directories below a watched folder without following links, and private files."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat as modes
import tempfile
import threading
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.files import NO_MAIL, Mail, Unusable
from watcher.model.records import Stat, bound_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import BinaryIO

HAS_DIR_FD: Final = {os.open, os.stat, os.mkdir, os.link, os.unlink} <= os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_CLOSED_TO_CHILDREN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_DIRECTORY_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOSED_TO_CHILDREN

#: O_NONBLOCK, so that a pipe that replaces the file before it is opened does not block.
_READ_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NO_FOLLOW | _CLOSED_TO_CHILDREN | _BINARY
)

_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _CLOSED_TO_CHILDREN | _BINARY
_APPEND_FLAGS = (
    os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | _NO_FOLLOW | _CLOSED_TO_CHILDREN
    | _BINARY
)  # fmt: skip

#: Tags of reparse points that are links; others (OneDrive, deduplication) are files.
_LINK_TAGS = (0xA000000C, 0xA0000003)  # symbolic link, mount point (junction)
_SHARING_VIOLATIONS = (32, 33)  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_FINAL = (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.ENXIO)
_LINK = msg("This is a symbolic link, and links are not followed.")
_BEHIND_LINK = msg("The path of this file contains a symbolic link, and links are not followed.")

_KINDS: Final = {
    modes.S_IFDIR: msg("This is a folder."),
    modes.S_IFIFO: msg("This is a pipe, not a file."),
    modes.S_IFSOCK: msg("This is a socket, not a file."),
    modes.S_IFCHR: msg("This is a device, not a file."),
    modes.S_IFBLK: msg("This is a device, not a file."),
}


class RefusedError(OSError):
    """What was found must not be used; ``why`` is a sentence."""

    def __init__(self, why: Message, *, passing: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.passing = passing


class UnreadableError(Exception):
    """What is in a file cannot be used; ``why`` is a sentence."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


class Opened(Struct, frozen=True):
    """A regular file, open for reading at its start, and its stat at that moment.

    A document that is inside another file was copied into the spool: ``container`` is the path of
    that file, ``stat`` is its stat with the document's own size, ``mail`` is about it, and
    ``problem`` why the document could not be copied completely, as a sentence.
    """

    handle: BinaryIO
    stat: Stat
    container: str = ""
    mail: Mail = NO_MAIL
    problem: Message = NOTHING


class Directory(Struct, frozen=True):
    """A directory that was reached without following a link; ``fd`` is None without dir_fd."""

    path: str
    fd: int | None

    def at(self, name: str) -> str:
        """Return the path to pass, with ``dir_fd=self.fd``, for the entry called ``name``."""
        return os.path.join(self.path, name) if self.fd is None else name


def open_document(root: str, path: str) -> Opened | Unusable:
    """Open the regular file at ``path`` below ``root``; only ``root`` may be behind a link."""
    try:
        with open_parent(root, path) as parent:
            return open_regular(parent, os.path.basename(path))
    except OSError as error:
        return explain(error)


def stat_file(root: str, path: str) -> Stat | Unusable | None:
    """Return the stat of the regular file at ``path``; None if there is none.

    Unusable if that is not known now: a file that cannot be examined may still exist.
    """
    try:
        with open_parent(root, path) as parent:
            return stat_at(parent, os.path.basename(path))
    except OSError as error:
        problem = explain(error)
        return problem if problem.passing else None


def find_container(root: str, path: str) -> str:
    """Return the file below ``root`` that ``path`` is inside of; "" if there is none."""
    container = os.path.dirname(path)
    is_below = container.startswith(root.rstrip(os.sep) + os.sep)
    return container if is_below and isinstance(stat_file(root, container), Stat) else ""


def is_at(folder: str, path: str, stat: Stat) -> bool:
    """Whether the very file with the device and inode of ``stat`` is at ``path``."""
    there = stat_file(folder, find_container(folder, path) or path)
    return isinstance(there, Stat) and (there.device, there.inode) == (stat.device, stat.inode)


def explain(error: OSError) -> Unusable:
    """Return why ``error`` makes a file unusable."""
    if isinstance(error, RefusedError):
        return Unusable(error.why, passing=error.passing)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Unusable(msg("The file no longer exists."), gone=True)
    if getattr(error, "winerror", None) in _SHARING_VIOLATIONS:
        return Unusable(msg("The file is open in another program."), passing=True)
    if isinstance(error, PermissionError):
        return Unusable(msg("The file can't be read: this user has no permission."), passing=True)
    why = msg("The file could not be read ({error}).", error=error.strerror or error)
    return Unusable(why, passing=error.errno not in _FINAL)


def split_below(root: str, path: str) -> list[str]:
    """Return the parts of ``path`` below ``root``.

    Raises:
        RefusedError: it is not below it, or not normalized.
    """
    prefix = root.rstrip(os.sep) + os.sep
    parts = path.removeprefix(prefix).split(os.sep)
    if not path.startswith(prefix) or not {"", ".", ".."}.isdisjoint(parts):
        raise RefusedError(msg("The file is not in the watched folder."))
    return parts


def open_parent(root: str, path: str) -> AbstractContextManager[Directory]:
    """Open the directory that holds ``path``; see :func:`open_directory`."""
    return open_directory(root, split_below(root, path)[:-1])


@contextlib.contextmanager
def open_directory(root: str, parts: list[str], *, make: bool = False) -> Iterator[Directory]:
    """Open the directory ``parts`` below ``root``; ``make`` creates what is missing.

    Raises:
        OSError: it cannot be reached; RefusedError if there is a link on the way.
    """
    path = os.path.join(root, *parts)
    if not HAS_DIR_FD:
        _walk_by_lstat(root, parts, make=make)
        yield Directory(path, None)
        return
    fd = _walk_by_opening(root, parts, make=make)
    try:
        yield Directory(path, fd)
    finally:
        os.close(fd)


def _walk_by_opening(root: str, parts: list[str], *, make: bool) -> int:
    fd = os.open(root, _DIRECTORY_FLAGS)
    for part in parts:
        above = fd
        try:
            fd = _step(above, part, make=make)
        finally:
            os.close(above)
    return fd


def _step(above: int, part: str, *, make: bool) -> int:
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, dir_fd=above)
    try:
        return os.open(part, _DIRECTORY_FLAGS | _NO_FOLLOW, dir_fd=above)
    except OSError:
        # Systems differ in what they call a link here (ELOOP, ENOTDIR, EMLINK).
        if _is_link(os.stat(part, dir_fd=above, follow_symlinks=False)):
            raise RefusedError(_BEHIND_LINK) from None
        raise


def _walk_by_lstat(root: str, parts: list[str], *, make: bool) -> None:
    path = root
    for part in parts:
        path = os.path.join(path, part)
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(path)
        found = os.lstat(path)
        if _is_link(found):
            raise RefusedError(_BEHIND_LINK)
        if not modes.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


def _is_link(found: os.stat_result) -> bool:
    tag = getattr(found, "st_reparse_tag", 0)  # only on Windows
    return modes.S_ISLNK(found.st_mode) or tag in _LINK_TAGS


def stat_at(directory: Directory, name: str) -> Stat | None:
    """Return the stat of the regular file ``name``; None if there is none.

    Raises:
        OSError: that is unknown.
    """
    try:
        found = os.stat(directory.at(name), dir_fd=directory.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    regular = modes.S_ISREG(found.st_mode) and not _is_link(found)
    return _to_stat(found) if regular else None


def open_regular(directory: Directory, name: str) -> Opened:
    """Open the regular file ``name`` for reading.

    Its stat is checked before it is opened, as opening alone can affect a pipe or a device.

    Raises:
        OSError: it cannot be opened; RefusedError if it is no regular file.
    """
    path = directory.at(name)
    looked = os.stat(path, dir_fd=directory.fd, follow_symlinks=False)
    _refuse_unless_regular(looked)
    fd = os.open(path, _READ_FLAGS, dir_fd=directory.fd)
    try:
        opened = os.fstat(fd)
        _refuse_unless_regular(opened)
        _refuse_if_replaced(looked, opened)
        _refuse_link_of_others(opened)
        # Made by hand, as io.open would also ask whether it is a terminal.
        return Opened(io.BufferedReader(io.FileIO(fd)), _to_stat(opened))
    except BaseException:
        os.close(fd)
        raise


def create_file(directory: Directory, name: str, mode: int = 0o666) -> BinaryIO:
    """Create the file ``name`` for writing; FileExistsError if the name is taken."""
    fd = os.open(directory.at(name), _CREATE_FLAGS, mode, dir_fd=directory.fd)
    return os.fdopen(fd, "wb")


def open_to_append(directory: Directory, name: str) -> BinaryIO:
    """Open the regular file ``name`` for writing at its end.

    Raises:
        OSError: it cannot be opened; RefusedError if it is another kind of file.
    """
    fd = os.open(directory.at(name), _APPEND_FLAGS, dir_fd=directory.fd)
    try:
        _refuse_unless_regular(os.fstat(fd))
        return os.fdopen(fd, "ab")
    except BaseException:
        os.close(fd)
        raise


def stat_handle(handle: BinaryIO) -> Stat:
    """Return the current stat of the open file."""
    return _to_stat(os.fstat(handle.fileno()))


def _refuse_unless_regular(found: os.stat_result) -> None:
    if _is_link(found):
        raise RefusedError(_LINK)
    if not modes.S_ISREG(found.st_mode):
        raise RefusedError(
            _KINDS.get(modes.S_IFMT(found.st_mode), msg("This is not a regular file."))
        )


def _refuse_if_replaced(looked: os.stat_result, opened: os.stat_result) -> None:
    if (opened.st_dev, opened.st_ino) != (looked.st_dev, looked.st_ino):
        raise RefusedError(msg("The file was replaced while it was being opened."), passing=True)


def _refuse_link_of_others(found: os.stat_result) -> None:
    """Refuse a hard link to another user's file, which leads out of the folder as a symlink does.

    Not checked where users have no numbers (Windows).
    """
    if hasattr(os, "geteuid") and found.st_nlink > 1 and found.st_uid != os.geteuid():
        raise RefusedError(msg("The file belongs to another user (hard link). Add a copy instead."))


def _to_stat(found: os.stat_result) -> Stat:
    """Limit numbers to 63 bits: file systems use 64, SQLite has signed integers."""
    mask = (1 << 63) - 1
    mtime_ns = bound_time(found.st_mtime_ns)
    return Stat(found.st_size, mtime_ns, found.st_dev & mask, found.st_ino & mask)


class Spool:
    """Temporary files in a directory of their own, which the system removes when they are closed.

    Only their owner can read them; where the system supports it, they never have a name.
    """

    def __init__(self, directory: str) -> None:
        """``directory`` is created when it is first needed."""
        self._directory = directory
        #: Held while a container is read or an image decoded, as either may take much memory.
        self.opening = threading.Lock()

    def sweep(self) -> None:
        """Remove what a crash left behind, on systems where these files have names."""
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._directory):
                with contextlib.suppress(OSError):  # another process has it open
                    os.unlink(os.path.join(self._directory, name))

    def create(self) -> BinaryIO:
        """Return a new file for writing and reading; OSError if it cannot be created."""
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._directory)
