"""What becomes of a folder's files when it is watched no more, in words for terminal and page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.journal.reader import Reader
from watcher.states import OPEN

if TYPE_CHECKING:
    from watcher.app.places import Places
    from watcher.words import Word


def what_stays(places: Places, folder: str, word: Word) -> str:
    """What happens with the files of ``folder``; JournalError if the journal cannot be read."""
    stays = word("Nothing on the disk is removed, nor what the history tells of its files.")
    files = _waiting(places, os.path.realpath(folder))
    if not files:
        return stays
    lost = "{files} of its files are not sent yet, and will not be."
    first = word("1 of its files is not sent yet, and will not be.")
    return f"{stays} {first if files == 1 else word(lost, files=files)}"


def _waiting(places: Places, folder: str) -> int:
    if not places.has_journal:
        return 0
    reader = Reader(places.journal)
    try:
        standing = reader.standing(folder)
    finally:
        reader.close()
    return sum(files for state, (files, _) in standing.items() if state in OPEN)
