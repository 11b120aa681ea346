"""The program's status: snapshots, made when something has changed, for all who subscribe.

Nothing is done while nothing changes. Quick changes give a few snapshots a second, and no more
than take a small part of the machine's time.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from watcher.daemon.state_folder import open_reader
from watcher.journal.follow_ups import FollowUps
from watcher.journal.reader import Reader
from watcher.model.errors import JournalError
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, OPEN
from watcher.model.snapshot import Snapshot
from watcher.system.clock import next_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.state_folder import Places
    from watcher.system.clock import RealClock

_log = logging.getLogger(__name__)

#: The shortest pause between two snapshots: in seconds, and as a multiple of what one takes.
_PAUSE: Final = 0.25
_SHARE: Final = 20

#: Seconds after which the clock is read again while a listener waits, as it may have been set.
_LONGEST_WAIT: Final = 3600.0

#: How many files a snapshot names.
_RECENT: Final = 10
_ATTENTION: Final = 30

#: States of files that are being worked on, and of those that are processed.
_BUSY: Final = OPEN - {State.HELD}
_PROCESSED: Final = ARRIVED | {State.REFUSED, State.DUPLICATE, State.IGNORED, State.GONE}


def source_names(where: Places) -> Mapping[tuple[str, str], str]:
    """Return the names of sources by account and source key, as far as HrFlow has told them."""
    try:
        with open_reader(where) as reader:
            sources = FollowUps(reader).sources() if reader else {}
    except JournalError as error:  # their keys are shown instead
        _log.info("the names of sources are not known: %s", error.title)
        return {}
    return {key: facts.name for key, (facts, _) in sources.items() if facts.name}


def _ahead(moment: float, now: float) -> float:
    """Return a moment that is still to come, else 0."""
    return moment if moment > now else 0.0


class Progress:
    """Counts the files that were processed since there was last nothing to do."""

    def __init__(self) -> None:
        self._base: int | None = None

    def update(self, counts: Mapping[State, int]) -> tuple[int, int]:
        """Return (done, total) of the work under way; zeros if there is none."""
        busy = sum(counts.get(state, 0) for state in _BUSY)
        processed = sum(counts.get(state, 0) for state in _PROCESSED)
        if not busy or self._base is None or processed < self._base:  # old history is deleted, too
            self._base = processed
        done = processed - self._base
        return (done, done + busy) if busy else (0, 0)


#: Is called with a snapshot; returns when it wants to be called again though nothing has changed,
#: in seconds since 1970 (inf or None for never).
Listener = Callable[[Snapshot], float | None]


def _call(listener: Listener, latest: Snapshot) -> float:
    try:
        due = listener(latest)
    except Exception:  # noqa: BLE001 - the others must be called
        _log.exception("a listener failed")
        return math.inf
    return math.inf if due is None else due


class Snapshots:
    """Makes snapshots, on a thread of its own once there is a listener. Used by all threads."""

    def __init__(self, journal: str, clock: RealClock, frame: Callable[[], Snapshot]) -> None:
        """``frame`` returns the part that is not in the journal, whose path is ``journal``."""
        self._journal = journal
        self._clock = clock
        self._frame = frame
        self._progress = Progress()
        self._reader: Reader | None = None
        self._file: tuple[int, int] | None = None  # the journal's device and inode
        self._making = threading.Lock()
        self._dirty = threading.Event()  # something has changed since the latest one
        self._dirty.set()
        self._untold = threading.Event()  # something has changed since listeners were called
        self._latest = Snapshot()
        self._listeners: list[Listener] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def touch(self) -> None:
        """Note that something may have changed."""
        for flag in (self._dirty, self._untold):
            if not flag.is_set():  # setting it again takes a lock, for every step of every file
                flag.set()

    def latest(self) -> Snapshot:
        """Return the current status."""
        with self._making:
            if self._dirty.is_set():
                self._dirty.clear()
                self._make()
            return self._latest

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with the status, now, whenever it has changed, and when it wants to.

        On a thread of its own. Return what ends it.
        """
        with self._making:
            self._listeners.append(listener)
            self.touch()  # so that a further listener is called at once, too
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

    def _run(self) -> None:
        told: dict[Listener, tuple[Snapshot, float]] = {}  # what, and when they want to be called
        while True:
            self._untold.clear()
            if self._stopping.is_set():
                return
            started = time.perf_counter()
            latest = self.latest()
            took = time.perf_counter() - started
            before, told = told, {}
            for listener in tuple(self._listeners):
                seen, due = before.get(listener, (None, 0.0))
                if due <= latest.at or seen is None or replace(seen, at=latest.at) != latest:
                    seen, due = latest, _call(listener, latest)
                told[listener] = seen, due
            self._stopping.wait(max(_PAUSE, _SHARE * took))
            now = self._clock.wall()
            ends = (latest.paused_until, latest.snoozed_until)
            due = min([math.inf, *filter(None, ends), *(due for _, due in told.values())])
            wait = min(due - now, _LONGEST_WAIT) if math.isfinite(due) else math.inf
            if not self._untold.wait(max(0.0, min(wait, next_day(now) - now))):
                self._dirty.set()  # it is time, or "today" is another day

    def _make(self) -> None:
        frame = self._frame()
        try:
            self._latest = self._read(frame)
        except (JournalError, ValueError) as error:  # gone, damaged, or just closed
            _log.info("the journal cannot be read at the moment: %s", error)
            self._close()
            now = self._clock.wall()
            self._latest = replace(
                frame, at=now, paused_until=_ahead(self._latest.paused_until, now),
                snoozed_until=_ahead(self._latest.snoozed_until, now),
                counts=self._latest.counts, recent=self._latest.recent,
                attention=self._latest.attention, holds=self._latest.holds,
            )  # fmt: skip

    def _read(self, frame: Snapshot) -> Snapshot:
        reader = self._open()
        now = self._clock.wall()
        counts = reader.counts()
        # A download may go on for hours, and nothing is to be done for it meanwhile.
        unread = counts.get(State.NOTICED, 0) - reader.put_off(now)
        done, total = self._progress.update({**counts, State.NOTICED: unread})
        return replace(
            frame,
            at=now,
            paused_until=_ahead(reader.paused_until(), now),
            snoozed_until=_ahead(reader.snoozed_until(), now),
            done=done,
            total=total,
            today=reader.arrived_on(time.strftime("%Y-%m-%d", time.localtime(now))),
            counts=counts,
            recent=tuple(reader.recent(_RECENT)),
            attention=tuple(reader.attention(_ATTENTION)),
            holds=tuple(reader.held()),
        )

    def _open(self) -> Reader:
        """Return the journal's reader, a new one if another journal has taken its place."""
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
