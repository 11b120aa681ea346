"""The composition root: the parts of the running program, and how they are connected.

Commands and settings go from :class:`App` to the supervisor's engine; events come back on the
pipeline's thread and go to the log, the imports, the snapshots and the caller, in this order.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Final

from watcher import __version__
from watcher.credentials import is_contested
from watcher.daemon.engine import RETRY_SECONDS, Engine, Supervisor
from watcher.daemon.event_log import EventLog
from watcher.daemon.instance import lock
from watcher.daemon.plans import (
    Imports,
    folders_of,
    former_imports,
    former_targets,
    make_plans,
)
from watcher.daemon.snapshots import Snapshots
from watcher.daemon.webhook import Webhooks
from watcher.folders import WatchedFiles
from watcher.i18n.message import NOTHING, Message, Text, msg
from watcher.model.errors import JournalError, UsageError
from watcher.model.files import FolderState
from watcher.model.kinds import State
from watcher.model.settings import dump_folder
from watcher.model.snapshot import LedgerUse, Snapshot, Watched
from watcher.pipeline.messages import (
    AddImport,
    ApprovedBelow,
    Drained,
    Forget,
    Forgotten,
    Leave,
    Pending,
    Ping,
    Reachability,
    Resume,
)
from watcher.present import view
from watcher.system.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from filelock import BaseFileLock

    from watcher.credentials import Keys
    from watcher.daemon.instance import Instance
    from watcher.daemon.snapshots import Listener
    from watcher.daemon.state_folder import Places
    from watcher.model.settings import Config, Folder
    from watcher.routing.rules import Plan

_log = logging.getLogger(__name__)

#: Seconds within which orders are carried out: a lot of other work may come first.
_PATIENCE: Final = 30.0


class App:
    """The running program, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        config: Config,
        places: Places,
        *,
        keys: Keys,
        on_event: Callable[[object], None] | None = None,
        shown: AbstractSet[State] = frozenset(State),
        clock: RealClock | None = None,
        import_all: bool = False,
        leaves_others: bool = False,
        retry_seconds: float = RETRY_SECONDS,
        webhook_secret: Callable[[bool], str] | None = None,
        ledger_password: Callable[[bool], str] = lambda _: "",
        instance: Instance | None = None,
    ) -> None:
        """``on_event`` is called with everything that happens.

        That is an Entry for each file that comes to one of the states ``shown``, FolderState,
        ScanEnded, Reachability, other messages of :mod:`watcher.pipeline.messages`, and sentences
        for people. It is called on the pipeline's thread, except for events about keys, the webhook
        and the start.

        ``import_all``: files that are already in the folders are uploaded without approval.
        ``leaves_others``: what is waiting in folders that are not in the settings is given up.
        ``retry_seconds`` pass between two attempts to use a journal that has failed.
        ``webhook_secret`` is that of :class:`watcher.daemon.webhook.Webhooks`.
        ``ledger_password`` is that of :class:`watcher.daemon.engine.SharedLedger`.
        ``instance`` is how commands reach the program; without it they cannot.
        """
        self._config = config
        self._places = places
        self._keys = keys
        self._instance = instance
        self._caller = on_event
        self._clock = clock or RealClock()
        self._import_all = import_all
        self._leaves_others = leaves_others

        self._log = EventLog()
        self._supervisor = Supervisor(
            places,
            lambda journal: Engine(
                journal, places, keys, self._clock, ledger_password, self._on_event,
                lambda: self._log.states | shown,
            ),
            self._apply_settings, self._on_event, self._clock.wall, retry_seconds,
        )  # fmt: skip
        self._imports = Imports(self.post)
        self._snapshots = Snapshots(places.journal, self._clock, self._frame)
        self._webhooks = Webhooks(webhook_secret, self.post, self._on_event, self._clock.wall)
        self._files = WatchedFiles()

        self._since = self._clock.wall()
        self._plans: dict[str, Plan] = {}
        #: Of folders that are watched or imported. The pipeline changes it, too: copy it to read
        #: through it, and never put another in its place.
        self._problems: dict[str, Message] = {}
        self._found_keys: dict[str, dict[str, str]] = {}
        self._offline_since = 0.0
        self._ledger_use = LedgerUse()
        self._pending = 0
        self._forgotten: dict[tuple[int, ...], bool] = {}  # whether nothing of them is left
        self._lock: BaseFileLock | None = None

    # --- Life cycle ---------------------------------------------------------------------------

    def start(self) -> None:
        """Take the lock, open the journal, start all threads.

        AlreadyRunningError, JournalError or WatcherError if that is not possible.
        """
        self._lock = lock(self._places)
        self._log.started(len(self._config.folders), len(self._config.accounts))
        try:
            if self._instance is not None:
                self._instance.begin()
                if self._instance.problem:
                    _log.warning("commands cannot reach the program: %s", self._instance.problem)
            self._supervisor.start()
        except BaseException:
            self._release()
            raise
        self._webhooks.configure(self._config)

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether the program has ended, after waiting for it."""
        return self._supervisor.wait(seconds)

    @property
    def failure(self) -> BaseException | None:
        """The error that has ended the program, if one has."""
        return self._supervisor.failure

    def stop(self, seconds: float = 8.0) -> None:
        """Stop. Uploads under way get ``seconds``; the journal keeps track of those cut off."""
        _log.info("hrflow-watcher is stopping")
        self._keys.close()
        self._webhooks.stop()
        self._files.stop()
        self._supervisor.stop(seconds)
        self._snapshots.stop()
        self._release()

    def _release(self) -> None:
        """Let another process work here."""
        if self._lock is not None:
            if self._instance is not None:
                self._instance.end()
            self._lock.release()

    # --- Settings -----------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self._config

    def plan(self, folder: str) -> Plan:
        """Return the compiled settings of a folder; UsageError if it is not watched."""
        plan = self._plans.get(folder)
        if plan is None or plan.is_imported:
            raise UsageError(msg("This folder is not watched."))
        return plan

    def reload(self, config: Config) -> None:
        """Use new settings from now on."""
        self._config = config
        self._apply_settings()
        self._webhooks.configure(config)

    def watch_file(self, path: str, changed: Callable[[], object]) -> None:
        """Call ``changed``, on a thread of its own, whenever the file at ``path`` changes."""
        self._files.watch(path, changed)

    def _apply_settings(self) -> None:
        targets: list[str] = []
        try:
            targets = former_targets(self._places)
            self._imports.restore(former_imports(self._places))
        except JournalError as error:  # another journal is about to take its place
            _log.warning("where files were filed or imported from is not known: %s", error)
        folders = self._imports.folders.values()
        self._plans = make_plans(self._config, targets, folders)
        watched = {path: plan for path, plan in self._plans.items() if not plan.is_imported}
        self._imports.leave_to_watch(watched)
        scanning = self._imports.scanning
        known = watched.keys() | scanning
        for path in known:
            self._problems.setdefault(path, NOTHING)
        for path in self._problems.copy().keys() - known:
            self._problems.pop(path, None)
        self._snapshots.touch()
        self._log.set_folders(self._plans)
        self._look_up_keys()
        engine = self._supervisor.engine
        for path in scanning:
            engine.post(AddImport(path, dump_folder(self._imports.folders[path])))
        engine.configure(
            self._config, self._plans, importing=tuple(scanning), import_all=self._import_all
        )
        if self._leaves_others and self._config.accounts:
            engine.post(Leave(frozenset(watched)))

    def _look_up_keys(self) -> None:
        self._keys.configure(self._config, self._on_key, lambda: self._supervisor.post(Resume()))

    def _on_key(self, account: str, origin: Message, problem: Text) -> None:
        before = self._found_keys.get(account, {})
        self._found_keys[account] = {"origin": str(origin), "problem": str(problem)}
        if is_contested(origin) and before.get("origin") != str(origin):
            self._on_event(f"The API key of account {account} comes from {origin}.")

    # --- Commands, from any thread ------------------------------------------------------------

    def post(self, message: object) -> None:
        """Send a command to the pipeline."""
        self._log.on_command(message)
        if isinstance(message, Resume):  # a key may have been changed before it was asked for
            self._look_up_keys()
            self._webhooks.configure(self._config)
        self._supervisor.post(message)

    def carry_out(self, *orders: object) -> bool:
        """Send commands to the pipeline; return once they are in force.

        False if that takes too long, and at once while the journal cannot be used.
        """
        if self._supervisor.trouble:
            return False
        done = threading.Event()
        for each in (*orders, Ping(done.set)):
            self.post(each)
        return done.wait(_PATIENCE)

    def rescan(self) -> None:
        """Scan all folders now."""
        self._supervisor.engine.rescan(None, "asked for")

    def forget(self, file_ids: tuple[int, ...]) -> bool | None:
        """Forget files, but for the fingerprints of what was sent; None if that takes too long.

        Return whether nothing of them is left in the journal's file either.
        """
        self.carry_out(Forget(file_ids))
        return self._forgotten.pop(file_ids, None)

    def begin_import(self, path: str, folder: Folder | None = None) -> int:
        """Upload every file at or below ``path``; return the number for :meth:`import_state`.

        ``folder`` has the settings of a folder that is not watched. UsageError if it is None and no
        watched folder is concerned.
        """
        problems = self._problems.copy()
        if folder is None and not folders_of(path, problems):
            raise UsageError(
                f"{view.safe(path)} is not in a watched folder.",
                "Specify the source for its files with --source.",
            )
        healthy = {each for each, problem in problems.items() if not problem}
        folders = folders_of(path, healthy | ({path} if folder else set()))
        number = self._imports.begin(path, folders)
        if folder is not None:
            self._imports.add_folder(folder)
            self._apply_settings()
        for each in folders:
            self._supervisor.engine.rescan(each, "import")
        return number

    def import_state(self, number: int) -> dict[str, object]:
        """Return how far an import is, apart from what the journal says of its files."""
        is_over = self._imports.is_over(number)  # first: only then the number of pending files is
        return {
            "over": is_over and not self._pending and self.failure is None,
            "offline_since": self._offline_since,
        }

    # --- Status, from any thread --------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return the current status."""
        return self._snapshots.latest()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with the status: at once, whenever it has changed, when it wants to.

        On a thread of its own, a few times a second at the most. Return what ends it.
        """
        return self._snapshots.subscribe(listener)

    def facts(self) -> dict[str, object]:
        """Return what commands are told about the program."""
        accounts = [account.name for account in self._config.accounts]
        return {
            "pid": os.getpid(),
            "version": __version__,
            "since": self._since,
            "offline_since": self._offline_since,
            "ledger": {
                "machines": self._ledger_use.machines,
                "waits": dict(self._ledger_use.waits),
            }
            if self._config.ledger.url
            else None,
            "is_limited": any(each.max_requests_per_minute for each in self._config.accounts),
            "set_up": self._is_set_up(),
            "trouble": str(self._supervisor.trouble),
            "remarks": [str(each) for each in self._config.remarks],
            "folders": {path: str(problem) for path, problem in self._problems.copy().items()},
            "keys": {name: self._found_keys.get(name, {}) for name in accounts},
        }

    def _frame(self) -> Snapshot:
        """Return the part of the status that is not in the journal."""
        return Snapshot(
            pid=os.getpid(),
            version=__version__,
            since=self._since,
            is_set_up=self._is_set_up(),
            offline_since=self._offline_since,
            watched=tuple(
                Watched(
                    path,
                    plan.folder.account,
                    plan.folder.source_key,
                    self._problems.get(path, NOTHING),
                )
                for path, plan in self._plans.items()
                if not plan.is_imported
            ),
            trouble=self._supervisor.trouble,
            remarks=self._config.remarks,
            ledger=self._ledger_use if self._config.ledger.url else None,
        )

    def _is_set_up(self) -> bool:
        is_watching = any(not plan.is_imported for plan in self._plans.values())
        return bool(self._config.accounts) and is_watching

    # --- Events -------------------------------------------------------------------------------

    def _on_event(self, event: object) -> None:
        match event:
            case FolderState(folder, problem):
                self._problems[folder] = problem
            case Reachability(offline_since):
                self._offline_since = offline_since
            case LedgerUse():
                self._ledger_use = event
            case Pending(files):
                self._pending = files
            case Forgotten(file_ids, is_overwritten):
                self._forgotten[file_ids] = is_overwritten
            case ApprovedBelow(path) if path in self._imports.scanning:
                # Its files are all known now.
                self._imports.scanning.discard(path)
                self._problems.pop(path, None)
                self._supervisor.engine.watch(self._plans, tuple(self._imports.scanning))
            case Ping(answer) if answer is not None:
                self._snapshots.touch()  # what was posted before it is in the journal now
                answer()
            case _:
                pass
        if not isinstance(event, Ping | Drained):  # which change nothing
            self._log.on_event(event)
            self._imports.on_event(event)
            self._snapshots.touch()
        if self._caller is not None:
            self._caller(event)
