"""When is a file whole? Decided from what was seen of it, when; no file is touched here.

A file whose writer closed it is whole at once. Where no close is seen (scans, renames, systems
that do not tell) a file is whole once its size *and* time stayed the same for the folder's
``settle_seconds``: copies that preallocate have their size from the start, and writers that
reopen have an old time for a moment. What a scan finds may be looked at before that: where the
system says that nobody has it open for writing, and its end is there, it was closed as well.

``now`` is a clock that never goes back, in seconds, and is what waiting is measured by; ``wall``
is seconds since 1970 and only ever compared with a file's time.
"""

from __future__ import annotations

import enum
import heapq
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from watcher.model.kinds import Sign
from watcher.model.reasons import BEING_WRITTEN, INCOMPLETE

if TYPE_CHECKING:
    from watcher.i18n.message import Message
    from watcher.model.entries import Stat
    from watcher.model.files import Candidate, Identified

#: An empty file waits that many times longer: its writer may only have created it so far.
EMPTY_FACTOR = 10


#: So does a file that breaks off, or that somebody has open, before that is taken as final.
PATIENCE_FACTOR = 10


#: Seconds for which a file is observed before people are shown it: most are complete by then.
SHOWN_AFTER = 10.0


class Settled(enum.Enum):
    """Whether a file can be taken; false only for NO, so ``if settling.observe(…)`` reads well.

    LAST: it was waited for long enough although it looks unfinished (empty, broken off, open
    for writing): what it is now is to be taken as final.
    """

    NO = "no"
    YES = "yes"
    LAST = "last"

    def __bool__(self) -> bool:
        return self is not Settled.NO


class Doubt(enum.Enum):
    """Why a file was put back although it had settled."""

    NONE = "none"
    BROKEN_OFF = "broken off"  # only another content can end this
    BEING_WRITTEN = "being written"  # ends when it is closed
    NO_END = "no end"  # its format has none, and it was written to just now


def doubt_about(found: Identified, rest: float, seconds: float) -> Doubt:
    """Return why a file that was read does not seem to be complete; Doubt.NONE if it does.

    ``rest``: seconds since it was last written; ``seconds``: its folder's ``settle_seconds``.
    """
    document, sniffed = found.document, found.document.sniffed
    if found.being_written:
        return Doubt.BEING_WRITTEN
    if document.container:  # which was complete when it was opened
        return Doubt.NONE
    # What cannot be told may be room that was reserved for a copy still to come, and what may
    # be part of a document belongs to one that is still being saved.
    is_known = sniffed.whole is not False and sniffed.media_type and document.stat.size
    if not is_known or document.may_be_part:
        return Doubt.BROKEN_OFF
    # Of a format without an end only rest tells that its writer does not go on.
    return Doubt.NO_END if sniffed.whole is None and rest < seconds else Doubt.NONE


def reason(doubt: Doubt, stat: Stat) -> Message:
    """Return what people are told about a file that is waited for."""
    return INCOMPLETE if doubt is Doubt.BROKEN_OFF or not stat.size else BEING_WRITTEN


class _Pending(Struct):
    candidate: Candidate  # with the stat that was seen last
    since: float  # when this stat was first seen
    wait: float
    look: float  # when it is to be looked at next: the one entry of the heap that counts
    doubt: Doubt
    tried: bool = False  # it was looked at before its time


class Settling:
    """The files that are being waited for. For one thread.

    A file is not waited for once ``observe`` said that it can be taken. About 500 bytes a file.
    """

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}
        self._looks: list[tuple[float, str]] = []
        #: Since when a file that people are not shown yet has been waited for, the longest first.
        self._unshown: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def observe(
        self,
        candidate: Candidate,
        stat: Stat | None,
        now: float,
        seconds: float,
        *,
        wall: float,
        changed: bool = False,
    ) -> Settled:
        """Say whether the file can be taken, given what it looks like ``now``.

        ``stat`` None: it is not there; it is forgotten. ``changed``: it was taken before and has
        changed since, so a close is not believed (an editor saves again, a scanner reopens).
        To be called for every sign of a file, and for every file that ``due`` names.
        """
        if stat is None or candidate.sign is Sign.REMOVED:
            self.forget(candidate.path)
            return Settled.NO
        known = self._pending.get(candidate.path)
        unseen = known is None or known.candidate.stat != stat
        if stat.size and self._is_closed(candidate, None if unseen else known, changed=changed):
            return self._take(candidate.path, Settled.YES)
        if known is None and stat.size and _is_old(candidate, stat, seconds, wall):
            return self._take(candidate.path, Settled.YES)
        if known is None or unseen:
            known = self._put(candidate, stat, now, _wait(stat, seconds), Doubt.NONE)
        return self._judge(known, stat, now, seconds)

    def defer(
        self,
        candidate: Candidate,
        stat: Stat,
        now: float,
        seconds: float,
        doubt: Doubt = Doubt.BROKEN_OFF,
    ) -> None:
        """Put back a file that had settled but is not whole.

        It is taken again when it changes and settles anew (at once when it is then closed), or
        with ``Settled.LAST`` after ``PATIENCE_FACTOR * seconds`` without a change (``seconds``
        for a format without an end).
        """
        factor = 1 if doubt is Doubt.NO_END else PATIENCE_FACTOR
        self._put(candidate, stat, now, factor * seconds, doubt)

    def try_early(self, path: str) -> bool:
        """Take the one early look at a version of a file; return False if it is of no use or taken.

        A look may prove what waiting only makes likely: that nobody has the file open for writing,
        and that its end is there. If it does not, the file is waited for as before.
        """
        known = self._pending.get(path)
        if known is None or known.tried or known.doubt is not Doubt.NONE:
            return False
        stat = known.candidate.stat
        if stat is None or not stat.size:
            return False
        known.tried = True
        return True

    def due(self, now: float) -> list[Candidate]:
        """The files to be looked at and observed again now; their sign is CHANGED.

        One that is not observed after all is named again when it would have been due next.
        """
        found = []
        while self._looks and self._looks[0][0] <= now:
            look, path = heapq.heappop(self._looks)
            known = self._pending.get(path)
            if known is None or known.look != look:
                continue  # forgotten, or put elsewhere in the heap
            ready = known.since + known.wait
            if ready <= now:
                found.append(known.candidate)
                ready = now + max(known.wait, 1.0)
            self._look_at(known, ready)
        return found

    def to_show(self, now: float) -> list[tuple[Candidate, Message]]:
        """The files that have been waited for so long that people are to be shown why, and why.

        A file that was taken and put back has been waited for all the time. One that is waited
        for even longer may be named again.
        """
        found = []
        while self._unshown:
            path, since = next(iter(self._unshown.items()))
            if since + SHOWN_AFTER > now:
                break
            del self._unshown[path]
            if (known := self._pending.get(path)) and (stat := known.candidate.stat):
                found.append((known.candidate, reason(known.doubt, stat)))
        return found

    def next_due(self) -> float | None:
        """When ``due`` or ``to_show`` may have something to say; None if nothing is waited for."""
        shown = next(iter(self._unshown.values()), float("inf")) + SHOWN_AFTER
        while self._looks:
            look, path = self._looks[0]
            known = self._pending.get(path)
            if known is not None and known.look == look:
                return min(look, shown)
            heapq.heappop(self._looks)
        return None

    def is_waiting(self, path: str) -> bool:
        """Whether ``path`` is waited for."""
        return path in self._pending

    def forget(self, path: str) -> None:
        """Stop waiting for ``path``, if it is waited for, as it was decided upon or is gone."""
        self._unshown.pop(path, None)
        self._stop_waiting(path)

    @staticmethod
    def _is_closed(candidate: Candidate, known: _Pending | None, *, changed: bool) -> bool:
        """Whether a close is to be believed; ``known`` is None for a content not seen before."""
        unproved = known is not None and known.doubt in (Doubt.BROKEN_OFF, Doubt.NO_END)
        return candidate.sign is Sign.CLOSED and not changed and not unproved

    def _judge(self, known: _Pending, stat: Stat, now: float, seconds: float) -> Settled:
        if known.doubt is Doubt.NONE:
            known.wait = _wait(stat, seconds)  # the setting may have changed
        ready = known.since + known.wait
        if now >= ready:
            final = known.doubt is not Doubt.NONE or not stat.size
            return self._take(known.candidate.path, Settled.LAST if final else Settled.YES)
        self._look_at(known, ready)
        return Settled.NO

    def _put(
        self, candidate: Candidate, stat: Stat, now: float, wait: float, doubt: Doubt
    ) -> _Pending:
        candidate = replace(candidate, sign=Sign.CHANGED, stat=stat)
        known = self._pending.get(candidate.path)
        look = known.look if known else float("inf")
        known = _Pending(candidate, now, wait, look, doubt)
        self._pending[candidate.path] = known
        self._unshown.setdefault(candidate.path, now)
        self._look_at(known, now + wait)
        return known

    def _look_at(self, known: _Pending, when: float) -> None:
        if known.look != when:
            known.look = when
            heapq.heappush(self._looks, (when, known.candidate.path))
            self._drop_stale_looks()

    def _take(self, path: str, settled: Settled) -> Settled:
        self._stop_waiting(path)
        return settled

    def _stop_waiting(self, path: str) -> None:
        if self._pending.pop(path, None) is not None:
            self._drop_stale_looks()

    def _drop_stale_looks(self) -> None:
        """Keep the heap from growing by files that change often or come and go."""
        if len(self._looks) > 2 * len(self._pending) + 64:
            self._looks = [(known.look, path) for path, known in self._pending.items()]
            heapq.heapify(self._looks)


def _wait(stat: Stat, seconds: float) -> float:
    return seconds if stat.size else EMPTY_FACTOR * seconds


def _is_old(candidate: Candidate, stat: Stat, seconds: float, wall: float) -> bool:
    """Whether a scan found a file that has been at rest for long enough already."""
    rest = wall - stat.mtime_ns / 1e9
    return candidate.sign is Sign.SCANNED and rest >= max(seconds, 0.0)
