"""Moves a file into the system's trash, from where it can be restored to its own folder."""

from __future__ import annotations

import contextlib
import glob
import os
import stat as modes
import sys
import urllib.parse
from typing import TYPE_CHECKING, Final

from watcher.documents.moving import expect, is_still, move
from watcher.documents.opening import Directory, open_parent, stat_at
from watcher.model.files import Filed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.model.records import Stat

#: Whether the trash is that of freedesktop.org, which records where each file was.
_IS_FREEDESKTOP: Final = os.name == "posix" and sys.platform != "darwin"


def move_to_trash(root: str, path: str, stat: Stat, *, has_dir_fd: bool) -> Filed:
    """Move the file at ``path`` below ``root``, which must be ``stat``, to the trash.

    The freedesktop.org trash takes a name and not an open file, so there the file is
    first moved into a private directory, where it cannot be replaced. May be called again after a
    crash: a file that is there already is taken from there.

    Raises:
        OSError: it stays where it is; RefusedError if it is no longer ``stat``.
    """
    from send2trash import send2trash  # noqa: PLC0415 - rarely used

    is_there = is_still(root, path, stat, has_dir_fd=has_dir_fd)
    folder, name = os.path.split(path)
    private_name = f".{stat.device:x}-{stat.inode:x}.hrflow-trash"
    private_path = os.path.join(folder, private_name)
    if not _IS_FREEDESKTOP and is_there:
        send2trash(path)
    if not _IS_FREEDESKTOP or not (is_there or os.path.isdir(private_path)):
        return Filed("")
    with open_parent(root, path, has_dir_fd=has_dir_fd) as source:
        with contextlib.suppress(FileExistsError):
            os.mkdir(source.at(private_name), 0o700, dir_fd=source.fd)
        with (
            _removed(source, private_name),
            open_parent(root, os.path.join(private_path, name), has_dir_fd=has_dir_fd) as private,
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
        move(private, name, source, found, hard_links=True)
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
