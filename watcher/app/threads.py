"""The threads that do what may block: a few that read files, as many as accounts may send."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = tuple[Callable[[], object], Callable[[Exception], object]]

_log = logging.getLogger(__name__)
#: Threads that read and hash; more of them only wait for the same disk.
READERS = 2
#: Threads that wait for a person's own commands.
RUNNERS = 2


class Threads:
    """Implements ``ports.Workers``. Threads start when there is work for them, up to a limit.

    They are daemons: a request that hangs must not keep the program from ending, and the journal
    knows of every upload that is under way.
    """

    def __init__(self, post: Callable[[object], None], senders: int) -> None:
        """``post`` takes the results; ``senders``: how many requests may be under way at once."""
        self._read = _Pool("read", READERS, post)
        self._send = _Pool("send", senders, post)
        self._run = _Pool("run", RUNNERS, post)

    def read(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` among the threads that read files."""
        self._read.submit((work, failed))

    def send(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` among the threads that talk to HrFlow."""
        self._send.submit((work, failed))

    def run(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` among the threads that wait for commands."""
        self._run.submit((work, failed))

    def allow(self, senders: int) -> None:
        """Let up to ``senders`` requests be under way from now on; never fewer than before."""
        self._send.size = max(self._send.size, senders)

    def stop(self, seconds: float) -> None:
        """End all threads that have no work; wait for the others up to ``seconds`` in all."""
        deadline = time.monotonic() + seconds
        pools = self._read, self._send, self._run
        for pool in pools:
            pool.stop()
        for pool in pools:
            pool.join(deadline)


class _Pool:
    def __init__(self, name: str, size: int, post: Callable[[object], None]) -> None:
        self._name = name
        self.size = size
        self._post = post
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._open = 0  # tasks that wait or are being done

    def submit(self, task: Task) -> None:
        """Have a thread do it. For one calling thread."""
        with self._lock:
            self._open += 1
            is_short = self._open > len(self._threads)
        if is_short and len(self._threads) < self.size:
            name = f"{self._name}-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._tasks.put(task)

    def stop(self) -> None:
        for _ in self._threads:
            self._tasks.put(None)

    def join(self, deadline: float) -> None:
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            work, failed = task
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - the pipeline must hear of every end
                _log.exception("unforeseen failure in thread %s", self._name)
                result = failed(error)
            with self._lock:
                self._open -= 1
            self._post(result)
