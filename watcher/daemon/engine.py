"""Runs the pipeline on a journal, with all it works with, and again after the journal failed."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Final

from watcher import __version__
from watcher.daemon.hooks import HookCommands
from watcher.daemon.plans import this_host
from watcher.daemon.recovery import check_room, open_journal
from watcher.daemon.threads import WorkerThreads
from watcher.documents import Spool
from watcher.folders import FolderSupervisor, WatchedFolder
from watcher.i18n.message import NOTHING, msg
from watcher.journal.reader import Reader
from watcher.ledger import not_installed
from watcher.model.errors import DamagedJournalError, JournalError, UnwritableJournalError
from watcher.model.kinds import Cause
from watcher.model.ledger import Unreachable
from watcher.model.uploads import Held, Wait
from watcher.pipeline.follow_up import PARALLEL
from watcher.pipeline.loop import Pipeline
from watcher.pipeline.messages import ClockJump, Configure, Ping, Stop
from watcher.routing.ignored import filing_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import BinaryIO

    from watcher.credentials import Keys
    from watcher.daemon.state_folder import Places
    from watcher.hrflow.client import Client
    from watcher.i18n.message import Message
    from watcher.journal.writer import Journal
    from watcher.ledger.client import LedgerClient
    from watcher.model.kinds import State
    from watcher.model.settings import Account, Config
    from watcher.model.uploads import (
        Job,
        Outcome,
        PageAnswer,
        ProfileAnswer,
        Search,
        SourceAnswer,
    )
    from watcher.pipeline.stage import Clock
    from watcher.routing.rules import Plan
    from watcher.system.clock import RealClock

_log = logging.getLogger(__name__)

#: Seconds between two attempts to use a journal that failed, as when the disk is full.
RETRY_SECONDS: Final = 5.0

#: Failures after which another engine can continue.
_RECOVERABLE: Final = (DamagedJournalError, UnwritableJournalError)


class Clients:
    """One client of HrFlow for each account. Implements :class:`watcher.pipeline.stage.HrFlow`.

    A client is created when it is first needed: importing it takes 7 MB, and as long as watching a
    thousand directories.
    """

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._stop = threading.Event()
        self._changing = threading.Lock()
        self._clients: dict[str, Client] = {}
        self._accounts: dict[str, Account] = {}

    def configure(self, accounts: tuple[Account, ...]) -> None:
        """Use these settings for the requests that start from now on."""
        with self._changing:
            before, self._accounts = self._accounts, {each.name: each for each in accounts}
            self._clients = {
                name: client
                for name, client in self._clients.items()
                if self._accounts.get(name) == before[name]
            }

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file."""
        client = self._client(job.account)
        if client is None:
            return _removed(job.account)
        outcome = client.upload(job, handle)
        if isinstance(outcome, Held) and outcome.cause in (Cause.ACCOUNT, Cause.CREDENTIAL):
            self._keys.forget(job.account)
        return outcome

    def find(self, job: Job) -> ProfileAnswer:
        """Look up the profile with the job's reference."""
        client = self._client(job.account)
        return client.find(job.source_key, job.reference) if client else _removed(job.account)

    def search(self, account: str, source_key: str, search: Search) -> PageAnswer:
        """Return a page of a source's profiles."""
        client = self._client(account)
        return client.search(source_key, search) if client else _removed(account)

    def describe(self, account: str, source_key: str) -> SourceAnswer:
        """Return what HrFlow knows of a source."""
        client = self._client(account)
        return client.describe(source_key) if client else _removed(account)

    def close(self) -> None:
        """End all waiting for bandwidth, and close idle connections."""
        self._stop.set()
        with self._changing:
            for client in self._clients.values():
                client.close()

    def _client(self, name: str) -> Client | None:
        """Return the account's client; None if it is no longer in the settings."""
        if (client := self._clients.get(name)) is not None:
            return client
        from watcher.hrflow.client import Client  # noqa: PLC0415 - see above

        with self._changing:
            account = self._accounts.get(name)
            if account is not None and name not in self._clients:
                self._clients[name] = Client(
                    account,
                    lambda: self._keys.get(name),
                    wall=self._clock.wall,
                    tick=self._clock.tick,
                    stop=self._stop,
                )
            return self._clients.get(name)


def _removed(account: str) -> Wait:
    why = msg("The account {account} is no longer in the configuration.", account=account)
    return Wait(why)


class SharedLedger:
    """The shared ledger's client, for as long as the settings name a ledger."""

    def __init__(
        self,
        places: Places,
        clock: Clock,
        password: Callable[[bool], str],
        post: Callable[[object], None],
    ) -> None:
        """``post`` is given what the ledger says.

        ``password`` returns "" where the address, ``.pgpass`` or the server needs none; its
        argument is whether a plain-text keyring is allowed. It may raise CredentialError.
        """
        self._places = places
        self._clock = clock
        self._password = password
        self._post = post
        self._changing = threading.Lock()
        self._url = ""
        self._client: LedgerClient | None = None

    def configure(self, config: Config) -> None:
        """Use the ledger that the settings name; the pipeline must have these settings already."""
        url = config.ledger.url
        with self._changing:
            if url == self._url:
                return
            self._close(1.0)
            self._url = url
            if not url:
                return
            try:
                # psycopg need not be installed where there is no ledger.
                from watcher.ledger.client import LedgerClient  # noqa: PLC0415
            except ImportError:
                self._post(Unreachable(not_installed().message))
                return
            self._client = LedgerClient(
                url,
                password=lambda: self._password(config.allow_insecure_keyring),
                instance_path=self._places.ledger_instance,
                machine=this_host().hostname,
                program=__version__,
                post=self._post,
                tick=self._clock.tick,
            )
            self._client.start()

    def tell(self, message: object) -> None:
        """Hand the client a message; from the pipeline's thread."""
        if (client := self._client) is not None:
            client.tell(message)

    def stop(self, seconds: float) -> None:
        """End the session, within ``seconds``."""
        with self._changing:
            self._close(seconds)

    def _close(self, seconds: float) -> None:
        if self._client is not None:
            self._client.stop(seconds)
            self._client = None


def watched_folders(plans: Mapping[str, Plan], importing: Collection[str]) -> list[WatchedFolder]:
    """Return the folders to watch; one that contains another leaves that one out.

    Imported folders are watched only while they are in ``importing``.
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
    """The pipeline on one open journal, and all that works with it."""

    def __init__(
        self,
        journal: Journal,
        places: Places,
        keys: Keys,
        clock: RealClock,
        ledger_password: Callable[[bool], str],
        on_event: Callable[[object], None],
        shown: Callable[[], Collection[State]],
    ) -> None:
        """Use ``journal``, which belongs to ``places``, and close it in the end.

        ``on_event`` is called with all that happens, on the thread of :meth:`run`.
        For ``ledger_password`` see :class:`SharedLedger`, for ``shown`` :class:`Pipeline`.
        """
        self._journal = journal
        self._reader = Reader(places.journal)
        self._on_event = on_event
        spool = Spool(places.spool)
        spool.sweep()
        self._clients = Clients(keys, clock)
        self._commands = HookCommands()
        self._ledger = SharedLedger(places, clock, ledger_password, self.post)
        self._pipeline = Pipeline(
            self._journal, self._clients, self._make_threads, clock, self._forward,
            spool=spool, shown=shown, run_hook=self._commands.run, tell_ledger=self._ledger.tell,
        )  # fmt: skip
        self._folders = FolderSupervisor(self.post, self._reader.known)

    def run(self) -> BaseException | None:
        """Run the pipeline; return what it failed from, None if it was ended."""
        try:
            self._pipeline.run()
        except BaseException as error:  # noqa: BLE001 - the supervisor decides about it
            _log.exception("the pipeline failed")
            return error
        return None

    def configure(
        self,
        config: Config,
        plans: Mapping[str, Plan],
        *,
        importing: Collection[str],
        import_all: bool,
    ) -> None:
        """Use these settings from now on, and look for the files to import in ``importing``."""
        self._clients.configure(config.accounts)
        # Lookups have threads beside those of the uploads, so that neither waits for the other.
        self._threads.allow(sum(each.parallel_uploads + PARALLEL for each in config.accounts))
        self.post(Configure(config, plans, import_all))
        self._ledger.configure(config)
        self.watch(plans, importing)

    def watch(self, plans: Mapping[str, Plan], importing: Collection[str]) -> None:
        """Watch the folders of ``plans``, those that are imported only while in ``importing``."""
        self._folders.watch(watched_folders(plans, importing))

    def post(self, message: object) -> None:
        """Send a message to the pipeline; from any thread."""
        self._pipeline.post(message)

    def rescan(self, folder: str | None, reason: str) -> None:
        """Scan one folder, or all of them, now."""
        self._folders.rescan(folder, reason)

    def end(self) -> None:
        """Have :meth:`run` return once the uploads under way are done."""
        self._folders.stop()
        self.post(Stop())

    def close(self, *, ended: bool = True) -> None:
        """Close everything; what the pipeline works with only if it has ``ended``."""
        self._commands.close()
        self._clients.close()
        self._ledger.stop(1.0)
        if ended:
            self._threads.stop(1.0)
            self._pipeline.close()
            self._journal.close()
        self._reader.close()

    def _make_threads(self, post: Callable[[object], None]) -> WorkerThreads:
        self._threads = WorkerThreads(post, 1)
        return self._threads

    def _forward(self, event: object) -> None:
        if isinstance(event, ClockJump):
            self._folders.rescan(None, "woke up")
        self._on_event(event)


class Supervisor:
    """Keeps an engine running on its thread, from :meth:`start` to :meth:`stop`.

    When the journal fails under an engine, another one takes its place as soon as the journal, or a
    new one, can be used. ``engine`` is the latest, ``failure`` the error that ended the program.
    """

    def __init__(
        self,
        places: Places,
        make_engine: Callable[[Journal], Engine],
        on_start: Callable[[], None],
        on_event: Callable[[object], None],
        wall: Callable[[], float],
        retry_seconds: float,
    ) -> None:
        """``on_start`` is called after every start of an engine, to configure it."""
        self._places = places
        self._make_engine = make_engine
        self._on_start = on_start
        self._on_event = on_event
        self._wall = wall
        self._retry_seconds = retry_seconds
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self._stopping = threading.Event()
        self._trouble = NOTHING
        self.engine: Engine
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Start with the first engine; JournalError if the journal cannot be used."""
        self._begin(None)
        self._thread.start()

    def post(self, message: object) -> None:
        """Send a message to the pipeline; during a recovery a Ping is answered in its place."""
        if isinstance(message, Ping) and self._trouble:
            self._on_event(message)
        else:
            self.engine.post(message)

    @property
    def trouble(self) -> Message:
        """Why the journal cannot be used at the moment, so that what is posted may be lost."""
        return self._trouble

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether the program has ended, after waiting for it."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop(self, seconds: float) -> None:
        """Stop. Uploads under way get ``seconds``; the journal keeps track of those cut off."""
        self._stopping.set()
        self.engine.end()
        ended = self.wait(seconds)
        self.engine.close(ended=ended)  # perhaps one that was made meanwhile

    def _begin(self, failure: JournalError | None) -> None:
        """Make an engine for the journal, or for a new one if that is damaged or gone."""
        damaged = isinstance(failure, DamagedJournalError)
        journal, warning = open_journal(self._places, self._wall(), damaged=damaged)
        self.engine = self._make_engine(journal)
        if warning:
            _log.error("%s", warning)
            self._on_event(warning)
        self._on_start()

    def _run(self) -> None:
        failure = self.engine.run()
        while isinstance(failure, _RECOVERABLE) and not self._stopping.is_set():
            if not self._recover(failure):
                return
            failure = self.engine.run()
        self.failure = failure

    def _recover(self, failure: JournalError) -> bool:
        """Make another engine as soon as the journal can be used; False if stopped before."""
        self._trouble = failure.message
        self._on_event(f"{failure} Nothing is lost; uploads resume automatically.")
        self.engine.end()
        self.engine.close()
        while not self._stopping.wait(self._retry_seconds):
            try:
                check_room(self._places)
                self._begin(failure)
            except (JournalError, OSError) as error:
                _log.info("the journal still cannot be used: %s", error)
                continue
            self._trouble = NOTHING
            if self._stopping.is_set():  # the engine before was told to end
                self.engine.end()
            _log.info("the journal can be used again")
            self._on_event("The journal can be used again; uploads resumed.")
            return True
        return False
