"""What happens to files on disk after HrFlow has them, or has refused them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.model import Entry, Filed, FilingFailed
from watcher.settings import AfterRefusal, AfterUpload
from watcher.states import ARRIVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.ports import Files, Journal, Plan, Workers


@dataclass(frozen=True, slots=True)
class Tidied:
    """A worker has tried to file a file away."""

    entry: Entry
    result: Filed | FilingFailed


class Tidying:
    """Notes in the journal what is to be filed away, then has it done. One thread."""

    def __init__(self, journal: Journal, files: Files, workers: Workers) -> None:
        self._journal = journal
        self._files = files
        self._workers = workers
        self._plans: Mapping[str, Plan] = {}
        self._due: list[int] = []

    def arm(self, plans: Mapping[str, Plan]) -> None:
        """Use ``plans`` from now on, and take up what an earlier run did not finish."""
        self._plans = plans
        self._due = [entry.file_id for entry in self._journal.to_file()]

    @property
    def pending(self) -> int:
        """How many files are about to be filed away."""
        return len(self._due)

    def arrived(self, file_id: int, plan: Plan) -> None:
        """HrFlow has a file: file it away as its folder says, and its copies with it."""
        if plan.folder.after_upload is AfterUpload.KEEP:
            return
        self._plan(file_id)
        for copy in self._journal.copies(file_id):
            self._plan(copy)

    def duplicate(self, file_id: int, owner: int) -> None:
        """A copy goes the way of the file it repeats, once that has arrived."""
        if self._journal.state(owner) in ARRIVED:
            self._plan(file_id)

    def refused(self, file_id: int, plan: Plan) -> None:
        """A file will never pass: move it out of the way if its folder says so."""
        if plan.folder.after_refusal is AfterRefusal.MOVE:
            self._plan(file_id)

    def start(self) -> None:
        """Have done what the journal announces. Call after its commit."""
        due, self._due = self._due, []
        for file_id in due:
            entry = self._journal.entry(file_id)
            plan = self._plans.get(entry.folder) if entry else None
            if entry is not None and plan is not None:
                self._submit(entry, plan)

    def done(self, message: Tidied) -> None:
        """A worker has tried."""
        match message.result:
            case Filed(path):
                self._journal.set_filing(message.entry.file_id, "", path)
            case FilingFailed():
                self._journal.set_filing(message.entry.file_id, "failed")

    def _plan(self, file_id: int) -> None:
        self._journal.set_filing(file_id, "pending")
        self._due.append(file_id)

    def _submit(self, entry: Entry, plan: Plan) -> None:
        files = self._files
        self._workers.read(
            lambda: Tidied(entry, files.file_away(plan, entry)),
            lambda error: Tidied(entry, FilingFailed(str(error))),
        )
