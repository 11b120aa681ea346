"""How things are: in one word, in one line, and as plain values for the page.

Pure. The icon, the page and the commands all ask here, so that they cannot disagree.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from watcher.model.kinds import Cause
from watcher.model.snapshot import Mood
from watcher.present.listing import row
from watcher.present.view import Group, count

if TYPE_CHECKING:
    from watcher.i18n.message import Catalog
    from watcher.model.snapshot import Kept, Snapshot, Watched


def mood(snapshot: Snapshot) -> Mood:
    """The one word for everything; what comes first in :class:`Mood` wins."""
    if not snapshot.is_set_up:
        return Mood.NOT_SET_UP
    if snapshot.paused_until > snapshot.at:
        return Mood.PAUSED
    if attention_files(snapshot) or keepers(snapshot) or troubled(snapshot):
        return Mood.ATTENTION
    if snapshot.offline_since:
        return Mood.OFFLINE
    return Mood.WORKING if on_the_way(snapshot) else Mood.IDLE


def attention_files(snapshot: Snapshot) -> int:
    """How many files somebody has to look at."""
    return max(count(snapshot.counts, Group.ATTENTION), len(snapshot.attention))


def keepers(snapshot: Snapshot) -> tuple[Kept, ...]:
    """The causes that keep files back, or would; one that asks for a yes only if files wait."""
    return tuple(kept for kept in snapshot.kept if kept.files or not asks(kept))


def troubled(snapshot: Snapshot) -> tuple[Watched, ...]:
    """The folders with which something is wrong."""
    return tuple(folder for folder in snapshot.watched if folder.problem)


def on_the_way(snapshot: Snapshot) -> int:
    """How many files are still to come through, of those that work began with."""
    return max(0, snapshot.total - snapshot.done)


def waiting(snapshot: Snapshot) -> int:
    """How many files wait to be sent."""
    return count(snapshot.counts, Group.WAITING)


def headline(snapshot: Snapshot, word: Catalog) -> str:
    """All in one line, like "Up to date · 12 today" or "Offline since 14:02 · 5 waiting"."""
    match mood(snapshot):
        case Mood.NOT_SET_UP:
            if snapshot.remarks:
                return word("The configuration has mistakes")
            return word("Not set up yet")
        case Mood.PAUSED | Mood.OFFLINE:
            return joined(obstacles(snapshot, word)[0], _waiting(snapshot, word))
        case Mood.ATTENTION:
            return joined(_needs(snapshot, word), _progress(snapshot, word))
        case Mood.WORKING:
            return _progress(snapshot, word)
        case Mood.IDLE:
            today = word("{files:count} today", files=snapshot.today) if snapshot.today else ""
            return joined(word("Up to date"), today)


def obstacles(snapshot: Snapshot, word: Catalog) -> list[str]:
    """What keeps uploads from going, the strongest first: a pause, no connection, a cause."""
    found = []
    if snapshot.paused_until > snapshot.at:
        found.append(_paused(snapshot, word))
    if snapshot.offline_since:
        found.append(_offline(snapshot, word))
    if held := [kept for kept in keepers(snapshot) if not asks(kept)]:
        found.append(held_back(sum(kept.files for kept in held), word))
    return found


def end_of_pause(snapshot: Snapshot) -> float | None:
    """When a pause ends by itself; None without one, or if it never does."""
    until = snapshot.paused_until
    return until if until > snapshot.at and not math.isinf(until) else None


def joined(*parts: str) -> str:
    """The parts that say something, in one line."""
    return " · ".join(part for part in parts if part)


def _paused(snapshot: Snapshot, word: Catalog) -> str:
    if math.isinf(snapshot.paused_until):
        return word("Paused")
    until, now = snapshot.paused_until, snapshot.at
    if is_today(until, now):
        return word("Paused until {time}", time=local_time(until, now, word))
    return word("Paused until {day}", day=local_time(until, now, word))


def _offline(snapshot: Snapshot, word: Catalog) -> str:
    since, now = snapshot.offline_since, snapshot.at
    if is_today(since, now):
        return word("Offline since {time}", time=local_time(since, now, word))
    return word("Offline since {day}", day=local_time(since, now, word))


def _waiting(snapshot: Snapshot, word: Catalog) -> str:
    files = waiting(snapshot)
    return word("{files:count} waiting", files=files) if files else ""


def _progress(snapshot: Snapshot, word: Catalog) -> str:
    """Counted from one: the file that is being uploaded, not those that are through."""
    if not on_the_way(snapshot):
        return ""
    at = min(snapshot.done + 1, snapshot.total)
    return word("Uploading {done:count} of {total:count}", done=at, total=snapshot.total)


def _needs(snapshot: Snapshot, word: Catalog) -> str:
    """What stops uploads comes before single files."""
    files = attention_files(snapshot)
    found = obstacles(snapshot, word) + [for_attention(files, word)] * bool(files)
    if found:
        return joined(*found)
    if folders := len(troubled(snapshot)):
        return no_watch(folders, word)
    return for_a_yes(sum(kept.files for kept in keepers(snapshot)), word)


def for_attention(files: int, word: Catalog) -> str:
    """That somebody has to look at as many files."""
    return word.plural("1 file needs attention", "{count:count} files need attention", files)


def for_a_yes(files: int, word: Catalog) -> str:
    """That files wait for a person's yes."""
    return word.plural("1 file waits for your yes", "{count:count} files wait for your yes", files)


def no_watch(folders: int, word: Catalog) -> str:
    """That as many folders cannot be watched."""
    return word.plural(
        "1 folder cannot be watched", "{count:count} folders cannot be watched", folders
    )


def held_back(files: int, word: Catalog) -> str:
    """That causes keep back as many files; 0: none yet, but they would."""
    if not files:
        return word("Uploads are held back")
    return word.plural("1 file is held back", "{count:count} files are held back", files)


def local_time(at: float, now: float, word: Catalog) -> str:
    """A local time for people: of the day, with the date if that is another day's."""
    moment = datetime.fromtimestamp(at)  # noqa: DTZ006 - local
    return moment.strftime("%H:%M" if is_today(at, now) else word("%Y-%m-%d %H:%M"))


def is_today(at: float, now: float) -> bool:
    """Whether two moments are of the same day here."""
    moment, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)  # noqa: DTZ006 - local
    return moment.date() == today.date()


def asks(kept: Kept) -> bool:
    """Whether a cause waits for a person's yes, and not for something to be mended."""
    return kept.key.partition(":")[0] == Cause.EXISTING


def now(snapshot: Snapshot, word: Catalog) -> dict[str, object]:
    """Return how things are as plain values, in a language."""
    counts = snapshot.counts
    return {
        "at": snapshot.at,
        "pid": snapshot.pid,
        "version": snapshot.version,
        "since": snapshot.since,
        "mood": mood(snapshot).value,
        "headline": headline(snapshot, word),
        "is_set_up": snapshot.is_set_up,
        "remarks": [word(each) for each in snapshot.remarks],
        "paused": snapshot.paused_until > snapshot.at,
        "paused_until": end_of_pause(snapshot),
        "offline_since": snapshot.offline_since or None,
        "done": snapshot.done,
        "total": snapshot.total,
        "today": snapshot.today,
        "counts": {state.value: files for state, files in counts.items()},
        "groups": {group.value: count(counts, group) for group in Group},
        "kept": [_kept(kept, word) for kept in keepers(snapshot)],
        "watched": [
            {"path": each.path, "problem": word(each.problem)} for each in snapshot.watched
        ],
        "recent": [row(entry, word) for entry in snapshot.recent],
        "attention": [row(entry, word) for entry in snapshot.attention],
    }


def _kept(kept: Kept, word: Catalog) -> dict[str, object]:
    return {
        "key": kept.key,
        "why": word(kept.why),
        "files": kept.files,
        "asks": asks(kept),
    }
