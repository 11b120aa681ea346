"""The icon in the system tray of X11, without GTK: no menu, a click does what it does by default.

pystray paints a black square where the icon is transparent, scales a finished image, asks to be
taken in anew at every change, and not for clicks; and Xlib for Python may lock up when two
threads use it. Here the window has the icon's own shape (the SHAPE extension), the icon is drawn
for the very size the tray gives it, clicks arrive, and one thread alone talks to the screen.
"""

from __future__ import annotations

import os
import queue
import select
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL.Image import Image

#: From this opacity on a point belongs to the icon.
_OPAQUE: Final = 96
#: What a point that is half the panel's is blended with, as the panel's colour is not known.
_BETWEEN: Final = (128, 128, 128, 255)


def icon_kind() -> Any:
    """The kind of icon; DisplayNameError and the like where there is no screen."""
    import pystray  # noqa: PLC0415 - with the chosen backend

    return xorg_icon(pystray.Icon)


def xorg_icon(base: Any) -> Any:
    """``base``, pystray's icon of X11, with a shape, clicks, and one thread."""

    class XorgIcon(base):  # type: ignore[misc] # pystray has no types
        """Takes the icon's shape, and clicks."""

        draw: Any
        _icon_data: Any

        def __init__(self, *arguments: Any) -> None:
            self._calls = Calls()
            super().__init__(*arguments)
            ask_for_clicks(self._window)

        def on_main(self, call: Any) -> None:
            """Have the loop's thread do it."""
            self._calls.put(call)

        def _run(self) -> None:
            self._thread = threading.current_thread()  # others ask for it as soon as it runs
            super()._run()

        def _events(self) -> Iterator[Any]:
            return self._calls.among(self._display)

        def _assert_docked(self) -> None:
            if not self._systray_manager:
                super()._assert_docked()

        def _assert_icon_data(self, width: int, height: int) -> None:
            if not self._icon_data or self._icon_data.size != (width, height):
                self._icon_data = take_shape(self._display, self._window, self.draw, width, height)

    return XorgIcon


class Calls:
    """What other threads want done by the one that hears the screen's events."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()

    def put(self, call: Callable[[], object]) -> None:
        """Have it done soon; from any thread."""
        self._calls.put(call)
        os.write(self._wake_write, b"!")

    def among(self, display: Any) -> Iterator[Any]:
        """Every event of ``display``; in between, the calls are made."""
        either = [display, self._wake_read]
        while True:
            while display.pending_events():
                yield display.next_event()
            if not self._calls.empty():
                self._calls.get()()
                continue
            if self._wake_read in select.select(either, [], [])[0]:
                os.read(self._wake_read, 64)


def ask_for_clicks(window: Any) -> None:
    """Hear of clicks on a window beside what pystray asks for."""
    from Xlib import X  # noqa: PLC0415 - on Linux only

    mask = X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
    window.change_attributes(event_mask=mask)


def take_shape(display: Any, window: Any, draw: Any, width: int, height: int) -> Any:
    """Give a window the icon's shape, and give the image to be painted there."""
    from PIL import Image  # noqa: PLC0415 - in the icon's process only
    from Xlib import X  # noqa: PLC0415
    from Xlib.ext import shape  # noqa: PLC0415

    size = max(1, min(width, height))
    whole = Image.new("RGBA", (width, height))
    whole.paste(draw(size), ((width - size) // 2, (height - size) // 2))
    if display.has_extension("SHAPE"):
        window.shape_rectangles(
            shape.SO.Set, shape.SK.Bounding, X.YXBanded, 0, 0, list(runs(whole))
        )
    ground = Image.new("RGBA", whole.size, _BETWEEN)
    painted: Any = Image.alpha_composite(ground, whole).convert("RGB")
    painted.tostring = painted.tobytes  # what Xlib for Python calls it
    return painted


def runs(image: Image) -> Iterator[tuple[int, int, int, int]]:
    """The opaque parts of each line, as (x, y, width, height), from the top and from the left."""
    width, height = image.size
    alpha = image.getchannel("A").tobytes()
    for y in range(height):
        line = alpha[y * width : (y + 1) * width]
        x = 0
        while x < width:
            start = x
            while x < width and line[x] >= _OPAQUE:
                x += 1
            if x > start:
                yield start, y, x - start, 1
            x += 1
