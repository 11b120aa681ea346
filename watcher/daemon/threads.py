"""Threads: the pools of the pipeline's workers, and one each for calls that may never end."""

from __future__ import annotations

import logging
import queue
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = tuple[Callable[[], object], object]

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


def on_thread(call: Callable[[], _Result], name: str) -> Future[_Result]:
    """Begin a call that may never end, on a thread that keeps no program from stopping."""
    future: Future[_Result] = Future()

    def settle() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
            future.set_exception(error)

    threading.Thread(target=settle, name=name, daemon=True).start()
    return future


#: Threads that read and hash files; more of them would only wait for the same disk.
_READERS: Final = 2

#: Threads that run hooks.
_RUNNERS: Final = 2


class WorkerThreads:
    """Pools of threads, started when there is work. Implements ``stage.Workers``.

    They are daemon threads: a request that hangs must not keep the program from stopping, and the
    journal knows of every upload that is under way.
    """

    def __init__(self, post: Callable[[object], None], senders: int) -> None:
        """``post`` is called with results; ``senders`` is the number of parallel requests."""
        self._read = _Pool("read", _READERS, post)
        self._send = _Pool("send", senders, post)
        self._run = _Pool("run", _RUNNERS, post)

    def read(self, work: Callable[[], object], failed: object) -> None:
        """Run ``work`` on a thread that reads files."""
        self._read.submit((work, failed))

    def send(self, work: Callable[[], object], failed: object) -> None:
        """Run ``work`` on a thread that sends requests to HrFlow."""
        self._send.submit((work, failed))

    def run(self, work: Callable[[], object], failed: object) -> None:
        """Run ``work`` on a thread that runs hooks."""
        self._run.submit((work, failed))

    def allow(self, senders: int) -> None:
        """Allow ``senders`` parallel requests from now on; never fewer than before."""
        self._send.size = max(self._send.size, senders)

    def stop(self, seconds: float) -> None:
        """End all threads; wait up to ``seconds`` for those that are busy."""
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
        self._open = 0  # tasks that are queued or running

    def submit(self, task: Task) -> None:
        """Queue a task, and start a thread for it if all are busy. For one calling thread."""
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
            except Exception:  # noqa: BLE001 - every task must have a result
                _log.exception("unexpected error in thread %s", self._name)
                result = failed
            with self._lock:
                self._open -= 1
            self._post(result)
