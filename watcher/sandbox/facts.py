"""Name, email and phone number in the text of a CV. Pure; a guess, good enough to rehearse with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
#: Starts like a number to dial, so that "2014-2016" is none.
_PHONE: Final = re.compile(r"(?<!\w)(?:\+|\(?0)[\d ().\-/]{6,20}\d", re.ASCII)
_TITLE: Final = re.compile(
    r"^(?:cv|curriculum vitae|r[ée]sum[ée]|lebenslauf)\b[\s:\u2013\u2014-]*(?:(?:of|de|von)\s+)?",
    re.IGNORECASE,
)
_PARTICLES: Final = frozenset(
    "al bin da das de del della den der di do dos du el ibn la le van von zu".split()  # noqa: SIM905 - read better so
)
_LONGEST_NAME: Final = 60
_LINES: Final = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in a document; empty texts and zeros for what was not found."""

    name: str = ""
    email: str = ""
    phone: str = ""
    total_pages: int = 0
    processed_pages: int = 0


def find_facts(text: str, *, total_pages: int = 1, processed_pages: int = 1) -> Reading:
    """Read a document's text, one paragraph a line."""
    email, phone = _EMAIL.search(text), _PHONE.search(text)
    return Reading(
        _name(text.splitlines()),
        email.group() if email else "",
        phone.group().strip() if phone else "",
        total_pages,
        processed_pages,
    )


def _name(lines: Iterable[str]) -> str:
    """The first line that could be a person's name."""
    full = [" ".join(line.split()) for line in lines if not line.isspace()]
    candidates = (_TITLE.sub("", line) for line in full[:_LINES])
    return next((line for line in candidates if _is_name(line)), "")


def _is_name(line: str) -> bool:
    words = line.split()
    if not words or len(line) > _LONGEST_NAME or not all(map(_is_name_word, words)):
        return False
    if len(words) == 1:  # scripts without upper and lower case write a name without a space
        return 2 <= len(line) <= 4 and not line.isascii() and line.upper() == line.lower()
    return len(words) <= 6 and words[0] not in _PARTICLES


def _is_name_word(word: str) -> bool:
    letters = re.sub(r"['\u2019.\-]", "", word)
    return letters.isalpha() and (word in _PARTICLES or not letters[0].islower())
