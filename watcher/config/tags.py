"""Tags as people type them: ``office=Paris, urgent=true, zip="01000"``."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

from watcher.config.mistakes import as_sentence, unfillable
from watcher.i18n.message import msg
from watcher.model.errors import UsageError
from watcher.model.settings import Item, Value
from watcher.routing.patterns import BUILT_IN, names_in

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What can be typed to have no tags.
_NONE: Final = "none"

_TAG: Final = re.compile(r'\s*(?P<name>"(?:[^"\\]|\\.)*"|[^=]*?)\s*=(?P<value>.*)\Z', re.DOTALL)
#: A piece up to the next comma; commas in quotes do not separate.
_PIECE: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"]|")+')

_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)\Z")
_PLAIN_TEXT: Final = re.compile(r"[^\s\"',\\]([^\"',\\]*[^\s\"',\\])?\Z")


def read_tags(text: str) -> tuple[Item, ...]:
    """Return the tags in a line as it was typed; UsageError if one of them cannot be sent."""
    return check_tags(parse_tags(text))


def check_tags(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return the items, only the last of each name.

    UsageError if one has a placeholder that nothing fills.
    """
    tags = {item.name: item for item in items}
    for item in tags.values():
        for text in (item.name, item.value):
            for name in names_in(text) if isinstance(text, str) else ():
                if name not in BUILT_IN:
                    raise UsageError(as_sentence(unfillable(name, BUILT_IN)), field="tags")
    return tuple(tags.values())


def parse_tags(text: str) -> tuple[Item, ...]:
    """Return the tags of a line, separated by commas; "" and "none" are no tags."""
    if text.strip().lower() in ("", _NONE):
        return ()
    found = (parse_tag(piece) for piece in _PIECE.findall(text) if piece.strip())
    return tuple({item.name: item for item in found}.values())


def parse_tag(text: str) -> Item:
    """Return one tag from ``name=value``; UsageError if it has no name or no "=".

    ``true``, ``false`` and numbers keep their type, unless they are quoted. A number with leading
    zeros is a text, like the code it most likely is.
    """
    found = _TAG.match(text)
    if found is None or not found["name"]:
        raise UsageError(
            msg('Tags look like office=Paris, not "{value}".', value=text.strip()), field="tags"
        )
    return Item(name=_unquoted(found["name"]), value=_value(found["value"].strip()))


def write_tags(items: Iterable[Item]) -> str:
    """Return the tags as they would be typed."""
    return ", ".join(f"{_text(item.name, is_name=True)}={_written(item.value)}" for item in items)


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
