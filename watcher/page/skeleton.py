"""The page itself: its frame in the person's language, with what it shows first inside."""

from __future__ import annotations

import html
import json
import os
import re
from typing import TYPE_CHECKING, Final

from watcher.page.texts import SCRIPT

if TYPE_CHECKING:
    from watcher.words import Word

_FRAME: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static", "page.html")
#: Texts for people stand in the frame as ``[[text]]``, values as ``{{name}}``.
_PLACE: Final = re.compile(r"\[\[(.+?)\]\]|\{\{(\w+)\}\}", re.DOTALL)


def draw(language: str, word: Word, proof: str, start: dict[str, object]) -> str:
    """The page. ``start`` is what its script begins with, ``proof`` what its changes carry."""
    texts = {key: word(key) for key in SCRIPT}
    values = {
        "language": html.escape(language),
        "proof": html.escape(proof),
        "start": as_data({**start, "texts": texts, "language": language}),
    }
    with open(_FRAME, encoding="utf-8") as file:
        frame = file.read()
    return _PLACE.sub(lambda found: _fill(found, word, values), frame)


def _fill(found: re.Match[str], word: Word, values: dict[str, str]) -> str:
    return html.escape(word(found[1])) if found[1] else values[found[2]]


def as_data(value: object) -> str:
    """JSON that cannot end the element it stands in, nor begin another one."""
    text = json.dumps(value)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
