"""The values in force and where each comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from watcher.config.read import Loaded

Row = tuple[str, str, str]


def show(loaded: Loaded) -> list[Row]:
    """(key, value, where it comes from) for every key of every account and folder."""
    config = loaded.config
    rows = [
        _row(loaded, field.name, getattr(config, field.name))
        for field in msgspec.structs.fields(config)
        if field.name not in ("accounts", "folders", "notifications")
    ]
    rows += _struct(loaded, "notifications", config.notifications, ())
    for account in config.accounts:
        rows += _struct(loaded, f"accounts.{account.name}", account, ("name",))
    for number, folder in enumerate(config.folders, 1):
        rows += _struct(loaded, f"folders[{number}]", folder, ())
    return rows


def _struct(loaded: Loaded, prefix: str, struct: Any, leave_out: tuple[str, ...]) -> list[Row]:
    return [
        _row(loaded, f"{prefix}.{field.name}", getattr(struct, field.name))
        for field in msgspec.structs.fields(struct)
        if field.name not in leave_out
    ]


def _row(loaded: Loaded, key: str, value: object) -> Row:
    return key, _text(value), loaded.origins.get(key, "built-in default")


def _text(value: object) -> str:
    if value is None:
        return "not set"
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
