"""The icon in the notification area of Windows.

pystray destroys the old menu at every change, also while a person has it open. Here a change
waits until it is closed. A click on a message is passed on, too.
"""

from __future__ import annotations

import threading
from typing import Any, Final

#: NIN_BALLOONUSERCLICK of shellapi.h: the person clicked the message.
_MESSAGE_CLICKED: Final = 0x0400 + 5


def icon_kind() -> Any:
    """The kind of icon."""
    import pystray  # noqa: PLC0415 - with the chosen backend

    return windows_icon(pystray.Icon)


def windows_icon(base: Any) -> Any:
    """``base``, pystray's icon of Windows, with care for a menu that is open."""

    class WindowsIcon(base):  # type: ignore[misc] # pystray has no types
        """Leaves an open menu alone."""

        def __init__(self, *arguments: Any) -> None:
            self._menu_lock = threading.Lock()
            self._is_open = False
            self._is_late = False
            super().__init__(*arguments)

        def on_main(self, call: Any) -> None:
            """Any thread may."""
            call()

        def _on_notify(self, wparam: Any, lparam: Any) -> None:
            """Hear of clicks; returns when the menu that was opened has been closed."""
            if lparam == _MESSAGE_CLICKED:
                self()
                return
            with self._menu_lock:
                self._is_open = True
            try:
                super()._on_notify(wparam, lparam)
            finally:
                with self._menu_lock:
                    self._is_open, late, self._is_late = False, self._is_late, False
                if late:
                    self._update_menu()

        def _update_menu(self) -> None:
            with self._menu_lock:
                self._is_late = self._is_late or self._is_open
                if not self._is_open:
                    super()._update_menu()

        def _create_menu_item(self, descriptor: Any, callbacks: Any) -> Any:
            made = super()._create_menu_item(descriptor, callbacks)
            if getattr(made, "dwTypeData", None):
                made.dwTypeData = made.dwTypeData.replace("&", "&&")  # else it marks a letter
            return made

    return WindowsIcon
