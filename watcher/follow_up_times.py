"""What people are told of how long it took; apart, as whoever only shows needs no schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from watcher.model import Entry, Timing

#: Why a file is not known to be parsed though it should be by now.
NOT_YET: Final = "uploaded, result unknown yet"


def upload_seconds(of: Entry | Timing) -> float | None:
    """Seconds from the beginning of an upload until HrFlow had it; None where nothing tells."""
    if not of.sent_at or of.arrived_at < of.sent_at:
        return None
    return of.arrived_at - of.sent_at


def parse_seconds(of: Entry | Timing) -> float | None:
    """Seconds from a file's arrival until its profile was known; None where nothing tells.

    What was parsed while the upload waited has no time of its own.
    """
    if not of.arrived_at or of.parsed_at <= of.arrived_at:
        return None
    return of.parsed_at - of.arrived_at
