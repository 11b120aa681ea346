"""TOML tables that know on which line each of their keys stands.

The standard parser does not tell, so the text is read a second time, for its lines alone. Two files
may be put together into one table: a key that was taken over keeps its place, so that a mistake is
reported for the file and the line that a person can correct.
"""

from __future__ import annotations

import functools
import operator
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A key's path from the top: names of tables, and numbers (from 0) in arrays.
KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''(?P<text>"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}'''
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
    r"""|(?P<word>[^\s\[\]{}=,."'#]+)|(?P<sign>[\[\]{}=,.\n])|\#[^\n]*|[^\S\n]+""",
    re.DOTALL,
)


# -- where keys stand in a text


def locate(text: str) -> dict[KeyPath, int]:
    """Return the lines (from 1) of all tables, keys and elements of arrays in a valid TOML text."""
    return _Reader(text).lines


def headers(text: str) -> list[tuple[KeyPath, int]]:
    """Return the tables of a valid TOML text that have a header, in order, with its line."""
    return _Reader(text).headers


def comments(text: str) -> list[str]:
    """Return all comments of a valid TOML text, in order, each with its "#"."""
    return [each[0].rstrip() for each in _TOKEN.finditer(text) if each[0].startswith("#")]


class _Reader:
    """Goes through the tokens of a text once, and notes where keys and elements begin."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.headers: list[tuple[KeyPath, int]] = []
        #: The number of the last element of each array of tables.
        self._last: dict[KeyPath, int] = {}
        self._line = 1
        self._tokens = self._read(text + "\n")
        table: KeyPath = ()
        for piece in self._tokens:
            if piece == "[":
                table = self._read_header()
            elif piece != "\n":
                self._read_pair(piece, table, "\n")

    def _read(self, text: str) -> Iterator[str]:
        for found in _TOKEN.finditer(text):
            if found.lastgroup:
                yield found[0]
            self._line += found[0].count("\n")

    def _read_header(self) -> KeyPath:
        """Read what follows the first bracket, up to the end of the line."""
        line, is_array, parts = self._line, False, list[str]()
        for piece in self._tokens:
            if piece == "\n":
                break
            if piece == "[":
                is_array = True
            elif piece not in "].":
                parts.append(_unquoted(piece))
        key_path: KeyPath = ()
        for number, part in enumerate(parts, 1):
            key_path = (*key_path, part)
            if key_path in self._last and number < len(parts):
                key_path = (*key_path, self._last[key_path])
        if is_array:
            self._last[key_path] = self._last.get(key_path, -1) + 1
            key_path = (*key_path, self._last[key_path])
        self._note(key_path, line)
        self.headers.append((key_path, line))
        return key_path

    def _read_pair(self, piece: str, table: KeyPath, ends: str) -> str:
        """Read a key, which begins with ``piece``, and its value; return the sign it ends with."""
        key_path: KeyPath = table
        while piece != "=":
            if piece != ".":
                key_path = (*key_path, _unquoted(piece))
            piece = next(self._tokens)
        self._note(key_path, self._line)
        return self._read_value(next(self._tokens), key_path, ends)

    def _read_value(self, piece: str, key_path: KeyPath, ends: str) -> str:
        """Read a value, which begins with ``piece``, up to one of the signs ``ends``; return it."""
        while piece not in ends:
            if piece == "[":
                self._read_array(key_path)
            elif piece == "{":
                self._read_inline_table(key_path)
            piece = next(self._tokens)
        return piece

    def _read_array(self, key_path: KeyPath) -> None:
        number = 0
        for piece in self._tokens:
            if piece == "]":
                return
            if piece not in ",\n":
                self._note((*key_path, number), self._line)
                if self._read_value(piece, (*key_path, number), ",]") == "]":
                    return
                number += 1

    def _read_inline_table(self, key_path: KeyPath) -> None:
        for piece in self._tokens:
            if piece == "}" or (
                piece not in ",\n" and self._read_pair(piece, key_path, ",}") == "}"
            ):
                return

    def _note(self, key_path: KeyPath, line: int) -> None:
        for size in range(1, len(key_path) + 1):
            self.lines.setdefault(key_path[:size], line)


def _unquoted(word: str) -> str:
    if word[0] == '"' and "\\" in word:
        return str(tomllib.loads(f"key = {word}")["key"])
    return word[1:-1] if word[0] in "\"'" else word


# -- tables that know it


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A configuration file; ``is_machine`` for the machine-wide one."""

    path: str
    lines: Mapping[KeyPath, int]
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """Where a key stands: its file, and its path from the top of it."""

    source: Source
    key_path: KeyPath = ()

    def __truediv__(self, key: str | int) -> Location:
        return Location(self.source, (*self.key_path, key))

    @property
    def line(self) -> int:
        """The line of the key, or of the nearest thing around it; 0 if nothing is written."""
        key_path = self.key_path
        while key_path and key_path not in self.source.lines:
            key_path = key_path[:-1]
        return self.source.lines.get(key_path, 0)

    @property
    def name(self) -> str:
        """For people, counting from 1: ``folders[2].after_upload``."""
        text = ""
        for part in self.key_path:
            text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
        return text

    def __str__(self) -> str:
        """The file and the line."""
        return f"{self.source.path}:{self.line}" if self.line else self.source.path


class _Placed:
    """What tables and lists share: their ``location``, and in ``moved`` those of foreign keys."""

    location: Location
    moved: dict[str | int, Location]

    def at(self, key: str | int, *more: str | int) -> Location:
        """Return the place of a key, or of one further inside; it need not be there."""
        inner = dict(entries(self)).get(key)
        if more and isinstance(inner, _Placed):
            return inner.at(*more)
        return functools.reduce(operator.truediv, more, self.moved.get(key) or self.location / key)


class Table(_Placed, dict[str, Any]):
    """A table. ``shared`` is the machine's table of the same folder, if both files have it."""

    shared: Table | None = None

    def take(self, name: str, location: Location, value: Any) -> None:
        """Set a key to what is written elsewhere, at ``location``."""
        self[name], self.moved[name] = value, location


class Array(_Placed, list[Any]):
    """A list."""

    def take(self, location: Location, value: Any) -> None:
        """Append what is written elsewhere, at ``location``."""
        self.moved[len(self)] = location
        self.append(value)


def entries(tables: _Placed) -> list[tuple[str | int, Any]]:
    """Return the (key or number, value) pairs of a table or a list."""
    if isinstance(tables, Table):
        return list(tables.items())
    return list(enumerate(tables)) if isinstance(tables, Array) else []


def placed(value: Any, location: Location) -> Any:
    """Return a copy of tables and lists as the parser gives them; other values as they are."""
    made: Table | Array
    if isinstance(value, dict):
        made = Table({name: placed(each, location / name) for name, each in value.items()})
    elif isinstance(value, list):
        made = Array(placed(each, location / number) for number, each in enumerate(value))
    else:
        return value
    made.location, made.moved = location, {}
    return made


def table_in(table: Table, name: str) -> Table:
    """Return the table called ``name``, an empty one if there is none."""
    found = table.get(name)
    if isinstance(found, Table):
        return found
    empty: Table = placed({}, table.at(name))
    return empty


def tables_in(table: Table, name: str) -> list[Table]:
    """Return the tables in the list called ``name``, none if there is no such list."""
    found = table.get(name)
    return [each for each in found if isinstance(each, Table)] if isinstance(found, Array) else []
