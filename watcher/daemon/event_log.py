"""The log: what is written to it, read from it, and removed from it.

It tells what went wrong and nobody's name: files are numbers of the journal, folders numbers of the
configuration, sources the beginning of their keys. Paths and the words of others are debug only.
"""

from __future__ import annotations

import glob
import logging
import platform
import re
import time
import unicodedata
from typing import TYPE_CHECKING, BinaryIO, Final

from msgspec import Struct

from watcher import __version__
from watcher.i18n.message import ENGLISH, Message
from watcher.model import snapshot
from watcher.model.entries import Entry
from watcher.model.errors import UnusableError
from watcher.model.files import FolderState, ScanEnded
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED
from watcher.pipeline.messages import (
    ApprovedBelow,
    ClockJump,
    Pause,
    Reachability,
    Resume,
    Uploaded,
)
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from watcher.daemon.state_folder import Places
    from watcher.model.uploads import Job

_log = logging.getLogger(__name__)

#: What went well is in the journal, and a line for each file of a backlog would cost too much.
_LEVELS: Final = {
    State.ACCEPTED: logging.DEBUG,
    State.PARSED: logging.DEBUG,
    State.HELD: logging.WARNING,
    State.REFUSED: logging.WARNING,
}

#: Our own words come before a colon, and HrFlow's, which may quote anything, after it.
_QUOTED: Final = re.compile(r":.*", re.DOTALL)


class EventLog:
    """Logs the events of :class:`watcher.daemon.core.App`, on one thread."""

    def __init__(self) -> None:
        self._folders: dict[str, int] = {}
        self._held: set[tuple[str, str]] = set()  # account and source key

    @property
    def states(self) -> frozenset[State]:
        """The states of files that are worth a line."""
        every = _log.isEnabledFor(logging.DEBUG)
        return frozenset(State) if every else frozenset({State.REFUSED})

    def started(self, folders: int, accounts: int) -> None:
        """Log the start, with versions and the size of the configuration."""
        python, system = platform.python_version(), f"{platform.system()} {platform.release()}"
        _log.info(
            "hrflow-watcher %s starts with %d folders, %d accounts; Python %s on %s",
            __version__, folders, accounts, python, system,
        )  # fmt: skip

    def set_folders(self, folders: Collection[str]) -> None:
        """Number folders from 1 in this order."""
        self._folders = {path: number for number, path in enumerate(folders, 1)}

    def on_command(self, command: object) -> None:
        """Log a command, if it is worth a line. From any thread."""
        match command:
            case Resume():
                _log.info("everything that is waiting is tried again now")
            case Pause(0):
                _log.info("uploads are resumed")
            case Pause(snapshot.UNTIL_RESUMED):
                _log.info("uploads are paused until they are resumed")
            case Pause(until):
                local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(until))
                _log.info("uploads are paused until %s", local)
            case _:
                pass

    def on_event(self, event: object) -> None:
        """Log an event, if it is worth a line."""
        match event:
            case Uploaded():
                self._log_upload(event)
            case Entry():
                self._log_file(event)
            case FolderState(folder, problem):
                self._log_folder(folder, problem)
            case ScanEnded():
                _log.info(
                    "folder %s was scanned (%s): %d files, %d new, %.1f s",
                    self._number(event.folder), event.reason, event.files, event.new, event.seconds,
                )  # fmt: skip
            case Reachability(0):
                _log.info("HrFlow can be reached again")
            case Reachability():
                _log.warning("HrFlow cannot be reached")
            case ApprovedBelow(files=files):
                _log.info("%d files that were there before are imported", files)
            case ClockJump(set_by):
                _log.info("the machine has slept, or its clock was set (by %.0f s)", set_by)
            case Message() | str():
                _log.debug("%s", event)
            case _:
                pass

    def _number(self, folder: str) -> int | str:
        return self._folders.get(folder, "?")

    def _log_folder(self, folder: str, problem: Message) -> None:
        if problem:
            _log.warning("folder %s cannot be watched", self._number(folder))
            _log.debug("folder %s: %s", self._number(folder), problem)
        else:
            _log.info("folder %s is watched", self._number(folder))

    def _log_file(self, entry: Entry) -> None:
        if entry.state is State.REFUSED and not entry.sent_at:
            _log.info("file %d was not sent: refused, %s", entry.file_id, _content(entry))
        _log.debug("file %d: %s %s", entry.file_id, entry.state, entry.why)

    def _log_upload(self, upload: Uploaded) -> None:
        job, state = upload.job, upload.state
        way = (job.account, job.source_key)
        if state in ARRIVED and way not in self._held and not _log.isEnabledFor(logging.DEBUG):
            return
        why = "" if state in ARRIVED else _QUOTED.sub("", str(upload.why))
        _log.log(
            _LEVELS.get(state, logging.INFO),
            "upload of file %d: %s after %.2f s (%s, source %s, attempt %d)%s",
            job.file_id, state, upload.seconds, _content(job), view.short(job.source_key),
            job.attempt + 1, f": {why}" if why else "",
        )  # fmt: skip
        if state is State.HELD:
            if way not in self._held:
                _log.warning("uploads to source %s are held: %s", view.short(way[1]), why)
            self._held.add(way)
        elif state in (State.ACCEPTED, State.PARSED, State.REFUSED) and way in self._held:
            self._held.discard(way)
            _log.info("uploads to source %s are no longer held", view.short(way[1]))


def _content(of: Entry | Job) -> str:
    return f"{ENGLISH.size(of.stat.size)}, {of.media_type or 'of an unknown type'}"


# A log is small: it rotates at 1 MB.

_ERROR: Final = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} (?:ERROR|CRITICAL) \S+: (.*)$", re.MULTILINE
)


class LoggedError(Struct, frozen=True):
    """An error in the log; ``at`` is local time, like ``2026-11-24 10:30:00``."""

    at: str
    text: str


def find_last_error(path: str) -> LoggedError | None:
    """Return the last error in the log; None if there is none, or no log."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = _ERROR.findall(file.read())
    except OSError:  # nothing was logged yet, or it cannot be read: reading the log says so
        return None
    return LoggedError(*found[-1]) if found else None


def last_lines(path: str, number: int) -> list[str]:
    """Return the last lines of the log; UnusableError if there is none yet or it is unreadable."""
    with _open(path) as file:
        lines = file.read().splitlines()
    return [line.decode("utf-8", "replace") for line in lines[max(0, len(lines) - number) :]]


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise UnusableError(
            "There is no log yet.", "It is created when the program runs for the first time."
        ) from None
    except OSError as error:
        raise UnusableError(f"The log {path} can't be read ({error.strerror}).") from error


#: Passes over all logs at most: lines may be written meanwhile, and logs rotate.
_PASSES: Final = 10

#: Bytes of the longest character in UTF-8.
_LONGEST: Final = 4


def scrub_logs(places: Places, words: Collection[str]) -> int:
    """Replace each of ``words`` by asterisks in all logs; return how many files had some.

    Whole words are replaced, not parts of longer ones, and by as many bytes as they had: what a
    running program appends meanwhile is not disturbed.
    """
    wanted = sorted({form for word in words for form in _forms(word)}, key=len, reverse=True)
    touched: set[str] = set()
    for _ in range(_PASSES):
        logs = sorted(glob.glob(glob.escape(places.log) + "*"))
        found = {path for path in logs if _scrub(path, wanted)}
        if not found:
            break
        touched |= found
    return len(touched)


def _forms(word: str) -> Iterator[bytes]:
    """Yield ``word`` in both Unicode forms, as accents may be composed or not."""
    for form in ("NFC", "NFD"):
        if word:
            yield unicodedata.normalize(form, word).encode("utf-8", "surrogateescape")


def _scrub(path: str, words: list[bytes]) -> bool:
    try:
        file = open(path, "r+b")  # noqa: SIM115 - closed below
    except FileNotFoundError:  # it was renamed meanwhile, and is found by its new name
        return False
    with file:
        content = bytearray(file.read())
        spans = [span for word in words for span in _mask(content, word)]
        for start, end in spans:
            file.seek(start)
            file.write(content[start:end])
    return bool(spans)


def _mask(content: bytearray, word: bytes) -> Iterator[tuple[int, int]]:
    """Replace ``word`` by asterisks where it stands alone in ``content``; yield the spans."""
    start = content.find(word)
    while start >= 0:
        end = start + len(word)
        before = content[max(0, start - _LONGEST) : start].decode("utf-8", "ignore")[-1:]
        behind = content[end : end + _LONGEST].decode("utf-8", "ignore")[:1]
        if not (_continues_word(before) or _continues_word(behind)):
            content[start:end] = b"*" * len(word)
            yield start, end
        start = content.find(word, end)


def _continues_word(character: str) -> bool:
    """Return whether a character next to a word is a part of it."""
    return character.isalnum() or bool(character and unicodedata.combining(character))
