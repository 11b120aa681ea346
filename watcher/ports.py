"""What the pipeline needs from the world: who implements these decides how it is done.

Pure descriptions. "May be called twice" is said where it matters after a crash or a time-out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from watcher.ports_follow import Questions, ResultsJournal
from watcher.ports_moves import MovedFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import BinaryIO

    from watcher.model import (
        Altered,
        Candidate,
        Cause,
        Document,
        Entry,
        Filed,
        FilingFailed,
        Hold,
        Identified,
        Job,
        Known,
        Outcome,
        Route,
        Skip,
        Sniffed,
        Stat,
        State,
        Unusable,
    )
    from watcher.settings import Folder
    from watcher.states import Step


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

    def file_away(self, plan: Plan, entry: Entry) -> Filed | FilingFailed:
        """Move or trash what has arrived or was refused. May be called again after a crash."""
        ...


class Journal(ResultsJournal, MovedFiles, Protocol):
    """Every file's state. One thread; nothing is on disk before :meth:`commit`.

    A change that ``watcher.states`` does not allow raises JournalError.
    """

    def scanned(self, folder: str) -> bool:
        """Whether a first walk through the folder has ended at some time."""
        ...

    def set_scanned(self, folder: str, now: float) -> None:
        """Note that a walk through the folder has ended."""
        ...

    def reread(self, folder: str, settings: str, now: float, *, former: str = "") -> bool:
        """Have what was not sent routed again if the ``settings`` fingerprint is a new one."""
        ...

    def is_in_doubt(self, file_id: int) -> bool:
        """Whether a file may have been sent while another journal was kept, which was lost."""
        ...

    def is_rebuilt(self) -> bool:
        """Whether this journal takes the place of one that was lost, not long ago."""
        ...

    def find(self, folder: str, path: str) -> Known | None:
        """What is known of the file at ``path``, None if nothing is."""
        ...

    def add(
        self,
        candidate: Candidate,
        stat: Stat,
        now: float,
        state: State,
        cause: str = "",
        why: str = "",
    ) -> int:
        """Note a file, or a new version of one, and give its id. Its history begins here."""
        ...

    def restat(self, file_id: int, candidate: Candidate, stat: Stat) -> None:
        """Note that a file has another size or time, its history going on."""
        ...

    def step(self, file_id: int, step: Step, now: float, cause: str = "") -> None:
        """Change a file's state; JournalError if that step is not allowed from where it is."""
        ...

    def identify(self, file_id: int, document: Document) -> None:
        """Note what a file was found to be."""
        ...

    def address(
        self, file_id: int, route: Route, reference: str, fields: tuple[tuple[str, str], ...]
    ) -> None:
        """Note where a file goes, and with which form fields."""
        ...

    def state(self, file_id: int) -> State | None:
        """A file's state; None if it is not known any more."""
        ...

    def entry(self, file_id: int) -> Entry | None:
        """One file, None if there is no such file."""
        ...

    def entries_of(self, file_ids: Sequence[int]) -> list[Entry]:
        """These files in this order, as far as there are such files."""
        ...

    def count_try(self, file_id: int) -> int:
        """Count one more try to read a file; gives how many there were before."""
        ...

    def claim(self, source_key: str, identity: str, file_id: int) -> int:
        """Make a file the one that sends a content to a source; gives the id of who does.

        ``identity`` is the content's SHA-256, or that of a copy which is sent on purpose.
        """
        ...

    def copies(self, of: int) -> list[int]:
        """The files that repeat the content of a file and are not sent for that."""
        ...

    def set_duplicate(self, file_id: int, of: int) -> None:
        """Note which file has the content that this one repeats."""
        ...

    def disclaim(self, file_id: int, now: float) -> None:
        """A file does not send its content after all: its copies are looked at again."""
        ...

    def recover(self, now: float) -> int:
        """What was being uploaded when the last run ended is uncertain; gives how many files."""
        ...

    def begin_request(self, account: str, now: float) -> int:
        """Note that a request is about to be made; gives its id for :meth:`end_request`."""
        ...

    def end_request(self, request_id: int, now: float) -> None:
        """Note that a request is over."""
        ...

    def recent_requests(self, account: str) -> list[float]:
        """When the last requests of an account ended, 0 for each that never did; some minutes'."""
        ...

    def latest(self) -> float:
        """When something was noted last, by the wall clock of that time; 0 if nothing was."""
        ...

    def shift(self, seconds: float) -> None:
        """The wall clock was set: what is due at a time is due that much later (or earlier)."""
        ...

    def hasten(self, account: str, now: float) -> None:
        """Uploads and questions of an account that wait for another try are due now."""
        ...

    def due_jobs(self, account: str, now: float, limit: int, folders: Collection[str]) -> list[Job]:
        """Up to ``limit`` uploads of ``folders`` that may start, those due longest first."""
        ...

    def uncertain_jobs(self, account: str, now: float, limit: int) -> list[tuple[Job, float]]:
        """Uploads to be asked for, each with the moment since when it is uncertain."""
        ...

    def unread(self, now: float, limit: int, folders: Collection[str]) -> list[Entry]:
        """Files of ``folders`` that are known and not read, those that are due longest first."""
        ...

    def next_due(self, now: float) -> float | None:
        """When the next file or cause comes due after ``now``; None if nothing waits for a time."""
        ...

    def is_held(self, key: str) -> bool:
        """Whether a cause is at work now."""
        ...

    def holds(self) -> list[Hold]:
        """All causes at work now, the oldest first."""
        ...

    def hold(self, cause: Cause, account: str, source_key: str, why: str, now: float) -> str:
        """Keep back everything that ``cause`` concerns; gives the hold's key."""
        ...

    def release(self, key: str, now: float) -> bool:
        """Let go everything that a cause keeps back; False if it keeps nothing back."""
        ...

    def probe(self, hold: Hold, now: float, folders: Collection[str]) -> bool:
        """Let go a file of ``folders`` to find out if the cause is still there; False if none."""
        ...

    def probe_soon(self, key: str, now: float) -> None:
        """Let the next file of a cause find out at once: the one that was to is gone."""
        ...

    def kept(self, key: str) -> int:
        """How many files a cause keeps back."""
        ...

    def keep_existing(self, key: str, why: str, now: float) -> None:
        """Note that files wait for a person's yes, and in which words that is said."""
        ...

    def take_existing(self, key: str, now: float) -> int:
        """Have files read that were there before their folder was watched; gives how many."""
        ...

    def take_below(self, path: str, now: float) -> int:
        """Have files at or below ``path`` read that were there first; gives how many."""
        ...

    def to_file(self, after: int, limit: int) -> list[Entry]:
        """Up to ``limit`` files after id ``after`` that are still to be filed away."""
        ...

    def set_filing(self, file_id: int, filing: str, filed_to: str = "", why: str = "") -> None:
        """Note that a file is to be filed away ("pending"), was ("" and where), or cannot be.

        ``why``: what kept it from being filed away so far.
        """
        ...

    def prune(self, after: int, history_before: float, names_before: float) -> int:
        """Forget what is too old among the next files after id ``after``; gives how far that was.

        0 when all were looked at. History older than the moment ``history_before`` goes, people's
        names that are older than ``names_before``.
        """
        ...

    def prune_rest(self, now: float) -> None:
        """Forget what is not about single files."""
        ...

    def forget(self, file_ids: Sequence[int]) -> None:
        """Forget files altogether but for the fingerprints of what was sent."""
        ...

    def take_changed(self) -> list[int]:
        """The files whose state was changed since the last call, in the order of the changes."""
        ...

    def paused_until(self) -> float:
        """Until when no uploads are started because a person said so; 0 if nobody did."""
        ...

    def pause(self, until: float) -> None:
        """Note until when no uploads are to be started, over restarts; 0 ends a pause."""
        ...

    @property
    def changed(self) -> bool:
        """Whether there are changes that were not committed."""
        ...

    def commit(self) -> bool:
        """Flush all changes to the disk, as one; whether there were any."""
        ...


class Transport(Questions, Protocol):
    """HrFlow, for all accounts. Every call makes one request at the most and never retries."""

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file. Calling it twice sends twice, under the same reference."""
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
    """A watched folder with its rules compiled.

    ``ignored`` gives the pattern that ignores a path below the folder ("" if none), ``accepts``
    whether the content is worth hashing, ``route`` where a document goes.
    """

    folder: Folder
    ignored: Callable[[str], str]
    accepts: Callable[[Sniffed], bool]
    route: Callable[[Document], Route | Skip]
