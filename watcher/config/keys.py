"""The keys that each table of a configuration knows, with their types."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher.i18n.message import msg
from watcher.model.settings import Account, Config, Folder, Hooks, Notifications, Rule, Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    Kinds = Mapping[str, Any]

#: The account that a plain ``[account]`` table stands for.
DEFAULT_ACCOUNT: Final = "default"
#: In the machine-wide configuration alone: what people's own cannot change.
LOCKED: Final = "locked"


def _fields(kind: Any, *leave_out: str) -> Kinds:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return MappingProxyType({name: fields[name] for name in fields if name not in leave_out})


#: Keys of the whole program, at the top of the file.
GENERAL: Final = _fields(
    Config, "accounts", "folders", "notifications", "webhook", "hooks", "remarks"
)
TABLES: Final = (
    "account", "accounts", "notifications", "defaults", "folders", "webhook", "hooks",
)  # fmt: skip
TOP: Final = MappingProxyType({**dict.fromkeys(TABLES, Any), **GENERAL})
NOTIFICATIONS: Final = _fields(Notifications)
WEBHOOK: Final = _fields(Webhook)
HOOKS: Final = _fields(Hooks)
ACCOUNT: Final = _fields(Account, "name")
FOLDER: Final = _fields(Folder)
DEFAULTS: Final = _fields(Folder, "path", "rules")
RULE: Final = _fields(Rule)
#: Where keys belong that somebody wrote elsewhere.
BELONGS: Final = MappingProxyType(
    {
        **dict.fromkeys(NOTIFICATIONS, "[notifications]"),
        **dict.fromkeys(WEBHOOK, "[webhook]"),
        **dict.fromkeys(HOOKS, "[hooks]"),
        **dict.fromkeys(RULE, "[[folders.rules]]"),
        **dict.fromkeys(FOLDER, "[[folders]]"),
        **dict.fromkeys(ACCOUNT, "[account]"),
        **dict.fromkeys(GENERAL, msg("the first lines of the file, before any [table]")),
    }
)
