"""Accounts, defaults, folders and rules, put together key by key."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher.config.values import ITEMS, Mistakes, convert, nearest
from watcher.settings import Account, Config, Folder, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.config.lines import Way

#: The account that a plain ``[account]`` table stands for.
DEFAULT_ACCOUNT: Final = "default"
_TOP: Final = ("account", "accounts", "defaults", "folders", "log_level")
_LEVELS: Final = ("error", "warning", "info", "debug")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})|%(\w+)%")


@dataclass
class Builder:
    """Builds the settings from the raw file; what is wrong goes to ``mistakes``.

    ``origins`` says of every key of the result where it comes from.
    """

    mistakes: Mistakes
    environ: Mapping[str, str]
    home: str
    origins: dict[str, str] = field(default_factory=dict)

    def build(self, raw: dict[str, Any]) -> Config | None:
        """The settings, or None where mistakes leave nothing to build."""
        self._refuse_unknown(raw, _TOP, ())
        accounts = self._accounts(raw)
        defaults = self._values(Folder, raw.get("defaults", {}), ("defaults",), ("path", "rules"))
        folders = [
            self._folder(entry, defaults, number, accounts)
            for number, entry in enumerate(self._list(raw, "folders", ()))
        ]
        level = raw.get("log_level", "info")
        if level not in _LEVELS:
            self.mistakes.add(("log_level",), f"{level!r} is not one of {', '.join(_LEVELS)}")
        self.origins["log_level"] = self._origin(("log_level",), raw, "log_level")
        built = [folder for folder in folders if folder is not None]
        if self.mistakes.texts or not accounts:
            return None
        return Config(accounts=tuple(accounts), folders=tuple(built), log_level=level)

    # -- accounts

    def _accounts(self, raw: dict[str, Any]) -> list[Account]:
        tables: list[tuple[str, Any, Way]] = []
        if "account" in raw:
            tables.append((DEFAULT_ACCOUNT, raw["account"], ("account",)))
        several = raw.get("accounts", {})
        if not isinstance(several, dict):
            self.mistakes.add(("accounts",), "write [accounts.NAME] tables")
            several = {}
        tables += [(name, table, ("accounts", name)) for name, table in several.items()]
        if not tables:
            self.mistakes.add((), "there is no account: write an [account] table with your email")
        if [name for name, _, _ in tables].count(DEFAULT_ACCOUNT) > 1:
            self.mistakes.add(("account",), "[account] and [accounts.default] are the same account")
        built = [self._account(name, table, way) for name, table, way in tables]
        return [account for account in built if account is not None]

    def _account(self, name: str, table: Any, way: Way) -> Account | None:
        values = self._values(Account, table, way, ("name",))
        if "email" not in values:
            if isinstance(table, dict) and "email" not in table:
                self.mistakes.add(way, "the email of the account is missing")
            return None
        self._note_origins(Account, f"accounts.{name}", table, way, {})
        return Account(**{**values, "name": name})

    # -- folders

    def _folder(
        self, entry: Any, defaults: dict[str, Any], number: int, accounts: list[Account]
    ) -> Folder | None:
        way: Way = ("folders", number)
        own = self._values(Folder, entry, way, ())
        if not isinstance(entry, dict):
            return None
        own["rules"] = self._rules(entry, way)
        values = self._merge(defaults, own)
        self._note_origins(Folder, f"folders[{number + 1}]", entry, way, defaults)
        if "account" not in values and len(accounts) == 1:
            values["account"] = accounts[0].name
            self.origins[f"folders[{number + 1}].account"] = "the only account"
        missing = [name for name in ("path", "account", "source_key") if name not in values]
        for name in missing:
            if name not in entry:
                self.mistakes.add(way, f"{name} is missing")
        if missing:
            return None
        path = self._expand(values["path"], (*way, "path"))
        return None if path is None else Folder(**{**values, "path": path})

    def _merge(self, defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        merged = {**defaults, **own}
        for name in ITEMS & set(defaults) & set(own):
            by_name = {item.name: item for item in (*defaults[name], *own[name])}
            merged[name] = tuple(by_name.values())
        if "ignore" in defaults and "ignore" in own:
            merged["ignore"] = (*defaults["ignore"], *own["ignore"])
        return merged

    def _rules(self, entry: dict[str, Any], way: Way) -> tuple[Rule, ...]:
        return tuple(
            Rule(**self._values(Rule, rule, (*way, "rules", number), ()))
            for number, rule in enumerate(self._list(entry, "rules", way))
        )

    def _expand(self, text: str, way: Way) -> str | None:
        """The absolute path that a setting means, with ``~`` and variables put in."""
        unknown = []

        def put(found: re.Match[str]) -> str:
            name = found[1] or found[2] or found[3]
            if name not in self.environ:
                unknown.append(name)
            return self.environ.get(name, "")

        path = _VARIABLE.sub(put, text)
        for name in unknown:
            self.mistakes.add(way, f"the environment has no variable {name}")
        if unknown:
            return None
        if path == "~" or path.startswith(("~/", "~\\")):
            path = self.home + path[1:]
        if not os.path.isabs(path):
            self.mistakes.add(way, f'"{text}" is not a full path; begin it with "/" or "~"')
            return None
        return os.path.normpath(path)

    # -- any table

    def _values(
        self, kind: Any, table: Any, way: Way, leave_out: tuple[str, ...]
    ) -> dict[str, Any]:
        """The values that a table sets, by key; wrong ones are left out."""
        if not isinstance(table, dict):
            self.mistakes.add(way, "write a table of keys here")
            return {}
        fields = {
            each.name: each.type
            for each in msgspec.structs.fields(kind)
            if each.name not in leave_out
        }
        self._refuse_unknown(table, tuple(fields), way)
        found = {}
        for name, value in table.items():
            if name in fields and name != "rules":
                converted = convert(name, value, fields[name], (*way, name), self.mistakes)
                if converted is not None:
                    found[name] = converted
        return found

    def _list(self, table: dict[str, Any], name: str, way: Way) -> list[Any]:
        value = table.get(name, [])
        if isinstance(value, list):
            return value
        self.mistakes.add((*way, name), f"write [[{name}]] tables")
        return []

    def _refuse_unknown(self, table: dict[str, Any], known: tuple[str, ...], way: Way) -> None:
        for name in table:
            if name not in known:
                hint = nearest(name, known) or f"; known are {', '.join(known)}"
                self.mistakes.add((*way, name), f"this key is not known{hint}")

    def _note_origins(
        self, kind: Any, prefix: str, table: dict[str, Any], way: Way, defaults: dict[str, Any]
    ) -> None:
        for each in msgspec.structs.fields(kind):
            if each.name in defaults and each.name not in table:
                place = self.mistakes.place(("defaults", each.name)).rpartition(": ")[0]
                origin = f"[defaults] {place}"
            else:
                origin = self._origin((*way, each.name), table, each.name)
            self.origins[f"{prefix}.{each.name}"] = origin

    def _origin(self, way: Way, table: dict[str, Any], name: str) -> str:
        if name not in table:
            return "built-in default"
        return self.mistakes.place(way).rpartition(": ")[0]
