"""What becomes of a file afterwards: moved into a dated folder, or into the system's trash.

Nothing is ever overwritten, and no file leaves its place that is not the very one that was
sent: each step compares first. Where a name is taken the next free one is used
(``CV (2).pdf``). After a crash in the middle, doing it again finishes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from watcher.documents.moving import is_still, move, number_names
from watcher.documents.opening import (
    HAS_DIR_FD,
    Directory,
    RefusedError,
    create_file,
    open_directory,
    open_parent,
    open_regular,
    split_below,
    stat_at,
)
from watcher.documents.parts import is_tied
from watcher.documents.trash import TRASHES_APART, move_to_trash
from watcher.model import Filed, FilingFailed
from watcher.settings import AfterRefusal, AfterUpload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.model import Stat

_FINAL = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)


class _Target(NamedTuple):
    root: str
    path: str
    has_dir_fd: bool


def file_away(
    root: str,
    path: str,
    stat: Stat,
    how: AfterUpload | AfterRefusal,
    target_dir: str,
    *,
    has_dir_fd: bool = HAS_DIR_FD,
    hard_links: bool = True,
    apart: bool = TRASHES_APART,
) -> Filed | FilingFailed:
    """Move the file at ``path`` below ``root``, if it still is ``stat``, to where it belongs.

    ``target_dir`` is relative to ``root`` or absolute. May be called again with the same: a file
    that is there already, or nowhere any more, is filed. What is tied to its place stays: see
    :func:`watcher.documents.parts.is_tied`.
    """
    if how in (AfterUpload.KEEP, AfterRefusal.KEEP):
        return Filed(path)
    if not os.path.isdir(root):
        return FilingFailed("stays where it is, as its folder cannot be reached", passing=True)
    trash = how is AfterUpload.TRASH
    target = _Target(root, target_dir, has_dir_fd)
    try:
        if is_tied(root, path):
            return Filed(path)
        if trash:
            return move_to_trash(root, path, stat, has_dir_fd=has_dir_fd, apart=apart)
        if not is_still(root, path, stat, has_dir_fd=has_dir_fd):
            return Filed(_find_moved(target, path, stat))
        return _move_to(target, path, stat, hard_links=hard_links)
    except OSError as error:
        return _explain(error, "the trash" if trash else os.path.dirname(target_dir))


def write_error_note(path: str, why: str) -> Filed | FilingFailed:
    """Write ``why`` a file was refused into ``NAME.error.txt`` beside its new ``path``.

    A note of the same name that says something else is kept, and the next free name used.
    Plain UTF-8 without a byte order mark, which every editor of the last years understands.
    """
    folder, name = os.path.split(path)
    shown = os.fsencode(name).decode(errors="replace")
    said = f"it {why}" if why[:1].islower() else why  # "is a program", or a whole sentence
    text = f"{shown} was not uploaded to HrFlow: {said.rstrip('.')}.{os.linesep}".encode(
        errors="replace"
    )
    try:
        with open_directory(folder, []) as place:
            for note in number_names(f"{name}.error.txt", ".error.txt"):
                with contextlib.suppress(FileExistsError):
                    with create_file(place, note) as out:
                        out.write(text)
                    return Filed(os.path.join(folder, note))
                if _holds(place, note, text):
                    return Filed(os.path.join(folder, note))
    except OSError as error:
        return _explain(error, folder)
    return FilingFailed("has no note of why it was refused: too many notes of that name")


def _explain(error: OSError, target: str) -> FilingFailed:
    if isinstance(error, RefusedError):
        return FilingFailed(f"could not be moved to {target}: it {error.why}", error.passing)
    reason = error.strerror or str(error) or type(error).__name__
    return FilingFailed(f"could not be moved to {target}: {reason}", error.errno not in _FINAL)


def _move_to(target: _Target, path: str, stat: Stat, *, hard_links: bool) -> Filed:
    with (
        open_parent(target.root, path, has_dir_fd=target.has_dir_fd) as source,
        _open_target(target, make=True) as place,
    ):
        new = move(source, os.path.basename(path), place, stat, hard_links=hard_links)
        return Filed(os.path.join(place.path, new))


def _find_moved(target: _Target, path: str, stat: Stat) -> str:
    """Where an earlier call, cut off by a crash, put the file; "" if that is not to be found."""
    with contextlib.suppress(FileNotFoundError), _open_target(target, make=False) as place:
        for new in number_names(os.path.basename(path)):
            found = stat_at(place, new)
            if found is None:
                break
            if (found.size, found.mtime_ns) == (stat.size, stat.mtime_ns):
                return os.path.join(place.path, new)
    return ""


@contextlib.contextmanager
def _open_target(target: _Target, *, make: bool) -> Iterator[Directory]:
    """The dated folder; below the root no link is followed, elsewhere a person chose the path."""
    path = os.path.normpath(os.path.join(target.root, target.path))
    try:
        top, parts = target.root, split_below(target.root, path)
    except RefusedError:
        top, day = os.path.split(path)
        parts = [day]
        if make:
            os.makedirs(top, exist_ok=True)
    with open_directory(top, parts, make=make, has_dir_fd=target.has_dir_fd) as place:
        yield place


def _holds(directory: Directory, name: str, text: bytes) -> bool:
    found = stat_at(directory, name)
    if found is None or found.size != len(text):
        return False
    with open_regular(directory, name).handle as handle:
        return handle.read(len(text)) == text
