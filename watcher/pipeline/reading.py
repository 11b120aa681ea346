"""Files that are being read, or will be in their turn, and what was found in them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher import documents
from watcher.i18n.message import msg
from watcher.model.files import Candidate, Identified, Unusable
from watcher.model.kinds import Sign
from watcher.pipeline.settle import Settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.documents import Spool
    from watcher.pipeline.stage import Workers
    from watcher.routing.rules import Plan

#: Files given to the readers at once, who read a few of them at a time. Those that are done by
#: the next turn share its commit, but each is an open file, and macOS allows 256 of them.
READING: Final = 32

#: Files that wait in memory to be read; the rest waits in the journal.
READY: Final = 5_000

#: Signs of a file that is there: a later reading sees all that has happened to it.
_HINTS: Final = frozenset({Sign.CHANGED, Sign.SCANNED, Sign.CLOSED})


class ReadDone(Struct, frozen=True):
    """A worker has read a candidate, which had ``settled`` (NO: it was tried before that)."""

    candidate: Candidate
    settled: Settled
    result: Identified | Unusable


class ReadQueue:
    """Gives files to the workers that read, each once at a time."""

    def __init__(self, workers: Workers, spool: Spool) -> None:
        self._workers = workers
        self._spool = spool
        self._plans: Mapping[str, Plan] = {}
        #: By path, the oldest first.
        self._ready: OrderedDict[str, tuple[Candidate, Settled]] = OrderedDict()
        self._busy: dict[str, Sign | None] = {}  # path → how it was seen again meanwhile

    def __len__(self) -> int:
        return len(self._ready) + len(self._busy)

    def configure(self, plans: Mapping[str, Plan]) -> None:
        """Use these plans (by folder); files of other folders are left out."""
        self._plans = plans
        ready = self._ready.items()
        self._ready = OrderedDict((path, each) for path, each in ready if each[0].folder in plans)

    @property
    def is_full(self) -> bool:
        """Whether more files are better left in the journal."""
        return len(self._ready) >= READY

    @property
    def is_empty(self) -> bool:
        """Whether no file waits to be read."""
        return not self._ready

    @property
    def room(self) -> int:
        """How many more files may be read at once."""
        return READING - len(self._busy)

    @property
    def can_start(self) -> bool:
        """Whether :meth:`start` has something to do."""
        return bool(self._ready) and self.room > 0

    def has(self, path: str) -> bool:
        """Whether the file at ``path`` is being read, or will be in its turn."""
        return path in self._busy or path in self._ready

    def is_reading(self, path: str) -> bool:
        """Whether the file at ``path`` is being read."""
        return path in self._busy

    def add(self, candidate: Candidate, settled: Settled) -> None:
        """Have a file read in its turn."""
        self._ready[candidate.path] = (candidate, settled)

    def absorb(self, candidate: Candidate) -> bool:
        """Take in a sign of a file that is still to be read, or again after that.

        Return False if it is no such file, so that the sign needs a look.
        Of a file that is only tried a close is news: it may say that it is complete.
        """
        closed = candidate.sign is Sign.CLOSED
        if candidate.path in self._busy:
            self._busy[candidate.path] = Sign.CLOSED if closed else Sign.CHANGED
            return True
        _, settled = self._ready.get(candidate.path, (None, Settled.LAST))
        is_tried = settled is Settled.NO and not closed
        return candidate.sign in _HINTS and (is_tried or settled is Settled.YES)

    def done(self, path: str) -> Sign | None:
        """A file was read; return how it was seen again meanwhile, None if it was not."""
        return self._busy.pop(path, None)

    def start(self) -> None:
        """Give the workers what they may read now."""
        while self.can_start:
            _, (candidate, settled) = self._ready.popitem(last=False)
            plan = self._plans.get(candidate.folder)
            if plan is not None and candidate.path not in self._busy:
                self._busy[candidate.path] = None
                self._submit(candidate, settled, plan)

    def _submit(self, candidate: Candidate, settled: Settled, plan: Plan) -> None:
        folder, path = plan.folder, candidate.path

        def read() -> ReadDone:
            found = documents.identify(
                folder.path,
                path,
                accepts=plan.accepts,
                max_size=folder.max_size,
                keep_open=True,
                opens=plan.opens,
                converts=plan.converts,
                spool=self._spool,
            )
            return ReadDone(candidate, settled, found)

        why = msg("The file can't be read for an unexpected reason; the log has details.")
        self._workers.read(read, ReadDone(candidate, settled, Unusable(why, passing=True)))
