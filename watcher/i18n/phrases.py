"""Finds an English sentence of ours in the table of messages, and says it in the other language.

Pure. The journal keeps why a file is where it is as the English sentence, as commands show it and
as every version has written it. Each row of the table is a template: what stands in its
``{places}`` is found in the sentence and put into the translation. A place's name says what may
stand there; most take any text, as it is. What others say (HrFlow, the system, a name) is no row
and stays as they said it.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIZE: Final = r"\d+(?:\.\d)? (?:B|kB|MB|GB)"


_EXPECTED: Final = "(?:true or false|a whole number|a number|text in quotes)"


_NUMBER: Final = r"\d+(?:\.\d+)?"


#: What may stand in a place by its name; anything else takes any text.
_KINDS: Final = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "code",
                "directories",
                "files",
                "folders",
                "more",
                "number",
                "seconds",
                "total",
                "used",
            ),
            _NUMBER,
        ),
        **dict.fromkeys(("size", "limit"), _SIZE),
        "duration": r"\d+\.\d s|\d+ s|\d+ min|\d+ h \d\d min",
        "address": r"[0-9A-Fa-f.:%\w]*[.:][0-9A-Fa-f.:%\w]*|https?://\S+",
        "expected": rf"{_EXPECTED}(?: or {_EXPECTED})*",
        "extension": r"\w+",
        "exception": r"\w+",
        "host": r"\S+",
        "item": r"\"[^\n]*\"|'[^\n]*'|\{[^\n]*\}|[\[\]{}.\w+-]+…?|a list|a table|a number of .*",
        "key": r"\S+",
        "message": r".*",
        "option": r".*",
        "type": r"\S+/\S+",
    }
)


#: Places in which a sentence, or a part of one, of the same table may stand.
_NESTED: Final = frozenset({"expected", "how", "item", "what", "why"})


#: Places in which several names stand.
_SEVERAL: Final = frozenset({"disks"})


#: Places with a number of things; other numbers are names, as of a process.
_COUNTED: Final = frozenset({"directories", "files", "folders", "more", "total", "used"})


#: Places in which the system may have its say.
_OF_THE_SYSTEM: Final = frozenset({"error"})


#: An account's name, as Python quotes it.
_QUOTED: Final = re.compile(r"(['\"])(.*)\1", re.DOTALL)


_UNITS: Final = (("kB", "ko"), ("MB", "Mo"), ("GB", "Go"), ("B", "o"))


#: Where one sentence ends and another begins; and where, behind the place of a mistake, the words
#: about it begin.
_END: Final = re.compile(r"(?<=[.?!]) ")


_PLACE: Final = re.compile(r": ")


#: Letters of the shortest text that is looked for behind such a place: less may be anybody's word.
_LEAST: Final = 9


#: Letters of the longest: beyond that it is somebody else's, and looking would take its time.
_LONGEST: Final = 500


#: Sentences within each other; those among them that may be several, and behind a place; and how
#: many ends or places are tried.
_DEEPEST: Final = 4


_DEEPEST_PARTS: Final = 1


_DEEPEST_PLACE: Final = 2


_TRIED: Final = 8


def typeset(text: str) -> str:
    """French text with the spaces that must not break: before ``: ; ! ? »`` and after ``«``."""
    return re.sub(r" (?=[:;!?»])|(?<=«) ", "\N{NO-BREAK SPACE}", text)


def grouped(number: int) -> str:
    """A whole number in groups of three digits, as French has them."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def places(template: str) -> list[str]:
    """The names of a template's places, in their order."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


@dataclass(frozen=True, slots=True)
class _Said:
    """A text in the other language, and how many letters of the English are from our rows."""

    text: str
    letters: int = 0


_NOTHING: Final = _Said("")


class Phrases:
    """Says sentences of a table in its other language."""

    def __init__(
        self, table: Mapping[str, str], system: Mapping[str, str], joints: Mapping[str, str]
    ) -> None:
        """``table``: English to the other language; ``system``: likewise, what systems say.

        ``joints``: what stands between several of a kind, with its blanks: " and ".
        """
        self._table = table
        self._system = system
        self._joints = joints
        self._joint = re.compile("(" + "|".join(map(re.escape, joints)) + ")")
        self._rows = [_Row(english) for english in table if places(english)]

    def say(self, text: str) -> str:
        """``text`` in the other language, as far as it is ours."""
        return self._find(text, 0).text or text

    # -- inside

    def _find(self, text: str, depth: int) -> _Said:
        """``text`` in the other language; "" if nothing in it is ours.

        Of several ways to read it the one counts by which most of its letters are ours.
        """
        if text in self._table:
            return _Said(self._table[text], len(text))
        if depth > _DEEPEST or len(text) > _LONGEST:
            return _NOTHING
        found = [
            self._fill(row, values, depth)
            for row in self._rows
            if (values := row.match(text)) is not None
        ]
        if depth <= _DEEPEST_PARTS:
            found += self._sentences(text, depth)
        if depth <= _DEEPEST_PLACE and not found:
            found = self._behind_place(text, depth)
        return max(found, key=lambda said: said.letters, default=_NOTHING)

    def _fill(self, row: _Row, values: Mapping[str, str], depth: int) -> _Said:
        said = {name: self._value(name, each, depth) for name, each in values.items()}
        text = self._table[row.english].format_map({name: each.text for name, each in said.items()})
        return _Said(text, row.weight + sum(each.letters for each in said.values()))

    def _value(self, name: str, value: str, depth: int) -> _Said:
        if name in _NESTED:
            found = self._find(value, depth + 1)
            return found if found.text else self._several(value)
        if name in _SEVERAL:
            return self._several(value, always=True)
        if name in _OF_THE_SYSTEM:
            return _Said(self._system_says(value))
        if name in ("size", "limit"):
            return _Said(_size(value))
        if name == "account" and (quoted := _QUOTED.fullmatch(value)):
            return _Said(typeset(f"« {quoted[2]} »"))
        if name in ("duration", "seconds"):
            return _Said(value.replace(".", ",").replace(" ", "\N{NO-BREAK SPACE}"))
        return _Said(grouped(int(value)) if name in _COUNTED and value.isdecimal() else value)

    def _several(self, text: str, *, always: bool = False) -> _Said:
        """Each part of ``KWallet and the Keychain`` in the other language, if any is ours."""
        parts = self._joint.split(text)
        ours = sum(len(part) for part in parts if part in self._table)
        if not ours and not always:
            return _Said(text)
        said = [self._table.get(part) or self._joints.get(part, part) for part in parts]
        return _Said("".join(said), ours)

    def _sentences(self, text: str, depth: int) -> Iterator[_Said]:
        """Two sentences, one after the other."""
        for found in islice(_END.finditer(text), _TRIED):
            rest = text[found.end() :]
            first, second = (
                self._find(text[: found.start()], depth + 1),
                self._find(rest, depth + 1),
            )
            if first.text:
                both = f"{first.text} {second.text or rest}"
                yield _Said(both, first.letters + second.letters)

    def _behind_place(self, text: str, depth: int) -> list[_Said]:
        """A sentence behind the place of a mistake: ``config.toml:3: email: …``."""
        for found in islice(_PLACE.finditer(text), _TRIED):
            rest = text[found.end() :]
            if len(rest) >= _LEAST and (said := self._find(rest, depth + 1)).text:
                return [_Said(text[: found.end()] + said.text, said.letters)]
        return []

    def _system_says(self, text: str) -> str:
        """The system's words may stand among others: ``[Errno 13] Permission denied: 'x'``."""
        words = next((each for each in self._system if each in text), "")
        return text.replace(words, self._system[words]) if words else text


class _Row:
    """A template with places, and what it is recognised by."""

    def __init__(self, english: str) -> None:
        self.english = english
        literals = [literal for literal, *_ in string.Formatter().parse(english)]
        self.weight = sum(map(len, literals))
        self._longest = max(literals, key=len)
        self._pattern: re.Pattern[str] | None = None

    def match(self, text: str) -> dict[str, str] | None:
        """What stands in the places; None if ``text`` was not made from this template."""
        if self._longest not in text:  # the usual case, and soon told
            return None
        if self._pattern is None:
            self._pattern = re.compile("".join(_pattern(self.english)), re.DOTALL)
        found = self._pattern.fullmatch(text)
        return None if found is None else found.groupdict()


def _pattern(template: str) -> Iterator[str]:
    for literal, name, _, _ in string.Formatter().parse(template):
        yield re.escape(literal)
        if name:
            yield f"(?P<{name}>{_KINDS.get(name, '.+?')})"


def _size(text: str) -> str:
    number, _, unit = text.partition(" ")
    return f"{number.replace('.', ',')}\N{NO-BREAK SPACE}{dict(_UNITS)[unit]}"
