"""Does what a click means: in the tray's menu, or on a message."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from watcher.app.clock import next_day
from watcher.menu import Act, Verb
from watcher.pipeline import Ignore, Pause, Release, Retry, Take

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR = 3600.0


class Acting:
    """Called with an act, by any thread."""

    def __init__(
        self,
        post: Callable[[object], None],
        open_page: Callable[[str], None],
        show_file: Callable[[str], None],
        show_log: Callable[[], None],
        stop: Callable[[], None],
        *,
        now: Callable[[], float],
    ) -> None:
        """``post`` takes the pipeline's messages; ``stop`` ends the program.

        ``open_page`` opens the activity page at a place: "", "file/7", "attention", "setup",
        "health". ``show_file`` has the desktop show a folder, or a file in its folder.
        """
        self._post = post
        self._open_page = open_page
        self._show_file = show_file
        self._show_log = show_log
        self._stop = stop
        self._now = now

    def __call__(self, act: Act) -> None:
        """Do it."""
        match act.verb:
            case Verb.OPEN_FOLDER:
                self._show_file(act.path)
            case Verb.LOG:
                self._show_log()
            case Verb.QUIT:
                self._stop()
            case _ if (place := self._place(act)) is not None:
                self._open_page(place)
            case _:
                self._post(self._message(act))

    def _place(self, act: Act) -> str | None:
        """Where on the page an act leads, if it does."""
        match act.verb:
            case Verb.ACTIVITY:
                return f"file/{act.file_ids[0]}" if act.file_ids else ""
            case Verb.ATTENTION:
                return "attention"
            case Verb.SET_UP:
                return "setup"
            case Verb.DOCTOR | Verb.ABOUT:
                return "health"
            case _:
                return None

    def _message(self, act: Act) -> object:
        """What the pipeline is told."""
        match act.verb:
            case Verb.RETRY:
                return Retry(act.file_ids)
            case Verb.IGNORE:
                return Ignore(act.file_ids)
            case Verb.TAKE:
                return Take(act.path)
            case Verb.RELEASE:
                return Release(act.key)
            case Verb.PAUSE_AN_HOUR:
                return Pause(self._now() + _HOUR)
            case Verb.PAUSE_UNTIL_TOMORROW:
                return Pause(next_day(self._now()))
            case Verb.PAUSE:
                return Pause(math.inf)
            case Verb.RESUME:
                return Pause(0.0)
            case _:
                raise ValueError(act)
