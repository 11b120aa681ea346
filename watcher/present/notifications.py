"""When there is silence: quiet hours of the day, and a snooze.

Pure: the moment is an argument.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from watcher.model.kinds import State
from watcher.present import view
from watcher.present.menu import cut
from watcher.present.status import (
    asks,
    attention_files,
    for_a_yes,
    for_attention,
    held_back,
    is_today,
    keepers,
    local_time,
    no_watch,
    troubled,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from watcher.i18n.message import Catalog
    from watcher.model.records import Entry
    from watcher.model.settings import Notifications
    from watcher.model.snapshot import Snapshot


def silent_until(quiet_hours: str, snoozed_until: float, now: float) -> float:
    """The end of the silence that reigns now, or of none: then a moment that has passed.

    ``quiet_hours`` like "18:00-08:00", local times; "" for none.
    """
    end = 0.0
    if (hours := read_hours(quiet_hours)) is not None:
        begin, over = hours
        today = datetime.fromtimestamp(now).replace(second=0, microsecond=0)  # noqa: DTZ006 - local
        minute = today.hour * 60 + today.minute
        is_quiet = begin <= minute < over if begin <= over else minute >= begin or minute < over
        if is_quiet:
            day = today + timedelta(days=1 if over <= minute else 0)
            end = day.replace(hour=over // 60, minute=over % 60).timestamp()
    return max(end, snoozed_until)


def read_hours(text: str) -> tuple[int, int] | None:
    """Both times in minutes of the day; None for "". ValueError if it is no such text."""
    if not text.strip():
        return None
    first, part, second = text.partition("-")
    if not part:
        raise ValueError(text)
    begin, over = _minutes(first), _minutes(second)
    if begin == over:
        raise ValueError(text)
    return begin, over


def _minutes(text: str) -> int:
    moment = datetime.strptime(text.strip(), "%H:%M")  # noqa: DTZ007 - a time of day alone
    return moment.hour * 60 + moment.minute


#: Seconds without another refused file after which those that came are told, and how long at most.
REST: Final = 4.0


LONGEST: Final = 30.0


#: Seconds before refused files are told again.
AGAIN: Final = 600.0


#: Seconds that something must keep uploads back before it is told, by what it is.
HELD_SECONDS: Final = 10.0


FOLDER_SECONDS: Final = 60.0


OFFLINE_SECONDS: Final = 900.0


#: As many files at once are a backlog, whose end is worth a message.
BACKLOG: Final = 25


#: Names that stand in one message, and letters of each.
_NAMED: Final = 3


_NAME_LETTERS: Final = 48


_WHY_LETTERS: Final = 160


_OFFLINE: Final = "offline"


_ARRIVED: Final = (State.ACCEPTED, State.PARSED)


class Kind(enum.StrEnum):
    """What a message is about; the settings have a switch of the same name for each."""

    REFUSED = "refused"
    HELD = "held"
    FIRST_SUCCESS = "first_success"
    BACKLOG = "backlog"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: a title of a few words, and a sentence or two."""

    kind: Kind
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Something that keeps uploads back: told when it lasts for ``seconds``."""

    key: str
    title: str
    text: str
    seconds: float


class Notices:
    """Sees how things change and says what to tell. One thread."""

    def __init__(self, word: Catalog) -> None:
        self._word = word
        self._begun = False
        self._mark: tuple[float, int] = (0.0, 0)  # of the latest file that was seen refused
        self._refused: dict[int, Entry] = {}  # those that are not told yet
        self._refused_first = self._refused_last = 0.0
        self._refused_told = -math.inf
        self._since: dict[str, float] = {}  # trouble → seen first
        self._told: set[str] = set()  # trouble that was told
        self._arrived = 0
        self._backlog: tuple[int, int] | None = None  # (files, arrived before it began)
        self._backlog_end = math.inf
        self.due = math.inf

    def look(
        self, snapshot: Snapshot, wanted: Notifications, silent_until: float, now: float
    ) -> list[Notice]:
        """What to tell now. Afterwards ``due`` says when to look again at the latest.

        ``silent_until`` is the end of quiet hours or of a snooze; inf for none at all.
        """
        arrived = sum(snapshot.counts.get(state, 0) for state in _ARRIVED)
        if not self._begun:  # what came since the program began is news, whenever it is looked
            self._mark = (snapshot.since, 0)
            self._arrived = arrived - sum(
                each.state in _ARRIVED and each.changed_at > snapshot.since
                for each in snapshot.recent
            )
        self._see(snapshot, now)
        is_silent = now < silent_until
        found = [*self._first(arrived), *self._backlog_over(snapshot, now)]
        if math.isinf(silent_until):
            self._forget()
        if not is_silent:
            found += [*self._refusals(now), *self._troubles(snapshot, now)]
        self.due = min(silent_until if is_silent else self._next(snapshot), self._backlog_end)
        switches = {kind: wanted.enabled and getattr(wanted, kind) for kind in Kind}
        return [] if is_silent else [notice for notice in found if switches[notice.kind]]

    # -- what is seen

    def _see(self, snapshot: Snapshot, now: float) -> None:
        fresh = [each for each in snapshot.attention if _order(each) > self._mark]
        self._mark = max([self._mark, *map(_order, fresh)])
        listed = {each.file_id for each in snapshot.attention}
        if attention_files(snapshot) <= len(listed):  # otherwise more than are listed need it
            self._refused = {key: each for key, each in self._refused.items() if key in listed}
        if fresh:
            self._refused_first = self._refused_first if self._refused else now
            self._refused_last = now
            self._refused |= {each.file_id: each for each in fresh}
        keys = {trouble.key for trouble in self._all_troubles(snapshot)}
        self._since = {key: self._since.get(key, now) for key in keys}
        self._told &= keys
        if snapshot.total >= BACKLOG:
            files, arrived = self._backlog or (0, self._arrived)
            self._backlog, self._backlog_end = (max(files, snapshot.total), arrived), math.inf
        elif self._backlog is not None and not snapshot.total:
            self._backlog_end = min(self._backlog_end, now + REST)

    def _forget(self) -> None:
        """Nothing is wanted at all: what was not told never will be."""
        self._refused.clear()
        self._told |= self._since.keys()

    # -- what is told

    def _first(self, arrived: int) -> Iterator[Notice]:
        if arrived and not self._arrived:
            yield Notice(
                Kind.FIRST_SUCCESS,
                self._word("The first CV has arrived"),
                self._word("From now on every file in your folders goes to HrFlow by itself."),
            )
        self._begun, self._arrived = True, max(self._arrived, arrived)

    def _backlog_over(self, snapshot: Snapshot, now: float) -> Iterator[Notice]:
        if self._backlog is None or now < self._backlog_end:
            return
        files, before = self._backlog
        self._backlog, self._backlog_end = None, math.inf
        arrived = self._arrived - before
        text = self._word.plural("1 has arrived.", "{count:count} have arrived.", arrived)
        if needy := attention_files(snapshot):
            needs = for_attention(needy, self._word)
            text = self._word("{arrived} {needs}.", arrived=text, needs=needs)
        self._refused.clear()  # it is told here
        self._refused_told = now
        title = self._word("All {files:count} files are through", files=files)
        yield Notice(Kind.BACKLOG, title, text)

    def _refusals(self, now: float) -> Iterator[Notice]:
        if not self._refused or now < self._refused_due():
            return
        files = list(self._refused.values())
        self._refused.clear()
        self._refused_told = now
        title = self._word.plural(
            "1 file was not accepted", "{count:count} files were not accepted", len(files)
        )
        if len(files) == 1:
            why = cut(self._word(files[0].why), _WHY_LETTERS)
            text = self._word("{file}: {why}", file=_name(files[0]), why=why)
            yield Notice(Kind.REFUSED, title, text)
            return
        text = ", ".join(_name(each) for each in files[:_NAMED])
        if (more := len(files) - _NAMED) > 0:
            text = self._word("{names} and {files:count} more", names=text, files=more)
        yield Notice(Kind.REFUSED, title, text)

    def _refused_due(self) -> float:
        """When refused files are told: once no more came for a while, and seldom."""
        rest = min(self._refused_last + REST, self._refused_first + LONGEST)
        return max(rest, self._refused_told + AGAIN)

    def _troubles(self, snapshot: Snapshot, now: float) -> Iterator[Notice]:
        for trouble in self._all_troubles(snapshot):
            if trouble.key in self._told or now < self._since[trouble.key] + trouble.seconds:
                continue
            self._told.add(trouble.key)
            yield Notice(Kind.HELD, trouble.title, trouble.text)

    def _all_troubles(self, snapshot: Snapshot) -> Iterable[_Trouble]:
        word = self._word
        for kept in keepers(snapshot):
            title = held_back(kept.files, word)
            if asks(kept):
                title = for_a_yes(kept.files, word)
            why = cut(word(kept.why), _WHY_LETTERS)
            yield _Trouble(kept.key, title, why, HELD_SECONDS)
        for folder in troubled(snapshot):
            text = cut(word(folder.problem), _WHY_LETTERS)
            title = no_watch(1, word)
            yield _Trouble(f"folder:{folder.path}", title, text, FOLDER_SECONDS)
        if snapshot.offline_since and waiting(snapshot):
            since = local_time(snapshot.offline_since, snapshot.at, word)
            title = word("HrFlow cannot be reached since {time}", time=since)
            if not is_today(snapshot.offline_since, snapshot.at):
                title = word("HrFlow cannot be reached since {day}", day=since)
            text = word.plural(
                "1 file is waiting; it will be uploaded automatically.",
                "{count:count} files are waiting; they will be uploaded automatically.",
                waiting(snapshot),
            )
            yield _Trouble(_OFFLINE, title, text, OFFLINE_SECONDS)

    def _next(self, snapshot: Snapshot) -> float:
        dues = [
            self._since[trouble.key] + trouble.seconds
            for trouble in self._all_troubles(snapshot)
            if trouble.key not in self._told
        ]
        return min([math.inf, *dues, *([self._refused_due()] if self._refused else [])])


def _order(entry: Entry) -> tuple[float, int]:
    return entry.changed_at, entry.file_id


def _name(entry: Entry) -> str:
    return cut(view.name(entry), _NAME_LETTERS)
