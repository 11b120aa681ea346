"""Notifications on Linux, by freedesktop.org's Desktop Notifications Specification 1.2.

pystray uses the same service of the session's message bus, but cannot notice a click. The thread
and the connection exist only while there is a notification that may be clicked.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from contextlib import closing
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.desktop.session import Bus
    from watcher.present.menu import Action
    from watcher.present.notifications import Notification

_log = logging.getLogger(__name__)
NAME: Final = "org.freedesktop.Notifications"

#: The program's icon, which some desktops show beside a notification.
ICON_FILE: Final = os.path.join(os.path.dirname(__file__), "icon.png")
_PATH: Final = "/org/freedesktop/Notifications"

#: The specification's name of the action for a click on the notification itself.
_DEFAULT: Final = "default"


class DesktopNotifications:
    """Shows notifications. :meth:`show` returns at once and may be called by any thread."""

    def __init__(
        self, environ: Mapping[str, str], act: Callable[[Action], None], *, label: str, icon: str
    ) -> None:
        """``act`` is called on a thread of this object; ``icon`` is a file.

        ``label`` names what a click does, for desktops that show a button for it.
        """
        self._address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
        self._act = act
        self._label = label
        self._icon = icon
        self._inbox: queue.SimpleQueue[Notification | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # guards the next three
        self._thread: threading.Thread | None = None
        self._bus: Bus | None = None  # once the thread has connected
        self._stopped = False

    @property
    def can_show(self) -> bool:
        """Whether there is a message bus at all."""
        return bool(self._address)

    def show(self, notification: Notification) -> None:
        """Show a notification; one that cannot be shown now is dropped."""
        with self._lock:
            if not self.can_show or self._stopped:
                return
            self._put(notification)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
                self._thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """Stop waiting for clicks; notifications stay on the desktop."""
        with self._lock:
            self._stopped, thread = True, self._thread
            self._put(None)
        if thread is not None:
            thread.join(seconds)

    def _put(self, notification: Notification | None) -> None:
        """Give the thread something to do; called with the lock held."""
        self._inbox.put(notification)
        if self._bus is not None:
            self._bus.wake()

    # -- On the thread

    def _run(self) -> None:
        from watcher.desktop.session import Bus  # noqa: PLC0415 - for the first notification

        try:
            with closing(Bus(self._address)) as bus:
                with self._lock:
                    self._bus = bus
                self._serve(bus, _Service(bus, self._icon))
        except OSError as error:
            _log.info("notifications cannot be shown: %s", error)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = self._bus = None
                    while not self._inbox.empty():  # or they would all come with the next one
                        self._inbox.get()

    def _serve(self, bus: Bus, service: _Service) -> None:
        """Show what is in the inbox, and handle clicks until every notification is closed."""
        while True:
            while not self._inbox.empty():
                notification = self._inbox.get()
                if notification is None:
                    return
                service.show(notification, self._label)
            for action in service.take_clicks():
                self._act(action)
            with self._lock:
                if not service.shown and self._inbox.empty():
                    self._thread = self._bus = None
                    return
            bus.wait()


class _Service:
    """The service, over a connection to the bus.

    ``shown`` has the actions of each open notification by its number, and by the name of what is
    clicked.
    """

    def __init__(self, bus: Bus, icon: str) -> None:
        import jeepney  # noqa: PLC0415 - on Linux only

        self._bus = bus
        self._icon = icon
        self.shown: dict[int, dict[str, Action]] = {}
        self._service = jeepney.DBusAddress(_PATH, NAME, NAME)
        bus.subscribe(interface=NAME, path=_PATH)
        found = bus.ask(self._service, "GetCapabilities")
        self._can = frozenset(found[0]) if found else frozenset()

    def show(self, notification: Notification, label: str) -> None:
        """Show one notification; the service gives it a number."""
        title, body = notification.title, notification.text
        if "body-markup" in self._can:
            body = escape(body, quote=False)
        clicks = {_DEFAULT: (label, notification.action)}
        for number, button in enumerate(notification.buttons):
            if button.action is not None:
                clicks[str(number)] = button.text, button.action
        actions: list[str] = []
        if "actions" in self._can:
            actions = [text for name, (label, _) in clicks.items() for text in (name, label)]
        hints = {"desktop-entry": ("s", "hrflow-watcher"), "urgency": ("y", 1)}
        values = ("hrflow-watcher", 0, self._icon, title, body, actions, hints, -1)
        answer = self._bus.ask(self._service, "Notify", "susssasa{sv}i", *values)
        if answer and actions:
            self.shown[answer[0]] = {name: action for name, (_, action) in clicks.items()}

    def take_clicks(self) -> list[Action]:
        """Return what the notifications that were clicked do; forget those that were closed."""
        clicked = []
        for number, what in (signal.body for signal in self._bus.receive()):
            if what in (actions := self.shown.get(number, {})):  # of ActionInvoked
                clicked.append(actions[what])
            elif not isinstance(what, str):  # of NotificationClosed, its reason
                self.shown.pop(number, None)
        return clicked
