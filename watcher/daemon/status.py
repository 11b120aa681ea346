"""How things are, made anew when something has changed, and told to whoever listens.

Nothing is done while nothing changes. What changes quickly is told a few times a second, and no
more often than costs a small part of the machine's time.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from watcher.daemon.clock import next_day
from watcher.i18n.message import NOTHING
from watcher.journal.reader import Reader
from watcher.model.errors import JournalError
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, OPEN
from watcher.model.snapshot import ActiveHold, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.daemon.clock import RealClock
    from watcher.i18n.message import Message
    from watcher.model.snapshot import Watched

_log = logging.getLogger(__name__)


#: Seconds from one snapshot to the next at the least, and how many times as long as making it.
_PAUSE: Final = 0.25


_SHARE: Final = 20


#: How many files a snapshot names.
_RECENT: Final = 10


_ATTENTION: Final = 30


#: States in which something is about to happen by itself, and in which nothing more is to happen.
_BUSY: Final = OPEN - {State.HELD}


_THROUGH: Final = ARRIVED | {State.REFUSED, State.DUPLICATE, State.IGNORED, State.GONE}


class Progress:
    """How many files are through since there was nothing to do last."""

    def __init__(self) -> None:
        self._base: int | None = None

    def look(self, counts: Mapping[State, int]) -> tuple[int, int]:
        """(done, total) of the work that goes on; zeros when there is none."""
        busy = sum(counts.get(state, 0) for state in _BUSY)
        through = sum(counts.get(state, 0) for state in _THROUGH)
        if not busy or self._base is None or through < self._base:  # old history goes, too
            self._base = through
        done = through - self._base
        return (done, done + busy) if busy else (0, 0)


class Snapshots:
    """Makes snapshots, on a thread of its own once somebody listens. Used by all threads."""

    def __init__(self, journal: str, clock: RealClock, frame: Callable[[], Snapshot]) -> None:
        """``frame`` gives what is known without the journal, which is at ``journal``."""
        self._journal = journal
        self._clock = clock
        self._frame = frame
        self._progress = Progress()
        self._reader: Reader | None = None
        self._file: tuple[int, int] | None = None  # the journal's, to notice a new one
        self._making = threading.Lock()
        self._dirty = threading.Event()  # the latest one is of before a change
        self._dirty.set()
        self._untold = threading.Event()  # so it is for listeners, whoever has asked meanwhile
        self._latest = Snapshot()
        self._listeners: list[Callable[[Snapshot], None]] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def touch(self) -> None:
        """Something may have changed."""
        for flag in (self._dirty, self._untold):
            if not flag.is_set():  # to set it again would take a lock, for every file's steps
                flag.set()

    def latest(self) -> Snapshot:
        """How things are now."""
        with self._making:
            if self._dirty.is_set():
                self._dirty.clear()
                self._make()
            return self._latest

    def subscribe(self, listener: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Have ``listener`` called with how things are, now and whenever that has changed.

        On a thread of its own. Gives what ends it.
        """
        with self._making:
            self._listeners.append(listener)
            self.touch()  # it is told at once, also where others have been listening
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
                self._thread.start()
        return lambda: self._listeners.remove(listener)

    def stop(self) -> None:
        """End the thread, and close the journal."""
        self._stopping.set()
        self._untold.set()
        if self._thread is not None:
            self._thread.join(5.0)
        with self._making:
            self._close()

    # -- inside

    def _run(self) -> None:
        told: dict[int, Snapshot] = {}
        while True:
            self._untold.clear()
            if self._stopping.is_set():
                return
            started = time.perf_counter()
            latest = self.latest()
            took = time.perf_counter() - started
            for listener in tuple(self._listeners):
                before = told.get(id(listener))
                if before is None or replace(before, at=latest.at) != latest:
                    told[id(listener)] = latest
                    self._tell(listener, latest)
            self._stopping.wait(max(_PAUSE, _SHARE * took))
            now = self._clock.wall()
            if not self._untold.wait(max(1.0, next_day(now) - now)):  # "today" is another day
                self._dirty.set()

    @staticmethod
    def _tell(listener: Callable[[Snapshot], None], latest: Snapshot) -> None:
        try:
            listener(latest)
        except Exception:  # noqa: BLE001 - one that fails must not keep the others from hearing
            _log.exception("a listener has failed")

    def _make(self) -> None:
        frame = self._frame()
        try:
            self._latest = self._read(frame)
        except (JournalError, ValueError) as error:  # gone, damaged, or closed under our hands
            _log.info("the journal cannot be read for the moment: %s", error)
            self._close()
            self._latest = replace(
                frame, at=self._clock.wall(), paused_until=self._latest.paused_until,
                snoozed_until=self._latest.snoozed_until,
                counts=self._latest.counts, recent=self._latest.recent,
                attention=self._latest.attention, holds=self._latest.holds,
            )  # fmt: skip

    def _read(self, frame: Snapshot) -> Snapshot:
        reader = self._open()
        now = self._clock.wall()
        counts = reader.counts()
        done, total = self._progress.look(counts)
        return replace(
            frame,
            at=now,
            paused_until=reader.paused_until(),
            snoozed_until=reader.snoozed_until(),
            done=done,
            total=total,
            today=reader.arrived_on(time.strftime("%Y-%m-%d", time.localtime(now))),
            counts=counts,
            recent=tuple(reader.recent(_RECENT)),
            attention=tuple(reader.attention(_ATTENTION)),
            holds=tuple(ActiveHold(key, why, files) for key, why, files in reader.held()),
        )

    def _open(self) -> Reader:
        """The journal, opened anew if another one has taken its place."""
        try:
            found = os.stat(self._journal)
            file = (found.st_dev, found.st_ino)
        except OSError:
            file = None
        if self._reader is None or file != self._file:
            self._close()
            self._reader, self._file = Reader(self._journal), file
        return self._reader

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def watched_now(
    watched: Mapping[str, Watched], problems: Mapping[str, Message]
) -> tuple[Watched, ...]:
    """The watched folders, each with what is wrong with it now."""
    return tuple(
        replace(each, problem=problems.get(path, NOTHING)) for path, each in watched.items()
    )
