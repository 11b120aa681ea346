"""What is to be watched, and what is asked and posted about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.model.files import Candidate, FolderState, ScanEnded, Scanned

if TYPE_CHECKING:
    from watcher.model import settings

#: (folder's path, directory below it as "" or "a/b") → what the journal knows of the files in
#: it: name → (size in bytes, time of change in nanoseconds). Called on the scan thread.
Known = Callable[[str, str], Mapping[str, tuple[int, int]]]

#: Path below the folder ("a/b.pdf", or "a/b/" of a directory) → the pattern that ignores it, "".
Ignore = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """One folder to watch. ``path`` is absolute and has no symbolic link in it.

    ``excluded`` are absolute paths of directories that are never entered: folders that are
    watched for themselves, and those that files are moved to; those not below ``path`` do not
    matter.
    """

    path: str
    recursive: bool
    watch: settings.Watch
    poll_seconds: float
    ignore: Ignore
    excluded: tuple[str, ...] = ()


#: What is posted. A ScanEnded is ``complete`` when the whole folder was walked and every
#: directory could be read; its ``reason`` is "start", "returned", "settings", "new directory"
#: (never complete: only that directory was walked), "overflow", "unmounted", "limit", "interval"
#: or what :meth:`watcher.folders.Folders.rescan` was given.
Message = Candidate | Scanned | ScanEnded | FolderState
Post = Callable[[Message], None]
