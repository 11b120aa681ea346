"""Collects what is wrong with a configuration, and says it without giving a secret away."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from watcher.config.english import msg
from watcher.config.lines import line_of, name_of
from watcher.routing.placeholders import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watcher.config.lines import Way

#: What HrFlow's keys look like.
SECRET: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:(?i:ask[rw]?)_[0-9a-fA-F]{8,}|ask[rw]?_(?=[A-Za-z]*[0-9])[0-9A-Za-z]{12,})"
    r"[0-9A-Za-z]*"
)
_USER_OF_URL = re.compile(r"//[^/\s@]*@")
_LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Other:
    """The machine-wide configuration, where it is one of two that are put together.

    ``taken``: of what comes from it, its way there.
    """

    path: str
    lines: Mapping[Way, int]
    taken: Mapping[Way, Way]


@dataclass
class Mistakes:
    """Everything that is wrong, each with the line it stands on.

    ``secrets`` are the keys whose value, or whose name, nobody may see: they are not looked at
    any further. ``other``: the file in which some of the keys stand.
    """

    path: str
    lines: Mapping[Way, int]
    other: Other | None = None
    secrets: set[Way] = field(default_factory=set)
    #: Whether nothing is wrong but what is missing; and the same of the first file alone.
    only_missing: bool = True
    only_missing_here: bool = True
    _mistakes: list[tuple[bool, int, str]] = field(default_factory=list)
    _warnings: list[tuple[bool, int, str]] = field(default_factory=list)

    @property
    def texts(self) -> tuple[str, ...]:
        """All mistakes, in the order of the file; those of the other file first."""
        return tuple(text for *_, text in sorted(self._mistakes, key=itemgetter(0, 1)))

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings, likewise."""
        return tuple(text for *_, text in sorted(self._warnings, key=itemgetter(0, 1)))

    def add(self, way: Way, text: str) -> None:
        """Note a mistake at a key."""
        self.only_missing = False
        self.only_missing_here = self.only_missing_here and not self.is_own(way)
        self._note(self._mistakes, way, text)

    def miss(self, way: Way, text: str) -> None:
        """Note that something has not been written yet."""
        self._note(self._mistakes, way, text)

    def add_at(self, line: int, text: str) -> None:
        """Note a mistake on a line where no key stands."""
        self.only_missing = self.only_missing_here = False
        self._mistakes.append((True, line, f"{self.path}:{line}: {redact(text)}"))

    def warn(self, way: Way, text: str) -> None:
        """Note something that is allowed, and perhaps not meant."""
        self._note(self._warnings, way, text)

    def warn_own(self, way: Way, text: str) -> str:
        """The same of a key of the file at ``path``, whatever stands for it now; gives it back."""
        line, name = line_of(way, self.lines), name_of(way)
        said = f"{self.path}:{line}: {redact(f'{name}: {text}')}"
        self._warnings.append((True, line, said))
        return said

    def where(self, way: Way) -> str:
        """The file and the line that a key stands on."""
        path, line, _ = self._find(way)
        return f"{path}:{line}" if line else path

    def is_own(self, way: Way) -> bool:
        """Whether a key stands in the file at ``path``, and not in the other one."""
        return self._source(way) is None

    def folder(self, way: Way, seen_from: Way) -> str:
        """A folder for people, by its number in its file: ``folder 2``."""
        source = self._source(way)
        number = int((source or way)[1]) + 1
        if self.other is None or self.is_own(way) == self.is_own(seen_from):
            return msg("folder {number}", number=number)
        return msg(
            "folder {number} of {path}",
            number=number,
            path=self.other.path if source else self.path,
        )

    def hides(self, way: Way) -> bool:
        """Whether a secret stands at a key, or somewhere in its value."""
        return any(secret[: len(way)] == way for secret in self.secrets)

    def _note(self, texts: list[tuple[bool, int, str]], way: Way, text: str) -> None:
        _, line, inner = self._find(way)
        name = name_of(inner)
        said = redact(f"{name}: {text}" if name else text)
        texts.append((self.is_own(way), line, f"{self.where(way)}: {said}"))

    def _find(self, way: Way) -> tuple[str, int, Way]:
        """The file that a key stands in, its line, and its way there."""
        source = self._source(way)
        if source is None or self.other is None:
            return self.path, line_of(way, self.lines), way
        return self.other.path, line_of(source, self.other.lines), source

    def _source(self, way: Way) -> Way | None:
        """The way of a key in the other file, None if it stands in the first."""
        if self.other is not None:
            for size in range(len(way), 0, -1):
                source = self.other.taken.get(way[:size])
                if source is not None:
                    return (*source, *way[size:])
        return None


def redact(text: str) -> str:
    """``text`` on one line, without keys of HrFlow and without users and passwords of addresses."""
    return harmless(_USER_OF_URL.sub("//…@", SECRET.sub("…", text)))


def nearest(word: str, words: Iterable[str]) -> str:
    """``; did you mean "…"?`` with the most similar of ``words``, or ""."""
    spelled = {each.lower(): each for each in words}
    found = difflib.get_close_matches(word[:100].lower(), spelled, n=1, cutoff=0.5)
    return f'; did you mean "{spelled[found[0]]}"?' if found else ""


def unfillable(name: str, known: Iterable[str]) -> str:
    """Why a placeholder, or a brace without its partner, cannot be filled."""
    known = tuple(known)
    if name in ("{", "}"):
        return msg(
            "the brace {item} has no partner; write it twice to mean itself", item=repr(name)
        )
    hint = nearest(name, known) or f"; known are {', '.join(known)}"
    return f"{{{name}}} cannot be filled{hint}"


def shown(value: object) -> str:
    """A wrong value for people, cut off where it is long."""
    if isinstance(value, list | dict):
        return msg("a list") if isinstance(value, list) else msg("a table")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**18:
        return msg("a number of so many digits")  # Python refuses to write some of them out
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
