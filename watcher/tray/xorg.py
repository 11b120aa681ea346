"""The icon in the system tray of X11, without GTK: no menu, a click does what it does by default.

pystray paints a black square where the icon is transparent, scales a finished image, asks to be
taken in anew at every change, and not for clicks. Here the window has the icon's own shape (the SHAPE extension), the icon is drawn
for the very size the tray gives it, and clicks arrive.
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
    from PIL import Image  # noqa: PLC0415
    from Xlib import X  # noqa: PLC0415
    from Xlib.ext import shape  # noqa: PLC0415

    class XorgIcon(pystray.Icon):  # type: ignore[misc] # pystray has no types
        """Takes the icon's shape, and clicks."""

        draw: Any
        _icon_data: Any

        def __init__(self, *arguments: Any) -> None:
            self._calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
            self._wake_read, self._wake_write = os.pipe()
            super().__init__(*arguments)
            mask = X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
            self._window.change_attributes(event_mask=mask)

        def on_main(self, call: Any) -> None:
            """Have the thread of the loop do it: Xlib for Python may lock up with two."""
            self._calls.put(call)
            os.write(self._wake_write, b"!")

        def _run(self) -> None:
            self._thread = threading.current_thread()  # others ask for it as soon as it runs
            super()._run()

        def _events(self) -> Iterator[Any]:
            """Every event; in between, what other threads want done."""
            while True:
                while self._display.pending_events():
                    yield self._display.next_event()
                if not self._calls.empty():
                    self._calls.get()()
                    continue
                ready, _, _ = select.select([self._display, self._wake_read], [], [])
                if self._wake_read in ready:
                    os.read(self._wake_read, 64)

        def _assert_docked(self) -> None:
            if not self._systray_manager:  # pystray asks again at every change
                super()._assert_docked()

        def _assert_icon_data(self, width: int, height: int) -> None:
            if self._icon_data and self._icon_data.size == (width, height):
                return
            size = max(1, min(width, height))
            whole = Image.new("RGBA", (width, height))
            whole.paste(self.draw(size), ((width - size) // 2, (height - size) // 2))
            if self._display.has_extension("SHAPE"):
                self._window.shape_rectangles(
                    shape.SO.Set, shape.SK.Bounding, X.YXBanded, 0, 0, list(runs(whole))
                )
            ground = Image.new("RGBA", whole.size, _BETWEEN)
            self._icon_data = Image.alpha_composite(ground, whole).convert("RGB")
            self._icon_data.tostring = self._icon_data.tobytes

    return XorgIcon


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
