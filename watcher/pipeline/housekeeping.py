"""What happens beside uploads: filing files away, running the user's commands, retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher import documents
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.files import Filed, FilingFailed
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED
from watcher.model.reasons import is_opened
from watcher.model.settings import AfterRefusal, AfterUpload, Hooks
from watcher.pipeline.messages import Drain, Fileable, Ignore, Resume, Stop
from watcher.pipeline.stage import Context, Handlers, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.model.entries import Entry
    from watcher.model.files import Known
    from watcher.pipeline.messages import Configure
    from watcher.routing.rules import Plan

#: Files that are given to the workers at once; the rest waits in the journal.
BATCH: Final = 200

#: Seconds until what could not be filed away is tried again, doubled every time up to the cap.
RETRY_FIRST: Final = 10.0
RETRY_CAP: Final = 600.0

_UNEXPECTED: Final = msg(
    "The file can't be filed away for an unexpected reason; the log has details."
)

#: States in which a file is filed away.
_FILED: Final = ARRIVED | {State.REFUSED, State.DUPLICATE}


class FilingDone(Struct, frozen=True):
    """A worker has tried to file a file away; ``parts`` are the documents that were inside it."""

    entry: Entry
    result: Filed | FilingFailed
    parts: Mapping[str, Known]


class Filing(Stage):
    """Notes in the journal which files are to be moved or trashed, then has it done."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._due: dict[int, None] = {}
        self._busy: set[int] = set()
        self._failures = 0
        self._retry_at: float | None = None
        self._reached: int | None = None  # how far a round through all that is pending has come
        self._published = NOTHING

    def handlers(self) -> Handlers:
        """Return the handlers of files that may be filed away, or were."""
        return {
            Resume: self._resume,
            Ignore: self._resume,  # what a file was kept for may be ignored
            Fileable: self._plan,
            FilingDone: self._note_result,
        }

    def work(self) -> None:
        """Take up what waits in the journal, when it is time for it and there is room."""
        if self._retry_at is not None and self._clock.tick() >= self._retry_at:
            self._resume()
        if self._reached is None or self._due or self._busy:
            return
        found = self._journal.queues.to_file(self._reached, BATCH)
        self._reached = found[-1].file_id if found else None
        for entry in found:
            self._choose_target(entry)

    def start(self) -> None:
        """File away what the journal announces."""
        due, self._due = self._due, {}
        for file_id in due:
            entry = self._journal.store.entry(file_id)
            plan = self._plans.get(entry.folder) if entry else None
            # What was retried or ignored since it was refused stays where it is.
            if entry is None or plan is None:
                continue
            if entry.state not in _FILED and not is_opened(entry):
                continue
            if file_id not in self._busy:
                self._busy.add(file_id)
                self._submit(entry, plan)

    def next_due(self) -> float | None:
        """When filing is tried again, or a round goes on."""
        is_through = self._reached is None or self._due or self._busy
        return self._retry_at if is_through else self._clock.tick()

    def configure(self, message: Configure) -> None:
        """Use new plans, and take up what was not filed away before."""
        super().configure(message)
        self._resume()

    def _resume(self, _message: object = None) -> None:
        """Try again at once what could not be filed away."""
        self._retry_at = None
        self._reached = 0

    def _plan(self, message: Fileable) -> None:
        """Note that a file is to be filed away if its folder says so, and its copies with it."""
        plan = self._plans.get(message.folder)
        if plan is None:
            return
        files, names = self._journal.files, self._journal.names
        sent = plan.folder.after_upload is not AfterUpload.KEEP
        refused = plan.folder.after_refusal is AfterRefusal.MOVE
        state = files.state(message.file_id) if sent or refused else None
        if state is State.REFUSED:
            due = [message.file_id] if refused else []
        else:
            due = [message.file_id, *files.copies(message.file_id)] if sent else []
        for file_id in due:
            entry = self._journal.store.entry(file_id)
            container = names.container(entry) if entry is not None else None
            if container is not None:
                # A container is filed once all inside was sent, and stays if any of it was refused.
                entry = container if names.is_done(container) else None
            if entry is not None:
                files.set_filing(entry.file_id, "pending")
                self._choose_target(entry)

    def _choose_target(self, entry: Entry) -> None:
        """Note the target before the file moves, so that a retry on another day finds it there."""
        if plan := self._plans.get(entry.folder):
            target = documents.filing_target(plan.folder, entry, self._clock.wall())
            if target != entry.filing_target:
                self._journal.files.set_filing_target(entry.file_id, target)
        self._due[entry.file_id] = None

    def _submit(self, entry: Entry, plan: Plan) -> None:
        now = self._clock.wall()
        # The event of the move may be faster than its result: then their names are forgotten.
        parts = self._journal.names.parts(entry.folder, entry.path) if is_opened(entry) else {}
        self._workers.read(
            lambda: FilingDone(entry, documents.file_by_settings(plan.folder, entry, now), parts),
            FilingDone(entry, FilingFailed(_UNEXPECTED, passing=True), parts),
        )

    def _note_result(self, message: FilingDone) -> None:
        entry = message.entry
        self._busy.discard(entry.file_id)
        match message.result:
            case Filed(path):
                self._failures, self._published = 0, NOTHING
                self._journal.files.set_filing(entry.file_id, "", path)
                if path != entry.path:
                    self._journal.names.forget(entry.file_id)
                    self._journal.files.move_parts(message.parts, path)
                    if path:
                        self._journal.facts.note_target(path, self._clock.wall())
            case FilingFailed(why, passing):
                filing = "pending" if passing else "failed"
                self._journal.files.set_filing(entry.file_id, filing, why=why)
                if why != self._published:
                    self._published = why
                    self._publish(
                        msg(
                            "An uploaded file could not be filed away. {why} Trying again later.",
                            why=why,
                        )
                        if passing
                        else msg("An uploaded file could not be filed away. {why}", why=why)
                    )
                if passing and self._retry_at is None:
                    delay = min(RETRY_CAP, RETRY_FIRST * 2.0 ** min(self._failures, 10))
                    self._failures += 1
                    self._retry_at = self._clock.tick() + delay


#: Commands at the same time.
PARALLEL: Final = 2


class HookDone(Struct, frozen=True):
    """A command has ended; ``problem`` is NOTHING if it went well."""

    event: str
    file_id: int
    problem: Message


class HookRunner(Stage):
    """Runs the user's commands, a few at a time."""

    def __init__(
        self, context: Context, run: Callable[[Sequence[str], Entry, float], Message]
    ) -> None:
        """``run`` runs a command for a file, for at most some seconds; returns what went wrong."""
        super().__init__(context)
        self._run = run
        self._hooks = Hooks()
        self._starting: list[tuple[str, Entry]] = []
        self._busy: set[int] = set()
        self._published: set[tuple[str, Message]] = set()
        self._is_draining = False

    def handlers(self) -> Handlers:
        """Return the handlers of settings and of commands that have ended."""
        return {
            HookDone: self._note_result,
            Drain: self._drain,
            Stop: self._stop,
        }

    @property
    def running(self) -> int:
        """How many commands run that are waited for: an update waits, a stop ends them."""
        return len(self._busy) if self._is_draining else 0

    def work(self) -> None:
        """Choose what is run next."""
        room = PARALLEL - len(self._busy)
        if not room or self._is_draining or not any(self._hooks.commands.values()):
            return
        self._starting = self._journal.hooks.to_run(room, tuple(self._busy))
        self._busy.update(entry.file_id for _, entry in self._starting)

    def start(self) -> None:
        """Run what was chosen."""
        starting, self._starting = self._starting, []
        for event, entry in starting:
            self._submit(event, entry)

    def configure(self, message: Configure) -> None:
        """Run these commands from now on."""
        super().configure(message)
        self._hooks = message.config.hooks
        self._published.clear()
        commands = self._hooks.commands
        self._journal.hooks.set_events([event for event, command in commands.items() if command])

    def _drain(self, _message: Drain) -> None:
        self._is_draining = True

    def _stop(self, _message: Stop) -> None:
        self._is_draining = False

    def _submit(self, event: str, entry: Entry) -> None:
        seconds = self._hooks.timeout_seconds
        command = self._hooks.commands[event]
        self._workers.run(
            lambda: HookDone(event, entry.file_id, self._run(command, entry, seconds)),
            HookDone(event, entry.file_id, msg("failed unexpectedly; the log has details")),
        )

    def _note_result(self, message: HookDone) -> None:
        """A failure is published once; the log says more."""
        self._busy.discard(message.file_id)
        self._journal.hooks.remove(message.file_id, message.event)
        if message.problem and (message.event, message.problem) not in self._published:
            self._published.add((message.event, message.problem))
            self._publish(
                msg(
                    "The command hooks.{event} {problem}. See the log for details.",
                    event=message.event,
                    problem=message.problem,
                )
            )


#: Seconds from the start to the first step of pruning, and from one step to the next.
FIRST_PRUNING: Final = 300.0
PRUNING_PAUSE: Final = 1.0

DAY: Final = 86400.0


class Retention(Stage):
    """Goes through the journal once a day, and deletes what is not kept any longer."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._history = self._names = 0.0  # seconds for which they are kept
        self._reached = 0
        self._due = self._clock.tick() + FIRST_PRUNING

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
        self._due = tick + (PRUNING_PAUSE if self._reached else DAY)

    def next_due(self) -> float:
        """When the next step is made."""
        return self._due

    def configure(self, message: Configure) -> None:
        """Keep what these settings say; what is not kept any longer goes soon."""
        super().configure(message)
        config, before = message.config, (self._history, self._names)
        self._history = config.history_days * DAY
        self._names = config.names_days * DAY if config.keep_names else 0.0
        if self._history < before[0] or self._names < before[1] or not config.keep_names:
            self._reached = 0
            self._due = self._clock.tick()
