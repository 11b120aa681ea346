"""How fast one account may be used: parallel requests, requests a minute, pauses. Pure.

The limit per minute holds at the server, whose clock sees a request at some time between its
start and its end. So a place is taken from a request's start until 60 s after its end: of any
two requests that arrive within one minute, the earlier still holds its place when the later
arrives, hence no minute sees more than the limit.
"""

from __future__ import annotations

from collections import deque

from watcher.model import Accepted, Parsed, Refused, Unknown, Unreadable, Wait
from watcher.states import retry_delay

MINUTE = 60.0


class Pace:
    """What may start now, given what has been started and how it ended.

    All times are seconds of one clock that never goes back.
    """

    def __init__(self, parallel: int, per_minute: int = 0) -> None:
        """Allow ``parallel`` requests at once (at least 1) and ``per_minute`` (0: no limit)."""
        self.parallel = max(1, parallel)
        self.per_minute = per_minute
        self.limit = self.parallel
        self.running = 0
        self.paused_until = 0.0
        self.failures = 0
        self._successes = 0
        self._ended: deque[float] = deque()

    def free(self, now: float) -> int:
        """How many requests may start at ``now``."""
        if now < self.paused_until:
            return 0
        # After a failure that concerns all files one request goes first, to try the ice.
        places = (1 if self.failures else self.limit) - self.running
        if self.per_minute:
            self._forget(now)
            places = min(places, self.per_minute - self.running - len(self._ended))
        return max(0, places)

    def next_start(self, now: float) -> float | None:
        """When :meth:`free` may become positive by time alone; None if only an end can do it."""
        if now < self.paused_until:
            return self.paused_until
        if self.per_minute and self._ended and self.running < self.limit:
            return self._ended[0] + MINUTE
        return None

    def start(self) -> None:
        """One request starts."""
        self.running += 1

    def end(self, outcome: object, now: float, jitter: float) -> None:
        """The request ended with ``outcome`` (any Outcome or Finding)."""
        self.running -= 1
        self._forget(now)
        self._ended.append(now)
        match outcome:
            case Wait(_, retry_after, offline, slow_down) if offline or slow_down:
                self._pause(retry_after, now, jitter, slow_down=slow_down)
            case Accepted() | Parsed() | Refused() | Unknown() | Unreadable():
                self._succeed()
            case _:
                pass

    def remember(self, ended: list[float]) -> None:
        """Count requests of an earlier run, by the times at which they ended at the latest."""
        self._ended.extend(sorted(ended))

    def take_over(self, other: Pace) -> None:
        """Go on from what was started and ended under other settings."""
        self.running = other.running
        self._ended.extend(other._ended)

    def resume(self) -> None:
        """Try at once, whatever was found before: somebody says that things have changed."""
        self.paused_until = 0.0
        self.failures = 0

    def _pause(
        self, retry_after: float | None, now: float, jitter: float, *, slow_down: bool
    ) -> None:
        # Several that were under way when the first of them failed are one failure.
        if now >= self.paused_until:
            self.failures += 1
            if slow_down:
                self.limit = max(1, self.limit // 2)
        elif not retry_after:
            return
        delay = retry_delay(self.failures, jitter, retry_after, offline=not slow_down)
        self.paused_until = max(self.paused_until, now + delay)

    def _succeed(self) -> None:
        self.failures = 0
        self._successes += 1
        if self.limit < self.parallel and self._successes >= self.limit:
            self.limit += 1
            self._successes = 0

    def _forget(self, now: float) -> None:
        while self._ended and self._ended[0] + MINUTE <= now:
            self._ended.popleft()
