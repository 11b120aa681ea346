"""What a machine-wide configuration locks: names like ``account.api_url``, and what they reach.

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
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from watcher.config import keys
from watcher.config.english import msg
from watcher.config.mistakes import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes

Lock = tuple[str, ...]

#: Tables that may be locked as a whole.
_WHOLE: Final = ("account", "folders", "notifications", "webhook", "hooks")
_KEYS: Final = MappingProxyType(
    {
        "account": keys.ACCOUNT,
        "defaults": keys.DEFAULTS,
        "folders": tuple(name for name in keys.FOLDER if name != "path"),
        "notifications": keys.NOTIFICATIONS,
        "webhook": keys.WEBHOOK,
        "hooks": keys.HOOKS,
    }
)


def read_locks(raw: Mapping[str, Any], mistakes: Mistakes) -> frozenset[Lock]:
    """What ``locked`` of a machine-wide configuration says; what makes no sense goes to
    ``mistakes``.
    """  # noqa: D205 - one sentence
    names = raw.get(keys.LOCKED, [])
    if not isinstance(names, list):
        said = msg(
            '{item} is not a list of names like ["account.api_url", "log_level"]', item=shown(names)
        )
        mistakes.add((keys.LOCKED,), said)
        return frozenset()
    known, ambiguous = _lockable(_names_of_accounts(raw))
    found = set()
    for number, name in enumerate(names):
        lock = known.get(name) if isinstance(name, str) else None
        if lock is None:
            said = _why_unknown(name, known, ambiguous)
        elif missing := _find_missing(lock, raw):
            said = msg("locks {key}, which everybody needs and this file does not set", key=missing)
        else:
            found.add(lock)
            continue
        mistakes.add((keys.LOCKED, number), said)
    return frozenset(found)


def reach(lock: Lock, own: Mapping[str, Any], shared: Collection[int]) -> Iterator[Way]:
    """Where a person's own configuration may say something that ``lock`` takes the effect of.

    ``own`` are its raw tables; ``shared`` the numbers of those of its folders that the machine's
    configuration names as well.
    """
    folders = own.get("folders")
    numbers = range(len(folders)) if isinstance(folders, list) else range(0)
    match lock:
        case ("account",):
            yield from (("account",), ("accounts",))
        case ("account", key):
            yield from ((*way, key) for _, way in tables_of_accounts(own))
        case ("accounts", name, *more):
            yield from ((*way, *more) for each, way in tables_of_accounts(own) if each == name)
        case ("folders",):
            yield from (("folders", number) for number in numbers)
        case ("folders", key):
            yield from (("folders", number, key) for number in numbers if number in shared)
        case ("defaults", key):
            yield lock
            yield from _reach_folders(key, folders if isinstance(folders, list) else [])
        case _:
            yield lock


def is_locked(locks: Collection[Lock], way: Way, *, shared: bool) -> bool:
    """Whether the key at ``way`` is out of reach.

    ``shared``: it is that of a folder which the machine's configuration names.
    """
    key = str(way[-1])
    candidates: list[Lock] = [(str(way[0]),), tuple(map(str, way))]
    if way[0] in ("account", "accounts"):
        name = keys.DEFAULT_ACCOUNT if way[0] == "account" else str(way[1])
        candidates += [("account",), ("account", key), ("accounts", name), ("accounts", name, key)]
    elif way[0] == "folders":
        candidates += [("defaults", key)]
        candidates += [("folders", key)] if shared else []
    return any(each in locks for each in candidates)


def tables_of_accounts(raw: Mapping[str, Any]) -> Iterator[tuple[str, Way]]:
    """(name, way) of each account."""
    if "account" in raw:
        yield keys.DEFAULT_ACCOUNT, ("account",)
    several = raw.get("accounts")
    if isinstance(several, dict):
        yield from ((name, ("accounts", name)) for name in several)


# -- inside


def _reach_folders(key: str, folders: list[Any]) -> Iterator[Way]:
    for number, folder in enumerate(folders):
        yield ("folders", number, key)
        rules = folder.get("rules") if isinstance(folder, dict) else None
        if key in keys.RULE and key != "ignore" and isinstance(rules, list):
            yield from (("folders", number, "rules", rule, key) for rule in range(len(rules)))


def _names_of_accounts(raw: Mapping[str, Any]) -> list[str]:
    return [str(way[1]) for _, way in tables_of_accounts(raw) if way[0] == "accounts"]


def _lockable(accounts: list[str]) -> tuple[dict[str, Lock], dict[str, list[str]]]:
    """Every name that can be locked; and those that could mean several, with what."""
    known: dict[str, Lock] = {table: (table,) for table in _WHOLE}
    known["accounts"] = ("account",)
    known |= {name: (name,) for name in keys.GENERAL}
    for table, names in _KEYS.items():
        known |= {f"{table}.{name}": (table, name) for name in names}
    for account in accounts:
        known[f"accounts.{account}"] = ("accounts", account)
        known |= {f"accounts.{account}.{key}": ("accounts", account, key) for key in keys.ACCOUNT}
    meanings: dict[str, list[str]] = {}
    for full in [name for name in known if name.count(".") == 1]:
        table, key = full.split(".")
        if table not in ("folders", "accounts"):
            meanings.setdefault(key, []).append(full)
    short = {key: known[full[0]] for key, full in meanings.items() if len(full) == 1}
    return {**short, **known}, {key: full for key, full in meanings.items() if len(full) > 1}


def _why_unknown(name: object, known: Mapping[str, Lock], several: Mapping[str, list[str]]) -> str:
    item = shown(name)
    if not isinstance(name, str):
        return msg("{item} is not the name of a key", item=item)
    if name == "defaults":
        return msg(
            "{item} cannot be locked as a whole; lock its keys, like defaults.existing", item=item
        )
    if name in several:
        return msg(
            "{item} is the name of several keys; write {disks}",
            item=item,
            disks=" or ".join(several[name]),
        )
    return msg("{item} is not the name of a key that can be locked", item=item) + nearest(
        name, known
    )


def _find_missing(lock: Lock, raw: Mapping[str, Any]) -> str:
    """What everybody would miss, as nobody else may write it; "" if nothing."""
    if lock in (("account",), ("account", "email")):
        accounts = [_dig(raw, each) for _, each in tables_of_accounts(raw)]
        is_there = any(isinstance(each, dict) and "email" in each for each in accounts)
        return "" if is_there else "account.email"
    if lock[0] == "accounts" and lock[2:] in ((), ("email",)):
        return "" if _dig(raw, (*lock[:2], "email")) else f"accounts.{lock[1]}.email"
    if lock == ("defaults", "source_key"):
        return "" if _dig(raw, lock) else "defaults.source_key"
    return ""


def _dig(raw: Any, way: Way) -> Any:
    for part in way:
        raw = raw.get(part) if isinstance(raw, dict) else None
    return raw
