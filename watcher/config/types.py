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

from watcher.config.mistakes import known_are, nearest, shown
from watcher.config.toml import BACKSLASH, Array, Table, find_invisible, placed
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.settings import (
    Account,
    Config,
    Folder,
    Item,
    Label,
    Rule,
    Settings,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.config.mistakes import Mistakes
    from watcher.i18n.message import Text

Kinds = MappingProxyType[str, Any]

#: In the system-wide configuration alone: what people's own cannot change.
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
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
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


def fields_of(kind: type[Settings], *leave_out: str) -> Kinds:
    """Return the keys of a table, each with the type of its values."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return MappingProxyType({name: fields[name] for name in fields if name not in leave_out})


#: Tables that there are once, and that nothing else bears upon.
SINGLE: Final[MappingProxyType[str, type[Settings]]] = MappingProxyType(
    {
        name: kind
        for name, kind in fields_of(Config).items()
        if isinstance(kind, type) and issubclass(kind, Settings)
    }
)
_TABLES: Final = ("account", "accounts", *SINGLE, "defaults", "folders")
#: Keys of the whole program, at the top of the file.
GENERAL: Final = fields_of(Config, "remarks", *_TABLES)
TOP: Final = (*_TABLES, *GENERAL)
ACCOUNT: Final = fields_of(Account, "name")
FOLDER: Final = fields_of(Folder)
DEFAULTS: Final = fields_of(Folder, "path", "rules")
RULE: Final = fields_of(Rule)
LABEL: Final = fields_of(Label)
_ITEM: Final = fields_of(Item)
#: Where keys belong that somebody wrote elsewhere.
_BELONGS: Final = MappingProxyType(
    {
        **{key: f"[{name}]" for name, kind in SINGLE.items() for key in fields_of(kind)},
        **dict.fromkeys(RULE, "[[folders.rules]]"),
        **dict.fromkeys(FOLDER, "[[folders]]"),
        **dict.fromkeys(ACCOUNT, "[account]"),
        **dict.fromkeys(GENERAL, msg("the first lines of the file, before any [table]")),
    }
)


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A value is not what it should be; the text says what it should be."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message


def read_values(
    table: Table, kinds: Kinds, mistakes: Mistakes, known: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the values that a table sets, by key; wrong ones are noted and left out.

    ``known`` are all keys that may stand in the table, where ``kinds`` are not all.
    """
    _refuse_unknown(table, known or kinds, mistakes)
    found = {
        name: read_value(table, name, kinds[name], mistakes)
        for name in table
        if name in kinds and name != "rules"
    }
    return {name: value for name, value in found.items() if value is not None}


def _refuse_unknown(table: Table, known: Collection[str], mistakes: Mistakes) -> None:
    for name in table:
        if name not in known:
            if name in _BELONGS:
                hint = msg("; it belongs in {place}", place=_BELONGS[name])
            else:
                hint = nearest(name, known) or known_are(known)
            mistakes.add(table.at(name), msg("this setting is not known here{hint}", hint=hint))


def read_value(table: Table, name: str, kind: Any, mistakes: Mistakes) -> Any:
    """Return one of them, or None."""
    value = table[name]
    try:
        if name in _SIZES:
            return _read_size(value)
        if name in ITEMS:
            return _read_items(value, mistakes)
        if name == "labels":
            return _read_labels(value, mistakes)
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str):
                _refuse_invisible(text, are_allowed=name in _FREE)
        return _convert(value, kind)
    except _Wrong as wrong:
        mistakes.add(table.at(name), wrong.message)
        return None


def _refuse_invisible(text: str, *, are_allowed: bool) -> None:
    """``are_allowed``: invisible characters beyond ASCII may be meant."""
    if not are_allowed and (invisible := find_invisible(text)):
        raise _Wrong(
            msg("it contains an invisible character, {character}; delete it", character=invisible)
        )
    if found := _CONTROL.search(text):
        said = msg("it contains a line break or another invisible character")
        if are_allowed and found[0] in _ESCAPED:
            said = msg(
                "it contains a line break or another invisible character; {why}", why=BACKSLASH
            )
        raise _Wrong(said)


# -- what the type alone decides


def _convert(value: object, kind: Any) -> Any:
    try:
        converted = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise _Wrong(_expected(value, kind)) from None
    if problem := _unusable(converted):
        raise _Wrong(problem)
    return converted


def _unusable(value: object) -> Message:
    """Return why a number, right by its type, cannot be used; nothing if it can."""
    if isinstance(value, int) and abs(value) > _LARGEST:
        return msg("{item} is too large", item=shown(value))
    if isinstance(value, float) and not math.isfinite(value):
        return msg("{item} is not a usable number", item=shown(value))
    return NOTHING


def _expected(value: object, kind: Any) -> Message:
    """Return what a value of this kind has to be, and is not."""
    options = typing.get_args(kind) if typing.get_origin(kind) in _UNIONS else (kind,)
    words: list[Message] = []
    for option in options:
        base, *more = typing.get_args(option) if hasattr(option, "__metadata__") else (option,)
        is_number = type(value) is int or (type(value) is float and base is float)
        if more and is_number:
            (meta,) = more
            bounds = {"item": shown(value), "least": meta.ge, "most": meta.le}
            return _unusable(value) or Message(meta.extra["message"].text, bounds)
        if isinstance(base, type) and issubclass(base, enum.Enum):
            choices = [str(member.value) for member in base]
            return msg(
                "{item} is not one of {names}{hint}",
                item=shown(value),
                names=tuple(f'"{choice}"' for choice in choices),
                hint=nearest(value, choices) if isinstance(value, str) else NOTHING,
            )
        if typing.get_origin(base) is tuple:
            return _expected_texts(value)
        if base is not type(None):
            words.append(_WORDS[base])
    return msg("{item} is not {names:or}", item=shown(value), names=tuple(words))


def _expected_texts(value: object) -> Message:
    if not isinstance(value, list):
        return msg('{item} is not a list like ["one", "two"]', item=shown(value))
    wrong = next(each for each in value if not isinstance(each, str))
    return msg(
        '{item} in this list is not text in quotes; write a list like ["one", "two"]',
        item=shown(wrong),
    )


# -- sizes, tags and metadatas, labels


def _read_size(value: object) -> int:
    size = -1
    if type(value) is int:
        size = value
    elif isinstance(value, str) and (found := _SIZE.match(value.strip())):
        size = round(float(found[1]) * _UNITS.get(found[2].lower(), -1))
    if size < 0:
        raise _Wrong(
            msg('{item} is not a size; write a number of bytes, or "20 MB"', item=shown(value))
        )
    return int(_convert(size, int))


def table_of_items(items: Array, mistakes: Mistakes) -> Table:
    """Return tags in the API's form, a list of names and values, as the table they stand for."""
    table: Table = placed({}, items.location)
    for each in items:
        _refuse_unknown(each, _ITEM, mistakes)
        for key in _ITEM:
            if key not in each:
                mistakes.add(each.location, msg("its {key} is missing", key=key))
        name = each.get("name", "")
        if not isinstance(name, str):
            mistakes.add(each.at("name"), _expected(name, str))
        elif name in table:
            mistakes.add(each.location, msg("{item} appears twice", item=shown(name)))
        elif each.keys() >= _ITEM.keys():
            table.take(name, each.location, each["value"])
    return table


def _read_items(value: object, mistakes: Mistakes) -> tuple[Item, ...]:
    """Return tags or metadatas, whose texts may hold anything."""
    if not isinstance(value, Table):
        raise _Wrong(
            msg(
                "{item} is not a table like {table} or a list like {list}",
                item=shown(value),
                table='{ office = "Paris" }',
                list='[{ name = "office", value = "Paris" }]',
            )
        )
    found = []
    for name, each in value.items():
        if not name:
            mistakes.add(value.at(name), msg("its name is empty"))
        try:
            found.append(Item(name=name, value=_convert(each, Value)))
        except _Wrong as wrong:
            mistakes.add(value.at(name), wrong.message)
    return tuple(found)


def _read_labels(value: object, mistakes: Mistakes) -> tuple[Label, ...]:
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
            mistakes.add(each.location, msg("a label needs a job_key or a job_reference"))
    return tuple(Label(**read_values(each, LABEL, mistakes)) for each in value)
