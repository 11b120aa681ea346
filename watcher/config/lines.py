"""On which line of a TOML file a key stands: the standard parser does not tell."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A key's way from the top: names of tables, and numbers (from 0) in arrays.
Way = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''(?P<text>"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}'''
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
    r"""|(?P<word>[^\s\[\]{}=,."'#]+)|(?P<sign>[\[\]{}=,.\n])|\#[^\n]*|[^\S\n]+""",
    re.DOTALL,
)


def locate(text: str) -> dict[Way, int]:
    """Line numbers (from 1) of all tables, keys and elements of arrays in a valid TOML text."""
    return _Reader(text).lines


def headers(text: str) -> list[tuple[int, Way]]:
    """(line, way) of each table's header in a valid TOML text, in order."""
    return _Reader(text).headers


def comments(text: str) -> list[str]:
    """All comments of a valid TOML text, in order, each with its "#"."""
    return [each[0].rstrip() for each in _TOKEN.finditer(text) if each[0].startswith("#")]


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


class _Reader:
    """Goes through the tokens of a text once, and notes where keys and elements begin."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Way, int] = {}
        self.headers: list[tuple[int, Way]] = []
        self._last: dict[Way, int] = {}  # the number of the last element of each array of tables
        self._line = 1
        self._tokens = self._read(text + "\n")
        self._read_tables()

    def _read(self, text: str) -> Iterator[str]:
        for found in _TOKEN.finditer(text):
            if found.lastgroup:
                yield found[0]
            self._line += found[0].count("\n")

    def _read_tables(self) -> None:
        table: Way = ()
        for piece in self._tokens:
            if piece == "[":
                table = self._read_header()
            elif piece != "\n":
                self._read_pair(piece, table, "\n")

    def _read_header(self) -> Way:
        """What follows the first bracket, up to the end of the line."""
        line, is_array, parts = self._line, False, list[str]()
        for piece in self._tokens:
            if piece == "\n":
                break
            if piece == "[":
                is_array = True
            elif piece not in "].":
                parts.append(_unquoted(piece))
        way: Way = ()
        for number, part in enumerate(parts, 1):
            way = (*way, part)
            if way in self._last and number < len(parts):
                way = (*way, self._last[way])
        if is_array:
            self._last[way] = self._last.get(way, -1) + 1
            way = (*way, self._last[way])
        self._note(way, line)
        self.headers.append((line, way))
        return way

    def _read_pair(self, piece: str, table: Way, ends: str) -> str:
        """A key, which begins with ``piece``, and its value; gives the sign it ends with."""
        way: Way = table
        while piece != "=":
            if piece != ".":
                way = (*way, _unquoted(piece))
            piece = next(self._tokens)
        self._note(way, self._line)
        return self._read_value(next(self._tokens), way, ends)

    def _read_value(self, piece: str, way: Way, ends: str) -> str:
        """A value, which begins with ``piece``, up to one of the signs ``ends``; gives that."""
        while piece not in ends:
            if piece == "[":
                self._read_array(way)
            elif piece == "{":
                self._read_inline_table(way)
            piece = next(self._tokens)
        return piece

    def _read_array(self, way: Way) -> None:
        number = 0
        for piece in self._tokens:
            if piece == "]":
                return
            if piece not in ",\n":
                self._note((*way, number), self._line)
                if self._read_value(piece, (*way, number), ",]") == "]":
                    return
                number += 1

    def _read_inline_table(self, way: Way) -> None:
        for piece in self._tokens:
            if piece == "}" or (piece not in ",\n" and self._read_pair(piece, way, ",}") == "}"):
                return

    def _note(self, way: Way, line: int) -> None:
        for size in range(1, len(way) + 1):
            self.lines.setdefault(way[:size], line)


def _unquoted(word: str) -> str:
    if word[0] == '"' and "\\" in word:
        return str(tomllib.loads(f"key = {word}")["key"])
    return word[1:-1] if word[0] in "\"'" else word
