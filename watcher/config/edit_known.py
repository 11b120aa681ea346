"""What a configuration says before it is changed; and whether a folder can be watched at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from watcher.config import keys
from watcher.config.english import msg
from watcher.config.locks import tables_of_accounts
from watcher.config.mistakes import Mistakes
from watcher.config.places import check_path, expand
from watcher.config.read import parse, put_together
from watcher.config.sense import check_account
from watcher.config.setup import Known, KnownAccount, KnownFolder
from watcher.config.values import convert
from watcher.model.settings import Account, AfterUpload, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.config.layers import Merged
    from watcher.config.lines import Way
    from watcher.config.machine import Layer
    from watcher.model.settings import Item

#: Keys of a folder that the set-up asks for.
_ASKED: Final = ("source_key", "tags", "after_upload", "recursive", "account")


def read_known(
    path: str, text: str, environ: Mapping[str, str], home: str, layer: Layer | None = None
) -> Known:
    """All accounts and folders of the configuration ``text`` that is to stand at ``path``.

    ``layer`` is the machine-wide configuration below it. What is wrong is left out, so that it can
    be set right; ConfigError only if it is no TOML.
    """
    merged = put_together(parse(path, text), layer, environ, home)
    defaults = _table(merged.raw.get("defaults"))
    folders = merged.raw.get("folders")
    return Known(
        _accounts(merged),
        tuple(
            _folder(merged, number, defaults, layer, (environ, home))
            for number in range(len(folders) if isinstance(folders, list) else 0)
        ),
        source_key=_text(defaults.get("source_key")),
        machine=layer.path if layer else "",
        locked=_locked(merged, ("defaults",), _ASKED),
        has_locked_folders=merged.is_locked(("folders",)),
    )


def read_account(
    name: str, path: str, text: str, environ: Mapping[str, str], home: str, layer: Layer | None
) -> Account:
    """The account as far as it is written, its email "" where that is missing.

    It is what HrFlow is asked with while the rest is being written: proxy and address count then
    too. What is wrong is left out, but for a wrong address: no key may go to another one.
    """
    merged = put_together(parse(path, text), layer, environ, home)
    way = dict(tables_of_accounts(merged.raw)).get(name, ())
    whole = merged.raw if len(way) < 2 else _table(merged.raw.get("accounts"))
    table = _table(whole.get(str(way[-1]))) if way else {}
    values: dict[str, Any] = {"email": ""}
    for key in keys.ACCOUNT.keys() & table.keys():
        mistakes = Mistakes("", {})
        value = convert(key, table[key], keys.ACCOUNT[key], (), mistakes)
        if value is not None and key != "api_url":
            check_account({key: value}, mistakes, ())
        if not mistakes.texts:
            values[key] = value
    return Account(**{**values, "name": name})


def find_place(
    path: str, environ: Mapping[str, str], home: str, state_dir: str = ""
) -> tuple[str, str]:
    """Where ``path`` leads, links followed, and why it cannot be watched ("" if it can)."""
    mistakes = Mistakes("", {})
    expanded = expand(path, (), mistakes, environ, home)
    if expanded is not None and os.path.isabs(expanded):
        check_path(os.path.normpath(expanded), mistakes, (), home, state_dir)
    elif expanded is not None:
        mistakes.add((), msg('{item} is not a full path; begin it with "/" or "~/"', item=path))
    problem = mistakes.texts[0].removeprefix(": ") if mistakes.texts else ""
    return os.path.realpath(expanded or path), problem


def find_account_mistakes(account: Account) -> tuple[str, ...]:
    """What makes no sense about an account; a key must not be sent to a wrong address."""
    mistakes = Mistakes("", {})
    check_account(values_of(account), mistakes, ())
    return tuple(text.removeprefix(": ") for text in mistakes.texts)


# -- inside


def _accounts(merged: Merged) -> tuple[KnownAccount, ...]:
    found = []
    for name, way in tables_of_accounts(merged.raw):
        table = _table(merged.raw["account"] if len(way) == 1 else merged.raw["accounts"][name])
        email, api_url = _text(table.get("email")), _text(table.get("api_url"))
        locked = _locked(merged, way, ("email", "api_url"))
        found.append(KnownAccount(name, email, api_url, locked))
    return tuple(found)


def _locked(merged: Merged, way: Way, names: Sequence[str]) -> frozenset[str]:
    return frozenset(name for name in names if merged.is_locked((*way, name)))


def _folder(
    merged: Merged,
    number: int,
    defaults: Mapping[str, Any],
    layer: Layer | None,
    person: tuple[Mapping[str, str], str],
) -> KnownFolder:
    own = _table(merged.raw["folders"][number])
    values = {**defaults, **own}
    path = _text(own.get("path"))
    source = merged.taken.get(("folders", number))
    at = merged.shared.get(number, source[1] if source else None)
    base = _table(layer.raw["folders"][at]) if layer and isinstance(at, int) else {}
    return KnownFolder(
        path=path,
        place=find_place(path, *person)[0] if path else "",
        source_key=_text(values.get("source_key")),
        account=_text(values.get("account")),
        tags=_tags(own.get("tags", {})),
        after_upload=_choice(values.get("after_upload")),
        recursive=values.get("recursive") is not False,
        given=_tags(base.get("tags", {})),
        is_machine=source is not None,
        locked=_locked(merged, ("folders", number), _ASKED),
    )


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _tags(value: object) -> tuple[Item, ...]:
    return convert("tags", value, None, (), Mistakes("", {})) or ()


def _choice(value: object) -> AfterUpload:
    known = [str(each.value) for each in AfterUpload]
    return AfterUpload(value) if value in known else AfterUpload.KEEP
