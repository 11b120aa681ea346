"""Why files wait, and what a person can do about it; for ``status``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from watcher import view
from watcher.cli.output import say, styled
from watcher.model import Cause, State
from watcher.states import QUOTA_MEND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.journal.reader import Reader

#: What may be done about a cause that is not a yes to files that were there first.
_MENDS: Final = {
    Cause.SOURCE: "Correct source_key in the configuration; what waits then goes by itself.",
    Cause.ACCOUNT: "Look for what is wrong with: hrflow-watcher doctor",
    Cause.QUOTA: QUOTA_MEND,
    Cause.CREDENTIAL: "Store a key with: hrflow-watcher login",
}
#: Causes and places that are listed; more would be too much to read.
_LISTED: Final = 3


def gather_held(reader: Reader) -> list[dict[str, object]]:
    """What holds files back: why, where, and what to do."""
    return [_hold(reader, key, why, files) for key, why, files in reader.held()]


def _hold(reader: Reader, key: str, why: str, files: int) -> dict[str, object]:
    kind, _, rest = key.partition(":")
    if kind == Cause.EXISTING:
        import shlex  # noqa: PLC0415 - seldom needed

        mend = f"Say yes with: hrflow-watcher import {shlex.quote(view.safe(rest))}"
        return {"cause": key, "why": why, "files": files, "places": [], "mend": mend}
    found = reader.kept_by(key, _LISTED) if files else []
    places = [{"folder": view.safe(folder), "source_key": source} for folder, source in found]
    mend = _MENDS[Cause(kind)]
    return {"cause": key, "why": why, "files": files, "places": places, "mend": mend}


def gather_waiting(
    reader: Reader, counts: Mapping[State, int], now: float, *, running: bool
) -> list[dict[str, object]]:
    """Why files wait that nothing holds back: state, how many, why, and when they are due."""
    waits: list[dict[str, object]] = [
        {"state": str(state), "files": files, "why": why, "due_at": due_at or None}
        for state, why, files, due_at in reader.waits(_LISTED)
    ]
    queued = counts.get(State.QUEUED, 0)
    if not queued or (running and State.UPLOADING in counts):
        return waits
    why, due_at = "", None
    if not running:
        why = "the program does not run"
    elif waits:
        why = "they follow when a file that waits has got through"
    elif ended := reader.requests_since(now - 60.0):
        why = f"max_requests_per_minute is used up by the {len(ended)} of the last minute"
        due_at = ended[0] + 60.0
    row: dict[str, object] = {
        "state": str(State.QUEUED),
        "files": queued,
        "why": why,
        "due_at": due_at,
    }
    return [row, *waits] if why else waits


def show_waiting(waits: list[dict[str, Any]]) -> None:
    """Say why files wait."""
    for each in waits:
        look = view.LOOKS[State(each["state"])]
        due_at = each["due_at"]
        due = f"; next try at {time.strftime('%H:%M:%S', time.localtime(due_at))}" if due_at else ""
        why = view.safe(each["why"]).rstrip(".")
        say(styled(f"{look.sign} {each['files']} {look.word}: {why}{due}", look.tone))


def show_held(held: list[dict[str, Any]]) -> None:
    """Say what holds files back, where, and what can be done."""
    for hold in held:
        files = f"{hold['files']} file{'s' * (hold['files'] != 1)}"
        say(styled(f"‖ {files} held: {view.safe(hold['why'])}", "bad"))
        for place in hold["places"]:
            say(f"  of {place['folder']}, for source {view.short(place['source_key'])}")
        say(f"  {hold['mend']}")
