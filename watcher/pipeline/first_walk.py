"""Files that were there before their folder was watched: parsing them costs money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher.model import Stat, State
from watcher.pipeline.moves import is_at
from watcher.settings import Existing
from watcher.states import EXISTING_WAITS, Step, existing_key, existing_why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.journal.writer import Journal
    from watcher.model import Candidate, ScanEnded
    from watcher.ports import Clock, Files, Plan

#: As many existing files are uploaded without asking.
EXISTING_LIMIT: Final = 100
#: Reason of a walk that went through one directory of a folder only.
_PART_OF_A_FOLDER: Final = "new directory"


class FirstWalks:
    """The folders whose first walk goes on, and what is done about what it finds. One thread."""

    def __init__(self, journal: Journal, files: Files, clock: Clock) -> None:
        self._journal = journal
        self._files = files
        self._clock = clock
        self._plans: Mapping[str, Plan] = {}
        self._walking: set[str] = set()

    def arm(self, plans: Mapping[str, Plan], *, import_all: bool) -> None:
        """Use ``plans`` from now on; ``import_all``: treat files as if they had come later."""
        self._plans = plans
        self._walking = {
            path for path in plans if not import_all and not self._journal.folders.scanned(path)
        }
        for path, plan in plans.items():
            if self._skips(plan):  # what waits for a person's yes as well
                self._journal.holds.skip_existing(existing_key(path), self._clock.wall())

    def __contains__(self, folder: str) -> bool:
        return folder in self._walking

    def ended(self, message: ScanEnded) -> str:
        """A walk is over; gives what a person should hear of it, "" if nothing."""
        folder = message.folder
        # A directory that cannot be read must not keep a first walk from ending for ever.
        if folder not in self._walking or message.reason == _PART_OF_A_FOLDER:
            return ""
        now = self._clock.wall()
        self._walking.discard(folder)
        self._journal.folders.set_scanned(folder, now)
        return self._decide(folder, self._plans[folder].folder.existing, now)

    def keep_back(self, plan: Plan, candidate: Candidate) -> None:
        """Note a file that was there before its folder was watched."""
        if candidate.stat is None or self._journal.files.find(candidate.folder, candidate.path):
            return
        skips = self._skips(plan)
        self._journal.files.add(
            candidate,
            self._numbered(candidate, candidate.stat),
            self._clock.wall(),
            State.BASELINE if skips else State.HELD,
            existing_key(candidate.folder),
            "" if skips else EXISTING_WAITS,
        )

    def recognise(self, candidate: Candidate, stat: Stat) -> bool:
        """Whether what seems new was there first under another name; it stays what it was."""
        key = existing_key(candidate.folder)
        stat = self._numbered(candidate, stat)
        for file_id, path, state in self._journal.files.kept_as(stat, key):
            if state is State.GONE and not self._journal.holds.is_held(key):
                continue
            if path != candidate.path and is_at(self._files, candidate.folder, path, stat):
                continue
            if state is State.GONE:  # the old name was missed before the new one was found
                now = self._clock.wall()
                self._journal.files.step(file_id, Step(State.NOTICED), now)
                self._journal.files.step(file_id, Step(State.HELD, EXISTING_WAITS), now, cause=key)
            self._journal.files.rename(file_id, candidate)
            return True
        return False

    def _skips(self, plan: Plan) -> bool:
        # Which files were skipped is lost with a journal: nobody knows but the person.
        return plan.folder.existing is Existing.SKIP and not self._journal.facts.is_rebuilt()

    def _numbered(self, candidate: Candidate, stat: Stat) -> Stat:
        """``stat`` with the file's numbers, which a walk does not bring on every system."""
        found = stat if stat.inode else self._files.stat(candidate.folder, candidate.path)
        return found if isinstance(found, Stat) else stat

    def _decide(self, folder: str, existing: Existing, now: float) -> str:
        key = existing_key(folder)
        waiting = self._journal.holds.kept(key)
        if not waiting:
            return ""
        if existing is Existing.UPLOAD and waiting <= EXISTING_LIMIT:
            self._journal.holds.take_existing(key, now)
            return ""
        why = existing_why(waiting, folder)
        self._journal.holds.keep_existing(key, why, now)
        return why
