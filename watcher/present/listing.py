"""What people and machines are told about one file. Pure: values in, text out."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from watcher.i18n.message import (
    ENGLISH,
    NOTHING,
    Message,
    as_data,
    as_fields,
    as_json,
    msg,
    verbatim,
)
from watcher.model.entries import NOT_YET, parse_seconds, upload_seconds
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, IGNORABLE, RETRIABLE
from watcher.model.reasons import IGNORED_BY_USER, SENT_BY, UNFINISHED
from watcher.present.view import STATES, base_name, display, name, safe, short
from watcher.routing.names import document_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.i18n.message import Catalog
    from watcher.model.entries import Entry


#: Columns of a CSV file; the same for the terminal and the page.
_COLUMNS: Final = (
    "state", "label", "path", "why", "noticed_at", "arrived_at", "parsed_at", "changed_at",
    "upload_seconds", "parse_seconds", "source_name", "source_key", "tags", "reference",
    "profile_key", "profile_name", "profile_email", "probably", "pages", "total_pages", "size",
    "media_type", "folder",
)  # fmt: skip
#: What types are called, by how their media types begin; the first that fits.
_TYPE_NAMES: Final = (
    (("application/pdf",), verbatim("PDF")),
    (
        (
            "application/msword",
            "application/vnd.ms-word",
            "application/vnd.openxmlformats-officedocument.wordprocessingml",
        ),
        verbatim("Word"),
    ),
    (
        ("application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml"),
        verbatim("Excel"),
    ),
    (
        (
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.presentationml",
        ),
        verbatim("PowerPoint"),
    ),
    (("application/vnd.oasis.opendocument",), verbatim("OpenDocument")),
    (("application/vnd.apple",), verbatim("Apple iWork")),
    (("application/rtf",), verbatim("RTF")),
    (("text/html", "multipart/related", "application/x-webarchive"), msg("Web page")),
    (("text/",), msg("Text")),
    (("image/",), msg("Image")),
    (("message/", "application/mbox", "application/vnd.ms-outlook"), msg("Email")),
    (("application/epub",), msg("E-book")),
    (("application/zip", "application/x-7z", "application/x-rar", "application/gzip",
      "application/vnd.rar", "application/x-tar"), msg("Archive")),
    (("application/encrypted", "application/x-encrypted"), msg("Encrypted")),
    (("application/x-executable", "application/x-msdownload", "application/x-ms-shortcut",
      "application/x-elf", "application/x-mach"), msg("Program")),
)  # fmt: skip
_TIMES: Final = frozenset({"noticed_at", "arrived_at", "parsed_at", "changed_at"})

#: What a spreadsheet would take for a formula at a cell's beginning.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def filed_in(folder: str, path: str, filed_to: str) -> str:
    """Return where a file was moved to, relative to its folder if it is in there; else "".

    ``path`` is where it was dropped, ``filed_to`` where it is now.
    """
    if filed_to in ("", path):
        return ""
    return below(folder, filed_to)


def below(folder: str, path: str) -> str:
    """Return a document's path relative to ``folder``; the whole path if it is not in there."""
    path, root = document_path(path), folder.rstrip("/\\")
    rest = path.removeprefix(root)
    return rest[1:] if rest != path and rest[:1] in ("/", "\\") else path


def short_path(path: str, home: str) -> str:
    """Return a path with "~" for the home folder."""
    rest = path.removeprefix(home.rstrip("/\\"))
    return f"~{rest}" if rest != path and rest[:1] in ("/", "\\") else path


def summary(entry: Entry) -> str:
    """Return what became of a file in words that can follow its name, in English."""
    match entry.state:
        case State.ACCEPTED | State.PARSED:
            return _arrived(entry)
        case State.REFUSED | State.IGNORED | State.PARSE_FAILED:
            return str(entry.why)
        case State.NOTICED if entry.why:
            return str(entry.why)
        case State.DUPLICATE:
            return str(_duplicate(entry))
        case State.WAITING | State.HELD | State.UNCERTAIN | State.GONE if entry.why:
            return f"{STATES[entry.state].label}: {entry.why}"
        case _:
            return str(STATES[entry.state].label)


def _duplicate(entry: Entry) -> Message:
    if entry.why.text == SENT_BY.text:
        return entry.why
    first = base_name(entry.duplicate_of) or msg("a file that was uploaded before")
    return msg("This file has the same content as {file}.", file=first)


def _arrived(entry: Entry) -> str:
    """Like "Jane Doe → Engineering" as far as that is known, and what is not as it should be."""
    source = f"→ {entry.source_name}" if entry.source_name else ""
    result = f"{_candidate(entry, ENGLISH)} {source}".strip() or str(STATES[entry.state].label)
    return " · ".join([result, *map(str, filter(None, _beside_arrival(entry)))])


def _beside_arrival(entry: Entry) -> tuple[Message, ...]:
    """What is not as it should be with a file that has arrived."""
    late = entry.why if entry.why == NOT_YET else NOTHING
    return late, _partly_parsed(entry), entry.filing_why


def _partly_parsed(entry: Entry) -> Message:
    """That HrFlow has parsed only the first pages of a CV; NOTHING for others."""
    if not 0 < entry.pages < entry.total_pages:
        return NOTHING
    return msg(
        "Only the first {pages:count} of {total:count} pages were parsed.",
        pages=entry.pages,
        total=entry.total_pages,
    )


def tags(entry: Entry) -> str:
    """Return the tags of a file as text: "office=Paris, urgent=true"."""
    return ", ".join(f"{tag}={value}" for tag, value in _tags(entry))


def _tags(entry: Entry) -> list[tuple[str, str]]:
    found = json.loads(dict(entry.fields).get("tags", "[]"))
    return [
        (tag["name"], value if isinstance(value := tag["value"], str) else json.dumps(value))
        for tag in found
    ]


def record(entry: Entry) -> dict[str, object]:
    """Return one file for scripts: plain values under the journal's names."""
    fields = dict(entry.fields)
    return {
        "id": entry.file_id,
        "path": entry.path,
        "folder": entry.folder,
        "state": entry.state.value,
        **as_fields("why", entry.why),
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
        # What ends the wait for a file that is incomplete is the file itself, not a moment.
        "due_at": None if entry.why in UNFINISHED else entry.due_at or None,
        "attempts": entry.attempt,
        "duplicate_of": entry.duplicate_of or None,
        "profile_key": entry.profile_key or None,
        "profile_name": entry.profile_name or None,
        "profile_email": entry.profile_email or None,
        "probably": entry.probable,
        "pages": entry.pages or None,
        "total_pages": entry.total_pages or None,
        "source_name": entry.source_name or None,
        "arrived_at": entry.arrived_at or None,
        "parsed_at": entry.parsed_at or None,
        "upload_seconds": _rounded(upload_seconds(entry)),
        "parse_seconds": _rounded(parse_seconds(entry)),
        "filed_to": entry.filed_to or None,
        "filing_why": str(entry.filing_why) or None,
        "filing_why_message": as_data(entry.filing_why) if entry.filing_why else None,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def row(entry: Entry, word: Catalog, link: str = "") -> dict[str, object]:
    """Return one file for a list, in a language; ``link`` is where its profile is shown."""
    shown = display(entry)
    return {
        "id": entry.file_id,
        "name": name(entry),
        "path": document_path(entry.path),
        "folder": entry.folder,
        "state": entry.state.value,
        "sign": shown.sign,
        "label": word(shown.label),
        "tone": shown.tone,
        "why": word(entry.why),
        "reason": as_json(entry.why),  # to find others with the same
        "remark": remark(entry, word),
        "candidate": _candidate(entry, word),
        "source": entry.source_name or entry.source_key,
        "tags": tags(entry),
        "tag_list": _tags(entry),
        "type": word(type_name(entry.media_type)),
        "media_type": entry.media_type,
        "size": entry.stat.size,
        "took": upload_seconds(entry) if entry.state in ARRIVED else None,
        "reference": entry.reference,
        "profile": entry.profile_key,
        "link": link,
        "changed_at": entry.changed_at,
        "moved": moved(entry, word),
        "can_retry": can_retry(entry),
        "can_ignore": entry.state in IGNORABLE,
    }


def type_name(media_type: str) -> Message:
    """Return a type of files as people call it: "PDF", "Word"; NOTHING if it is not known."""
    for beginnings, called in _TYPE_NAMES:
        if media_type.startswith(beginnings):
            return called
    return msg("Other") if media_type else NOTHING


def can_retry(entry: Entry) -> bool:
    """Whether a person may have a file tried again: not if it was moved away from its folder."""
    by_hand = entry.state is State.IGNORED and entry.why == IGNORED_BY_USER
    return (entry.state in RETRIABLE or by_hand) and entry.filed_to in ("", entry.path)


def moved(entry: Entry, word: Catalog) -> str:
    """Return why a file that was moved away cannot be tried again, and what to do; else ""."""
    place = filed_in(entry.folder, entry.path, entry.filed_to)
    if not place or entry.state not in RETRIABLE:
        return ""
    return word("It is now in {place}. Put it back in its folder to try again.", place=place)


def remark(entry: Entry, word: Catalog) -> str:
    """Return what is to be said about a file beside its state; may be ""."""
    if entry.state is State.DUPLICATE:
        return word(_duplicate(entry))
    if entry.state in (State.ACCEPTED, State.PARSED):
        return " · ".join(word(each) for each in _beside_arrival(entry) if each)
    return " ".join(filter(None, (word(entry.why), moved(entry, word))))


def _candidate(entry: Entry, word: Catalog) -> str:
    """Whose CV it is, as far as is known."""
    if not entry.probable:
        return entry.profile_name
    person = entry.profile_name or short(entry.profile_key)
    return word("probably {person}", person=person)


def details(
    entry: Entry,
    story: Iterable[tuple[float, State, Message]],
    word: Catalog,
    link: str = "",
) -> dict[str, object]:
    """Return everything about one file; ``story`` is its history: (time, state, reason)."""
    return {
        **record(entry),
        **row(entry, word, link),
        "after": _after(entry),
        "parsing": parse_seconds(entry),
        "story": [
            {
                "at": at,
                "sign": shown.sign,
                "tone": shown.tone,
                "label": word(shown.label),
                "why": word(_reason(state, why)),
            }
            for at, state, why in story
            for shown in [display(replace(entry, state=state, why=why))]
        ],
    }


def _after(entry: Entry) -> float | None:
    """Seconds from when a file was noticed until HrFlow had it, including all waiting."""
    if entry.state not in ARRIVED or entry.arrived_at < entry.noticed_at:
        return None
    return entry.arrived_at - entry.noticed_at


def _reason(state: State, why: Message) -> Message:
    """A step's reason, without what HrFlow answers to every file that it accepts."""
    return NOTHING if state in (State.ACCEPTED, State.PARSED) and why != NOT_YET else why


def to_csv(entries: Iterable[Entry], word: Catalog, *, head: bool) -> str:
    """Return a line of CSV for each file, after one with the names of the columns if ``head``.

    Times are local. Where a language writes a comma in decimals, columns are separated by
    semicolons, as spreadsheets expect there. Text that a spreadsheet would take for a formula
    begins with an apostrophe.
    """
    comma = "," in word.number(0.5, 1)
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";" if comma else ",", lineterminator="\n")
    if head:
        writer.writerow(_COLUMNS)
    for entry in entries:
        label = word(display(entry).label)
        values = {**record(entry), "label": label, "why": remark(entry, word), "tags": tags(entry)}
        writer.writerow(_cell(column, values[column], comma=comma) for column in _COLUMNS)
    return written.getvalue()


def _cell(column: str, value: object, *, comma: bool) -> object:
    match value:
        case float() if column in _TIMES:
            return datetime.fromtimestamp(value).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006 - local
        case float():
            return str(value).replace(".", ",") if comma else value
        case str() if value.startswith(_FORMULA):
            return f"'{safe(value)}"
        case str():
            return safe(value)
        case _:
            return value
