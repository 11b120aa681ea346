"""The setup: what is configured already, the answers, their checks, the edits that follow.

It is the same for the terminal and the page. One account and any number of folders are asked for;
each answer is a field, by whose name a front end finds what a problem is about:

==========================  ========================================================
``email``, ``api_url``      of the account; its API key (``key``) is never in the configuration
``folders.N.path``          the folder number N (from 0) to watch; ``folders`` if there is none
``folders.N.source``        the source that its files go to
``folders.N.tags``          the tags that they are sent with
``folders.N.after_upload``  what becomes of a file once it is uploaded
==========================  ========================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct

from watcher.config import types
from watcher.config.checks import check_values
from watcher.config.edits import Edit, Plain, PutAccount, PutFolder
from watcher.config.layers import folder_key_path, is_locked
from watcher.config.mistakes import Mistakes, redacted
from watcher.config.toml import Table, table_in, tables_in
from watcher.i18n.message import Message, msg
from watcher.model.errors import UsageError
from watcher.model.settings import Account, AfterUpload, Item
from watcher.routing.names import compose

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from watcher.config.layers import Lock, Merged
    from watcher.config.paths import PathContext

#: The folder that is proposed where none is watched yet.
FIRST_FOLDER: Final = "~/CVs"
#: Keys of an account and of a folder that the setup asks for.
_OF_ACCOUNT: Final = ("email", "api_url")
_ASKED: Final = ("source_key", "tags", "after_upload", "recursive", "account")


class ConfiguredAccount(Struct, frozen=True):
    """An account as configured, "" for what is not set. Keys in ``locked`` cannot be changed."""

    name: str
    email: str = ""
    api_url: str = ""
    locked: Collection[str] = frozenset()


class ConfiguredFolder(Struct, frozen=True):
    """A folder as configured. ``place`` is its real path, links resolved.

    ``account`` ("" if it is not set) and ``after_upload`` may come from the defaults; ``tags`` are
    the folder's own, and ``given`` those of them from the system-wide configuration.
    ``is_machine``: only that one has this folder. Keys in ``locked`` cannot be changed.
    """

    path: str
    place: str
    source_key: str = ""
    account: str = ""
    tags: tuple[Item, ...] = ()
    after_upload: AfterUpload = AfterUpload.KEEP
    recursive: bool = True
    given: tuple[Item, ...] = ()
    is_machine: bool = False
    locked: Collection[str] = frozenset()


class Configured(Struct, frozen=True):
    """All accounts and folders, in the order of the file; those of the machine alone come last.

    ``source_key`` is that of the defaults. ``machine`` is the path of the system-wide
    configuration, "" if there is none; ``locked`` are the keys it locks for every folder, and
    ``has_locked_folders`` says that no folders can be added.
    """

    accounts: tuple[ConfiguredAccount, ...] = ()
    folders: tuple[ConfiguredFolder, ...] = ()
    source_key: str = ""
    machine: str = ""
    locked: Collection[str] = frozenset()
    has_locked_folders: bool = False
    allows_insecure_keyring: bool = False

    def account(self, name: str) -> ConfiguredAccount | None:
        """Return the account called ``name``."""
        return next((account for account in self.accounts if account.name == name), None)

    @property
    def only(self) -> str:
        """The only account's name, "" if there are none or several."""
        return self.accounts[0].name if len(self.accounts) == 1 else ""

    def number(self, place: str) -> int | None:
        """Return the number (from 0) of the folder at ``place``."""
        places = [folder.place for folder in self.folders]
        if place not in places:  # an accent may be encoded differently
            place, places = compose(place), [compose(each) for each in places]
        return places.index(place) if place in places else None

    def folder(self, path: str, place: str) -> ConfiguredFolder:
        """Return the folder at ``place``, or what the defaults propose for a new one there."""
        at = self.number(place)
        if at is None:
            return ConfiguredFolder(path, place, self.source_key, locked=self.locked)
        return self.folders[at]


class FolderAnswer(Struct, frozen=True):
    """A folder to watch; None leaves a key as it is.

    ``path`` is what is to be written, ``place`` its real path. ``source_name`` only becomes a
    comment.
    """

    path: str
    place: str
    source_key: str | None = None
    source_name: str = ""
    tags: tuple[Item, ...] | None = None
    after_upload: AfterUpload | None = None
    recursive: bool | None = None


class Answers(Struct, frozen=True):
    """All answers but the API key, which is never in the configuration."""

    account: str = "default"
    email: str | None = None
    api_url: str | None = None
    folders: tuple[FolderAnswer, ...] = ()


class WrongAnswer(NamedTuple):
    """What is wrong with an answer, as a sentence."""

    field: str
    said: Message


# -- What is written already, mistakes and all


def read_configured(merged: Merged, paths: PathContext) -> Configured:
    """Return all accounts and folders; what is wrong is left out, so that it can be set right."""
    accounts, defaults = table_in(merged.tables, "accounts"), table_in(merged.tables, "defaults")
    return Configured(
        tuple(_account(name, table_in(accounts, name), merged.locks) for name in accounts),
        tuple(
            _folder(each, defaults, merged.locks, paths)
            for each in tables_in(merged.tables, "folders")
        ),
        source_key=_values(defaults, types.DEFAULTS).get("source_key", ""),
        machine=merged.machine,
        locked=_locked(merged.locks, ("defaults",), _ASKED),
        has_locked_folders=is_locked(merged.locks, ("folders",)),
        allows_insecure_keyring=merged.tables.get("allow_insecure_keyring") is True,
    )


def read_account(merged: Merged, name: str) -> Account:
    """Return the account as far as it is written, its email "" where that is missing.

    It is what HrFlow is asked with while the rest is being written: proxy and address count then
    too. What is wrong is left out, but for a wrong address: no key may go to another one.
    """
    values = _values(table_in(table_in(merged.tables, "accounts"), name), types.ACCOUNT)
    wrong = {key for (key,), _, _ in check_values(values)} - {"api_url"}
    usable = {key: value for key, value in values.items() if key not in wrong}
    return Account(**{"email": "", **usable}, name=name)


def _values(table: Table | None, kinds: types.Kinds) -> dict[str, Any]:
    """Return the values of a table that have the right type."""
    return types.read_values(table, kinds, Mistakes()) if table is not None else {}


def _locked(locks: Collection[Lock], key_path: Lock, names: Collection[str]) -> frozenset[str]:
    return frozenset(name for name in names if is_locked(locks, (*key_path, name)))


def _account(name: str, table: Table, locks: Collection[Lock]) -> ConfiguredAccount:
    values, locked = _values(table, types.ACCOUNT), _locked(locks, ("accounts", name), _OF_ACCOUNT)
    return ConfiguredAccount(name, values.get("email", ""), values.get("api_url", ""), locked)


def _folder(
    folder: Table, defaults: Table, locks: Collection[Lock], paths: PathContext
) -> ConfiguredFolder:
    own, is_machine = _values(folder, types.FOLDER), folder.location.is_machine
    values = {**_values(defaults, types.DEFAULTS), **own}
    path = own.get("path", "")
    return ConfiguredFolder(
        path=path,
        place=paths.find_place(path)[0] if path else "",
        source_key=values.get("source_key", ""),
        account=values.get("account", ""),
        tags=own.get("tags", ()),
        after_upload=values.get("after_upload", AfterUpload.KEEP),
        recursive=values.get("recursive", True),
        given=_values(folder if is_machine else folder.shared, types.FOLDER).get("tags", ()),
        is_machine=is_machine,
        locked=_locked(locks, folder_key_path(folder), _ASKED),
    )


# -- Checks


def check_email(text: str) -> str:
    """Return the email address; UsageError if it is not one."""
    text = text.strip()
    if not text:
        raise UsageError(msg("The email of the HrFlow account is missing."), field="email")
    if any(check_values({"email": text})):
        said = msg('"{value}" is not a valid email address.', value=text)
        raise UsageError(redacted(said), field="email")
    return text


def check_after_upload(text: str) -> AfterUpload:
    """Return what becomes of an uploaded file; UsageError if ``text`` is none of the choices."""
    choices = tuple(each.value for each in AfterUpload)
    if text not in choices:
        said = msg('"{value}" is not one of {names}.', value=text, names=choices)
        raise UsageError(redacted(said), field="after_upload")
    return AfterUpload(text)


def find_problems(answers: Answers, configured: Configured) -> tuple[WrongAnswer, ...]:
    """Return what is missing or makes no sense, of all answers."""
    return (*find_account_problems(answers, configured), *_folder_problems(answers, configured))


def find_account_problems(answers: Answers, configured: Configured) -> tuple[WrongAnswer, ...]:
    """Return what is missing or makes no sense, of those about the account."""
    account = configured.account(answers.account)
    email = answers.email if answers.email is not None else account.email if account else ""
    try:
        check_email(email)
    except UsageError as error:
        return (WrongAnswer(error.field, error.message),)
    return ()


def find_locked(answers: Answers, configured: Configured) -> tuple[WrongAnswer, ...]:
    """Return which answers would change what the system-wide configuration has locked."""
    found: list[tuple[str, Message]] = []
    if account := configured.account(answers.account):
        found += [
            (key, msg("The account's {key}", key=key))
            for key in _account_values(answers, account)
            if key in account.locked
        ]
    for number, folder in enumerate(answers.folders):
        locked = configured.folder(folder.path, folder.place).locked
        for edit in _folder_edits(folder, answers, configured):
            if configured.has_locked_folders:
                what = msg("The list of folders, without {path},", path=folder.path)
                found.append((f"folders.{number}.path", what))
                continue
            for key in edit.values:
                if key in locked:
                    field = f"folders.{number}.{key.removesuffix('_key')}"
                    found.append((field, msg("{key} of {path}", key=key, path=folder.path)))
    return tuple(
        WrongAnswer(
            field,
            msg(
                "{what} is set for this computer, in {place}.", what=what, place=configured.machine
            ),
        )
        for field, what in found
    )


def _folder_problems(answers: Answers, configured: Configured) -> Iterator[WrongAnswer]:
    if not answers.folders and not configured.folders:
        yield WrongAnswer("folders", msg("A folder to watch is missing."))
    places = [folder.place for folder in answers.folders]
    for number, folder in enumerate(answers.folders):
        if folder.place in places[:number]:
            said = msg("{path} is listed twice.", path=folder.path)
            yield WrongAnswer(f"folders.{number}.path", redacted(said))
        if not (folder.source_key or configured.folder(folder.path, folder.place).source_key):
            said = msg("The source for the files of {path} is missing.", path=folder.path)
            yield WrongAnswer(f"folders.{number}.source", redacted(said))


# -- Edits


def plan_edits(answers: Answers, configured: Configured) -> tuple[Edit, ...]:
    """Return the edits that bring the configuration in line with the answers."""
    edits: list[Edit] = []
    account = configured.account(answers.account)
    if values := _account_values(answers, account):
        edits.append(PutAccount(answers.account, values))
    if (
        account is None and configured.only
    ):  # with a second account, folders must say whose they are
        edits += [
            PutFolder(at, {"account": configured.only})
            for at, one in enumerate(configured.folders)
            if not one.account and not one.is_machine
        ]
    edits += [
        edit for folder in answers.folders for edit in _folder_edits(folder, answers, configured)
    ]
    return tuple(edits)


def _account_values(answers: Answers, account: ConfiguredAccount | None) -> dict[str, str]:
    """Return what is answered of an account, and differs from what is configured."""
    said = {"email": answers.email, "api_url": answers.api_url}
    return {
        key: value
        for key, value in said.items()
        if value is not None and (account is None or getattr(account, key) != value)
    }


def _folder_edits(
    folder: FolderAnswer, answers: Answers, configured: Configured
) -> Iterator[PutFolder]:
    """Yield the one edit that a folder needs, or none."""
    at = configured.number(folder.place)
    said: dict[str, Plain | None] = {
        "path": folder.path,
        "source_key": folder.source_key,
        "tags": folder.tags,
        "recursive": folder.recursive,
        "after_upload": folder.after_upload,
    }
    values = {key: value for key, value in said.items() if value is not None}
    if {account.name for account in configured.accounts} - {answers.account}:
        values["account"] = answers.account
    if at is None:
        values = {key: value for key, value in values.items() if value != ()}
        if configured.source_key and values.get("source_key") == configured.source_key:
            del values["source_key"]
        yield PutFolder(None, values, folder.source_name)
        return
    old = configured.folders[at]
    path = values.pop("path")  # it leads there already, however it is written
    values = _changed(values, old)
    if values and old.is_machine:
        yield PutFolder(None, {"path": path, **values}, folder.source_name)
    elif values:
        yield PutFolder(at, values, folder.source_name)


def _changed(values: dict[str, Plain], configured: ConfiguredFolder) -> dict[str, Plain]:
    """Return what differs. The machine's tags are not written: they may change there."""
    own = {key: getattr(configured, key) for key in values}
    for each in (values, own):
        if isinstance(tags := each.get("tags"), tuple):
            each["tags"] = tuple(item for item in tags if item not in configured.given)
    return {key: value for key, value in values.items() if value != own[key]}
