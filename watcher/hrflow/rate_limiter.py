"""How many requests an account may make: at once, per minute, and after failures. Pure.

The limit per minute holds at the server, whose clock sees a request at some time between its
start and its end. So a place is taken from a request's start until 60 s after its end: of any
two requests that arrive within one minute, the earlier still holds its place when the later
arrives, hence no minute sees more than the limit.

Follow-ups count towards the minute, but run beside the uploads and take none of their places.

A server that asks for fewer requests, fails or cannot be reached gets fewer: half as many run at
once, after a pause one goes first, and with every round that succeeds one more may run.
"""

from __future__ import annotations

from collections import deque

from watcher.model.kinds import Limit
from watcher.model.lifecycle import BACKOFF_CAP, retry_delay
from watcher.model.uploads import (
    Accepted,
    NoSync,
    Parsed,
    ProfilePage,
    Refused,
    Uncertain,
    Unknown,
    Unreadable,
    Wait,
)

MINUTE = 60.0


class RateLimiter:
    """What may start now, given what has been started and how it ended.

    All times are seconds of one monotonic clock.
    """

    def __init__(self, parallel: int, per_minute: int = 0, minute: float = MINUTE) -> None:
        """Allow ``parallel`` requests at once (at least 1) and ``per_minute`` (0: no limit).

        ``minute``: seconds that count as one, for limits below one request a minute.
        """
        self.running = 0
        self.follow_ups = 0
        self._successes = 0
        self._fails_uploads = False  # if so, only an upload that succeeds resets it
        #: How many may be made from here, of limits that other machines share.
        self.shares: dict[Limit, int] = {}
        self._ended: deque[float] = deque()
        self.configure(parallel, per_minute, minute)

    def configure(self, parallel: int, per_minute: int = 0, minute: float = MINUTE) -> None:
        """Change the settings, those of :meth:`__init__`, and end any pause."""
        self.parallel = self.limit = max(1, parallel)
        self.per_minute = per_minute
        self._minute = minute
        self.resume()

    def free(self, now: float) -> int:
        """Return how many requests may start at ``now``."""
        if now < self.paused_until:
            return 0
        # After a failure that concerns all files one request goes first, as a probe.
        places = (1 if self.failures else self.limit) - self.running
        if Limit.AT_ONCE in self.shares:
            places = min(places, self.shares[Limit.AT_ONCE] - self.running)
        if self.per_minute:
            places = min(places, self._left(now))
        return max(0, places)

    def free_follow_ups(self, now: float) -> int | None:
        """Return how many follow-ups may start at ``now``; None for no limit."""
        if now < self.paused_until or (self.failures and self.running + self.follow_ups):
            return 0
        left = max(0, self._left(now)) if self.per_minute else None
        return min(1, 1 if left is None else left) if self.failures else left

    def _left(self, now: float) -> int:
        """Return how many requests the minute still allows."""
        share = self.shares.get(Limit.MINUTE, self.per_minute)
        return min(share, self.per_minute) - self.used(now)

    def used(self, now: float) -> int:
        """Return how many requests are under way or have ended within a minute."""
        self._forget(now)
        return self.running + self.follow_ups + len(self._ended)

    def next_start(self, now: float) -> float | None:
        """Return when :meth:`free` may rise without a request ending; None if it cannot."""
        if now < self.paused_until:
            return self.paused_until
        if self.per_minute and self._ended and self.running < self.limit:
            return self._ended[0] + self._minute
        return None

    def start(self, *, is_follow_up: bool = False) -> None:
        """Count a request that starts."""
        if is_follow_up:
            self.follow_ups += 1
        else:
            self.running += 1

    def end(
        self,
        outcome: object,
        now: float,
        jitter: float,
        *,
        is_follow_up: bool = False,
        is_confirmation: bool = False,
    ) -> None:
        """Count a request that ended with ``outcome`` (any Outcome or ProfileAnswer).

        ``is_confirmation``: it asked about an uncertain upload, in an upload's place.
        """
        if is_follow_up:
            self.follow_ups -= 1
        else:
            self.running -= 1
        self._forget(now)
        self._ended.append(now)
        match outcome:
            case Wait(slow_down=True):
                self._pause(outcome, now, jitter)
            # A server that fails at follow-ups may still accept uploads: only these can show it.
            case (
                Wait(troubled=True) | Wait(offline=True)
                | Uncertain(troubled=True) | Uncertain(offline=True)
            ) if not is_follow_up:  # fmt: skip
                self._fails_uploads = self._fails_uploads or not is_confirmation
                self._pause(outcome, now, jitter)
            case (
                Accepted() | Parsed() | Refused() | NoSync() | Unknown() | Unreadable()
                | ProfilePage()
            ) if not (self._fails_uploads and (is_follow_up or is_confirmation)):  # fmt: skip
                self._succeed()
            case _:
                pass

    def count_earlier(self, ended: list[float]) -> None:
        """Count requests of an earlier run, given the latest times at which they may have ended."""
        self._ended.extend(sorted(ended))

    def resume(self) -> None:
        """End any pause and forget failures, as when a person asks for a retry."""
        self.paused_until = 0.0
        self.failures = 0
        self._fails_uploads = False

    def _pause(self, outcome: Wait | Uncertain, now: float, jitter: float) -> None:
        asks_for_less = isinstance(outcome, Wait) and outcome.slow_down
        # Requests that were under way together and fail together count as one failure.
        if now >= self.paused_until:
            self.failures += 1
            self._successes = 0
            self.limit = max(1, self.limit // 2)
        elif not outcome.retry_after:
            return
        delay = retry_delay(self.failures, jitter, outcome.retry_after, offline=not asks_for_less)
        if not asks_for_less:  # the answer may concern a single file
            delay = min(delay, BACKOFF_CAP)
        self.paused_until = max(self.paused_until, now + delay)

    def _succeed(self) -> None:
        self.failures = 0
        self._fails_uploads = False
        self._successes += 1
        if self.limit < self.parallel and self._successes >= self.limit:
            self.limit += 1
            self._successes = 0

    def _forget(self, now: float) -> None:
        while self._ended and self._ended[0] + self._minute <= now:
            self._ended.popleft()
