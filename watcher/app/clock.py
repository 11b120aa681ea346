"""The real time and the real dice."""

from __future__ import annotations

import random
import time


class RealClock:
    """Implements ``ports.Clock``."""

    @staticmethod
    def wall() -> float:
        """Seconds since 1970."""
        return time.time()

    @staticmethod
    def tick() -> float:
        """Seconds that never go back."""
        return time.monotonic()

    @staticmethod
    def jitter() -> float:
        """A random number, 0 ≤ x < 1."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing
