"""The state of the program in one word, in one line, and as plain values for the page.

Pure. The icon, the page and the commands all ask here, so that they cannot disagree.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from watcher.model.holds import cause_of
from watcher.model.kinds import APPROVABLE, FAILED, State
from watcher.model.snapshot import AppState
from watcher.present.listing import row
from watcher.present.view import Group, count

if TYPE_CHECKING:
    from watcher.i18n.message import Catalog
    from watcher.model.snapshot import ActiveHold, LedgerUse, Snapshot, Watched

#: The most machines that are named as uploading files that wait here.
_NAMED = 3


def app_state(snapshot: Snapshot) -> AppState:
    """Return the first state in the order of :class:`AppState` that applies."""
    if not snapshot.is_set_up:
        return AppState.NOT_SET_UP
    if snapshot.paused_until > snapshot.at:
        return AppState.PAUSED
    if snapshot.trouble:
        return AppState.ATTENTION
    if attention_files(snapshot) or active_holds(snapshot) or broken_folders(snapshot):
        return AppState.ATTENTION
    if snapshot.offline_since:
        return AppState.OFFLINE
    return AppState.WORKING if on_the_way(snapshot) else AppState.IDLE


def attention_files(snapshot: Snapshot) -> int:
    """Return how many files need a person's attention by themselves, without those held back."""
    failed = sum(snapshot.counts.get(state, 0) for state in FAILED)
    return max(failed, len(snapshot.attention))


def active_holds(snapshot: Snapshot) -> tuple[ActiveHold, ...]:
    """Return the causes that hold back files, or would; an approval counts only if files wait."""
    return tuple(hold for hold in snapshot.holds if hold.files or not needs_approval(hold))


def broken_folders(snapshot: Snapshot) -> tuple[Watched, ...]:
    """Return the folders that have a problem."""
    return tuple(folder for folder in snapshot.watched if folder.problem)


def on_the_way(snapshot: Snapshot) -> int:
    """Return how many files of the current batch are not done."""
    return max(0, snapshot.total - snapshot.done)


def waiting(snapshot: Snapshot) -> int:
    """Return how many files wait to be sent, or for an answer."""
    return count(snapshot.counts, Group.WAITING)


def headline(snapshot: Snapshot, word: Catalog) -> str:
    """Return a summary like "Up to date · 12 today" or "Offline since 14:02 · 5 waiting"."""
    match app_state(snapshot):
        case AppState.NOT_SET_UP:
            if snapshot.remarks:
                return word("The configuration has mistakes")
            return word("Not set up yet")
        case AppState.PAUSED:
            return joined(_paused(snapshot, word), _waiting(snapshot, word), _needs(snapshot, word))
        case AppState.OFFLINE:
            return joined(_offline(snapshot, word), _waiting(snapshot, word))
        case AppState.ATTENTION:
            if snapshot.trouble:
                return word("The history can't be used")
            if snapshot.offline_since:
                offline, waits = _offline(snapshot, word), _waiting(snapshot, word)
                return joined(offline, _needs(snapshot, word), waits)
            return joined(_needs(snapshot, word), _progress(snapshot, word))
        case AppState.WORKING:
            return joined(_progress(snapshot, word), _remarks(snapshot, word))
        case AppState.IDLE:
            today = word("{files:count} today", files=snapshot.today) if snapshot.today else ""
            state = _waiting(snapshot, word) or word("Up to date")
            return joined(state, today, _remarks(snapshot, word))


def obstacles(snapshot: Snapshot, word: Catalog) -> list[str]:
    """Return what stops uploads, the most important first: a pause, no connection, a cause."""
    found = []
    if snapshot.paused_until > snapshot.at:
        found.append(_paused(snapshot, word))
    if snapshot.offline_since:
        found.append(_offline(snapshot, word))
    if held := [hold for hold in active_holds(snapshot) if not needs_approval(hold)]:
        found.append(held_back(sum(hold.files for hold in held), word))
    return found


def end_of_pause(snapshot: Snapshot) -> float | None:
    """Return when a pause ends by itself; None if there is none, or it never does."""
    until = snapshot.paused_until
    return until if until > snapshot.at and not math.isinf(until) else None


def joined(*parts: str) -> str:
    """Join the parts that are not empty into one line."""
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
    """Return the number of the file that is being uploaded, of all in the batch; "" if none is.

    Files that HrFlow may already have are not uploaded while that is being checked.
    """
    left = on_the_way(snapshot)
    if not left:
        return ""
    if snapshot.counts.get(State.UNCERTAIN, 0) >= left:
        return word.plural("Checking 1 file", "Checking {count:count} files", left)
    at = min(snapshot.done + 1, snapshot.total)
    return word("Uploading {done:count} of {total:count}", done=at, total=snapshot.total)


def _needs(snapshot: Snapshot, word: Catalog) -> str:
    """Return what needs a person, as many files as the page lists; "" for nothing."""
    holds = active_holds(snapshot)
    failed = attention_files(snapshot)
    asked = sum(hold.files for hold in holds if needs_approval(hold))
    held = sum(hold.files for hold in holds) - asked
    parts = []
    if not held and any(not needs_approval(hold) for hold in holds):
        parts.append(held_back(0, word))  # what would stop all uploads comes before single files
    if sum(map(bool, (failed, asked, held))) > 1 or failed:
        parts.append(needing_attention(failed + asked + held, word))
    elif held:
        parts.append(held_back(held, word))
    elif asked:
        parts.append(awaiting_approval(asked, word))
    if broken := len(broken_folders(snapshot)):
        parts.append(
            word.plural(
                "1 folder can't be watched", "{count:count} folders can't be watched", broken
            )
        )
    return joined(*parts, _remarks(snapshot, word))


def _remarks(snapshot: Snapshot, word: Catalog) -> str:
    """Return how many remarks about the configuration the page shows; "" for none."""
    if not snapshot.remarks:
        return ""
    return word.plural(
        "1 problem in the configuration",
        "{count:count} problems in the configuration",
        len(snapshot.remarks),
    )


def ledger_use(use: LedgerUse, word: Catalog) -> str:
    """Return who uses the shared ledger, and what waits for whom."""
    if not use.machines:
        return word("The shared ledger can't be reached.")
    parts = [
        word.plural(
            "Only this computer uses the shared ledger now.",
            "{count:count} computers use the shared ledger.",
            use.machines,
        )
    ]
    for machine, files in use.waits[:_NAMED]:
        parts.append(
            word.plural(
                "{machine} is uploading 1 file that is also on this computer.",
                "{machine} is uploading {count:count} files that are also on this computer.",
                files,
                machine=machine,
            )
        )
    return " ".join(parts)


def needing_attention(files: int, word: Catalog) -> str:
    """Say that files need attention."""
    return word.plural("1 file needs attention", "{count:count} files need attention", files)


def awaiting_approval(files: int, word: Catalog, size: int = 0) -> str:
    """Say that files wait for a person's approval; with their ``size`` in bytes, if it is known."""
    if size:
        return word.plural(
            "1 file ({size:size}) is waiting for your approval",
            "{count:count} files ({size:size}) are waiting for your approval",
            files,
            size=size,
        )
    return word.plural(
        "1 file is waiting for your approval",
        "{count:count} files are waiting for your approval",
        files,
    )


def held_back(files: int, word: Catalog) -> str:
    """Say that files are held back; 0: none yet, but they would be."""
    if not files:
        return word("Uploads are on hold")
    return word.plural("1 file is on hold", "{count:count} files are on hold", files)


def local_time(at: float, now: float, word: Catalog) -> str:
    """Return a local time, with the date unless that is today."""
    if not is_today(at, now):
        return full_time(at, word)
    return datetime.fromtimestamp(at).strftime("%H:%M")  # noqa: DTZ006 - local


def full_time(at: float, word: Catalog) -> str:
    """Return a local time with its date: "November 23, 2026 at 14:00"."""
    moment = datetime.fromtimestamp(at)  # noqa: DTZ006 - local
    return word("{date} at {time}", date=word.date(f"{moment:%Y-%m-%d}"), time=f"{moment:%H:%M}")


def is_today(at: float, now: float) -> bool:
    """Whether two moments are on the same local day."""
    moment, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)  # noqa: DTZ006 - local
    return moment.date() == today.date()


def needs_approval(hold: ActiveHold) -> bool:
    """Whether a cause waits for a person's approval, and not for something to be fixed."""
    return cause_of(hold.key) in APPROVABLE


def now(snapshot: Snapshot, word: Catalog) -> dict[str, object]:
    """Return how things are as plain values, in a language."""
    counts = snapshot.counts
    return {
        "at": snapshot.at,
        "pid": snapshot.pid,
        "version": snapshot.version,
        "since": snapshot.since,
        "state": app_state(snapshot).value,
        "headline": headline(snapshot, word),
        "is_set_up": snapshot.is_set_up,
        "remarks": [word(each) for each in (snapshot.trouble, *snapshot.remarks) if each],
        "paused": snapshot.paused_until > snapshot.at,
        "paused_until": end_of_pause(snapshot),
        "offline_since": snapshot.offline_since or None,
        "done": snapshot.done,
        "total": snapshot.total,
        "today": snapshot.today,
        "counts": {state.value: files for state, files in counts.items()},
        "groups": {group.value: count(counts, group) for group in Group},
        # Out of reach, it is a cause that holds files.
        "ledger": ledger_use(use, word) if (use := snapshot.ledger) and use.machines else "",
        "held": [_hold(hold, word) for hold in active_holds(snapshot)],
        "watched": [
            {"path": each.path, "problem": word(each.problem)} for each in snapshot.watched
        ],
        "recent": [row(entry, word) for entry in snapshot.recent],
        "attention": [row(entry, word) for entry in snapshot.attention],
    }


def _hold(hold: ActiveHold, word: Catalog) -> dict[str, object]:
    asks = needs_approval(hold)
    title = awaiting_approval(hold.files, word, hold.size) if asks else held_back(hold.files, word)
    return {
        "key": hold.key,
        "title": title,
        "why": word(hold.why),
        "files": hold.files,
        "size": hold.size,
        "cause": cause_of(hold.key),
        "asks": asks,
    }
