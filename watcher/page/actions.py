"""What can be ordered over the channel, from the page and by commands."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from watcher.daemon.clock import next_day
from watcher.daemon.imports import imported_folder
from watcher.i18n.message import Text, msg
from watcher.model.errors import UnusableError, UsageError
from watcher.model.lifecycle import IGNORABLE
from watcher.model.settings import Item
from watcher.model.snapshot import UNTIL_RESUMED
from watcher.pipeline.messages import Ignore, Pause, Release, Resume, Retry, Snooze
from watcher.present import view
from watcher.present.status import needs_approval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.daemon.core import App
    from watcher.model.records import Entry
    from watcher.model.snapshot import Snapshot
    from watcher.page.activity import Activity

    Order = Mapping[str, Any]

#: Files that one message names.
_PIECE: Final = 500


#: Files that are named of those for which an order made no sense.
_LEFT: Final = 20


#: Folders that one order opens: each is a window of the desktop.
_WINDOWS: Final = 5


#: Seconds of the longest pause that ends by itself.
_LONGEST: Final = 366 * 86400.0


class Control(Protocol):
    """What only whoever started the program can do."""

    def stop(self) -> None:
        """End the program."""

    def reload(self) -> tuple[Text, ...]:
        """Read the configuration again; gives what is wrong with it, a sentence each."""

    def show(self, path: str) -> None:
        """Show a folder, or a file in its folder, in the system's own window."""


class Obeying(Protocol):
    """The program, or what stands in for it where none runs."""

    def post(self, message: object) -> None:
        """Obey a message of the pipeline."""

    def snapshot(self) -> Snapshot:
        """How things are."""


@dataclass(frozen=True)
class Orders:
    """Turns orders into messages of the pipeline; UsageError for those that make no sense."""

    app: Obeying
    activity: Activity

    def pause(self, order: Order) -> dict[str, object]:
        """Start no uploads for ``seconds``, ``until`` "tomorrow", or until resumed."""
        until = _end_of_pause(order, time.time())
        self.app.post(Pause(until))
        return {"paused_until": None if until == UNTIL_RESUMED else until}

    def resume(self, _: Order) -> dict[str, object]:
        """End a pause."""
        self.app.post(Pause(0.0))
        return {}

    def snooze(self, order: Order) -> dict[str, object]:
        """Show no notifications ``until`` a moment, until told where that is None; 0 ends it."""
        until = order.get("until")
        if not (until is None or type(until) in (int, float)):
            raise UsageError("A pause lasts a number of seconds.")
        self.app.post(Snooze(math.inf if until is None else until))
        return {}

    def retry(self, order: Order) -> dict[str, object]:
        """Try files again: those of ``ids``, of a ``cause``, alike (``state``, ``why``), or all."""
        if order.get("all") is True:
            return self.retry_all()
        if cause := _text(order, "cause"):
            return self._release(cause)
        return self._order(order, view.can_retry, Retry)

    def retry_all(self) -> dict[str, object]:
        """Try again all that needs attention or is held back."""
        files = 0
        for hold in self.app.snapshot().holds:
            if not needs_approval(hold):  # that yes is another question
                self.app.post(Release(hold.key))
                files += hold.files
        self.app.post(Resume())
        also = self._order({"state": "attention"}, view.can_retry, Retry)
        return {**also, "files": files + int(str(also["files"]))}

    def ignore(self, order: Order) -> dict[str, object]:
        """Leave files alone, named in the same ways."""
        return self._order(order, lambda entry: entry.state in IGNORABLE, Ignore)

    # -- inside

    def _release(self, cause: str) -> dict[str, object]:
        for hold in self.app.snapshot().holds:
            if hold.key == cause:
                self.app.post(Release(cause))
                return {"files": hold.files, "left": []}
        raise UsageError("Nothing is held back by that any more.")

    def _order(
        self,
        order: Order,
        fits: Callable[[Entry], bool],
        message: Callable[[tuple[int, ...]], object],
    ) -> dict[str, object]:
        files = 0
        left: list[Entry] = []
        for found in self.named(order):
            chosen = tuple(entry.file_id for entry in found if fits(entry))
            if chosen:
                self.app.post(message(chosen))
            files += len(chosen)
            left += [entry for entry in found if not fits(entry)][: _LEFT - len(left)]
        return {"files": files, "left": [view.row(each, self.activity.word) for each in left]}

    def named(self, order: Order) -> Iterator[list[Entry]]:
        """All files that an order is for, in pieces."""
        if "ids" in order:
            ids = _ids(order)
            for at in range(0, len(ids), _PIECE):
                yield self.activity.entries(ids[at : at + _PIECE])
            return
        query = {name: _text(order, name) for name in ("state", "why", "cause")}
        if not any(query.values()):
            raise UsageError("No file was named.")
        yield from self.activity.matching(query)


@dataclass(frozen=True)
class Acts(Orders):
    """What the program obeys while it runs, beside those."""

    app: App
    control: Control

    def show(self, order: Order) -> dict[str, object]:
        """Show a watched ``folder``, the file ``id`` in its folder, or the folders of several.

        Those are named as in :meth:`retry`; only so many folders are opened of them.
        """
        path = _text(order, "folder")
        if path and path not in {each.path for each in self.app.snapshot().watched}:
            raise UsageError(msg("This folder is not watched."))
        one = {"ids": [order["id"]]} if "id" in order else order
        found = {path: path} if path else _places(next(self.named(one), []))
        if not found:
            raise UnusableError(msg("This file is not there any more."))
        shown = list(found.values())[:_WINDOWS]
        for each in shown:
            self.control.show(each)
        return {"shown": len(shown), "folders": len(found)}

    def rescan(self, _: Order) -> dict[str, object]:
        """Look through all folders."""
        self.app.rescan()
        return {}

    def reload(self, _: Order) -> dict[str, object]:
        """Read the configuration again."""
        if problems := self.control.reload():
            raise UsageError(
                msg("The new configuration is not used: {mistakes}", mistakes=problems)
            )
        return {}

    def keys(self, _: Order) -> dict[str, object]:
        """Look all keys up anew, and try again what waits for one."""
        self.app.post(Resume())
        return {}

    def forget(self, order: Order) -> dict[str, object]:
        """Remove what is kept here of the files ``ids``; see ``App.forget``."""
        is_overwritten = self.app.forget(_ids(order))
        return {"done": is_overwritten is not None, "overwritten": is_overwritten}

    def begin_import(self, order: Order) -> dict[str, object]:
        """Take every file at or below ``path``; of a folder that is not watched with settings."""
        path, folder = os.path.realpath(_text(order, "path")), None
        if source_key := _text(order, "source_key"):
            tags = tuple(Item(name=str(tag["name"]), value=tag["value"]) for tag in order["tags"])
            account = _text(order, "account")
            folder = imported_folder(self.app.config, path, source_key, account, tags)
        return {"number": self.app.begin_import(path, folder)}

    def stop(self, _: Order) -> dict[str, object]:
        """End the program, once this was answered."""
        self.control.stop()
        return {"pid": os.getpid()}


def _places(entries: list[Entry]) -> dict[str, str]:
    """By folder, what is to be shown of it: a file that is alone in it, else the folder itself."""
    found: dict[str, str] = {}
    for entry in entries:
        folder, path = _place(entry)
        if os.path.lexists(path):
            found[folder] = folder if folder in found else path
    return found


def _place(entry: Entry) -> tuple[str, str]:
    """The folder that a file is in, and the file; the folder alone if the file is not there."""
    for path in (entry.filed_to, entry.path):
        if path and os.path.lexists(path):
            return os.path.dirname(path), path
    folder = os.path.dirname(entry.path)
    return folder, folder


def _end_of_pause(order: Order, now: float) -> float:
    """The moment that an order to pause names; UsageError if it makes no sense."""
    if order.get("until") == "tomorrow":
        return next_day(now)
    seconds = order.get("seconds")
    if seconds is None:
        return UNTIL_RESUMED
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UsageError(msg("A pause lasts a number of seconds."))
    if not 0 < seconds <= _LONGEST:
        raise UsageError(msg("A pause lasts up to a year."))
    return now + seconds


def _ids(order: Order) -> tuple[int, ...]:
    ids = order["ids"]
    if not isinstance(ids, list) or not all(type(each) is int for each in ids):
        raise UsageError("Files are named by their numbers.")
    return tuple(each for each in ids if 0 < each < 1 << 63)


def _text(order: Order, name: str) -> str:
    value = order.get(name, "")
    if not isinstance(value, str):
        raise UsageError(msg("{key} is a text.", key=name))
    return value
