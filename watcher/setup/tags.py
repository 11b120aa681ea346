"""Tags as people type them: ``office=Paris, urgent=true, zip="01000"``."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

from watcher.settings import Item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.settings import Value

#: What can be typed to have none.
NONE: Final = "none"
_TAG = re.compile(r'\s*(?P<name>"(?:[^"\\]|\\.)*"|[^=]*?)\s*=(?P<value>.*)\Z', re.DOTALL)
#: A piece up to the next comma; commas in quotes do not part.
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"]|")+')
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)\Z")
_PLAIN_TEXT = re.compile(r"[^\s\"',\\]([^\"',\\]*[^\s\"',\\])?\Z")


class TagError(ValueError):
    """What was typed is no tag; the text says so in one sentence."""


def parse_tags(text: str) -> tuple[Item, ...]:
    """The tags of a line, parted by commas; "" and "none" are no tags."""
    if text.strip().lower() in ("", NONE):
        return ()
    return merge_tags(parse_tag(piece) for piece in _PIECE.findall(text) if piece.strip())


def merge_tags(items: Iterable[Item]) -> tuple[Item, ...]:
    """The items, without those whose name comes again."""
    return tuple({item.name: item for item in items}.values())


def parse_tag(text: str) -> Item:
    """One tag from ``name=value``; TagError if it has no name or no "=".

    ``true``, ``false`` and numbers keep their type, unless they stand in quotes. A number with
    leading zeros is a text, like the code it most likely is.
    """
    found = _TAG.match(text)
    if found is None or not found["name"]:
        raise TagError(f'"{text.strip()}" is no tag like office=Paris.')
    return Item(name=_unquoted(found["name"]), value=_value(found["value"].strip()))


def write_tags(items: Iterable[Item]) -> str:
    """The tags as they would be typed."""
    return ", ".join(f"{_text(item.name, is_name=True)}={_written(item.value)}" for item in items)


# -- inside


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.match(text):
        return int(text)
    if _DECIMAL.match(text) and math.isfinite(float(text)):
        return float(text)
    return _unquoted(text)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text, strict=False))
        except ValueError:  # a backslash of a path, say
            return text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    return text


def _written(value: Value) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str, *, is_name: bool = False) -> str:
    bare = _PLAIN_TEXT.match(text) and not (is_name and "=" in text)
    if bare and (is_name or isinstance(_value(text), str)):
        return text
    return json.dumps(text, ensure_ascii=False)
