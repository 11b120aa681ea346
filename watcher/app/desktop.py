"""Icon and messages on the desktop while the program runs.

They hear how things are, on a thread of their own, and tell the pipeline what a person wants;
nothing they do, or fail to do, is waited for.
"""

from __future__ import annotations

import logging
import math
import queue
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.app.acting import Acting
from watcher.app.language import system_language
from watcher.app.showing import show_file
from watcher.app.snooze import read_snooze
from watcher.credentials import keys, webhook
from watcher.desktop.face import Face, face
from watcher.desktop.messages import ICON_FILE, Bubbles
from watcher.desktop.supervisor import Tray, may_have_icon
from watcher.menu import Act, Verb
from watcher.model import Snapshot
from watcher.notices import Notices
from watcher.quiet import silent_until
from watcher.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.app.core import App
    from watcher.app.places import Places
    from watcher.settings import Notifications
    from watcher.words import Word

_log = logging.getLogger(__name__)
#: Seconds after which it is looked at the clock, which may have been set.
_LONGEST: Final = 3600.0


class Desktop:
    """Passes on how things are: to the icon as a face, to the person as few messages."""

    def __init__(
        self,
        wanted: Callable[[], Notifications],
        word: Word,
        *,
        show_face: Callable[[Face], None],
        show_message: Callable[[str, str], None],
        snoozed_until: Callable[[], float],
        now: Callable[[], float] = time.time,
    ) -> None:
        """``wanted`` are the settings in force; ``snoozed_until`` is asked after :meth:`wake`."""
        self._wanted = wanted
        self._word = word
        self._show_face = show_face
        self._show_message = show_message
        self._snoozed_until = snoozed_until
        self._now = now
        self._notices = Notices(word)
        self._snapshot: Snapshot | None = None
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="desktop", daemon=True)

    def start(self) -> None:
        """Begin; nothing is shown before the first :meth:`hear`."""
        self._thread.start()

    def hear(self, snapshot: Snapshot) -> None:
        """Hear how things are; from any thread."""
        self._inbox.put(snapshot)

    def wake(self) -> None:
        """Look again whether messages are wanted."""
        self._inbox.put(self)

    def stop(self) -> None:
        """End."""
        self._inbox.put(None)
        self._thread.join(2.0)

    # -- inside, all on the thread

    def _run(self) -> None:
        snoozed = self._snoozed_until()
        while True:
            for news in self._take():
                match news:
                    case None:
                        return
                    case Snapshot():
                        self._snapshot = news
                    case _:
                        snoozed = self._snoozed_until()
            try:
                self._look(snoozed)
            except Exception:  # noqa: BLE001 - uploads go on, and so does the next look
                _log.exception("icon and messages could not be brought up to date")

    def _take(self) -> list[object]:
        """What there is to hear; nothing when it was time to look by itself."""
        found: list[object] = []
        try:
            found.append(self._inbox.get(timeout=self._patience()))
            while True:
                found.append(self._inbox.get_nowait())
        except queue.Empty:
            return found

    def _patience(self) -> float | None:
        if self._snapshot is None:
            return None
        moments = [self._notices.due, self._snapshot.paused_until]
        now = self._now()
        due = min((each for each in moments if each > now), default=math.inf)
        return min(due - now, _LONGEST) if math.isfinite(due) else None

    def _look(self, snoozed: float) -> None:
        if self._snapshot is None:
            return
        now = self._now()
        current = replace(self._snapshot, at=now)
        self._show_face(face(current, self._word))
        wanted = self._wanted()
        silence = silent_until(wanted.quiet_hours, snoozed, now)
        for notice in self._notices.look(current, wanted, silence, now):
            self._show_message(notice.title, notice.text)


@contextmanager
def on_desktop(
    app: App,
    places: Places,
    environ: Mapping[str, str],
    *,
    with_icon: bool | None,
    open_page: Callable[[str], None],
    stop: Callable[[], None],
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Icon and messages for a program that runs.

    ``with_icon``: None where there is a desktop. ``open_page`` opens the activity page at a
    place; ``stop`` ends the program; ``tell`` hears sentences for the terminal, in English.
    """
    word = words(system_language(environ))
    act = Acting(
        app.post, open_page, show_file, partial(show_file, places.log, itself=True), stop,
        now=time.time,
    )  # fmt: skip
    has_desktop = may_have_icon(sys.platform, environ)
    if with_icon and not has_desktop:
        tell("There is no desktop here, so there is no icon.")
    secrets = (keys.VARIABLE, webhook.VARIABLE)
    shown_to = {name: value for name, value in environ.items() if name not in secrets}
    icon = Tray(act, tell, environ=shown_to)
    has_icon = has_desktop and with_icon is not False
    bubbles = Bubbles(environ, partial(act, Act(Verb.ACTIVITY)), label=word("Show"), icon=ICON_FILE)
    uses_bus = sys.platform not in ("win32", "darwin")
    desktop = Desktop(
        lambda: app.config.notifications, word,
        show_face=icon.show if has_icon else _nowhere,
        show_message=bubbles.show if uses_bus else icon.notify if has_icon else _nowhere,
        snoozed_until=partial(read_snooze, places),
    )  # fmt: skip
    if has_icon:
        icon.start()
    desktop.start()
    end = app.subscribe(desktop.hear)
    app.watch_file(places.snooze, desktop.wake, is_replaced=True)
    try:
        yield
    finally:
        end()
        desktop.stop()
        if has_icon:
            icon.stop()
        bubbles.stop()


def _nowhere(*_: object) -> None:
    """Where nothing can be shown."""
