"""On which line of a TOML file a key stands: the standard parser does not tell."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A key's way from the top: names of tables, and numbers (from 0) in arrays.
Way = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''(?P<long>"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5})'''
    r"""|(?P<word>"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s\[\]{}=,."'#]+)"""
    r"""|(?P<end>\n)|(?P<sign>[\[\]{}=,.])|\#[^\n]*|[^\S\n]+""",
    re.DOTALL,
)


@dataclass
class _Open:
    """A table or an array that is being read. ``number`` is an array's next element, else None."""

    way: Way
    number: int | None = None
    key: list[str] = field(default_factory=list)


def locate(text: str) -> dict[Way, int]:
    """Line numbers (from 1) of all tables, keys and elements of arrays in a valid TOML text."""
    return _follow(text).found


def headers(text: str) -> tuple[tuple[int, Way], ...]:
    """(line, way) of each table's header in a valid TOML text, in order."""
    return tuple(_follow(text).headers)


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


# -- inside


class _Reader:
    """Follows the tokens of a text and notes where keys and elements begin."""

    def __init__(self) -> None:
        self.found: dict[Way, int] = {}
        self.headers: list[tuple[int, Way]] = []
        self._counts: dict[Way, int] = {}  # the last element of each array of tables
        self._table: Way = ()
        self._head = ""  # the brackets of a header while in one
        self._in_value = False
        self._open = [_Open(())]

    def take(self, sign: str, line: int, *, is_word: bool) -> None:
        """The next sign; line ends matter only between the top's keys."""
        here = self._open[-1]
        if here.number is not None or self._in_value:
            self._take_in_value(sign, line, is_word=is_word)
        elif is_word:
            here.key.append(_unquoted(sign))
        elif sign == "=":
            self._in_value = True
            here.way = self._note(here.way, here.key, line)
        elif sign == "}":
            self._close()
        elif len(self._open) == 1:
            self._take_in_header(sign, line)

    def _take_in_header(self, sign: str, line: int) -> None:
        top = self._open[0]
        if sign in "[]":
            self._head += sign
        elif sign == "\n" and self._head:
            self._table = _enter(top.key, self._counts, is_array=self._head.startswith("[["))
            for size in range(1, len(self._table) + 1):
                self.found.setdefault(self._table[:size], line)
            self.headers.append((line, self._table))
            self._open, self._head = [_Open(self._table)], ""

    def _take_in_value(self, sign: str, line: int, *, is_word: bool) -> None:
        here = self._open[-1]
        begins = is_word or sign in "[{"
        if here.number is not None and begins:
            self.found.setdefault((*here.way, here.number), line)
        way = here.way if here.number is None else (*here.way, here.number)
        if is_word:
            return
        if sign == "[":
            self._open.append(_Open(way, number=0))
        elif sign == "{":
            self._open.append(_Open(way))
            self._in_value = False
        elif sign in "]}":
            self._close()
        elif sign == ",":
            self._next()
        elif sign == "\n" and len(self._open) == 1:
            self._open, self._in_value = [_Open(self._table)], False

    def _next(self) -> None:
        here = self._open[-1]
        if here.number is not None:
            here.number += 1
        else:
            self._open[-1] = _Open(here.way[: len(here.way) - len(here.key)])
            self._in_value = False

    def _close(self) -> None:
        self._open.pop()
        self._in_value = True

    def _note(self, way: Way, key: list[str], line: int) -> Way:
        for size in range(1, len(key) + 1):
            self.found.setdefault((*way, *key[:size]), line)
        return (*way, *key)


def _follow(text: str) -> _Reader:
    reader = _Reader()
    for line, token, is_word in _tokens(text):
        reader.take(token, line, is_word=is_word)
    return reader


def _tokens(text: str) -> Iterator[tuple[int, str, bool]]:
    """(line, token, whether it is a word or a text); a line end closes the last line as well."""
    line = 1
    for found in _TOKEN.finditer(text + "\n"):
        if found["word"] or found["long"]:
            yield line, found["word"] or found["long"], True
        elif found["sign"] or found["end"]:
            yield line, found[0], False
        line += found[0].count("\n")


def _unquoted(word: str) -> str:
    if word[0] == '"' and "\\" in word:
        return str(tomllib.loads(f"key = {word}")["key"])
    return word[1:-1] if word[0] in "\"'" else word


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
