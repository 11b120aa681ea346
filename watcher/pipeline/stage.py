"""What a stage of the pipeline is, and what all stages share: journal, clock, threads, HrFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from watcher.documents import Spool
    from watcher.journal.writer import Journal
    from watcher.model.uploads import Job, Outcome, PageAnswer, ProfileAnswer, Search, SourceAnswer
    from watcher.pipeline.messages import Configure
    from watcher.routing.rules import Plan


class Clock(Protocol):
    """Time and chance."""

    def wall(self) -> float:
        """Seconds since 1970; may jump when the clock is set."""
        ...

    def tick(self) -> float:
        """Seconds that never go back, and go on while the machine sleeps."""
        ...

    def pause(self, seconds: float) -> None:
        """Let other threads run for ``seconds``."""
        ...

    def jitter(self) -> float:
        """A random number, 0 ≤ x < 1."""
        ...


class Workers(Protocol):
    """Threads for what may block; they post the result back to the pipeline as a message.

    ``failed`` is the message for an unexpected exception, whose traceback is logged.
    """

    def read(self, work: Callable[[], object], failed: object) -> None:
        """Run ``work`` on one of the few threads that read and move files."""
        ...

    def send(self, work: Callable[[], object], failed: object) -> None:
        """Run ``work`` on one of the threads that talk to HrFlow."""
        ...

    def run(self, work: Callable[[], object], failed: object) -> None:
        """Run ``work`` on one of the few threads that run the user's own commands."""
        ...


class HrFlow(Protocol):
    """HrFlow, for all accounts. Each call makes at most one request and never retries."""

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file. Calling it twice sends it twice, under the same reference."""
        ...

    def find(self, job: Job) -> ProfileAnswer:
        """Ask for the profile with the job's reference."""
        ...

    def search(self, account: str, source_key: str, search: Search) -> PageAnswer:
        """Ask for one page of a source's profiles."""
        ...

    def describe(self, account: str, source_key: str) -> SourceAnswer:
        """Ask for a source."""
        ...


class Context(Struct, frozen=True):
    """What every stage works with.

    ``spool`` holds copies of documents that are inside other files. ``emit`` hands a message to
    the stages within the same turn, so that its changes are part of the same commit. ``publish``
    hands one to the rest of the program, after the commit.
    """

    journal: Journal
    clock: Clock
    workers: Workers
    spool: Spool
    emit: Callable[[object], None]
    publish: Callable[[object], None]


#: By its type, the method that works on a message.
Handlers = dict[type, "Callable[[Any], None]"]


class Stage:
    """One step of the pipeline. All its methods are called on the pipeline's thread.

    In each turn every message is given to the handlers of its type, then :meth:`work` notes in
    the journal what is to be done next, then the journal is committed, then :meth:`start` does
    it. So whatever has an effect outside is in the journal before it begins.
    """

    def __init__(self, context: Context) -> None:
        self._journal = context.journal
        self._clock = context.clock
        self._workers = context.workers
        self._emit = context.emit
        self._publish = context.publish
        #: Folder → its plan, by the settings in force.
        self._plans: Mapping[str, Plan] = {}

    def configure(self, message: Configure) -> None:
        """Use new settings from now on."""
        self._plans = message.plans

    def handlers(self) -> Handlers:
        """Return the handlers of the messages that concern this stage."""
        return {}

    def work(self) -> None:
        """Choose what to do next and note it in the journal."""

    def start(self) -> None:
        """Start what was chosen; called after the commit."""

    def next_due(self) -> float | None:
        """When :meth:`work` has something to do by time alone, on the clock's ``tick``.

        Asked after every turn, so it must be cheap. None if only a message can bring work.
        """
        return None

    @property
    def running(self) -> int:
        """How many requests are under way, which the end of the program waits for."""
        return 0

    def close(self) -> None:
        """Release what is still held, such as open files."""
