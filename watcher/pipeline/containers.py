"""Files that are opened for the documents inside them, and how those are noticed.

In the journal a document inside a file is one as any other; only its directory is a file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from watcher import documents
from watcher.model.files import Candidate
from watcher.model.kinds import Sign
from watcher.model.lifecycle import ARRIVED
from watcher.model.settings import Changed
from watcher.pipeline.intake import note_vanished, note_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.journal.writer import Journal
    from watcher.model.files import Document, Part
    from watcher.routing.rules import Plan


def note_parts(
    journal: Journal, container: Document, parts: Iterable[Part], plan: Plan, now: float
) -> None:
    """Note the documents inside a file, which are read in their turn, and those no longer there."""
    known = journal.files.parts(container.folder, container.path)
    for part in parts:
        path = documents.part_path(container.path, part.name)
        stat = replace(container.stat, size=part.size)
        candidate = Candidate(container.folder, path, Sign.SCANNED, stat)
        before = known.pop(path, None)
        if before and (before.stat.size, before.stat.mtime_ns) == (stat.size, stat.mtime_ns):
            continue  # decided upon, or still to be read
        if before and plan.folder.changed is Changed.IGNORE and before.state in ARRIVED:
            journal.files.update_stat(before.file_id, candidate, stat)
            continue
        note_version(journal, candidate, before, stat, now)
    for path, before in known.items():
        candidate = Candidate(container.folder, path, Sign.REMOVED)
        note_vanished(journal, candidate, before, now)
