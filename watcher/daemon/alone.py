"""Orders are noted in the journal where no program runs: the next one that runs obeys them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from watcher.daemon.clock import RealClock
from watcher.daemon.instance import lock
from watcher.daemon.recovery import open_journal
from watcher.journal.reader import Reader
from watcher.model.snapshot import Kept, Snapshot
from watcher.pipeline.messages import Ignore, Pause, Release, Resume, Retry, Snooze
from watcher.pipeline.retry import ByHand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.daemon.instance import Places
    from watcher.journal.writer import Journal


class Alone:
    """Stands in for ``App``; see :func:`alone`."""

    def __init__(self, places: Places, journal: Journal) -> None:
        self._places = places
        self._journal = journal
        self._by_hand = ByHand(journal, RealClock())

    def post(self, message: object) -> None:
        """Obey at once; it is on the disk when this returns."""
        match message:
            case Pause(until):
                self._journal.facts.pause(until)
            case Snooze(until):
                self._journal.facts.snooze(until)
            case Retry(file_ids):
                self._by_hand.retry(file_ids)
            case Ignore(file_ids):
                self._by_hand.ignore(file_ids)
            case Release(key):
                self._by_hand.release(key)
            case Resume():
                pass  # what waits is tried at the start of every run
            case _:
                raise TypeError(message)
        self._journal.commit()

    def snapshot(self) -> Snapshot:
        """What is held back."""
        reader = Reader(self._places.journal)
        try:
            return Snapshot(kept=tuple(Kept(*each) for each in reader.held()))
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
