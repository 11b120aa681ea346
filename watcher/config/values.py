"""One value of the file → one value of the settings, or a mistake that says what was expected."""

from __future__ import annotations

import difflib
import enum
import re
import types
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher.config.lines import Way, line_of, name_of
from watcher.settings import Item, Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UNITS: Final = types.MappingProxyType(
    {
        "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9,
        "kib": 2**10, "mib": 2**20, "gib": 2**30,
    }
)  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)\Z")
_WORDS: Final = types.MappingProxyType(
    {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}
)
#: Settings that are bytes, or bytes a second, and may be written like "20 MB".
SIZES: Final = frozenset({"max_size", "min_size", "max_upload_rate"})
ITEMS: Final = frozenset({"tags", "metadatas"})


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A value is not what it should be; the text says what it should be."""


@dataclass
class Mistakes:
    """Collects everything that is wrong, each with the line it stands on."""

    path: str
    lines: Mapping[Way, int]
    texts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, way: Way, text: str) -> None:
        """Note a mistake at a key."""
        self.texts.append(f"{self.place(way)}: {text}")

    def warn(self, way: Way, text: str) -> None:
        """Note something that is allowed, and perhaps not meant."""
        self.warnings.append(f"{self.place(way)}: {text}")

    def place(self, way: Way) -> str:
        """Where a key stands: file, line and the key itself."""
        line = line_of(way, self.lines)
        name = name_of(way)
        return f"{self.path}:{line}: {name}" if line else f"{self.path}: {name}".rstrip(": ")


def nearest(word: str, words: Iterable[str]) -> str:
    """``; did you mean "…"?`` with the most similar of ``words``, or ""."""
    found = difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.5)
    return f'; did you mean "{found[0]}"?' if found else ""


def convert(name: str, value: object, kind: Any, way: Way, mistakes: Mistakes) -> Any:
    """The setting called ``name`` from its raw value, or None and a mistake noted."""
    try:
        if name in SIZES:
            return _size(value)
        if name in ITEMS:
            return _items(value)
        if name == "labels":
            return _labels(value)
        return _plain(value, kind)
    except _Wrong as wrong:
        mistakes.add(way, str(wrong))
        return None


def _plain(value: object, kind: Any) -> Any:
    options = [option for option in _options(kind) if option is not type(None)]
    for option in options:
        if isinstance(option, type) and issubclass(option, enum.Enum):
            return _choice(value, option)
        if typing.get_origin(option) is tuple:
            return _texts(value)
        if _is(value, option):
            return float(value) if option is float else value  # type: ignore[arg-type]  # _is
    expected = " or ".join(_WORDS[option] for option in options)
    raise _Wrong(f"{_shown(value)} is not {expected}")


def _is(value: object, option: Any) -> bool:
    if option is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is option


def _options(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def _choice(value: object, option: type[enum.Enum]) -> enum.Enum:
    words = [str(member.value) for member in option]
    if value in words:
        return option(value)
    hint = nearest(value, words) if isinstance(value, str) else ""
    raise _Wrong(f"{_shown(value)} is not one of {', '.join(map(_quoted, words))}{hint}")


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _Wrong(f'{_shown(value)} is not a list of texts like ["one", "two"]')
    return tuple(value)


def _size(value: object) -> int:
    if type(value) is int and value >= 0:
        return value
    found = _SIZE.match(value.strip()) if isinstance(value, str) else None
    if found is None or found[2].lower() not in _UNITS:
        raise _Wrong(f'{_shown(value)} is no size: write a number of bytes, or "20 MB"')
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _items(value: object) -> tuple[Item, ...]:
    pairs: list[tuple[Any, Any]]
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list) and all(
        isinstance(item, dict) and set(item) == {"name", "value"} for item in value
    ):
        pairs = [(item["name"], item["value"]) for item in value]
    else:
        raise _Wrong(
            'neither a table like { office = "Paris" } nor a list like '
            '[{ name = "office", value = "Paris" }]'
        )
    for name, item in pairs:
        if not isinstance(name, str) or not name:
            raise _Wrong(f"{_shown(name)} is no name: it must be a text")
        if not isinstance(item, bool | int | float | str):
            raise _Wrong(f'the value of "{name}" is neither text, number, true nor false')
    return tuple(Item(name=name, value=item) for name, item in pairs)


def _labels(value: object) -> tuple[Label, ...]:
    try:
        return tuple(msgspec.convert(value, list[Label]))
    except msgspec.ValidationError as error:
        known = ", ".join(each.name for each in msgspec.structs.fields(Label))
        raise _Wrong(f"{error}; a label has {known}") from error


def _shown(value: object) -> str:
    text = (
        f'"{value}"'
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    return text if len(text) <= 60 else text[:59] + "…"


def _quoted(word: str) -> str:
    return f'"{word}"'
