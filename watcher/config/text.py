"""A configuration file as text and as tables, and why a text is not TOML.

The parser names a place and a rule; people are told what to write instead. Word processors, chats
and web pages put other characters in the place of quotation marks and spaces.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from typing import Final

from watcher.config.lines import Location, Source, Table, locate, placed
from watcher.config.mistakes import at_key, at_place, redact
from watcher.i18n.message import Message, as_message, msg
from watcher.model.errors import ConfigError

LARGEST: Final = 1_000_000  # bytes; a configuration takes some kilobytes
BACKSLASH: Final = msg(
    "a backslash has a special meaning in double quotes; write the path in single quotes, or with /"
)
_PLACE: Final = re.compile(r"\((?:at line (\d+), column (\d+)|at end of document)\)")
_KEY_OF_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z_.-]{0,40})\s*=")
_TEXT: Final = re.compile(r""" "(?:[^"\\]|\\.)*" | '[^']*' """, re.VERBOSE)
#: What the parser says of a backslash that begins nothing it knows.
_OF_BACKSLASH: Final = re.compile("Unescaped|Invalid hex|Escaped")
#: A backslash that takes the quotation mark behind it for part of the text.
_ESCAPED_END: Final = re.compile(r'(?<!\\)(?:\\\\)*\\"')


def read_text(path: str) -> str:
    """Return what stands at ``path``, without a byte order mark; ConfigError if it is no text."""
    try:
        with open(path, "rb") as file:
            return decode(path, file.read(LARGEST + 1))
    except FileNotFoundError as error:
        raise ConfigError(
            msg("There is no configuration at {path}.", path=path),
            msg("Create one with: hrflow-watcher setup. Or copy config.example.toml there."),
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError) -> ConfigError:
    """Return the error for a configuration that the system does not give out."""
    return ConfigError(
        msg("The configuration {path} can't be read ({error}).", path=path, error=error.strerror)
    )


def decode(path: str, content: bytes) -> str:
    """Return the text of a configuration, without a byte order mark; ConfigError if it is none."""
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
    """Return the tables of a text that is to stand at ``path``; ConfigError if it is not TOML."""
    try:
        raw = tomllib.loads(text)
        tables: Table = placed(raw, Location(Source(path, locate(text), is_machine)))
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


def find_invisible(text: str) -> str:
    """Return the first character beyond ASCII that nobody sees: ``U+00A0 (no-break space)``."""
    for char in text:
        if not char.isascii() and unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
            name = unicodedata.name(char, "").lower()
            return f"U+{ord(char):04X}" + f" ({name})" * bool(name)
    return ""


# -- why a text is not TOML


def _explain(error: ValueError, text: str) -> tuple[int, Message]:
    """Return the line (from 1) of what makes ``text`` no TOML, and what is wrong there.

    ``error`` is the parser's: TOMLDecodeError, or of a number of too many digits.
    """
    lines = text.split("\n")
    found = _PLACE.search(str(error))
    problem = redact(_PLACE.sub("", str(error)).strip())
    line = int(found[1]) if found and found[1] else 0
    if not line:  # a text that never ends: look for a mark that was meant to end it
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
    """Return the first character that only texts in quotes and comments may hold, or ""."""
    bare = _TEXT.sub("", line).partition("#")[0]
    return next((char for char in bare if not char.isascii()), "")
