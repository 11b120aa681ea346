"""The machine-wide configuration below a person's own: a deep merge, and a list of locked keys.

The person's value wins, key by key: tables are merged, tags and metadatas by name, ``ignore`` adds,
any other list is replaced. The machine's folders come behind the person's own; the same place in
both is one folder, whose keys the person's own refines. What is locked stays as the machine has it.

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

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from watcher.config import types
from watcher.config.lines import Array, Location, Table, placed, table_in, tables_in
from watcher.config.mistakes import nearest, shown
from watcher.i18n.message import NOTHING, msg

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from watcher.config.mistakes import Mistakes

Lock = tuple[str, ...]

#: Tables that there are once, and their keys.
_PLAIN: Final = {
    "notifications": types.NOTIFICATIONS,
    "webhook": types.WEBHOOK,
    "hooks": types.HOOKS,
}
#: Of the keys of rules those that a locked default holds for; to ignore is another thing there.
_RULE_DEFAULTS: Final = (types.RULE.keys() & types.DEFAULTS.keys()) - {"ignore"}


@dataclass
class Merged:
    """Both files in one: ``ineffective`` is where the person's own says what is locked."""

    tables: Table
    locks: Collection[Lock] = ()
    ineffective: list[Location] = field(default_factory=list)


def normalize(tables: Table, mistakes: Mistakes) -> None:
    """Bring what can be written in two forms into the one that all other code knows.

    ``[account]`` becomes ``[accounts.default]``, and tags in the API's form a plain table.
    """
    if "account" in tables and isinstance(tables.get("accounts", Table()), Table):
        several = table_in(tables, "accounts")
        if types.DEFAULT_ACCOUNT in several:
            said = msg("[account] and [accounts.default] are the same account")
            mistakes.add(tables.at("account"), said)
        accounts = placed({}, tables.at("accounts"))
        accounts.take(types.DEFAULT_ACCOUNT, tables.at("account"), tables.pop("account"))
        for name in several:
            if name not in accounts:
                accounts.take(name, several.at(name), several[name])
        tables["accounts"] = accounts
    folders = tables_in(tables, "folders")
    rules = [rule for folder in folders for rule in tables_in(folder, "rules")]
    for table in (table_in(tables, "defaults"), *folders, *rules):
        for name in types.ITEMS & table.keys():
            items = table[name]
            if isinstance(items, Array) and all(isinstance(each, Table) for each in items):
                table[name] = types.table_of_items(items, mistakes)


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
    removed = list(_remove_locked(own, (), locks))
    fill_up(own, machine)
    _share_locked_keys(table_in(own, "accounts"), machine, locks)
    if len(names) == 1 and "account" not in table_in(machine, "defaults"):
        _name_account(own, names[0])
    return Merged(own, locks, [each.location for each in removed if not _is_in_force(own, each)])


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
    is_shared = folder.shared is not None or folder.location.source.is_machine
    return ("folders", "shared" if is_shared else "own")


class _Removed(NamedTuple):
    """What was removed from a person's own configuration, and from which table."""

    location: Location
    table: Table
    name: str
    value: Any


def _remove_locked(table: Table, key_path: Lock, locks: Collection[Lock]) -> Iterator[_Removed]:
    """Remove what is locked from the person's own tables."""
    for name in list(table):
        inner, value = (*key_path, name), table[name]
        if inner == ("folders",) and isinstance(value, Array):
            yield from _remove_locked_folders(table, value, locks)
        elif inner == ("accounts",) and isinstance(value, Table):  # one by one, to name each
            yield from _remove_locked(value, inner, locks)
        elif is_locked(locks, inner):
            yield _Removed(table.at(name), table, name, table.pop(name))
        elif isinstance(value, Table):
            yield from _remove_locked(value, inner, locks)
        elif name == "rules":
            for rule in tables_in(table, name):
                yield from _remove_locked(rule, inner, locks)


def _remove_locked_folders(
    own: Table, folders: Array, locks: Collection[Lock]
) -> Iterator[_Removed]:
    if is_locked(locks, ("folders",)):
        for number, folder in enumerate(folders):
            yield _Removed(folders.at(number), own, "folders", folder)
        folders.clear()
    for folder in tables_in(own, "folders"):
        yield from _remove_locked(folder, folder_key_path(folder), locks)


def _is_in_force(own: Table, removed: _Removed) -> bool:
    """Whether what is in force says the same as the person's own line that was removed."""
    if removed.name == "folders":
        folder = removed.value
        if not isinstance(folder, Table) or folder.shared is None:
            return False
        said = {name: value for name, value in folder.items() if name != "path"}
        return _holds(folder.shared, said)
    in_force = removed.table.get(removed.name)
    if in_force is None and removed.location.key_path[0] == "folders":
        in_force = table_in(own, "defaults").get(removed.name)
    return in_force is not None and _holds(in_force, removed.value)


def _holds(whole: Any, part: Any) -> bool:
    """Whether ``whole`` is ``part``, or a table with all that ``part`` has."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and _holds(whole[name], value) for name, value in part.items())
    return type(whole) is type(part) and bool(whole == part)


# -- the merge


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
    general = table_in(theirs, types.DEFAULT_ACCOUNT)
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
        if "account" not in folder and theirs.location.source.is_machine:
            folder.take("account", theirs.location, name)


# -- the list of what is locked


def read_locks(machine: Table, mistakes: Mistakes) -> frozenset[Lock]:
    """Take ``locked`` out of a machine-wide configuration; nonsense in it goes to ``mistakes``."""
    names, place = machine.get(types.LOCKED, []), machine.at(types.LOCKED)
    machine.pop(types.LOCKED, None)
    if not isinstance(names, list):
        said = msg(
            '{item} is not a list of names like ["account.api_url", "log_level"]', item=shown(names)
        )
        mistakes.add(place, said)
        return frozenset()
    known = _lockable(list(table_in(machine, "accounts")))
    found: set[Lock] = set()
    for number, name in enumerate(names):
        match known.get(name, []) if isinstance(name, str) else []:
            case [(_, locks)] if missing := _find_missing(locks, machine):
                said = msg(
                    "locks {key}, which everyone needs, but this file does not set it", key=missing
                )
            case [(_, locks)]:
                found |= locks
                continue
            case []:
                hint = nearest(name, known) if isinstance(name, str) else NOTHING
                said = msg(
                    "{item} is not the name of a key that can be locked{hint}",
                    item=shown(name),
                    hint=hint,
                )
            case several:
                said = msg(
                    "several keys are called {item}; write {names:or}",
                    item=shown(name),
                    names=tuple(full for full, _ in several),
                )
        mistakes.add(place / number, said)
    return frozenset(found)


def _lockable(accounts: list[str]) -> dict[str, list[tuple[str, set[Lock]]]]:
    """Return, for each name that can be locked, its meanings: (full name, what that locks).

    The name of a key alone may mean several.
    """
    whole: dict[str, set[Lock]] = {"account": {("accounts",)}, "accounts": {("accounts",)}}
    whole |= {name: {(name,)} for name in (*types.GENERAL, *_PLAIN, "folders")}
    keys: dict[str, set[Lock]] = {}
    for key in types.ACCOUNT:
        keys[f"account.{key}"] = {("accounts", "*", key)}
    for key in types.DEFAULTS:
        keys[f"defaults.{key}"] = {("defaults", key), ("folders", "*", key)}
        if key in _RULE_DEFAULTS:
            keys[f"defaults.{key}"].add(("folders", "*", "rules", key))
    for table, kinds in _PLAIN.items():
        keys |= {f"{table}.{key}": {(table, key)} for key in kinds}
    for name in accounts:
        whole[f"accounts.{name}"] = {("accounts", name)}
        whole |= {f"accounts.{name}.{key}": {("accounts", name, key)} for key in types.ACCOUNT}
    whole |= {
        f"folders.{key}": {("folders", "shared", key)} for key in types.FOLDER if key != "path"
    }
    found = defaultdict(list)
    for full, locks in (whole | keys).items():
        found[full].append((full, locks))
    for full, locks in keys.items():
        if (short := full.partition(".")[2]) not in whole:
            found[short].append((full, locks))
    return found


def _find_missing(locks: Collection[Lock], machine: Table) -> str:
    """Return what everybody would miss, as nobody else may write it; "" if nothing."""
    accounts = table_in(machine, "accounts")
    for lock in locks:
        if is_locked([lock], ("accounts", "*", "email")):
            if not any("email" in table_in(accounts, name) for name in accounts):
                return "account.email"
        elif lock[0] == "accounts" and is_locked([lock], ("accounts", lock[1], "email")):
            if "email" not in table_in(accounts, lock[1]):
                return f"accounts.{lock[1]}.email"
        elif lock == ("defaults", "source_key") and lock[1] not in table_in(machine, "defaults"):
            return "defaults.source_key"
    return ""
