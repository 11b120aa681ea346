"""The icon in the panel, in a process of its own, and notifications on the desktop."""
