"""The threads that do what may block: a few that read files, as many as accounts may send."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from typing import TYPE_CHECKING

from watcher.daemon.accounts import Wire
from watcher.daemon.hooks import HookCommands
from watcher.daemon.plans import Disk
from watcher.folders import Folders, WatchedFolder
from watcher.pipeline.follow_up import PARALLEL
from watcher.pipeline.loop import Pipeline, Woke
from watcher.pipeline.messages import Arm, Stop
from watcher.routing.rules import filing_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from watcher.daemon.accounts import KeyStore
    from watcher.daemon.clock import RealClock
    from watcher.journal.reader import Reader
    from watcher.journal.writer import Journal
    from watcher.model.settings import Config
    from watcher.pipeline.ports import Plan

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


def _watched(plans: Mapping[str, Plan], importing: Collection[str]) -> list[WatchedFolder]:
    """Overlapping folders: the deepest wins, so the upper one does not enter it.

    What was imported is watched while it is looked for, which is in the folders ``importing``.
    """
    plans = {
        path: plan for path, plan in plans.items() if not plan.is_imported or path in importing
    }
    targets = [
        os.path.join(plan.folder.path, target)
        for plan in plans.values()
        for target in filing_targets(plan.folder).values()
    ]
    return [
        WatchedFolder(
            path=path,
            recursive=plan.folder.recursive,
            watch=plan.folder.watch,
            poll_seconds=plan.folder.poll_seconds,
            ignore=plan.ignored,
            excluded=(*(other for other in plans if other != path), *targets),
        )
        for path, plan in plans.items()
    ]


class Engine:
    """All parts that work on one open journal."""

    def __init__(
        self,
        journal: Journal,
        reader: Reader,
        keys: KeyStore,
        clock: RealClock,
        tell: Callable[[object], None],
        ended: Callable[[BaseException | None], None],
    ) -> None:
        """Use ``journal`` and ``reader``, and close them in the end.

        ``tell`` hears what happens and ``ended`` of the end, with the failure if it was one;
        both on the pipeline's thread.
        """
        self._journal = journal
        self._reader = reader
        self._tell = tell
        self._on_end = ended
        self._wire = Wire(keys, clock)
        self._commands = HookCommands()
        self._pipeline = Pipeline(
            self._journal, Disk(clock), self._wire, self._make_threads, clock, self._hear,
            commands=self._commands,
        )  # fmt: skip
        self._folders = Folders(self.post, self._reader.known)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)

    def start(self) -> None:
        """Start the pipeline; folders are watched from :meth:`arm` on."""
        self._thread.start()

    def arm(
        self,
        config: Config,
        plans: Mapping[str, Plan],
        *,
        importing: Collection[str],
        import_all: bool,
    ) -> None:
        """Use these settings from now on; files of an import are looked for in ``importing``."""
        self._wire.arm(config.accounts)
        # Questions go on threads beside those of the uploads, so that none waits for the other.
        self._threads.allow(sum(each.parallel_uploads + PARALLEL for each in config.accounts))
        self.post(Arm(config, plans, import_all))
        self.watch(plans, importing)

    def watch(self, plans: Mapping[str, Plan], importing: Collection[str]) -> None:
        """Watch the folders of ``plans`` that are to be."""
        self._folders.watch(_watched(plans, importing))

    def post(self, message: object) -> None:
        """Hand a message to the pipeline; from any thread."""
        self._pipeline.post(message)

    def rescan(self, folder: str | None, reason: str) -> None:
        """Look through one folder, or all of them, now."""
        self._folders.rescan(folder, reason)

    def stop(self, seconds: float) -> None:
        """End: what is under way may take up to ``seconds``, the journal knows of the rest."""
        self._folders.stop()
        self.post(Stop())
        ended = self._ended.wait(seconds)
        self._commands.close()
        self._wire.close()
        if ended:
            self._threads.stop(1.0)
            self._thread.join(1.0)
            self._pipeline.close()
            self._journal.close()
        self._reader.close()

    # -- inside

    def _make_threads(self, post: Callable[[object], None]) -> Threads:
        self._threads = Threads(post, 1)
        return self._threads

    def _hear(self, news: object) -> None:
        if isinstance(news, Woke):
            self._folders.rescan(None, "woke up")
        self._tell(news)

    def _run(self) -> None:
        failure = None
        try:
            self._pipeline.run()
        except BaseException as error:  # noqa: BLE001 - judged by whoever hears of the end
            failure = error
            _log.exception("the pipeline has failed")
        finally:
            self._ended.set()
            self._on_end(failure)
