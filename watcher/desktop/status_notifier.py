"""The icon as a StatusNotifierItem: what KDE, Xfce, GNOME's extension and others show on Linux.

The host draws the icon and its menu; the program only replies to its calls on the session's
message bus, and announces changes. The specification is that of freedesktop.org, with KDE's names: https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
"""

from __future__ import annotations

import logging
import os
import queue
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import jeepney
from jeepney import HeaderFields
from PIL import Image

from watcher.desktop.dbus_menu import DBusMenu, Line
from watcher.desktop.session import PROPERTIES, WATCHER, Bus

# pystray loads a backend when it is imported, and that of X11 needs a screen.
os.environ["PYSTRAY_BACKEND"] = "dummy"
from pystray import Menu, MenuItem
from pystray._base import Icon

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

#: Sizes in pixels that panels show, for normal and for dense screens.
SIZES: Final = (16, 22, 24, 32, 44, 48, 64)
_ITEM: Final = "org.kde.StatusNotifierItem"
_ITEM_PATH: Final = "/StatusNotifierItem"

#: Methods that hosts call; only Activate, a plain click, does anything.
_METHODS: Final = ("Activate", "SecondaryActivate", "ContextMenu", "Scroll")
_MENU: Final = "com.canonical.dbusmenu"
_MENU_PATH: Final = "/MenuBar"


class StatusNotifierIcon(Icon):  # type: ignore[misc] # pystray has no types
    """A backend of pystray. ``icon`` may be several images, from which the host chooses a size.

    The bus is used by the thread of :meth:`run` alone, which returns when the icon is stopped and
    raises OSError when the bus has gone.
    """

    HAS_NOTIFICATION = False  # see desktop.dbus_notifications

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._needs_attention = False
        super().__init__(*arguments, **options)
        self._bus = Bus(os.environ["DBUS_SESSION_BUS_ADDRESS"])
        self._dbus_menu = DBusMenu(self._menu_signal)
        self._is_shown = False
        self._is_stopped = False
        self._calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()

    @property
    def needs_attention(self) -> bool:
        """Whether the host should show the icon even if it hides others."""
        return self._needs_attention

    @needs_attention.setter
    def needs_attention(self, value: bool) -> None:
        if value != self._needs_attention:
            self._needs_attention = value
            self._soon(self._announce_status)

    # -- The backend's interface, for any thread

    def _run(self) -> None:
        with closing(self._bus) as bus:
            bus.serve()
            bus.subscribe(
                sender="org.freedesktop.DBus", interface="org.freedesktop.DBus",
                member="NameOwnerChanged", arg0=WATCHER.bus_name,
            )  # fmt: skip
            self._mark_ready()
            self._work()
            while not self._is_stopped:
                bus.wait()
                self._work()

    def _stop(self) -> None:
        self._soon(lambda: setattr(self, "_is_stopped", True))

    def _show(self) -> None:
        self._soon(self._register)

    def _hide(self) -> None:
        self._soon(self._unregister)

    def _update_icon(self) -> None:
        self._icon_valid = True
        self._soon(lambda: self._announce("NewIcon"))
        self._soon(lambda: self._announce("NewAttentionIcon"))

    def _update_title(self) -> None:
        self._soon(lambda: self._announce("NewTitle"))
        self._soon(lambda: self._announce("NewToolTip"))

    def _update_menu(self) -> None:
        self._soon(lambda: self._dbus_menu.show(self._lines(self.menu)))

    # -- The loop

    def _soon(self, call: Callable[[], object]) -> None:
        self._calls.put(call)
        self._bus.wake()

    def _work(self) -> None:
        for message in self._bus.receive():
            self._handle(message)
        while not self._calls.empty():
            self._calls.get()()

    def _handle(self, message: Any) -> None:
        match message.header.message_type:
            case jeepney.MessageType.method_call:
                self._reply(message)
            case jeepney.MessageType.error:
                _log.info("the desktop replied with an error: %s", message.body)
            case jeepney.MessageType.signal if message.body[2]:  # the watcher's new owner
                if self._is_shown:
                    self._register()

    def _reply(self, call: Any) -> None:
        fields = call.header.fields
        member = fields[HeaderFields.member]
        try:
            found = self._call(
                fields[HeaderFields.path], fields.get(HeaderFields.interface), member, call.body
            )
            error = "org.freedesktop.DBus.Error.UnknownMethod"
        except (LookupError, TypeError, ValueError):  # no such property or line, or odd arguments
            found, error = None, "org.freedesktop.DBus.Error.InvalidArgs"
        if call.header.flags & jeepney.MessageFlag.no_reply_expected:
            return
        if found is None:
            self._bus.send(jeepney.new_error(call, error, "s", (f"{member} cannot be answered",)))
        else:
            self._bus.send(jeepney.new_method_return(call, *found))

    def _call(
        self, path: str, interface: str | None, method: str, values: tuple[Any, ...]
    ) -> tuple[str, tuple[Any, ...]] | None:
        """Return the signature and values of the reply; None for an unknown method."""
        if interface == PROPERTIES:
            properties = {_ITEM_PATH: self._properties, _MENU_PATH: self._dbus_menu.properties}
            published = properties[path]()
            if method == "Get":
                return "v", (published[values[1]],)
            return ("a{sv}", (published,)) if method == "GetAll" else None
        if path == _MENU_PATH:
            return self._dbus_menu.reply(method, values)
        if path != _ITEM_PATH or method not in _METHODS:
            return None
        if method == "Activate":
            self()
        return "", ()

    # -- What the host sees

    def _register(self) -> None:
        """Register the icon with the watcher; again with each new one."""
        self._is_shown = True
        # Without waiting for the reply, as some call back before they send it.
        self._bus.send(
            jeepney.new_method_call(WATCHER, "RegisterStatusNotifierItem", "s", (_ITEM_PATH,))
        )
        self._announce_status()

    def _unregister(self) -> None:
        self._is_shown = False
        self._announce_status()

    def _properties(self) -> dict[str, tuple[str, Any]]:
        images = self.icon if isinstance(self.icon, tuple) else (self.icon,)
        pixmaps = ("a(iiay)", [_pixmap(image) for image in images if image])
        return {
            "Category": ("s", "ApplicationStatus"),
            "Id": ("s", self.name),
            "Title": ("s", self.title),
            "Status": ("s", self._status()),
            "WindowId": ("i", 0),
            "IconName": ("s", ""),
            "IconPixmap": pixmaps,
            "IconAccessibleDesc": ("s", self.title),
            "OverlayIconName": ("s", ""),
            "OverlayIconPixmap": ("a(iiay)", []),
            "AttentionIconName": ("s", ""),
            "AttentionIconPixmap": pixmaps,
            "AttentionAccessibleDesc": ("s", self.title),
            "AttentionMovieName": ("s", ""),
            "ToolTip": ("(sa(iiay)ss)", ("", [], self.title, "")),
            "IconThemePath": ("s", ""),
            "ItemIsMenu": ("b", False),
            "Menu": ("o", _MENU_PATH),
        }

    def _status(self) -> str:
        if not self._is_shown:
            return "Passive"
        return "NeedsAttention" if self._needs_attention else "Active"

    def _announce_status(self) -> None:
        self._announce("NewStatus", "s", (self._status(),))

    def _announce(self, member: str, signature: str = "", values: tuple[Any, ...] = ()) -> None:
        self._signal(_ITEM_PATH, _ITEM, member, signature, values)

    def _menu_signal(self, member: str, signature: str, values: tuple[Any, ...]) -> None:
        self._signal(_MENU_PATH, _MENU, member, signature, values)

    def _signal(
        self, path: str, interface: str, member: str, signature: str, values: tuple[Any, ...]
    ) -> None:
        emitter = jeepney.DBusAddress(path, interface=interface)
        self._bus.send(jeepney.new_signal(emitter, member, signature or None, values))

    def _lines(self, menu: Menu | None) -> tuple[Line, ...]:
        return tuple(self._line(item) for item in menu or ())

    def _line(self, item: MenuItem) -> Line:
        """Return an entry of pystray's menu as the host reads it; it has no check marks."""
        if item is Menu.SEPARATOR:
            return Line({"type": ("s", "separator")}, lambda: None)
        # An underscore marks a letter for the keyboard, unless there are two.
        properties: dict[str, tuple[str, Any]] = {"label": ("s", item.text.replace("_", "__"))}
        if not item.enabled:
            properties["enabled"] = ("b", False)
        if item.submenu:
            properties["children-display"] = ("s", "submenu")
        return Line(properties, lambda: self._click(item), self._lines(item.submenu))

    def _click(self, item: MenuItem) -> None:
        try:
            item(self)
        except Exception:  # noqa: BLE001 - an action that fails does not end the icon
            _log.exception("a click on the icon failed")


def _pixmap(image: Image.Image) -> tuple[int, int, bytes]:
    """Return an image as width, height, and ARGB pixels with the most significant byte first."""
    red, green, blue, alpha = image.convert("RGBA").split()
    return image.width, image.height, Image.merge("RGBA", (alpha, red, green, blue)).tobytes()
