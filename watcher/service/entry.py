"""The desktop entry that every desktop starts at login, as text.

Quoting is that of the Desktop Entry Specification, "The Exec key" and "Possible value types":
a word is quoted first, the value escaped after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher.service.wanted import COMMENT, COMMENT_FR, TITLE

if TYPE_CHECKING:
    from collections.abc import Sequence

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
