"""What is wrong with a text that is no TOML, for people: the parser names a place and a rule."""

from __future__ import annotations

import re
from typing import Final

from watcher.config.characters import DOUBLE, SINGLE, explain
from watcher.config.english import msg
from watcher.config.mistakes import redact

_PLACE: Final = re.compile(r"\((?:at line (\d+), column (\d+)|at end of document)\)")
_KEY_OF_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z_.-]{0,40})\s*=")
#: What the parser says of a backslash that begins nothing it knows.
_OF_BACKSLASH: Final = re.compile("Unescaped|Invalid hex|Escaped")
#: A backslash that takes the quotation mark behind it for a part of the text.
_ESCAPED_END: Final = re.compile(r'(?<!\\)(?:\\\\)*\\"')
BACKSLASH: Final = msg(
    "a backslash in double quotes has a meaning of its own; write the path in single quotes, or with /"
)
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_WRITE_QUOTES: Final = msg('texts stand in quotes, as in "text"; true, false and numbers do not')


def explain_error(error: ValueError, text: str) -> tuple[int, str]:
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
    prefix = f"{redact(key[1])}: " if key else ""
    at = written[column - 1 : column] if column else ""
    lookalike = _find_lookalike(written)
    if at and not at.isascii():
        return line, prefix + explain(at)
    if _OF_BACKSLASH.match(problem):
        return line, prefix + BACKSLASH
    if lookalike and problem != "Invalid value":
        return line, prefix + explain(lookalike)
    if _ESCAPED_END.search(written):
        return line, prefix + BACKSLASH
    if problem == "Invalid value":
        of = f" of {redact(key[1])}" if key else ""
        return line, f"{problem}{of}: {_WRITE_QUOTES}"
    return line, problem


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
