"""Patterns of paths: ``*``, ``**``, ``?`` and captures ``{name}`` or ``{name:one|two}``.

Paths are relative to a watched folder, their parts joined by ``/``. Letters match whatever their
case, as the same folder is typed "Yes" by one person and "yes" by the next; what a capture gives
is the path's own spelling, or the pattern's where it lists choices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(
    r"(?P<any>\*\*/?)|(?P<star>\*)|(?P<one>\?)|\{(?P<capture>[^{}]*)\}|(?P<text>.)", re.DOTALL
)
_CAPTURE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<choices>.+))?\Z")


class PatternError(ValueError):
    """A pattern cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; ``names`` are those of its captures."""

    text: str
    names: tuple[str, ...]
    _expression: re.Pattern[str]
    _choices: Mapping[str, Mapping[str, str]]

    def match(self, path: str) -> dict[str, str] | None:
        """What the captures hold if the whole ``path`` matches, else None."""
        found = self._expression.fullmatch(path)
        if found is None:
            return None
        return {
            name: self._choices.get(name, {}).get(value.lower(), value)
            for name, value in found.groupdict().items()
        }


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; PatternError if it is not one."""
    if not text or text.startswith("/") or "\\" in text:
        raise PatternError(
            'a pattern is a path below the folder with "/" between its parts, like "jobs/**"'
        )
    names: list[str] = []
    choices: dict[str, Mapping[str, str]] = {}
    parts = []
    for found in _TOKEN.finditer(text):
        if found["any"]:
            # "a/**" means everything below a; "**/b" means b at any depth, also none.
            parts.append("(?:[^/]+/)*" if found["any"] == "**/" else ".*")
        elif found["star"]:
            parts.append("[^/]*")
        elif found["one"]:
            parts.append("[^/]")
        elif found["capture"] is not None:
            parts.append(_capture(found["capture"], names, choices))
        elif found["text"] in "{}":
            raise PatternError(f"the brace {found['text']!r} has no partner")
        else:
            parts.append(re.escape(found["text"]))
    expression = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    return Pattern(text, tuple(names), expression, MappingProxyType(choices))


def _capture(text: str, names: list[str], choices: dict[str, Mapping[str, str]]) -> str:
    found = _CAPTURE.match(text)
    if found is None:
        raise PatternError(f"{{{text}}} is no capture; write {{name}} or {{name:one|two}}")
    name = found["name"]
    if name in names:
        raise PatternError(f"the capture {{{name}}} stands there twice")
    names.append(name)
    if found["choices"] is None:
        return f"(?P<{name}>[^/]+)"
    words = found["choices"].split("|")
    choices[name] = MappingProxyType({word.lower(): word for word in words})
    return f"(?P<{name}>{'|'.join(map(re.escape, words))})"
