"""The icon in the notification area of Windows.

pystray destroys the old menu at every change, also while a person has it open. Here a change
waits until it is closed. A click on a message is passed on, too.
"""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: NIN_BALLOONUSERCLICK of shellapi.h: the person clicked the message.
_MESSAGE_CLICKED: Final = 0x0400 + 5

#: Fields of NOTIFYICONDATAW and how many UTF-16 units fit in before their end mark.
_LONGEST: Final = MappingProxyType({"szTip": 127, "szInfo": 255, "szInfoTitle": 63})


def icon_kind() -> Any:
    """The kind of icon."""
    import pystray  # noqa: PLC0415 - with the chosen backend

    return windows_icon(pystray.Icon)


def windows_icon(base: Any) -> Any:
    """``base``, pystray's icon of Windows, with care for a menu that is open."""

    class WindowsIcon(base):  # type: ignore[misc] # pystray has no types
        """Leaves an open menu alone."""

        def __init__(self, *arguments: Any) -> None:
            self._menu_state = MenuState()
            super().__init__(*arguments)

        def on_main(self, call: Any) -> None:
            """Any thread may."""
            call()

        def _on_notify(self, wparam: Any, lparam: Any) -> None:
            """Hear of clicks; returns when the menu that was opened has been closed."""
            if lparam == _MESSAGE_CLICKED:
                self()
                return
            self._menu_state.open()
            try:
                super()._on_notify(wparam, lparam)
            finally:
                if self._menu_state.close():
                    self._update_menu()

        def _update_menu(self) -> None:
            self._menu_state.change(super()._update_menu)

        def _message(self, code: int, flags: int, **values: Any) -> None:
            super()._message(code, flags, **fitting(values))

        def _create_menu_item(self, descriptor: Any, callbacks: Any) -> Any:
            return plain(super()._create_menu_item(descriptor, callbacks))

    return WindowsIcon


def fitting(values: dict[str, Any]) -> dict[str, Any]:
    """``values`` of a NOTIFYICONDATAW with texts that fit in."""
    cut = {name: cut_units(values[name], _LONGEST[name]) for name in _LONGEST if name in values}
    return {**values, **cut}


def plain(item: Any) -> Any:
    """A MENUITEMINFO whose ampersands are shown; a single one marks a letter."""
    if getattr(item, "dwTypeData", None):
        item.dwTypeData = item.dwTypeData.replace("&", "&&")
    return item


class MenuState:
    """Whether the menu is open, and whether it has to be changed once it is not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._is_late = False

    def open(self) -> None:
        """The person opens it."""
        with self._lock:
            self._is_open = True

    def close(self) -> bool:
        """It is closed; whether it has to be changed now."""
        with self._lock:
            late, self._is_open, self._is_late = self._is_late, False, False
            return late

    def change(self, make: Callable[[], object]) -> None:
        """Have ``make`` change it, unless it is open."""
        with self._lock:
            self._is_late = self._is_late or self._is_open
            if not self._is_open:
                make()


def cut_units(text: str, units: int) -> str:
    """``text`` as long as fits; an ellipsis stands for the rest. Emojis take two units."""
    if len(text.encode("utf-16-le")) // 2 <= units:
        return text
    while len(text.encode("utf-16-le")) // 2 >= units:
        text = text[:-1]
    return f"{text}…"
