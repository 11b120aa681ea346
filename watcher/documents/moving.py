"""Moves a file to another folder or into the trash: it is never missing or incomplete."""

from __future__ import annotations

import contextlib
import errno
import glob
import itertools
import os
import shutil
import stat as modes
import sys
import urllib.parse
from typing import TYPE_CHECKING, Final

from watcher.documents.opening import (
    Directory,
    RefusedError,
    create_file,
    open_parent,
    open_regular,
    stat_at,
)
from watcher.i18n.message import msg
from watcher.model.files import Filed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.model.entries import Stat

_CHUNK = 262_144  # bytes copied at once
_LONGEST = 255  # bytes of a name, as most file systems have it
_NAMES_TRIED = 10_000

_NO_HARD_LINKS = (
    errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL,
)  # fmt: skip

_CHANGED = msg("The file changed after it was uploaded, so it was not moved.")


def move(source: Directory, name: str, target: Directory, stat: Stat) -> str:
    """Move the entry ``name``, which must be ``stat``, into ``target``; return its name there.

    Within a file system the file is never missing or incomplete; to another one it is copied, and
    the source removed once the copy is on the disk.

    Raises:
        OSError: it stays where it is; RefusedError if it is no longer ``stat``.
    """
    try:
        return rename(source, name, target, name, stat)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    return _copy(source, name, target, stat)


def rename(
    source: Directory,
    name: str,
    target: Directory,
    wanted: str,
    stat: Stat,
    *,
    hard_links: bool = True,
) -> str:
    """Rename the entry ``name`` to a free name like ``wanted`` in ``target``; return that.

    Raises:
        OSError: it keeps its name; RefusedError if it is no longer ``stat``.
    """
    for new in number_names(wanted):
        try:
            if not (hard_links and _rename_by_link(source, name, target, new, stat)):
                _rename_by_reservation(source, name, target, new, stat)
        except FileExistsError:
            continue
        return new
    raise RefusedError(msg("Too many files there already have its name."))


def _rename_by_link(source: Directory, name: str, target: Directory, new: str, stat: Stat) -> bool:
    """Link, then unlink, so that the name is taken atomically; False if links are not supported."""
    follow = os.link not in os.supports_follow_symlinks  # False is not understood everywhere
    try:
        os.link(
            source.at(name), target.at(new),
            src_dir_fd=source.fd, dst_dir_fd=target.fd, follow_symlinks=follow,
        )  # fmt: skip
    except FileExistsError:
        if stat_at(target, new) != stat:  # otherwise: linked before a crash
            raise
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            return False
        raise
    with _undone_on_error(source, name, target, new):
        expect(target, new, stat)
        _remove(source, name, stat)
    return True


def _rename_by_reservation(
    source: Directory, name: str, target: Directory, new: str, stat: Stat
) -> None:
    """Reserve the name with an empty file, which is then replaced."""
    create_file(target, new).close()
    with _removed_on_error(target, new):
        expect(source, name, stat)
        os.replace(source.at(name), target.at(new), src_dir_fd=source.fd, dst_dir_fd=target.fd)


def _copy(source: Directory, name: str, target: Directory, stat: Stat) -> str:
    """Copy to another file system, remove the source, return the new name."""
    part = f".{stat.device:x}-{stat.inode:x}.hrflow-part"  # the same after a crash
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target.at(part), dir_fd=target.fd)
    with _removed_on_error(target, part):
        _copy_content(source, name, target, part, stat)
        os.utime(target.at(part), ns=(stat.mtime_ns, stat.mtime_ns), dir_fd=target.fd)
        copied = stat_at(target, part)
        if copied is None or copied.size != stat.size:
            raise RefusedError(_CHANGED)
        new = rename(target, part, target, name, copied)
    if target.fd is not None:
        os.fsync(target.fd)
    with _undone_on_error(source, name, target, new):
        _remove(source, name, stat)
    return new


def _copy_content(source: Directory, name: str, target: Directory, part: str, stat: Stat) -> None:
    opened = open_regular(source, name)
    with opened.handle as handle:
        if opened.stat != stat:
            raise RefusedError(_CHANGED)
        # A CV that only its owner may read stays private.
        mode = os.fstat(handle.fileno()).st_mode & 0o777
        with create_file(target, part, mode) as out:
            shutil.copyfileobj(handle, out, _CHUNK)
            out.flush()
            os.fsync(out.fileno())


def _remove(source: Directory, name: str, stat: Stat) -> None:
    """Remove the source, now in its target, unless something else has taken its place."""
    if stat_at(source, name) == stat:
        os.unlink(source.at(name), dir_fd=source.fd)


@contextlib.contextmanager
def _undone_on_error(source: Directory, name: str, target: Directory, new: str) -> Iterator[None]:
    """Remove the new name if the body fails, unless it is the only one left."""
    try:
        yield
    except OSError:
        if stat_at(source, name) is not None:
            os.unlink(target.at(new), dir_fd=target.fd)
        raise


@contextlib.contextmanager
def _removed_on_error(directory: Directory, name: str) -> Iterator[None]:
    """Remove the file ``name`` if the body fails."""
    try:
        yield
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(directory.at(name), dir_fd=directory.fd)
        raise


def expect(directory: Directory, name: str, stat: Stat) -> None:
    """Raise RefusedError unless the entry ``name`` still is ``stat``."""
    if stat_at(directory, name) != stat:
        raise RefusedError(_CHANGED)


def is_still(root: str, path: str, stat: Stat) -> bool:
    """Return whether the file still exists.

    Raises:
        RefusedError: it is no longer ``stat``.
    """
    try:
        with open_parent(root, path) as parent:
            name = os.path.basename(path)
            os.stat(parent.at(name), dir_fd=parent.fd, follow_symlinks=False)
            expect(parent, name, stat)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def number_names(name: str, ending: str = "") -> Iterator[str]:
    """Yield ``name``, then with " (2)" and so on before its extension, shortened if too long."""
    stem, extension = os.path.splitext(name)
    if ending:
        stem, extension = name.removesuffix(ending), ending
    for number in itertools.islice(itertools.count(1), _NAMES_TRIED):
        tail = f" ({number}){extension}" if number > 1 else extension
        yield _fit(stem, _LONGEST - len(os.fsencode(tail))) + tail


def _fit(stem: str, room: int) -> str:
    """Return as much of ``stem`` as fits into ``room`` bytes, in whole characters."""
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem


# --- The trash of the system, from where a file can be restored to its folder ---------------------

#: Whether the trash is that of freedesktop.org, which records where each file was.
_IS_FREEDESKTOP: Final = os.name == "posix" and sys.platform != "darwin"


def move_to_trash(root: str, path: str, stat: Stat) -> Filed:
    """Move the file at ``path`` below ``root``, which must be ``stat``, to the trash.

    The freedesktop.org trash takes a name and not an open file, so there the file is
    first moved into a private directory, where it cannot be replaced. May be called again after a
    crash: a file that is there already is taken from there.

    Raises:
        OSError: it stays where it is; RefusedError if it is no longer ``stat``.
    """
    from send2trash import send2trash  # noqa: PLC0415 - rarely used

    is_there = is_still(root, path, stat)
    folder, name = os.path.split(path)
    private_name = f".{stat.device:x}-{stat.inode:x}.hrflow-trash"
    private_path = os.path.join(folder, private_name)
    if not _IS_FREEDESKTOP and is_there:
        send2trash(path)
    if not _IS_FREEDESKTOP or not (is_there or os.path.isdir(private_path)):
        return Filed("")
    with open_parent(root, path) as source:
        with contextlib.suppress(FileExistsError):
            os.mkdir(source.at(private_name), 0o700, dir_fd=source.fd)
        with (
            _removed(source, private_name),
            open_parent(root, os.path.join(private_path, name)) as private,
        ):
            if is_there:
                os.replace(
                    source.at(name), private.at(name), src_dir_fd=source.fd, dst_dir_fd=private.fd
                )
            elif stat_at(private, name) is None:  # it went to the trash before the crash
                return Filed("")
            try:
                expect(private, name, stat)
                send2trash(os.path.join(private_path, name))
            except OSError:
                _put_back(private, name, source)
                raise
    _note_origin(path, private_name)
    return Filed("")


@contextlib.contextmanager
def _removed(directory: Directory, name: str) -> Iterator[None]:
    """Remove the empty directory ``name`` at the end."""
    try:
        yield
    finally:
        os.rmdir(directory.at(name), dir_fd=directory.fd)


def _put_back(private: Directory, name: str, source: Directory) -> None:
    """Move back what was moved aside, under a similar name if its own is taken by now."""
    if (found := stat_at(private, name)) is not None:
        move(private, name, source, found)
        return
    kind = os.stat(private.at(name), dir_fd=private.fd, follow_symlinks=False).st_mode
    ways = {"src_dir_fd": private.fd, "dst_dir_fd": source.fd}
    if modes.S_ISDIR(kind):  # renaming a directory replaces no file
        os.rename(private.at(name), source.at(name), **ways)
    else:
        os.link(private.at(name), source.at(name), **ways, follow_symlinks=False)
        os.unlink(private.at(name), dir_fd=private.fd)


def _note_origin(path: str, private_name: str) -> None:
    """Make the trash restore the file to its own folder, not to the private one inside it.

    This is best effort: the file is already in the trash.
    """
    name = urllib.parse.quote(os.fsencode(os.path.basename(path)))
    private = f"{urllib.parse.quote(private_name)}/{name}\n"
    for info in _infos(path):
        with contextlib.suppress(OSError), open(info, "r+", encoding="utf-8") as file:
            text = file.read()
            if private in text:
                file.seek(0)
                file.write(text.replace(private, f"{name}\n"))
                file.truncate()
                return


def _infos(path: str) -> Iterator[str]:
    """Yield the trash's notes (``.trashinfo``) that may be about the file."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    top = os.path.dirname(os.path.realpath(path))
    while not os.path.ismount(top):
        top = os.path.dirname(top)
    user = os.getuid()
    stem = os.path.splitext(os.path.basename(path))[0]
    for trash in (f"{data}/Trash", f"{top}/.Trash/{user}", f"{top}/.Trash-{user}"):
        yield from glob.iglob(f"{glob.escape(f'{trash}/info/{stem}')}*.trashinfo")
