"""What a configuration says before it is changed, mistakes and all; and where a folder leads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from watcher.config import types
from watcher.config.checks import find_account_problems
from watcher.config.layers import folder_key_path, is_locked
from watcher.config.lines import Array, Table, placed, table_in
from watcher.config.load import put_together
from watcher.config.mistakes import Mistakes, at_key, redacted
from watcher.config.paths import expand, find_obstacle, on_disk
from watcher.config.setup import Known, KnownAccount, KnownFolder
from watcher.config.text import parse
from watcher.i18n.message import Message, msg
from watcher.model.settings import Account, AfterUpload, values_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from watcher.config.layers import Lock
    from watcher.config.machine import Layer
    from watcher.model.settings import Item

#: Keys of a folder that the set-up asks for.
_ASKED: Final = ("source_key", "tags", "after_upload", "recursive", "account")


def read_known(
    path: str, text: str, environ: Mapping[str, str], home: str, layer: Layer | None = None
) -> Known:
    """Return all accounts and folders of the configuration ``text`` that is to stand at ``path``.

    ``layer`` is the machine-wide configuration below it. What is wrong is left out, so that it can
    be set right; ConfigError only if it is no TOML.
    """
    merged = put_together(parse(path, text), layer, environ, home, Mistakes())
    accounts, defaults = table_in(merged.tables, "accounts"), table_in(merged.tables, "defaults")
    folders = merged.tables.get("folders")
    folders = folders if isinstance(folders, Array) else Array()
    return Known(
        tuple(
            KnownAccount(
                name,
                _text(table_in(accounts, name).get("email")),
                _text(table_in(accounts, name).get("api_url")),
                _locked(merged.locks, ("accounts", name), ("email", "api_url")),
            )
            for name in accounts
        ),
        tuple(
            _folder(
                each if isinstance(each, Table) else placed({}, folders.at(number)),
                defaults, merged.locks, environ, home,
            )
            for number, each in enumerate(folders)
        ),
        source_key=_text(defaults.get("source_key")),
        machine=layer.path if layer else "",
        locked=_locked(merged.locks, ("defaults",), _ASKED),
        has_locked_folders=is_locked(merged.locks, ("folders",)),
    )  # fmt: skip


def read_account(
    name: str, path: str, text: str, environ: Mapping[str, str], home: str, layer: Layer | None
) -> Account:
    """Return the account as far as it is written, its email "" where that is missing.

    It is what HrFlow is asked with while the rest is being written: proxy and address count then
    too. What is wrong is left out, but for a wrong address: no key may go to another one.
    """
    merged = put_together(parse(path, text), layer, environ, home, Mistakes())
    table = table_in(table_in(merged.tables, "accounts"), name)
    values: dict[str, Any] = {"email": ""}
    for key in types.ACCOUNT.keys() & table.keys():
        value = types.read_value(table, key, types.ACCOUNT[key], Mistakes())
        if value is None or (key != "api_url" and any(find_account_problems({key: value}))):
            continue
        values[key] = value
    return Account(**values, name=name)


def find_account_mistakes(account: Account) -> tuple[Message, ...]:
    """Return what makes no sense about an account; a key must not be sent to a wrong address."""
    found = find_account_problems(values_of(account))
    return tuple(redacted(at_key(name, problem)) for name, problem in found)


def find_place(
    path: str, environ: Mapping[str, str], home: str, state_dir: str = ""
) -> tuple[str, Message]:
    """Return where ``path`` leads, links followed, and why it cannot be watched, if it cannot."""
    expanded, problems = expand(path, environ, home)
    if problems:
        return os.path.realpath(path), redacted(problems[0])
    problem = msg('{path} is not a full path; begin it with "/" or "~/"', path=path)
    if os.path.isabs(expanded):
        problem = find_obstacle(os.path.normpath(expanded), home, state_dir)
    return os.path.realpath(on_disk(expanded or path)), redacted(problem)


def _locked(locks: Collection[Lock], key_path: Lock, names: Collection[str]) -> frozenset[str]:
    return frozenset(name for name in names if is_locked(locks, (*key_path, name)))


def _folder(
    folder: Table,
    defaults: Table,
    locks: Collection[Lock],
    environ: Mapping[str, str],
    home: str,
) -> KnownFolder:
    values = {**defaults, **folder}
    path, after_upload = _text(folder.get("path")), values.get("after_upload")
    is_machine = folder.location.source.is_machine
    base = folder if is_machine else folder.shared
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
        given=_tags(base) if base is not None else (),
        is_machine=is_machine,
        locked=_locked(locks, folder_key_path(folder), _ASKED),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _tags(table: Table) -> tuple[Item, ...]:
    if "tags" not in table:
        return ()
    found: tuple[Item, ...] | None = types.read_value(table, "tags", None, Mistakes())
    return found or ()
