"""Which notifications a change of the snapshot is worth, and when there are none.

Pure: the time is an argument.
"""

from __future__ import annotations

import enum
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from watcher.model.kinds import Cause, State
from watcher.model.settings import read_hours
from watcher.present import view
from watcher.present.menu import (
    ACTIVITY,
    ATTENTION,
    SET_UP,
    MenuItem,
    approving,
    cut,
    folder_name,
    ignoring,
    who,
)
from watcher.present.status import (
    active_holds,
    attention_files,
    awaiting_approval,
    broken_folders,
    held_back,
    is_today,
    local_time,
    needing_attention,
    needs_approval,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.i18n.message import Catalog
    from watcher.model.entries import Entry
    from watcher.model.settings import Notifications
    from watcher.model.snapshot import ActiveHold, Snapshot
    from watcher.present.menu import Action

#: Seconds without another refused file after which there is a notification for all of them.
QUIET_SECONDS: Final = 4.0
#: The same if others keep coming.
LONGEST_DELAY: Final = 30.0

#: Seconds between two notifications of refused files.
REPEAT_SECONDS: Final = 600.0

#: Seconds between any two notifications; what comes in between is put into one.
SPACING_SECONDS: Final = 10.0

#: How long to wait for the candidate's name of the first CV, in seconds.
NAME_SECONDS: Final = 60.0

#: Seconds that a problem must last before there is a notification, by what it is.
HELD_SECONDS: Final = 10.0
FOLDER_SECONDS: Final = 60.0
OFFLINE_SECONDS: Final = 900.0

#: This many files at once are a backlog, whose end is worth a notification.
BACKLOG: Final = 25

#: How many files one notification names, and characters of each name.
_NAMED: Final = 3
_NAME_LETTERS: Final = 48
_WHY_LETTERS: Final = 160
_SOLVED_IN_SET_UP: Final = (Cause.CREDENTIAL, Cause.ACCOUNT, Cause.SOURCE)
_ARRIVED: Final = (State.ACCEPTED, State.PARSED)


class Kind(enum.StrEnum):
    """What a notification is about; the settings have a switch of the same name for each."""

    REFUSED = "refused"
    HELD = "held"
    FIRST_SUCCESS = "first_success"
    BACKLOG = "backlog"


#: What leads where several are put into one.
_BY_IMPORTANCE: Final = (Kind.HELD, Kind.REFUSED, Kind.BACKLOG, Kind.FIRST_SUCCESS)


class Notification(Struct, frozen=True):
    """A title of a few words, and a sentence or two; a click on it does ``action``.

    ``buttons`` are for desktops that show any.
    """

    kind: Kind
    title: str
    text: str
    action: Action
    buttons: tuple[MenuItem, ...] = ()


class _Problem(Struct, frozen=True):
    """Something that stops uploads; worth a notification once it has lasted for ``seconds``."""

    key: str
    seconds: float
    notification: Notification


class NotificationTracker:
    """Follows the snapshots and decides on notifications. For one thread."""

    def __init__(self, word: Catalog) -> None:
        self._word = word
        self._begun = False
        self._mark: tuple[float, int] = (0.0, 0)  # of the latest refused file that was seen
        self._refused: dict[int, Entry] = {}  # without a notification yet
        self._refused_first = self._refused_last = 0.0
        self._refused_notified = -math.inf
        self._since: dict[str, float] = {}  # problem → first seen
        self._notified: set[str] = set()  # problems with a notification
        self._arrived = 0
        self._first_arrival = math.inf  # when the first CV arrived, while that is to be shown
        self._shown_at = -math.inf
        self._needy = 0  # files that needed attention at the last look
        # (files, and before it began: arrived, needing attention)
        self._backlog: tuple[int, int, int] | None = None
        self._backlog_end = math.inf
        self.due = math.inf

    def update(
        self, snapshot: Snapshot, wanted: Notifications, silent_until: float, now: float
    ) -> Notification | None:
        """Return the notification for now, if any; call this again when it is ``due``.

        ``silent_until`` is the end of quiet hours or of a snooze; inf if notifications are off.
        """
        arrived = sum(snapshot.counts.get(state, 0) for state in _ARRIVED)
        if not self._begun:  # all that arrived since the program started is new
            self._mark = (snapshot.since, 0)
            self._arrived = arrived - sum(
                each.state in _ARRIVED and each.changed_at > snapshot.since
                for each in snapshot.recent
            )
        problems = tuple(_find_problems(snapshot, self._word))
        self._observe(snapshot, problems, now)
        self._note_arrivals(arrived, now)
        self._needy = attention_files(snapshot)
        if math.isinf(silent_until):
            self._forget()
        is_silent = now < silent_until
        found: list[Notification] = []
        if is_silent or now >= self._shown_at + SPACING_SECONDS:
            found = [*self._first_success(snapshot, now), *self._backlog_over(snapshot, now)]
            if not is_silent:
                found += [*self._refusals(now), *self._lasting(problems, now)]
        switches = {kind: wanted.enabled and getattr(wanted, kind) for kind in Kind}
        shown = _in_one([each for each in found if switches[each.kind]]) if not is_silent else None
        if shown is not None:
            self._shown_at = now
        self.due = self._next_due(problems, silent_until if is_silent else None)
        return shown

    # -- Observing

    def _observe(self, snapshot: Snapshot, problems: Sequence[_Problem], now: float) -> None:
        fresh = [each for each in snapshot.attention if _order(each) > self._mark]
        self._mark = max([self._mark, *map(_order, fresh)])
        listed = {each.file_id for each in snapshot.attention}
        if attention_files(snapshot) <= len(listed):  # otherwise some that need it are not listed
            self._refused = {key: each for key, each in self._refused.items() if key in listed}
        if fresh:
            self._refused_first = self._refused_first if self._refused else now
            self._refused_last = now
            self._refused |= {each.file_id: each for each in fresh}
        keys = {problem.key for problem in problems}
        self._since = {key: self._since.get(key, now) for key in keys}
        self._notified &= keys
        if snapshot.total >= BACKLOG:
            files, arrived, needy = self._backlog or (0, self._arrived, self._needy)
            self._backlog = (max(files, snapshot.total), arrived, needy)
            self._backlog_end = math.inf
        elif self._backlog is not None and not snapshot.total:
            self._backlog_end = min(self._backlog_end, now + QUIET_SECONDS)

    def _note_arrivals(self, arrived: int, now: float) -> None:
        if arrived and not self._arrived:
            self._first_arrival = now
        self._begun, self._arrived = True, max(self._arrived, arrived)

    def _forget(self) -> None:
        """Drop what is pending: notifications are off."""
        self._refused.clear()
        self._notified |= self._since.keys()

    # -- Notifications

    def _first_success(self, snapshot: Snapshot, now: float) -> Iterator[Notification]:
        if math.isinf(self._first_arrival):
            return
        entry = next((each for each in snapshot.recent if each.state in _ARRIVED), None)
        if entry and entry.state is State.ACCEPTED and now < self._first_arrival + NAME_SECONDS:
            return  # its profile, and so the candidate's name, may be known soon
        self._first_arrival = math.inf
        title = self._word("The first CV has been uploaded")
        if entry:
            source = cut(entry.source_name, _NAME_LETTERS) or "HrFlow"
            title = self._word("{person} is now in {source}", person=who(entry), source=source)
        text = self._word("From now on, new files in your folders are uploaded automatically.")
        yield Notification(Kind.FIRST_SUCCESS, title, text, ACTIVITY)

    def _backlog_over(self, snapshot: Snapshot, now: float) -> Iterator[Notification]:
        if self._backlog is None or now < self._backlog_end:
            return
        files, arrived_before, needy_before = self._backlog
        self._backlog, self._backlog_end = None, math.inf
        arrived = self._arrived - arrived_before
        text = self._word.plural(
            "1 file was uploaded.", "{count:count} files were uploaded.", arrived
        )
        needy = attention_files(snapshot)
        files = max(files, arrived + needy - needy_before)  # some were done before all were noticed
        if needy:
            needs = needing_attention(needy, self._word)
            text = self._word("{arrived} {needs}.", arrived=text, needs=needs)
        self._refused.clear()  # they are part of this
        self._refused_notified = now
        title = self._word("All {files:count} files processed", files=files)
        action = ATTENTION if needy else ACTIVITY
        yield Notification(Kind.BACKLOG, title, text, action)

    def _refusals(self, now: float) -> Iterator[Notification]:
        if not self._refused or now < self._refused_due():
            return
        files = list(self._refused.values())
        self._refused.clear()
        self._refused_notified = now
        title = self._word.plural(
            "1 file was not accepted", "{count:count} files were not accepted", len(files)
        )
        text = ", ".join(_name(each) for each in files[:_NAMED])
        if len(files) == 1:
            title = self._word("{file} was not accepted", file=text)
            text = cut(self._word(files[0].why), _WHY_LETTERS)
        elif (more := len(files) - _NAMED) > 0:
            text = self._word("{names} and {files:count} more", names=text, files=more)
        todo = self._word("To retry or ignore, open the activity page.")
        yield Notification(Kind.REFUSED, title, f"{text}\n{todo}", ATTENTION)

    def _refused_due(self) -> float:
        """Return when to notify of refused files: once no more came for a while, and seldom."""
        rest = min(self._refused_last + QUIET_SECONDS, self._refused_first + LONGEST_DELAY)
        return max(rest, self._refused_notified + REPEAT_SECONDS)

    def _lasting(self, problems: Sequence[_Problem], now: float) -> Iterator[Notification]:
        for problem in problems:
            if problem.key in self._notified or now < self._since[problem.key] + problem.seconds:
                continue
            self._notified.add(problem.key)
            yield problem.notification

    def _next_due(self, problems: Sequence[_Problem], silent_until: float | None) -> float:
        """Return when something may be due; ``silent_until`` is None if nothing is silent."""
        dues = [self._backlog_end, self._first_arrival + NAME_SECONDS]
        if silent_until is not None:
            return min(silent_until, *dues)
        dues += [
            self._since[problem.key] + problem.seconds
            for problem in problems
            if problem.key not in self._notified
        ]
        if self._refused:
            dues.append(self._refused_due())
        return max(min(dues), self._shown_at + SPACING_SECONDS)


def _in_one(found: Sequence[Notification]) -> Notification | None:
    """Return the most important one with the titles of the others below its text.

    Its buttons would be taken for those of all.
    """
    if len(found) < 2:
        return found[0] if found else None
    first, *rest = sorted(found, key=lambda each: _BY_IMPORTANCE.index(each.kind))
    text = "\n".join([first.text, *(each.title for each in rest)])
    return replace(first, text=text, buttons=())


def _find_problems(snapshot: Snapshot, word: Catalog) -> Iterator[_Problem]:
    for hold in active_holds(snapshot):
        why = cut(word(hold.why), _WHY_LETTERS)
        title, todo, action = held_back(hold.files, word), "", ATTENTION
        buttons: tuple[MenuItem, ...] = ()
        if needs_approval(hold):
            title = awaiting_approval(hold.files, word, hold.size)
            todo = word("To approve the upload, open the activity page.")
            buttons = _answers(hold, word)
        elif hold.key.partition(":")[0] in _SOLVED_IN_SET_UP:
            todo, action = word("To fix this, open the setup page."), SET_UP
        text = "\n".join(filter(None, (why, todo)))
        said = Notification(Kind.HELD, title, text, action, buttons)
        yield _Problem(hold.key, HELD_SECONDS, said)
    for folder in broken_folders(snapshot):
        text = cut(word(folder.problem), _WHY_LETTERS)
        title = word("{folder} can't be watched", folder=folder_name(folder.path))
        said = Notification(Kind.HELD, title, text, ATTENTION)
        yield _Problem(f"folder:{folder.path}", FOLDER_SECONDS, said)
    if snapshot.offline_since and waiting(snapshot):
        since = local_time(snapshot.offline_since, snapshot.at, word)
        title = word("HrFlow has been unreachable since {time}", time=since)
        if not is_today(snapshot.offline_since, snapshot.at):
            title = word("HrFlow has been unreachable since {day}", day=since)
        text = word.plural(
            "1 file is waiting; it will be uploaded automatically.",
            "{count:count} files are waiting; they will be uploaded automatically.",
            waiting(snapshot),
        )
        said = Notification(Kind.HELD, title, text, ACTIVITY)
        yield _Problem("offline", OFFLINE_SECONDS, said)


def _answers(hold: ActiveHold, word: Catalog) -> tuple[MenuItem, ...]:
    """Return the buttons for files that wait for an approval; more may come before the click."""
    return MenuItem(word("Upload all"), approving(hold)), MenuItem(
        word("Ignore all"), ignoring(hold)
    )


def _order(entry: Entry) -> tuple[float, int]:
    return entry.changed_at, entry.file_id


def _name(entry: Entry) -> str:
    return cut(view.name(entry), _NAME_LETTERS)


# --- Quiet hours ----------------------------------------------------------------------------------


def silent_until(quiet_hours: str, snoozed_until: float, now: float) -> float:
    """Return the end of the current quiet hours or snooze; a past moment if there is neither.

    ``quiet_hours`` like "18:00-08:00", local times; "" for none.
    """
    end = 0.0
    if (hours := read_hours(quiet_hours)) is not None:
        begin, over = hours
        today = datetime.fromtimestamp(now).replace(second=0, microsecond=0)  # noqa: DTZ006 - local
        minute = today.hour * 60 + today.minute
        is_quiet = begin <= minute < over if begin <= over else minute >= begin or minute < over
        if is_quiet:
            # Adding nothing would forget which of the two hours it is when the clock is put back.
            day = today + timedelta(days=1) if over <= minute else today
            end = day.replace(hour=over // 60, minute=over % 60).timestamp()
    return max(end, snoozed_until)
