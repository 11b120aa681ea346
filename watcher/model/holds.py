"""What holds files back: the names of causes, and when a person is asked first.

Pure. Times are seconds since 1970, but for :class:`Arrivals`, which works with any clock. Months
are those of local time, as YYYY-MM.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.model.kinds import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.i18n.message import Message

#: Seconds over which new files in a folder are counted, and for which an approval lasts.
HOUR: Final = 3600.0

#: Cause of a file that was refused and is looked at again under new settings.
REFUSED_BEFORE: Final = "refused before"

#: Cause of a file that is looked at again and needs no approval any more.
APPROVED: Final = "approved"


class Hold(Struct, frozen=True):
    """A cause that holds files back; ``source_key`` is "" if it concerns the whole account."""

    key: str
    cause: Cause
    account: str
    source_key: str
    why: Message
    since: float
    due_at: float
    attempt: int


def hold_key(cause: Cause, account: str, source_key: str = "") -> str:
    """Return the name of a cause; equal causes share it."""
    return f"{cause}:{account}:{source_key}" if cause is Cause.SOURCE else f"{cause}:{account}"


def account_keys(account: str) -> list[str]:
    """Return the names of all causes that hold back what goes to an account."""
    return [hold_key(cause, account) for cause in (Cause.CREDENTIAL, Cause.ACCOUNT, Cause.QUOTA)]


def hold_keys(account: str, source_key: str) -> list[str]:
    """Return the names of all causes that hold back what goes to a source."""
    return [
        *answered_keys(account, source_key),
        hold_key(Cause.LEDGER, account),
        hold_key(Cause.MONTHLY_LIMIT, account),
    ]


def answered_keys(account: str, source_key: str) -> list[str]:
    """Return the names of those causes that are over once HrFlow answers about a file itself."""
    return [*account_keys(account), hold_key(Cause.SOURCE, account, source_key)]


def existing_key(folder: str) -> str:
    """Return the name of the cause of files that were in ``folder`` before it was watched."""
    return _folder_key(Cause.EXISTING, folder)


def burst_key(folder: str) -> str:
    """Return the name of the cause of files that came to ``folder`` with very many others."""
    return _folder_key(Cause.BURST, folder)


def _folder_key(cause: Cause, folder: str) -> str:
    return f"{cause}:{folder.encode('utf-8', 'backslashreplace').decode()}"


def cause_of(key: str) -> str:
    """Return what kind of cause a name stands for."""
    return key.partition(":")[0]


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
