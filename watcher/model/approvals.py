"""When a person is asked before files are uploaded, because parsing costs money. Pure.

Times are seconds since 1970, but for :class:`Arrivals`, which works with any clock. Months are
those of local time, as YYYY-MM.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import Message, msg

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Seconds over which new files in a folder are counted, and for which an approval lasts.
HOUR: Final = 3600.0


class Arrivals:
    """The new files of a folder within the last hour, and when each came."""

    def __init__(self, arrivals: Iterable[tuple[int, float]] = ()) -> None:
        """``arrivals``: each file's id and time, the earliest first."""
        self._times = dict(arrivals)

    def add(self, file_id: int, at: float) -> None:
        """Count a file; one that was counted before keeps its time."""
        self._times.setdefault(file_id, at)

    def exceed(self, limit: int, now: float) -> bool:
        """Return whether more than ``limit`` (0: any number) came within the last hour."""
        while self._times and next(iter(self._times.values())) <= now - HOUR:
            del self._times[next(iter(self._times))]
        return 0 < limit < len(self._times)

    def take_all(self) -> list[int]:
        """Return the files and stop counting them."""
        ids = list(self._times)
        self._times.clear()
        return ids


def uploads_left(limit: int, approved: int, used: int) -> int:
    """Return how many uploads a month has left; ``approved`` ones are allowed above its limit."""
    return max(0, limit + approved - used)


def month_of(now: float) -> str:
    """Return the month of a moment."""
    return datetime.fromtimestamp(now).strftime("%Y-%m")  # noqa: DTZ006 - local


def month_end(now: float) -> float:
    """Return when the next month begins."""
    first = datetime.fromtimestamp(now).date().replace(day=1)  # noqa: DTZ006 - local
    following = (first + timedelta(days=31)).replace(day=1)
    return datetime.combine(following, clock()).timestamp()


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
