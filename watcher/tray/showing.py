"""Shows faces as a pystray icon, whichever backend there is, and hears the clicks."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from watcher.tray.icons import draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.menu import Act, Item
    from watcher.tray.face import Face

_log = logging.getLogger(__name__)
#: Points of the image where the panel scales it: a whole multiple of 16 and of 24.
_SIZE: Final = 48
#: Modules with what a backend needs beyond pystray's own icon.
_OWN: Final = {
    "appindicator": "gtk",
    "gtk": "gtk",
    "xorg": "xorg",
    "win32": "windows",
    "darwin": "macos",
}


class NoBackendError(Exception):
    """None of the backends can be used; the text says why each."""


class Show:
    """One icon in the panel. :meth:`run` is the main thread's work; all else is for any thread."""

    def __init__(self, backends: tuple[str, ...], first: Face, act: Callable[[Act], None]) -> None:
        """``act`` hears of clicks. NoBackendError if none of ``backends`` can be used."""
        self._act = act
        self._face: Face = first
        self.backend, made = _first_usable(backends)
        self._icon = made(
            "hrflow-watcher", draw(first.mood, _SIZE, first.number), first.title, self._menu(first)
        )
        self._icon.draw = lambda size: draw(self._face.mood, size, self._face.number)

    def run(self, shown: Callable[[], None]) -> None:
        """Show the icon until it is stopped; ``shown`` is called once it is there."""

        def set_up(icon: Any) -> None:
            icon.on_main(lambda: setattr(icon, "visible", True))
            shown()

        self._icon.run(set_up)

    def show(self, face: Face) -> None:
        """Change what differs from what is shown."""
        before, self._face = self._face, face
        self._icon.on_main(lambda: self._change(before, face))

    def notify(self, title: str, text: str) -> None:
        """Show a message through the panel, where this backend can."""
        if self._icon.HAS_NOTIFICATION:
            self._icon.on_main(lambda: self._icon.notify(text, title))

    def stop(self) -> None:
        """End :meth:`run`."""
        self._icon.on_main(self._icon.stop)

    def _change(self, before: Face, after: Face) -> None:
        if (before.mood, before.number) != (after.mood, after.number):
            self._icon.icon = draw(after.mood, _SIZE, after.number)
        if before.title != after.title:
            self._icon.title = after.title
        if before.menu != after.menu:
            self._icon.menu = self._menu(after)

    def _menu(self, face: Face) -> Any:
        import pystray  # noqa: PLC0415 - with the chosen backend

        return pystray.Menu(*(self._item(item) for item in face.menu))

    def _item(self, item: Item) -> Any:
        import pystray  # noqa: PLC0415

        if not item.text:
            return pystray.Menu.SEPARATOR
        action: Any = (lambda: self._act(item.act)) if item.act is not None else None
        if item.items:
            action = pystray.Menu(*(self._item(each) for each in item.items))
        # pystray calls what it is given to find out a value: a constant has to be wrapped by it.
        return pystray.MenuItem(item.text, action, default=item.is_default, enabled=item.is_enabled)


def _first_usable(backends: tuple[str, ...]) -> tuple[str, Any]:
    """The first backend that can be imported, and its kind of icon."""
    wrong = []
    for name in backends:
        # pystray looks there when it is imported; this process exists for the icon alone.
        os.environ["PYSTRAY_BACKEND"] = name
        try:
            return name, importlib.import_module(f"watcher.tray.{_OWN[name]}").icon_kind()
        except Exception as error:  # noqa: BLE001 - Xlib and GLib have errors of their own
            _log.info("the backend %s cannot be used: %s", name, error)
            wrong.append(f"{name}: {error}")
            for module in [each for each in sys.modules if each.startswith("pystray")]:
                del sys.modules[module]
    raise NoBackendError("; ".join(wrong))
