"""Brings the tables of one file into the form that all other code knows, and takes secrets out.

Tables are where tables belong, ``[account]`` is ``[accounts.default]``, and tags in the API's form,
a list of names and values, are a plain table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from watcher.config import types
from watcher.config.lines import Array, Table, entries, placed, table_in, tables_in
from watcher.config.mistakes import SECRET
from watcher.i18n.message import Message, msg
from watcher.model.settings import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.config.lines import Location
    from watcher.config.mistakes import Mistakes

_SECRET_NAME = re.compile(
    r"(?i)(.*[_ -])?(api[_ -]?(key|secret)|secret[_ -]?key|apikey|passwor[dt]|passwd)\Z"
)
#: Names of settings; a tag may well be called so.
_SECRET_SETTING = re.compile(r"(?i)(.*[_-])?(secret|token)\Z")
_ELSEWHERE: Final = msg(
    "this file must not contain secrets; store the API key with {hrflow_watcher} login"
    " (on a machine without a keyring, in the environment variable HRFLOW_API_KEY), and"
    " replace the key if others have seen the file"
)
_SECRET_TOO: Final = msg("this is a secret, too")
_NO_TABLE: Final = msg("must be a table of keys")


def normalize(tables: Table, mistakes: Mistakes) -> None:
    """Bring the tables of a file into one form; what is wrong is noted and taken out."""
    for number, location in enumerate(_remove_secrets(tables)):
        mistakes.add(location, _SECRET_TOO if number else _ELSEWHERE)
        mistakes.is_cut = True
    for name in ("account", "defaults", *types.SINGLE):
        _require(tables, name, Table, _NO_TABLE, mistakes)
    said = msg("must be written as {names} tables", names="[accounts.NAME]")
    _require(tables, "accounts", Table, said, mistakes)
    for name in list(table_in(tables, "accounts")):
        _require(tables["accounts"], name, Table, _NO_TABLE, mistakes)
    if "account" in tables:
        _put_among_accounts(tables, mistakes)
    tagged = [table_in(tables, "defaults")]
    for folder in _require_list(tables, "folders", "[[folders]]", mistakes):
        tagged += [folder, *_require_list(folder, "rules", "[[folders.rules]]", mistakes)]
    for table in tagged:
        for name in types.ITEMS & table.keys():
            items = table[name]
            if isinstance(items, Array) and all(isinstance(each, Table) for each in items):
                table[name] = types.table_of_items(items, mistakes)


def _require(
    table: Table, name: str, kind: type[Table | Array], said: Message, mistakes: Mistakes
) -> None:
    if name in table and not isinstance(table[name], kind):
        mistakes.add(table.at(name), said)
        mistakes.is_cut = True
        del table[name]


def _require_list(table: Table, name: str, header: str, mistakes: Mistakes) -> list[Table]:
    """Return the tables in a list, which has nothing else in it then."""
    _require(table, name, Array, msg("must be written as {names} tables", names=header), mistakes)
    found = table.get(name, Array())
    for number, each in enumerate(found):
        if not isinstance(each, Table):
            mistakes.add(found.at(number), _NO_TABLE)
            mistakes.is_cut = True
            found[number] = placed({}, found.at(number))
    return tables_in(table, name)


def _put_among_accounts(tables: Table, mistakes: Mistakes) -> None:
    several = table_in(tables, "accounts")
    if DEFAULT_ACCOUNT in several:
        said = msg("[account] and [accounts.default] are the same account")
        mistakes.add(tables.at("account"), said)
    accounts = placed({}, tables.at("accounts"))
    accounts.take(DEFAULT_ACCOUNT, tables.at("account"), tables.pop("account"))
    for name in several:
        if name not in accounts:
            accounts.take(name, several.at(name), several[name])
    tables["accounts"] = accounts


# -- secrets


def _remove_secrets(tables: Table, *, are_free: bool = False) -> Iterator[Location]:
    """Remove each key or value that is or looks like a secret; yield where it stood.

    ``are_free``: names are a person's own, as those of tags.
    """
    for key, value in list(tables.items()):
        if isinstance(value, Table) and not _is_secret(key, value, are_free=are_free):
            yield from _remove_secrets(value, are_free=are_free or key in types.ITEMS)
        elif isinstance(value, Array) and key in ("folders", "rules"):
            for each in tables_in(tables, key):
                yield from _remove_secrets(each)
        elif found := list(_secrets_in(tables, key, value, are_free=are_free)):
            yield from found
            del tables[key]


def _secrets_in(
    tables: Table | Array, key: str | int, value: object, *, are_free: bool
) -> Iterator[Location]:
    if _is_secret(key, value, are_free=are_free):
        yield tables.at(key)
    elif isinstance(value, Table | Array):
        for name, each in entries(value):
            yield from _secrets_in(value, name, each, are_free=are_free or key in types.ITEMS)


def _is_secret(key: object, value: object, *, are_free: bool) -> bool:
    """Whether the key itself, or the value by its own look or by its name, is a secret."""
    if any(isinstance(each, str) and SECRET.search(each) for each in (key, value)):
        return True
    if isinstance(value, Table):
        called = value.get("name")  # an item in list form: { name = "api_key", value = "…" }
        named = called if "value" in value else None
    else:
        named = None if isinstance(value, bool) else key
    if not isinstance(named, str):
        return False
    return bool(_SECRET_NAME.match(named) or (not are_free and _SECRET_SETTING.match(named)))
