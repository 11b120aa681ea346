"""One value of the file → one value of the settings, or mistakes that say what was expected."""

from __future__ import annotations

import enum
import math
import re
import types
import typing
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher.config.characters import is_unseen, name_unseen
from watcher.config.english import msg
from watcher.config.mistakes import nearest, shown
from watcher.config.syntax import BACKSLASH
from watcher.model.settings import Item, Label, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes

_UNITS: Final = types.MappingProxyType(
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
_WORDS: Final = types.MappingProxyType(
    {
        bool: msg("true or false"),
        int: msg("a whole number"),
        float: msg("a number"),
        str: msg("text in quotes"),
    }
)
#: Settings that are bytes, or bytes a second, and may be written like "20 MB".
SIZES: Final = frozenset({"max_size", "min_size", "max_upload_rate"})
ITEMS: Final = frozenset({"tags", "metadatas"})


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A value is not what it should be; the text says what it should be."""


def convert(name: str, value: object, kind: Any, way: Way, mistakes: Mistakes) -> Any:
    """The setting called ``name`` from its raw value, or None and mistakes noted."""
    try:
        if name in SIZES:
            return _size(value)
        if name in ITEMS:
            return _items(value, way, mistakes)
        if name == "labels":
            return _labels(value, way, mistakes)
        if name not in _FREE:
            _refuse_unseen(value)
        return _without_controls(name, _plain(value, kind))
    except _Wrong as wrong:
        mistakes.add(way, str(wrong))
        return None


def refuse_unknown(
    table: dict[str, Any], known: Iterable[str], way: Way, mistakes: Mistakes, elsewhere: Any
) -> None:
    """Note every key of ``table`` that is not ``known``; ``elsewhere`` says where others belong."""
    for name in table:
        inner = (*way, name)
        if name in known or inner in mistakes.secrets:
            continue
        belongs = f"; it belongs in {elsewhere[name]}" if name in elsewhere else ""
        hint = belongs or nearest(name, known) or f"; known are {', '.join(known)}"
        mistakes.add(inner, f"this key is not known here{hint}")


def _plain(value: object, kind: Any) -> Any:
    options = [option for option in _options(kind) if option is not type(None)]
    for option in options:
        if isinstance(option, type) and issubclass(option, enum.Enum):
            return _choice(value, option)
        if typing.get_origin(option) is tuple:
            return _texts(value)
        if _is(value, option):
            return _number(value, option) if isinstance(value, int | float) else value
    expected = " or ".join(_WORDS[option] for option in options)
    raise _Wrong(msg("{value} is not {expected}", value=shown(value), expected=expected))


def _options(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def _is(value: object, option: Any) -> bool:
    return type(value) is option or (option is float and type(value) is int)


def _number(value: float, option: Any) -> float:
    """``bool`` is a number here as well."""
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise _Wrong(msg("{item} is too large", item=shown(value)))
    if not math.isfinite(value):
        raise _Wrong(msg("{item} is no number that can be used", item=shown(value)))
    return float(value) if option is float else value


def _choice(value: object, option: type[enum.Enum]) -> enum.Enum:
    words = [str(member.value) for member in option]
    if isinstance(value, str) and value in words:
        return option(value)
    hint = nearest(value, words) if isinstance(value, str) else ""
    listed = ", ".join(f'"{word}"' for word in words)
    raise _Wrong(f"{shown(value)} is not one of {listed}{hint}")


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(msg('{item} is not a list of texts like ["one", "two"]', item=shown(value)))
    for text in value:
        if not isinstance(text, str):
            raise _Wrong(
                msg('{item} in it is not text: write a list like ["one", "two"]', item=shown(text))
            )
    return tuple(value)


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
            hint = f"; {BACKSLASH}" if name in _FREE and found[0] in _ESCAPED else ""
            raise _Wrong(f"there is a line break or another invisible character in it{hint}")
    return value


def _size(value: object) -> int:
    size: float = -1
    if type(value) is int:
        size = value
    elif isinstance(value, str) and (found := _SIZE.match(value.strip())):
        size = round(float(found[1]) * _UNITS.get(found[2].lower(), -1))
    if size < 0:
        raise _Wrong(
            msg('{item} is no size: write a number of bytes, or "20 MB"', item=shown(value))
        )
    return int(_number(size, int))


def _items(value: object, way: Way, mistakes: Mistakes) -> tuple[Item, ...]:
    """Tags or metadatas, from a simple table or the API's list form."""
    if isinstance(value, dict):
        tables = [((*way, name), {"name": name, "value": each}) for name, each in value.items()]
    elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
        tables = [((*way, number), each) for number, each in enumerate(value)]
    else:
        raise _Wrong(
            f'{shown(value)} is neither a table like {{ office = "Paris" }} nor a list like'
            ' [{ name = "office", value = "Paris" }]'
        )
    kinds = {"name": str, "value": Value}
    found: dict[str, Item] = {}
    for inner, each in tables:
        item = _table(each, kinds, inner, mistakes, required=tuple(kinds))
        name = item.get("name")
        if name == "":
            mistakes.add(inner, msg("its name is empty"))
        elif name in found:
            mistakes.add(inner, msg("{item} stands there twice", item=shown(name)))
        elif len(item) == len(kinds):
            found[item["name"]] = Item(**item)
    return tuple(found.values())


def _labels(value: object, way: Way, mistakes: Mistakes) -> tuple[Label, ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _Wrong(
            f'{shown(value)} is not a list of labels like [{{ job_key = "…", stage = "new" }}]'
        )
    kinds = {field.name: field.type for field in msgspec.structs.fields(Label)}
    for number, each in enumerate(value):
        if not (each.get("job_key") or each.get("job_reference")):
            mistakes.add((*way, number), msg("a label needs a job_key or a job_reference"))
    return tuple(
        Label(**_table(each, kinds, (*way, number), mistakes)) for number, each in enumerate(value)
    )


def _table(
    table: dict[str, Any],
    kinds: dict[str, Any],
    way: Way,
    mistakes: Mistakes,
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The values of a small table, wrong ones left out and noted."""
    refuse_unknown(table, tuple(kinds), way, mistakes, {})
    for name in required:
        if name not in table:
            mistakes.add(way, msg("its {key} is missing", key=name))
    found = {}
    for name, value in table.items():
        if name in kinds:
            try:
                found[name] = _plain(value, kinds[name])
            except _Wrong as wrong:
                is_of_item = name == "value" and isinstance(way[-1], str)  # { office = "Paris" }
                mistakes.add(way if is_of_item else (*way, name), str(wrong))
    return found
