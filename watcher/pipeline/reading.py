"""Files that are about to be read, and those that are being read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.model import Candidate, Identified, Sign, Unusable
from watcher.settle import Settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.ports import Files, Plan, Workers

#: Files being read at once: few, as disks do not like many, but enough to keep senders busy.
READING: Final = 16
#: Files that wait in memory to be read; the rest waits in the journal.
READY: Final = 5_000
#: Signs of a file that is there: whoever reads it later sees all that has happened to it.
_HINTS: Final = frozenset({Sign.CHANGED, Sign.SCANNED, Sign.CLOSED})


@dataclass(frozen=True, slots=True)
class Read:
    """A worker has looked at a candidate, which had ``settled`` (NO: it was tried before that)."""

    candidate: Candidate
    settled: Settled
    result: Identified | Unusable


class Reading:
    """Gives files to the workers that read, each once at a time. One thread."""

    def __init__(self, files: Files, workers: Workers) -> None:
        self._files = files
        self._workers = workers
        self._plans: Mapping[str, Plan] = {}
        self._ready: dict[str, tuple[Candidate, Settled]] = {}  # by path
        self._order: deque[str] = deque()  # the oldest first
        self._busy: dict[str, Sign | None] = {}  # path → how it was seen again meanwhile

    def __len__(self) -> int:
        return len(self._ready) + len(self._busy)

    def __contains__(self, path: str) -> bool:
        """Whether the file at ``path`` is being read."""
        return path in self._busy

    def arm(self, plans: Mapping[str, Plan]) -> None:
        """Use ``plans`` (by folder path) from now on; files of other folders are left out."""
        self._plans = plans
        self._ready = {path: each for path, each in self._ready.items() if each[0].folder in plans}
        self._order = deque(path for path in self._order if path in self._ready)

    @property
    def is_full(self) -> bool:
        """Whether more files are better left in the journal."""
        return len(self._ready) >= READY

    @property
    def is_hungry(self) -> bool:
        """Whether nothing is there to be read."""
        return not self._ready

    @property
    def room(self) -> int:
        """How many files more may be read at once."""
        return READING - len(self._busy)

    @property
    def can_start(self) -> bool:
        """Whether :meth:`start` has something to do."""
        return bool(self._ready) and self.room > 0

    def add(self, candidate: Candidate, settled: Settled) -> None:
        """Have a file read in its turn."""
        if candidate.path not in self._ready:
            self._order.append(candidate.path)
        self._ready[candidate.path] = (candidate, settled)

    def covers(self, candidate: Candidate) -> bool:
        """Whether a sign of a file needs no thought: it is still to be read, or again after that.

        Of a file that is only tried a close is news: it may say that it is whole.
        """
        closed = candidate.sign is Sign.CLOSED
        if candidate.path in self._busy:
            self._busy[candidate.path] = Sign.CLOSED if closed else Sign.CHANGED
            return True
        _, settled = self._ready.get(candidate.path, (None, Settled.LAST))
        is_tried = settled is Settled.NO and not closed
        return candidate.sign in _HINTS and (is_tried or settled is Settled.YES)

    def done(self, path: str) -> Sign | None:
        """A file was read; gives how it was seen again meanwhile, None if it was not."""
        return self._busy.pop(path, None)

    def start(self) -> None:
        """Give the workers what they may read now."""
        while self.can_start:
            candidate, settled = self._ready.pop(self._order.popleft())
            plan = self._plans.get(candidate.folder)
            if plan is not None and candidate.path not in self._busy:
                self._busy[candidate.path] = None
                self._submit(candidate, settled, plan)

    def _submit(self, candidate: Candidate, settled: Settled, plan: Plan) -> None:
        files = self._files
        self._workers.read(
            lambda: Read(candidate, settled, files.identify(plan, candidate.path)),
            lambda error: Read(
                candidate, settled, Unusable(f"cannot be read ({error}).", passing=True)
            ),
        )
