"""Files that were in a folder before it was watched: uploaded, skipped or held for approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher import documents
from watcher.i18n.message import NOTHING, Message
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import EXISTING_WAITS, Step, existing_key, existing_why
from watcher.model.records import Stat
from watcher.model.settings import Existing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.journal.writer import Journal
    from watcher.model.files import Candidate, ScanEnded
    from watcher.routing.rules import Plan

#: So many existing files are uploaded without asking.
EXISTING_LIMIT: Final = 100


class ExistingFiles:
    """Files that were there before their folder was watched: its first scan finds them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._plans: Mapping[str, Plan] = {}
        #: Folders whose first scan is not over.
        self.scanning: set[str] = set()
        self._folders: set[str] = set()  # folders with files that were there first

    def configure(self, plans: Mapping[str, Plan], now: float, *, import_all: bool) -> None:
        """Use these plans; ``import_all``: treat existing files as if they had come later."""
        self._plans = plans
        self.scanning = {
            path for path in plans if not import_all and not self._journal.folders.scanned(path)
        }
        self._folders = {
            path
            for path in plans
            if path in self.scanning or self._journal.holds.has_caused(existing_key(path))
        }
        for path, plan in plans.items():
            if self._are_skipped(plan):  # those that wait for approval as well
                self._journal.approvals.skip_existing(existing_key(path), now)

    def keep_back(self, plan: Plan, candidate: Candidate, now: float) -> None:
        """Note a file that the first scan has found."""
        if candidate.stat is None or self._journal.names.find(candidate.folder, candidate.path):
            return
        skipped = self._are_skipped(plan)
        self._journal.files.add(
            candidate,
            _with_inode(candidate, candidate.stat),
            now,
            State.BASELINE if skipped else State.HELD,
            existing_key(candidate.folder),
            NOTHING if skipped else EXISTING_WAITS,
        )

    def recognise(self, candidate: Candidate, stat: Stat, now: float) -> bool:
        """Whether what seems new was there first under another name; it stays what it was."""
        if candidate.folder not in self._folders:
            return False
        key = existing_key(candidate.folder)
        stat = _with_inode(candidate, stat)
        for file_id, path, state in self._journal.names.held_as(stat, key):
            if state is State.GONE and not self._journal.holds.is_held(key):
                continue
            if path != candidate.path and documents.is_at(candidate.folder, path, stat):
                continue
            if state is State.GONE:  # the old name was missed before the new one was found
                self._journal.files.step(file_id, Step(State.NOTICED), now)
                self._journal.files.step(file_id, Step(State.HELD, EXISTING_WAITS), now, cause=key)
            self._journal.names.rename(file_id, candidate)
            return True
        return False

    def end_scan(self, message: ScanEnded, now: float) -> Message:
        """A scan is over; return what people should be told, NOTHING if nothing."""
        folder = message.folder
        # A directory that cannot be read must not keep a first scan from ending for ever.
        if folder not in self.scanning or message.is_partial:
            return NOTHING
        self.scanning.discard(folder)
        self._journal.folders.set_scanned(folder, now)
        key = existing_key(folder)
        if not self._journal.holds.has_caused(key):
            self._folders.discard(folder)
        waiting = self._journal.holds.count(key)
        if not waiting:
            return NOTHING
        settings = self._plans[folder].folder
        limit = min(EXISTING_LIMIT, settings.ask_above or EXISTING_LIMIT)
        if settings.existing is Existing.UPLOAD and waiting <= limit:
            self._journal.approvals.release(key, now)
            return NOTHING
        why = existing_why(waiting, folder)
        self._journal.holds.ask(key, Cause.EXISTING, why, now)
        return why

    def _are_skipped(self, plan: Plan) -> bool:
        # Which files were skipped is lost with a journal: only the user knows.
        return plan.folder.existing is Existing.SKIP and not self._journal.facts.is_rebuilt()


def _with_inode(candidate: Candidate, stat: Stat) -> Stat:
    """Return ``stat`` with device and inode, which a scan does not bring on every system."""
    found = stat if stat.inode else documents.stat_file(candidate.folder, candidate.path)
    return found if isinstance(found, Stat) else stat
