"""From files to settings, with every mistake at once, and where each value comes from."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from msgspec import Struct, field, to_builtins
from msgspec.structs import asdict, replace

from watcher.config import checks, types
from watcher.config.layers import (
    Lock,
    Merged,
    fill_up,
    folder_key_path,
    is_locked,
    merge,
    normalize,
    read_locks,
)
from watcher.config.machine import ASK_THE_ADMINISTRATOR, Layer, MachineFile, find_layer
from watcher.config.mistakes import Mistakes, nearest, shown
from watcher.config.paths import (
    PATHS,
    PathContext,
    check_overlaps,
    find_target_problem,
    is_absent,
    leads_into,
    on_disk,
)
from watcher.config.toml import Table, parse, read_text, table_in, tables_in
from watcher.i18n.message import Message, msg, plural
from watcher.model.errors import ConfigError
from watcher.model.settings import Account, Config, Folder, Rule, Settings
from watcher.routing.ignored import filing_targets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from watcher.config.mistakes import Location

_MISSING: Final = msg("is missing")
_ACCOUNT_NAME = re.compile(r"\w[\w.@ -]*\Z")


class Origin(NamedTuple):
    """Where the value of a key comes from, in words and as "machine", "user" or "default".

    ``is_locked``: a person cannot change it.
    """

    text: str = "built-in default"
    layer: str = "default"
    is_locked: bool = False


class Loaded(Struct, frozen=True):
    """Settings as they were read, and where each key's value comes from.

    ``absent`` has a sentence for each watched folder that does not exist yet. ``machine`` is the
    system-wide configuration's path, "" if there is none. ``has_own``: the person has one.
    """

    path: str
    config: Config
    warnings: tuple[Message, ...]
    absent: tuple[Message, ...]
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

    ``environ``, ``home`` and ``state_dir`` are those of :class:`PathContext`. With a
    ``machine``-wide configuration there need not be one at ``path``.
    """
    layer = find_layer(machine)
    text = None if layer is not None and is_absent(path) else read_text(path)
    return load_text(path, text, PathContext(environ, home, state_dir), layer)


def load_text(path: str, text: str | None, paths: PathContext, layer: Layer | None) -> Loaded:
    """Do the same for a text that is to stand at ``path``; None if there is none."""
    own, mistakes = parse(path, text or ""), Mistakes()
    if types.LOCKED in own:
        said = msg("is only allowed in the system-wide configuration")
        mistakes.add(own.at(types.LOCKED), said)
        del own[types.LOCKED]
    merged = put_together(own, layer, paths, mistakes)
    if layer is not None:  # what is wrong there is said, though a person's own may hide it
        first = Mistakes()
        alone, _ = _read_machine(layer, first)
        Builder(first, paths, path=layer.path, is_partial=True).build(alone)
        mistakes.absorb(first)
    builder = Builder(mistakes, paths, path=path, locks=merged.locks)
    config = builder.build(merged.tables)
    if config is None:
        _fail(path, mistakes, layer, has_own=text is not None)
    no_effect = msg("has no effect, because {path} locks it for this computer", path=merged.machine)
    remarks = [
        mistakes.warn(location, no_effect)
        for location in sorted(merged.ineffective, key=lambda location: location.line)
    ]
    return Loaded(
        path,
        replace(config, remarks=tuple(remarks)),
        mistakes.warnings,
        mistakes.absent,
        builder.origins,
        merged.machine,
        text is not None,
    )


def put_together(own: Table, layer: Layer | None, paths: PathContext, mistakes: Mistakes) -> Merged:
    """Put a person's own tables, whose form is checked, on those of the machine, if it has any."""
    normalize(own, mistakes)
    if layer is None:
        return Merged(own)
    machine, locks = _read_machine(layer, Mistakes())
    return merge(machine, own, locks, lambda table: paths.place_of(table.get("path")))


def _read_machine(layer: Layer, mistakes: Mistakes) -> tuple[Table, frozenset[Lock]]:
    machine = layer.tables()
    normalize(machine, mistakes)
    return machine, read_locks(machine, mistakes)


def _fail(path: str, mistakes: Mistakes, layer: Layer | None, *, has_own: bool) -> NoReturn:
    texts, unfinished = mistakes.texts, mistakes.is_unfinished
    by_machine = layer is not None and not unfinished and not mistakes.is_own
    said = plural("1 mistake", "{count:count} mistakes", len(texts))
    title = msg("The configuration {path} has {what}.", path=path, what=said)
    hint = msg("Correct the file and check it again with: {hrflow_watcher} config check")
    if layer and by_machine:
        title = msg("The system-wide configuration {path} has {what}.", path=layer.path, what=said)
        hint = ASK_THE_ADMINISTRATOR
    elif layer and unfinished and not has_own:
        title = msg(
            "The system-wide configuration {path} leaves some settings for you to choose.",
            path=layer.path,
        )
        hint = msg("Choose them with: {hrflow_watcher} setup")
    raise ConfigError(title, hint, texts, unfinished=unfinished, by_machine=by_machine)


# -- from tables to settings


class Builder(Struct):
    """Builds the settings from tables; what is wrong goes to ``mistakes``.

    ``path`` is the configuration's own. ``is_partial``: the tables are those of one of two files,
    and what is missing may stand in the other.
    """

    mistakes: Mistakes
    paths: PathContext
    path: str = ""
    locks: Collection[Lock] = ()
    is_partial: bool = False
    accounts: list[str] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)

    def build(self, tables: Table) -> Config | None:
        """Return the settings, or None where there are mistakes."""
        values = self._values(Config, types.GENERAL, tables, types.TOP)
        self._note_origins(types.GENERAL, "", tables, ())
        for name, kind in types.SINGLE.items():
            keys, table = types.fields_of(kind), table_in(tables, name)
            values[name] = kind(**self._values(kind, keys, table))
            self._note_origins(keys, f"{name}.", table, (name,))
        values["accounts"] = self._read_accounts(tables)
        defaults = table_in(tables, "defaults")
        self._folder_values(defaults, types.DEFAULTS)
        for name in defaults.keys() - types.DEFAULTS.keys():
            del defaults[name]
        folders: list[tuple[Location, Folder]] = []
        for number, table in enumerate(tables_in(tables, "folders"), 1):
            fill_up(table, defaults)
            if folder := self._folder(table, f"folders[{number}]."):
                folders.append((table.at("path"), folder))
        check_overlaps(folders, self.mistakes)
        values["folders"] = tuple(folder for _, folder in folders)
        if not checks.is_sent(values["webhook"], values["folders"]):
            said = msg(
                "HrFlow sends no webhooks for any folder; set webhook_parsing_sending ="
                " true in [defaults]"
            )
            self.mistakes.warn(tables.at("webhook", "enabled"), said)
        return None if self.mistakes.texts else Config(**values)

    # -- accounts

    def _read_accounts(self, tables: Table) -> tuple[Account, ...]:
        several = table_in(tables, "accounts")
        self.accounts = list(several)
        if not several and not self.is_partial:
            said = msg("there is no account; add an [account] table with your email")
            self.mistakes.add(tables.location, said, is_missing=True)
        found = [self._account(name, several) for name in several]
        return tuple(account for account in found if account is not None)

    def _account(self, name: str, around: Table) -> Account | None:
        if not _ACCOUNT_NAME.match(name):
            said = msg("an account's name must be made of letters and digits")
            self.mistakes.add(around.at(name), said)
        table: Table = around[name]
        values = self._values(Account, types.ACCOUNT, table)
        self._note_origins(types.ACCOUNT, f"accounts.{name}.", table, ("accounts", name))
        self._note_missing(table, "email")
        return Account(**values, name=name) if "email" in values else None

    def _check_account_name(self, values: Mapping[str, Any], table: Table) -> None:
        name = values.get("account")
        known = self.accounts
        if name is not None and known and name not in known and not self.is_partial:
            hint = nearest(name, known) or msg("; the accounts are {names}", names=tuple(known))
            said = msg("there is no account {item}{hint}", item=shown(name), hint=hint)
            self.mistakes.add(table.at("account"), said)

    # -- folders

    def _folder_values(self, table: Table, kinds: types.Kinds) -> dict[str, Any]:
        """Return the values of a folder, or of the defaults."""
        values = self._values(Folder, kinds, table)
        for name in PATHS:
            if name in values:
                values[name], problems = self.paths.expand(values[name])
                for problem in problems:
                    values.pop(name, None)
                    self.mistakes.add(table.at(name), problem)
        self._check_account_name(values, table)
        return values

    def _folder(self, table: Table, prefix: str) -> Folder | None:
        """Return the folder of a table that has what the defaults say as well."""
        values = self._folder_values(table, types.FOLDER)
        self._check_path(values, table)
        self._note_origins(types.FOLDER, prefix, table, folder_key_path(table))
        for name in ("path", "source_key"):
            self._note_missing(table, name)
        if len(self.accounts) > 1:
            said = msg("is missing; choose one of {names}", names=tuple(self.accounts))
            self._note_missing(table, "account", said)
        elif self.accounts and "account" not in values:
            values["account"] = self.accounts[0]
            origin = self.origins[f"{prefix}account"]
            self.origins[f"{prefix}account"] = origin._replace(text="the only account")
        if "accept" in values:
            values["accept"] = checks.with_default(values["accept"])
        values["rules"] = tuple(map(self._rule, tables_in(table, "rules")))
        if not {"path", "account", "source_key"} <= values.keys():
            return None
        folder = Folder(**values)
        for name in ("sent_folder", "refused_folder"):
            # Else a file that happens to have that name is nobody's mistake.
            if name in values or name in filing_targets(folder):
                problem = find_target_problem(folder.path, getattr(folder, name))
                self.mistakes.add(table.at(name), problem)
        return folder

    def _rule(self, table: Table) -> Rule:
        values = self._values(Rule, types.RULE, table)
        self._note(checks.check_rule(values, has_match="match" in table), table)
        return Rule(**values)

    def _check_path(self, values: dict[str, Any], table: Table) -> None:
        """Check the folder's path, take it out where it is wrong, and bring it into one form."""
        path, location = values.pop("path", None), table.at("path")
        create = values.get("create") is True
        if path is None:
            return
        if os.path.isabs(path):
            values["path"] = path = on_disk(os.path.normpath(path))
        if problem := self.paths.find_obstacle(path, self.path):
            self.mistakes.add(location, problem)
        elif create and not leads_into(path, self.paths.home):
            said = msg(
                "folders are created only in your home folder; elsewhere, a missing folder may"
                " mean that a drive is not connected"
            )
            self.mistakes.warn(table.at("create"), said)
        elif not os.path.lexists(path) and not create:
            said = msg(
                "{path} doesn't exist yet; it will be watched as soon as it exists", path=path
            )
            self.mistakes.note_absent(location, said)
        if "{user}" in path:
            said = msg("{item} can't be used in a path; write $USER instead", item="{user}")
            self.mistakes.warn(location, said)

    # -- any table

    def _values(
        self, kind: type[Settings], keys: types.Kinds, table: Table, known: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Return the values that a table sets; wrong ones are noted."""
        values = types.read_values(table, keys, self.mistakes, known)
        self._note(checks.check_values(values), table)
        if kind in checks.CHECKS:
            self._note(checks.CHECKS[kind](values), table)
        return values

    def _note(self, problems: Iterable[checks.Problem], table: Table) -> None:
        for key_path, said, is_warning in problems:
            note = self.mistakes.warn if is_warning else self.mistakes.add
            note(table.at(*key_path), said)

    def _note_missing(self, table: Table, name: str, said: Message = _MISSING) -> None:
        if name not in table and not self.is_partial:
            self.mistakes.add(table.at(name), said, is_missing=True)

    def _note_origins(self, kinds: types.Kinds, prefix: str, table: Table, key_path: Lock) -> None:
        """``key_path`` is the table's, as locks name it."""
        for name in kinds:
            locked, location = is_locked(self.locks, (*key_path, name)), table.at(name)
            layer = "machine" if location.is_machine else "user"
            through = "[defaults] " if location.key_path[0] == "defaults" else ""
            self.origins[prefix + name] = (
                Origin(f"{through}{location}", layer, locked)
                if name in table
                else Origin(is_locked=locked)
            )


# -- for people


def show(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Return (key, value, where it comes from) for every key of every account and folder.

    Where there are two configurations, it is said which one, and what is locked.
    """
    config = loaded.config
    tables: dict[str, Settings] = {"": config}
    tables |= {f"{name}.": getattr(config, name) for name in types.SINGLE}
    tables |= {f"accounts.{account.name}.": account for account in config.accounts}
    tables |= {f"folders[{number}].": each for number, each in enumerate(config.folders, 1)}
    return [
        (
            prefix + name,
            "not set" if value is None else json.dumps(to_builtins(value), ensure_ascii=False),
            _shown_origin(loaded, prefix + name),
        )
        for prefix, table in tables.items()
        for name, value in asdict(table).items()
        if prefix + name in loaded.origins
    ]


def headline(loaded: Loaded) -> Message:
    """Return that it is fine, and how many folders it names."""
    number = len(loaded.config.folders)
    folders = plural("1 folder", "{count:count} folders", number)
    if not loaded.machine:
        return msg("{path} is fine: {what}", path=loaded.path, what=folders)
    if not loaded.has_own:
        return msg(
            "{path} is fine: {what}; there is no configuration of your own",
            path=loaded.machine,
            what=folders,
        )
    return msg(
        "{path}, together with {place}, is fine: {what}",
        path=loaded.path,
        place=loaded.machine,
        what=folders,
    )


def _shown_origin(loaded: Loaded, key: str) -> str:
    text, layer, locked = loaded.origins[key]
    notes = [layer] if loaded.machine and layer != "default" else []
    notes += ["locked"] if locked else []
    return f"{text} ({', '.join(notes)})" if notes else text
