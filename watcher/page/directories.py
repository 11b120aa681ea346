"""The folder picker: what is in a directory, for the page's owner alone."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg
from watcher.model.errors import UnusableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Entries of a directory that are looked at, and those that are listed.
_LOOKED_AT: Final = 20_000
_LISTED: Final = 500
#: Characters of the longest path.
_LONGEST: Final = 4000


def list_directory(query: Mapping[str, str]) -> dict[str, object]:
    """Return the directories in ``path``, by default the home folder; ``files`` asks for files too.

    Hidden ones, links, and what cannot be read are left out. ``is_whole`` is False if there are
    more than are listed. UnusableError if the directory cannot be read.
    """
    path = os.path.expanduser(query.get("path", "").strip() or "~")
    if not os.path.isabs(path) or len(path) > _LONGEST or "\0" in path:
        raise UsageError(msg("This folder cannot be shown."))
    path = os.path.realpath(path)
    try:
        with os.scandir(path) as entries:
            seen = list(islice(entries, _LOOKED_AT + 1))
    except OSError as error:
        raise UnusableError(
            msg("{path} cannot be opened ({error}).", path=path, error=error.strerror)
        ) from error
    directories = sorted(_names(seen, is_directory=True), key=str.casefold)
    files = sorted(_names(seen, is_directory=False), key=str.casefold) if query.get("files") else []
    parent = os.path.dirname(path)
    return {
        "path": path,
        "parent": parent if parent != path else "",
        "directories": directories[:_LISTED],
        "files": files[:_LISTED],
        "separator": os.sep,
        "is_whole": len(seen) <= _LOOKED_AT and max(len(directories), len(files)) <= _LISTED,
    }


def _names(entries: list[os.DirEntry[str]], *, is_directory: bool) -> Iterator[str]:
    """Yield the names of the directories, or of the files, that a person can read."""
    needed = os.R_OK | os.X_OK if is_directory else os.R_OK
    for entry in entries:
        look = entry.is_dir if is_directory else entry.is_file
        try:
            fits = look(follow_symlinks=False) and not _is_hidden(entry)
        except OSError:  # it has just been removed
            continue
        if fits and os.access(entry.path, needed):
            yield entry.name


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    """Whether a person does not see it elsewhere, or its name cannot be written here."""
    if entry.name.startswith(".") or not entry.name.isprintable():
        return True
    attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    return bool(attributes & 0x2)  # FILE_ATTRIBUTE_HIDDEN, on Windows
