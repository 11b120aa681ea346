"""Files that were there before their folder was watched: parsing them costs money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher.model import State
from watcher.settings import Existing
from watcher.states import existing_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model import Candidate, ScanEnded
    from watcher.ports import Clock, Journal, Plan

#: As many existing files are uploaded without asking.
EXISTING_LIMIT: Final = 100
#: Reason of a walk that went through one directory of a folder only.
_PART_OF_A_FOLDER: Final = "new directory"


class FirstWalks:
    """The folders whose first walk goes on, and what is done about what it finds. One thread."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._plans: Mapping[str, Plan] = {}
        self._walking: set[str] = set()

    def arm(self, plans: Mapping[str, Plan], *, import_all: bool) -> None:
        """Use ``plans`` from now on; ``import_all``: treat files as if they had come later."""
        self._plans = plans
        self._walking = {
            path for path in plans if not import_all and not self._journal.scanned(path)
        }

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
        self._journal.set_scanned(folder, now)
        return self._decide(folder, self._plans[folder].folder.existing, now)

    def keep_back(self, plan: Plan, candidate: Candidate) -> None:
        """Note a file that was there before its folder was watched."""
        if candidate.stat is None or self._journal.find(candidate.folder, candidate.path):
            return
        # Which files were skipped is lost with a journal: nobody knows but the person.
        skip = plan.folder.existing is Existing.SKIP and not self._journal.is_rebuilt()
        self._journal.add(
            candidate,
            candidate.stat,
            self._clock.wall(),
            State.BASELINE if skip else State.HELD,
            existing_key(candidate.folder),
        )

    def _decide(self, folder: str, existing: Existing, now: float) -> str:
        key = existing_key(folder)
        waiting = self._journal.kept(key)
        if not waiting:
            return ""
        if existing is Existing.UPLOAD and waiting <= EXISTING_LIMIT:
            self._journal.take_existing(key, now)
            return ""
        why = f"{waiting} files were in {folder} before it was watched and wait for your yes."
        self._journal.keep_existing(key, why, now)
        return why
