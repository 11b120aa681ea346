"""Accounts, defaults, folders and rules, put together key by key."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from watcher.config import keys, sense, sense_after
from watcher.config.english import msg
from watcher.config.media_types import with_default
from watcher.config.mistakes import nearest, shown
from watcher.config.places import PATHS, check_overlaps, check_path, check_target, expand
from watcher.config.values import ITEMS, convert, refuse_unknown
from watcher.model.settings import Account, Config, Folder, Hooks, Notifications, Rule, Webhook
from watcher.routing.rules import filing_targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes

_LONGEST_DAYS: Final = 36_500
_LEVELS: Final = ("error", "warning", "info", "debug")
_ACCOUNT_NAME = re.compile(r"\w[\w.@ -]*\Z")
_DEFAULT: Final = "built-in default"


@dataclass
class Builder:
    """Builds the settings from the raw file; what is wrong goes to ``mistakes``.

    ``origins`` says of every key of the result where it comes from, and ``ways`` where it belongs
    and where it is set, None for a default. ``partial``: it is but one of two files, and what is
    missing may stand in the other.
    """

    mistakes: Mistakes
    environ: Mapping[str, str]
    home: str
    state_dir: str = ""
    partial: bool = False
    origins: dict[str, str] = field(default_factory=dict)
    ways: dict[str, tuple[Way, Way | None]] = field(default_factory=dict)
    _accounts: list[str] = field(default_factory=list)

    def build(self, raw: dict[str, Any]) -> Config | None:
        """The settings, or None where there are mistakes."""
        top = self._values(keys.TOP, {**raw, "account": {}, "accounts": {}}, ())
        general = {name: value for name, value in top.items() if name in keys.GENERAL}
        self._check_general(general)
        for name in keys.GENERAL:
            self._note_origin(name, raw, (), {})
        notifications = self._plain(
            "notifications", keys.NOTIFICATIONS, raw, sense.check_notifications
        )
        accounts = [self._account(*each) for each in self._tables_of_accounts(raw)]
        webhook = self._plain("webhook", keys.WEBHOOK, raw, sense_after.check_webhook)
        hooks = self._plain("hooks", keys.HOOKS, raw, sense_after.check_hooks)
        defaults = self._values(keys.DEFAULTS, raw.get("defaults", {}), ("defaults",))
        sense.check_folder(defaults, self.mistakes, ("defaults",))
        self._check_account_name(defaults, ("defaults",))
        entries = [(("folders", at), each) for at, each in enumerate(self._list(raw, ()))]
        folders = [(way, self._folder(each, defaults, way)) for way, each in entries]
        built = [(way, folder) for way, folder in folders if folder is not None]
        check_overlaps(built, self.mistakes)
        sense_after.check_sending(webhook, [folder for _, folder in built], self.mistakes)
        if self.mistakes.texts:
            return None
        return Config(
            accounts=tuple(account for account in accounts if account is not None),
            folders=tuple(folder for _, folder in built),
            notifications=Notifications(**notifications),
            webhook=Webhook(**webhook),
            hooks=Hooks(**hooks),
            **general,
        )

    def _check_general(self, values: dict[str, Any]) -> None:
        level = values.get("log_level", "info")
        if level not in _LEVELS:
            hint = nearest(level, _LEVELS)
            said = f"{shown(level)} is not one of {', '.join(_LEVELS)}{hint}"
            self.mistakes.add(("log_level",), said)
        for name in ("history_days", "names_days"):
            if not 1 <= values.get(name, 1) <= _LONGEST_DAYS:
                self.mistakes.add(
                    (name,), msg("write a number of days from 1 to {most}", most=_LONGEST_DAYS)
                )

    def _plain(
        self, name: str, kinds: Mapping[str, Any], raw: dict[str, Any], check: sense_after.Check
    ) -> dict[str, Any]:
        """The values of a table that there is once, and that nothing else bears upon."""
        table = raw.get(name, {})
        values = self._values(kinds, table, (name,))
        check(values, self.mistakes, (name,))
        self._note_origins(kinds, name, table, (name,), {})
        return values

    # -- accounts

    def _tables_of_accounts(self, raw: dict[str, Any]) -> list[tuple[str, Any, Way]]:
        tables: list[tuple[str, Any, Way]] = []
        if "account" in raw:
            tables.append((keys.DEFAULT_ACCOUNT, raw["account"], ("account",)))
        several = raw.get("accounts", {})
        if not isinstance(several, dict):
            self.mistakes.add(("accounts",), "write [accounts.NAME] tables")
        else:
            tables += [(name, table, ("accounts", name)) for name, table in several.items()]
            if not tables and not self.partial:
                said = msg("there is no account: write an [account] table with your email")
                self.mistakes.miss((), said)
            if "account" in raw and keys.DEFAULT_ACCOUNT in several:
                said = msg("[account] and [accounts.default] are the same account")
                self.mistakes.add(("account",), said)
        self._accounts = list(dict.fromkeys(name for name, _, _ in tables))
        return tables

    def _account(self, name: str, table: Any, way: Way) -> Account | None:
        if way in self.mistakes.secrets:
            return None
        if not _ACCOUNT_NAME.match(name):
            self.mistakes.add(way, msg("an account's name is made of letters and digits"))
        values = self._values(keys.ACCOUNT, table, way)
        sense.check_account(values, self.mistakes, way)
        self._note_missing(table, ("email",), {}, way)
        if "email" not in values:
            return None
        self._note_origins(keys.ACCOUNT, f"accounts.{name}", table, way, {})
        return Account(**{**values, "name": name})

    def _check_account_name(self, values: dict[str, Any], way: Way) -> None:
        name = values.get("account")
        if name is not None and self._accounts and name not in self._accounts and not self.partial:
            hint = nearest(name, self._accounts) or f"; there is {', '.join(self._accounts)}"
            self.mistakes.add((*way, "account"), f"there is no account {shown(name)}{hint}")

    # -- folders

    def _folder(self, entry: Any, defaults: dict[str, Any], way: Way) -> Folder | None:
        own = self._values(keys.FOLDER, entry, way)
        if not isinstance(entry, dict):
            return None
        sense.check_folder(own, self.mistakes, way)
        self._check_account_name(own, way)
        self._check_path(own, defaults, way)
        prefix = f"folders[{int(way[-1]) + 1}]"
        self._note_origins(keys.FOLDER, prefix, entry, way, defaults)
        values = _merge(defaults, own)
        if len(self._accounts) == 1 and "account" not in values:
            values["account"] = self._accounts[0]
            self.origins[f"{prefix}.account"] = "the only account"
        required = ("path", "source_key", *(("account",) if len(self._accounts) > 1 else ()))
        self._note_missing(entry, required, defaults, way)
        if "accept" in values:
            values["accept"] = with_default(values["accept"])
        values["rules"] = self._rules(entry, way)
        if not {"path", "account", "source_key"} <= values.keys():
            return None
        folder = Folder(**values)
        for name in ("sent_folder", "refused_folder"):
            if name not in values and name not in filing_targets(folder):
                continue  # a file that happens to have that name is nobody's mistake
            from_defaults = name not in own and name in defaults
            inner = ("defaults", name) if from_defaults else (*way, name)
            check_target(folder.path, getattr(folder, name), self.mistakes, inner)
        return folder

    def _rules(self, entry: dict[str, Any], way: Way) -> tuple[Rule, ...]:
        rules = []
        for number, table in enumerate(self._list(entry, way)):
            inner = (*way, "rules", number)
            values = self._values(keys.RULE, table, inner)
            if isinstance(table, dict):
                captures_known = "match" not in table or "match" in values
                sense.check_rule(values, self.mistakes, inner, captures_known=captures_known)
            rules.append(Rule(**values))
        return tuple(rules)

    def _check_path(self, own: dict[str, Any], defaults: dict[str, Any], way: Way) -> None:
        """Check the folder's path, take it out where it is wrong, and bring it into one form."""
        path = own.pop("path", None)
        if path is None:
            return
        if os.path.isabs(path):
            own["path"] = os.path.normpath(path)
            create = own.get("create", defaults.get("create")) is True
            inner = (*way, "path")
            check_path(own["path"], self.mistakes, inner, self.home, self.state_dir, create=create)
            if "{user}" in path:
                self.mistakes.warn(inner, "{user} is filled in texts only; write $USER in a path")
        else:
            said = msg('{item} is not a full path; begin it with "/" or "~/"', item=shown(path))
            self.mistakes.add((*way, "path"), said)

    # -- any table

    def _values(self, kinds: Mapping[str, Any], table: Any, way: Way) -> dict[str, Any]:
        """The values that a table sets, by key; wrong ones are left out."""
        if not isinstance(table, dict):
            if way not in self.mistakes.secrets:
                self.mistakes.add(way, msg("write a table of keys here"))
            return {}
        refuse_unknown(table, tuple(kinds), way, self.mistakes, keys.BELONGS)
        found = {}
        for name, value in table.items():
            inner = (*way, name)
            if name not in kinds or name == "rules" or kinds[name] is Any:
                continue
            if self.mistakes.hides(inner):
                continue
            converted = convert(name, value, kinds[name], inner, self.mistakes)
            if name in PATHS and converted is not None:
                converted = expand(converted, inner, self.mistakes, self.environ, self.home)
            if converted is not None:
                found[name] = converted
        return found

    def _list(self, table: dict[str, Any], way: Way) -> list[Any]:
        """The folders at the top, or a folder's rules."""
        name = "rules" if way else "folders"
        value = table.get(name, [])
        if isinstance(value, list):
            return value
        if (*way, name) not in self.mistakes.secrets:
            header = "[[folders.rules]]" if way else "[[folders]]"
            self.mistakes.add((*way, name), msg("write {names} tables", names=header))
        return []

    def _note_missing(
        self, table: Any, names: tuple[str, ...], defaults: dict[str, Any], way: Way
    ) -> None:
        for name in names:
            missing = isinstance(table, dict) and name not in table and name not in defaults
            if missing and not self.partial:
                is_choice = name == "account"
                hint = f"; name one of {', '.join(self._accounts)}" if is_choice else ""
                self.mistakes.miss((*way, name), f"is missing{hint}")

    def _note_origins(
        self, kinds: Mapping[str, Any], prefix: str, table: Any, way: Way, defaults: dict[str, Any]
    ) -> None:
        for name in kinds:
            self._note_origin(f"{prefix}.{name}", table, way, defaults)

    def _note_origin(self, key: str, table: Any, way: Way, defaults: dict[str, Any]) -> None:
        name = key.rpartition(".")[2]
        inner: Way = (*way, name)
        source: Way | None = None
        if isinstance(table, dict) and name in table:
            source = inner
        elif name in defaults:
            source = ("defaults", name)
        self.ways[key] = (inner, source)
        through = "[defaults] " if source and source != inner else ""
        self.origins[key] = through + self.mistakes.where(source) if source else _DEFAULT


def _merge(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A folder's values over the defaults; tags and metadatas by name, ``ignore`` adds."""
    merged = {**defaults, **own}
    for name in ITEMS & defaults.keys() & own.keys():
        by_name = {item.name: item for item in (*defaults[name], *own[name])}
        merged[name] = tuple(by_name.values())
    if "ignore" in defaults and "ignore" in own:
        merged["ignore"] = (*defaults["ignore"], *own["ignore"])
    return merged
