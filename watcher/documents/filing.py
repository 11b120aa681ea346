"""Moves files that are done with into a dated folder, or into the system's trash."""

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
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

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
from watcher.i18n.message import Message, Text, msg
from watcher.model.files import Filed, FilingFailed
from watcher.model.kinds import State
from watcher.model.settings import AfterRefusal, AfterUpload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.model.records import Entry, Stat
    from watcher.model.settings import Folder

_CHUNK = 262_144  # bytes copied at once
_LONGEST = 255  # bytes of a name, as most file systems have it
_NAMES_TRIED = 10_000

_NO_HARD_LINKS = (
    errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL,
)  # fmt: skip

_CHANGED = msg("changed after it was uploaded, so it was not moved")
_FINAL = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)

#: Whether the trash is that of freedesktop.org, which notes where each file was.
TRASHES_APART: Final = os.name == "posix" and sys.platform != "darwin"


def filing_target(folder: Folder, entry: Entry, now: float) -> str:
    """Return the dated directory that a file is moved to; "" if it is not moved.

    It is the one chosen before, unless the settings name another place by now.
    """
    refused = entry.state is State.REFUSED
    how = folder.after_refusal if refused else folder.after_upload
    if how not in (AfterUpload.MOVE, AfterRefusal.MOVE):
        return ""
    name = folder.refused_folder if refused else folder.sent_folder
    place = os.path.normpath(os.path.join(folder.path, name))
    if os.path.dirname(entry.filing_target) == place:
        return entry.filing_target
    return os.path.join(place, datetime.fromtimestamp(now).astimezone().date().isoformat())


def file_by_settings(folder: Folder, entry: Entry, now: float) -> Filed | FilingFailed:
    """Move or trash what has arrived or was refused, and note beside it why it was refused.

    May be called again after a crash.
    """
    refused = entry.state is State.REFUSED
    how = folder.after_refusal if refused else folder.after_upload
    filed = file_away(folder.path, entry.path, entry.stat, how, filing_target(folder, entry, now))
    if refused and isinstance(filed, Filed) and filed.path not in ("", entry.path):
        note = write_error_note(filed.path, entry.why)
        if isinstance(note, FilingFailed):
            return FilingFailed(
                msg("was moved to {path}, but {why}", path=filed.path, why=note.why)
            )
    return filed


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

    ``target_dir`` is relative to ``root`` or absolute. May be called again with the same
    arguments: a file that is already there, or gone, counts as filed. Some files stay: see
    :func:`watcher.documents.parts.is_tied`. The other options are for tests.
    """
    if how in (AfterUpload.KEEP, AfterRefusal.KEEP):
        return Filed(path)
    if not os.path.isdir(root):
        return FilingFailed(msg("was not moved because its folder cannot be reached"), passing=True)
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
        return _explain(error, msg("the trash") if trash else os.path.dirname(target_dir))


def write_error_note(path: str, reason: Message) -> Filed | FilingFailed:
    """Write the ``reason`` why a file was refused into ``NAME.error.txt`` beside its new ``path``.

    Another note of that name is kept, and the next free name used. The text is UTF-8 without a
    byte order mark.
    """
    folder, name = os.path.split(path)
    shown = os.fsencode(name).decode(errors="replace")
    why = str(reason)
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
    return FilingFailed(
        msg(
            "was moved without a note explaining why it was not accepted: too many "
            "notes already have that name"
        )
    )


def _explain(error: OSError, target: Text) -> FilingFailed:
    if isinstance(error, RefusedError):
        return FilingFailed(
            msg("could not be moved to {what}: it {why}", what=target, why=error.why), error.passing
        )
    reason = error.strerror or str(error) or type(error).__name__
    return FilingFailed(
        msg("could not be moved to {what}: {error}", what=target, error=reason),
        error.errno not in _FINAL,
    )


def _move_to(target: _Target, path: str, stat: Stat, *, hard_links: bool) -> Filed:
    with (
        open_parent(target.root, path, has_dir_fd=target.has_dir_fd) as source,
        _open_target(target, make=True) as place,
    ):
        new = move(source, os.path.basename(path), place, stat, hard_links=hard_links)
        return Filed(os.path.join(place.path, new))


def _find_moved(target: _Target, path: str, stat: Stat) -> str:
    """Return where an earlier call, before a crash, put the file; "" if it is not found."""
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
    """Open the dated folder; below the root no link is followed, elsewhere a person set it."""
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


# --- Moving to a folder ---------------------------------------------------------------------------


def move(source: Directory, name: str, target: Directory, stat: Stat, *, hard_links: bool) -> str:
    """Move the entry ``name``, which must be ``stat``, into ``target``; return its name there.

    Within a file system the file is at no moment missing or incomplete; to another one it is
    copied, and the source removed once the copy is safely on the disk.

    Raises:
        OSError: it stays where it is; RefusedError if it is no longer ``stat``.
    """
    try:
        return _rename(source, name, target, name, stat, hard_links=hard_links)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    return _copy(source, name, target, stat, hard_links=hard_links)


def _rename(
    source: Directory, name: str, target: Directory, wanted: str, stat: Stat, *, hard_links: bool
) -> str:
    """Rename the entry ``name`` to a free name like ``wanted`` in ``target``; return that."""
    for new in number_names(wanted):
        try:
            if not (hard_links and _rename_by_link(source, name, target, new, stat)):
                _rename_by_reservation(source, name, target, new, stat)
        except FileExistsError:
            continue
        return new
    raise RefusedError(msg("has no free name left there"))


def _rename_by_link(source: Directory, name: str, target: Directory, new: str, stat: Stat) -> bool:
    """Link, then unlink, so that the name is taken atomically; False without hard links."""
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
    _expect_or_undo(source, name, target, new, stat)
    _remove_or_undo(source, name, target, new, stat)
    return True


def _rename_by_reservation(
    source: Directory, name: str, target: Directory, new: str, stat: Stat
) -> None:
    """Take the name with an empty file, which is then replaced."""
    create_file(target, new).close()
    with _removed_on_error(target, new):
        expect(source, name, stat)
        os.replace(source.at(name), target.at(new), src_dir_fd=source.fd, dst_dir_fd=target.fd)


def _copy(source: Directory, name: str, target: Directory, stat: Stat, *, hard_links: bool) -> str:
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
        new = _rename(target, part, target, name, copied, hard_links=hard_links)
    if target.fd is not None:
        os.fsync(target.fd)
    _remove_or_undo(source, name, target, new, stat)
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


def _expect_or_undo(source: Directory, name: str, target: Directory, new: str, stat: Stat) -> None:
    try:
        expect(target, new, stat)
    except OSError:
        _undo(source, name, target, new)
        raise


def _remove_or_undo(source: Directory, name: str, target: Directory, new: str, stat: Stat) -> None:
    """Remove the source, which ``target`` has now, unless something else has taken its place."""
    try:
        if stat_at(source, name) == stat:
            os.unlink(source.at(name), dir_fd=source.fd)
    except OSError:
        _undo(source, name, target, new)
        raise


def _undo(source: Directory, name: str, target: Directory, new: str) -> None:
    """Remove the new name again, unless it is the only one left."""
    if stat_at(source, name) is not None:
        os.unlink(target.at(new), dir_fd=target.fd)


@contextlib.contextmanager
def _removed_on_error(directory: Directory, name: str) -> Iterator[None]:
    """Remove our own file ``name`` if the body fails."""
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


def is_still(root: str, path: str, stat: Stat, *, has_dir_fd: bool) -> bool:
    """Whether the file still exists.

    Raises:
        RefusedError: it is no longer ``stat``.
    """
    try:
        with open_parent(root, path, has_dir_fd=has_dir_fd) as parent:
            name = os.path.basename(path)
            os.stat(parent.at(name), dir_fd=parent.fd, follow_symlinks=False)
            expect(parent, name, stat)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def number_names(name: str, ending: str = "") -> Iterator[str]:
    """Yield ``name``, then ``name (2)`` and so on before its extension, cut to fit if too long."""
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


# --- The trash ------------------------------------------------------------------------------------


def move_to_trash(root: str, path: str, stat: Stat, *, has_dir_fd: bool, apart: bool) -> Filed:
    """Move the file at ``path`` below ``root``, which must be ``stat``, to the trash.

    The freedesktop.org trash takes a name and not an open file, so the file is first moved into a
    directory of our own, where nobody else replaces it (``apart``). May be called again after a
    crash: a file that is there already is taken from there.

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
    """Remove the empty directory ``name`` at the end."""
    try:
        yield
    finally:
        os.rmdir(directory.at(name), dir_fd=directory.fd)


def _put_back(aside: Directory, name: str, source: Directory) -> None:
    """Move back what was moved aside, under a similar name if its own is taken by now."""
    if (found := stat_at(aside, name)) is not None:
        move(aside, name, source, found, hard_links=True)
        return
    kind = os.stat(aside.at(name), dir_fd=aside.fd, follow_symlinks=False).st_mode
    ways = {"src_dir_fd": aside.fd, "dst_dir_fd": source.fd}
    if modes.S_ISDIR(kind):  # renaming a directory replaces no file
        os.rename(aside.at(name), source.at(name), **ways)
    else:
        os.link(aside.at(name), source.at(name), **ways, follow_symlinks=False)
        os.unlink(aside.at(name), dir_fd=aside.fd)


def _note_origin(path: str, own_name: str) -> None:
    """Make the trash restore the file to its own folder, not to our directory inside it.

    This is best effort: the file is already in the trash.
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
    """Yield the trash's notes (``.trashinfo``) that may be about the file."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    top = os.path.dirname(os.path.realpath(path))
    while not os.path.ismount(top):
        top = os.path.dirname(top)
    user = os.getuid()
    stem = os.path.splitext(os.path.basename(path))[0]
    for trash in (f"{data}/Trash", f"{top}/.Trash/{user}", f"{top}/.Trash-{user}"):
        yield from glob.iglob(f"{glob.escape(f'{trash}/info/{stem}')}*.trashinfo")
