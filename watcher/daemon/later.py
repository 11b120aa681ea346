"""Does something a moment after it was asked for: once for all that have asked meanwhile."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds from the first who asks: longer than a single file takes, too short for people to notice.
REST: Final = 0.1


class Later:
    """Calls ``work`` on a thread of its own. Asking costs next to nothing, however often."""

    def __init__(self, work: Callable[[], object], name: str, rest: float = REST) -> None:
        """``work`` must not fail; ``name`` is the thread's, ``rest`` in seconds."""
        self._work = work
        self._rest = rest
        self._asked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; what was asked for before is done now."""
        self._thread.start()

    def ask(self) -> None:
        """Have it done soon. On any thread."""
        if not self._asked.is_set():  # to set it again would take a lock
            self._asked.set()

    def stop(self) -> None:
        """End; what was asked for and is not done yet is not done any more."""
        self._stopping.set()
        self._asked.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        while self._asked.wait() and not self._stopping.wait(self._rest):
            self._asked.clear()
            if self._stopping.is_set():  # between the two, or what wakes it for that is gone
                return
            self._work()
