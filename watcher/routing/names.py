"""Names as people see them, to be compared; a file is always opened by the name that it has.

The same "é" is one character on most systems and two (a letter and an accent) on some shares and
on macOS; a blank at the end of a folder's name is not seen at all. Compatibility forms (full-width
letters, superscripts) look different and stay different names. Bytes that are no text stay as
they are, as surrogate escapes.
"""

from __future__ import annotations

import unicodedata
from typing import Final

#: Characters that leave nothing to be seen at the beginning or end of a name.
_BLANKS: Final = (
    "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
    + "\u200b\u200e\u200f\u2060\ufeff"
)


def compose(text: str) -> str:
    """``text`` with each letter and its accents as one character, where there is one (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def as_seen(path: str, separator: str = "/") -> str:
    """A path as people see it: composed, without blanks around the names of its folders.

    What follows the last separator is a file's name, which keeps its blanks.
    """
    *folders, name = compose(path).split(separator)
    return separator.join([*(each.strip(_BLANKS) or each for each in folders), name])


def fold(text: str) -> str:
    """``text`` whatever its case."""
    return compose(compose(text).casefold())


def lies_in(inner: str, outer: str, separator: str) -> bool:
    """Whether a path is another one or lies below it, as people see them; both absolute."""
    below, above = (
        as_seen(path.rstrip(separator) + separator, separator) for path in (inner, outer)
    )
    return below.startswith(above)
