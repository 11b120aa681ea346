"""The icon in the panel, a process of its own, and the messages on the desktop."""
