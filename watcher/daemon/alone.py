"""Orders are noted in the journal where no program runs: the next one that runs obeys them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from watcher.daemon.instance import lock
from watcher.daemon.recovery import open_journal
from watcher.journal.reader import Reader
from watcher.model.snapshot import ActiveHold, Snapshot
from watcher.pipeline.messages import Resume, carry_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.daemon.instance import Places
    from watcher.journal.writer import Journal


class Alone:
    """Stands in for ``App``; see :func:`alone`."""

    def __init__(self, places: Places, journal: Journal) -> None:
        self._places = places
        self._journal = journal

    def post(self, message: object) -> None:
        """Obey at once; it is on the disk when this returns."""
        if not isinstance(message, Resume):  # what waits is tried at the start of every run
            carry_out(message, self._journal, time.time())
        self._journal.commit()

    def snapshot(self) -> Snapshot:
        """What is held back."""
        reader = Reader(self._places.journal)
        try:
            return Snapshot(holds=tuple(ActiveHold(*each) for each in reader.held()))
        finally:
            reader.close()


@contextmanager
def alone(places: Places) -> Iterator[Alone]:
    """Work on the journal; AlreadyRunningError if a program does, JournalError if it cannot be."""
    with lock(places):
        journal, _ = open_journal(places, time.time())
        try:
            yield Alone(places, journal)
        finally:
            journal.close()
