"""What the activity page and the channel say, as plain values. Pure.

Times stay seconds and sizes bytes: whoever shows them knows the reader's habits.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher import view
from watcher.follow_up_times import NOT_YET, parse_seconds, upload_seconds
from watcher.model import Cause, State
from watcher.mood import headline, keepers, mood
from watcher.states import ARRIVED, BY_HAND, IGNORABLE, OPEN, RETRIABLE, existing_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watcher.model import Entry, Kept, Snapshot
    from watcher.words import Word

#: Groups of states that a person filters by: their names, and the states in each.
GROUPS: Final[Mapping[str, tuple[State, ...]]] = MappingProxyType(
    {
        "attention": (State.REFUSED, State.PARSE_FAILED),
        "waiting": tuple(state for state in State if state in OPEN),
        "arrived": (State.ACCEPTED, State.PARSED),
        "aside": (State.IGNORED, State.DUPLICATE, State.BASELINE, State.GONE),
    }
)


def now(snapshot: Snapshot, word: Word) -> dict[str, object]:
    """How things are."""
    counts = snapshot.counts
    return {
        "at": snapshot.at,
        "pid": snapshot.pid,
        "version": snapshot.version,
        "since": snapshot.since,
        "mood": mood(snapshot).value,
        "headline": headline(snapshot, word),
        "is_set_up": snapshot.is_set_up,
        "remarks": [word(view.safe(remark)) for remark in snapshot.remarks],
        "paused": snapshot.paused_until > snapshot.at,
        "paused_until": _end_of_pause(snapshot),
        "offline_since": snapshot.offline_since or None,
        "done": snapshot.done,
        "total": snapshot.total,
        "today": snapshot.today,
        "counts": {state.value: files for state, files in counts.items()},
        "groups": {
            name: sum(counts.get(state, 0) for state in states) for name, states in GROUPS.items()
        },
        "kept": [_kept(kept, word) for kept in keepers(snapshot)],
        "watched": [
            {"path": view.safe(each.path), "problem": word(view.safe(each.problem))}
            for each in snapshot.watched
        ],
        "recent": [row(entry, word) for entry in snapshot.recent],
        "attention": [row(entry, word) for entry in snapshot.attention],
    }


def _end_of_pause(snapshot: Snapshot) -> float | None:
    """When a pause ends by itself; None without one, or if it never does."""
    until = snapshot.paused_until
    return until if until > snapshot.at and not math.isinf(until) else None


def _kept(kept: Kept, word: Word) -> dict[str, object]:
    return {
        "key": kept.key,
        "why": word(view.safe(kept.why)),
        "files": kept.files,
        "asks": kept.key.startswith(f"{Cause.EXISTING}:"),
    }


def row(entry: Entry, word: Word) -> dict[str, object]:
    """One file of a list."""
    look = view.LOOKS[entry.state]
    has_arrived = entry.state in ARRIVED
    return {
        "id": entry.file_id,
        "name": view.name(entry),
        "path": view.safe(entry.path),
        "folder": view.safe(entry.folder),
        "state": entry.state.value,
        "sign": look.sign,
        "label": word(look.word),
        "tone": look.tone,
        "why": view.safe(entry.why),
        "remark": remark(entry, word),
        "candidate": _candidate(entry, word),
        "source": view.safe(entry.source_name or entry.source_key),
        "tags": view.tags(entry),
        "type": entry.media_type,
        "size": entry.stat.size,
        # What a pause, a person's yes or the way through a queue took is not the upload's time.
        "took": upload_seconds(entry) if has_arrived else None,
        "reference": view.safe(entry.reference),
        "profile": view.safe(entry.profile_key),
        "changed_at": entry.changed_at,
        "moved": moved(entry, word),
        "can_retry": can_retry(entry),
        "can_ignore": entry.state in IGNORABLE,
    }


def can_retry(entry: Entry) -> bool:
    """Whether a person may have a file tried again; one that was moved away is not at its place."""
    by_hand = entry.state is State.IGNORED and entry.why == BY_HAND
    return (entry.state in RETRIABLE or by_hand) and entry.filed_to in ("", entry.path)


def moved(entry: Entry, word: Word) -> str:
    """Why a file that was moved out of the way cannot be tried again, and what to do; else ""."""
    place = view.lies_in(entry.folder, entry.path, entry.filed_to)
    if not place or entry.state not in RETRIABLE:
        return ""
    return word(
        "lies in {place}: put it back into the folder, then it is looked at again", place=place
    )


def remark(entry: Entry, word: Word) -> str:
    """What is to be said of a file beside its state; "" if nothing is."""
    if entry.state is State.DUPLICATE:
        first = view.safe(entry.duplicate_of).replace("\\", "/").rpartition("/")[2]
        return word("has the same content as {file}", file=first or word("a file sent before"))
    if entry.state in (State.ACCEPTED, State.PARSED):
        late = word(entry.why) if entry.why == NOT_YET else ""
        more = (late, _pages(entry, word), word(view.safe(entry.filing_why)))
        return " · ".join(filter(None, more))
    return " · ".join(filter(None, (word(view.safe(entry.why)), moved(entry, word))))


def _candidate(entry: Entry, word: Word) -> str:
    """Whose CV it is, as far as is known."""
    person = view.safe(entry.profile_name)
    if not entry.probable:
        return person
    return word("probably {person}", person=person or view.short(entry.profile_key))


def _pages(entry: Entry, word: Word) -> str:
    """What is said of a CV of which HrFlow has parsed only the beginning."""
    if not view.pages(entry):
        return ""
    return word(
        "only the first {pages} of {total} pages are parsed",
        pages=entry.pages,
        total=entry.total_pages,
    )


def details(
    entry: Entry, story: Iterable[tuple[float, State, str]], word: Word
) -> dict[str, object]:
    """Everything about one file, with its whole story."""
    return {
        **view.record(entry),
        **row(entry, word),
        "after": _after(entry),
        "parsing": parse_seconds(entry),
        "tag_list": [[tag.strip() for tag in _pair(text)] for text in _tags(entry)],
        "story": [
            {
                "at": at,
                "sign": view.LOOKS[state].sign,
                "tone": view.LOOKS[state].tone,
                "label": word(view.LOOKS[state].word),
                "why": word(view.safe(_reason(state, why))),
            }
            for at, state, why in story
        ],
    }


def _after(entry: Entry) -> float | None:
    """Seconds from a file's being noticed until HrFlow had it, whatever it waited for."""
    if entry.state not in ARRIVED or entry.arrived_at < entry.noticed_at:
        return None
    return entry.arrived_at - entry.noticed_at


def _reason(state: State, why: str) -> str:
    """A step's reason; what a server says to every file that it takes is none."""
    return "" if state in (State.ACCEPTED, State.PARSED) and why != NOT_YET else why


def _tags(entry: Entry) -> list[str]:
    return view.tags(entry).split(", ") if view.tags(entry) else []


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def is_existing(key: str, folders: Iterable[str]) -> bool:
    """Whether a cause is that files of one of these folders wait for a person's yes."""
    return any(key == existing_key(folder) for folder in folders)
