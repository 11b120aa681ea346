"""Tables and lists of a configuration that know where each of their values was written.

Two files may be put together into one table: a key that was taken over keeps its place, so that a
mistake is reported for the file and the line that a person can correct.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watcher.config.lines import line_of, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.config.lines import Way


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A configuration file; ``is_machine`` for the machine-wide one."""

    path: str
    lines: Mapping[Way, int]
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a key stands: its file, and its way from the top of it."""

    source: Source
    way: Way = ()

    def __truediv__(self, key: str | int) -> Spot:
        return Spot(self.source, (*self.way, key))

    @property
    def line(self) -> int:
        """0 if nothing around it is written."""
        return line_of(self.way, self.source.lines)

    @property
    def name(self) -> str:
        """For people, like ``folders[2].after_upload``."""
        return name_of(self.way)

    def __str__(self) -> str:
        """The file and the line."""
        return f"{self.source.path}:{self.line}" if self.line else self.source.path


class _Placed:
    """What tables and lists share. ``spot`` is their own place, ``moved`` those of foreign keys."""

    spot: Spot
    moved: dict[str | int, Spot]

    def at(self, key: str | int, *more: str | int) -> Spot:
        """The place of a key, or of one further inside; it need not be there."""
        spot = self.moved.get(key) or self.spot / key
        if not more:
            return spot
        inner = self._inner(key)
        if isinstance(inner, _Placed):
            return inner.at(*more)
        for each in more:
            spot /= each
        return spot

    def _inner(self, key: str | int) -> object:
        raise NotImplementedError


class Table(_Placed, dict[str, Any]):
    """A table. ``shared`` is the machine's table of the same folder, if both files have it."""

    shared: Table | None = None

    def _inner(self, key: str | int) -> object:
        return self.get(str(key))


class Array(_Placed, list[Any]):
    """A list."""

    def _inner(self, key: str | int) -> object:
        return self[key] if isinstance(key, int) and 0 <= key < len(self) else None


def placed(value: Any, spot: Spot) -> Any:
    """A copy of tables and lists as the parser gives them; other values as they are."""
    made: Table | Array
    if isinstance(value, dict):
        made = Table({name: placed(each, spot / name) for name, each in value.items()})
    elif isinstance(value, list):
        made = Array(placed(each, spot / number) for number, each in enumerate(value))
    else:
        return value
    made.spot, made.moved = spot, {}
    return made


def table_in(table: Mapping[str, Any], name: str) -> Table:
    """The table called ``name``, an empty one if there is none."""
    found = table.get(name)
    return found if isinstance(found, Table) else Table()


def list_in(table: Mapping[str, Any], name: str) -> Array:
    """The list called ``name``, an empty one if there is none."""
    found = table.get(name)
    return found if isinstance(found, Array) else Array()
