"""Two configurations put together: the machine's, and a person's own that refines it.

The person's value wins, key by key: tables are merged, tags and metadatas by name, ``ignore`` adds,
any other list is replaced. The machine's folders come behind the person's own; the same place in
both is one folder, whose keys the person's own refines. What is locked stays as the machine has it.

Nothing here looks at values: what is wrong is found in the result, and said of the file that a key
comes from.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watcher.config import keys
from watcher.config.locks import Lock, is_locked, reach, tables_of_accounts
from watcher.config.values import ITEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from watcher.config.lines import Way


@dataclass
class Merged:
    """``raw`` are the tables of both; ways in it are those of the person's own configuration.

    ``taken``: of what comes from the machine's configuration, its way there. ``idle``: of the
    person's own, what has no effect because it is locked. ``shared``: numbers of folders that the
    machine's names as well, with their numbers there.
    """

    raw: dict[str, Any]
    taken: dict[Way, Way] = field(default_factory=dict)
    idle: list[tuple[Way, Lock]] = field(default_factory=list)
    shared: dict[int, int] = field(default_factory=dict)
    locks: Collection[Lock] = ()

    def is_locked(self, way: Way) -> bool:
        """Whether the person's own configuration cannot change the key at ``way``."""
        is_folder = way[0] == "folders" and len(way) > 1
        shared = is_folder and (way[1] in self.shared or ("folders", way[1]) in self.taken)
        return bool(self.locks) and is_locked(self.locks, way, shared=shared)


def merge(
    machine: Mapping[str, Any],
    own: Mapping[str, Any],
    locks: Collection[Lock],
    place_of: Callable[[Any], str],
) -> Merged:
    """The person's ``own`` tables on those of the ``machine``.

    ``place_of`` says of a folder's table where it leads, "" where that is not known.
    """
    merged = Merged(copy.deepcopy(dict(own)), locks=locks)
    base = {name: value for name, value in machine.items() if name != keys.LOCKED}
    places = [place_of(each) for each in _list(base)]
    shared = {
        number: places.index(place)
        for number, each in enumerate(_list(own))
        if (place := place_of(each)) and place in places
    }
    gone = _take_out(merged.raw, own, locks, shared)
    _Merge(base, merged).run({number: at for number, at in shared.items() if _list(merged.raw)})
    merged.idle = [
        (way, lock) for way, lock, value in gone if not _says_so(merged, base, way, value, shared)
    ]
    return merged


# -- what is locked


def _take_out(
    raw: dict[str, Any], own: Mapping[str, Any], locks: Collection[Lock], shared: Collection[int]
) -> list[tuple[Way, Lock, Any]]:
    """Take what is locked out of the person's own tables; gives what that was."""
    found = {way: lock for lock in sorted(locks) for way in reach(lock, own, shared)}
    gone = []
    for way in sorted(found, key=len):
        table = _dig(raw, way[:-1])
        if isinstance(table, dict) and way[-1] in table:
            gone.append((way, found[way], table.pop(way[-1])))
    if ("folders",) in locks and _list(raw):
        gone += [(("folders", at), ("folders",), each) for at, each in enumerate(_list(raw))]
        raw["folders"] = []
    return gone


def _says_so(
    merged: Merged, base: Mapping[str, Any], way: Way, value: Any, shared: Mapping[int, int]
) -> bool:
    """Whether what is in force says the same as the person's own line that was taken out."""
    if len(way) == 2 and way[0] == "folders":
        number = shared.get(int(way[1]), -1)
        return number >= 0 and _holds(_list(base)[number], value, but="path")
    in_force = _dig(merged.raw, way)
    if in_force is None and way[0] == "folders":
        in_force = _dig(merged.raw, ("defaults", way[-1]))
    return in_force is not None and _holds(in_force, value)


def _holds(whole: Any, part: Any, but: str = "") -> bool:
    """Whether ``whole`` is ``part``, or a table with all that ``part`` has."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(
            name in whole and _holds(whole[name], value)
            for name, value in part.items()
            if name != but
        )
    return type(whole) is type(part) and bool(whole == part)


# -- the tables


@dataclass
class _Merge:
    """Puts the machine's tables below those that are in ``merged``."""

    base: Mapping[str, Any]
    merged: Merged

    def run(self, shared: Mapping[int, int]) -> None:
        raw, taken = self.merged.raw, self.merged.taken
        for name, value in self.base.items():
            if name not in ("account", "accounts", "folders"):
                self._put(raw, name, value, (name,), (name,))
        self._put_accounts()
        if not isinstance(raw.get("folders", []), list) or not _list(self.base):
            return  # the person's own is wrong, and said to be
        folders = raw.setdefault("folders", [])
        for number, at in shared.items():
            self._put(folders, number, _list(self.base)[at], ("folders", at), ("folders", number))
        self.merged.shared = dict(shared)
        for at, folder in enumerate(_list(self.base)):
            if at not in shared.values():
                taken["folders", len(folders)] = ("folders", at)
                folders.append(copy.deepcopy(folder))
        self._name_account()

    def _put(self, table: Any, name: Any, value: Any, source: Way, way: Way) -> None:
        """Put the machine's ``value`` below what ``table`` has; ``source`` is its way there."""
        if isinstance(table, dict) and name not in table:
            table[name] = copy.deepcopy(value)
            self.merged.taken[way] = source
            return
        own = table[name]
        if name in ITEMS and isinstance(value, list | dict) and isinstance(own, list | dict):
            table[name] = self._items(value, own, source, way)
        elif isinstance(own, dict) and isinstance(value, dict):
            for each, inner in value.items():
                self._put(own, each, inner, (*source, each), (*way, each))
        elif name == "ignore" and isinstance(own, list) and isinstance(value, list):
            for at, pattern in enumerate(value):
                self.merged.taken[*way, len(own)] = (*source, at)
                own.append(pattern)

    def _items(self, value: Any, own: Any, source: Way, way: Way) -> Any:
        """Tags or metadatas by name, in whichever of their two forms they are written."""
        mine, base = _by_name(own), _by_name(value)
        if mine is None or base is None:
            return own
        for name, (part, each) in base.items():
            if name not in mine:
                mine[name] = (name, each)
                self.merged.taken[*way, name] = (*source, part)
        return {name: each for name, (_, each) in mine.items()}

    def _put_accounts(self) -> None:
        raw = self.merged.raw
        spelled = dict(tables_of_accounts(raw))
        general = _table(self.base, "account")
        for name, source in tables_of_accounts(self.base):
            way = spelled.get(name, source)
            table = raw if len(way) == 1 else raw.setdefault("accounts", {})
            if isinstance(table, dict):
                self._put(table, way[-1], _dig(self.base, source), source, way)
        for lock in self.merged.locks:
            if len(lock) == 2 and lock[0] == "account" and lock[1] in general:
                known = {name for name, _ in tables_of_accounts(self.base)}
                theirs = [way for name, way in spelled.items() if name not in known]
                self._lend(lock[1], general, theirs)

    def _lend(self, key: str, general: Mapping[str, Any], ways: Iterable[Way]) -> None:
        """A locked key of an account that only the person has is that of the machine's account."""
        for way in ways:
            table = _dig(self.merged.raw, way)
            if isinstance(table, dict) and key not in table:
                table[key] = general[key]
                self.merged.taken[*way, key] = ("account", key)

    def _name_account(self) -> None:
        """Folders of the machine's go to its account, whatever accounts a person has beside it."""
        raw, taken = self.merged.raw, self.merged.taken
        names = [name for name, _ in tables_of_accounts(self.base)]
        if len(names) != 1 or len(list(tables_of_accounts(raw))) < 2:
            return
        if "account" in _table(self.base, "defaults"):
            return
        for number, folder in enumerate(raw["folders"]):
            source = taken.get(("folders", number))
            if number in self.merged.shared:
                source = ("folders", self.merged.shared[number])
            if source and isinstance(folder, dict) and "account" not in folder:
                folder["account"] = names[0]
                taken["folders", number, "account"] = source


def _by_name(items: Any) -> dict[str, tuple[Any, Any]] | None:
    """Name → (its part of the way, value); None where it is not well formed."""
    if isinstance(items, dict):
        return {name: (name, value) for name, value in items.items()}
    found: dict[str, tuple[Any, Any]] = {}
    for number, each in enumerate(items):
        if not isinstance(each, dict) or set(each) != {"name", "value"}:
            return None
        if not isinstance(each["name"], str) or each["name"] in found:
            return None
        found[each["name"]] = (number, each["value"])
    return found


def _table(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = raw.get(name)
    return table if isinstance(table, dict) else {}


def _list(raw: Mapping[str, Any]) -> list[Any]:
    folders = raw.get("folders")
    return folders if isinstance(folders, list) else []


def _dig(raw: Any, way: Way) -> Any:
    for part in way:
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw
