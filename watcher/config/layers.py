"""The machine-wide configuration below a person's own: a deep merge, and a list of locked keys.

The person's value wins, key by key: tables are merged, tags and metadatas by name, ``ignore`` adds,
any other list is replaced. The machine's folders come behind the person's own; the same place in
both is one folder, whose keys the person's own refines. What is locked stays as the machine has it.

A lock is the way of a key or a table, counted over all accounts and folders:

============================  ===========================================================
``("account",)``              every account; people's own have none
``("account", "api_url")``    that key of every account
``("accounts", "paris", …)``  of one account, that the machine's configuration names
``("defaults", "existing")``  that key everywhere: in the defaults, in folders, in rules
``("folders",)``              all folders: people's own are not watched
``("folders", "tags")``       that key of the folders that the machine's configuration names
``("hooks",)``                a table
``("hooks", "parsed")``       a key of a table, or ``("log_level",)`` one at the top
============================  ===========================================================

Nothing here looks at values: what is wrong is found in the result, and said of the file that a key
comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from watcher.config import types
from watcher.config.mistakes import nearest, shown
from watcher.config.nodes import Array, Spot, Table, list_in, placed, table_in
from watcher.i18n.message import Message, msg

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes

Lock = tuple[str, ...]

#: Tables that may be locked as a whole.
_WHOLE: Final = ("account", "folders", "notifications", "webhook", "hooks")
_KEYS: Final[tuple[tuple[str, Collection[str]], ...]] = (
    ("account", types.ACCOUNT),
    ("defaults", types.DEFAULTS),
    ("folders", tuple(name for name in types.FOLDER if name != "path")),
    ("notifications", types.NOTIFICATIONS),
    ("webhook", types.WEBHOOK),
    ("hooks", types.HOOKS),
)
#: Of the keys of rules those that a locked default holds for; to ignore is another thing there.
_RULE_DEFAULTS: Final = (types.RULE.keys() & types.DEFAULTS.keys()) - {"ignore"}


@dataclass
class Merged:
    """``tables`` of both files; ``idle`` is what has no effect of the person's, being locked."""

    tables: Table
    locks: Collection[Lock] = ()
    idle: list[Spot] = field(default_factory=list)


def merge(
    machine: Table, own: Table, locks: Collection[Lock], place_of: Callable[[Any], str]
) -> Merged:
    """The person's ``own`` tables on those of the ``machine``; both are used up.

    ``place_of`` says of a folder's table where it leads, "" where that is not known.
    """
    machine.pop(types.LOCKED, None)
    places = [place_of(each) for each in list_in(machine, "folders")]
    for folder in list_in(own, "folders"):
        if (place := place_of(folder)) and place in places:
            folder.shared = list_in(machine, "folders")[places.index(place)]
    gone = list(_take_out(own, locks))
    _put_accounts(machine, own, locks)
    for name in machine:
        if name not in ("account", "accounts", "folders"):
            _put(own, name, machine, name)
    _put_folders(machine, own)
    return Merged(own, locks, [each.spot for each in gone if not _says_so(own, each)])


def accounts_of(tables: Table) -> Iterator[tuple[str, Table, str]]:
    """(name, the table it stands in, its key there) of each account."""
    if "account" in tables:
        yield types.DEFAULT_ACCOUNT, tables, "account"
    several = table_in(tables, "accounts")
    yield from ((name, several, name) for name in several)


# -- what is locked


def is_locked(locks: Collection[Lock], way: Way, *, is_shared: bool = False) -> bool:
    """Whether the key at ``way`` is out of a person's reach.

    ``is_shared``: it is that of a folder which the machine's configuration names.
    """
    top, key = str(way[0]), str(way[-1])
    candidates: list[Lock] = [(top,), tuple(map(str, way))]
    if top in ("account", "accounts"):
        account = (types.DEFAULT_ACCOUNT,) if top == "account" else tuple(map(str, way[1:2]))
        inner = (key,) if len(way) > 1 + (top == "accounts") else ()
        candidates += [("account",), ("account", *inner), ("accounts", *account, *inner)]
        candidates += [("accounts", *account)] if account else []
    elif top == "folders" and len(way) > 2:
        is_rule = len(way) > 3
        candidates += [] if is_rule and key not in _RULE_DEFAULTS else [("defaults", key)]
        candidates += [("folders", key)] if is_shared and not is_rule else []
    return any(each in locks for each in candidates)


class _Gone(NamedTuple):
    """What was taken out of a person's own configuration, and out of which table."""

    spot: Spot
    table: Table
    name: str
    value: Any


def _take_out(own: Table, locks: Collection[Lock]) -> Iterator[_Gone]:
    """Take what is locked out of the person's own tables."""
    if ("folders",) in locks and isinstance(own.get("folders"), Array):
        for number, folder in enumerate(own["folders"]):
            yield _Gone(own.at("folders", number), own, "folders", folder)
        own["folders"].clear()
    for table, is_shared in _tables_with_keys(own):
        for name in list(table):
            way = (*table.spot.way, name)
            if way != ("folders",) and is_locked(locks, way, is_shared=is_shared):
                yield _Gone(table.at(name), table, name, table.pop(name))


def _tables_with_keys(own: Table) -> Iterator[tuple[Table, bool]]:
    """(table, whether it is a folder that both files name); what was taken out is not visited."""
    yield own, False
    for name in ("accounts", "account", "defaults", "notifications", "webhook", "hooks"):
        yield table_in(own, name), False
    for each in list(table_in(own, "accounts").values()):
        if isinstance(each, Table):
            yield each, False
    for folder in list_in(own, "folders"):
        if isinstance(folder, Table):
            yield folder, folder.shared is not None
            yield from (
                (rule, False) for rule in list_in(folder, "rules") if isinstance(rule, Table)
            )


def _says_so(own: Table, gone: _Gone) -> bool:
    """Whether what is in force says the same as the person's own line that was taken out."""
    if gone.name == "folders":
        folder = gone.value
        return (
            isinstance(folder, Table)
            and folder.shared is not None
            and _holds(
                folder.shared, {name: value for name, value in folder.items() if name != "path"}
            )
        )
    in_force = gone.table.get(gone.name)
    if in_force is None and gone.spot.way[0] == "folders":
        in_force = table_in(own, "defaults").get(gone.name)
    return in_force is not None and _holds(in_force, gone.value)


def _holds(whole: Any, part: Any) -> bool:
    """Whether ``whole`` is ``part``, or a table with all that ``part`` has."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and _holds(whole[name], value) for name, value in part.items())
    return type(whole) is type(part) and bool(whole == part)


# -- the merge


def _put(table: Table, name: str, other: Table, its_name: str) -> None:
    """Put the machine's value below what ``table`` has."""
    if name not in table:
        table[name], table.moved[name] = other[its_name], other.at(its_name)
        return
    own, value = table[name], other[its_name]
    if name in types.ITEMS and isinstance(own, Table | Array) and isinstance(value, Table | Array):
        table[name] = _merge_items(own, value)
    elif isinstance(own, Table) and isinstance(value, Table):
        for each in value:
            _put(own, each, value, each)
    elif name == "ignore" and isinstance(own, Array) and isinstance(value, Array):
        for number, pattern in enumerate(value):
            own.moved[len(own)] = value.at(number)
            own.append(pattern)


def _merge_items(own: Table | Array, value: Table | Array) -> Table | Array:
    """Tags or metadatas by name, in whichever of their two forms they are written."""
    mine, base = _by_name(own), _by_name(value)
    if mine is None or base is None:
        return own
    found = {**base, **mine}
    merged = Table({name: found[name][0] for name in (*mine, *base)})
    merged.spot, merged.moved = own.spot, {name: spot for name, (_, spot) in found.items()}
    return merged


def _by_name(items: Table | Array) -> dict[str, tuple[Any, Spot]] | None:
    """Name → (value, its place); None where it is not well formed."""
    if isinstance(items, Table):
        return {name: (value, items.at(name)) for name, value in items.items()}
    found: dict[str, tuple[Any, Spot]] = {}
    for each in items:
        if not isinstance(each, Table) or each.keys() != {"name", "value"}:
            return None
        if not isinstance(each["name"], str) or each["name"] in found:
            return None
        found[each["name"]] = (each["value"], each.spot)
    return found


def _put_accounts(machine: Table, own: Table, locks: Collection[Lock]) -> None:
    """Put each account below the person's of that name, however that is written."""
    spelled = {name: (table, key) for name, table, key in accounts_of(own)}
    known = {name for name, *_ in accounts_of(machine)}
    for name, table, key in accounts_of(machine):
        target, its_key = spelled.get(name, (own, key))
        if name not in spelled and table is not machine:
            target = own.setdefault("accounts", placed({}, machine.at("accounts")))
        if isinstance(target, Table):
            _put(target, its_key, table, key)
    # A locked key of an account that only the person has is that of the machine's account.
    general = table_in(machine, "account")
    for name, (table, key) in spelled.items():
        account = table.get(key)
        if name not in known and isinstance(account, Table):
            for lock in locks:
                if lock[0] == "account" and lock[-1] in general and lock[-1] not in account:
                    _put(account, lock[-1], general, lock[-1])


def _put_folders(machine: Table, own: Table) -> None:
    base = list_in(machine, "folders")
    if not base or not isinstance(own.get("folders", base), Array):
        return  # there are none, or the person's own is wrong, and said to be
    if "folders" not in own:
        own["folders"] = placed([], machine.at("folders"))
    folders = list_in(own, "folders")
    both = []
    for folder in folders:
        if isinstance(folder, Table) and (theirs := folder.shared) is not None:
            both.append(theirs)
            for name in theirs:
                _put(folder, name, theirs, name)
    for number, each in enumerate(base):
        if not any(each is theirs for theirs in both):
            folders.moved[len(folders)] = base.at(number)
            folders.append(each)
    _name_account(machine, own)


def _name_account(machine: Table, own: Table) -> None:
    """Folders of the machine's go to its account, whatever accounts a person has beside it."""
    names = [name for name, *_ in accounts_of(machine)]
    if len(names) != 1 or len(list(accounts_of(own))) < 2:
        return
    if "account" in table_in(machine, "defaults"):
        return
    for folder in list_in(own, "folders"):
        if isinstance(folder, Table) and "account" not in folder:
            theirs = folder.shared or folder
            if theirs.spot.source.is_machine:
                folder["account"], folder.moved["account"] = names[0], theirs.spot


# -- the list of what is locked


def read_locks(machine: Table, mistakes: Mistakes) -> frozenset[Lock]:
    """What ``locked`` of a machine-wide configuration says; nonsense goes to ``mistakes``."""
    names = machine.get(types.LOCKED, [])
    if not isinstance(names, list):
        said = msg(
            '{item} is not a list of names like ["account.api_url", "log_level"]', item=shown(names)
        )
        mistakes.add(machine.at(types.LOCKED), said)
        return frozenset()
    known, ambiguous = _lockable(list(table_in(machine, "accounts")))
    found = set()
    for number, name in enumerate(names):
        lock = known.get(name) if isinstance(name, str) else None
        if lock is None:
            said = _why_unknown(name, known, ambiguous)
        elif missing := _find_missing(lock, machine):
            said = msg("locks {key}, which everybody needs and this file does not set", key=missing)
        else:
            found.add(lock)
            continue
        mistakes.add(machine.at(types.LOCKED, number), said)
    return frozenset(found)


def _lockable(accounts: list[str]) -> tuple[dict[str, Lock], dict[str, list[str]]]:
    """Every name that can be locked; and those that could mean several, with what."""
    known: dict[str, Lock] = {table: (table,) for table in _WHOLE}
    known["accounts"] = ("account",)
    known |= {name: (name,) for name in types.GENERAL}
    meanings: dict[str, list[str]] = {}
    for table, names in _KEYS:
        for name in names:
            known[f"{table}.{name}"] = (table, name)
            if table != "folders":
                meanings.setdefault(name, []).append(f"{table}.{name}")
    for account in accounts:
        known[f"accounts.{account}"] = ("accounts", account)
        known |= {f"accounts.{account}.{key}": ("accounts", account, key) for key in types.ACCOUNT}
    short = {name: known[full[0]] for name, full in meanings.items() if len(full) == 1}
    return {**short, **known}, {name: full for name, full in meanings.items() if len(full) > 1}


def _why_unknown(
    name: object, known: Mapping[str, Lock], several: Mapping[str, list[str]]
) -> Message:
    item = shown(name)
    if not isinstance(name, str):
        return msg("{item} is not the name of a key", item=item)
    if name == "defaults":
        return msg(
            "{item} cannot be locked as a whole; lock its keys, like defaults.existing", item=item
        )
    if name in several:
        return msg(
            "{item} is the name of several keys; write {names:or}",
            item=item,
            names=tuple(several[name]),
        )
    return msg(
        "{item} is not the name of a key that can be locked{hint}",
        item=item,
        hint=nearest(name, known),
    )


def _find_missing(lock: Lock, machine: Table) -> str:
    """What everybody would miss, as nobody else may write it; "" if nothing."""
    if lock in (("account",), ("account", "email")):
        accounts = [table_in(table, key) for _, table, key in accounts_of(machine)]
        return "" if any("email" in each for each in accounts) else "account.email"
    if lock[0] == "accounts" and lock[2:] in ((), ("email",)):
        account = table_in(table_in(machine, "accounts"), lock[1])
        return "" if "email" in account else f"accounts.{lock[1]}.email"
    if lock == ("defaults", "source_key"):
        return "" if "source_key" in table_in(machine, "defaults") else "defaults.source_key"
    return ""
