"""The changes that a configuration can be given; ``watcher.config`` carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.settings import Item, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A value that can be written; tags are tuples of items.
Plain = Value | tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class PutAccount:
    """Set keys of the account called ``name``, which is made if there is none."""

    name: str
    values: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class PutFolder:
    """Set keys of the folder number ``at`` (from 0), or add one: ``at`` is None.

    ``source_name`` is remarked behind a source key that is set, "" if it is not known.
    """

    at: int | None
    values: Mapping[str, Plain]
    source_name: str = ""


@dataclass(frozen=True, slots=True)
class DropFolder:
    """Take the folder number ``at`` (from 0) out."""

    at: int


Edit = PutAccount | PutFolder | DropFolder
