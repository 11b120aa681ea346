"""Forgetting what is too old, in small steps that nobody notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from watcher.journal.writer import Journal
    from watcher.ports import Clock
    from watcher.settings import Config

DAY: Final = 86400.0
#: Seconds from the start to the first step, and from one step to the next.
FIRST: Final = 300.0
PAUSE: Final = 1.0


class Pruning:
    """Goes through the journal once a day. One thread."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._history = self._names = 0.0  # seconds for which they are kept
        self._reached = 0
        self._due = clock.tick() + FIRST

    def arm(self, config: Config) -> None:
        """Keep what these settings say from now on; what they do not keep any more goes soon."""
        before = self._history, self._names
        self._history = config.history_days * DAY
        self._names = config.names_days * DAY if config.keep_names else 0.0
        if self._history < before[0] or self._names < before[1] or not config.keep_names:
            self._reached = 0
            self._due = self._clock.tick()

    def next_due(self) -> float:
        """When :meth:`work` has something to do, on the clock's ``tick``."""
        return self._due

    def work(self) -> None:
        """Make one step, if it is time for it."""
        tick, now = self._clock.tick(), self._clock.wall()
        if tick < self._due:
            return
        self._reached = self._journal.retention.prune(
            self._reached, now - self._history, now - self._names
        )
        if not self._reached:
            self._journal.retention.prune_rest(now)
        self._due = tick + (PAUSE if self._reached else DAY)
