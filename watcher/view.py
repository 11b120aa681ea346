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

from watcher.follow_up_times import NOT_YET, parse_seconds, upload_seconds
from watcher.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model import Entry


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown. ``tone`` is "good", "busy", "bad" or "quiet"."""

    sign: str
    word: str
    tone: str


LOOKS: Final[Mapping[State, Look]] = MappingProxyType(
    {
        State.NOTICED: Look("…", "noticed", "busy"),
        State.IGNORED: Look("·", "ignored", "quiet"),
        State.DUPLICATE: Look("=", "duplicate", "quiet"),
        State.BASELINE: Look("·", "there before", "quiet"),
        State.QUEUED: Look("…", "queued", "busy"),
        State.WAITING: Look("↻", "waiting", "busy"),
        State.HELD: Look("‖", "held", "bad"),
        State.UPLOADING: Look("↑", "uploading", "busy"),
        State.UNCERTAIN: Look("?", "checking", "busy"),
        State.ACCEPTED: Look("✓", "sent", "good"),
        State.PARSED: Look("✓", "parsed", "good"),
        State.PARSE_FAILED: Look("✗", "not parsed", "bad"),
        State.REFUSED: Look("✗", "refused", "bad"),
        State.GONE: Look("·", "gone", "quiet"),
    }
)
#: Control characters, line and direction marks, and bytes that are no text: a name must not be
#: able to move the cursor, hide its own end or forge a line.
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def safe(text: str) -> str:
    """``text`` with everything that could mislead a terminal or a reader written out."""
    return _UNSAFE.sub(lambda found: _written_out(found[0]), text)


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def size(number: float) -> str:
    """Bytes for people: "940 B", "32.2 kB", "1.5 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(abs(number), 1) < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("not reached")


def duration(seconds: float) -> str:
    """Seconds for people: "0.8 s", "42 s", "3 min", "2 h 05 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"


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
            first = safe(_base(entry.duplicate_of)) or "a file sent before"
            return f"has the same content as {first}"
        case State.WAITING | State.HELD | State.UNCERTAIN | State.GONE | State.NOTICED if entry.why:
            return f"{LOOKS[entry.state].word}: {safe(entry.why)}"
        case _:
            return LOOKS[entry.state].word


def _arrived(entry: Entry) -> str:
    """Who is where now, "NAME → SOURCE", and what is not as it should be."""
    person = safe(entry.profile_name)
    if entry.probable:
        person = f"probably {person or short(entry.profile_key)}"
    source = safe(entry.source_name) or f"source {short(entry.source_key)}"
    late = entry.why if entry.state is State.ACCEPTED and entry.why == NOT_YET else ""
    more = (late, pages(entry), safe(entry.filing_why))
    return " · ".join([f"{person} → {source}".strip(), *filter(None, more)])


def pages(entry: Entry) -> str:
    """What is said of a CV of which HrFlow has parsed only the beginning; "" for others."""
    if not 0 < entry.pages < entry.total_pages:
        return ""
    return f"only the first {entry.pages} of {entry.total_pages} pages are parsed"


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
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def tally(counts: Mapping[State, int]) -> str:
    """All counts in one line: "12 sent, 1 refused, 2 duplicates"; "nothing yet" without any."""
    parts = [f"{number} {LOOKS[state].word}" for state, number in counts.items() if number]
    return ", ".join(parts) or "nothing yet"
