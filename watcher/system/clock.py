"""The clock, in seconds: the time of day, and one that never goes back."""

from __future__ import annotations

import random
import sys
import time
from typing import Final

#: ``time.monotonic`` stops while the machine sleeps on Linux and macOS, and does not on Windows.
_TICKS_IN_SLEEP: Final[int | None] = getattr(
    time, "CLOCK_MONOTONIC" if sys.platform == "darwin" else "CLOCK_BOOTTIME", None
)


def next_day(now: float) -> float:
    """Return when the next local day begins, in seconds since 1970."""
    day = time.localtime(now)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday + 1, 0, 0, 0, 0, 0, -1))


class RealClock:
    """Implements :class:`watcher.pipeline.stage.Clock`."""

    @staticmethod
    def wall() -> float:
        """Return seconds since 1970."""
        return time.time()

    @staticmethod
    def tick() -> float:
        """Return seconds that never go back and continue while the machine sleeps."""
        if _TICKS_IN_SLEEP is None:
            return time.monotonic()
        return time.clock_gettime(_TICKS_IN_SLEEP)

    @staticmethod
    def pause(seconds: float) -> None:
        """Let other threads run for ``seconds``."""
        time.sleep(seconds)

    @staticmethod
    def jitter() -> float:
        """Return a random number, 0 ≤ x < 1."""
        return random.random()  # noqa: S311 - spreads retries, protects nothing
