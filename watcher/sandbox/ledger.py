"""What the sandbox has received, for tests and for people to look at."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_CALLS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Record:
    """One upload request. ``received_at`` is when its first line had come, by the clock.

    ``whole``: the body came to its end and was well-formed. ``status`` is 0 while, or when, there
    is no answer; ``taken``: it became a profile, or changed one, whatever was answered;
    ``answered`` says that all of the answer was handed to the network; ``ended`` that nothing more
    will happen.
    """

    number: int
    received_at: float
    source_key: str = ""
    reference: str = ""
    file_name: str = ""
    content_type: str = ""
    size: int = 0
    sha256: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    status: int = 0
    message: str = ""
    taken: bool = False
    answered: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request of any kind; ``target`` as it stood in its first line."""

    received_at: float
    method: str
    target: str


class Ledger:
    """All uploads in the order they came; every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._records: list[Record] = []
        self._ended = 0
        self._calls: deque[Call] = deque(maxlen=_CALLS)

    def records(self) -> tuple[Record, ...]:
        """Every upload so far."""
        with self._changed:
            return tuple(self._records)

    def calls(self) -> tuple[Call, ...]:
        """The last requests of every kind, those to ``/_sandbox`` apart."""
        with self._changed:
            return tuple(self._calls)

    def wait_for(self, count: int, within: float) -> tuple[Record, ...]:
        """The records once ``count`` uploads have ended; TimeoutError after ``within`` seconds."""
        return self._wait(lambda: self._ended >= count, within)

    def wait_until(
        self, condition: Callable[[tuple[Record, ...]], bool], within: float
    ) -> tuple[Record, ...]:
        """The records once they fulfil ``condition``; TimeoutError after ``within`` seconds."""
        return self._wait(lambda: condition(tuple(self._records)), within)

    def _wait(self, condition: Callable[[], bool], within: float) -> tuple[Record, ...]:
        with self._changed:
            if self._changed.wait_for(condition, within):
                return tuple(self._records)
            raise TimeoutError(
                f"after {within:g} s the sandbox has {len(self._records)} uploads, "
                f"{self._ended} of them ended"
            )

    def note(self, call: Call) -> None:
        """Write down a request."""
        with self._changed:
            self._calls.append(call)

    def open(self, received_at: float) -> int:
        """Begin a record and return its number, the first being 1."""
        with self._changed:
            number = len(self._records) + 1
            self._records.append(Record(number, received_at))
            self._changed.notify_all()
            return number

    def update(self, number: int, **changes: Any) -> None:
        """Write down what came to be known about a request."""
        with self._changed:
            before = self._records[number - 1]
            self._records[number - 1] = after = replace(before, **changes)
            self._ended += after.ended - before.ended
            self._changed.notify_all()
