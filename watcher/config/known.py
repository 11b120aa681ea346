"""What a configuration says before it is changed, mistakes and all; and where a folder leads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from watcher.config import types
from watcher.config.checks import find_account_problems
from watcher.config.layers import accounts_of, is_locked
from watcher.config.load import put_together
from watcher.config.mistakes import Mistakes, at_key, redacted
from watcher.config.nodes import Table, list_in, table_in
from watcher.config.places import expand, find_obstacle
from watcher.config.setup import Known, KnownAccount, KnownFolder
from watcher.config.text import parse
from watcher.i18n.message import Message, msg
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
    defaults = table_in(merged.tables, "defaults")
    return Known(
        tuple(
            KnownAccount(
                name,
                _text(table_in(around, key).get("email")),
                _text(table_in(around, key).get("api_url")),
                _locked(merged, around.at(key).way, ("email", "api_url")),
            )
            for name, around, key in accounts_of(merged.tables)
        ),
        tuple(
            _folder(
                merged, folder if isinstance(folder, Table) else Table(), defaults, environ, home
            )
            for folder in list_in(merged.tables, "folders")
        ),
        source_key=_text(defaults.get("source_key")),
        machine=layer.path if layer else "",
        locked=_locked(merged, ("defaults",), _ASKED),
        has_locked_folders=is_locked(merged.locks, ("folders",)),
    )


def read_account(
    name: str, path: str, text: str, environ: Mapping[str, str], home: str, layer: Layer | None
) -> Account:
    """The account as far as it is written, its email "" where that is missing.

    It is what HrFlow is asked with while the rest is being written: proxy and address count then
    too. What is wrong is left out, but for a wrong address: no key may go to another one.
    """
    merged = put_together(parse(path, text), layer, environ, home)
    tables = {each: table_in(around, key) for each, around, key in accounts_of(merged.tables)}
    table = tables.get(name, Table())
    values: dict[str, Any] = {"email": ""}
    for key in types.ACCOUNT.keys() & table.keys():
        value = types.read_value(table, key, types.ACCOUNT[key], Mistakes())
        if value is None or (key != "api_url" and any(find_account_problems({key: value}))):
            continue
        values[key] = value
    return Account(**values, name=name)


def find_account_mistakes(account: Account) -> tuple[Message, ...]:
    """What makes no sense about an account; a key must not be sent to a wrong address."""
    found = find_account_problems(values_of(account))
    return tuple(redacted(at_key(name, problem)) for name, problem in found)


def find_place(
    path: str, environ: Mapping[str, str], home: str, state_dir: str = ""
) -> tuple[str, Message]:
    """Where ``path`` leads, links followed, and why it cannot be watched (nothing if it can)."""
    expanded, problems = expand(path, environ, home)
    if problems:
        return os.path.realpath(path), redacted(problems[0])
    problem = msg('{path} is not a full path; begin it with "/" or "~/"', path=path)
    if os.path.isabs(expanded):
        problem = find_obstacle(os.path.normpath(expanded), home, state_dir)
    return os.path.realpath(expanded or path), redacted(problem)


# -- inside


def _locked(
    merged: Merged, way: Way, names: Sequence[str], *, is_shared: bool = False
) -> frozenset[str]:
    return frozenset(
        name for name in names if is_locked(merged.locks, (*way, name), is_shared=is_shared)
    )


def _folder(
    merged: Merged, folder: Table, defaults: Table, environ: Mapping[str, str], home: str
) -> KnownFolder:
    values = {**defaults, **folder}
    path = _text(folder.get("path"))
    is_machine = bool(folder) and folder.spot.source.is_machine
    base = folder.shared or (folder if is_machine else None)
    after_upload = values.get("after_upload")
    return KnownFolder(
        path=path,
        place=find_place(path, environ, home)[0] if path else "",
        source_key=_text(values.get("source_key")),
        account=_text(values.get("account")),
        tags=_tags(folder),
        after_upload=AfterUpload(after_upload)
        if after_upload in list(AfterUpload)
        else AfterUpload.KEEP,
        recursive=values.get("recursive") is not False,
        given=_tags(base) if base else (),
        is_machine=is_machine,
        locked=_locked(merged, ("folders", 0), _ASKED, is_shared=base is not None),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _tags(table: Table) -> tuple[Item, ...]:
    if "tags" not in table:
        return ()
    found: tuple[Item, ...] | None = types.read_value(table, "tags", None, Mistakes())
    return found or ()
