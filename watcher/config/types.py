"""The keys that each table knows, and their values: converted by msgspec, with our own words.

What a value may be stands in :mod:`watcher.model.settings`: its type, and the bounds of numbers.
msgspec stops at the first mistake; here each key is converted by itself, so that all are told.
"""

from __future__ import annotations

import enum
import math
import re
import typing
from types import MappingProxyType, UnionType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher.config.characters import is_unseen, name_unseen
from watcher.config.mistakes import HIDDEN, known_are, nearest, shown
from watcher.config.nodes import Array, Table
from watcher.config.text import BACKSLASH
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.settings import (
    Account,
    Config,
    Folder,
    Hooks,
    Item,
    Label,
    Notifications,
    Rule,
    Webhook,
)

if TYPE_CHECKING:
    from watcher.config.mistakes import Mistakes
    from watcher.i18n.message import Text

Kinds = MappingProxyType[str, Any]

#: The account that a plain ``[account]`` table stands for.
DEFAULT_ACCOUNT: Final = "default"
#: In the machine-wide configuration alone: what people's own cannot change.
LOCKED: Final = "locked"
#: Settings that are bytes, or bytes a second, and may be written like "20 MB".
_SIZES: Final = frozenset({"max_size", "min_size", "max_upload_rate"})
ITEMS: Final = frozenset({"tags", "metadatas"})
_UNITS: Final = MappingProxyType(
    {
        "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9,
        "kib": 2**10, "mib": 2**20, "gib": 2**30,
    }
)  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)\Z")
#: Whole numbers beyond this fit into no database and no other program.
_LARGEST: Final = 2**63 - 1
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: What becomes of "\b", "\t", "\n", "\f" and "\r", as in "C:\new" and "C:\temp".
_ESCAPED: Final = "\b\t\n\f\r"
#: Settings whose texts may hold what is not seen: people's names of files, and what they call them.
_FREE: Final = frozenset(
    {"path", "sent_folder", "refused_folder", "ignore", "match", "reference", "parsed", "refused"}
)
_WORDS: Final = MappingProxyType(
    {
        bool: msg("true or false"),
        int: msg("a whole number"),
        float: msg("a number"),
        str: msg("text in quotes"),
    }
)
_UNIONS: Final = (UnionType, typing.Union)


def _fields(kind: type[msgspec.Struct], *leave_out: str) -> Kinds:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return MappingProxyType({name: fields[name] for name in fields if name not in leave_out})


_TABLES: Final = (
    "account", "accounts", "notifications", "defaults", "folders", "webhook", "hooks",
)  # fmt: skip
#: Keys of the whole program, at the top of the file.
GENERAL: Final = _fields(Config, "remarks", *_TABLES)
TOP: Final = (*_TABLES, *GENERAL)
NOTIFICATIONS: Final = _fields(Notifications)
WEBHOOK: Final = _fields(Webhook)
HOOKS: Final = _fields(Hooks)
ACCOUNT: Final = _fields(Account, "name")
FOLDER: Final = _fields(Folder)
DEFAULTS: Final = _fields(Folder, "path", "rules")
RULE: Final = _fields(Rule)
_LABEL: Final = _fields(Label)
_ITEM: Final = _fields(Item)
#: Where keys belong that somebody wrote elsewhere.
_BELONGS: Final = MappingProxyType(
    {
        **dict.fromkeys(NOTIFICATIONS, "[notifications]"),
        **dict.fromkeys(WEBHOOK, "[webhook]"),
        **dict.fromkeys(HOOKS, "[hooks]"),
        **dict.fromkeys(RULE, "[[folders.rules]]"),
        **dict.fromkeys(FOLDER, "[[folders]]"),
        **dict.fromkeys(ACCOUNT, "[account]"),
        **dict.fromkeys(GENERAL, msg("the first lines of the file, before any [table]")),
    }
)


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A value is not what it should be; the text says what it should be."""

    def __init__(self, said: Text) -> None:
        super().__init__(said)
        self.said = said


def read_values(
    table: Table, kinds: Kinds, mistakes: Mistakes, known: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values that a table sets, by key; wrong ones are noted and left out, as are secrets.

    ``known`` are all keys that may stand in the table, where ``kinds`` are not all.
    """
    _refuse_unknown(table, known or tuple(kinds), mistakes)
    found = {}
    for name in table:
        if name in kinds and name != "rules" and not _hides(table[name]):
            value = read_value(table, name, kinds[name], mistakes)
            if value is not None:
                found[name] = value
    return found


def read_value(table: Table, name: str, kind: Any, mistakes: Mistakes) -> Any:
    """One of them, or None."""
    value = table[name]
    try:
        if name in _SIZES:
            return _size(value)
        if name in ITEMS:
            return _items(value, mistakes)
        if name == "labels":
            return _labels(value, mistakes)
        if name not in _FREE:
            _refuse_unseen(value)
        return _without_controls(name, _convert(value, kind))
    except _Wrong as wrong:
        mistakes.add(table.at(name), wrong.said)
        return None


# -- inside


def _refuse_unknown(table: Table, known: tuple[str, ...], mistakes: Mistakes) -> None:
    """Note every key of ``table`` that is not ``known``."""
    for name, value in table.items():
        if name in known or value is HIDDEN:
            continue
        if name in _BELONGS:
            hint = msg("; it belongs in {place}", place=_BELONGS[name])
        else:
            hint = nearest(name, known) or known_are(known)
        mistakes.add(table.at(name), msg("this key is not known here{hint}", hint=hint))


def _hides(value: object) -> bool:
    """Whether a secret stands at a key, or somewhere in its value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is HIDDEN or any(map(_hides, inner))


def _convert(value: object, kind: Any) -> Any:
    try:
        converted = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise _Wrong(_expected(value, kind)) from None
    if problem := _unusable(converted):
        raise _Wrong(problem)
    return converted


def _unusable(value: object) -> Message:
    """Why a number, right by its type, cannot be used; nothing if it can."""
    if isinstance(value, int) and abs(value) > _LARGEST:
        return msg("{item} is too large", item=shown(value))
    if isinstance(value, float) and not math.isfinite(value):
        return msg("{item} is no number that can be used", item=shown(value))
    return NOTHING


def _expected(value: object, kind: Any) -> Message:
    """What a value of this kind has to be, and is not."""
    options = typing.get_args(kind) if typing.get_origin(kind) in _UNIONS else (kind,)
    words: list[Message] = []
    for option in options:
        base, *more = typing.get_args(option) if hasattr(option, "__metadata__") else (option,)
        is_number = type(value) is int or (type(value) is float and base is float)
        if more and is_number:
            (meta,) = more
            bounds = {"item": shown(value), "least": meta.ge, "most": meta.le}
            return _unusable(value) or Message(meta.extra["said"].text, bounds)
        if isinstance(base, type) and issubclass(base, enum.Enum):
            return _expected_choice(value, [str(member.value) for member in base])
        if typing.get_origin(base) is tuple:
            return _expected_texts(value)
        if base is not type(None):
            words.append(_WORDS[base])
    return msg("{item} is not {names:or}", item=shown(value), names=tuple(words))


def _expected_choice(value: object, choices: list[str]) -> Message:
    hint = nearest(value, choices) if isinstance(value, str) else NOTHING
    listed = tuple(f'"{choice}"' for choice in choices)
    return msg("{item} is not one of {names}{hint}", item=shown(value), names=listed, hint=hint)


def _expected_texts(value: object) -> Message:
    if not isinstance(value, list):
        return msg('{item} is not a list of texts like ["one", "two"]', item=shown(value))
    wrong = next(each for each in value if not isinstance(each, str))
    return msg('{item} in it is not text: write a list like ["one", "two"]', item=shown(wrong))


def _refuse_unseen(value: object) -> None:
    for text in value if isinstance(value, list) else (value,):
        unseen = next(filter(is_unseen, text), "") if isinstance(text, str) else ""
        if unseen:
            said = msg(
                "there is an invisible character in it, {character}; delete it",
                character=name_unseen(unseen),
            )
            raise _Wrong(said)


def _without_controls(name: str, value: Any) -> Any:
    for text in value if isinstance(value, tuple) else (value,):
        found = _INVISIBLE.search(text) if isinstance(text, str) else None
        if found:
            if name in _FREE and found[0] in _ESCAPED:
                raise _Wrong(
                    msg(
                        "there is a line break or another invisible character in it; {why}",
                        why=BACKSLASH,
                    )
                )
            raise _Wrong(msg("there is a line break or another invisible character in it"))
    return value


def _size(value: object) -> int:
    size = -1
    if type(value) is int:
        size = value
    elif isinstance(value, str) and (found := _SIZE.match(value.strip())):
        size = round(float(found[1]) * _UNITS.get(found[2].lower(), -1))
    if size < 0:
        raise _Wrong(
            msg('{item} is no size: write a number of bytes, or "20 MB"', item=shown(value))
        )
    return int(_convert(size, int))


def _items(value: object, mistakes: Mistakes) -> tuple[Item, ...]:
    """Tags or metadatas, from a simple table or the API's list form."""
    if isinstance(value, Table):
        each_value = {key: _free_value(value, key, _ITEM["value"], mistakes) for key in value}
        pairs = [(value.at(key), {"name": key, "value": each_value[key]}) for key in value]
    elif isinstance(value, Array) and all(isinstance(each, Table) for each in value):
        pairs = [(each.spot, _free_values(each, _ITEM, mistakes)) for each in value]
        for each in value:
            for key in _ITEM:
                if key not in each:
                    mistakes.add(each.spot, msg("its {key} is missing", key=key))
    else:
        raise _Wrong(
            msg(
                "{item} is neither a table like {table} nor a list like {list}",
                item=shown(value),
                table='{ office = "Paris" }',
                list='[{ name = "office", value = "Paris" }]',
            )
        )
    found: dict[str, Item] = {}
    for spot, item in pairs:
        name: Any = item.get("name")
        if name == "":
            mistakes.add(spot, msg("its name is empty"))
        elif name in found:
            mistakes.add(spot, msg("{item} stands there twice", item=shown(name)))
        elif None not in (name, item.get("value")):
            found[name] = Item(**item)
    return tuple(found.values())


def _labels(value: object, mistakes: Mistakes) -> tuple[Label, ...]:
    if not isinstance(value, Array) or not all(isinstance(each, Table) for each in value):
        raise _Wrong(
            msg(
                "{item} is not a list of labels like {list}",
                item=shown(value),
                list='[{ job_key = "…", stage = "new" }]',
            )
        )
    for each in value:
        if not (each.get("job_key") or each.get("job_reference")):
            mistakes.add(each.spot, msg("a label needs a job_key or a job_reference"))
    return tuple(Label(**_free_values(each, _LABEL, mistakes)) for each in value)


def _free_values(table: Table, kinds: Kinds, mistakes: Mistakes) -> dict[str, Any]:
    """The values of an item or a label, whose texts may hold anything; None for wrong ones."""
    _refuse_unknown(table, tuple(kinds), mistakes)
    return {
        name: _free_value(table, name, kinds[name], mistakes) for name in table if name in kinds
    }


def _free_value(table: Table, name: str, kind: Any, mistakes: Mistakes) -> Any:
    try:
        return _convert(table[name], kind)
    except _Wrong as wrong:
        mistakes.add(table.at(name), wrong.said)
        return None
