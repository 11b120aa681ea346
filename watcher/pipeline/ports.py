"""What the pipeline needs from the world: who implements these decides how it is done.

Pure descriptions. "May be called twice" is said where it matters after a crash or a time-out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from watcher.i18n.message import Message
    from watcher.model.files import Document, Filed, FilingFailed, Identified, Sniffed, Unusable
    from watcher.model.follow_ups import Candidates, Search, SourceFacts
    from watcher.model.records import Entry, Stat
    from watcher.model.settings import Folder
    from watcher.model.uploads import (
        Altered,
        Finding,
        Job,
        Outcome,
        Route,
        Skip,
        Unknown,
        Unreadable,
        Wait,
    )


class Files(Protocol):
    """Files on disk, below watched folders. Never follows a symbolic link below a folder."""

    def stat(self, folder: str, path: str) -> Stat | Unusable | None:
        """What is at ``path`` now; None if that is no regular file. May be called at any time.

        Unusable if that cannot be told now.
        """
        ...

    def identify(self, plan: Plan, path: str) -> Identified | Unusable:
        """Open, look at and hash a file. May be called again; reads only."""
        ...

    def reopen(self, job: Job) -> BinaryIO | Altered:
        """The job's file, opened again; Altered if it is not the same version any more."""
        ...

    def filing_target(self, plan: Plan, entry: Entry) -> str:
        """The dated directory that a file is moved to; "" if it is not moved.

        It is the one chosen before, unless the settings name another place by now.
        """
        ...

    def file_away(self, plan: Plan, entry: Entry) -> Filed | FilingFailed:
        """Move or trash what has arrived or was refused. May be called again after a crash."""
        ...


class Transport(Protocol):
    """HrFlow, for all accounts. Every call makes one request at the most and never retries."""

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file. Calling it twice sends twice, under the same reference."""
        ...

    def find(self, job: Job) -> Finding:
        """Ask for the profile with the job's reference."""
        ...

    def search(
        self, account: str, source_key: str, search: Search
    ) -> Candidates | Unknown | Unreadable | Wait:
        """One page of a source's profiles, as ``search`` says."""
        ...

    def describe(self, account: str, source_key: str) -> SourceFacts | Unknown | Unreadable | Wait:
        """What HrFlow says of a source."""
        ...


class Workers(Protocol):
    """Threads that do what may block, and hand the result back to the pipeline's inbox.

    ``failed`` makes a result from an exception that nobody foresaw; the traceback is logged.
    """

    def read(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` among the few threads that read and move files."""
        ...

    def send(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` among the threads that talk to HrFlow."""
        ...

    def run(self, work: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """Run ``work`` among the few threads that wait for a person's own commands."""
        ...


class Commands(Protocol):
    """Commands of the person's own."""

    def run(self, command: Sequence[str], entry: Entry, seconds: float) -> Message:
        """Run one for a file; gives what went wrong, "" if nothing did. Ends within ``seconds``.

        May be called again for the same file after a crash.
        """
        ...


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


@dataclass(frozen=True, slots=True)
class Plan:
    """A folder with its rules compiled.

    ``ignored`` gives the pattern that ignores a path below the folder ("" if none), ``accepts``
    whether the content is worth hashing, ``route`` where a document goes. ``is_imported``: the
    folder is not watched, but files of it were promised to be uploaded.
    """

    folder: Folder
    ignored: Callable[[str], str]
    accepts: Callable[[Sniffed], bool]
    route: Callable[[Document], Route | Skip]
    is_imported: bool = False
