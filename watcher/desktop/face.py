"""What is shown, as one value, and how it travels to the process that shows it: a line of JSON.

Pure. A click travels back as the act itself, so that it means what the person saw when they
clicked, even if the menu has changed since.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from watcher.model.snapshot import Mood
from watcher.present.menu import Act, Item, Verb, menu
from watcher.present.status import headline, mood

if TYPE_CHECKING:
    from watcher.i18n.message import Catalog
    from watcher.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Face:
    """``mood`` decides the icon; ``title`` is its tip."""

    mood: Mood
    title: str
    menu: tuple[Item, ...]


def face(snapshot: Snapshot, word: Catalog) -> Face:
    """What is shown of how things are."""
    title = f"hrflow-watcher · {headline(snapshot, word)}"
    return Face(mood(snapshot), title, menu(snapshot, word))


def write_face(shown: Face) -> str:
    """One line of JSON, which keeps a path's lone surrogates: they are its odd bytes."""
    return json.dumps(asdict(shown))


def read_face(read: dict[str, Any]) -> Face:
    """The same back."""
    return Face(Mood(read["mood"]), read["title"], _read_items(read["menu"]))


def _read_items(read: list[dict[str, Any]]) -> tuple[Item, ...]:
    return tuple(
        Item(
            item["text"],
            None if item["act"] is None else read_act(item["act"]),
            _read_items(item["items"]),
            is_default=item["is_default"],
        )
        for item in read
    )


def read_act(read: dict[str, Any]) -> Act:
    """An act from its fields."""
    return Act(Verb(read["verb"]), tuple(read["file_ids"]), read["path"], read["key"])
