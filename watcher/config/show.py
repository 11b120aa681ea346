"""The values in force and where each comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from watcher.i18n.message import Message, msg, plural

if TYPE_CHECKING:
    from watcher.config.load import Loaded

Row = tuple[str, str, str]


def show(loaded: Loaded) -> list[Row]:
    """Return (key, value, where it comes from) for every key of every account and folder.

    Where there are two configurations, it is said which one, and what is locked.
    """
    config = loaded.config
    rows = [
        _row(loaded, field.name, getattr(config, field.name))
        for field in msgspec.structs.fields(config)
        if field.name not in ("accounts", "folders", "notifications", "webhook", "hooks", "remarks")
    ]
    rows += _struct(loaded, "notifications", config.notifications, ())
    for account in config.accounts:
        rows += _struct(loaded, f"accounts.{account.name}", account, ("name",))
    rows += _struct(loaded, "webhook", config.webhook, ())
    rows += _struct(loaded, "hooks", config.hooks, ())
    for number, folder in enumerate(config.folders, 1):
        rows += _struct(loaded, f"folders[{number}]", folder, ())
    return rows


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
        "{path}, on top of {place}, is fine: {what}",
        path=loaded.path,
        place=loaded.machine,
        what=folders,
    )


def _struct(loaded: Loaded, prefix: str, struct: Any, leave_out: tuple[str, ...]) -> list[Row]:
    return [
        _row(loaded, f"{prefix}.{field.name}", getattr(struct, field.name))
        for field in msgspec.structs.fields(struct)
        if field.name not in leave_out
    ]


def _row(loaded: Loaded, key: str, value: object) -> Row:
    origin = loaded.origins[key]
    notes = [origin.layer] if loaded.machine and origin.layer != "default" else []
    notes += ["locked"] if origin.is_locked else []
    return key, _text(value), f"{origin.text} ({', '.join(notes)})" if notes else origin.text


def _text(value: object) -> str:
    if value is None:
        return "not set"
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
