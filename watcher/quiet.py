"""When there is silence: quiet hours of the day, and a snooze.

Pure: the moment is an argument.
"""

from __future__ import annotations

from datetime import datetime, timedelta


def silent_until(quiet_hours: str, snoozed_until: float, now: float) -> float:
    """The end of the silence that reigns now, or of none: then a moment that has passed.

    ``quiet_hours`` like "18:00-08:00", local times; "" for none.
    """
    end = 0.0
    if (hours := read_hours(quiet_hours)) is not None:
        begin, over = hours
        today = datetime.fromtimestamp(now).replace(second=0, microsecond=0)  # noqa: DTZ006 - local
        minute = today.hour * 60 + today.minute
        is_quiet = begin <= minute < over if begin <= over else minute >= begin or minute < over
        if is_quiet:
            day = today + timedelta(days=1 if over <= minute else 0)
            end = day.replace(hour=over // 60, minute=over % 60).timestamp()
    return max(end, snoozed_until)


def read_hours(text: str) -> tuple[int, int] | None:
    """Both times in minutes of the day; None for "". ValueError if it is no such text."""
    if not text.strip():
        return None
    first, part, second = text.partition("-")
    if not part:
        raise ValueError(text)
    begin, over = _minutes(first), _minutes(second)
    if begin == over:
        raise ValueError(text)
    return begin, over


def _minutes(text: str) -> int:
    moment = datetime.strptime(text.strip(), "%H:%M")  # noqa: DTZ007 - a time of day alone
    return moment.hour * 60 + moment.minute
