"""A configuration file as text, and as tables that know where they were written.

What makes a text no TOML is explained to people: the parser names a place and a rule.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final

from watcher.config.characters import DOUBLE, SINGLE, explain
from watcher.config.lines import locate
from watcher.config.mistakes import at_key, at_place, redact
from watcher.config.nodes import Source, Spot, Table, placed
from watcher.i18n.message import Message, as_message, msg
from watcher.model.errors import ConfigError

LARGEST: Final = 1_000_000  # bytes; a configuration takes some kilobytes
_PLACE: Final = re.compile(r"\((?:at line (\d+), column (\d+)|at end of document)\)")
_KEY_OF_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z_.-]{0,40})\s*=")
#: What the parser says of a backslash that begins nothing it knows.
_OF_BACKSLASH: Final = re.compile("Unescaped|Invalid hex|Escaped")
#: A backslash that takes the quotation mark behind it for a part of the text.
_ESCAPED_END: Final = re.compile(r'(?<!\\)(?:\\\\)*\\"')
BACKSLASH: Final = msg(
    "a backslash in double quotes has a meaning of its own; write the path in"
    " single quotes, or with /"
)
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_WRITE_QUOTES: Final = msg('texts stand in quotes, as in "text"; true, false and numbers do not')


def read_text(path: str) -> str:
    """What stands at ``path``, without a byte order mark; ConfigError if that is no text."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            msg("There is no configuration at {path}.", path=path),
            msg("Have one written by: hrflow-watcher setup, or copy config.example.toml there."),
        ) from error
    except OSError as error:
        raise ConfigError(
            msg(
                "The configuration {path} cannot be read ({error}).",
                path=path,
                error=error.strerror,
            )
        ) from error
    if len(content) > LARGEST:
        raise ConfigError(msg("The configuration {path} is too large to be one.", path=path))
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
    """The tables of a text that is to stand at ``path``; ConfigError if it is no TOML."""
    try:
        raw = tomllib.loads(text)
        tables: Table = placed(raw, Spot(Source(path, locate(text), is_machine)))
    except RecursionError as error:
        raise ConfigError(
            msg("The configuration {path} is nested too deeply to be one.", path=path)
        ) from error
    except ValueError as error:  # TOMLDecodeError, and numbers of too many digits
        line, problem = _explain(error, text)
        raise ConfigError(
            msg("The configuration {path} is not valid TOML.", path=path),
            msg("Correct that line; everything else is checked after that."),
            (at_place(f"{path}:{line}", problem),),
        ) from error
    return tables


# -- inside


def _explain(error: ValueError, text: str) -> tuple[int, Message]:
    """The line (from 1) of what makes ``text`` no TOML, and what that is, without its values.

    ``error`` is the parser's: TOMLDecodeError, or of a number of too many digits.
    """
    lines = text.split("\n")
    found = _PLACE.search(str(error))
    problem = redact(_PLACE.sub("", str(error)).strip())
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(lines), 0)
    if not column:  # a text that never ends: look for where it was meant to
        line = next((at for at, each in enumerate(lines, 1) if _is_open(each)), line)
    written = lines[line - 1] if line <= len(lines) else ""
    key = _KEY_OF_LINE.match(written)
    at = written[column - 1 : column] if column else ""
    lookalike = _find_lookalike(written)
    said = None
    if at and not at.isascii():
        said = explain(at)
    elif _OF_BACKSLASH.match(problem):
        said = BACKSLASH
    elif lookalike and problem != "Invalid value":
        said = explain(lookalike)
    elif _ESCAPED_END.search(written):
        said = BACKSLASH
    if said is not None:
        return line, at_key(redact(key[1]), said) if key else said
    if problem != "Invalid value":
        return line, as_message(problem)
    if key:
        why = _WRITE_QUOTES
        return line, msg("Invalid value of {key}: {why}", key=redact(key[1]), why=why)
    return line, msg("Invalid value: {why}", why=_WRITE_QUOTES)


def _is_open(line: str) -> bool:
    """Whether a text may begin in a line that was meant to end by a mark that ends nothing."""
    is_odd = line.count('"') % 2 or line.count("'") % 2
    return bool(is_odd and _find_lookalike(line))


def _find_lookalike(line: str) -> str:
    """The first mark that only looks like a quotation mark; "" if there is none.

    Within quotes an apostrophe is one.
    """
    bare = _TEXT.sub("", line)
    found = re.search(f"[{DOUBLE}{SINGLE}]", bare) or re.search(f"[{DOUBLE}]", line)
    return found[0] if found else ""
