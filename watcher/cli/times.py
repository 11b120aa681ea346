"""Times as people type and read them."""

from __future__ import annotations

import re
import time
from datetime import date, datetime
from typing import Final

from watcher.model.errors import UsageError

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN: Final = re.compile(r"(?:\d+\s*[smhdw]\s*)+")


def moment(at: float) -> str:
    """Return a local time like "2026-11-23 14:00:00"; "" for 0."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) if at else ""


def brief_moment(at: float, now: float) -> str:
    """Return the time alone, "14:00:00", if ``at`` is on the day of ``now``, else "2026-11-23"."""
    day, clock = moment(at).split(" ")
    return clock if moment(now).startswith(day) else day


def parse_span(text: str) -> float:
    """Return the seconds of "90s", "30m", "1h30m" or "2d"; UsageError for anything else."""
    if (number := text.strip()).isdecimal():
        raise UsageError(
            f"{text!r} has no unit.",
            f'Write "{number}m" for minutes, "{number}h" for hours or "{number}d" for days.',
        )
    if not _SPAN.fullmatch(text.strip().lower()):
        raise UsageError(
            f"{text!r} is not a valid duration.", 'Write "30m", "1h", "1h30m" or "2d".'
        )
    found = re.findall(r"(\d+)\s*([smhdw])", text.lower())
    return float(sum(int(number) * _UNITS[unit] for number, unit in found))


def parse_moment(text: str, now: float) -> float:
    """Return seconds since 1970 of "2026-11-23", "2026-11-23 14:00" or "2h" (ago); 0 for "".

    UsageError for anything else.
    """
    if not text:
        return 0.0
    if _SPAN.fullmatch(text.strip().lower()):
        return now - parse_span(text)
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a valid time.",
            'Write "2026-11-23", "2026-11-23 14:00" or "2h", "3d", "1w".',
        ) from error


def parse_day(text: str) -> date:
    """Return the day of "2026-11-23", or today for ""; UsageError for anything else."""
    if not text:
        return date.fromtimestamp(time.time())  # noqa: DTZ012 - the person's day
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a valid date.", 'Write it like "2026-11-23".') from error
