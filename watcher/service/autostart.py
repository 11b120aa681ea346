"""A desktop entry that the desktop starts at login, where there is no service manager."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.service.entry import render_entry
from watcher.service.files import read_file, remove_file, write_file
from watcher.service.wanted import NAME, Installed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.service.wanted import Wanted


class Autostart:
    """``settings`` is the person's folder of settings (``~/.config``).

    ``spawn`` starts a command that outlives this one, ``end`` ends the program that runs; where
    nothing else looks after a process, that is ours to do.
    """

    kind = "autostart"
    lingers = False

    def __init__(
        self,
        wanted: Wanted,
        settings: str,
        spawn: Callable[[Sequence[str]], None],
        end: Callable[[], None],
    ) -> None:
        self.file = os.path.join(settings, "autostart", f"{NAME}.desktop")
        self._spawn = spawn
        self._end = end
        self._command = wanted.command

    def install(self) -> bool:
        """Whether anything changed; starts at the next login, not now."""
        return write_file(self.file, self._render())

    def uninstall(self) -> bool:
        """Stop it and leave nothing; whether there was anything."""
        if read_file(self.file) is None:
            return False
        self._end()
        return remove_file(self.file, os.path.dirname(self.file))

    def start(self) -> None:
        """Start it now."""
        self._spawn(self._command)

    def stop(self) -> None:
        """Stop it, until the next login."""
        self._end()

    def restart(self) -> None:
        """Stop it and start it, or only start it."""
        self._end()
        self.start()

    def look(self) -> Installed | None:
        """How it is installed; None if it is not."""
        found = read_file(self.file)
        if found is None:
            return None
        switched_off = b"\nHidden=true" in found or b"Autostart-enabled=false" in found
        return Installed(
            self.file,
            enabled=not switched_off,
            current=found == self._render(),
        )

    def _render(self) -> bytes:
        return render_entry(self._command).encode("utf-8", "surrogateescape")
