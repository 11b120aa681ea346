"""What a Linux desktop offers: its message bus, and hosts that show icons.

There are two protocols for icons: StatusNotifier, whose watcher has a name on the session's
message bus, and the older system tray of X11, whose manager owns a selection and announces itself
by a MANAGER message to the root window. A desktop may have both, one or none: GNOME has neither
without an extension, and a Wayland session may have no X11. Changes are waited for, not polled.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import jeepney
from jeepney.io.blocking import open_dbus_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)

WATCHER: Final = jeepney.DBusAddress(
    "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher", "org.kde.StatusNotifierWatcher"
)

PROPERTIES: Final = "org.freedesktop.DBus.Properties"

#: Seconds that an answer on the bus may take.
_PATIENCE: Final = 5.0

#: Seconds that a panel may start later than the program, as at login.
_PANEL_SECONDS: Final = 5.0

#: The backends, the better one first.
NOTIFIER, XORG = "notifier", "xorg"


class Bus:
    """A connection to the bus, for one thread, except for :meth:`wake`.

    Call :meth:`receive` before waiting for it.
    """

    def __init__(self, address: str) -> None:
        """Connect; ``address`` as in ``DBUS_SESSION_BUS_ADDRESS``. OSError if it fails."""
        try:
            self._connection = open_dbus_connection(bus=address)
        except (ValueError, jeepney.DBusErrorResponse) as error:
            message = f"the session's message bus can't be used: {error}"
            raise OSError(message) from error
        self._inbox: deque[Any] = deque()
        self._is_open = True
        self._lock = threading.Lock()  # the pipe is not written to once it is closed
        self._wake_read, self._wake_write = os.pipe()

    def subscribe(self, *, arg0: str = "", **fields: str) -> None:
        """Receive the signals with these ``fields``, and ``arg0`` as their first value."""
        rule = jeepney.MatchRule(type="signal", **fields)
        if arg0:
            rule.add_arg_condition(0, arg0)
        self._connection.filter(rule, queue=self._inbox)
        self.ask(jeepney.message_bus, "AddMatch", "s", rule.serialise())

    def serve(self) -> None:
        """Receive calls, and errors in reply to what was sent."""
        for kind in ("method_call", "error"):
            self._connection.filter(jeepney.MatchRule(type=kind), queue=self._inbox)

    def ask(self, to: Any, method: str, signature: str = "", *values: object) -> Any:
        """Call a method and return the values of its reply; None for an error or a time-out.

        ``to`` is a ``jeepney.DBusAddress``.
        """
        call = jeepney.new_method_call(to, method, signature or None, values)
        try:
            answer = self._connection.send_and_get_reply(call, timeout=_PATIENCE)
        except TimeoutError:
            _log.info("%s.%s was not answered", to.interface, method)
            return None
        if answer.header.message_type is not jeepney.MessageType.method_return:
            _log.info("%s.%s failed: %s", to.interface, method, answer.body)
            return None
        return answer.body

    def get(self, to: Any, name: str) -> Any:
        """Return the value of a property; None if there is none."""
        properties = jeepney.DBusAddress(to.object_path, to.bus_name, PROPERTIES)
        answer = self.ask(properties, "Get", "ss", to.interface, name)
        return answer[0][1] if answer else None

    def send(self, message: Any) -> None:
        """Send a message without waiting for a reply."""
        self._connection.send(message)

    def receive(self) -> list[Any]:
        """Return the messages that have arrived; OSError when the bus has gone."""
        while True:
            try:
                self._connection.recv_messages(timeout=0)
            except TimeoutError:
                break
        found = list(self._inbox)
        self._inbox.clear()
        return found

    def wait(self) -> None:
        """Wait until something arrives, or for a call of :meth:`wake`."""
        either: list[Any] = [self, self._wake_read]
        if self._wake_read in select.select(either, [], [])[0]:
            os.read(self._wake_read, 4096)

    def wake(self) -> None:
        """End a :meth:`wait`, or else the next one; for any thread."""
        with self._lock:
            if self._is_open:
                os.write(self._wake_write, b"!")

    def fileno(self) -> int:
        """For ``select``."""
        number: int = self._connection.sock.fileno()
        return number

    def close(self) -> None:
        """Close the connection, and with it all that was published on it."""
        self._connection.close()
        with self._lock:
            self._is_open = False
            os.close(self._wake_read)
            os.close(self._wake_write)


class HostMonitor:
    """Knows which hosts show icons. For one thread."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._bus = _open_bus(environ.get("DBUS_SESSION_BUS_ADDRESS", ""))
        self._display = environ.get("DISPLAY", "")
        self._screen: _Screen | None = None

    def best_backend(self) -> str:
        """Return what can show an icon now; "" if nothing can.

        The screen is only opened if the bus has no host, as its library takes memory.
        """
        if self._bus is not None and _has_notifier(self._bus):
            return NOTIFIER
        if self._screen is None and self._display:
            self._screen = _Screen.open(self._display)
            self._display = ""
        return XORG if self._screen is not None and self._screen.has_tray() else ""

    @property
    def has_desktop(self) -> bool:
        """Whether there is a bus or a screen, so that a host may appear."""
        return self._bus is not None or self._screen is not None or bool(self._display)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a change; False after ``seconds`` without. OSError if the desktop has gone."""
        watched = [each for each in (self._bus, self._screen) if each is not None]
        deadline = None if seconds is None else time.monotonic() + seconds
        while not any(each.receive() for each in watched):
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select(watched, [], [], left)[0]:
                return False
        return True

    def wait_for_backend(self, report: Callable[[], None]) -> str:
        """Wait until something can show an icon, and return it; "" if nothing ever will.

        ``report`` is called if there is nothing for some seconds.
        """
        patience: float | None = _PANEL_SECONDS
        while not (found := self.best_backend()):
            if self.has_desktop and self.wait(patience):
                continue
            if patience is not None:
                report()
            patience = None
            if not self.has_desktop:
                return ""
        return found

    def wait_for_other(self, backend: str) -> None:
        """Wait until another process would do better than one with ``backend``."""
        while not is_time_to_leave(backend, self.best_backend()):
            self.wait()


def is_time_to_leave(backend: str, best: str) -> bool:
    """Whether another process would do better than one with ``backend``; ``best`` is best now.

    A StatusNotifier icon registers with a host that returns; the window of X11 goes with its host.
    """
    return best != backend and (bool(best) or backend == XORG)


def _open_bus(address: str) -> Bus | None:
    """Open the session's bus for signals of watchers and hosts; None if there is none."""
    if not address:
        return None
    try:
        bus = Bus(address)
        bus.subscribe(
            sender="org.freedesktop.DBus", interface="org.freedesktop.DBus",
            member="NameOwnerChanged", arg0=WATCHER.bus_name,
        )  # fmt: skip
        bus.subscribe(interface=WATCHER.interface, member="StatusNotifierHostRegistered")
        bus.subscribe(interface=WATCHER.interface, member="StatusNotifierHostUnregistered")
    except OSError as error:
        _log.info("%s", error)
        return None
    return bus


def _has_notifier(bus: Bus) -> bool:
    """Whether there is a StatusNotifier watcher with a host."""
    owned = bus.ask(jeepney.message_bus, "NameHasOwner", "s", WATCHER.bus_name)
    if not owned or not owned[0]:
        return False
    shown = bus.get(WATCHER, "IsStatusNotifierHostRegistered")
    return shown is None or bool(shown)  # a watcher without this property is a host itself


class _Screen:
    """The X11 screen."""

    def __init__(self, display: Any) -> None:
        from Xlib import X  # noqa: PLC0415 - takes memory

        self._display = display
        number = display.get_default_screen()
        self._selection = display.intern_atom(f"_NET_SYSTEM_TRAY_S{number}")
        self._manager = display.intern_atom("MANAGER")
        display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)
        display.sync()

    @classmethod
    def open(cls, name: str) -> _Screen | None:
        """Open the screen of that name; None if that fails."""
        try:
            import Xlib.display  # noqa: PLC0415 - takes memory

            return cls(Xlib.display.Display(name))
        except Exception as error:  # noqa: BLE001 - what Xlib raises has no common base
            _log.info("the X11 screen cannot be used: %s", error)
            return None

    def has_tray(self) -> bool:
        """Whether there is a system tray; :meth:`receive` then notices when it goes."""
        from Xlib import X  # noqa: PLC0415

        owner = self._display.get_selection_owner(self._selection)
        if owner == X.NONE:
            return False
        owner.change_attributes(event_mask=X.StructureNotifyMask)
        self._display.flush()
        return True

    def receive(self) -> bool:
        """Return whether a tray has come or gone; OSError when the screen has gone."""
        from Xlib import X, error  # noqa: PLC0415

        found = False
        try:
            while self._display.pending_events():
                event = self._display.next_event()
                is_manager = event.type == X.ClientMessage and event.client_type == self._manager
                found = found or is_manager or event.type == X.DestroyNotify
        except error.ConnectionClosedError as closed:
            raise OSError(str(closed)) from closed
        return found

    def fileno(self) -> int:
        number: int = self._display.fileno()
        return number
