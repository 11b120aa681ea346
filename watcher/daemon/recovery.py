"""Opens the journal: sets a damaged one aside, and takes commands where no program runs."""

from __future__ import annotations

import logging
import os
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from watcher.daemon.instance import lock
from watcher.i18n.message import NOTHING, Message, msg
from watcher.journal.reader import Reader
from watcher.journal.writer import Journal
from watcher.model.errors import DamagedJournalError, UnwritableJournalError
from watcher.model.snapshot import Snapshot
from watcher.pipeline.messages import JournalCommand, carry_out
from watcher.system import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.daemon.state_folder import Places

_log = logging.getLogger(__name__)

#: Suffixes of a journal's files: its own, and those that SQLite keeps beside it.
_SUFFIXES: Final = ("", "-wal", "-shm")

#: Bytes that must be free on the disk before the journal is used again.
_ROOM: Final = 1_000_000


def open_journal(places: Places, now: float, *, damaged: bool = False) -> tuple[Journal, Message]:
    """Return the journal, or a new one if it is damaged or gone, and what people should know.

    A new journal records that files may have been sent before, so that HrFlow is asked for them.
    ``damaged``: the journal has proved to be so while in use. JournalError if it cannot be used.
    """
    gone = os.path.exists(places.begun) and not places.has_journal
    # SQLite would take what it kept beside a missing journal for a part of the new one.
    journal = None if damaged or gone else _open(places.journal)
    if journal is not None:
        _mark_begun(places)
        return journal, NOTHING
    aside = _set_aside(places.journal, now)
    journal = Journal(places.journal)
    journal.facts.set_rebuilt(now)
    journal.commit()
    if os.path.exists(aside):
        return journal, msg(
            "The history was damaged and has been moved to {path}. All files are being"
            " checked, and HrFlow is asked which of them it already has.",
            path=aside,
        )
    return journal, msg(
        "The history is missing. All files are being checked, and HrFlow is asked"
        " which of them it already has."
    )


def _mark_begun(places: Places) -> None:
    if os.path.exists(places.begun):
        return
    try:
        write_atomically(places.begun, b"")
    except OSError as error:
        raise _unwritable(places, error) from error


def _open(journal: str) -> Journal | None:
    """Open the journal at that path; None if it is damaged."""
    try:
        return Journal(journal)
    except DamagedJournalError as error:
        _log.error("%s", error)
        return None


def check_room(places: Places) -> None:
    """Raise UnwritableJournalError while the journal's disk is full or cannot be written to."""
    places.prepare()
    probe = os.path.join(places.state, "probe.part")
    try:
        with open(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(bytes(_ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(places, error) from error
    finally:
        if os.path.exists(probe):
            os.unlink(probe)


def _unwritable(places: Places, error: OSError) -> UnwritableJournalError:
    return UnwritableJournalError(f"The disk of {places.state} is not usable ({error}).")


def _set_aside(journal: str, now: float) -> str:
    """Rename a damaged journal and what belongs to it; return its new path."""
    stamp = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(now))
    aside = f"{journal}.damaged-{stamp}"
    for suffix in _SUFFIXES:
        if os.path.exists(journal + suffix):
            os.replace(journal + suffix, aside + suffix)
    return aside


class Standalone:
    """Stands in for :class:`watcher.daemon.core.App` where no program runs.

    Commands are written to the journal, and are in force in the next run.
    """

    def __init__(self, places: Places, journal: Journal) -> None:
        self._places = places
        self._journal = journal

    def carry_out(self, *orders: object) -> bool:
        """Carry out commands; they are on disk when this returns."""
        for order in orders:
            if isinstance(order, JournalCommand):  # not Resume: a run begins with it
                carry_out(order, self._journal, time.time())
        self._journal.commit()
        return True

    def forget(self, file_ids: tuple[int, ...]) -> bool:
        """Forget files; return whether nothing of them is left in the journal's file either."""
        return self._journal.retention.forget(file_ids, time.time())

    def snapshot(self) -> Snapshot:
        """Return what is paused and held back; nothing else is known."""
        with closing(Reader(self._places.journal)) as reader:
            return Snapshot(paused_until=reader.paused_until(), holds=tuple(reader.held()))


@contextmanager
def standalone(places: Places) -> Iterator[Standalone]:
    """Work on the journal without a running program.

    AlreadyRunningError if a program runs, JournalError if the journal cannot be used.
    """
    with lock(places):
        journal, _ = open_journal(places, time.time())
        with closing(journal):
            yield Standalone(places, journal)
