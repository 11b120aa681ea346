"""What people are shown: words, signs and lines, so that tray, page and commands cannot disagree.

Pure: values in, text out. Nothing here knows of colours or terminals; a ``tone`` says what a
line means and whoever draws it decides how that looks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import NOTHING, Message, Text, as_data, as_json, msg
from watcher.model.follow_ups import NOT_YET, parse_seconds, upload_seconds
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import (
    ARRIVED,
    IGNORABLE,
    IGNORED_BY_USER,
    OPEN,
    RETRIABLE,
    existing_key,
)
from watcher.present.status import active_holds, app_state, end_of_pause, headline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watcher.i18n.message import Catalog
    from watcher.model.records import Entry
    from watcher.model.snapshot import ActiveHold, Snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown. ``tone`` is "good", "busy", "bad" or "quiet"."""

    sign: str
    word: Message
    tone: str


LOOKS: Final[Mapping[State, Look]] = MappingProxyType(
    {
        State.NOTICED: Look("…", msg("noticed"), "busy"),
        State.IGNORED: Look("·", msg("ignored"), "quiet"),
        State.DUPLICATE: Look("=", msg("duplicate"), "quiet"),
        State.BASELINE: Look("·", msg("there before"), "quiet"),
        State.QUEUED: Look("…", msg("queued"), "busy"),
        State.WAITING: Look("↻", msg("waiting"), "busy"),
        State.HELD: Look("‖", msg("held"), "bad"),
        State.UPLOADING: Look("↑", msg("uploading"), "busy"),
        State.UNCERTAIN: Look("?", msg("checking"), "busy"),
        State.ACCEPTED: Look("✓", msg("sent"), "good"),
        State.PARSED: Look("✓", msg("parsed"), "good"),
        State.PARSE_FAILED: Look("✗", msg("not parsed"), "bad"),
        State.REFUSED: Look("✗", msg("refused"), "bad"),
        State.GONE: Look("·", msg("gone"), "quiet"),
    }
)


#: Control characters, line and direction marks, and bytes that are no text: a name must not be
#: able to move the cursor, hide its own end or forge a line.
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def safe(text: Text) -> str:
    """``text`` with everything that could mislead a terminal or a reader written out."""
    return _UNSAFE.sub(lambda found: _written_out(found[0]), str(text))


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def name(entry: Entry) -> str:
    """A file's name as it may be shown."""
    return safe(_base(entry.path))


def _base(path: str) -> str:
    """A path's last part; a backslash parts only where no slash does, as on Windows."""
    return path.rpartition("/" if "/" in path else "\\")[2]


def lies_in(folder: str, path: str, filed_to: str) -> str:
    """Where a file lies that was moved away from ``path``, in its folder or in full; else ""."""
    if filed_to in ("", path):
        return ""
    root = folder.rstrip("/\\")
    below = filed_to.removeprefix(root)
    return safe(below[1:] if below != filed_to and below[:1] in "/\\" else filed_to)


def short(key: str) -> str:
    """The beginning of a key or fingerprint, enough to tell it from others."""
    return safe(key) if len(key) <= 16 else f"{safe(key[:12])}…"


def remark(entry: Entry) -> str:
    """What became of a file, in words that follow its name."""
    match entry.state:
        case State.ACCEPTED | State.PARSED:
            return _arrived(entry)
        case State.REFUSED | State.IGNORED | State.PARSE_FAILED:
            return safe(entry.why)
        case State.DUPLICATE:
            return safe(_duplicate(entry))
        case State.WAITING | State.HELD | State.UNCERTAIN | State.GONE | State.NOTICED if entry.why:
            return f"{LOOKS[entry.state].word}: {safe(entry.why)}"
        case _:
            return str(LOOKS[entry.state].word)


def _duplicate(entry: Entry) -> Message:
    first = _base(entry.duplicate_of) or msg("a file uploaded before")
    return msg("has the same content as {file}", file=first)


def _arrived(entry: Entry) -> str:
    """Who is where now, "NAME → SOURCE", and what is not as it should be."""
    person = safe(entry.profile_name)
    if entry.probable:
        person = f"probably {person or short(entry.profile_key)}"
    source = safe(entry.source_name) or f"source {short(entry.source_key)}"
    more = map(safe, filter(None, _beside_arrival(entry)))
    return " · ".join([f"{person} → {source}".strip(), *more])


def _beside_arrival(entry: Entry) -> tuple[Message, ...]:
    """What is not as it should be of a file that has arrived."""
    late = entry.why if entry.why == NOT_YET else NOTHING
    return late, _partly_parsed(entry), entry.filing_why


def _partly_parsed(entry: Entry) -> Message:
    """What is said of a CV of which HrFlow has parsed only the beginning; NOTHING for others."""
    if not 0 < entry.pages < entry.total_pages:
        return NOTHING
    return msg(
        "only the first {pages:count} of {total:count} pages were parsed",
        pages=entry.pages,
        total=entry.total_pages,
    )


def tags(entry: Entry) -> str:
    """The tags a file was, or will be, sent with: "office=Paris, urgent=true"."""
    text = dict(entry.fields).get("tags", "[]")
    return ", ".join(f"{safe(tag['name'])}={_plain(tag['value'])}" for tag in json.loads(text))


def _plain(value: object) -> str:
    return safe(value) if isinstance(value, str) else json.dumps(value)


def record(entry: Entry) -> dict[str, object]:
    """One file for machines: plain values under the journal's names, names always valid text."""
    fields = dict(entry.fields)
    return {
        "id": entry.file_id,
        "path": safe(entry.path),
        "folder": safe(entry.folder),
        "state": entry.state.value,
        "why": safe(entry.why),
        "why_message": as_data(entry.why) if entry.why else None,
        "size": entry.stat.size,
        "media_type": entry.media_type,
        "sha256": entry.sha256,
        "account": entry.account,
        "source_key": entry.source_key,
        "reference": entry.reference,
        "tags": json.loads(fields.get("tags", "[]")),
        "metadatas": json.loads(fields.get("metadatas", "[]")),
        "labels": json.loads(fields.get("labels", "[]")),
        "noticed_at": entry.noticed_at,
        "changed_at": entry.changed_at,
        "due_at": entry.due_at or None,
        "attempts": entry.attempt,
        "duplicate_of": safe(entry.duplicate_of) or None,
        "profile_key": entry.profile_key or None,
        "profile_name": safe(entry.profile_name) or None,
        "profile_email": safe(entry.profile_email) or None,
        "probably": entry.probable,
        "pages": entry.pages or None,
        "total_pages": entry.total_pages or None,
        "source_name": safe(entry.source_name) or None,
        "arrived_at": entry.arrived_at or None,
        "parsed_at": entry.parsed_at or None,
        "upload_seconds": _rounded(upload_seconds(entry)),
        "parse_seconds": _rounded(parse_seconds(entry)),
        "filed_to": safe(entry.filed_to) or None,
        "filing_why": safe(entry.filing_why) or None,
        "filing_why_message": as_data(entry.filing_why) if entry.filing_why else None,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def tally(counts: Mapping[State, int]) -> str:
    """All counts in one line: "12 sent, 1 refused, 2 duplicates"; "nothing yet" without any."""
    parts = [f"{number} {LOOKS[state].word}" for state, number in counts.items() if number]
    return ", ".join(parts) or "nothing yet"


#: Groups of states that a person filters by: their names, and the states in each.
GROUPS: Final[Mapping[str, tuple[State, ...]]] = MappingProxyType(
    {
        "attention": (State.REFUSED, State.PARSE_FAILED),
        "waiting": tuple(state for state in State if state in OPEN),
        "arrived": (State.ACCEPTED, State.PARSED),
        "aside": (State.IGNORED, State.DUPLICATE, State.BASELINE, State.GONE),
    }
)


def now(snapshot: Snapshot, word: Catalog) -> dict[str, object]:
    """How things are."""
    counts = snapshot.counts
    return {
        "at": snapshot.at,
        "pid": snapshot.pid,
        "version": snapshot.version,
        "since": snapshot.since,
        "state": app_state(snapshot).value,
        "headline": headline(snapshot, word),
        "is_set_up": snapshot.is_set_up,
        "remarks": [safe(word(each)) for each in snapshot.remarks],
        "paused": snapshot.paused_until > snapshot.at,
        "paused_until": end_of_pause(snapshot),
        "offline_since": snapshot.offline_since or None,
        "done": snapshot.done,
        "total": snapshot.total,
        "today": snapshot.today,
        "counts": {state.value: files for state, files in counts.items()},
        "groups": {
            name: sum(counts.get(state, 0) for state in states) for name, states in GROUPS.items()
        },
        "held": [_hold(hold, word) for hold in active_holds(snapshot)],
        "watched": [
            {"path": safe(each.path), "problem": safe(word(each.problem))}
            for each in snapshot.watched
        ],
        "recent": [row(entry, word) for entry in snapshot.recent],
        "attention": [row(entry, word) for entry in snapshot.attention],
    }


def _hold(hold: ActiveHold, word: Catalog) -> dict[str, object]:
    return {
        "key": hold.key,
        "why": safe(word(hold.why)),
        "files": hold.files,
        "asks": hold.key.startswith(f"{Cause.EXISTING}:"),
    }


def row(entry: Entry, word: Catalog) -> dict[str, object]:
    """One file of a list."""
    look = LOOKS[entry.state]
    has_arrived = entry.state in ARRIVED
    return {
        "id": entry.file_id,
        "name": name(entry),
        "path": safe(entry.path),
        "folder": safe(entry.folder),
        "state": entry.state.value,
        "sign": look.sign,
        "label": word(look.word),
        "tone": look.tone,
        "why": safe(word(entry.why)),
        "reason": as_json(entry.why),  # by which others with the same are found
        "remark": beside_state(entry, word),
        "candidate": _candidate(entry, word),
        "source": safe(entry.source_name or entry.source_key),
        "tags": tags(entry),
        "type": entry.media_type,
        "size": entry.stat.size,
        # What a pause, a person's yes or the way through a queue took is not the upload's time.
        "took": upload_seconds(entry) if has_arrived else None,
        "reference": safe(entry.reference),
        "profile": safe(entry.profile_key),
        "changed_at": entry.changed_at,
        "moved": moved(entry, word),
        "can_retry": can_retry(entry),
        "can_ignore": entry.state in IGNORABLE,
    }


def can_retry(entry: Entry) -> bool:
    """Whether a person may have a file tried again; one that was moved away is not at its place."""
    by_hand = entry.state is State.IGNORED and entry.why == IGNORED_BY_USER
    return (entry.state in RETRIABLE or by_hand) and entry.filed_to in ("", entry.path)


def moved(entry: Entry, word: Catalog) -> str:
    """Why a file that was moved out of the way cannot be tried again, and what to do; else ""."""
    place = lies_in(entry.folder, entry.path, entry.filed_to)
    if not place or entry.state not in RETRIABLE:
        return ""
    return word(
        "is now in {place}; put it back into its folder to have it checked again", place=place
    )


def beside_state(entry: Entry, word: Catalog) -> str:
    """What is to be said of a file beside its state; "" if nothing is."""
    if entry.state is State.DUPLICATE:
        return safe(word(_duplicate(entry)))
    if entry.state in (State.ACCEPTED, State.PARSED):
        return " · ".join(safe(word(each)) for each in _beside_arrival(entry) if each)
    return " · ".join(filter(None, (safe(word(entry.why)), moved(entry, word))))


def _candidate(entry: Entry, word: Catalog) -> str:
    """Whose CV it is, as far as is known."""
    person = safe(entry.profile_name)
    if not entry.probable:
        return person
    return word("probably {person}", person=person or short(entry.profile_key))


def details(
    entry: Entry, story: Iterable[tuple[float, State, Message]], word: Catalog
) -> dict[str, object]:
    """Everything about one file, with its whole story."""
    return {
        **record(entry),
        **row(entry, word),
        "after": _after(entry),
        "parsing": parse_seconds(entry),
        "tag_list": [[tag.strip() for tag in _pair(text)] for text in _tags(entry)],
        "story": [
            {
                "at": at,
                "sign": LOOKS[state].sign,
                "tone": LOOKS[state].tone,
                "label": word(LOOKS[state].word),
                "why": safe(word(_reason(state, why))),
            }
            for at, state, why in story
        ],
    }


def _after(entry: Entry) -> float | None:
    """Seconds from a file's being noticed until HrFlow had it, whatever it waited for."""
    if entry.state not in ARRIVED or entry.arrived_at < entry.noticed_at:
        return None
    return entry.arrived_at - entry.noticed_at


def _reason(state: State, why: Message) -> Message:
    """A step's reason; what a server says to every file that it takes is none."""
    return NOTHING if state in (State.ACCEPTED, State.PARSED) and why != NOT_YET else why


def _tags(entry: Entry) -> list[str]:
    return tags(entry).split(", ") if tags(entry) else []


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def is_existing(key: str, folders: Iterable[str]) -> bool:
    """Whether a cause is that files of one of these folders wait for a person's yes."""
    return any(key == existing_key(folder) for folder in folders)
