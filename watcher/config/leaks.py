"""Finds secrets in a configuration, where none belongs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from watcher.config.english import msg
from watcher.config.mistakes import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes

_SECRET_NAME = re.compile(
    r"(?i)(.*[_ -])?(api[_ -]?(key|secret)|secret[_ -]?key|apikey|passwor[dt]|passwd)\Z"
)
#: Names of settings; a tag may well be called so.
_SECRET_SETTING = re.compile(r"(?i)(.*[_-])?(secret|token)\Z")
_DIGITS = re.compile(r"(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{32}\Z")
_FREE_NAMES: Final = ("tags", "metadatas")
_ELSEWHERE: Final = msg(
    "a secret must not stand in this file: put the API key into the system's keyring, or into the environment variable HRFLOW_API_KEY on a machine without one, and change it if others have seen the file"
)


def find_secrets(raw: Any, mistakes: Mistakes, way: Way = ()) -> None:
    """Note every key or value that is or looks like a secret."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(raw, dict):
        items = raw.items()
    elif isinstance(raw, list):
        items = enumerate(raw)
    for name, value in items:
        inner = (*way, name)
        if _is_secret(name, value, way):
            mistakes.secrets.add(inner)
            mistakes.add(inner, _ELSEWHERE)
        else:
            find_secrets(value, mistakes, inner)


def looks_like_digits_of_a_key(text: str) -> bool:
    """Whether it has the form of what follows ``ask_`` in a key; other things have it as well."""
    return bool(_DIGITS.match(text))


def _is_secret(name: object, value: object, way: Way) -> bool:
    """Whether the key itself, or the value by its own look or by its name, is a secret."""
    if isinstance(name, str) and SECRET.search(name):
        return True
    if isinstance(value, str) and SECRET.search(value):
        return True
    if isinstance(value, dict):
        called = value.get("name")  # an item in list form: { name = "api_key", value = "…" }
        return isinstance(called, str) and "value" in value and _names_one(called, way)
    return isinstance(name, str) and not isinstance(value, bool) and _names_one(name, way)


def _names_one(name: str, way: Way) -> bool:
    if _SECRET_NAME.match(name):
        return True
    return not any(free in way for free in _FREE_NAMES) and bool(_SECRET_SETTING.match(name))
