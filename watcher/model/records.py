"""What the journal holds of files and causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.model.files import NO_STAT

if TYPE_CHECKING:
    from watcher.model.files import Stat
    from watcher.model.kinds import Cause, State


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as the journal knows it, for people and machines to read."""

    file_id: int
    folder: str
    path: str
    state: State
    why: str = ""
    stat: Stat = NO_STAT
    noticed_at: float = 0.0
    changed_at: float = 0.0
    due_at: float = 0.0
    attempt: int = 0
    media_type: str = ""
    sha256: str = ""
    account: str = ""
    source_key: str = ""
    reference: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    profile_key: str = ""
    profile_name: str = ""
    profile_email: str = ""
    duplicate_of: str = ""
    filed_to: str = ""
    filing_why: str = ""
    #: When the upload began that arrived, when it had arrived, and when its profile was known.
    sent_at: float = 0.0
    arrived_at: float = 0.0
    parsed_at: float = 0.0
    #: Pages that HrFlow has parsed, of how many; zeros where it did not say.
    pages: int = 0
    total_pages: int = 0
    #: The profile was found by a search: it is probably this file's.
    probable: bool = False
    #: How often it was sent again under a new reference.
    resends: int = 0
    source_name: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal holds of the file that is at a path now."""

    file_id: int
    state: State
    stat: Stat
    sha256: str
    reference: str
    source_key: str
    cause: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One cause. ``source_key`` is "" when everything of the account is concerned."""

    key: str
    cause: Cause
    account: str
    source_key: str
    why: str
    since: float
    due_at: float
    attempt: int
