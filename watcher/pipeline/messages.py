"""Messages: what the pipeline is asked to do, what it publishes, what its stages tell one another.

The results of workers are defined by the stages that start the work; those of folders and the
webhook in ``watcher.model``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from watcher.i18n.message import msg
from watcher.model.holds import cause_of
from watcher.model.kinds import APPROVABLE, State
from watcher.model.lifecycle import IGNORABLE, Step, retried
from watcher.model.reasons import IGNORED_BY_USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import BinaryIO

    from watcher.i18n.message import Message
    from watcher.journal.writer import Journal
    from watcher.model.entries import Entry
    from watcher.model.files import Candidate, Identified
    from watcher.model.settings import Config
    from watcher.model.uploads import Job, Profile
    from watcher.routing.rules import Plan

# -- commands


class Configure(Struct, frozen=True):
    """Use new settings; ``import_all``: upload existing files without asking."""

    config: Config
    plans: Mapping[str, Plan]
    import_all: bool = False


class Resume(Struct, frozen=True):
    """Try everything again now that is held or waiting."""


class Drain(Struct, frozen=True):
    """Start nothing new, as the program is about to be replaced."""


class Ping(Struct, frozen=True):
    """Publish this message again, once what was posted before it is in the journal.

    It is a sign of life, too. Whoever receives it calls ``answer``.
    """

    answer: Callable[[], object] | None = None


class Stop(Struct, frozen=True):
    """End once everything under way has ended."""


# -- commands that change nothing but the journal, whether a pipeline runs or not


class JournalCommand(Struct, frozen=True):
    """A command that :func:`carry_out` carries out."""


class Pause(JournalCommand, frozen=True):
    """Start no uploads until ``until`` (inf: until resumed); 0 ends a pause."""

    until: float


class Snooze(JournalCommand, frozen=True):
    """Show no notifications until ``until`` (inf: until told otherwise); 0 ends that."""

    until: float


class Retry(JournalCommand, frozen=True):
    """Try files again now that were refused, failed, are held, or were ignored by the user."""

    file_ids: tuple[int, ...]


class Ignore(JournalCommand, frozen=True):
    """Leave files alone for good."""

    file_ids: tuple[int, ...]


class ReleaseHold(JournalCommand, frozen=True):
    """Try everything again now that the cause called ``key`` holds back."""

    key: str


class ApproveBelow(JournalCommand, frozen=True):
    """Upload the files at or below ``path`` that wait for approval."""

    path: str


class Forget(JournalCommand, frozen=True):
    """Delete what is known of files, except for the fingerprints of what was sent."""

    file_ids: tuple[int, ...]


class AddImport(JournalCommand, frozen=True):
    """Upload the files in ``folder``, which is not watched, by these ``settings``.

    It is remembered over restarts. ``settings`` are the text of ``settings.dump_folder``.
    """

    folder: str
    settings: str


class Leave(JournalCommand, frozen=True):
    """Upload nothing more that waits in folders other than ``watched``."""

    watched: frozenset[str]


class NameSources(JournalCommand, frozen=True):
    """Remember the ``names`` of an account's sources, by their keys, as HrFlow told the setup."""

    account: str
    names: Mapping[str, str]


class SetLanguage(JournalCommand, frozen=True):
    """Speak this language with the person; "" for the system's."""

    language: str


#: States of a file whose content counts as sent: its copies stay copies.
_SENT_OR_REFUSED = frozenset({State.REFUSED, State.PARSE_FAILED})


def carry_out(  # noqa: C901 - one case a command
    command: JournalCommand, journal: Journal, now: float
) -> list[object]:
    """Carry out a command; return what is to be published after the commit."""
    match command:
        case Pause(until):
            journal.facts.pause(until)
        case Snooze(until):
            journal.facts.snooze(until)
        case SetLanguage(language):
            journal.facts.set_language(language)
        case NameSources(account, names):
            journal.follow_ups.name_sources(account, names)
        case Retry(file_ids):
            return list(_retry(journal, file_ids, now))
        case Ignore(file_ids):
            _ignore(journal, file_ids, now)
        case ReleaseHold(key):
            is_approval = cause_of(key) in APPROVABLE
            release = journal.approvals.approve if is_approval else journal.holds.release
            release(key, now)
        case ApproveBelow(path):
            return [ApprovedBelow(path, journal.approvals.approve_below(path, now))]
        case AddImport(folder, settings):
            journal.folders.set_imported(folder, settings)
        case Leave(watched):
            journal.folders.set_watched(watched, now)
        case Forget(file_ids):
            return [Forgotten(file_ids, journal.retention.forget(file_ids, now))]
        case _:
            raise TypeError(command)
    return []


def _retry(journal: Journal, file_ids: tuple[int, ...], now: float) -> Iterable[Message]:
    """Try files again; yield a message for each that has to be put back first.

    What could not be parsed goes under a new reference. What is on its way is left alone.
    """
    for entry in journal.store.entries_of(file_ids):
        step = retried(entry, now)
        if step is None:
            continue
        known = journal.names.find(entry.folder, entry.path)
        if known is None or known.file_id != entry.file_id:
            yield msg("{path} no longer exists. Put it back, then retry.", path=entry.path)
            continue
        _keep_in_place(journal, entry)
        journal.files.step(entry.file_id, step, now)


def _ignore(journal: Journal, file_ids: tuple[int, ...], now: float) -> None:
    """Leave files alone, unless they are on their way; a copy of one is sent in its place."""
    for entry in journal.store.entries_of(file_ids):
        if entry.state not in IGNORABLE:
            continue
        _keep_in_place(journal, entry)
        journal.files.step(entry.file_id, Step(State.IGNORED, IGNORED_BY_USER), now)
        if entry.state not in _SENT_OR_REFUSED:
            journal.files.disclaim(entry.file_id, now)
        container = journal.names.container(entry)
        if container is not None and journal.names.is_done(container):
            journal.files.set_filing(container.file_id, "pending")


def _keep_in_place(journal: Journal, entry: Entry) -> None:
    """Do not file away any more what was refused and is now retried or ignored."""
    if not entry.filed_to:
        journal.files.set_filing(entry.file_id, "")


# -- what the pipeline publishes, beside an Entry for each file that has changed


class ApprovedBelow(Struct, frozen=True):
    """An :class:`ApproveBelow` was carried out: ``files`` are looked at now."""

    path: str
    files: int


class Uploaded(Struct, frozen=True):
    """An upload has ended after ``seconds``, and its file has come to ``state``, for ``why``."""

    job: Job
    state: State
    why: Message
    seconds: float


class Forgotten(Struct, frozen=True):
    """A :class:`Forget` was carried out; whether the journal's file was overwritten, too."""

    file_ids: tuple[int, ...]
    is_overwritten: bool


class Pending(Struct, frozen=True):
    """``files`` are noticed and not decided upon; published when that begins and ends."""

    files: int


class Reachability(Struct, frozen=True):
    """HrFlow has been unreachable since ``offline_since``, or can be reached again (0)."""

    offline_since: float


class ClockJump(Struct, frozen=True):
    """The machine has slept, or the clock was set by ``set_by`` seconds (0: it was not)."""

    set_by: float = 0.0


class Committed(Struct, frozen=True):
    """The journal has changed."""


class Drained(Struct, frozen=True):
    """Nothing is under way any more, as a :class:`Drain` asks for."""


# -- what stages tell one another, in the order of a file's journey


class Complete(Struct, frozen=True):
    """A file is complete and was identified."""

    candidate: Candidate
    found: Identified


class Queued(Struct, frozen=True):
    """A file was queued; it can be sent from the handle through which it was read."""

    file_id: int
    handle: BinaryIO


class Arrived(Struct, frozen=True):
    """HrFlow has a file; ``profile`` if it was parsed at once."""

    job: Job
    profile: Profile | None = None


class ProfileFound(Struct, frozen=True):
    """It is known, for certain, which profile HrFlow has made of a file."""

    file_id: int
    key: str


class Fileable(Struct, frozen=True):
    """A file has arrived, was refused, or repeats one that has arrived: it may be filed away."""

    file_id: int
    folder: str
