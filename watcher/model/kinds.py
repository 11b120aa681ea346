"""Words with a fixed meaning: where a file is, how it was noticed, what holds it back."""

from __future__ import annotations

import enum
from typing import Final


class State(enum.StrEnum):
    """Where a file is on its journey; see ``watcher.model.lifecycle`` for its steps."""

    NOTICED = "noticed"  # known, not read yet
    IGNORED = "ignored"  # a rule says so
    DUPLICATE = "duplicate"  # this content went, or is going, to this source under another name
    BASELINE = "baseline"  # was there before the folder was watched and is not to be uploaded
    QUEUED = "queued"
    WAITING = "waiting"  # sent again at its due time
    HELD = "held"  # waits for a cause to go away that is not this file's
    UPLOADING = "uploading"
    UNCERTAIN = "uncertain"  # sent, but whether it arrived is not known
    ACCEPTED = "accepted"  # HrFlow has it; parsing follows
    PARSED = "parsed"
    PARSE_FAILED = "parse_failed"
    REFUSED = "refused"  # will never pass as it is
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
    MISSING = "missing"  # a walk did not find it any more, as when a drive is not there


class Cause(enum.StrEnum):
    """What holds files back that have done nothing wrong; one cause, many files."""

    ACCOUNT = "account"  # the key or the address of the API is not accepted
    QUOTA = "quota"  # the plan's quota is used up
    SOURCE = "source"  # the source key is not accepted
    CREDENTIAL = "credential"  # no key at hand
    EXISTING = "existing"  # files that were there first wait for a person's yes


#: What may be done where a plan's quota is used up; another key would change nothing.
QUOTA_MEND: Final = (
    "Have the quota raised at HrFlow, or wait until it begins anew; what waits is tried again by"
    " itself."
)
