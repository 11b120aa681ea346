"""Files on disk as the pipeline sees them."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from watcher import documents
from watcher.model import Filed, FilingFailed, State
from watcher.names import lies_in
from watcher.settings import AfterRefusal, AfterUpload

if TYPE_CHECKING:
    from typing import BinaryIO

    from watcher.model import Altered, Entry, Identified, Job, Stat, Unusable
    from watcher.ports import Clock, Plan


def on_disk(path: str) -> str:
    """A path as the disk has it, given as a person sees it; unchanged where nothing is there."""
    directory, name = os.path.split(path)
    if os.path.lexists(path) or directory == path:
        return path
    directory = on_disk(directory)
    try:
        same = [each for each in os.listdir(directory) if lies_in(each, name, os.sep)]
    except OSError:  # whoever opens the path hears of it
        same = []
    return os.path.join(directory, same[0] if len(same) == 1 else name)


class Disk:
    """Implements ``ports.Files``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @staticmethod
    def stat(folder: str, path: str) -> Stat | Unusable | None:
        """What is at ``path`` now; None if that is no regular file."""
        return documents.stat_file(folder, path)

    @staticmethod
    def identify(plan: Plan, path: str) -> Identified | Unusable:
        """Open, look at and hash a file."""
        folder = plan.folder
        return documents.identify(
            folder.path, path, accepts=plan.accepts, max_size=folder.max_size, keep_open=True
        )

    @staticmethod
    def reopen(job: Job) -> BinaryIO | Altered:
        """The job's file, opened again."""
        return documents.reopen(job.folder, job.path, job.stat)

    def filing_target(self, plan: Plan, entry: Entry) -> str:
        """The dated directory that a file is moved to; "" if it is not moved."""
        folder, refused = plan.folder, entry.state is State.REFUSED
        how = folder.after_refusal if refused else folder.after_upload
        if how not in (AfterUpload.MOVE, AfterRefusal.MOVE):
            return ""
        name = folder.refused_folder if refused else folder.sent_folder
        place = os.path.normpath(os.path.join(folder.path, name))
        if os.path.dirname(entry.filing_target) == place:
            return entry.filing_target
        day = datetime.fromtimestamp(self._clock.wall()).astimezone().date()
        return os.path.join(place, day.isoformat())

    def file_away(self, plan: Plan, entry: Entry) -> Filed | FilingFailed:
        """Move or trash what has arrived or was refused; says beside it why it was refused."""
        folder, refused = plan.folder, entry.state is State.REFUSED
        how = folder.after_refusal if refused else folder.after_upload
        target = self.filing_target(plan, entry)
        filed = documents.file_away(folder.path, entry.path, entry.stat, how, target)
        if refused and isinstance(filed, Filed) and filed.path not in ("", entry.path):
            note = documents.write_error_note(filed.path, entry.why)
            if isinstance(note, FilingFailed):
                return FilingFailed(f"was moved to {filed.path}, but {note.why}")
        return filed
