"""Who shows icons on this Linux desktop, and being woken when that changes; nothing is polled.

Two protocols are in use: StatusNotifier, whose watcher has a name on the session's message bus
(specification of freedesktop.org, with the names KDE gave it), and the older system tray of X11,
whose manager owns a selection and announces itself by a MANAGER message to the root window.
"""

from __future__ import annotations

import logging
import select
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from watcher.tray.backends import Hosts

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)
NOTIFIER: Final = "org.kde.StatusNotifierWatcher"
_PATH: Final = "/StatusNotifierWatcher"
_BUS_SECONDS: Final = 5.0


class Watch:
    """Sees who shows icons. For one thread."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._bus = _Bus.open(environ)
        self._x = _Screen.open(environ)

    @property
    def is_blind(self) -> bool:
        """Whether there is nothing to look at: neither a bus nor a screen."""
        return self._bus is None and self._x is None

    def look(self) -> Hosts:
        """Who is there now."""
        return Hosts(
            has_bus=self._bus is not None,
            has_notifier=self._bus is not None and self._bus.has_notifier(),
            has_x_tray=self._x is not None and self._x.has_tray(),
        )

    def wait(self, seconds: float | None = None) -> bool:
        """Whether something has changed, within ``seconds``; OSError if the desktop has gone."""
        watched = [each for each in (self._bus, self._x) if each is not None]
        deadline = None if seconds is None else time.monotonic() + seconds
        while not any(each.has_news() for each in watched):
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select(watched, [], [], left)[0]:
                return False
        return True


class _Bus:
    """The session's message bus."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._signals: deque[object] = deque()

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> _Bus | None:
        """None where there is none."""
        address = environ.get("DBUS_SESSION_BUS_ADDRESS")
        if not address:
            return None
        import jeepney  # noqa: PLC0415 - on Linux only
        from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415

        try:
            bus = cls(open_dbus_connection(bus=address))
            owner = jeepney.MatchRule(
                type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged"
            )
            owner.add_arg_condition(0, NOTIFIER)
            bus.subscribe(owner)
            bus.subscribe(jeepney.MatchRule(type="signal", interface=NOTIFIER))
        except (OSError, ValueError, jeepney.AuthenticationError) as error:
            _log.info("the session's message bus cannot be used: %s", error)
            return None
        return bus

    def subscribe(self, rule: Any) -> None:
        """Hear signals from now on, those too that come while an answer is waited for."""
        import jeepney  # noqa: PLC0415

        self._connection.filter(rule, queue=self._signals)
        self._ask(jeepney.message_bus, "org.freedesktop.DBus", "AddMatch", "s", rule.serialise())

    def has_notifier(self) -> bool:
        """Whether somebody watches for items and somebody shows them."""
        import jeepney  # noqa: PLC0415

        if not self._ask(
            jeepney.message_bus, "org.freedesktop.DBus", "NameHasOwner", "s", NOTIFIER
        ):
            return False
        watcher = jeepney.DBusAddress(_PATH, NOTIFIER)
        shown = self._ask(
            watcher, "org.freedesktop.DBus.Properties", "Get",
            "ss", NOTIFIER, "IsStatusNotifierHostRegistered",
        )  # fmt: skip
        return bool(shown is None or shown[1])  # who does not know the property shows them

    def has_news(self) -> bool:
        """Whether a signal has come; OSError when the bus has gone."""
        while True:
            try:
                self._connection.recv_messages(timeout=0)
            except TimeoutError:
                break
        found = bool(self._signals)
        self._signals.clear()
        return found

    def fileno(self) -> int:
        number: int = self._connection.sock.fileno()
        return number

    def _ask(self, to: Any, interface: str, method: str, kinds: str, *values: str) -> Any:
        """The answer's first value; None if it is an error or does not come."""
        import jeepney  # noqa: PLC0415

        address = jeepney.DBusAddress(to.object_path, to.bus_name, interface)
        call = jeepney.new_method_call(address, method, kinds, values)
        try:
            answer = self._connection.send_and_get_reply(call, timeout=_BUS_SECONDS)
        except TimeoutError:
            return None
        if answer.header.message_type is not jeepney.MessageType.method_return:
            return None
        return answer.body[0] if answer.body else None


class _Screen:
    """The X11 screen."""

    def __init__(self, display: Any) -> None:
        from Xlib import X  # noqa: PLC0415

        self._display = display
        number = display.get_default_screen()
        self._selection = display.intern_atom(f"_NET_SYSTEM_TRAY_S{number}")
        self._manager = display.intern_atom("MANAGER")
        display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)
        display.sync()

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> _Screen | None:
        """None where there is none."""
        if not environ.get("DISPLAY"):
            return None
        try:
            import Xlib.display  # noqa: PLC0415 - on Linux only

            return cls(Xlib.display.Display(environ["DISPLAY"]))
        except Exception as error:  # noqa: BLE001 - there is no base of all that Xlib raises
            _log.info("the X11 screen cannot be used: %s", error)
            return None

    def has_tray(self) -> bool:
        """Whether somebody owns the tray's selection; its end is news from now on."""
        from Xlib import X  # noqa: PLC0415

        owner = self._display.get_selection_owner(self._selection)
        if owner == X.NONE:
            return False
        owner.change_attributes(event_mask=X.StructureNotifyMask)
        self._display.flush()
        return True

    def has_news(self) -> bool:
        """Whether a tray has come or gone; OSError when the screen has gone."""
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
