"""Tags as people type them: ``office=Paris, urgent=true, zip="01000"``."""

from __future__ import annotations

import difflib
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.settings import AfterUpload, Item, Value
from watcher.routing.patterns import compose

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

#: What can be typed to have none.
NONE: Final = "none"


_TAG = re.compile(r'\s*(?P<name>"(?:[^"\\]|\\.)*"|[^=]*?)\s*=(?P<value>.*)\Z', re.DOTALL)


#: A piece up to the next comma; commas in quotes do not part.
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"]|")+')


_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")


_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)\Z")


_PLAIN_TEXT = re.compile(r"[^\s\"',\\]([^\"',\\]*[^\s\"',\\])?\Z")


class TagError(ValueError):
    """What was typed is no tag; ``said`` says so in one sentence."""

    def __init__(self, said: Message) -> None:
        super().__init__(said)
        self.said = said


def parse_tags(text: str) -> tuple[Item, ...]:
    """The tags of a line, parted by commas; "" and "none" are no tags."""
    if text.strip().lower() in ("", NONE):
        return ()
    return merge_tags(parse_tag(piece) for piece in _PIECE.findall(text) if piece.strip())


def merge_tags(items: Iterable[Item]) -> tuple[Item, ...]:
    """The items, without those whose name comes again."""
    return tuple({item.name: item for item in items}.values())


def parse_tag(text: str) -> Item:
    """One tag from ``name=value``; TagError if it has no name or no "=".

    ``true``, ``false`` and numbers keep their type, unless they stand in quotes. A number with
    leading zeros is a text, like the code it most likely is.
    """
    found = _TAG.match(text)
    if found is None or not found["name"]:
        raise TagError(msg('"{value}" is no tag like office=Paris.', value=text.strip()))
    return Item(name=_unquoted(found["name"]), value=_value(found["value"].strip()))


def write_tags(items: Iterable[Item]) -> str:
    """The tags as they would be typed."""
    return ", ".join(f"{_text(item.name, is_name=True)}={_written(item.value)}" for item in items)


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.match(text):
        return int(text)
    if _DECIMAL.match(text) and math.isfinite(float(text)):
        return float(text)
    return _unquoted(text)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text, strict=False))
        except ValueError:  # a backslash of a path, say
            return text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    return text


def _written(value: Value) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str, *, is_name: bool = False) -> str:
    bare = _PLAIN_TEXT.match(text) and not (is_name and "=" in text)
    if bare and (is_name or isinstance(_value(text), str)):
        return text
    return json.dumps(text, ensure_ascii=False)


#: "40 hexadecimal digits" by habit; the API's pages promise no form.
_KEY = re.compile(r"[0-9a-fA-F]{40}\Z")


class Named(Protocol):
    """A source, as HrFlow lists it."""

    @property
    def key(self) -> str:
        """What uploads name it by."""

    @property
    def name(self) -> str:
        """What people name it by."""


Source = TypeVar("Source", bound=Named)


def looks_like_key(text: str) -> bool:
    """Whether a text has the form that source keys have had so far."""
    return _KEY.match(text) is not None


def pick_source(
    text: str, sources: Sequence[Source], *, numbered: bool = False
) -> tuple[Source | None, Message]:
    """The source that ``text`` means by its key or name, or None and why there is none.

    ``numbered``: it may also be a number, from 1, of the list that was shown.
    """
    found = [source for source in sources if source.key == text]
    found = found or [source for source in sources if source.name.casefold() == text.casefold()]
    if not found and numbered and text.isdecimal() and 1 <= int(text) <= len(sources):
        found = [sources[int(text) - 1]]
    if len(found) == 1:
        return found[0], NOTHING
    if found:
        keys = tuple(source.key for source in found)
        return None, msg(
            '{number} sources are called "{value}"; name one by its key: {names}.',
            number=len(found),
            value=text,
            names=keys,
        )
    return None, _no_source(text, sources)


def _no_source(text: str, sources: Sequence[Named]) -> Message:
    names = {source.name.casefold(): source.name for source in sources}
    near = difflib.get_close_matches(text.casefold(), names, 1)
    if near:
        return msg(
            'This workspace has no source "{value}"; did you mean "{name}"?',
            value=text,
            name=names[near[0]],
        )
    if 0 < len(names) <= 10:
        return msg(
            'This workspace has no source "{value}"; there are {names}.',
            value=text,
            names=tuple(sorted(names.values())),
        )
    return msg('This workspace has no source "{value}".', value=text)


#: A value that can be written; tags are tuples of items.
Plain = Value | tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class PutAccount:
    """Set keys of the account called ``name``, which is made if there is none."""

    name: str
    values: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class PutFolder:
    """Set keys of the folder number ``at`` (from 0), or add one: ``at`` is None.

    ``source_name`` is remarked behind a source key that is set, "" if it is not known.
    """

    at: int | None
    values: Mapping[str, Plain]
    source_name: str = ""


@dataclass(frozen=True, slots=True)
class DropFolder:
    """Take the folder number ``at`` (from 0) out."""

    at: int


Edit = PutAccount | PutFolder | DropFolder


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account as it is written; "" for what is not. ``locked`` are keys that stay so."""

    name: str
    email: str = ""
    api_url: str = ""
    locked: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KnownFolder:
    """A folder as it is written. ``place`` is where its path leads, links followed.

    ``account`` ("" if it is not written) and ``after_upload`` may come from the defaults; ``tags``
    are the folder's own, and ``given`` those of them that the machine-wide configuration has.
    ``is_machine``: it stands there alone. ``locked`` are keys that stay as they are.
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


@dataclass(frozen=True, slots=True)
class Known:
    """All accounts and folders, in the order of the file; those of the machine alone come last.

    ``source_key`` is that of the defaults. ``machine`` is the path of the machine-wide
    configuration, "" if there is none; ``locked`` what it locks of every folder, and
    ``has_locked_folders`` says that there can be no others.
    """

    accounts: tuple[KnownAccount, ...] = ()
    folders: tuple[KnownFolder, ...] = ()
    source_key: str = ""
    machine: str = ""
    locked: Collection[str] = frozenset()
    has_locked_folders: bool = False

    def account(self, name: str) -> KnownAccount | None:
        """The account called ``name``."""
        return next((account for account in self.accounts if account.name == name), None)

    @property
    def only(self) -> str:
        """The only account's name, "" if there are none or several."""
        return self.accounts[0].name if len(self.accounts) == 1 else ""

    def number(self, place: str) -> int | None:
        """The number (from 0) of the folder at ``place``."""
        places = [folder.place for folder in self.folders]
        if place not in places:  # an accent may be written otherwise
            place, places = compose(place), [compose(each) for each in places]
        return places.index(place) if place in places else None


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


def find_problems(answers: Answers, known: Known) -> tuple[tuple[str, Message], ...]:
    """(answer, what is wrong with it, in one sentence) for each that is missing or senseless."""
    return tuple(_problems(answers, known))


def find_locked(answers: Answers, known: Known) -> tuple[Message, ...]:
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


def _problems(answers: Answers, known: Known) -> Iterator[tuple[str, Message]]:
    account = known.account(answers.account)
    email = answers.email if answers.email is not None else account.email if account else ""
    if not email:
        yield "email", msg("The email of the HrFlow account is missing.")
    elif not all(email.partition("@")):
        yield "email", msg('"{value}" is no email address.', value=email)
    if not answers.folders and not known.folders:
        yield "folder", msg("A folder to watch is missing.")
    places = [folder.place for folder in answers.folders]
    for number, folder in enumerate(answers.folders):
        if folder.place in places[:number]:
            yield "folder", msg("{path} is named twice.", path=folder.path)
        if not folder.source_key and not _known_source(folder, known):
            yield (
                "source",
                msg("The source that the files of {path} go to is missing.", path=folder.path),
            )


def _known_source(folder: FolderAnswer, known: Known) -> str:
    at = known.number(folder.place)
    return known.folders[at].source_key if at is not None else known.source_key


def _locked(answers: Answers, known: Known) -> Iterator[Message]:
    account = known.account(answers.account)
    for key, value in (("email", answers.email), ("api_url", answers.api_url)):
        if account and key in account.locked and value not in (None, getattr(account, key)):
            yield msg(
                "The account's {key} is set for this machine, in {path}.",
                key=key,
                path=known.machine,
            )
    for folder in answers.folders:
        edit = next(_folder_edits(folder, answers, known), None)
        if edit is not None and known.has_locked_folders:
            yield (
                msg(
                    "Which folders are watched, and so not {path}, is set for this machine, in "
                    "{place}.",
                    path=folder.path,
                    place=known.machine,
                )
            )
        elif edit is not None:
            at = known.number(folder.place)
            locked = known.locked if at is None else known.folders[at].locked
            yield from (
                msg(
                    "{key} of {path} is set for this machine, in {place}.",
                    key=key,
                    path=folder.path,
                    place=known.machine,
                )
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
