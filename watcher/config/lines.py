"""On which line of a TOML file a key stands: the standard parser does not tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A key's way from the top: names of tables, and numbers (from 0) in arrays of tables.
Way = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_LONG = re.compile(r'"""|' + "'''")


def locate(text: str) -> dict[Way, int]:
    """Line numbers (from 1) of all tables and keys; keys of inline tables share their line."""
    found: dict[Way, int] = {}
    counts: dict[Way, int] = {}
    table: Way = ()
    inside = ""  # the quotes of a text over several lines, while in one
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if header := _HEADER.match(line):
            table = _enter(_parts(header[2]), counts, is_array=header[1] == "[[")
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
        quotes = _LONG.findall(line)
        if len(quotes) % 2:
            inside = quotes[-1]
    return found


def line_of(way: Way, lines: Mapping[Way, int]) -> int:
    """The line of a key, or of the nearest thing around it that has one; 0 if nothing has."""
    while way and way not in lines:
        way = way[:-1]
    return lines.get(way, 0)


def name_of(way: Way) -> str:
    """A key for people, counting from 1: ``folders[2].after_upload``."""
    text = ""
    for part in way:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _parts(text: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(text)]


def _enter(parts: list[str], counts: dict[Way, int], *, is_array: bool) -> Way:
    """The way of a table's header; arrays of tables on it stand at their last element."""
    way: Way = ()
    for part in parts[:-1]:
        way = (*way, part)
        if way in counts:
            way = (*way, counts[way])
    way = (*way, parts[-1])
    if is_array:
        counts[way] = counts.get(way, -1) + 1
        way = (*way, counts[way])
    return way
