"""The composition root: parts are made here, and given to one another nowhere else."""

from __future__ import annotations

import getpass
import json
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING

from watcher import __version__
from watcher.app.clock import RealClock
from watcher.app.disk import Disk
from watcher.app.orders import Orders
from watcher.app.places import lock, write_atomically
from watcher.app.threads import Threads
from watcher.app.wire import Wire
from watcher.folders import Folders, WatchedFiles, WatchedFolder
from watcher.journal.reader import Reader
from watcher.journal.writer import Journal
from watcher.model import FolderState
from watcher.pipeline import Arm, Connection, Pending, Pipeline, Stop
from watcher.ports import Plan
from watcher.rules import Facts, accepts, ignore_filter, router
from watcher.settings import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from filelock import BaseFileLock

    from watcher.app.places import Places
    from watcher.app.wire import KeyStore
    from watcher.settings import Config, Folder

_log = logging.getLogger(__name__)


def this_machine() -> Facts:
    """What placeholders may say of the machine and the person at it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        user = "unknown"
    return Facts(hostname=socket.gethostname(), user=user)


def make_plans(config: Config, facts: Facts) -> dict[str, Plan]:
    """Each folder with its rules compiled, by its path without symbolic links."""
    plans = {}
    for folder in config.folders:
        real = replaced(folder, path=os.path.realpath(folder.path))
        plans[real.path] = Plan(real, ignore_filter(real), accepts(real), router(real, facts))
    return plans


def _filing_targets(folder: Folder) -> tuple[str, ...]:
    return tuple(
        os.path.join(folder.path, target) for target in (folder.sent_folder, folder.refused_folder)
    )


def _watched(plans: Mapping[str, Plan]) -> list[WatchedFolder]:
    """Overlapping folders: the deepest wins, so the upper one does not enter it."""
    targets = [target for plan in plans.values() for target in _filing_targets(plan.folder)]
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


class App:
    """The running program, from :meth:`start` to :meth:`stop`.

    ``tell`` hears, on the pipeline's thread, of everything that happens: an Entry for every
    change of a file's state, FolderState, ScanEnded, Connection, and sentences for people.
    """

    def __init__(
        self,
        config: Config,
        places: Places,
        *,
        keys: KeyStore,
        tell: Callable[[object], None] | None = None,
        clock: RealClock | None = None,
        import_all: bool = False,
    ) -> None:
        """``import_all``: files that are there already are uploaded without asking."""
        self._config = config
        self._places = places
        self._keys = keys
        self._hear = tell
        self._clock = clock or RealClock()
        self._import_all = import_all
        self._problems: dict[str, str] = {}
        self._offline_since = 0.0
        self._pending = 0
        self._since = self._clock.wall()
        self._lock: BaseFileLock | None = None
        self._saying = threading.Lock()
        self._ended = threading.Event()
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Take the lock, open the journal, start all threads.

        AlreadyRunningError, JournalError or WatcherError when that cannot be done.
        """
        self._lock = lock(self._places)
        try:
            self._journal = Journal(self._places.journal)
            self._journal.commit()
            self._reader = Reader(self._places.journal)
        except BaseException:
            self._lock.release()
            raise
        self._wire = Wire(self._keys, self._clock)
        self._pipeline = Pipeline(
            self._journal,
            Disk(self._clock),
            self._wire,
            self._make_threads,
            self._clock,
            self._on_news,
            entries=self._hear is not None,
        )
        self._orders = Orders(self._places, self._pipeline.post)
        self._folders = Folders(self._pipeline.post, self._reader.known)
        self._files = WatchedFiles()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self._arm(self._config)
        self._thread.start()
        self._files.watch(self._places.orders, self._obey_orders)
        self._obey_orders()
        self._say()

    def reload(self, config: Config) -> None:
        """Use new settings from now on."""
        self._config = config
        self._arm(config)
        self._say()

    def watch_file(self, path: str, changed: Callable[[], None]) -> None:
        """Have ``changed`` called, on a thread of its own, when the file at ``path`` changes."""
        self._files.watch(path, changed)

    def post(self, message: object) -> None:
        """Hand a command to the pipeline."""
        self._pipeline.post(message)

    def rescan(self) -> None:
        """Look through all folders now."""
        self._folders.rescan(None, "asked for")

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the pipeline has ended, after waiting for it; ``failure`` says if by an error."""
        return self._ended.wait(seconds)

    def stop(self, seconds: float = 8.0) -> None:
        """End: what is under way may take up to ``seconds``, the journal knows of the rest."""
        self._files.stop()
        self._folders.stop()
        self._pipeline.post(Stop())
        ended = self._ended.wait(seconds)
        self._wire.close()
        if ended:
            self._threads.stop(1.0)
            self._thread.join(1.0)
            self._journal.close()
        self._reader.close()
        if self._lock is not None:
            self._lock.release()

    # -- inside

    def _make_threads(self, post: Callable[[object], None]) -> Threads:
        self._threads = Threads(post, self._senders())
        return self._threads

    def _senders(self) -> int:
        return sum(account.parallel_uploads for account in self._config.accounts)

    def _arm(self, config: Config) -> None:
        plans = make_plans(config, this_machine())
        self._problems = {path: self._problems.get(path, "") for path in plans}
        self._wire.arm(config.accounts)
        self._threads.allow(self._senders())
        self._pipeline.post(Arm(config.accounts, plans, self._import_all))
        self._folders.arm(_watched(plans))

    def _run(self) -> None:
        try:
            self._pipeline.run()
        except BaseException as error:  # noqa: BLE001 - reported by whoever waits
            self.failure = error
            _log.exception("the pipeline has failed")
        finally:
            self._ended.set()

    def _obey_orders(self) -> None:
        healthy = [path for path, problem in self._problems.items() if not problem]
        self._orders.look(healthy, lambda folder: self._folders.rescan(folder, "asked for"))

    def _on_news(self, news: object) -> None:
        match news:
            case FolderState(folder, problem):
                self._problems[folder] = problem
                self._say()
            case Connection(offline_since):
                self._offline_since = offline_since
                self._say()
            case Pending(files):
                self._pending = files
                self._say()
            case _:
                pass
        self._orders.hear(news)
        if self._hear is not None:
            self._hear(news)

    def _say(self) -> None:
        """Tell other commands how things are."""
        text = json.dumps(
            {
                "pid": os.getpid(),
                "version": __version__,
                "since": self._since,
                "offline_since": self._offline_since,
                "pending": self._pending,
                "folders": self._problems,
            }
        )
        with self._saying:
            write_atomically(self._places.running, text)
