"""What became of the files: the list, details, reasons, the chart; and the status as it changes."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from msgspec import Struct

from watcher.i18n.message import Message, as_json, from_json, msg
from watcher.journal.history import ORDERED, ORDERS, Filter
from watcher.journal.reader import Reader
from watcher.model.entries import PROFILE_KEY
from watcher.model.errors import UsageError
from watcher.model.kinds import State
from watcher.model.reasons import is_opened
from watcher.present import listing, view
from watcher.present.report import MONTHS, Span, make_period, render, summarize
from watcher.present.status import full_time
from watcher.present.view import Group, base_name, states_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.state_folder import Places
    from watcher.i18n.message import Catalog
    from watcher.journal.reader import Reason
    from watcher.model.entries import Entry
    from watcher.model.snapshot import Snapshot

#: Most files on a page.
_LONGEST_PAGE: Final = 200
#: The largest number that SQLite has.
_LARGEST_ID: Final = (1 << 63) - 1
#: Most reasons for which files need attention.
_REASONS: Final = 50
#: Most days that the chart shows.
_LONGEST_SPAN: Final = 366


class Activity(Struct, frozen=True):
    """Reads the files in the journal at ``places``, anew for each request."""

    places: Places
    word: Catalog
    #: Returns the address of profiles (``profile_url``) of each account.
    profile_urls: Callable[[], Mapping[str, str]] = dict

    def page(self, query: Mapping[str, str]) -> dict[str, object]:
        """Return a ``page`` (from 1) of the files that match, the latest first unless sorted."""
        limit = min(_LONGEST_PAGE, _number(query, "limit", 50))
        order, offset = _order(query), (_number(query, "page", 1) - 1) * limit
        with self._reader() as reader:
            found = reader.history(read_filter(query), order=order, limit=limit + 1, offset=offset)
        urls = self.profile_urls()
        return {
            "files": [listing.row(entry, self.word, _link(entry, urls)) for entry in found[:limit]],
            "has_more": len(found) > limit,
            # How many are sorted, the latest, if they may not be all that match.
            "sorted": ORDERED if order.removeprefix("-") in ORDERS else None,
        }

    def file(self, file_id: int) -> dict[str, object]:
        """Return everything about one file; UsageError if it is not known."""
        with self._reader() as reader:
            file_id = min(file_id, _LARGEST_ID)
            entry = reader.entry(file_id)
            story = reader.events(file_id)
            parts = reader.parts(entry) if entry and is_opened(entry) else []
            container = reader.container(entry) if entry else None
        if entry is None:
            raise UsageError(
                msg("This link to the file is out of date."), msg("Look for the file in the list.")
            )
        return {
            **listing.details(entry, story, self.word, _link(entry, self.profile_urls())),
            "parts": [listing.row(part, self.word) for part in parts],
            "container": container and {"id": container.file_id, "name": base_name(container.path)},
        }

    def at(self, folder: str, path: str) -> Entry | None:
        """Return the file at ``path`` in a watched folder; None if it is not known."""
        with self._reader() as reader:
            return reader.at(folder, path)

    def entries(self, ids: tuple[int, ...]) -> list[Entry]:
        """Return the files with these ids, as far as they are known."""
        with self._reader() as reader:
            found = (reader.entry(file_id) for file_id in ids)
            return [entry for entry in found if entry is not None]

    def matching(self, query: Mapping[str, str]) -> Iterator[list[Entry]]:
        """Yield all files that match, in pieces."""
        with self._reader() as reader:
            yield from reader.pages(read_filter(query))

    def reasons(self) -> list[dict[str, object]]:
        """Return why files need attention by themselves, the most frequent reason first."""
        with self._reader() as reader:
            found = [
                (each, reader.entry(each.latest) if each.files == 1 else None)
                for each in reader.reasons(_REASONS)
            ]
        return [
            {
                "state": each.state.value,
                "title": self._title(each.state, each.files, entry),
                "why": self.word(self._example(each)),
                "reason": as_json(each.why),
                "files": each.files,
                "can_retry": each.in_place,
            }
            for each, entry in found
        ]

    @staticmethod
    def _example(reason: Reason) -> Message:
        if reason.is_example:
            return msg("{reason} (numbers vary from file to file)", reason=reason.why)
        return reason.why

    def _title(self, state: State, files: int, entry: Entry | None) -> str:
        """Return how many files have a reason; for a single one, its name."""
        if entry is not None:
            names = {"file": view.name(entry)}
            if state is State.REFUSED:
                return self.word("{file} was not accepted", **names)
            return self.word("HrFlow could not read {file}", **names)
        if state is State.REFUSED:
            return self.word.plural(
                "1 file was not accepted", "{count:count} files were not accepted", files
            )
        return self.word.plural(
            "HrFlow could not read 1 CV", "HrFlow could not read {count:count} CVs", files
        )

    def arrivals(self, query: Mapping[str, str]) -> dict[str, object]:
        """Return how many files arrived on each of the last ``span`` days, today the last.

        Answers {"days": [("2026-03-31", 7), …], "sources": [{"key": …, "name": "Sales", "days":
        [3, …]}, …]}, the busiest source first. Files that are no longer in the history are
        counted for no source.
        """
        span = min(_LONGEST_SPAN, _number(query, "span", 30))
        today = date.fromtimestamp(time.time())  # noqa: DTZ012 - the person's own day
        days = [(today - timedelta(days=back)).isoformat() for back in reversed(range(span))]
        with self._reader() as reader:
            arrived = dict(reader.days(days[0]))
            by_source = reader.days_by_source(_midnight(days[0], 0))
        names: dict[str, str] = {}
        counts: dict[str, Counter[str]] = {}
        for day, key, name, files in by_source:
            names[key] = name or key
            counts.setdefault(key, Counter())[day] += files
        return {
            "days": [(day, arrived.get(day, 0)) for day in days],
            "sources": [
                {"key": key, "name": names[key], "days": [count[day] for day in days]}
                for key, count in sorted(counts.items(), key=lambda each: -each[1].total())
            ],
        }

    def report(self, query: Mapping[str, str]) -> str:
        """Return the report of the ``span`` that today is in, as a page of its own."""
        span = query.get("span", "")
        if span not in list(Span):
            raise UsageError(msg("There is no such report."))
        now = time.time()
        today = date.fromtimestamp(now)  # noqa: DTZ012 - the person's own day
        period = make_period(Span(span), today)
        with self._reader() as reader:
            timings = reader.timings(period.since, period.until)
            made = summarize(period, timings, reader.months(now, MONTHS))
        return render(made, full_time(now, self.word), os.path.expanduser("~"), self.word)

    def table(self, query: Mapping[str, str]) -> Iterator[bytes]:
        """Return all files that match, as CSV in pieces; UsageError if the query makes no sense."""
        return self._pieces(read_filter(query))

    def _pieces(self, wanted: Filter) -> Iterator[bytes]:
        yield "\N{BYTE ORDER MARK}".encode() + listing.to_csv([], self.word, head=True).encode()
        with self._reader() as reader:
            for found in reader.pages(wanted):
                yield listing.to_csv(found, self.word, head=False).encode()

    @contextmanager
    def _reader(self) -> Iterator[Reader]:
        reader = Reader(self.places.journal)
        try:
            yield reader
        finally:
            reader.close()


def _link(entry: Entry, profile_urls: Mapping[str, str]) -> str:
    """Return where a person looks at the file's profile; "" if that is not known."""
    if not entry.profile_key or entry.probable:
        return ""
    profile_url = profile_urls.get(entry.account, "")
    return profile_url.replace(PROFILE_KEY, quote(entry.profile_key, safe=""))


def read_filter(query: Mapping[str, str]) -> Filter:
    """Return what a query asks for; UsageError if it makes no sense."""
    state = query.get("state", "")
    if state in list(Group):
        states = states_of(Group(state))
    elif state in ("", *State):
        states = (State(state),) if state else ()
    else:
        raise UsageError(msg('There is no state "{value}".', value=state))
    return Filter(
        states=states,
        folder=query.get("folder", ""),
        text=query.get("text", "").strip(),
        since=_midnight(query.get("since", ""), 0),
        until=_midnight(query.get("until", ""), 1),
        cause=query.get("cause", ""),
        why=from_json(query.get("why", "")),
        source=query.get("source", ""),
    )


def _order(query: Mapping[str, str]) -> str:
    order = query.get("sort", "")
    if order in ("", "-when"):
        return ""
    if order.removeprefix("-") not in ("when", *ORDERS):
        raise UsageError(msg("This page of the list doesn't exist."))
    return order


def _midnight(day: str, days: int) -> float:
    """Return when a local day ``YYYY-MM-DD`` begins, or one ``days`` after it; 0 for none."""
    if not day:
        return 0.0
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days), clock()).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(msg('"{value}" is not a date like 2026-03-31.', value=day)) from error


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else default


# -- Changes of the status


#: Seconds after which a wait ends without a change: browsers and proxies give up later than that.
_LONGEST_WAIT: Final = 25.0
#: Seconds after which those may ask again who cannot be kept waiting.
_CROWDED: Final = 2.0


class ChangeFeed:
    """Numbers the snapshots, and lets requests wait for the next one. For all threads."""

    def __init__(self, app: App, waiting: int) -> None:
        """At most ``waiting`` requests wait at the same time."""
        self._app = app
        self._latest = app.snapshot
        self._beginning = threading.Lock()
        self._unsubscribe: Callable[[], None] | None = None  # until the first request
        self._places = threading.Semaphore(waiting)
        self._changed = threading.Condition()
        self._number = 1
        self._closed = False

    def _on_change(self, _snapshot: Snapshot) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End all waiting."""
        with self._beginning, self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._unsubscribe is not None:
            self._unsubscribe()

    def wait(self, seen: int) -> tuple[int, Snapshot | None, float]:
        """Return (number, snapshot, seconds until the next request) as soon as there is a change.

        ``seen`` is the number of the last answer, 0 for none. The snapshot is None if there was no
        change for a while.
        """
        with self._beginning:
            if self._unsubscribe is None and not self._closed:
                self._unsubscribe = self._app.subscribe(self._on_change)
        if seen != self._number:
            return self._number, self._latest(), 0.0
        if not self._places.acquire(blocking=False):
            return seen, None, _CROWDED
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._number != seen, _LONGEST_WAIT)
                number = self._number
        finally:
            self._places.release()
        if number == seen:
            return number, None, _CROWDED if self._closed else 0.0
        return number, self._latest(), 0.0
