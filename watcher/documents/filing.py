"""Files away what was uploaded or refused: into a dated folder or the trash, by the settings."""

from __future__ import annotations

import contextlib
import errno
import os
from datetime import datetime
from typing import TYPE_CHECKING

from watcher.documents.bundles import is_tied
from watcher.documents.moving import is_still, move, move_to_trash, number_names
from watcher.documents.opening import (
    Directory,
    RefusedError,
    create_file,
    open_directory,
    open_parent,
    open_regular,
    split_below,
    stat_at,
)
from watcher.i18n.message import Message, Text, msg
from watcher.model.files import Filed, FilingFailed
from watcher.model.kinds import State
from watcher.model.settings import AfterRefusal, AfterUpload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.model.entries import Entry, Stat
    from watcher.model.settings import Folder

_FINAL = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)


def filing_target(folder: Folder, entry: Entry, now: float) -> str:
    """Return the dated directory that a file is moved to; "" if it is not moved.

    It is the one chosen earlier, unless the settings now name another place.
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
    """Move or trash a file that has arrived or was refused; a refused one gets a note beside it.

    May be called again after a crash.
    """
    refused = entry.state is State.REFUSED
    how = folder.after_refusal if refused else folder.after_upload
    filed = file_away(folder.path, entry.path, entry.stat, how, filing_target(folder, entry, now))
    if refused and isinstance(filed, Filed) and filed.path not in ("", entry.path):
        note = write_error_note(filed.path, entry.why)
        if isinstance(note, FilingFailed):
            return FilingFailed(
                msg("The file was moved to {path}. {why}", path=filed.path, why=note.why)
            )
    return filed


def file_away(
    root: str,
    path: str,
    stat: Stat,
    how: AfterUpload | AfterRefusal,
    target_dir: str,
) -> Filed | FilingFailed:
    """Move the file at ``path`` below ``root`` to where it belongs, if it still is ``stat``.

    ``target_dir`` is relative to ``root`` or absolute. May be called again with the same
    arguments: a file that is already there, or gone, counts as filed. Some files stay: see
    :func:`watcher.documents.bundles.is_tied`.
    """
    if how in (AfterUpload.KEEP, AfterRefusal.KEEP):
        return Filed(path)
    if not os.path.isdir(root):
        return FilingFailed(
            msg("The file was not moved because its folder can't be reached."), passing=True
        )
    trash = how is AfterUpload.TRASH
    try:
        if is_tied(root, path):
            return Filed(path)
        if trash:
            return move_to_trash(root, path, stat)
        if not is_still(root, path, stat):
            return Filed(_find_moved(root, path, stat, target_dir))
        with open_parent(root, path) as source, _open_target(root, target_dir, make=True) as place:
            name = move(source, os.path.basename(path), place, stat)
            return Filed(os.path.join(place.path, name))
    except OSError as error:
        return _explain(error, msg("the trash") if trash else os.path.dirname(target_dir))


def write_error_note(path: str, reason: Message) -> Filed | FilingFailed:
    """Write the ``reason`` why a file was refused into ``NAME.error.txt`` beside its new ``path``.

    An existing note of that name stays, and the next free name is used. The text is UTF-8 without
    a byte order mark.
    """
    folder, name = os.path.split(path)
    shown = os.fsencode(name).decode(errors="replace")
    text = f"{shown} was not uploaded to HrFlow. {reason}{os.linesep}".encode(errors="replace")
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
            "The note with the reason could not be added next to it, because too many notes"
            " already have that name."
        )
    )


def _explain(error: OSError, target: Text) -> FilingFailed:
    if isinstance(error, RefusedError):
        return FilingFailed(
            msg("The file could not be moved to {what}. {why}", what=target, why=error.why),
            error.passing,
        )
    reason = error.strerror or str(error)
    return FilingFailed(
        msg("The file could not be moved to {what} ({error}).", what=target, error=reason),
        error.errno not in _FINAL,
    )


def _find_moved(root: str, path: str, stat: Stat, target_dir: str) -> str:
    """Return where an earlier call, before a crash, put the file; "" if it is not found."""
    with contextlib.suppress(FileNotFoundError), _open_target(root, target_dir) as place:
        for new in number_names(os.path.basename(path)):
            found = stat_at(place, new)
            if found is None:
                break
            if (found.size, found.mtime_ns) == (stat.size, stat.mtime_ns):
                return os.path.join(place.path, new)
    return ""


@contextlib.contextmanager
def _open_target(root: str, target_dir: str, *, make: bool = False) -> Iterator[Directory]:
    """Open the dated folder; links are followed only outside the root, where a person set it."""
    path = os.path.normpath(os.path.join(root, target_dir))
    try:
        top, parts = root, split_below(root, path)
    except RefusedError:
        top, day = os.path.split(path)
        parts = [day]
        if make:
            os.makedirs(top, exist_ok=True)
    with open_directory(top, parts, make=make) as place:
        yield place


def _holds(directory: Directory, name: str, text: bytes) -> bool:
    found = stat_at(directory, name)
    if found is None or found.size != len(text):
        return False
    with open_regular(directory, name).handle as handle:
        return handle.read(len(text)) == text
