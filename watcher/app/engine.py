"""One run of the program's parts, from an open journal to the end of all threads.

An engine is crash-only: when its journal fails, it is stopped and another one takes its place,
which finds in the journal whatever was under way, as after a crash.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from watcher.app.disk import Disk
from watcher.app.threads import Threads
from watcher.app.wire import Wire
from watcher.folders import Folders, WatchedFolder
from watcher.follow_up import PARALLEL
from watcher.hooks import HookCommands
from watcher.pipeline import Arm, Pipeline, Stop, Woke
from watcher.rules import filing_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from watcher.app.clock import RealClock
    from watcher.app.wire import KeyStore
    from watcher.journal.reader import Reader
    from watcher.journal.writer import Journal
    from watcher.ports import Plan
    from watcher.settings import Config

_log = logging.getLogger(__name__)


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
        *,
        entries: bool,
    ) -> None:
        """Use ``journal`` and ``reader``, and close them in the end.

        ``tell`` hears what happens and ``ended`` of the end, with the failure if it was one;
        both on the pipeline's thread. ``entries``: whether ``tell`` wants every file's steps.
        """
        self._journal = journal
        self._reader = reader
        self._tell = tell
        self._on_end = ended
        self._wire = Wire(keys, clock)
        self._commands = HookCommands()
        self._pipeline = Pipeline(
            self._journal, Disk(clock), self._wire, self._make_threads, clock, self._hear,
            commands=self._commands, entries=entries,
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
        self._folders.arm(_watched(plans, importing))

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
