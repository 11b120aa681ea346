"""A configuration file as text, and as tables that know on which line each key is.

The standard parser does not report lines, so the text is read a second time for them. Where two
files are merged, each key keeps its place, so that a mistake is reported with the file and the line
to correct.

Where a text is not TOML, the parser's error is replaced by what to write instead. Often a word
processor, a chat or a web page has replaced quotation marks or spaces by other characters.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from watcher.config.mistakes import KeyPath, Location, at_key, at_place, redact
from watcher.i18n.message import Message, as_message, msg
from watcher.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LARGEST: Final = 1_000_000  # bytes; a configuration has a few thousand
BACKSLASH: Final = msg(
    "a backslash has a special meaning in double quotes; write the path in single quotes, or with /"
)
_PLACE: Final = re.compile(r"\((?:at line (\d+), column (\d+)|at end of document)\)")
_KEY_OF_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z_.-]{0,40})\s*=")
_TEXT: Final = re.compile(r""" "(?:[^"\\]|\\.)*" | '[^']*' """, re.VERBOSE)
#: How the parser's errors about unknown escape sequences begin.
_OF_BACKSLASH: Final = re.compile("Unescaped|Invalid hex|Escaped")
#: A backslash that makes the closing quotation mark a part of the text.
_ESCAPED_END: Final = re.compile(r'(?<!\\)(?:\\\\)*\\"')
_TOKEN = re.compile(
    r'''(?P<text>"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}'''
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
    r"""|(?P<word>[^\s\[\]{}=,."'#]+)|(?P<sign>[\[\]{}=,.\n])|\#[^\n]*|[^\S\n]+""",
    re.DOTALL,
)


# -- the text


def read_text(path: str) -> str:
    """Return the text at ``path``, without a byte order mark; ConfigError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return decode(path, file.read(LARGEST + 1))
    except FileNotFoundError as error:
        raise ConfigError(
            msg("There is no configuration at {path}.", path=path),
            msg("Create one with: {hrflow_watcher} setup. Or copy config.example.toml there."),
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError) -> ConfigError:
    """Return the error for a configuration that cannot be read."""
    return ConfigError(
        msg("The configuration {path} can't be read ({error}).", path=path, error=error.strerror)
    )


def decode(path: str, content: bytes) -> str:
    """Return the text of a configuration, without a byte order mark; ConfigError if not UTF-8."""
    if len(content) > LARGEST:
        raise ConfigError(msg("The file {path} is too large for a configuration.", path=path))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            msg(
                "The configuration {path} is not UTF-8 text (line {number}).",
                path=path,
                number=line,
            ),
            msg("Save it as UTF-8."),
        ) from error


def parse(path: str, text: str, *, is_machine: bool = False) -> Table:
    """Return the tables of ``text``, which is that of ``path``; ConfigError if it is not TOML."""
    try:
        raw = tomllib.loads(text)
        tables: Table = placed(raw, Location(path, is_machine=is_machine), Layout(text).lines)
    except RecursionError as error:
        raise ConfigError(
            msg("The file {path} is nested too deeply for a configuration.", path=path)
        ) from error
    except ValueError as error:  # TOMLDecodeError, and numbers of too many digits
        line, problem = _explain(error, text)
        raise ConfigError(
            msg("The configuration {path} is not valid TOML.", path=path),
            msg("Correct that line first; the rest of the file can't be checked until then."),
            (at_place(f"{path}:{line}", problem),),
        ) from error
    return tables


# -- the lines of keys


def comments(text: str) -> list[str]:
    """Return all comments of a valid TOML text, in order, each with its "#"."""
    return [each[0].rstrip() for each in _TOKEN.finditer(text) if each[0].startswith("#")]


class Layout:
    """Where things are written in a valid TOML text.

    ``lines`` has the line (from 1) of each table, key and element of an array; ``headers`` the
    tables that have a header, in order, with its line.
    """

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


# -- tables that know their lines


class _Placed:
    """What tables and lists share: their place, and that of each of their elements."""

    location: Location
    places: dict[str | int, Location]

    def at(self, key: str | int, *more: str | int) -> Location:
        """Return the place of a key, or of one nested in it; the key need not exist."""
        inner = dict(entries(self)).get(key)
        if more and isinstance(inner, _Placed):
            return inner.at(*more)
        place = self.places.get(key, self.location / key)
        return replace(place, key_path=(*place.key_path, *more))


class Table(_Placed, dict[str, Any]):
    """A table. ``shared`` is the machine's table of the same folder, if both files have it."""

    shared: Table | None = None

    def take(self, name: str, location: Location, value: Any) -> None:
        """Set a key to what is written elsewhere, at ``location``."""
        self[name], self.places[name] = value, location


class Array(_Placed, list[Any]):
    """A list."""

    def take(self, location: Location, value: Any) -> None:
        """Append what is written elsewhere, at ``location``."""
        self.places[len(self)] = location
        self.append(value)


def entries(tables: _Placed) -> list[tuple[str | int, Any]]:
    """Return the (key or number, value) pairs of a table or a list."""
    if isinstance(tables, Table):
        return list(tables.items())
    return list(enumerate(tables)) if isinstance(tables, Array) else []


def placed(
    value: Any, location: Location, lines: Mapping[KeyPath, int] = MappingProxyType({})
) -> Any:
    """Return a copy of tables and lists as the parser gives them; other values as they are."""
    if not isinstance(value, dict | list):
        return value
    made: Table | Array
    keys: Iterable[Any] = value if isinstance(value, dict) else range(len(value))
    places = {
        key: replace(location / key, line=lines.get((*location.key_path, key), location.line))
        for key in keys
    }
    inner = {key: placed(value[key], place, lines) for key, place in places.items()}
    made = Table(inner) if isinstance(value, dict) else Array(inner.values())
    made.location, made.places = location, places
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


# -- why a text is not TOML


def find_invisible(text: str) -> str:
    """Return the first invisible character beyond ASCII, as ``U+00A0 (no-break space)``."""
    for char in text:
        if not char.isascii() and unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
            name = unicodedata.name(char, "").lower()
            return f"U+{ord(char):04X}" + f" ({name})" * bool(name)
    return ""


def _explain(error: ValueError, text: str) -> tuple[int, Message]:
    """Return the line (from 1) where ``text`` is not TOML, and what is wrong there.

    ``error`` is the parser's: TOMLDecodeError, or that of a number with too many digits.
    """
    lines = text.split("\n")
    found = _PLACE.search(str(error))
    problem = redact(_PLACE.sub("", str(error)).strip())
    line = int(found[1]) if found and found[1] else 0
    if not line:  # a string that never ends: look for a mark that was meant to end it
        odd = (at for at, each in enumerate(lines, 1) if _find_odd(each))
        line = next(odd, len(lines))
    written = lines[line - 1]
    key = _KEY_OF_LINE.match(written)
    said = _find_cause(written, problem)
    return line, at_key(redact(key[1]), said) if key else said


def _find_cause(line: str, problem: str) -> Message:
    """Return what is wrong in a line where the parser stops because of ``problem``."""
    if _OF_BACKSLASH.match(problem):
        return BACKSLASH
    if odd := _find_odd(line):
        if invisible := find_invisible(odd):
            return msg(
                "there is an invisible character here, {character}; delete it", character=invisible
            )
        shown = f"{odd} (U+{ord(odd):04X})"
        return msg("{character} is only allowed in quotes, which are \" or '", character=shown)
    if _ESCAPED_END.search(line):
        return BACKSLASH
    if problem in ("Illegal character '\\n'", "Unterminated string"):
        return msg("a closing quote is missing")
    if problem == "Invalid value":
        return msg(
            'this is not a value: put text in quotes, like "text"; true, false and numbers'
            " need none"
        )
    return as_message(problem)


def _find_odd(line: str) -> str:
    """Return the first character that is only allowed in quotes and comments, or ""."""
    bare = _TEXT.sub("", line).partition("#")[0]
    return next((char for char in bare if not char.isascii()), "")
