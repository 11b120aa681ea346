"""From files to settings, with every mistake at once."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from watcher.config import checks, types
from watcher.config.characters import is_unseen, name_unseen
from watcher.config.layers import Lock, Merged, accounts_of, is_locked, merge, read_locks
from watcher.config.machine import Layer, MachineFile, find_layer
from watcher.config.mistakes import HIDDEN, Mistakes, hide_secrets, nearest, shown
from watcher.config.nodes import Array, Table, placed
from watcher.config.paths import is_absent
from watcher.config.places import (
    PATHS,
    check_overlaps,
    check_target,
    expand,
    find_obstacle,
    is_in,
    place_of,
)
from watcher.config.text import parse, read_text
from watcher.i18n.message import Message, msg, plural
from watcher.model.errors import ConfigError
from watcher.model.settings import (
    Account,
    Config,
    Folder,
    Hooks,
    Notifications,
    Rule,
    Webhook,
    replaced,
)
from watcher.routing.rules import filing_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from watcher.config.lines import Way

    Check = Callable[[Mapping[str, Any], Table, Mistakes], None]

_MISSING: Final = msg("is missing")
_ACCOUNT_NAME = re.compile(r"\w[\w.@ -]*\Z")


class Origin(NamedTuple):
    """Where the value of a key comes from, in words and as "machine", "user" or "default".

    ``is_locked``: a person cannot change it.
    """

    text: str = "built-in default"
    layer: str = "default"
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as they were read, and where each key's value comes from.

    ``machine`` is the machine-wide configuration's path, "" if there is none. ``has_own``: the
    person has one.
    """

    path: str
    config: Config
    warnings: tuple[Message, ...]
    origins: Mapping[str, Origin]
    machine: str
    has_own: bool


def load(
    path: str,
    *,
    environ: Mapping[str, str],
    home: str,
    state_dir: str = "",
    machine: MachineFile | None = None,
) -> Loaded:
    """Read the configuration at ``path``; ConfigError with every mistake in it.

    ``environ`` and ``home`` are what variables and ``~`` stand for; ``state_dir`` is where the
    program keeps its own files, which is never watched. With a ``machine``-wide configuration
    there need not be one at ``path``.
    """
    layer = find_layer(machine)
    text = None if layer is not None and is_absent(path) else read_text(path)
    return load_text(path, text, environ=environ, home=home, state_dir=state_dir, layer=layer)


def load_text(
    path: str,
    text: str | None,
    *,
    environ: Mapping[str, str],
    home: str,
    state_dir: str = "",
    layer: Layer | None = None,
) -> Loaded:
    """The same for a text that is to stand at ``path``; None if there is none."""
    own, mistakes = parse(path, text or ""), Mistakes()
    if types.LOCKED in own:
        said = msg("belongs in the machine-wide configuration, for everybody")
        mistakes.add(own.at(types.LOCKED), said)
        del own[types.LOCKED]
    hide_secrets(own, mistakes)
    if layer is not None:  # what is wrong there is said, though a person's own may hide it
        alone, first = layer.tables(), Mistakes()
        read_locks(alone, first)
        hide_secrets(alone, first)
        alone.pop(types.LOCKED, None)
        Builder(first, environ, home, state_dir, path=layer.path, is_partial=True).build(alone)
        mistakes.absorb(first)
    merged = put_together(own, layer, environ, home)
    builder = Builder(mistakes, environ, home, state_dir, path=path, locks=merged.locks)
    config = builder.build(merged.tables)
    if config is None:
        _fail(path, mistakes, layer, has_own=text is not None)
    remarks = tuple(
        mistakes.warn(
            spot, msg("has no effect, as {path} locks it for this machine", path=layer.path)
        )
        for spot in sorted(merged.idle, key=lambda each: each.line)
        if layer is not None
    )
    return Loaded(
        path,
        replaced(config, remarks=remarks),
        mistakes.warnings,
        builder.origins,
        layer.path if layer else "",
        text is not None,
    )


def put_together(own: Table, layer: Layer | None, environ: Mapping[str, str], home: str) -> Merged:
    """A person's own tables on those of the machine, if it has any."""
    if layer is None:
        return Merged(own)
    machine = layer.tables()
    locks = read_locks(machine, Mistakes())
    hide_secrets(machine, Mistakes())
    return merge(
        machine,
        own,
        locks,
        lambda folder: (
            place_of(folder.get("path"), environ, home) if isinstance(folder, Table) else ""
        ),
    )


def _fail(path: str, mistakes: Mistakes, layer: Layer | None, *, has_own: bool) -> NoReturn:
    texts, unfinished = mistakes.texts, mistakes.is_unfinished
    by_machine = layer is not None and not unfinished and not mistakes.is_own
    said = plural("1 mistake", "{count:count} mistakes", len(texts))
    title = msg("The configuration {path} has {what}.", path=path, what=said)
    hint = msg("Correct the file and check it again with: hrflow-watcher config check")
    if layer and by_machine:
        title = msg("The machine-wide configuration {path} has {what}.", path=layer.path, what=said)
        hint = msg(
            "Whoever looks after this machine can correct the file and check it again"
            " with: hrflow-watcher config check"
        )
    elif layer and unfinished and not has_own:
        title = msg(
            "The machine-wide configuration {path} leaves something to you.", path=layer.path
        )
        hint = msg("Have it written by: hrflow-watcher setup")
    elif layer:
        title = msg(
            "The configuration {path} on top of {place} has {what}.",
            path=path,
            place=layer.path,
            what=said,
        )
    raise ConfigError(title, hint, texts, unfinished=unfinished, by_machine=by_machine)


# -- accounts, defaults, folders and rules, put together key by key


class Builder:
    """Builds the settings from tables; what is wrong goes to ``mistakes``.

    ``is_partial``: they are those of one of two files, and what is missing may stand in the other.
    """

    def __init__(
        self,
        mistakes: Mistakes,
        environ: Mapping[str, str],
        home: str,
        state_dir: str = "",
        *,
        path: str = "",
        locks: Collection[Lock] = (),
        is_partial: bool = False,
    ) -> None:
        self._mistakes = mistakes
        self._environ = environ
        self._home = home
        self._state_dir = state_dir
        self._path = path
        self._locks = locks
        self._is_partial = is_partial
        self._accounts: list[str] = []
        self.origins: dict[str, Origin] = {}

    def build(self, tables: Table) -> Config | None:
        """The settings, or None where there are mistakes."""
        general = types.read_values(tables, types.GENERAL, self._mistakes, known=types.TOP)
        self._note_origins(types.GENERAL, "", tables, ())
        notifications = self._plain(
            tables, "notifications", types.NOTIFICATIONS, checks.check_notifications
        )
        webhook = self._plain(tables, "webhook", types.WEBHOOK, checks.check_webhook)
        hooks = self._plain(tables, "hooks", types.HOOKS, checks.check_hooks)
        accounts = self._read_accounts(tables)
        defaults = self._table(tables, "defaults")
        values = self._folder_values(defaults, types.DEFAULTS)
        folders = [
            self._folder(each, number, defaults, values)
            for number, each in enumerate(self._list(tables, "folders", "[[folders]]"))
        ]
        built = [each for each in folders if each is not None]
        check_overlaps([(table.at("path"), folder) for table, folder in built], self._mistakes)
        checks.check_sending(
            webhook, tables.at("webhook", "enabled"), [each for _, each in built], self._mistakes
        )
        if self._mistakes.texts:
            return None
        return Config(
            accounts=accounts,
            folders=tuple(folder for _, folder in built),
            notifications=Notifications(**notifications),
            webhook=Webhook(**webhook),
            hooks=Hooks(**hooks),
            **general,
        )

    def _plain(self, tables: Table, name: str, kinds: types.Kinds, check: Check) -> dict[str, Any]:
        """The values of a table that there is once, and that nothing else bears upon."""
        table = self._table(tables, name)
        values = types.read_values(table, kinds, self._mistakes)
        check(values, table, self._mistakes)
        self._note_origins(kinds, f"{name}.", table, (name,))
        return values

    # -- accounts

    def _read_accounts(self, tables: Table) -> tuple[Account, ...]:
        found = list(accounts_of(tables))
        several = tables.get("accounts", Table())
        if not isinstance(several, Table):
            if several is not HIDDEN:
                self._mistakes.add(
                    tables.at("accounts"), msg("write {names} tables", names="[accounts.NAME]")
                )
        elif not found and not self._is_partial:
            said = msg("there is no account: write an [account] table with your email")
            self._mistakes.miss(tables.spot, said)
        elif "account" in tables and types.DEFAULT_ACCOUNT in several:
            said = msg("[account] and [accounts.default] are the same account")
            self._mistakes.add(tables.at("account"), said)
        self._accounts = list(dict.fromkeys(name for name, *_ in found))
        accounts = [self._account(*each) for each in found]
        return tuple(account for account in accounts if account is not None)

    def _account(self, name: str, around: Table, key: str) -> Account | None:
        if around[key] is HIDDEN:
            return None
        if not _ACCOUNT_NAME.match(name):
            said = msg("an account's name is made of letters and digits")
            self._mistakes.add(around.at(key), said)
        table = self._table(around, key)
        values = types.read_values(table, types.ACCOUNT, self._mistakes)
        checks.check_account(values, table, self._mistakes)
        if isinstance(around[key], Table):
            self._note_missing(table, "email", {})
        if "email" not in values:
            return None
        self._note_origins(types.ACCOUNT, f"accounts.{name}.", table, table.spot.way)
        return Account(**values, name=name)

    def _check_account_name(self, values: Mapping[str, Any], table: Table) -> None:
        name = values.get("account")
        known = self._accounts
        if name is not None and known and name not in known and not self._is_partial:
            hint = nearest(name, known) or msg("; there is {names}", names=tuple(known))
            said = msg("there is no account {item}{hint}", item=shown(name), hint=hint)
            self._mistakes.add(table.at("account"), said)

    # -- folders

    def _folder_values(self, table: Table, kinds: types.Kinds) -> dict[str, Any]:
        """The values of a folder, or of the defaults."""
        values = types.read_values(table, kinds, self._mistakes)
        for name in PATHS:
            if name in values:
                values[name], problems = expand(values[name], self._environ, self._home)
                for problem in problems:
                    values.pop(name, None)
                    self._mistakes.add(table.at(name), problem)
        checks.check_folder(values, table, self._mistakes)
        self._check_account_name(values, table)
        return values

    def _folder(
        self, table: Table, number: int, defaults: Table, given: Mapping[str, Any]
    ) -> tuple[Table, Folder] | None:
        """A folder with its table; ``given`` are the values of ``defaults``."""
        own = self._folder_values(table, types.FOLDER)
        self._check_path(own, table, create=own.get("create", given.get("create")) is True)
        prefix = f"folders[{number + 1}]."
        self._note_origins(types.FOLDER, prefix, table, table.spot.way, defaults)
        values = _with_defaults(given, own)
        if len(self._accounts) == 1 and "account" not in values:
            values["account"] = self._accounts[0]
            origin = self.origins[f"{prefix}account"]
            self.origins[f"{prefix}account"] = origin._replace(text="the only account")
        for name in ("path", "source_key"):
            self._note_missing(table, name, defaults)
        if len(self._accounts) > 1:
            said = msg("is missing; name one of {names}", names=tuple(self._accounts))
            self._note_missing(table, "account", defaults, said)
        if "accept" in values:
            values["accept"] = checks.with_default(values["accept"])
        values["rules"] = tuple(
            self._rule(each) for each in self._list(table, "rules", "[[folders.rules]]")
        )
        if not {"path", "account", "source_key"} <= values.keys():
            return None
        folder = Folder(**values)
        for name in ("sent_folder", "refused_folder"):
            if name not in values and name not in filing_targets(folder):
                continue  # a file that happens to have that name is nobody's mistake
            place = defaults if name not in own and name in given else table
            check_target(folder.path, getattr(folder, name), self._mistakes, place.at(name))
        return table, folder

    def _rule(self, table: Table) -> Rule:
        values = types.read_values(table, types.RULE, self._mistakes)
        checks.check_rule(values, table, self._mistakes)
        return Rule(**values)

    def _check_path(self, values: dict[str, Any], table: Table, *, create: bool) -> None:
        """Check the folder's path, take it out where it is wrong, and bring it into one form."""
        path, spot = values.pop("path", None), table.at("path")
        if path is None:
            return
        if not os.path.isabs(path):
            said = msg('{item} is not a full path; begin it with "/" or "~/"', item=shown(path))
            self._mistakes.add(spot, said)
            return
        values["path"] = path = os.path.normpath(path)
        if problem := find_obstacle(path, self._home, self._state_dir, self._path):
            self._mistakes.add(spot, problem)
        elif create and not is_in(path, self._home):
            said = msg(
                "it is created in your home folder only: elsewhere a drive may just be missing"
            )
            self._mistakes.warn(table.at("create"), said)
        elif not os.path.lexists(path) and not create:
            self._mistakes.warn(spot, _absent(path))
        if "{user}" in path:
            said = msg("{item} is filled in texts only; write $USER in a path", item="{user}")
            self._mistakes.warn(spot, said)

    # -- any table

    def _table(self, around: Table | Array, key: str | int) -> Table:
        """A table in another one or in a list; an empty one if it is not there, or is none."""
        value = around.get(str(key)) if isinstance(around, Table) else around[int(key)]
        if isinstance(value, Table):
            return value
        if value is not None and value is not HIDDEN:
            self._mistakes.add(around.at(key), msg("write a table of keys here"))
        empty: Table = placed({}, around.at(key))
        return empty

    def _list(self, table: Table, name: str, header: str) -> list[Table]:
        """The folders at the top, or a folder's rules."""
        value = table.get(name)
        if isinstance(value, Array):
            tables = [self._table(value, number) for number in range(len(value))]
            return [each for each, raw in zip(tables, value, strict=True) if each is raw]
        if value is not None and value is not HIDDEN:
            self._mistakes.add(table.at(name), msg("write {names} tables", names=header))
        return []

    def _note_missing(
        self,
        table: Table,
        name: str,
        defaults: Mapping[str, Any],
        said: Message = _MISSING,
    ) -> None:
        if name not in table and name not in defaults and not self._is_partial:
            self._mistakes.miss(table.at(name), said)

    def _note_origins(
        self, kinds: types.Kinds, prefix: str, table: Table, way: Way, defaults: Table | None = None
    ) -> None:
        """``way`` is the table's, though it may not be written."""
        is_shared = table.shared is not None or table.spot.source.is_machine
        for name in kinds:
            locked = is_locked(self._locks, (*way, name), is_shared=is_shared)
            source = table if name in table else defaults
            if source is None or name not in source:
                self.origins[prefix + name] = Origin(is_locked=locked)
                continue
            spot, through = source.at(name), "[defaults] " if source is defaults else ""
            layer = "machine" if spot.source.is_machine else "user"
            self.origins[prefix + name] = Origin(f"{through}{spot}", layer, locked)


def _absent(path: str) -> Message:
    if unseen := next(filter(is_unseen, path), ""):
        return msg(
            "{path} is not there, and there is an invisible character in it, {character}",
            path=path,
            character=name_unseen(unseen),
        )
    return msg("{path} is not there yet; it is watched as soon as it is", path=path)


def _with_defaults(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A folder's values over the defaults; tags and metadatas by name, ``ignore`` adds."""
    merged = {**defaults, **own}
    for name in types.ITEMS & defaults.keys() & own.keys():
        by_name = {item.name: item for item in (*defaults[name], *own[name])}
        merged[name] = tuple(by_name.values())
    if "ignore" in defaults and "ignore" in own:
        merged["ignore"] = (*defaults["ignore"], *own["ignore"])
    return merged
