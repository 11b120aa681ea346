"""Patterns of paths: ``*``, ``**``, ``?`` and captures ``{name}`` or ``{name:one|two}``.

Paths are relative to a watched folder, their parts joined by ``/``. Letters match whatever their
case, as the same folder is typed "Yes" by one person and "yes" by the next; what a capture gives
is the path's own spelling, or the pattern's where it lists choices.

Matching takes time in proportion to pattern and path, whatever a person writes: a wildcard is
given the shortest text after which the pattern can go on and is not reconsidered, except the last
one of a part, and the last ``**``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"(?P<star>\*+)|(?P<one>\?)|\{(?P<capture>[^{}]*)\}|(?P<text>.)", re.DOTALL)
_CAPTURE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<choices>.+))?\Z")


class PatternError(ValueError):
    """A pattern cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; ``names`` are those of its captures.

    ``_parts`` has an expression for each part of the path, None for ``**``.
    """

    text: str
    names: tuple[str, ...]
    _parts: tuple[re.Pattern[str] | None, ...]
    _choices: Mapping[str, Mapping[str, str]]

    def match(self, path: str) -> dict[str, str] | None:
        """What the captures hold if the whole ``path`` matches, else None."""
        found = _match_parts(self._parts, path.split("/"))
        if found is None:
            return None
        return {
            name: self._choices.get(name, {}).get(value.lower(), value)
            for each in found
            for name, value in each.groupdict().items()
        }


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; PatternError if it is not one."""
    if not text or text.startswith("/") or "\\" in text:
        raise PatternError(
            'a pattern is a path below the folder with "/" between its parts, like "jobs/**"'
        )
    names: list[str] = []
    choices: dict[str, Mapping[str, str]] = {}
    parts: list[re.Pattern[str] | None] = []
    for part in text.split("/"):
        if part == "**":
            if not parts or parts[-1] is not None:
                parts.append(None)
        else:
            expression = _part_expression(part, names, choices)
            parts.append(re.compile(expression, re.IGNORECASE | re.DOTALL))
    if parts[-1] is None:  # "a/**" means everything below a, not a itself
        parts.append(re.compile(".+", re.DOTALL))
    return Pattern(text, tuple(names), tuple(parts), MappingProxyType(choices))


def _match_parts(
    parts: tuple[re.Pattern[str] | None, ...], path: list[str]
) -> list[re.Match[str]] | None:
    """The matches of all parts that are not ``**``, if they cover the whole path."""
    found: list[re.Match[str]] = []
    at, here = 0, 0
    again: tuple[int, int, int] | None = (
        None  # the last "**": its place, the path's, matches so far
    )
    while here < len(path):
        expression = parts[at] if at < len(parts) else None
        if at < len(parts) and expression is None:
            again = (at, here, len(found))
            at += 1
        elif expression is not None and (match := expression.fullmatch(path[here])):
            found.append(match)
            at, here = at + 1, here + 1
        elif again is not None:
            at, here = again[0] + 1, again[1] + 1
            again = (again[0], here, again[2])
            del found[again[2] :]
        else:
            return None
    return found if at == len(parts) else None


def _part_expression(part: str, names: list[str], choices: dict[str, Mapping[str, str]]) -> str:
    """An expression for one part of a path."""
    wilds: list[tuple[str, str]] = []  # (wildcard, what follows it until the next wildcard)
    fixed = ""
    wild = ""
    for found in _TOKEN.finditer(part):
        if found["star"] or found["capture"] is not None:
            new = ".*?" if found["star"] else _capture(found["capture"], names, choices)
            if found["star"] and wild == ".*?" and not fixed:
                continue
            wilds.append((wild, fixed))
            wild, fixed = new, ""
        elif found["one"]:
            fixed += "."
        elif found["text"] in "{}":
            raise PatternError(f"the brace {found['text']!r} has no partner")
        else:
            fixed += re.escape(found["text"])
    settled = "".join(f"(?>{wild}{after})" if wild else after for wild, after in wilds)
    return settled + wild + fixed


def _capture(text: str, names: list[str], choices: dict[str, Mapping[str, str]]) -> str:
    found = _CAPTURE.match(text)
    if found is None:
        raise PatternError(f"{{{text}}} is no capture; write {{name}} or {{name:one|two}}")
    name = found["name"]
    if name in names:
        raise PatternError(f"the capture {{{name}}} stands there twice")
    names.append(name)
    if found["choices"] is None:
        return f"(?P<{name}>.+?)"
    words = found["choices"].split("|")
    choices[name] = MappingProxyType({word.lower(): word for word in words})
    longest_first = sorted(words, key=len, reverse=True)
    return f"(?P<{name}>{'|'.join(map(re.escape, longest_first))})"
