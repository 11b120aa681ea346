"""The system's trash, for the very file that was sent and for no other.

The trash takes a name. Between a look at what has that name and its taking, something else may be
put there. So the file is first moved to a directory of its own, beside it, which nobody else knows;
what arrived there is looked at, and is put back if it is not the file. Where a file is put back
from the trash to where it was taken from, and that cannot be changed (macOS, Windows), it is looked
at right before instead.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat as modes
import sys
import urllib.parse
from typing import TYPE_CHECKING, Final

from watcher.documents.moving import expect, is_still, move
from watcher.documents.opening import open_parent, stat_at
from watcher.model import Filed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.documents.opening import Directory
    from watcher.model import Stat

#: Whether the trash is that of freedesktop.org, which keeps in a text where a file was.
TRASHES_APART: Final = os.name == "posix" and sys.platform != "darwin"


def move_to_trash(root: str, path: str, stat: Stat, *, has_dir_fd: bool, apart: bool) -> Filed:
    """Move the file at ``path`` below ``root``, which must be ``stat``, to the trash.

    May be called again after a crash: a file that was moved aside already is taken from there.

    Raises:
        OSError: it stays where it is; RefusedError if it is no longer ``stat``.
    """
    from send2trash import send2trash  # noqa: PLC0415 - only those who want it pay for it

    is_there = is_still(root, path, stat, has_dir_fd=has_dir_fd)
    folder, name = os.path.split(path)
    own_name = f".{stat.device:x}-{stat.inode:x}.hrflow-trash"
    own = os.path.join(folder, own_name)
    if not apart and is_there:
        send2trash(path)
    if not apart or not (is_there or os.path.isdir(own)):
        return Filed("")
    with open_parent(root, path, has_dir_fd=has_dir_fd) as source:
        with contextlib.suppress(FileExistsError):
            os.mkdir(source.at(own_name), 0o700, dir_fd=source.fd)
        with (
            _removed(source, own_name),
            open_parent(root, os.path.join(own, name), has_dir_fd=has_dir_fd) as aside,
        ):
            if is_there:
                os.replace(
                    source.at(name), aside.at(name), src_dir_fd=source.fd, dst_dir_fd=aside.fd
                )
            elif stat_at(aside, name) is None:  # it went to the trash before the crash
                return Filed("")
            try:
                expect(aside, name, stat)
                send2trash(os.path.join(own, name))
            except OSError:
                _put_back(aside, name, source)
                raise
    _note_origin(path, own_name)
    return Filed("")


@contextlib.contextmanager
def _removed(directory: Directory, name: str) -> Iterator[None]:
    """Remove the empty directory ``name`` in the end."""
    try:
        yield
    finally:
        os.rmdir(directory.at(name), dir_fd=directory.fd)


def _put_back(aside: Directory, name: str, source: Directory) -> None:
    """Give back its name to what was moved aside; should that be taken by now, one like it."""
    if (found := stat_at(aside, name)) is not None:
        move(aside, name, source, found, hard_links=True)
        return
    kind = os.stat(aside.at(name), dir_fd=aside.fd, follow_symlinks=False).st_mode
    ways = {"src_dir_fd": aside.fd, "dst_dir_fd": source.fd}
    if modes.S_ISDIR(kind):  # which replaces no file
        os.rename(aside.at(name), source.at(name), **ways)
    else:
        os.link(aside.at(name), source.at(name), **ways, follow_symlinks=False)
        os.unlink(aside.at(name), dir_fd=aside.fd)


def _note_origin(path: str, own_name: str) -> None:
    """Have the trash restore the file to where it was, not to where it was moved aside.

    The file is in the trash already: where this cannot be done, it is restored beside its place.
    """
    name = urllib.parse.quote(os.fsencode(os.path.basename(path)))
    aside = f"{urllib.parse.quote(own_name)}/{name}\n"
    for info in _infos(path):
        with contextlib.suppress(OSError), open(info, "r+", encoding="utf-8") as file:
            text = file.read()
            if aside in text:
                file.seek(0)
                file.write(text.replace(aside, f"{name}\n"))
                file.truncate()
                return


def _infos(path: str) -> Iterator[str]:
    """What trashes that the file may be in say of files of that name."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    top = os.path.dirname(os.path.realpath(path))
    while not os.path.ismount(top):
        top = os.path.dirname(top)
    user = os.getuid()
    stem = os.path.splitext(os.path.basename(path))[0]
    for trash in (f"{data}/Trash", f"{top}/.Trash/{user}", f"{top}/.Trash-{user}"):
        yield from glob.iglob(f"{glob.escape(f'{trash}/info/{stem}')}*.trashinfo")
