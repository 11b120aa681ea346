"""The composition root: parts are made here, and given to one another nowhere else."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import TYPE_CHECKING, Final

from watcher import __version__
from watcher.credentials import is_contested
from watcher.daemon.clock import RealClock
from watcher.daemon.engine import Engine
from watcher.daemon.event_log import Diary
from watcher.daemon.imports import Imports, folders_of
from watcher.daemon.instance import lock
from watcher.daemon.plans import former_imports, former_targets, make_plans, this_machine
from watcher.daemon.recovery import check_room, open_journal
from watcher.daemon.status import Snapshots, watched_now
from watcher.daemon.webhook import Reception
from watcher.folders import WatchedFiles
from watcher.i18n.message import NOTHING, Message, Text
from watcher.journal.reader import Reader
from watcher.model.errors import (
    DamagedJournalError,
    JournalError,
    UnwritableJournalError,
    UsageError,
)
from watcher.model.files import FolderState
from watcher.model.settings import dump_folder, replaced
from watcher.model.snapshot import Snapshot, Watched
from watcher.pipeline.messages import (
    AddImport,
    Approved,
    Connection,
    Drained,
    Forget,
    Forgotten,
    Leave,
    Pending,
    Ping,
    Resume,
)
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable

    from filelock import BaseFileLock

    from watcher.daemon.accounts import KeyStore
    from watcher.daemon.instance import Instance, Places
    from watcher.model.settings import Config, Folder
    from watcher.routing.rules import Plan

_log = logging.getLogger(__name__)


#: Seconds between two tries to use a journal that could not be used, as when the disk is full.
REVIVE_SECONDS: Final = 5.0


#: Seconds within which files are forgotten: a bulk of other work may come first.
_FORGETTING: Final = 30.0


#: Seconds that uploads under way are given to end when the journal has failed under them.
_PATIENCE: Final = 2.0


#: Failures after which another engine can go on.
_REVIVED: Final = (DamagedJournalError, UnwritableJournalError)


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
        revive_seconds: float = REVIVE_SECONDS,
        webhook_secret: Callable[[bool], str] | None = None,
        instance: Instance | None = None,
    ) -> None:
        """``import_all``: files that are there already are uploaded without asking.

        ``revive_seconds`` pass between two tries to use a journal that has failed.
        ``webhook_secret`` gives the webhook's, see :mod:`watcher.daemon.webhook`; without it none
        is received: a command that ends soon has no use for it.
        ``instance`` is how other commands reach the program; without it they do not.
        """
        self._config = config
        self._places = places
        self._keys = keys
        self._instance = instance
        self._hear = tell
        self._clock = clock or RealClock()
        self._import_all = import_all
        self._problems: dict[str, Message] = {}
        self._found_keys: dict[str, dict[str, str]] = {}
        self._contested: dict[str, Message] = {}  # account → what was said of its two keys
        self._targets: list[str] = []
        self._plans: dict[str, Plan] = {}
        self._imported: dict[str, Folder] = {}  # not watched, but to be finished
        self._importing: set[str] = set()  # of those, where files are looked for now
        self._offline_since = 0.0
        self._pending = 0
        self._since = self._clock.wall()
        self._lock: BaseFileLock | None = None
        self._forgetting: dict[tuple[int, ...], queue.SimpleQueue[bool]] = {}
        self._imports = Imports(self.post)
        self._reception = Reception(webhook_secret, self.post, self._on_news, self._clock.wall)
        self._diary = Diary()
        self._leave: Leave | None = None
        self._files = WatchedFiles()
        self._watched: dict[str, Watched] = {}
        self._snapshots = Snapshots(places.journal, self._clock, self._frame)
        self._stopping = threading.Event()
        self._revive_seconds = revive_seconds
        self._failed: queue.SimpleQueue[JournalError | None] = queue.SimpleQueue()
        self._reviver = threading.Thread(target=self._revive, name="reviver", daemon=True)
        self._reviving = threading.Event()
        self._ended = threading.Event()
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Take the lock, open the journal, start all threads.

        AlreadyRunningError, JournalError or WatcherError when that cannot be done.
        """
        self._lock = lock(self._places)
        self._diary.begin(len(self._config.folders), len(self._config.accounts))
        try:
            if self._instance is not None:
                self._instance.begin()
                if self._instance.problem:
                    _log.warning("commands cannot reach the program: %s", self._instance.problem)
            self._begin(None)
        except BaseException:
            self._let_go()
            raise
        self._reviver.start()
        self._reception.arm(self._config)

    def reload(self, config: Config) -> None:
        """Use new settings from now on."""
        self._config = config
        self._arm()
        self._reception.arm(config)

    def import_folder(self, folder: Folder) -> None:
        """Upload what is in a folder that is not watched, by these settings.

        Its files are found once, and known when the pipeline has obeyed a Take of its path. From
        then on they are finished by whichever program works on the journal.
        """
        path = os.path.realpath(folder.path)
        self._imported[path] = replaced(folder, path=path)
        self._importing.add(path)
        self._arm()

    def watch_file(self, path: str, changed: Callable[[], object]) -> None:
        """Have ``changed`` called, on a thread of its own, when the file at ``path`` changes."""
        self._files.watch(path, changed)

    def post(self, message: object) -> None:
        """Hand a command to the pipeline."""
        self._diary.obey(message)
        if isinstance(message, Resume):  # whoever says so may have changed a key
            self._look_up_keys()
            self._reception.arm(self._config)
        if isinstance(message, Leave):
            self._leave = message
        self._engine.post(message)

    def snapshot(self) -> Snapshot:
        """How things are now; from any thread."""
        return self._snapshots.latest()

    def facts(self) -> dict[str, object]:
        """What it says of itself to other commands; from any thread."""
        accounts = [account.name for account in self._config.accounts]
        return {
            "pid": os.getpid(),
            "version": __version__,
            "since": self._since,
            "offline_since": self._offline_since,
            "pending": self._pending,
            "is_limited": any(each.max_requests_per_minute for each in self._config.accounts),
            "set_up": self._is_set_up(),
            "remarks": [str(each) for each in self._config.remarks],
            # Its own thread may change it.
            "folders": {path: str(problem) for path, problem in dict(self._problems).items()},
            "keys": {name: self._found_keys.get(name, {}) for name in accounts},
        }

    def subscribe(self, listener: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Have ``listener`` called with how things are, at once and whenever that has changed.

        On a thread of its own, a few times a second at the most. Gives what ends it.
        """
        return self._snapshots.subscribe(listener)

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self._config

    def leave_others(self) -> None:
        """Let nothing wait for ever in folders that are not in the settings any more."""
        self.post(Leave(frozenset(self._watched)))

    def begin_import(self, path: str, folder: Folder | None = None) -> int:
        """Take every file at or below ``path``; gives the number for :meth:`import_state`.

        ``folder`` has the settings of one that is not watched; its files keep to them. UsageError
        without it where no watched folder is concerned.
        """
        if folder is None and not folders_of(path, self._problems):
            raise UsageError(
                f"{view.safe(path)} lies in none of the watched folders.",
                "Name the source its files go to with --source.",
            )
        healthy = {each for each, problem in self._problems.items() if not problem}
        folders = folders_of(path, healthy | ({path} if folder else set()))
        number = self._imports.begin(path, folders)
        if folder is not None:
            self.import_folder(folder)
        for each in folders:
            self._engine.rescan(each, "import")
        return number

    def import_state(self, number: int) -> dict[str, object]:
        """How far an import is, apart from what the journal says of its files."""
        is_over = self._imports.is_over(number)  # first: what it says of waiting files is true then
        return {
            "over": is_over and not self._pending and self.failure is None,
            "offline_since": self._offline_since,
        }

    def forget(self, file_ids: tuple[int, ...]) -> bool | None:
        """Forget files, but for the fingerprints of what was sent; None if that is not done.

        Gives whether nothing of them is left in the journal's file either.
        """
        asked = self._forgetting[file_ids] = queue.SimpleQueue[bool]()
        self.post(Forget(file_ids))
        try:
            return asked.get(timeout=_FORGETTING)
        except queue.Empty:
            return None

    def rescan(self) -> None:
        """Look through all folders now."""
        self._engine.rescan(None, "asked for")

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the program has ended, after waiting for it; ``failure`` says if by an error."""
        return self._ended.wait(seconds)

    def beat(self) -> None:
        """Have a Ping told by the pipeline, or at once while another takes its place."""
        if not self._reviving.is_set():
            self._engine.post(Ping())
        elif self._hear is not None:
            self._hear(Ping())

    def stop(self, seconds: float = 8.0) -> None:
        """End: what is under way may take up to ``seconds``, the journal knows of the rest."""
        _log.info("hrflow-watcher ends")
        self._stopping.set()
        self._keys.close()
        self._reception.stop()
        self._files.stop()
        self._failed.put(None)
        self._reviver.join(1.0)
        self._engine.stop(seconds)
        self._snapshots.stop()
        self._let_go()

    # -- inside

    def _let_go(self) -> None:
        """Let another process work here."""
        if self._lock is not None:
            if self._instance is not None:
                self._instance.end()
            self._lock.release()

    def _begin(self, failure: JournalError | None) -> None:
        """Put an engine to work on the journal, or on a new one where the old one is lost."""
        damaged = isinstance(failure, DamagedJournalError)
        journal, why = open_journal(self._places, self._clock.wall(), damaged=damaged)
        reader = Reader(self._places.journal)
        self._engine = Engine(
            journal, reader, self._keys, self._clock, self._on_news, self._on_end,
        )  # fmt: skip
        if why:
            _log.error("%s", why)
            self._on_news(why)
        self._engine.start()
        if self._leave is not None:  # what failed may have failed before it heard of this
            self._engine.post(self._leave)
        self._arm()  # which comes after, as a folder may have been added since

    def _arm(self) -> None:
        try:
            self._targets = former_targets(self._places)
            former = {folder.path: folder for folder in former_imports(self._places)}
            self._imported = {**former, **self._imported}
        except JournalError as error:  # it is about to be replaced, which arms anew
            _log.warning("where files were filed or imported from is not known: %s", error)
        plans = make_plans(self._config, this_machine(), self._targets, self._imported.values())
        self._plans = plans
        watched = {path: plan for path, plan in plans.items() if not plan.is_imported}
        self._imported = {
            path: folder for path, folder in self._imported.items() if path not in watched
        }
        self._importing &= self._imported.keys()
        self._problems = {
            path: self._problems.get(path, NOTHING) for path in watched.keys() | self._importing
        }
        self._watched = {
            path: Watched(path, plan.folder.account, plan.folder.source_key)
            for path, plan in watched.items()
        }
        self._snapshots.touch()
        self._diary.arm(plans)
        self._look_up_keys()
        for path in self._importing:
            self._engine.post(AddImport(path, dump_folder(self._imported[path])))
        self._engine.arm(
            self._config, plans, importing=tuple(self._importing), import_all=self._import_all
        )

    def _look_up_keys(self) -> None:
        self._keys.configure(self._config, self._on_key, lambda: self._engine.post(Resume()))

    def _on_key(self, account: str, origin: Message, problem: Text) -> None:
        self._found_keys[account] = {"origin": str(origin), "problem": str(problem)}
        if is_contested(origin) and self._contested.get(account) != origin:
            self._contested[account] = origin
            self._on_news(f"The API key of account {account} comes from {origin}.")

    def _on_end(self, failure: BaseException | None) -> None:
        """The engine has ended: of itself, or by a failure that another one may do without."""
        if isinstance(failure, _REVIVED) and not self._stopping.is_set():
            self._reviving.set()
            self._failed.put(failure)
            return
        self.failure = failure
        self._ended.set()

    def _revive(self) -> None:
        """Put a new engine in the place of each that failed. On a thread of its own."""
        while (failure := self._failed.get()) is not None:
            self._on_news(f"{failure} Nothing is lost; uploads go on by themselves.")
            self._engine.stop(_PATIENCE)
            while not self._stopping.wait(self._revive_seconds):
                try:
                    check_room(self._places)
                    self._begin(failure)
                except JournalError as error:
                    _log.info("the journal still cannot be used: %s", error)
                    continue
                self._reviving.clear()
                _log.info("the journal can be used again")
                self._on_news("The journal can be used again; uploads go on.")
                break

    def _on_news(self, news: object) -> None:
        match news:
            case FolderState(folder, problem):
                self._problems[folder] = problem
            case Connection(offline_since):
                self._offline_since = offline_since
            case Pending(files):
                self._pending = files
            case Forgotten(file_ids, is_overwritten):
                if (asked := self._forgetting.pop(file_ids, None)) is not None:
                    asked.put(is_overwritten)
            case Approved(path):
                self._end_import(path)
            case Ping() | Drained():  # nothing has changed
                if self._hear is not None:
                    self._hear(news)
                return
            case _:
                pass
        self._diary.hear(news)
        self._imports.hear(news)
        self._snapshots.touch()
        if self._hear is not None:
            self._hear(news)

    def _end_import(self, path: str) -> None:
        """The files of an import are found: its folder needs not be looked at any more."""
        if path in self._importing:
            self._importing.discard(path)
            self._problems.pop(path, None)
            self._engine.watch(self._plans, tuple(self._importing))

    def _frame(self) -> Snapshot:
        """How things are, as far as it does not stand in the journal."""
        return Snapshot(
            pid=os.getpid(),
            version=__version__,
            since=self._since,
            is_set_up=self._is_set_up(),
            offline_since=self._offline_since,
            watched=watched_now(self._watched, self._problems),
            remarks=self._config.remarks,
        )

    def _is_set_up(self) -> bool:
        return bool(self._config.accounts and self._watched)
