"""The running program's side of the desktop: icon, notifications, and files shown in folders."""

from __future__ import annotations

import html
import logging
import math
import os
import shutil
import subprocess
import sys
import threading
import webbrowser
from contextlib import contextmanager
from typing import TYPE_CHECKING

from watcher.credentials import without_secrets
from watcher.daemon.state_folder import open_reader
from watcher.desktop.dbus_notifications import ICON_FILE, DesktopNotifications
from watcher.desktop.tray import Tray, has_desktop
from watcher.i18n.languages import catalog, system_language
from watcher.model.errors import JournalError
from watcher.present.menu import icon_view
from watcher.present.notifications import NotificationTracker, silent_until
from watcher.system import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.state_folder import Places
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Notifications
    from watcher.model.snapshot import Snapshot
    from watcher.present.menu import Action, IconView
    from watcher.present.notifications import Notification

_log = logging.getLogger(__name__)


@contextmanager
def on_desktop(
    app: App,
    places: Places,
    environ: Mapping[str, str],
    *,
    with_icon: bool | None,
    act: Callable[[Action], None],
    say: Callable[[str], None],
) -> Iterator[None]:
    """Show icon and notifications of a running program.

    ``with_icon``: None for an icon if there is a desktop. ``act`` does what a click means; ``say``
    prints a sentence on the terminal, in English.
    """
    word = catalog(chosen_language(places) or system_language(environ))
    is_possible = has_desktop(sys.platform, environ)
    if with_icon and not is_possible:
        say("There is no desktop here, so there is no icon.")
    has_icon = is_possible and with_icon is not False
    tray = Tray(act, say, environ=without_secrets(environ))
    notifications = DesktopNotifications(environ, act, label=word("Open"), icon=ICON_FILE)
    by_tray = sys.platform in ("win32", "darwin")
    desktop = Desktop(
        lambda: app.config.notifications,
        word,
        show_icon=tray.show,
        show_notification=tray.notify if by_tray else notifications.show,
    )
    if has_icon:
        tray.start()
    unsubscribe = app.subscribe(desktop.update)
    try:
        yield
    finally:
        unsubscribe()
        if has_icon:
            tray.stop()
        notifications.stop()


def chosen_language(places: Places) -> str:
    """Return the language that the person chose on the page, "" for the system's."""
    try:
        with open_reader(places) as reader:
            return reader.language() if reader else ""
    except JournalError as error:
        _log.info("the chosen language is not known: %s", error.title)
        return ""


class Desktop:
    """Passes snapshots on, to the icon as views and to the person as few notifications."""

    def __init__(
        self,
        wanted: Callable[[], Notifications],
        word: Catalog,
        *,
        show_icon: Callable[[IconView], None],
        show_notification: Callable[[Notification], None],
    ) -> None:
        """``wanted`` returns the settings in force."""
        self._wanted = wanted
        self._word = word
        self._show_icon = show_icon
        self._show_notification = show_notification
        self._tracker = NotificationTracker(word)

    def update(self, snapshot: Snapshot) -> float:
        """Show this; return when the next notification is due, inf for never."""
        now, wanted = snapshot.at, self._wanted()
        self._show_icon(icon_view(snapshot, self._word))
        silence = silent_until(wanted.quiet_hours, snapshot.snoozed_until, now)
        notification = self._tracker.update(snapshot, wanted, silence, now)
        if notification is not None:
            self._show_notification(notification)
        return self._tracker.due if self._tracker.due > now else math.inf


# --- Files, folders and the page, shown by programs of the desktop -------------------------------


def show_file(path: str, *, itself: bool = False) -> None:
    """Show a folder, or a file in its folder; ``itself``: open the file with its program.

    If it no longer exists, the folder that it was in is shown.
    """
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    start(show_command(sys.platform, path, itself=itself or os.path.isdir(path)))


def open_link(link: str, places: Places) -> bool:
    """Show the page behind a link; False if there is no browser that could.

    The link becomes an argument of the browser. Where others can read arguments and the page
    cannot tell who comes (macOS), the browser gets a file instead that only its user can read.
    """
    if sys.platform == "darwin":
        path = os.path.join(places.state, "open.html")
        page = f'<meta http-equiv="refresh" content="0;url={html.escape(link)}">'
        write_atomically(path, page.encode())
        link = f"file://{path}"
    if os.environ.get("INVOCATION_ID"):  # in a systemd unit, which a browser must not be part of
        return start(("xdg-open", link))
    return webbrowser.open(link)


def start(command: tuple[str, ...]) -> bool:
    """Start a program of the desktop without waiting for it; return False if there is none."""
    command = outside(command, os.environ, has_systemd_run=bool(shutil.which("systemd-run")))
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of the system, and a path
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        _log.warning("folders cannot be shown (%s: %s)", command[0], error.strerror)
        return False
    threading.Thread(target=process.wait, name="shown", daemon=True).start()
    return True


def show_command(platform: str, path: str, *, itself: bool) -> tuple[str, ...]:
    """Return the command for a ``platform`` as in ``sys.platform``; ``path`` is absolute."""
    if platform == "win32":
        # Explorer needs the name behind the comma in the same argument.
        return ("explorer", path if itself else f"/select,{path}")
    if platform == "darwin":
        return ("open", path) if itself else ("open", "-R", path)
    return ("xdg-open", path if itself else os.path.dirname(path))


def outside(
    command: tuple[str, ...], environ: Mapping[str, str], *, has_systemd_run: bool
) -> tuple[str, ...]:
    """Return ``command`` so that what it starts is not part of our own service.

    What a systemd unit starts shares its limits and ends with it; a file manager must not.
    systemd sets ``INVOCATION_ID`` for what it runs.
    """
    if not environ.get("INVOCATION_ID") or not has_systemd_run:
        return command
    # systemd logs the description of a unit, by default the command with the path.
    described = f"--description={command[0]} for hrflow-watcher"
    return ("systemd-run", "--user", "--quiet", "--collect", described, "--", *command)
