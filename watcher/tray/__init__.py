"""The icon in the panel: a process of its own that shows faces, and the end that talks to it."""

from watcher.tray.face import Face, face
from watcher.tray.process import Tray

__all__ = ["Face", "Tray", "face"]
