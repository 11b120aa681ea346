"""The names of sources, as people know them by these and not by their keys."""

from __future__ import annotations

import csv
import io
import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypedDict

from watcher.i18n.message import from_json, msg
from watcher.journal.follow_ups import FollowUps
from watcher.journal.reader import Reader
from watcher.model.errors import JournalError, UsageError
from watcher.model.kinds import State
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog, Message
    from watcher.model.records import Entry
    from watcher.model.snapshot import Snapshot

_log = logging.getLogger(__name__)


def source_names(where: Places) -> Mapping[tuple[str, str], str]:
    """By account and source key, those that HrFlow has told; none if the journal gives none."""
    if not where.has_journal:
        return {}
    try:
        reader = Reader(where.journal)
        try:
            sources = FollowUps(reader).sources()
        finally:
            reader.close()
    except JournalError as error:  # keys say it, too
        _log.info("sources are not called by their names: %s", error.title)
        return {}
    return {key: facts.name for key, (facts, _) in sources.items() if facts.name}


#: Seconds after which nothing new is said, too: browsers and proxies give up later than that.
LONGEST_WAIT: Final = 25.0


#: Seconds after which those may ask again for whom there is no room to wait.
_CROWDED: Final = 2.0


class News:
    """Numbers snapshots. Used by all threads of the server."""

    def __init__(self, app: App, places: int) -> None:
        """As many as ``places`` may wait at the same time."""
        self._app = app
        self._latest = app.snapshot
        self._beginning = threading.Lock()
        self._unsubscribe: Callable[[], None] | None = None  # until somebody looks
        self._places = threading.Semaphore(places)
        self._changed = threading.Condition()
        self._number = 1
        self._closed = False

    def _hear(self, _snapshot: Snapshot) -> None:
        """Something is not as it was."""
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Keep nobody waiting any more."""
        with self._beginning, self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._unsubscribe is not None:
            self._unsubscribe()

    def wait(self, seen: int) -> tuple[int, Snapshot | None, float]:
        """(number, how things are, seconds until the next question) as soon as that is news.

        ``seen`` is the number of the last answer, 0 for none. None after a while without news.
        """
        with self._beginning:
            if self._unsubscribe is None and not self._closed:
                self._unsubscribe = self._app.subscribe(self._hear)
        if seen != self._number:
            return self._number, self._latest(), 0.0
        if not self._places.acquire(blocking=False):
            return seen, None, _CROWDED
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._number != seen, LONGEST_WAIT)
                number = self._number
        finally:
            self._places.release()
        if number == seen:
            return number, None, _CROWDED if self._closed else 0.0
        return number, self._latest(), 0.0


#: Files on a page, at the most; and in one piece of a CSV file.
LONGEST_PAGE: Final = 200


_PIECE: Final = 1000


#: Days that the chart shows.
DAYS: Final = 30


_COLUMNS: Final = (
    "id", "name", "path", "state", "remark", "candidate", "source", "tags", "type", "size",
    "took", "reference", "profile", "changed_at",
)  # fmt: skip


#: What a spreadsheet would take for a formula at a cell's beginning.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Filters(TypedDict):
    """What ``Reader.history`` filters by; empty values do not."""

    states: tuple[State, ...]
    folder: str
    text: str
    cause: str
    why: Message


@dataclass(frozen=True)
class Activity:
    """Reads the journal at ``places``, anew for each question."""

    places: Places
    word: Catalog

    def page(self, query: Mapping[str, str]) -> dict[str, object]:
        """Files that fit the query, the latest first, and where the next page begins."""
        limit = min(LONGEST_PAGE, _number(query, "limit", 50))
        before = _cursor(query.get("before", ""))
        with self._reader() as reader:
            found = reader.history(**filters(query), before=before, limit=limit + 1)
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        return {
            "files": [view.row(entry, self.word) for entry in shown],
            "next": f"{last.changed_at!r}_{last.file_id}" if last else None,
        }

    def file(self, file_id: int) -> dict[str, object]:
        """Everything about one file; UsageError if it is not known."""
        with self._reader() as reader:
            entry = reader.entry(file_id)
            story = reader.events(file_id)
        if entry is None:
            raise UsageError(
                msg("This file is not known any more."), msg("Look for it in the list.")
            )
        return view.details(entry, story, self.word)

    def entries(self, ids: tuple[int, ...]) -> list[Entry]:
        """The files with these ids that are known."""
        with self._reader() as reader:
            found = (reader.entry(file_id) for file_id in ids)
            return [entry for entry in found if entry is not None]

    def matching(self, query: Mapping[str, str]) -> Iterator[list[Entry]]:
        """All files that fit the query, in pieces."""
        with self._reader() as reader:
            yield from reader.pages(**filters(query))

    def days(self) -> list[tuple[str, int]]:
        """How many files arrived on each of the last days, today the last."""
        today = date.fromtimestamp(time.time())  # noqa: DTZ012 - the person's own day
        first = today - timedelta(days=DAYS - 1)
        with self._reader() as reader:
            arrived = dict(reader.days(first.isoformat()))
        every = ((first + timedelta(days=number)).isoformat() for number in range(DAYS))
        return [(day, arrived.get(day, 0)) for day in every]

    def table(self, query: Mapping[str, str]) -> Iterator[bytes]:
        """All files that fit the query, as CSV in pieces."""
        comma = "," in self.word.number(0.5, 1)  # a spreadsheet takes it for the one within numbers
        yield "\N{BYTE ORDER MARK}".encode() + _csv([_COLUMNS], comma=comma)
        before = None
        while True:
            with self._reader() as reader:
                found = reader.history(**filters(query), before=before, limit=_PIECE)
            if not found:
                return
            yield _csv([self._cells(entry) for entry in found], comma=comma)
            before = (found[-1].changed_at, found[-1].file_id)

    def _cells(self, entry: Entry) -> tuple[object, ...]:
        row = view.row(entry, self.word)
        changed = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.changed_at))
        values = {**row, "state": row["label"], "changed_at": changed}
        return tuple(values[column] for column in _COLUMNS)

    @contextmanager
    def _reader(self) -> Iterator[Reader]:
        reader = Reader(self.places.journal)
        try:
            yield reader
        finally:
            reader.close()


def filters(query: Mapping[str, str]) -> Filters:
    """What a query asks for; UsageError if it makes no sense."""
    state = query.get("state", "")
    if state and state not in view.GROUPS and state not in list(State):
        raise UsageError(msg('There is no state "{value}".', value=state))
    states = view.GROUPS.get(state) or ((State(state),) if state else ())
    return {
        "states": states,
        "folder": query.get("folder", ""),
        "text": query.get("text", "").strip(),
        "cause": query.get("cause", ""),
        "why": from_json(query.get("why", "")),
    }


def _cursor(text: str) -> tuple[float, int] | None:
    if not text:
        return None
    moment, _, number = text.partition("_")
    try:
        return float(moment), int(number)
    except ValueError as error:
        raise UsageError(msg("This page of the list does not exist.")) from error


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else default


def _csv(rows: Iterable[Iterable[object]], *, comma: bool) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";" if comma else ",")
    writer.writerows([_cell(value, comma=comma) for value in row] for row in rows)
    return written.getvalue().encode("utf-8", "replace")


def _cell(value: object, *, comma: bool) -> str:
    text = "" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)
    if comma and isinstance(value, float):
        text = text.replace(".", ",")
    return f"'{text}" if text.startswith(_FORMULA) else text
