"""Being asked to end: by Ctrl-C, by a polite signal, or by a thread of our own."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class StopSignal:
    """Set once by any thread or signal; waiting for it never misses a signal.

    A signal that comes just before a thread begins to wait for a lock would be noticed only
    when that wait ends: so it is waited for bytes, which a signal writes too.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self.exit_code = 0
        self._read, self._written = socket.socketpair()
        self._read.settimeout(0.0)
        self._written.settimeout(0.0)

    def set(self, exit_code: int = 0) -> None:
        """Ask everybody who waits to end; the first who asks decides on the exit code."""
        if not self._set.is_set():
            self.exit_code = exit_code
        self._set.set()
        with contextlib.suppress(OSError):  # full or closed: whoever waits is awake
            self._written.send(b"!")

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._set.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether somebody asked, after waiting for it; for one thread."""
        deadline = time.monotonic() + seconds
        while not self.is_set() and (left := deadline - time.monotonic()) > 0:
            if select.select([self._read], [], [], left)[0]:
                with contextlib.suppress(BlockingIOError):
                    self._read.recv(64)
        return self.is_set()

    def fileno(self) -> int:
        """Where a signal may write a byte."""
        return self._written.fileno()

    def close(self) -> None:
        """Wait no more."""
        self._read.close()
        self._written.close()


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """What is set by Ctrl-C and by a polite request to end. For the main thread."""
    stop = StopSignal()
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    woken = signal.set_wakeup_fd(stop.fileno(), warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
