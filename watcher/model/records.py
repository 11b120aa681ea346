"""Files as the journal keeps them and people see them, with the times that they took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.i18n.message import NOTHING, Message, msg

if TYPE_CHECKING:
    from watcher.model.kinds import State

#: What stands for an entry's profile key in an account's ``profile_url``.
PROFILE_KEY: Final = "{profile_key}"

#: Times further from 1970 than this (292 years) count as this far: the journal keeps 64 bits, file
#: systems have more, and wrong clocks write anything.
_FURTHEST_NS: Final = (1 << 63) - 1


def bound_time(time_ns: int) -> int:
    """Return a file's time in nanoseconds as it is kept and compared."""
    return max(-_FURTHEST_NS, min(time_ns, _FURTHEST_NS))


class Stat(Struct, frozen=True):
    """What identifies one version of a file; size in bytes, time in nanoseconds."""

    size: int
    mtime_ns: int
    device: int = 0
    inode: int = 0

    def is_version(self, other: Stat) -> bool:
        """Return whether ``other`` is the same version of the same file, as far as is known."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns) and (
            not (self.inode and other.inode)
            or (self.device, self.inode) == (other.device, other.inode)
        )


#: The stat of a file that was never examined.
NO_STAT: Final = Stat(0, 0)


class Entry(Struct, frozen=True):
    """A file as the journal knows it, to be shown to people and programs."""

    file_id: int
    folder: str
    path: str
    state: State
    why: Message = NOTHING
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
    filing_why: Message = NOTHING
    #: The dated directory that it is moved to, once chosen.
    filing_target: str = ""
    #: When the upload that arrived began, when it arrived, and when its profile was known.
    sent_at: float = 0.0
    arrived_at: float = 0.0
    parsed_at: float = 0.0
    #: Pages that HrFlow has parsed, and of how many; 0 if unknown.
    pages: int = 0
    total_pages: int = 0
    #: Whether the profile was found by a search, so that it is only probably this file's.
    probable: bool = False
    #: How often it was sent again under a new reference.
    resends: int = 0
    source_name: str = ""


#: The reason of a file that should have been parsed by now.
NOT_YET: Final = msg("Uploaded; the result is not known yet.")


class Month(Struct, frozen=True):
    """How many uploads of an account HrFlow accepted in a local month, YYYY-MM."""

    month: str
    account: str
    uploads: int


class Timing(Struct, frozen=True):
    """One file in a report: its state and its times (0: not yet, or unknown).

    ``is_opened``: it is ignored, as it stands for the documents inside it.
    """

    folder: str
    source_key: str
    source_name: str
    state: State
    noticed_at: float
    sent_at: float = 0.0
    arrived_at: float = 0.0
    parsed_at: float = 0.0
    is_opened: bool = False


def upload_seconds(of: Entry | Timing) -> float | None:
    """Return the seconds from an upload's beginning until HrFlow had it; None if unknown."""
    if not of.sent_at or of.arrived_at < of.sent_at:
        return None
    return of.arrived_at - of.sent_at


def parse_seconds(of: Entry | Timing) -> float | None:
    """Return the seconds from a file's arrival until its profile was known; None if unknown.

    What was parsed during the upload took no time of its own.
    """
    if not of.arrived_at or of.parsed_at <= of.arrived_at:
        return None
    return of.parsed_at - of.arrived_at
