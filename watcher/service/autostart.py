"""The desktop entry that every desktop starts at login.

Quoting is that of the Desktop Entry Specification, "The Exec key" and "Possible value types":
a word is quoted first, the value escaped after that.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.service.common import (
    COMMENT,
    COMMENT_FR,
    NAME,
    Installed,
    Service,
    read_file,
    remove_file,
    write_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.service.common import Definition

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
    """Return the text of ``hrflow-watcher.desktop`` in a folder ``autostart``."""
    return _ENTRY.format(
        title=NAME, comment=COMMENT, comment_fr=COMMENT_FR, command=quote_command(command)
    )


def quote_command(command: Sequence[str]) -> str:
    """Return the value of ``Exec=``."""
    return " ".join(_quote(word) for word in command)


def _quote(word: str) -> str:
    for special in ("\\", '"', "`", "$"):
        word = word.replace(special, f"\\{special}")
    value = f'"{word}"'.replace("%", "%%").replace("\\", "\\\\")
    return value.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


class Autostart(Service):
    """An entry that the desktop starts at login; nothing else looks after the program.

    ``settings`` is the user's folder of settings (``~/.config``). ``spawn`` starts a command that
    outlives this process, ``end`` stops the running program.
    """

    kind = "autostart"

    def __init__(
        self,
        definition: Definition,
        settings: str,
        spawn: Callable[[Sequence[str]], None],
        end: Callable[[], None],
    ) -> None:
        self.file = os.path.join(settings, "autostart", f"{NAME}.desktop")
        self._spawn = spawn
        self._end = end
        self._command = definition.command

    def install(self) -> bool:
        """Install it, see :meth:`Service.install`."""
        return write_file(self.file, self._render())

    def uninstall(self) -> bool:
        """Remove it, see :meth:`Service.uninstall`."""
        if read_file(self.file) is None:
            return False
        self._end()
        return remove_file(self.file, os.path.dirname(self.file))

    def start(self) -> None:
        """Start it."""
        self._spawn(self._command)

    def stop(self) -> None:
        """Stop it until the next login."""
        self._end()

    def look(self) -> Installed | None:
        """Return the status; None if it is not installed."""
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
