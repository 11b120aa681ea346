"""Whether a file was only renamed or moved: then it is gone from where it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.model import Stat

if TYPE_CHECKING:
    from watcher.ports import Files


def is_at(files: Files, folder: str, path: str, stat: Stat) -> bool:
    """Whether the very file with the numbers of ``stat`` is at ``path`` below ``folder``."""
    there = files.stat(folder, path)
    return isinstance(there, Stat) and (there.device, there.inode) == (stat.device, stat.inode)
