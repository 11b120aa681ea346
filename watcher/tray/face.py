"""What is shown, as one value, and how it travels to the process that shows it: a line of JSON.

Pure. A click travels back as the act itself, so that it means what the person saw when they
clicked, even if the menu has changed since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watcher.menu import Act, Item, Verb, menu
from watcher.model import Mood
from watcher.mood import headline, mood, on_the_way

if TYPE_CHECKING:
    from watcher.model import Snapshot
    from watcher.words import Word


@dataclass(frozen=True, slots=True)
class Face:
    """``mood`` and ``number`` (of files on their way) decide the icon; ``title`` is its tip."""

    mood: Mood
    number: int
    title: str
    menu: tuple[Item, ...]


def face(snapshot: Snapshot, word: Word) -> Face:
    """What is shown of how things are."""
    now = mood(snapshot)
    number = on_the_way(snapshot) if now is Mood.WORKING else 0
    return Face(now, number, f"hrflow-watcher · {headline(snapshot, word)}", menu(snapshot, word))


def write_face(shown: Face) -> str:
    """One line of JSON; names that are no text have been written out by whoever made the menu."""
    return json.dumps(
        {
            "mood": shown.mood,
            "number": shown.number,
            "title": shown.title,
            "menu": [_write_item(item) for item in shown.menu],
        }
    )


def read_face(read: dict[str, Any]) -> Face:
    """The same back."""
    items = tuple(_read_item(item) for item in read["menu"])
    return Face(Mood(read["mood"]), read["number"], read["title"], items)


def _write_item(item: Item) -> dict[str, Any]:
    written: dict[str, Any] = {"text": item.text}
    if item.act is not None:
        written["act"] = write_act(item.act)
    if item.items:
        written["items"] = [_write_item(each) for each in item.items]
    if item.is_default:
        written["is_default"] = True
    return written


def _read_item(read: dict[str, Any]) -> Item:
    return Item(
        read["text"],
        read_act(read["act"]) if "act" in read else None,
        tuple(_read_item(each) for each in read.get("items", ())),
        is_default=read.get("is_default", False),
    )


def write_act(act: Act) -> dict[str, Any]:
    """An act as plain values; JSON keeps a path's lone surrogates, which are its odd bytes."""
    return {"verb": act.verb, "file_ids": act.file_ids, "path": act.path, "key": act.key}


def read_act(read: dict[str, Any]) -> Act:
    """The same back."""
    return Act(Verb(read["verb"]), tuple(read["file_ids"]), read["path"], read["key"])
