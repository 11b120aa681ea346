"""Messages on the desktop through its own service; the panel's way is ``watcher.tray``'s."""

from watcher.notify.bus import Bubbles

__all__ = ["Bubbles"]
