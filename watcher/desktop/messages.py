"""Messages through the desktop's notification service on the session's message bus.

As freedesktop.org's Desktop Notifications Specification 1.2 has it. pystray's own way on Linux is
the same service, but cannot tell that a message was clicked. The thread and the connection live
only as long as a message that may be clicked is there.
"""

from __future__ import annotations

import logging
import os
import queue
import select
import threading
from html import escape
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)
NAME: Final = "org.freedesktop.Notifications"

#: The program's icon, for those who show one beside a message.
ICON_FILE: Final = os.path.join(os.path.dirname(__file__), "icon.png")
_PATH: Final = "/org/freedesktop/Notifications"

#: What the specification calls a click on the message itself.
_DEFAULT: Final = "default"


class Bubbles:
    """Shows messages. :meth:`show` returns at once and may be called by any thread."""

    def __init__(
        self, environ: Mapping[str, str], clicked: Callable[[], None], *, label: str, icon: str
    ) -> None:
        """``clicked`` hears of clicks on a thread of this; ``icon`` is a file.

        ``label`` names what a click does, for services that draw a button for it.
        """
        self._address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
        self._clicked = clicked
        self._label = label
        self._icon = icon
        self._inbox: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    @property
    def can_show(self) -> bool:
        """Whether there is a message bus at all."""
        return bool(self._address)

    def show(self, title: str, text: str) -> None:
        """Show a message, soon; one that cannot be shown by then is not shown later."""
        with self._lock:
            if not self.can_show or self._stopped:
                return
            self._inbox.put((title, text))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bubbles", daemon=True)
                self._thread.start()
            os.write(self._wake_write, b"!")

    def stop(self, seconds: float = 2.0) -> None:
        """Wait for clicks no more; messages stay where they are."""
        with self._lock:
            self._stopped, thread = True, self._thread
            self._inbox.put(None)
            os.write(self._wake_write, b"!")
        if thread is not None:
            thread.join(seconds)
        if thread is None or not thread.is_alive():
            os.close(self._wake_read)
            os.close(self._wake_write)

    # -- inside, on the thread

    def _run(self) -> None:
        try:
            self._serve()
        except OSError as error:
            _log.info("messages cannot be shown: %s", error)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None
                    while not self._inbox.empty():  # else they all came at once, and late
                        self._inbox.get()

    def _serve(self) -> None:
        """Show what there is, and hear of clicks until every message has gone."""
        with _Service(self._address, self._icon) as service:
            while True:
                while not self._inbox.empty():
                    message = self._inbox.get()
                    if message is None:
                        return
                    service.show(*message, self._label)
                for _ in range(service.heard()):
                    self._clicked()
                with self._lock:
                    if not service.shown and self._inbox.empty():
                        self._thread = None
                        return
                either: list[Any] = [service, self._wake_read]
                ready, _, _ = select.select(either, [], [])
                if self._wake_read in ready:
                    os.read(self._wake_read, 64)


class _Service:
    """The service, as seen through one connection. ``shown`` are the numbers of open messages."""

    def __init__(self, address: str, icon: str) -> None:
        import jeepney  # noqa: PLC0415 - on Linux, and only once there is something to tell

        from watcher.desktop.session import Bus  # noqa: PLC0415

        self._icon = icon
        self.shown: set[int] = set()
        self._service = jeepney.DBusAddress(_PATH, NAME, NAME)
        self._bus = Bus(address)
        self._bus.subscribe(interface=NAME, path=_PATH)
        found = self._bus.ask(self._service, "GetCapabilities")
        self._can = frozenset(found[0]) if found else frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.close()

    def fileno(self) -> int:
        return self._bus.fileno()

    def show(self, title: str, text: str, label: str) -> None:
        """Show one message; the service numbers them."""
        body = escape(text, quote=False) if "body-markup" in self._can else text
        actions = [_DEFAULT, label] if "actions" in self._can else []
        hints = {"desktop-entry": ("s", "hrflow-watcher"), "urgency": ("y", 1)}
        values = ("hrflow-watcher", 0, self._icon, title, body, actions, hints, -1)
        answer = self._bus.ask(self._service, "Notify", "susssasa{sv}i", *values)
        if answer and actions:
            self.shown.add(answer[0])

    def heard(self) -> int:
        """How many of the messages were clicked; those that have gone are forgotten."""
        clicked = 0
        for number, what in (signal.body for signal in self._bus.receive()):
            if what == _DEFAULT:  # of ActionInvoked
                clicked += number in self.shown
            elif not isinstance(what, str):  # of NotificationClosed, its reason
                self.shown.discard(number)
        return clicked
