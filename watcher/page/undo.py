"""Orders that can be taken back: they are carried out some seconds after they were given."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg
from watcher.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Seconds for which the page offers to undo, and those that its request may take.
SECONDS: Final = 10.0
_LATE: Final = 1.0


class UndoQueue:
    """Keeps messages to the pipeline until nobody can undo them. For all threads.

    What a person ordered is done whether or not the page stays open.
    """

    def __init__(self, post: Callable[[object], None], seconds: float = SECONDS + _LATE) -> None:
        self._post = post
        self._seconds = seconds
        self._lock = threading.Lock()
        self._number = 0
        self._pending: dict[int, tuple[threading.Timer, Sequence[object]]] = {}

    def add(self, messages: Sequence[object]) -> int:
        """Post messages after the time to undo; return the number to undo them by."""
        with self._lock:
            self._number += 1
            timer = threading.Timer(self._seconds, self._carry_out, (self._number,))
            timer.daemon = True
            self._pending[self._number] = timer, messages
            timer.start()
            return self._number

    def undo(self, number: int) -> None:
        """Drop messages; UsageError if they were posted already."""
        with self._lock:
            timer, _ = self._pending.pop(number, (None, ()))
        if timer is None:
            raise UsageError(msg("This can't be undone any more."))
        timer.cancel()

    def close(self) -> None:
        """Post all that is kept, at once: the program ends."""
        with self._lock:
            numbers = list(self._pending)
        for number in numbers:
            self._carry_out(number)

    def _carry_out(self, number: int) -> None:
        with self._lock:
            timer, messages = self._pending.pop(number, (None, ()))
        if timer is not None:
            timer.cancel()
        for message in messages:
            self._post(message)
