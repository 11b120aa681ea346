"""The system-wide configuration below a person's own: a deep merge, and a list of locked keys.

First the tables of each file are brought into the form that all other code expects, and secrets are
removed: ``[account]`` becomes ``[accounts.default]``, and tags in the API's form, a list of names
and values, become a plain table.

Then the person's value wins, key by key: tables are merged, tags and metadatas by name, ``ignore``
adds, any other list is replaced. The machine's folders come after the person's own; a path in
both is one folder, in which the person's keys win. Locked keys keep the machine's values.

What ``locked`` names becomes patterns of key paths: "*" stands for any part, and all that lies
below is locked as well. A folder is called "shared" in them if the machine's configuration names it
too, else "own"::

    account               ("accounts",)
    account.api_url       ("accounts", "*", "api_url")
    accounts.paris.proxy  ("accounts", "paris", "proxy")
    defaults.created_at   ("defaults", "created_at"), ("folders", "*", "created_at"),
                          ("folders", "*", "rules", "created_at")
    folders               ("folders",)
    folders.tags          ("folders", "shared", "tags")
    hooks.parsed          ("hooks", "parsed")

Nothing here looks at values: what is wrong is found in the result, and said of the file that a key
comes from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from watcher.config import types
from watcher.config.mistakes import SECRET, nearest, shown
from watcher.config.toml import Array, Table, entries, placed, table_in, tables_in
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.settings import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from watcher.config.mistakes import Location, Mistakes

Lock = tuple[str, ...]

_SECRET_NAME = re.compile(
    r"(?i)(.*[_ -])?(api[_ -]?(key|secret)|secret[_ -]?key|apikey|passwor[dt]|passwd)\Z"
)
#: Names of settings that would hold secrets; tags may have such names.
_SECRET_SETTING = re.compile(r"(?i)(.*[_-])?(secret|token)\Z")
_ELSEWHERE: Final = msg(
    "this file must not contain secrets; store the API key with {hrflow_watcher}"
    " login (on a computer without a keyring, in the environment variable"
    " HRFLOW_API_KEY), and replace the key if others have seen the file"
)
_SECRET_TOO: Final = msg("this is also a secret")
_NO_TABLE: Final = msg("must be a table")
#: Of the keys of rules those that a locked default holds for; to ignore is another thing there.
_RULE_DEFAULTS: Final = (types.RULE.keys() & types.DEFAULTS.keys()) - {"ignore"}


class Merged(Struct):
    """Both files in one; ``ineffective`` are the places where the person's own sets locked keys.

    ``machine`` is the path of the system-wide configuration, "" if there is none.
    """

    tables: Table
    locks: Collection[Lock] = ()
    ineffective: list[Location] = field(default_factory=list)
    machine: str = ""


# -- one form


def normalize(tables: Table, mistakes: Mistakes) -> None:
    """Bring the tables of a file into one form; what is wrong is noted and removed."""
    for number, location in enumerate(list(_remove_secrets(tables))[::-1]):
        mistakes.cut(location, _SECRET_TOO if number else _ELSEWHERE)
    for name in ("account", "defaults", *types.SINGLE):
        _require(tables, name, Table, _NO_TABLE, mistakes)
    said = msg("must be written as {names} tables", names="[accounts.NAME]")
    _require(tables, "accounts", Table, said, mistakes)
    accounts = table_in(tables, "accounts")
    for name in list(accounts):
        _require(accounts, name, Table, _NO_TABLE, mistakes)
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
        mistakes.cut(table.at(name), said)
        del table[name]


def _require_list(table: Table, name: str, header: str, mistakes: Mistakes) -> list[Table]:
    """Return the tables in a list, after removing everything else from it."""
    _require(table, name, Array, msg("must be written as {names} tables", names=header), mistakes)
    found = table.get(name, Array())
    for number, each in enumerate(found):
        if not isinstance(each, Table):
            mistakes.cut(found.at(number), _NO_TABLE)
            found[number] = placed({}, found.at(number))
    return tables_in(table, name)


def _put_among_accounts(tables: Table, mistakes: Mistakes) -> None:
    """Make ``[account]`` the first of the accounts."""
    place, own, several = tables.at("account"), tables.pop("account"), table_in(tables, "accounts")
    if DEFAULT_ACCOUNT in several:
        mistakes.add(place, msg("[account] and [accounts.default] are the same account"))
    accounts = placed({}, tables.at("accounts"))
    accounts.take(DEFAULT_ACCOUNT, place, own)
    for name in several:
        if name != DEFAULT_ACCOUNT:
            accounts.take(name, several.at(name), several[name])
    tables["accounts"] = accounts


def _remove_secrets(tables: Table | Array, *, are_free: bool = False) -> Iterator[Location]:
    """Remove each key or value that is or looks like a secret; yield where each stood, last first.

    A list with a secret goes as a whole, but for those of folders and rules. ``are_free``: names
    are a person's own, as those of tags.
    """
    for key, value in reversed(entries(tables)):
        inside: list[Location] = []
        if isinstance(value, Table | Array):
            inside += _remove_secrets(value, are_free=are_free or key in types.ITEMS)
        is_secret = _is_secret(key, value, are_free=are_free)
        yield from [tables.at(key)] if is_secret else inside
        is_list = isinstance(value, Array) and key not in ("folders", "rules")
        if is_secret or (inside and is_list):
            del tables[key]


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


# -- the merge


def merge(
    machine: Table, own: Table, locks: Collection[Lock], place_of: Callable[[Table], str]
) -> Merged:
    """Put the person's ``own`` tables on those of the ``machine``; both are used up.

    ``place_of`` returns where a folder's table leads, "" where that is not known.
    """
    shared = {place_of(each): each for each in reversed(tables_in(machine, "folders"))}
    for folder in tables_in(own, "folders"):
        folder.shared = shared.get(place_of(folder)) if place_of(folder) else None
    names = list(table_in(machine, "accounts"))
    ineffective = list(_remove_locked(own, (), locks))
    fill_up(own, machine)
    _share_locked_keys(table_in(own, "accounts"), machine, locks)
    if len(names) == 1 and "account" not in table_in(machine, "defaults"):
        _name_account(own, names[0])
    return Merged(own, locks, ineffective[::-1], machine.location.file)


def fill_up(own: Table, base: Table) -> None:
    """Put the values of ``base`` below those of ``own``; tags keep the order of ``base``."""
    for name, value in base.items():
        mine = own.get(name)
        if name not in own:
            own.take(name, base.at(name), value)
        elif isinstance(mine, Table) and isinstance(value, Table):
            fill_up(mine, value)
            for key in [*value, *(key for key in mine if key not in value)]:
                mine[key] = mine.pop(key)
        elif isinstance(mine, Array) and isinstance(value, Array):
            if name == "ignore":
                own[name] = _joined(value, mine)
            elif name == "folders":
                _fill_up_folders(mine, value)


def _joined(base: Array, own: Array) -> Array:
    joined: Array = placed([], own.location)
    for patterns in (base, own):
        for number, pattern in enumerate(patterns):
            joined.take(patterns.at(number), pattern)
    return joined


def _fill_up_folders(own: Array, machine: Array) -> None:
    both = []
    for folder in own:
        if isinstance(folder, Table) and folder.shared is not None:
            both.append(id(folder.shared))
            fill_up(folder, folder.shared)
    for number, folder in enumerate(machine):
        if id(folder) not in both:
            own.take(machine.at(number), folder)


def _share_locked_keys(accounts: Table, machine: Table, locks: Collection[Lock]) -> None:
    """Give accounts that only the person has the locked keys of the machine's ``[account]``."""
    theirs = table_in(machine, "accounts")
    general = table_in(theirs, DEFAULT_ACCOUNT)
    for name, account in accounts.items():
        for key in general:
            is_shared = name not in theirs and ("accounts", "*", key) in locks
            if is_shared and isinstance(account, Table) and key not in account:
                account.take(key, general.at(key), general[key])


def _name_account(own: Table, name: str) -> None:
    """Have folders of the machine's go to its account, whatever accounts a person has beside it."""
    if len(table_in(own, "accounts")) < 2:
        return
    for folder in tables_in(own, "folders"):
        theirs = folder.shared or folder
        if "account" not in folder and theirs.location.is_machine:
            folder.take("account", theirs.location, name)


# -- what is locked


def is_locked(locks: Collection[Lock], key_path: Lock) -> bool:
    """Whether the key at ``key_path``, or a table around it, is locked."""
    return any(
        len(lock) <= len(key_path)
        and all(wanted in ("*", part) for wanted, part in zip(lock, key_path, strict=False))
        for lock in locks
    )


def folder_key_path(folder: Table) -> Lock:
    """Return the key path of a folder, as locks name it."""
    is_shared = folder.shared is not None or folder.location.is_machine
    return ("folders", "shared" if is_shared else "own")


def _remove_locked(
    tables: Table | Array, key_path: Lock, locks: Collection[Lock]
) -> Iterator[Location]:
    """Remove what is locked from the person's own tables; yield where it stood, the last first."""
    for key, value in reversed(entries(tables)):
        inner = key_path  # of elements of a list: it is the list's own
        if isinstance(key, str):
            inner = (*key_path, key)
        elif key_path == ("folders",) and isinstance(value, Table):
            inner = folder_key_path(value)
        is_list_of_names = inner in (("accounts",), ("folders",)) and isinstance(key, str)
        if is_locked(locks, inner) and not (is_list_of_names and isinstance(value, Table | Array)):
            yield tables.at(key)
            del tables[key]
        elif isinstance(value, Table | Array):
            yield from _remove_locked(value, inner, locks)


def read_locks(machine: Table, mistakes: Mistakes) -> frozenset[Lock]:
    """Take ``locked`` out of a system-wide configuration; nonsense in it goes to ``mistakes``."""
    place, names = machine.at(types.LOCKED), machine.pop(types.LOCKED, [])
    if not isinstance(names, list):
        said = msg(
            '{item} is not a list of names like ["account.api_url", "log_level"]', item=shown(names)
        )
        mistakes.add(place, said)
        return frozenset()
    lockable = _lockable(list(table_in(machine, "accounts")))
    found: set[Lock] = set()
    for number, name in enumerate(names):
        meant = _meanings(name, lockable) if isinstance(name, str) else []
        if problem := _wrong_lock(name, meant, lockable, machine):
            mistakes.add(place / number, problem)
        else:
            found |= lockable[meant[0]]
    return frozenset(found)


def _wrong_lock(
    name: object, meant: list[str], lockable: Mapping[str, set[Lock]], machine: Table
) -> Message:
    """Return why a name in ``locked`` cannot be used, NOTHING if it can."""
    if not meant:
        hint = NOTHING
        if isinstance(name, str):
            hint = nearest(name, (*(each.rpartition(".")[2] for each in lockable), *lockable))
        return msg(
            "{item} is not the name of a setting that can be locked{hint}",
            item=shown(name),
            hint=hint,
        )
    if len(meant) > 1:
        return msg(
            "several settings are called {item}; write {names:or}",
            item=shown(name),
            names=tuple(meant),
        )
    accounts = table_in(machine, "accounts")
    is_set = {
        ("accounts", "*", "email"): any("email" in table_in(accounts, each) for each in accounts),
        ("defaults", "source_key"): "source_key" in table_in(machine, "defaults"),
    }
    for key_path, is_there in is_set.items():
        if not is_there and is_locked(lockable[meant[0]], key_path):
            key = f"{key_path[0].replace('accounts', 'account')}.{key_path[-1]}"
            return msg("locks {key}, which is required, but this file doesn't set it", key=key)
    return NOTHING


def _meanings(name: str, lockable: Collection[str]) -> list[str]:
    """Return the full names that ``name`` stands for: itself, or those of keys called so."""
    if name in lockable:
        return [name]
    return [
        full
        for full in lockable
        if full.partition(".")[2] == name and not full.startswith(("accounts.", "folders."))
    ]


def _lockable(accounts: list[str]) -> dict[str, set[Lock]]:
    """Return all names that can be locked, and what each locks."""
    names: dict[str, set[Lock]] = {"account": {("accounts",)}, "accounts": {("accounts",)}}
    names |= {name: {(name,)} for name in (*types.GENERAL, *types.SINGLE, "folders")}
    for table, kind in types.SINGLE.items():
        names |= {f"{table}.{key}": {(table, key)} for key in types.fields_of(kind)}
    for key in types.ACCOUNT:
        names[f"account.{key}"] = {("accounts", "*", key)}
    for account in accounts:
        names[f"accounts.{account}"] = {("accounts", account)}
        names |= {
            f"accounts.{account}.{key}": {("accounts", account, key)} for key in types.ACCOUNT
        }
    for key in types.DEFAULTS:
        names[f"folders.{key}"] = {("folders", "shared", key)}
        names[f"defaults.{key}"] = {("defaults", key), ("folders", "*", key)}
        if key in _RULE_DEFAULTS:
            names[f"defaults.{key}"].add(("folders", "*", "rules", key))
    names["folders.rules"] = {("folders", "shared", "rules")}
    return names
