"""What the settings mean for each folder on this machine: the rules compiled."""

from __future__ import annotations

import getpass
import logging
import os
import socket
from datetime import datetime
from typing import TYPE_CHECKING

from watcher import documents
from watcher.i18n.message import msg
from watcher.journal.reader import Reader
from watcher.model.files import Filed, FilingFailed
from watcher.model.kinds import State
from watcher.model.settings import AfterRefusal, AfterUpload, parse_folder, replaced
from watcher.pipeline.ports import Plan
from watcher.routing.ignored import ignore_filter
from watcher.routing.patterns import lies_in
from watcher.routing.rules import Facts, accepts, router

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import BinaryIO

    from watcher.daemon.instance import Places
    from watcher.model.files import Identified, Unusable
    from watcher.model.records import Entry, Stat
    from watcher.model.settings import Config, Folder
    from watcher.model.uploads import Altered, Job
    from watcher.pipeline.ports import Clock

_log = logging.getLogger(__name__)


def this_machine() -> Facts:
    """What placeholders may say of the machine and the person at it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        user = "unknown"
    return Facts(hostname=socket.gethostname(), user=user)


def make_plans(
    config: Config,
    facts: Facts,
    targets: Collection[str] = (),
    imported: Collection[Folder] = (),
) -> dict[str, Plan]:
    """Each folder with its rules compiled, by its path without symbolic links.

    ``targets``: where files were filed by earlier settings, see :func:`former_targets`;
    ``imported``: folders that are not watched, see :func:`former_imports`. Settings of today come
    before those of an import, and what is to go through an account that is gone has to wait.
    """
    plans = {}
    watched = [replaced(each, path=os.path.realpath(each.path)) for each in config.folders]
    paths = {folder.path for folder in watched}
    accounts = {account.name for account in config.accounts}
    promised = [each for each in imported if each.path not in paths and each.account in accounts]
    for folder in (*watched, *promised):
        plans[folder.path] = Plan(
            folder,
            ignore_filter(folder, targets),
            accepts(folder),
            router(folder, facts),
            is_imported=folder.path not in paths,
        )
    return plans


def former_targets(places: Places) -> list[str]:
    """Where files have ever been filed away: nothing there is new, whatever the settings are now.

    JournalError if the journal cannot be read.
    """
    if not places.has_journal:
        return []
    reader = Reader(places.journal)
    try:
        return reader.filing_targets()
    finally:
        reader.close()


def former_imports(places: Places) -> list[Folder]:
    """Folders that were imported and are not watched: what is left of them is to be finished.

    JournalError if the journal cannot be read.
    """
    if not os.path.exists(places.journal):
        return []
    reader = Reader(places.journal)
    try:
        promised = reader.imported()
    finally:
        reader.close()
    folders = []
    for path, settings in promised.items():
        try:
            folders.append(parse_folder(path, settings))
        except ValueError as error:
            _log.error("an import cannot be finished, its settings cannot be read: %s", error)
    return folders


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
                return FilingFailed(
                    msg("was moved to {path}, but {why}", path=filed.path, why=note.why)
                )
        return filed
