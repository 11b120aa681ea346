"""What the page shows: files, status, folders and rules, what would happen to a file, health."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypedDict

from watcher.config.tags import write_tags
from watcher.daemon.plans import (
    MISSING,
    WOULD_BE_SENT,
    check_file,
    former_targets,
    make_plans,
    this_machine,
)
from watcher.daemon.status import source_names
from watcher.i18n.message import NOTHING, Message, as_json, from_json, msg, verbatim
from watcher.journal.reader import ORDERS, Reader
from watcher.model.errors import UsageError
from watcher.model.kinds import State
from watcher.present import listing
from watcher.present.view import Group, states_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from watcher.daemon.core import App
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog
    from watcher.model.records import Entry
    from watcher.model.settings import Folder, Rule
    from watcher.model.snapshot import Snapshot

    Names = Mapping[tuple[str, str], str]

_log = logging.getLogger(__name__)


#: Most files on a page, and in one piece of a CSV file.
_LONGEST_PAGE: Final = 200
_PIECE: Final = 1000
#: Most reasons for which files need attention.
_REASONS: Final = 50
#: Most days that the chart shows.
_LONGEST_SPAN: Final = 366


class Filters(TypedDict):
    """What ``Reader.history`` filters by; empty values are no filter."""

    states: tuple[State, ...]
    folder: str
    text: str
    since: float
    until: float
    cause: str
    why: Message


class _Begin(TypedDict, total=False):
    """Where a page of the list begins: behind a file, or behind so many in another order."""

    before: tuple[float, int] | None
    offset: int


@dataclass(frozen=True)
class Activity:
    """Reads the files in the journal at ``places``, anew for each request."""

    places: Places
    word: Catalog
    #: Returns the address of profiles (``profile_url``) of each account.
    profile_urls: Callable[[], Mapping[str, str]] = dict

    def page(self, query: Mapping[str, str]) -> dict[str, object]:
        """Return the files that match, the latest first, and where the next page begins."""
        limit = min(_LONGEST_PAGE, _number(query, "limit", 50))
        order, place = _order(query), query.get("before", "")
        begin: _Begin = {"offset": _offset(place)} if order else {"before": _cursor(place)}
        with self._reader() as reader:
            found = reader.history(**filters(query), **begin, order=order, limit=limit + 1)
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        following = f"{last.changed_at!r}_{last.file_id}" if last else None
        if last and order:
            following = str(begin["offset"] + limit)
        urls = self.profile_urls()
        return {
            "files": [
                listing.row(entry, self.word, urls.get(entry.account, "")) for entry in shown
            ],
            "next": following,
        }

    def file(self, file_id: int) -> dict[str, object]:
        """Return everything about one file; UsageError if it is not known."""
        with self._reader() as reader:
            entry = reader.entry(file_id)
            story = reader.events(file_id)
        if entry is None:
            raise UsageError(
                msg("This file is not known any more."), msg("Look for it in the list.")
            )
        url = self.profile_urls().get(entry.account, "")
        return listing.details(entry, story, self.word, url)

    def entries(self, ids: tuple[int, ...]) -> list[Entry]:
        """Return the files with these ids, as far as they are known."""
        with self._reader() as reader:
            found = (reader.entry(file_id) for file_id in ids)
            return [entry for entry in found if entry is not None]

    def matching(self, query: Mapping[str, str]) -> Iterator[list[Entry]]:
        """Yield all files that match, in pieces."""
        with self._reader() as reader:
            yield from reader.pages(**filters(query))

    def reasons(self) -> list[dict[str, object]]:
        """Return why files need attention by themselves, the most frequent reason first."""
        with self._reader() as reader:
            found = reader.reasons(_REASONS)
        return [
            {
                "state": state.value,
                "title": self._title(state, files),
                "why": self.word(why),
                "reason": as_json(why),
                "files": files,
                "can_retry": in_place,
            }
            for state, why, files, in_place in found
        ]

    def _title(self, state: State, files: int) -> str:
        if state is State.REFUSED:
            return self.word.plural(
                "1 file was not accepted", "{count:count} files were not accepted", files
            )
        return self.word.plural(
            "1 CV could not be read", "{count:count} CVs could not be read", files
        )

    def days(self, query: Mapping[str, str]) -> list[tuple[str, int]]:
        """Return how many files arrived on each of the last ``span`` days, today the last."""
        span = min(_LONGEST_SPAN, _number(query, "span", 30))
        today = date.fromtimestamp(time.time())  # noqa: DTZ012 - the person's own day
        first = today - timedelta(days=span - 1)
        with self._reader() as reader:
            arrived = dict(reader.days(first.isoformat()))
        every = ((first + timedelta(days=number)).isoformat() for number in range(span))
        return [(day, arrived.get(day, 0)) for day in every]

    def table(self, query: Mapping[str, str]) -> Iterator[bytes]:
        """Yield all files that match, as CSV in pieces."""
        yield "\N{BYTE ORDER MARK}".encode() + listing.to_csv([], self.word, head=True).encode()
        before = None
        while True:
            with self._reader() as reader:
                found = reader.history(**filters(query), before=before, limit=_PIECE)
            if not found:
                return
            yield listing.to_csv(found, self.word, head=False).encode()
            before = (found[-1].changed_at, found[-1].file_id)

    @contextmanager
    def _reader(self) -> Iterator[Reader]:
        reader = Reader(self.places.journal)
        try:
            yield reader
        finally:
            reader.close()


def filters(query: Mapping[str, str]) -> Filters:
    """Return what a query asks for; UsageError if it makes no sense."""
    state = query.get("state", "")
    if state in list(Group):
        states = states_of(Group(state))
    elif state in ("", *State):
        states = (State(state),) if state else ()
    else:
        raise UsageError(msg('There is no state "{value}".', value=state))
    return {
        "states": states,
        "folder": query.get("folder", ""),
        "text": query.get("text", "").strip(),
        "since": _midnight(query.get("since", ""), 0),
        "until": _midnight(query.get("until", ""), 1),
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


def _order(query: Mapping[str, str]) -> str:
    order = query.get("sort", "")
    if order in ("", "-when"):
        return ""
    if order.removeprefix("-") not in ORDERS:
        raise UsageError(msg("This page of the list does not exist."))
    return order


def _offset(text: str) -> int:
    if text and not (text.isdecimal() and len(text) < 12):
        raise UsageError(msg("This page of the list does not exist."))
    return int(text or 0)


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


# -- Status


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


# -- Folders


@dataclass(frozen=True)
class Folders:
    """Reads the settings of the running program."""

    app: App
    places: Places
    word: Catalog

    def all(self) -> dict[str, object]:
        """Return all folders, each with its rules in order."""
        names = source_names(self.places)
        problems = {each.path: each.problem for each in self.app.snapshot().watched}
        return {
            "folders": [
                _folder(folder, self._problem(problems, folder), names)
                for folder in self.app.config.folders
            ]
        }

    def _problem(self, problems: Mapping[str, Message], folder: Folder) -> str:
        return self.word(problems.get(os.path.realpath(folder.path), NOTHING))

    def check(self, order: Mapping[str, Any]) -> dict[str, object]:
        """Return what would happen to the file at ``path``; the code that uploads decides it."""
        path = order.get("path")
        if not isinstance(path, str) or not path.strip():
            raise UsageError(msg("Enter the path of a file."))
        path = os.path.expanduser(path.strip().strip('"'))
        if not os.path.isabs(path):
            raise UsageError(msg("Enter the full path of the file."))
        former = former_targets(self.places)
        plans = make_plans(self.app.config, this_machine(), former)
        verdict = check_file(path, plans, self.places)
        said = {
            name: self.word(value) if isinstance(value, Message) else value
            for name, value in verdict.items()
        }
        said = {"why": "", "what": "", **said}
        return {
            **said,
            "good": verdict["verdict"] == WOULD_BE_SENT,
            "sentence": self.word(self._sentence(verdict)),
            **self._named(verdict),
        }

    def _sentence(self, verdict: Mapping[str, object]) -> Message:
        """Return what would happen to a file, as a sentence."""
        file = os.path.basename(str(verdict["file"]))
        if verdict["verdict"] == MISSING:
            return msg("{file} was not found; check the path.", file=file)
        if verdict["verdict"] == WOULD_BE_SENT:
            key = str(verdict["source_key"])
            names = source_names(self.places)
            source = names.get((str(verdict["account"]), key), key)
            what = _said(verdict["what"])
            return msg(
                "{file} is {what} and would be uploaded to {source}.",
                file=file,
                what=what,
                source=source,
            )
        return msg("{file}: {why}", file=file, why=_said(verdict.get("why", "")))

    def _named(self, verdict: Mapping[str, object]) -> dict[str, object]:
        """Return the fields of an upload with the source's name beside its key, if it is known."""
        key, fields = str(verdict.get("source_key", "")), verdict.get("fields")
        name = source_names(self.places).get((str(verdict.get("account", "")), key))
        if not name or not isinstance(fields, dict):
            return {}
        return {"fields": {**fields, "source_key": f"{name} ({key})"}}


def _said(value: object) -> Message:
    return value if isinstance(value, Message) else verbatim(str(value))


def _folder(folder: Folder, problem: str, names: Names) -> dict[str, object]:
    return {
        "path": folder.path,
        "real": os.path.realpath(folder.path),
        "problem": problem,
        "account": folder.account,
        "source": _source(folder, folder.source_key, names),
        "source_key": folder.source_key,
        "tags": write_tags(folder.tags),
        "recursive": folder.recursive,
        "existing": folder.existing.value,
        "after_upload": folder.after_upload.value,
        "after_refusal": folder.after_refusal.value,
        "max_size": folder.max_size,
        "rules": [_rule(folder, at, rule, names) for at, rule in enumerate(folder.rules, 1)],
    }


def _source(folder: Folder, key: str, names: Names) -> str:
    return names.get((folder.account, key), key)


def _rule(folder: Folder, number: int, rule: Rule, names: Names) -> dict[str, object]:
    return {
        "number": number,
        "match": rule.match or "**",
        "media_types": list(rule.media_types),
        "ignore": rule.ignore,
        "source": _source(folder, rule.source_key or "", names),
        "tags": write_tags(rule.tags),
        "reference": rule.reference or "",
        "min_size": rule.min_size,
        "max_size": rule.max_size,
    }


# -- Health


@dataclass(frozen=True)
class Health:
    """The doctor's checks; ``environ`` is that of the program's start, keys included."""

    config: str
    places: Places
    environ: Mapping[str, str]
    word: Catalog

    def lines(self) -> dict[str, object]:
        """Return all findings; that takes some seconds, as HrFlow is asked too."""
        from watcher import doctor  # noqa: PLC0415 - only who asks for it needs it

        case = doctor.Case(self.config, self.places, self.environ, os.path.expanduser("~"))
        return {
            "lines": [
                {
                    "sign": doctor.LEVELS[finding.level].sign,
                    "tone": doctor.LEVELS[finding.level].tone,
                    "level": self.word(doctor.LEVELS[finding.level].label),
                    "label": self.word(check.label),
                    "about": check.about,
                    "text": self.word(finding.text),
                    "advice": self.word(advice),
                    "act": _act(check.name, check.about, finding.level),
                }
                for check, finding, advice in doctor.with_advice(doctor.examine(case))
            ]
        }


def _act(name: str, about: str, level: str) -> str:
    """Return what the page can do about the finding of the check ``name``, "" for nothing.

    "login" installs the login service, "open" opens the folder; "key", "folders" and "setup" lead
    to where a person changes it.
    """
    if level not in ("warning", "error"):
        return ""
    act = _ACTS.get(name, "")
    return "folders" if act == "open" and not os.path.isdir(about) else act


#: By the names of the doctor's checks.
_ACTS: Final = MappingProxyType(
    {
        "service": "login",
        "folder": "open",
        "events": "open",
        "key": "key",
        "access": "key",
        "source": "folders",
        "config": "setup",
    }
)
