"""Collects what is wrong with a configuration, and says it without giving a secret away."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from watcher.config.lines import line_of, name_of
from watcher.placeholders import harmless

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


@dataclass
class Mistakes:
    """Everything that is wrong, each with the line it stands on.

    ``secrets`` are the keys whose value, or whose name, nobody may see: they are not looked at
    any further.
    """

    path: str
    lines: Mapping[Way, int]
    secrets: set[Way] = field(default_factory=set)
    _mistakes: list[tuple[int, str]] = field(default_factory=list)
    _warnings: list[tuple[int, str]] = field(default_factory=list)

    @property
    def texts(self) -> tuple[str, ...]:
        """All mistakes, in the order of the file."""
        return tuple(text for _, text in sorted(self._mistakes, key=itemgetter(0)))

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings, likewise."""
        return tuple(text for _, text in sorted(self._warnings, key=itemgetter(0)))

    def add(self, way: Way, text: str) -> None:
        """Note a mistake at a key."""
        self._note(self._mistakes, way, text)

    def add_at(self, line: int, text: str) -> None:
        """Note a mistake on a line where no key stands."""
        self._mistakes.append((line, f"{self.path}:{line}: {redact(text)}"))

    def warn(self, way: Way, text: str) -> None:
        """Note something that is allowed, and perhaps not meant."""
        self._note(self._warnings, way, text)

    def where(self, way: Way) -> str:
        """The file and the line that a key stands on."""
        line = line_of(way, self.lines)
        return f"{self.path}:{line}" if line else self.path

    def hides(self, way: Way) -> bool:
        """Whether a secret stands at a key, or somewhere in its value."""
        return any(secret[: len(way)] == way for secret in self.secrets)

    def _note(self, texts: list[tuple[int, str]], way: Way, text: str) -> None:
        name = name_of(way)
        said = redact(f"{name}: {text}" if name else text)
        texts.append((line_of(way, self.lines), f"{self.where(way)}: {said}"))


def redact(text: str) -> str:
    """``text`` on one line, without keys of HrFlow and without users and passwords of addresses."""
    return harmless(_USER_OF_URL.sub("//…@", SECRET.sub("…", text)))


def nearest(word: str, words: Iterable[str]) -> str:
    """``; did you mean "…"?`` with the most similar of ``words``, or ""."""
    spelled = {each.lower(): each for each in words}
    found = difflib.get_close_matches(word[:100].lower(), spelled, n=1, cutoff=0.5)
    return f'; did you mean "{spelled[found[0]]}"?' if found else ""


def shown(value: object) -> str:
    """A wrong value for people, cut off where it is long."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number of so many digits"  # Python refuses to write some of them out
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
