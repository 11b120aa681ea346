"""What happens beside uploads: filing files away, retention, and the person's own commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import NOTHING, Message, msg, verbatim
from watcher.model.files import Filed, FilingFailed
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED
from watcher.model.settings import AfterRefusal, AfterUpload, Hooks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.journal.writer import Journal
    from watcher.model.records import Entry
    from watcher.model.settings import Config
    from watcher.pipeline.ports import Clock, Commands, Files, Plan, Workers

#: Files that are given to the workers at once; the rest waits in the journal.
BATCH: Final = 200


#: States in which a file is filed away.
_FILED: Final = ARRIVED | {State.REFUSED, State.DUPLICATE}


#: Seconds until what could not be filed away is tried again, doubled every time up to the cap.
RETRY_FIRST: Final = 10.0


RETRY_CAP: Final = 600.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """A worker has tried to file a file away."""

    entry: Entry
    result: Filed | FilingFailed


class Tidying:
    """Notes in the journal what is to be filed away, then has it done. One thread."""

    def __init__(self, journal: Journal, files: Files, workers: Workers, clock: Clock) -> None:
        self._journal = journal
        self._files = files
        self._workers = workers
        self._clock = clock
        self._plans: Mapping[str, Plan] = {}
        self._due: dict[int, None] = {}
        self._busy: set[int] = set()
        self._failures = 0
        self._retry_at: float | None = None
        self._reached: int | None = None  # a round through all that is pending is so far
        self._problem = self._told = NOTHING

    def arm(self, plans: Mapping[str, Plan]) -> None:
        """Use ``plans`` from now on, and take up what was not finished before."""
        self._plans = plans
        self.resume()

    def resume(self) -> None:
        """Try again at once what could not be filed away."""
        self._retry_at = None
        self._reached = 0

    def next_due(self) -> float | None:
        """When :meth:`work` has something to do by time alone, on the clock's ``tick``."""
        is_through = self._reached is None or self._due or self._busy
        return self._retry_at if is_through else self._clock.tick()

    def work(self) -> None:
        """Take up what waits in the journal, when it is time for it and there is room."""
        if self._retry_at is not None and self._clock.tick() >= self._retry_at:
            self.resume()
        if self._reached is None or self._due or self._busy:
            return
        found = self._journal.queues.to_file(self._reached, BATCH)
        self._reached = found[-1].file_id if found else None
        for entry in found:
            self._choose_target(entry)
            self._due[entry.file_id] = None

    def arrived(self, file_id: int, plan: Plan) -> None:
        """HrFlow has a file: file it away as its folder says, and its copies with it."""
        if plan.folder.after_upload is AfterUpload.KEEP:
            return
        self._plan(file_id)
        for copy in self._journal.files.copies(file_id):
            self._plan(copy)

    def duplicate(self, file_id: int, owner: int) -> None:
        """A copy goes the way of the file it repeats, once that has arrived."""
        # Of a file that is not known any more only the fingerprint is kept: it was sent.
        if self._journal.files.state(owner) in (*ARRIVED, None):
            self._plan(file_id)

    def refused(self, file_id: int, plan: Plan) -> None:
        """A file will never pass: move it out of the way if its folder says so."""
        if plan.folder.after_refusal is AfterRefusal.MOVE:
            self._plan(file_id)

    def start(self) -> None:
        """Have done what the journal announces. Call after its commit."""
        due, self._due = self._due, {}
        for file_id in due:
            entry = self._journal.store.entry(file_id)
            plan = self._plans.get(entry.folder) if entry else None
            # Nobody moves what was taken up again, or set aside by hand, since it was refused.
            is_over = entry is not None and entry.state in _FILED
            if entry is not None and is_over and plan is not None and file_id not in self._busy:
                self._busy.add(file_id)
                self._submit(entry, plan)

    def done(self, message: Tidied) -> None:
        """A worker has tried."""
        entry = message.entry
        self._busy.discard(entry.file_id)
        match message.result:
            case Filed(path):
                self._failures, self._told = 0, NOTHING
                self._journal.files.set_filing(entry.file_id, "", path)
                if path != entry.path:
                    self._journal.files.forget_name(entry.file_id)
                    if path:
                        self._journal.facts.note_target(path, self._clock.wall())
            case FilingFailed(why, passing):
                filing = "pending" if passing else "failed"
                self._journal.files.set_filing(entry.file_id, filing, why=why)
                if why != self._told:
                    self._problem = (
                        msg("An uploaded file {why}; it will be tried again.", why=why)
                        if passing
                        else msg("An uploaded file {why}.", why=why)
                    )
                    self._told = why
                if passing:
                    self._retry_later()

    def take_problem(self) -> Message:
        """What a person should hear of filing away, once; NOTHING if nothing."""
        problem, self._problem = self._problem, NOTHING
        return problem

    def _retry_later(self) -> None:
        if self._retry_at is None:
            delay = min(RETRY_CAP, RETRY_FIRST * 2.0 ** min(self._failures, 10))
            self._failures += 1
            self._retry_at = self._clock.tick() + delay

    def _plan(self, file_id: int) -> None:
        self._journal.files.set_filing(file_id, "pending")
        if entry := self._journal.store.entry(file_id):
            self._choose_target(entry)
        self._due[file_id] = None

    def _choose_target(self, entry: Entry) -> None:
        """Note where a file goes before it does: a try on another day has to find it there."""
        if plan := self._plans.get(entry.folder):
            target = self._files.filing_target(plan, entry)
            if target != entry.filing_target:
                self._journal.files.set_filing_target(entry.file_id, target)

    def _submit(self, entry: Entry, plan: Plan) -> None:
        files = self._files
        self._workers.read(
            lambda: Tidied(entry, files.file_away(plan, entry)),
            lambda error: Tidied(entry, FilingFailed(verbatim(str(error)), passing=True)),
        )


DAY: Final = 86400.0


#: Seconds from the start to the first step, and from one step to the next.
FIRST: Final = 300.0


PAUSE: Final = 1.0


class Pruning:
    """Goes through the journal once a day. One thread."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._history = self._names = 0.0  # seconds for which they are kept
        self._reached = 0
        self._due = clock.tick() + FIRST

    def arm(self, config: Config) -> None:
        """Keep what these settings say from now on; what they do not keep any more goes soon."""
        before = self._history, self._names
        self._history = config.history_days * DAY
        self._names = config.names_days * DAY if config.keep_names else 0.0
        if self._history < before[0] or self._names < before[1] or not config.keep_names:
            self._reached = 0
            self._due = self._clock.tick()

    def next_due(self) -> float:
        """When :meth:`work` has something to do, on the clock's ``tick``."""
        return self._due

    def work(self) -> None:
        """Make one step, if it is time for it."""
        tick, now = self._clock.tick(), self._clock.wall()
        if tick < self._due:
            return
        self._reached = self._journal.retention.prune(
            self._reached, now - self._history, now - self._names
        )
        if not self._reached:
            self._journal.retention.prune_rest(now)
        self._due = tick + (PAUSE if self._reached else DAY)


#: Commands at the same time.
PARALLEL: Final = 2


@dataclass(frozen=True, slots=True)
class Ran:
    """A command has ended; ``problem`` is NOTHING if it went well."""

    event: str
    file_id: int
    problem: Message


class Hooking:
    """Has commands run, a few at a time. One thread."""

    def __init__(self, journal: Journal, commands: Commands, workers: Workers) -> None:
        self._journal = journal
        self._commands = commands
        self._workers = workers
        self._hooks = Hooks()
        self._starting: list[tuple[str, Entry]] = []
        self._busy: set[int] = set()
        self._told: set[tuple[str, Message]] = set()
        self._news: list[Message] = []

    @property
    def running(self) -> int:
        """How many commands run."""
        return len(self._busy)

    def arm(self, config: Config) -> None:
        """Run these commands from now on."""
        self._hooks = config.hooks
        self._told.clear()

    def work(self) -> None:
        """Choose what is run next; it starts after the commit."""
        room = PARALLEL - len(self._busy)
        if not room or not (self._hooks.parsed or self._hooks.refused):
            return
        self._starting = self._journal.hooks.to_run(room, tuple(self._busy))
        self._busy.update(entry.file_id for _, entry in self._starting)

    def start(self) -> None:
        """Run what was chosen. Call after the journal's commit."""
        starting, self._starting = self._starting, []
        for event, entry in starting:
            self._submit(event, entry)

    def _submit(self, event: str, entry: Entry) -> None:
        commands, seconds = self._commands, self._hooks.timeout_seconds
        command = self._hooks.parsed if event == "parsed" else self._hooks.refused
        self._workers.run(
            lambda: Ran(event, entry.file_id, commands.run(command, entry, seconds)),
            lambda error: Ran(
                event, entry.file_id, msg("failed ({error})", error=type(error).__name__)
            ),
        )

    def ran(self, message: Ran) -> None:
        """Note that a command has ended; its failure is told once, and the log says more."""
        self._busy.discard(message.file_id)
        self._journal.hooks.remove(message.file_id, message.event)
        if message.problem and (message.event, message.problem) not in self._told:
            self._told.add((message.event, message.problem))
            self._news.append(
                msg(
                    "The command of hooks.{event} {problem}; see the log for details.",
                    event=message.event,
                    problem=message.problem,
                )
            )

    def take_news(self) -> list[Message]:
        """What people should hear, once."""
        news, self._news = self._news, []
        return news
