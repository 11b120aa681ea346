"""Shows views as a pystray icon, and works around what its backends do not do."""

from __future__ import annotations

import logging
import os
import queue
import select
import threading
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from watcher.desktop.drawing import draw
from watcher.model.snapshot import AppState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watcher.present.menu import Action, IconView, MenuItem

_log = logging.getLogger(__name__)

#: Pixels of an image that the panel scales: a multiple of 16 and of 24.
_SIZE: Final = 48

#: The background for X11, where pystray's icon has no transparency.
_GROUND: Final = (240, 240, 240)

#: NIN_BALLOONUSERCLICK of shellapi.h: the person clicked the notification.
_NOTIFICATION_CLICKED: Final = 0x0400 + 5

#: Fields of NOTIFYICONDATAW and how many UTF-16 units fit in before their terminator.
_LONGEST: Final = MappingProxyType({"szTip": 127, "szInfo": 255, "szInfoTitle": 63})


class TrayIcon:
    """One icon in the panel. :meth:`run` is for the main thread, all else for any thread."""

    def __init__(self, backend: str, first: IconView, act: Callable[[Action], None]) -> None:
        """``act`` is called with clicks. ImportError if the ``backend`` cannot be used."""
        self.backend = backend
        self._lock = threading.Lock()  # pystray takes calls from other threads, but one at a time
        self._act = act
        self._view = first
        icon_class = _icon_class(backend)
        self._icon = icon_class("hrflow-watcher", self._draw(), first.tooltip, self._menu())
        self._set_status()

    def run(self, shown: Callable[[], None]) -> None:
        """Show the icon until it is stopped; ``shown`` is called once it is there."""

        def set_up(icon: Any) -> None:
            self._soon(lambda: setattr(icon, "visible", True))
            shown()

        self._icon.run(set_up)

    def show(self, view: IconView) -> None:
        """Show this view; what stays the same is not touched."""
        before, self._view = self._view, view
        self._soon(lambda: self._change(before, view))

    def notify(self, title: str, text: str) -> None:
        """Show a notification, if this backend can."""
        if self._icon.HAS_NOTIFICATION:
            self._soon(lambda: self._icon.notify(text, title))

    def stop(self) -> None:
        """End :meth:`run`."""
        self._soon(self._icon.stop)

    def _soon(self, call: Callable[[], object]) -> None:
        """Call it on the main thread on macOS; elsewhere pystray sees to that itself."""
        if self.backend == "darwin":
            from PyObjCTools import AppHelper  # noqa: PLC0415 - on macOS only

            AppHelper.callAfter(call)
        else:
            with self._lock:
                call()

    def _change(self, before: IconView, after: IconView) -> None:
        if before.state != after.state:
            self._icon.icon = self._draw()
            self._set_status()
        if before.tooltip != after.tooltip:
            self._icon.title = after.tooltip
        if before.menu != after.menu:
            self._icon.menu = self._menu()

    def _set_status(self) -> None:
        if self.backend == "notifier":
            self._icon.needs_attention = self._view.state is AppState.ATTENTION

    def _draw(self) -> Image.Image | tuple[Image.Image, ...]:
        """Draw the image, or images, that the backend needs."""
        state = self._view.state
        if self.backend == "notifier":
            from watcher.desktop.status_notifier import SIZES  # noqa: PLC0415 - on Linux only

            return tuple(draw(state, size) for size in SIZES)
        image = draw(state, _SIZE)
        return _without_transparency(image) if self.backend == "xorg" else image

    def _menu(self) -> Any:
        import pystray  # noqa: PLC0415 - with the chosen backend

        return pystray.Menu(*(self._item(item) for item in self._view.menu))

    def _item(self, item: MenuItem) -> Any:
        import pystray  # noqa: PLC0415

        if not item.text:
            return pystray.Menu.SEPARATOR
        action: Any = (lambda: self._act(item.action)) if item.action is not None else None
        if item.items:
            action = pystray.Menu(*(self._item(each) for each in item.items))
        # pystray calls all values that can be called; it wraps constants itself.
        return pystray.MenuItem(item.text, action, default=item.is_default, enabled=item.is_enabled)


def _icon_class(backend: str) -> Any:
    """Return the pystray icon for a backend; ImportError if it cannot be used."""
    if backend == "notifier":
        from watcher.desktop.status_notifier import StatusNotifierIcon  # noqa: PLC0415 - Linux only

        return StatusNotifierIcon
    os.environ["PYSTRAY_BACKEND"] = backend
    import pystray  # noqa: PLC0415 - it chooses the backend when it is imported

    if backend == "xorg":
        return xorg_icon(pystray.Icon)
    if backend == "win32":
        return windows_icon(pystray.Icon)
    import AppKit  # noqa: PLC0415 - on macOS only, where pystray brings it along

    # Neither in the Dock nor among the windows of Cmd-Tab.
    AppKit.NSApplication.sharedApplication().setActivationPolicy_(
        AppKit.NSApplicationActivationPolicyAccessory
    )
    return mac_icon(pystray.Icon)


# --- X11 ----------------------------------------------------------------------------------------


def xorg_icon(base: Any) -> Any:
    """Return a subclass of ``base``, pystray's icon for X11, that makes up for three omissions.

    In pystray 0.19.5 the window does not select the clicks that it handles. With every new image
    the icon is docked again, which makes it narrower each time in trayer. And several threads use
    one connection, where python-xlib can miss an event and wait for ever: here only the main
    thread uses it.

    When the panel goes, the window goes with it: this process ends, and its successor waits for
    the next panel (see ``is_time_to_leave`` in ``watcher.desktop.session``).
    """
    from Xlib import X  # noqa: PLC0415 - with this backend only

    class XorgIcon(base):  # type: ignore[misc] # pystray has no types
        """See :func:`xorg_icon`."""

        def __init__(self, *arguments: Any) -> None:
            self._calls = _Calls()
            super().__init__(*arguments)

        def _rewrite_implementation(self, *methods: Callable[[], object]) -> None:
            for method in methods:
                setattr(self, method.__name__, partial(self._calls.make, method))

        def _events(self) -> Iterator[Any]:
            while True:
                self._calls.answer()
                while self._display.pending_events():
                    yield self._display.next_event()
                self._calls.wait(self._display)

        def _create_window(self) -> Any:
            window = super()._create_window()
            mask = X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
            window.change_attributes(event_mask=mask)
            return window

        def _assert_docked(self) -> None:
            if not self._systray_manager:
                super()._assert_docked()

    return XorgIcon


class _Calls:
    """Calls that other threads have the main thread make, which makes this object."""

    def __init__(self) -> None:
        self._main_thread = threading.current_thread()
        self._waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()

    def make(self, call: Callable[[], object]) -> None:
        """Have ``call`` made; return once it has been."""
        if threading.current_thread() is self._main_thread:
            call()
            return
        done = threading.Event()

        def call_and_tell() -> None:
            try:
                call()
            finally:  # what it raises ends this process, which must not wait for the other thread
                done.set()

        self._waiting.put(call_and_tell)
        os.write(self._wake_write, b"!")
        done.wait()

    def answer(self) -> None:
        """Make the calls that are waiting."""
        while not self._waiting.empty():
            self._waiting.get()()

    def wait(self, other: Any) -> None:
        """Wait for a call, or until there is something to read from ``other``."""
        if self._wake_read in select.select([other, self._wake_read], [], [])[0]:
            os.read(self._wake_read, 4096)


def _without_transparency(image: Image.Image) -> Image.Image:
    ground = Image.new("RGB", image.size, _GROUND)
    ground.paste(image, mask=image)
    return ground


# --- Windows ------------------------------------------------------------------------------------


def windows_icon(base: Any) -> Any:
    """Return a subclass of ``base``, pystray's icon for Windows, that leaves an open menu alone.

    pystray destroys the old menu at every change, even while it is open. Here a change waits until
    it is closed. A click on a notification is passed on, too.
    """

    class WindowsIcon(base):  # type: ignore[misc] # pystray has no types
        """See :func:`windows_icon`."""

        def __init__(self, *arguments: Any) -> None:
            self._menu_lock = threading.Lock()
            self._menu_is_open = False
            self._menu_is_stale = False
            super().__init__(*arguments)

        def _on_notify(self, wparam: Any, lparam: Any) -> None:
            """Handle a click; returns once the menu that it opens is closed."""
            if lparam == _NOTIFICATION_CLICKED:
                self()
                return
            with self._menu_lock:
                self._menu_is_open = True
            try:
                super()._on_notify(wparam, lparam)
            finally:
                with self._menu_lock:
                    self._menu_is_open = False
                    is_stale, self._menu_is_stale = self._menu_is_stale, False
                if is_stale:
                    self._update_menu()

        def _update_menu(self) -> None:
            with self._menu_lock:
                self._menu_is_stale = self._menu_is_open
                if not self._menu_is_open:
                    super()._update_menu()

        def _message(self, code: int, flags: int, **values: Any) -> None:
            super()._message(code, flags, **_fitting(values))

        def _create_menu_item(self, descriptor: Any, callbacks: Any) -> Any:
            item = super()._create_menu_item(descriptor, callbacks)
            if getattr(item, "dwTypeData", None):  # a single ampersand would underline a letter
                item.dwTypeData = item.dwTypeData.replace("&", "&&")
            return item

    return WindowsIcon


def _fitting(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` of a NOTIFYICONDATAW with texts that fit in."""
    cut = {name: _cut_units(values[name], _LONGEST[name]) for name in _LONGEST if name in values}
    return {**values, **cut}


def _cut_units(text: str, units: int) -> str:
    """Return as much of ``text`` as fits, with an ellipsis for the rest. An emoji has two units."""
    if len(text.encode("utf-16-le")) // 2 <= units:
        return text
    while len(text.encode("utf-16-le")) // 2 >= units:
        text = text[:-1]
    return f"{text}…"


# --- macOS --------------------------------------------------------------------------------------


def mac_icon(base: Any) -> Any:
    """Return a subclass of ``base``, pystray's icon for macOS, that notifications cannot end."""
    import subprocess  # noqa: PLC0415 - takes memory elsewhere

    class MacIcon(base):  # type: ignore[misc] # pystray has no types
        """See :func:`mac_icon`."""

        def _notify(self, message: str, title: str | None = None) -> None:
            try:
                super()._notify(message, title or self.title)
            except (OSError, subprocess.SubprocessError) as error:
                _log.warning("a notification cannot be shown: %s", error)

    return MacIcon
