"""What the log has of a run: enough to see what went wrong, and nobody's name.

Files are told by their numbers in the journal, folders by theirs in the configuration, sources by
the beginning of their keys. Paths, and what somebody else's words may hold, are for debug only.
"""

from __future__ import annotations

import logging
import platform
import re
from typing import TYPE_CHECKING, Final

from watcher import __version__, view
from watcher.model import Entry, FolderState, ScanEnded, State
from watcher.pipeline import Connection, Pause, Resume, Taken, Woke
from watcher.states import ARRIVED

if TYPE_CHECKING:
    from collections.abc import Collection

_log = logging.getLogger(__name__)
#: Where an upload may end; every other state means that nothing was sent.
_ENDS: Final = frozenset(
    {
        State.ACCEPTED,
        State.PARSED,
        State.WAITING,
        State.HELD,
        State.REFUSED,
        State.UNCERTAIN,
    }
)
_LEVELS: Final = {State.HELD: logging.WARNING, State.REFUSED: logging.WARNING}
#: Our own words come before a colon, and HrFlow's behind it, which may quote anything.
_QUOTED: Final = re.compile(r":.*", re.DOTALL)


class Diary:
    """Hears what :class:`watcher.app.core.App` tells, on one thread, and logs it."""

    def __init__(self) -> None:
        self._folders: dict[str, int] = {}
        self._begun: dict[int, float] = {}  # file → when its upload began
        self._held: set[tuple[str, str]] = set()  # account and source key

    def begin(self, folders: int, accounts: int) -> None:
        """The program starts."""
        python, system = platform.python_version(), f"{platform.system()} {platform.release()}"
        _log.info(
            "hrflow-watcher %s starts with %d folders, %d accounts; Python %s on %s",
            __version__, folders, accounts, python, system,
        )  # fmt: skip

    def arm(self, folders: Collection[str]) -> None:
        """Folders have these numbers from now on, from 1 in this order."""
        self._folders = {path: number for number, path in enumerate(folders, 1)}

    def obey(self, order: object) -> None:
        """Somebody wants something of the pipeline. On any thread."""
        match order:
            case Resume():
                _log.info("what waits is to be tried again now")
            case Pause(0):
                _log.info("uploads are to go on")
            case Pause(until):
                _log.info("uploads are to pause until %s", until)  # seconds since 1970
            case _:
                pass

    def hear(self, news: object) -> None:
        """Log it, if it is worth a line."""
        match news:
            case Entry():
                self._hear_of_file(news)
            case FolderState(folder, ""):
                _log.info("folder %s is watched", self._number(folder))
            case FolderState(folder, problem):
                _log.warning("folder %s cannot be watched", self._number(folder))
                _log.debug("folder %s: %s", self._number(folder), problem)
            case ScanEnded():
                _log.info(
                    "folder %s was looked through (%s): %d files, %d new, %.1f s",
                    self._number(news.folder), news.reason, news.files, news.new, news.seconds,
                )  # fmt: skip
            case Connection(0):
                _log.info("HrFlow can be reached again")
            case Connection():
                _log.warning("HrFlow cannot be reached")
            case Taken(files=files):
                _log.info("%d files that were there before are looked at, as asked for", files)
            case Woke(set_by):
                _log.info("the machine has slept, or its clock was set (by %.0f s)", set_by)
            case str():
                _log.debug("%s", news)
            case _:
                pass

    def _number(self, folder: str) -> int | str:
        return self._folders.get(folder, "?")

    def _hear_of_file(self, entry: Entry) -> None:
        if entry.state is State.UPLOADING:
            self._begun[entry.file_id] = entry.changed_at
            return
        begun = self._begun.pop(entry.file_id, None)
        if begun is not None and entry.state in _ENDS:
            self._log_end(entry, max(0.0, entry.changed_at - begun))
        elif entry.state is State.REFUSED:
            _log.info("file %d is not sent: refused, %s", entry.file_id, _content(entry))
        _log.debug("file %d: %s %s", entry.file_id, entry.state, entry.why)

    def _log_end(self, entry: Entry, seconds: float) -> None:
        why = "" if entry.state in ARRIVED else _QUOTED.sub("", entry.why)
        _log.log(
            _LEVELS.get(entry.state, logging.INFO),
            "upload of file %d: %s after %.2f s (%s, source %s, attempt %d)%s",
            entry.file_id, entry.state, seconds, _content(entry), view.short(entry.source_key),
            max(1, entry.attempt), f": {why}" if why else "",
        )  # fmt: skip
        way = (entry.account, entry.source_key)
        if entry.state is State.HELD:
            if way not in self._held:
                _log.warning("uploads to source %s are held: %s", view.short(way[1]), why)
            self._held.add(way)
        elif entry.state in (State.ACCEPTED, State.PARSED, State.REFUSED) and way in self._held:
            self._held.discard(way)
            _log.info("uploads to source %s are held no longer", view.short(way[1]))


def _content(entry: Entry) -> str:
    return f"{view.size(entry.stat.size)}, {entry.media_type or 'of an unknown type'}"
