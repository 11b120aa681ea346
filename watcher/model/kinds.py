"""Words with a fixed meaning: where a file is, how it was noticed, what holds it back."""

from __future__ import annotations

import enum
from typing import Final

from watcher.i18n.message import msg


class State(enum.StrEnum):
    """Where a file is on its journey; see ``watcher.model.lifecycle`` for its steps."""

    NOTICED = "noticed"  # known, not read yet
    IGNORED = "ignored"  # a rule says so
    DUPLICATE = "duplicate"  # this content went, or is going, to this source under another name
    BASELINE = "baseline"  # was there before the folder was watched and is not to be uploaded
    QUEUED = "queued"
    WAITING = "waiting"  # sent again at its due time, or being sent by another machine
    HELD = "held"  # waits until a cause is gone that concerns other files too
    UPLOADING = "uploading"
    UNCERTAIN = "uncertain"  # sent, but whether it arrived is not known
    ACCEPTED = "accepted"  # HrFlow has it; parsing follows
    PARSED = "parsed"
    PARSE_FAILED = "parse_failed"
    REFUSED = "refused"  # will never be accepted as it is
    GONE = "gone"  # vanished before it was sent


#: States in which a file needs a person's attention by itself, not for what holds many back.
FAILED: Final = (State.REFUSED, State.PARSE_FAILED)


class Sign(enum.StrEnum):
    """How a candidate came to be noticed."""

    CLOSED = "closed"  # its writer closed it: whole unless proved otherwise
    CHANGED = "changed"  # created, renamed or written to: perhaps not whole
    SCANNED = "scanned"  # found by walking the folder
    REMOVED = "removed"
    EMPTIED = "emptied"  # a directory was removed or moved away, with all files in it
    MISSING = "missing"  # no longer found by a scan, as when a drive is not connected


class Limit(enum.Enum):
    """The limits of an account that machines with a shared ledger have in common."""

    MINUTE = "requests a minute"
    AT_ONCE = "uploads at once"


class Cause(enum.StrEnum):
    """Why files are held back that are fine themselves; one cause, many files."""

    ACCOUNT = "account"  # the key or the address of the API is not accepted
    QUOTA = "quota"  # the plan's quota is used up
    SOURCE = "source"  # the source key is not accepted
    CREDENTIAL = "credential"  # there is no key
    LEDGER = (
        "ledger"  # the shared ledger cannot be reached, or has given the file to another machine
    )
    EXISTING = "existing"  # files from before the folder was watched; a person has to approve them
    BURST = "burst"  # very many new files in a folder within an hour; likewise
    MONTHLY_LIMIT = "monthly_limit"  # uploads above it; likewise, or until the month ends


#: Causes that a person ends by approving the files that wait.
APPROVABLE: Final = frozenset({Cause.EXISTING, Cause.BURST, Cause.MONTHLY_LIMIT})


#: What to do if a plan's quota is used up; another key would change nothing.
QUOTA_FIX: Final = msg(
    "Ask HrFlow for a higher quota, or wait until it is renewed. Uploads then resume automatically."
)
