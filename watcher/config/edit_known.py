"""What a configuration says before it is changed; and whether a folder can be watched at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from watcher.config.mistakes import Mistakes
from watcher.config.places import check_path, expand
from watcher.config.read import parse
from watcher.config.sense import check_account
from watcher.config.tables import DEFAULT_ACCOUNT
from watcher.config.values import convert
from watcher.settings import AfterUpload, values_of
from watcher.setup.known import Known, KnownAccount, KnownFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.settings import Account, Item


def read_known(path: str, text: str, environ: Mapping[str, str], home: str) -> Known:
    """All accounts and folders of the configuration ``text`` that is to stand at ``path``.

    What is wrong is left out, so that it can be set right; ConfigError only if it is no TOML.
    """
    raw = parse(path, text)
    accounts = _accounts(raw)
    defaults = _table(raw.get("defaults"))
    folders = raw.get("folders")
    return Known(
        accounts,
        tuple(
            _folder({**defaults, **_table(each)}, _table(each), environ, home)
            for each in (folders if isinstance(folders, list) else [])
        ),
    )


def find_place(
    path: str, environ: Mapping[str, str], home: str, state_dir: str = ""
) -> tuple[str, str]:
    """Where ``path`` leads, links followed, and why it cannot be watched ("" if it can)."""
    mistakes = Mistakes("", {})
    expanded = expand(path, (), mistakes, environ, home)
    if expanded is not None and os.path.isabs(expanded):
        check_path(os.path.normpath(expanded), mistakes, (), home, state_dir)
    elif expanded is not None:
        mistakes.add((), f'{path} is not a full path; begin it with "/" or "~/"')
    problem = mistakes.texts[0].removeprefix(": ") if mistakes.texts else ""
    return os.path.realpath(expanded or path), problem


def find_account_mistakes(account: Account) -> tuple[str, ...]:
    """What makes no sense about an account; a key must not be sent to a wrong address."""
    mistakes = Mistakes("", {})
    check_account(values_of(account), mistakes, ())
    return tuple(text.removeprefix(": ") for text in mistakes.texts)


# -- inside


def _accounts(raw: Mapping[str, Any]) -> tuple[KnownAccount, ...]:
    tables = {name: _table(table) for name, table in _table(raw.get("accounts")).items()}
    if "account" in raw:
        tables = {DEFAULT_ACCOUNT: _table(raw["account"]), **tables}
    return tuple(
        KnownAccount(name, _text(table.get("email")), _text(table.get("api_url")))
        for name, table in tables.items()
    )


def _folder(
    values: Mapping[str, Any], own: Mapping[str, Any], environ: Mapping[str, str], home: str
) -> KnownFolder:
    path = _text(own.get("path"))
    return KnownFolder(
        path=path,
        place=find_place(path, environ, home)[0] if path else "",
        source_key=_text(values.get("source_key")),
        account=_text(values.get("account")),
        tags=_tags(own.get("tags", {})),
        after_upload=_choice(values.get("after_upload")),
        recursive=values.get("recursive") is not False,
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
