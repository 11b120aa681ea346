"""Requests that change something: from the page, where some can be taken back, and by commands."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from msgspec import Struct

from watcher.daemon.desktop import show_file
from watcher.daemon.plans import imported_folder
from watcher.i18n.message import Text, msg
from watcher.model.errors import JournalError, UnusableError, UsageError
from watcher.model.kinds import FAILED
from watcher.model.lifecycle import IGNORABLE
from watcher.model.settings import Item
from watcher.model.snapshot import UNTIL_RESUMED
from watcher.pipeline.messages import Ignore, NameSources, Pause, ReleaseHold, Resume, Retry, Snooze
from watcher.present import listing
from watcher.present.status import needs_approval
from watcher.routing.names import document_path
from watcher.system.clock import next_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watcher.daemon.core import App
    from watcher.model.entries import Entry
    from watcher.model.snapshot import Snapshot
    from watcher.page.activity import Activity

    Body = Mapping[str, Any]
    #: Takes the body of a request and returns its answer.
    Order = Callable[[Body], dict[str, object]]

#: Files in one message to the pipeline.
_PIECE: Final = 500
#: Files that are listed of those that an action does not fit.
_LEFT: Final = 20
#: Folders that one request opens: each is a window of the desktop.
_WINDOWS: Final = 5
#: Seconds for which the page offers to undo, and those that its request may take.
UNDO_SECONDS: Final = 10.0
_LATE: Final = 1.0
#: Seconds of the longest pause that ends by itself.
_LONGEST_PAUSE: Final = 366 * 86400.0


class Control(Struct, frozen=True):
    """What the command that started the program does for it."""

    stop: Callable[[], object]
    #: Reads the configuration again; returns what is wrong with it.
    reload: Callable[[], tuple[Text, ...]]


class Receiver(Protocol):
    """The program, or the journal alone where none runs."""

    def carry_out(self, *orders: object) -> bool:
        """Carry out commands; return once they are in force, False if that takes too long."""

    def snapshot(self) -> Snapshot:
        """Return the current status."""

    def forget(self, file_ids: tuple[int, ...]) -> bool | None:
        """Forget files; return whether no trace is left, None if that takes too long."""


class JournalActions(Struct, frozen=True):
    """Actions that also work where the program does not run; UsageError if they make no sense."""

    app: Receiver
    activity: Activity

    def orders(self) -> dict[str, Order]:
        """Return all actions by the names that the API, the menu and the commands give them."""
        return {
            "pause": self.pause,
            "resume": self.resume,
            "snooze": self.snooze,
            "retry": self.retry,
            "ignore": self.ignore,
            "sources": self.name_sources,
            "forget": self.forget,
        }

    def pause(self, body: Body) -> dict[str, object]:
        """Pause uploads for ``seconds``, ``until`` "tomorrow", or until resumed."""
        until = _end_of_pause(body, time.time())
        self._order(Pause(until))
        return {"paused_until": None if until == UNTIL_RESUMED else until}

    def resume(self, _: Body) -> dict[str, object]:
        """End a pause; tell whether there was one."""
        was_paused = self.app.snapshot().paused_until > time.time()
        self._order(Pause(0.0))
        return {"was_paused": was_paused}

    def snooze(self, body: Body) -> dict[str, object]:
        """Snooze notifications for a time as in :meth:`pause`; if ``until`` is 0, end that."""
        until = 0.0 if body.get("until") == 0 else _end_of_pause(body, time.time())
        self._order(Snooze(until))
        return {"snoozed_until": None if until == UNTIL_RESUMED else until}

    def retry(self, body: Body) -> dict[str, object]:
        """Retry files: by ``ids``, by ``cause``, by ``state`` and ``why``, or ``all``."""
        if body.get("all") is True:
            return self.retry_all()
        if cause := _text(body, "cause"):
            return self._release(cause, body)
        return self._change(body, listing.can_retry, Retry)

    def retry_all(self) -> dict[str, object]:
        """Retry everything that needs attention or is held back."""
        # Approval is another question.
        holds = [hold for hold in self.app.snapshot().holds if not needs_approval(hold)]
        self._order(*(ReleaseHold(hold.key) for hold in holds), Resume())
        files = sum(hold.files for hold in holds)
        left: list[object] = []
        for state in FAILED:
            done = self._change({"state": state.value}, listing.can_retry, Retry)
            files += int(str(done["files"]))
            left += cast("list[object]", done["left"])
        return {"files": files, "left": left[:_LEFT]}

    def ignore(self, body: Body) -> dict[str, object]:
        """Ignore files, chosen in the same ways."""
        return self._change(body, lambda entry: entry.state in IGNORABLE, Ignore)

    def name_sources(self, body: Body) -> dict[str, object]:
        """Remember the ``names`` of the sources of an ``account``, by their keys."""
        names = body.get("names")
        if not isinstance(names, dict) or not all(isinstance(each, str) for each in names.values()):
            raise UsageError(msg("{key} must be text.", key="names"))
        self._order(NameSources(_text(body, "account"), names))
        return {}

    def forget(self, body: Body) -> dict[str, object]:
        """Remove the files ``ids`` from the journal; see ``App.forget``."""
        is_overwritten = self.app.forget(_ids(body))
        return {"done": is_overwritten is not None, "overwritten": is_overwritten}

    # -- inside

    def _order(self, *orders: object) -> None:
        if not self.app.carry_out(*orders):
            raise JournalError(
                msg("The program is busy, or can't use its history at the moment."),
                msg("Try again later."),
            )

    def _send(self, messages: Sequence[object], _: Body) -> dict[str, object]:
        self._order(*messages)
        return {}

    def _release(self, cause: str, body: Body) -> dict[str, object]:
        for hold in self.app.snapshot().holds:
            if hold.key == cause:
                return {"files": hold.files, "left": [], **self._send([ReleaseHold(cause)], body)}
        raise UsageError(msg("No files are on hold for this reason any more."))

    def _change(
        self,
        body: Body,
        fits: Callable[[Entry], bool],
        message: Callable[[tuple[int, ...]], object],
    ) -> dict[str, object]:
        files = 0
        left: list[Entry] = []
        messages: list[object] = []
        for found in self.named(body):
            chosen = tuple(entry.file_id for entry in found if fits(entry))
            if chosen:
                messages.append(message(chosen))
            files += len(chosen)
            left += [entry for entry in found if not fits(entry)][: _LEFT - len(left)]
        return {
            "files": files,
            "left": [listing.row(each, self.activity.word) for each in left],
            **(self._send(messages, body) if messages else {}),
        }

    def named(self, body: Body) -> Iterator[list[Entry]]:
        """Yield the files that a request is about, in pieces."""
        if "ids" in body:
            ids = _ids(body)
            for at in range(0, len(ids), _PIECE):
                yield self.activity.entries(ids[at : at + _PIECE])
            return
        query = {name: _text(body, name) for name in ("state", "why", "cause")}
        if not any(query.values()):
            raise UsageError(msg("No files are selected."))
        yield from self.activity.matching(query)


class UndoQueue:
    """Keeps messages to the pipeline until nobody can undo them. For all threads.

    What a person ordered is done whether or not the page stays open.
    """

    def __init__(
        self, post: Callable[[object], None], seconds: float = UNDO_SECONDS + _LATE
    ) -> None:
        self._post = post
        self._seconds = seconds
        self._lock = threading.Lock()
        self._number = 0
        self._pending: dict[int, tuple[threading.Timer, Sequence[object]]] = {}

    def add(self, messages: Sequence[object]) -> int:
        """Post messages after the time to undo; return the number to undo them by."""
        with self._lock:
            self._number += 1
            timer = threading.Timer(self._seconds, self._carry_out, (self._number,))
            timer.daemon = True
            self._pending[self._number] = timer, messages
            timer.start()
            return self._number

    def undo(self, number: int) -> None:
        """Drop messages; UsageError if they were posted already."""
        with self._lock:
            timer, _ = self._pending.pop(number, (None, ()))
        if timer is None:
            raise UsageError(msg("This can't be undone any more."))
        timer.cancel()

    def close(self) -> None:
        """Post all that is kept, at once: the program ends."""
        with self._lock:
            numbers = list(self._pending)
        for number in numbers:
            self._carry_out(number)

    def _carry_out(self, number: int) -> None:
        with self._lock:
            timer, messages = self._pending.pop(number, (None, ()))
        if timer is not None:
            timer.cancel()
        for message in messages:
            self._post(message)


class Actions(JournalActions, frozen=True):
    """All actions of the running program."""

    app: App
    control: Control
    undoable: UndoQueue

    def orders(self) -> dict[str, Order]:
        """Return all actions by their names, those that need the running program too."""
        return {
            **super().orders(),
            "undo": self.undo,
            "show": self.show,
            "rescan": self.rescan,
            "reload": self.reload,
            "keys": self.keys,
            "import": self.begin_import,
            "stop": self.stop,
        }

    def _send(self, messages: Sequence[object], body: Body) -> dict[str, object]:
        """Post messages; after the time to undo them if the ``body`` says "undo"."""
        if body.get("undo") is not True:
            return super()._send(messages, body)
        return {"undo": self.undoable.add(messages), "seconds": UNDO_SECONDS}

    def undo(self, body: Body) -> dict[str, object]:
        """Take back what was ordered with "undo", by the ``number`` that was answered."""
        number = body.get("number")
        self.undoable.undo(number if type(number) is int else 0)
        return {}

    def show(self, body: Body) -> dict[str, object]:
        """Open a watched ``folder``, the folder of the file ``id``, or those of several files.

        These are chosen as in :meth:`retry`; only a few of their folders are opened.
        """
        path = _text(body, "folder")
        if path and path not in {each.path for each in self.app.snapshot().watched}:
            raise UsageError(msg("This folder is not watched."))
        one = {"ids": [body["id"]]} if "id" in body else body
        found = {path: path} if path else _places(next(self.named(one), []))
        if not found:
            raise UnusableError(msg("This file no longer exists."))
        shown = list(found.values())[:_WINDOWS]
        for each in shown:
            show_file(each)
        return {"shown": len(shown), "folders": len(found)}

    def rescan(self, _: Body) -> dict[str, object]:
        """Rescan all folders."""
        self.app.rescan()
        return {}

    def reload(self, _: Body) -> dict[str, object]:
        """Read the configuration again."""
        if problems := self.control.reload():
            raise UsageError(msg("The new configuration is not used: {what}", what=problems))
        return {}

    def keys(self, _: Body) -> dict[str, object]:
        """Look up all keys again, and retry what waits for one."""
        self.app.post(Resume())
        return {}

    def begin_import(self, body: Body) -> dict[str, object]:
        """Import every file at or below ``path``, with settings if it is not watched."""
        path, folder = os.path.realpath(_text(body, "path")), None
        if source_key := _text(body, "source_key"):
            tags = tuple(Item(name=str(tag["name"]), value=tag["value"]) for tag in body["tags"])
            account = _text(body, "account")
            folder = imported_folder(self.app.config, path, source_key, account, tags)
        return {"number": self.app.begin_import(path, folder)}

    def stop(self, _: Body) -> dict[str, object]:
        """Stop the program, once this is answered."""
        self.control.stop()
        return {"pid": os.getpid()}


def _places(entries: list[Entry]) -> dict[str, str]:
    """Return what to open, by folder: its only file, or the folder itself."""
    found: dict[str, str] = {}
    for entry in entries:
        folder, path = _place(entry)
        if os.path.lexists(path):
            found[folder] = folder if folder in found else path
    return found


def _place(entry: Entry) -> tuple[str, str]:
    """Return a file's folder and its path; the folder twice if the file does not exist."""
    here = document_path(entry.path)
    # What is inside a file is shown by that file.
    inside = (os.path.dirname(path) for path in (entry.filed_to, here))
    for path in (entry.filed_to, here, *filter(os.path.isfile, inside)):
        if path and os.path.lexists(path):
            return os.path.dirname(path), path
    folder = os.path.dirname(here)
    return folder, folder


def _end_of_pause(body: Body, now: float) -> float:
    """Return when a pause is to end; UsageError if that makes no sense."""
    if body.get("until") == "tomorrow":
        return next_day(now)
    seconds = body.get("seconds")
    if seconds is None:
        return UNTIL_RESUMED
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UsageError(msg("The length of a pause must be a number of seconds."))
    if not 0 < seconds <= _LONGEST_PAUSE:
        raise UsageError(msg("Choose a duration from one second to a year."))
    return now + seconds


def _ids(body: Body) -> tuple[int, ...]:
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(type(each) is int for each in ids):
        raise UsageError(msg("The files' ids are missing."))
    return tuple(each for each in ids if 0 < each < 1 << 63)


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise UsageError(msg("{key} must be text.", key=name))
    return value
