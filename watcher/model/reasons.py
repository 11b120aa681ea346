"""Reasons that are compared, or given in several places, as well as shown to people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import NOTHING, Message, msg, plural
from watcher.model.holds import month_end
from watcher.model.kinds import State

if TYPE_CHECKING:
    from watcher.model.entries import Entry

IGNORED_BY_USER: Final = msg("You ignored this file.")
#: Ignored because its folder was removed from the settings.
LEFT: Final = msg("Its folder is no longer watched.")
#: Looked at again because its folder's settings have changed.
NEW_SETTINGS: Final = msg("Checked again because the settings of its folder changed.")
#: Sent by another machine, according to the shared ledger; ``day`` is YYYY-MM-DD.
SENT_BY: Final = msg("{machine} uploaded this file on {day:date}.")

#: Waited for because a program writes it, or because its end is missing.
BEING_WRITTEN: Final = msg(
    "The file is still being written. It will be uploaded once it is complete."
)
INCOMPLETE: Final = msg("The file is not complete yet. It will be uploaded once it is complete.")
#: Why a file is observed, as long as it is.
UNFINISHED: Final = (BEING_WRITTEN, INCOMPLETE)

#: Waits for approval as it was there before its folder was watched. Many such files share
#: :func:`existing_why`.
EXISTING_WAITS: Final = msg("This file was already in the folder and is waiting for your approval.")
EXISTING_WENT: Final = msg("The file was removed before you approved it.")
#: Waits for approval as it is one of very many that came at once.
BURST_WAITS: Final = msg("Many files were added at once; this one is waiting for your approval.")


def existing_why(folder: str) -> Message:
    """Return the reason of the files that were in ``folder`` before it was watched.

    It is shown after their number, which changes.
    """
    return msg("Already in {folder} when watching began.", folder=folder)


def existing_notice(files: int, folder: str) -> Message:
    """Return the message that ``files`` were in ``folder`` before it was watched."""
    return plural(
        "1 file was already in {folder} and is waiting for your approval.",
        "{count:count} files were already in {folder} and are waiting for your approval.",
        files,
        folder=folder,
    )


def burst_why(folder: str, limit: int) -> Message:
    """Return why files wait: more than ``limit`` came to ``folder`` within an hour."""
    return msg(
        "More than {limit:count} files were added to {folder} within an hour;"
        " those not uploaded yet are waiting for your approval.",
        folder=folder,
        limit=limit,
    )


def monthly_limit_why(whose: Message, limit: int, now: float) -> Message:
    """Return why files wait: the month's uploads are used up.

    ``whose``: " for account …", or NOTHING.
    """
    return msg(
        "The monthly limit{whose} of {limit:count} uploads has been reached. Files wait"
        " until {day:date}, or until you approve them.",
        whose=whose,
        limit=limit,
        day=datetime.fromtimestamp(month_end(now)).date().isoformat(),  # noqa: DTZ006 - local
    )


def opened_why(documents: int, others: Message = NOTHING) -> Message:
    """Return the reason of a file that is not sent because the ``documents`` inside it are.

    ``others``: sentences about what else is inside, each after a space.
    """
    if not documents:  # what is inside has rows of its own that say why
        return msg(
            "This file contains no document that can be uploaded.{left_out}", left_out=others
        )
    return plural(
        "This file contains 1 document, which is uploaded separately.{left_out}",
        "This file contains {count:count} documents, which are uploaded separately.{left_out}",
        documents,
        left_out=others,
    )


#: The texts of these reasons, by which such files are told from others that are ignored.
OPENED_TEXTS: Final = tuple(opened_why(documents).text for documents in (0, 1))


def is_opened(entry: Entry) -> bool:
    """Return whether a file stands for the documents inside it."""
    return entry.state is State.IGNORED and entry.why.text in OPENED_TEXTS
