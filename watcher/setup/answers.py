"""What a person answered, what is wrong with it, and the edits that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.setup.edits import Plain, PutAccount, PutFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.settings import AfterUpload, Item
    from watcher.setup.edits import Edit
    from watcher.setup.known import Known, KnownFolder


@dataclass(frozen=True, slots=True)
class FolderAnswer:
    """A folder to watch; None leaves a key as it is, or out.

    ``path`` is what is to be written, ``place`` where it leads, links followed. ``source_name`` is
    only remarked.
    """

    path: str
    place: str
    source_key: str | None = None
    source_name: str = ""
    tags: tuple[Item, ...] | None = None
    after_upload: AfterUpload | None = None
    recursive: bool | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers; the API key is none of them, it goes another way."""

    account: str = "default"
    email: str | None = None
    api_url: str | None = None
    folders: tuple[FolderAnswer, ...] = ()


def find_problems(answers: Answers, known: Known) -> tuple[tuple[str, str], ...]:
    """(answer, what is wrong with it, in one sentence) for each that is missing or senseless."""
    return tuple(_problems(answers, known))


def find_locked(answers: Answers, known: Known) -> tuple[str, ...]:
    """What was answered and cannot be, as the machine-wide configuration has locked it."""
    return tuple(_locked(answers, known))


def plan_edits(answers: Answers, known: Known) -> tuple[Edit, ...]:
    """The edits that make the configuration say what was answered; none for what it says."""
    edits: list[Edit] = []
    account = known.account(answers.account)
    said = {"email": answers.email, "api_url": answers.api_url}
    values = {
        key: value
        for key, value in said.items()
        if value is not None and (account is None or getattr(account, key) != value)
    }
    if values:
        edits.append(PutAccount(answers.account, values))
    if account is None and known.only:  # which was meant by folders that name none
        folders = enumerate(known.folders)
        edits += [
            PutFolder(at, {"account": known.only})
            for at, one in folders
            if not one.account and not one.is_machine
        ]
    edits += [edit for folder in answers.folders for edit in _folder_edits(folder, answers, known)]
    return tuple(edits)


# -- inside


def _problems(answers: Answers, known: Known) -> Iterator[tuple[str, str]]:
    account = known.account(answers.account)
    email = answers.email if answers.email is not None else account.email if account else ""
    if not email:
        yield "email", "The email of the HrFlow account is missing."
    elif not all(email.partition("@")):
        yield "email", f'"{email}" is no email address.'
    if not answers.folders and not known.folders:
        yield "folder", "A folder to watch is missing."
    places = [folder.place for folder in answers.folders]
    for number, folder in enumerate(answers.folders):
        if folder.place in places[:number]:
            yield "folder", f"{folder.path} is named twice."
        if not folder.source_key and not _known_source(folder, known):
            yield "source", f"The source that the files of {folder.path} go to is missing."


def _known_source(folder: FolderAnswer, known: Known) -> str:
    at = known.number(folder.place)
    return known.folders[at].source_key if at is not None else known.source_key


def _locked(answers: Answers, known: Known) -> Iterator[str]:
    account = known.account(answers.account)
    for key, value in (("email", answers.email), ("api_url", answers.api_url)):
        if account and key in account.locked and value not in (None, getattr(account, key)):
            yield f"The account's {key} is set for this machine, in {known.machine}."
    for folder in answers.folders:
        edit = next(_folder_edits(folder, answers, known), None)
        if edit is not None and known.has_locked_folders:
            yield (
                f"Which folders are watched, and so not {folder.path}, is set for this machine, in"
                f" {known.machine}."
            )
        elif edit is not None:
            at = known.number(folder.place)
            locked = known.locked if at is None else known.folders[at].locked
            yield from (
                f"{key} of {folder.path} is set for this machine, in {known.machine}."
                for key in edit.values
                if key in locked
            )


def _folder_edits(folder: FolderAnswer, answers: Answers, known: Known) -> Iterator[PutFolder]:
    at = known.number(folder.place)
    values = {key: value for key, value in _said(folder).items() if value is not None}
    if {account.name for account in known.accounts} - {answers.account}:
        values["account"] = answers.account
    if at is None:
        values = {key: value for key, value in values.items() if value != ()}
        if known.source_key and values.get("source_key") == known.source_key:
            del values["source_key"]
        yield PutFolder(None, values, folder.source_name)
        return
    old = known.folders[at]
    path = values.pop("path")  # it leads there already, however it is written
    values = _changed(values, old)
    if values and old.is_machine:
        yield PutFolder(None, {"path": path, **values}, folder.source_name)
    elif values:
        yield PutFolder(at, values, folder.source_name)


def _said(folder: FolderAnswer) -> dict[str, Plain | None]:
    return {
        "path": folder.path,
        "source_key": folder.source_key,
        "tags": folder.tags,
        "recursive": folder.recursive,
        "after_upload": folder.after_upload,
    }


def _changed(values: dict[str, Plain], known: KnownFolder) -> dict[str, Plain]:
    """What differs. Tags that are the machine's are not written: they may change there."""
    own = {key: getattr(known, key) for key in values}
    for each in (values, own):
        if isinstance(tags := each.get("tags"), tuple):
            each["tags"] = tuple(item for item in tags if item not in known.given)
    return {key: value for key, value in values.items() if value != own[key]}
