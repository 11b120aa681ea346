"""Whether the time has passed as it should: clocks are set, and machines sleep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Seconds by which two clocks may differ without that meaning anything: clocks are corrected.
TOLERANCE: Final = 5.0
#: Seconds by which a wait may be too long before it counts as sleep: a busy machine is slow.
OVERSLEPT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Woke:
    """The machine has slept, or the clock was set by ``set_by`` seconds (0: it was not)."""

    set_by: float = 0.0


class Timing:
    """Compares the wall clock with the clock that never goes back. One thread, no I/O."""

    def __init__(self, wall: float, tick: float) -> None:
        self._offset = wall - tick
        self._expected = tick

    def expect(self, tick: float, wait: float) -> None:
        """A wait of at most ``wait`` seconds begins at ``tick``."""
        self._expected = tick + wait

    def look(self, wall: float, tick: float) -> Woke | None:
        """What has happened to the time during the wait; None if nothing did."""
        set_by = wall - tick - self._offset
        if abs(set_by) > TOLERANCE:
            self._offset = wall - tick
            return Woke(set_by)
        return Woke() if tick > self._expected + OVERSLEPT else None
