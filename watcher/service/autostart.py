"""The desktop entry that every desktop starts at login, as text.

Quoting is that of the Desktop Entry Specification, "The Exec key" and "Possible value types":
a word is quoted first, the value escaped after that.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.service.runner import read_file, remove_file, write_file
from watcher.service.wanted import COMMENT, COMMENT_FR, NAME, TITLE, Installed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.service.wanted import Wanted

_ENTRY: Final = """\
[Desktop Entry]
Type=Application
Version=1.0
Name={title}
Comment={comment}
Comment[fr]={comment_fr}
Exec={command}
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
"""


def render_entry(command: Sequence[str]) -> str:
    """The text of ``hrflow-watcher.desktop`` in a folder ``autostart``."""
    return _ENTRY.format(
        title=TITLE, comment=COMMENT, comment_fr=COMMENT_FR, command=quote_command(command)
    )


def quote_command(command: Sequence[str]) -> str:
    """The value of ``Exec=``."""
    return " ".join(_quote(word) for word in command)


def _quote(word: str) -> str:
    for special in ("\\", '"', "`", "$"):
        word = word.replace(special, f"\\{special}")
    value = f'"{word}"'.replace("%", "%%").replace("\\", "\\\\")
    return value.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


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
