"""Has the desktop show a file or a folder in whatever it shows them with."""

from __future__ import annotations

import logging
import math
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.credentials import keys
from watcher.daemon.clock import next_day
from watcher.desktop.face import Face, face
from watcher.desktop.messages import ICON_FILE, Bubbles
from watcher.desktop.supervisor import Tray, may_have_icon
from watcher.i18n.catalog import catalog
from watcher.i18n.language import system_language
from watcher.pipeline.messages import Approve, Ignore, Pause, Release, Retry
from watcher.present.menu import Act, Verb
from watcher.present.notifications import Notices, silent_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Notifications
    from watcher.model.snapshot import Snapshot

_log = logging.getLogger(__name__)


def show_file(path: str, *, itself: bool = False) -> None:
    """Show a folder, or a file in its folder; ``itself``: open the file with its program.

    What is gone is shown by the folder it was in.
    """
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    start(show_command(sys.platform, path, itself=itself or os.path.isdir(path)))


def start(command: tuple[str, ...]) -> bool:
    """Start a program of the desktop, without waiting for it; False if there is none."""
    command = outside(command, os.environ, has_systemd_run=bool(shutil.which("systemd-run")))
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of the system, and a path
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        _log.warning("nothing here shows folders (%s: %s)", command[0], error.strerror)
        return False
    threading.Thread(target=process.wait, name="shown", daemon=True).start()
    return True


def show_command(platform: str, path: str, *, itself: bool) -> tuple[str, ...]:
    """The command for a system, ``platform`` as ``sys.platform`` has it; ``path`` is absolute."""
    if platform == "win32":
        # Explorer wants the file's name behind the comma, in the same argument.
        return ("explorer", path if itself else f"/select,{path}")
    if platform == "darwin":
        return ("open", path) if itself else ("open", "-R", path)
    return ("xdg-open", path if itself else os.path.dirname(path))


def outside(
    command: tuple[str, ...], environ: Mapping[str, str], *, has_systemd_run: bool
) -> tuple[str, ...]:
    """``command`` as it is started so that it does not belong to our own service.

    What a systemd unit starts shares its limits and ends with it; a file manager must not.
    ``INVOCATION_ID`` is what systemd gives to what it runs.
    """
    if not environ.get("INVOCATION_ID") or not has_systemd_run:
        return command
    # systemd logs a unit's description, which would be the command and all that stands in it.
    described = f"--description={command[0]} for hrflow-watcher"
    return ("systemd-run", "--user", "--quiet", "--collect", described, "--", *command)


_HOUR = 3600.0


class Acting:
    """Called with an act, by any thread."""

    def __init__(
        self,
        post: Callable[[object], None],
        retry_all: Callable[[], object],
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
        self._retry_all = retry_all
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
            case Verb.RETRY_ALL:
                self._retry_all()
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
                return Approve(act.path)
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


#: Seconds after which it is looked at the clock, which may have been set.
_LONGEST: Final = 3600.0


class Desktop:
    """Passes on how things are: to the icon as a face, to the person as few messages."""

    def __init__(
        self,
        wanted: Callable[[], Notifications],
        word: Catalog,
        *,
        show_face: Callable[[Face], None],
        show_message: Callable[[str, str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        """``wanted`` are the settings in force."""
        self._wanted = wanted
        self._word = word
        self._show_face = show_face
        self._show_message = show_message
        self._now = now
        self._notices = Notices(word)
        self._snapshot: Snapshot | None = None
        self._inbox: queue.SimpleQueue[Snapshot | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="desktop", daemon=True)

    def start(self) -> None:
        """Begin; nothing is shown before the first :meth:`hear`."""
        self._thread.start()

    def hear(self, snapshot: Snapshot) -> None:
        """Hear how things are; from any thread."""
        self._inbox.put(snapshot)

    def stop(self) -> None:
        """End."""
        self._inbox.put(None)
        self._thread.join(2.0)

    # -- inside, all on the thread

    def _run(self) -> None:
        while True:
            for news in self._take():
                if news is None:
                    return
                self._snapshot = news
            try:
                self._look()
            except Exception:  # noqa: BLE001 - uploads go on, and so does the next look
                _log.exception("icon and messages could not be brought up to date")

    def _take(self) -> list[Snapshot | None]:
        """What there is to hear; nothing when it was time to look by itself."""
        found: list[Snapshot | None] = []
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

    def _look(self) -> None:
        if self._snapshot is None:
            return
        now = self._now()
        current = replace(self._snapshot, at=now)
        self._show_face(face(current, self._word))
        wanted = self._wanted()
        silence = silent_until(wanted.quiet_hours, current.snoozed_until, now)
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
    retry_all: Callable[[], object],
    stop: Callable[[], None],
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Icon and messages for a program that runs.

    ``with_icon``: None where there is a desktop. ``open_page`` opens the activity page at a
    place; ``retry_all`` tries again what needs attention; ``stop`` ends the program; ``tell``
    hears sentences for the terminal, in English.
    """
    word = catalog(system_language(environ))
    act = Acting(
        app.post, retry_all, open_page, show_file,
        partial(show_file, places.log, itself=True), stop, now=time.time,
    )  # fmt: skip
    has_desktop = may_have_icon(sys.platform, environ)
    if with_icon and not has_desktop:
        tell("There is no desktop here, so there is no icon.")
    secrets = (keys.VARIABLE, keys.WEBHOOK_VARIABLE)
    shown_to = {name: value for name, value in environ.items() if name not in secrets}
    icon = Tray(act, tell, environ=shown_to)
    has_icon = has_desktop and with_icon is not False
    bubbles = Bubbles(environ, partial(act, Act(Verb.ACTIVITY)), label=word("Show"), icon=ICON_FILE)
    uses_bus = sys.platform not in ("win32", "darwin")
    desktop = Desktop(
        lambda: app.config.notifications, word,
        show_face=icon.show if has_icon else _nowhere,
        show_message=bubbles.show if uses_bus else icon.notify if has_icon else _nowhere,
    )  # fmt: skip
    if has_icon:
        icon.start()
    desktop.start()
    end = app.subscribe(desktop.hear)
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
