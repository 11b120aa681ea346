"""Opening the journal; one that is lost is set aside, and its successor knows what that means."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Final

from watcher.daemon.instance import write_atomically
from watcher.i18n.message import NOTHING, Message, msg
from watcher.journal.writer import Journal
from watcher.model.errors import DamagedJournalError, UnwritableJournalError

if TYPE_CHECKING:
    from watcher.daemon.instance import Places

_log = logging.getLogger(__name__)


#: What belongs to a journal: its file, and what SQLite keeps beside it.
_COMPANIONS: Final = ("", "-wal", "-shm")


#: Bytes that a disk must have room for before work on a journal begins again.
_ROOM: Final = 1_000_000


def open_journal(places: Places, now: float, *, damaged: bool = False) -> tuple[Journal, Message]:
    """The journal, or a new one where the old one is damaged or gone; and what to tell people.

    The new one knows that files may have been sent before, and has HrFlow asked for them.
    ``damaged``: work on the journal has shown that it is. JournalError if it cannot be used.
    """
    gone = os.path.exists(places.begun) and not os.path.exists(places.journal)
    # What SQLite kept beside a journal that is gone would be taken for a part of the new one.
    journal = None if damaged or gone else _open(places.journal)
    if journal is not None:
        _note_begin(places)
        return journal, NOTHING
    aside = _set_aside(places.journal, now)
    journal = Journal(places.journal)
    journal.facts.set_rebuilt(now)
    journal.commit()
    if os.path.exists(aside):
        return journal, msg(
            "The journal was damaged and was moved to {path}; all files are checked, and HrFlow "
            "is asked which of them it has.",
            path=aside,
        )
    return journal, msg(
        "The journal is missing; all files are checked, and HrFlow is asked which of them it has."
    )


def _note_begin(places: Places) -> None:
    if os.path.exists(places.begun):
        return
    try:
        write_atomically(places.begun, "")
    except OSError as error:
        raise UnwritableJournalError(
            f"The disk of {places.state} is not usable ({error})."
        ) from error


def _open(journal: str) -> Journal | None:
    """The journal at that path; None if it is damaged."""
    try:
        return Journal(journal)
    except DamagedJournalError as error:
        _log.error("%s", error)
        return None


def check_room(places: Places) -> None:
    """UnwritableJournalError while the disk under the journal is full or cannot be written to."""
    places.prepare()
    probe = os.path.join(places.state, "probe.part")
    try:
        with open(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(bytes(_ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UnwritableJournalError(
            f"The disk of {places.state} is not usable ({error})."
        ) from error
    finally:
        if os.path.exists(probe):
            os.unlink(probe)


def _set_aside(journal: str, now: float) -> str:
    """Give a damaged journal and its companions another name; gives that of the journal."""
    stamp = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(now))
    aside = f"{journal}.damaged-{stamp}"
    for companion in _COMPANIONS:
        if os.path.exists(journal + companion):
            os.replace(journal + companion, aside + companion)
    return aside
