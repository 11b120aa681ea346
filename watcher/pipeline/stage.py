"""What a stage of the pipeline is, and what all stages share: journal, clock, threads, HrFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from watcher.journal.writer import Journal
    from watcher.model.files import Document, Sniffed
    from watcher.model.follow_ups import Candidates, Search, SourceFacts
    from watcher.model.settings import Folder
    from watcher.model.uploads import (
        Finding,
        Job,
        Outcome,
        Route,
        Skip,
        Unknown,
        Unreadable,
        Wait,
    )


class Clock(Protocol):
    """Time and chance."""

    def wall(self) -> float:
        """Seconds since 1970; may jump when the clock is set."""
        ...

    def tick(self) -> float:
        """Seconds that never go back, and go on while the machine sleeps."""
        ...

    def jitter(self) -> float:
        """A random number, 0 ≤ x < 1."""
        ...


class Workers(Protocol):
    """Threads for what may block; they post the result back to the pipeline as a message.

    ``failed`` makes that message from an unexpected exception, whose traceback is logged.
    """

    def read(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` on one of the few threads that read and move files."""
        ...

    def send(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` on one of the threads that talk to HrFlow."""
        ...

    def run(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` on one of the few threads that run the user's own commands."""
        ...


class Transport(Protocol):
    """HrFlow, for all accounts. Each call makes at most one request and never retries."""

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file. Calling it twice sends it twice, under the same reference."""
        ...

    def find(self, job: Job) -> Finding:
        """Ask for the profile with the job's reference."""
        ...

    def search(
        self, account: str, source_key: str, search: Search
    ) -> Candidates | Unknown | Unreadable | Wait:
        """Ask for one page of a source's profiles."""
        ...

    def describe(self, account: str, source_key: str) -> SourceFacts | Unknown | Unreadable | Wait:
        """Ask for a source."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A folder with its rules compiled.

    ``ignored`` gives the pattern that ignores a path below the folder ("" if none), ``accepts``
    whether the content is worth hashing, ``route`` where a document goes. ``is_imported``: the
    folder is not watched; its files were imported and are still to be uploaded.
    """

    folder: Folder
    ignored: Callable[[str], str]
    accepts: Callable[[Sniffed], bool]
    route: Callable[[Document], Route | Skip]
    is_imported: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """What every stage works with.

    ``emit`` hands a message to the stages within the same turn, so that its changes are part of
    the same commit. ``publish`` hands one to the rest of the program, after the commit.
    """

    journal: Journal
    clock: Clock
    workers: Workers
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

    def __init__(self, shared: Shared) -> None:
        self._journal = shared.journal
        self._clock = shared.clock
        self._workers = shared.workers
        self._emit = shared.emit
        self._publish = shared.publish
        #: Folder → its plan, by the settings in force.
        self._plans: Mapping[str, Plan] = {}

    def handlers(self) -> Handlers:
        """Return the handlers of the messages that concern this stage."""
        raise NotImplementedError

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
        """Close the files that are still open."""
