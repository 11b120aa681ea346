"""Edits a configuration's text; what an edit does not name stays as it is, comments included.

The text is cut into blocks, each a header with the comments above it and the keys below it. A
folder is added or removed as whole blocks; keys are set by tomlkit within theirs. (In the document
as a whole, tomlkit puts a new key below the comments of the next table, and moves tables that stand
apart.) Each edit is proved by parsing the new text: it must have the old values but for the edit,
and all comments. An edit that fails this is refused, as are folders in ``folders = [{ … }]``.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import tomllib
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from msgspec import Struct
from tomlkit import items
from tomlkit.container import Container, OutOfOrderTableProxy
from tomlkit.exceptions import TOMLKitError

from watcher.config.toml import Layout, comments
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError
from watcher.model.settings import DEFAULT_ACCOUNT, Item, Value
from watcher.routing.patterns import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.config.mistakes import KeyPath

_log = logging.getLogger(__name__)

_HEAD: Final = """\
# hrflow-watcher configuration. After a change: hrflow-watcher config check
# All settings, and where each comes from: hrflow-watcher config show
# Don't put secrets here: the API key belongs in the system's keyring or, where there is none, in
# the environment variable HRFLOW_API_KEY (see: hrflow-watcher doctor).
"""
#: Comments of new tables: above the header ("") and above keys.
_ACCOUNT_NOTES: Final = {"": "One HrFlow workspace."}
_FOLDER_NOTES: Final = {
    "": 'A watched folder; "~" and $VARIABLES may be used.',
    "tags": "Added to every file of this folder.",
    "after_upload": 'After upload: "keep" the file, "move" it to Sent, or "trash" it.',
}
#: The remark after a source key, the only comment that is ever replaced.
_REMARK: Final = re.compile(r'# source ".*"\Z')
_LONGEST_REMARK: Final = 60
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")

#: A value that can be written; tags are tuples of items.
Plain = Value | tuple[Item, ...]


class PutAccount(Struct, frozen=True):
    """Set keys of the account called ``name``, which is added if there is none."""

    name: str
    values: Mapping[str, Plain]


class PutFolder(Struct, frozen=True):
    """Set keys of the folder number ``at`` (from 0), or add one if ``at`` is None.

    ``source_name`` becomes a comment after the source key, "" if it is not known.
    """

    at: int | None
    values: Mapping[str, Plain]
    source_name: str = ""


class DropFolder(Struct, frozen=True):
    """Remove the folder number ``at`` (from 0)."""

    at: int


Edit = PutAccount | PutFolder | DropFolder


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return the configuration ``text`` with ``edits``; "" makes a new one.

    ConfigError if an edit cannot be made without touching something else. ``text`` must be valid
    TOML; its meaning is not checked.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n") or _HEAD
    for edit in edits:
        text = _change_and_prove(text if text.endswith("\n") else text + "\n", edit)
    return text.replace("\n", newline)


# -- the proof


def _change_and_prove(text: str, edit: Edit) -> str:
    try:
        changed = _change(text, edit)
        is_right = _same(tomllib.loads(changed), _expected(tomllib.loads(text), edit))
        if is_right and not (_kept_comments(text, edit) - Counter(comments(changed))):
            return changed
    except (TOMLKitError, LookupError, ValueError, TypeError, AttributeError) as error:
        _log.debug("an edit of the configuration failed: %s", type(error).__name__)
    raise ConfigError(
        msg("The configuration can't be changed automatically because of the way it is written."),
        msg("Change the file by hand."),
    )


def _expected(raw: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """Return the values that the file must have afterwards."""
    match edit:
        case PutAccount(name, values):
            table = raw
            for part in _account_key_path(raw, name):
                table = table.setdefault(part, {})
            table.update(_raw_values(values))
        case PutFolder(None, values):
            raw.setdefault("folders", []).append(_raw_values(values))
        case PutFolder(at, values):
            raw["folders"][at].update(_raw_values(values))
        case DropFolder(at):
            del raw["folders"][at]
    return raw


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both have the same values; in Python, 1, 1.0 and True would be equal."""
    texts = [
        json.dumps({**each, "folders": each.get("folders", [])}, sort_keys=True, default=repr)
        for each in (one, other)
    ]
    return texts[0] == texts[1]


def _kept_comments(text: str, edit: Edit) -> Counter[str]:
    """Return the comments that must stay: no remarks, and none of set tags or a dropped folder."""
    if isinstance(edit, DropFolder):
        return Counter()
    lines = text.split("\n")
    if isinstance(edit, PutFolder) and "tags" in edit.values:
        for key_path, line in Layout(text).lines.items():
            if key_path[:3] == ("folders", edit.at, "tags") and len(key_path) > 3:
                lines[line - 1] = ""
    return Counter(each for each in comments("\n".join(lines)) if not _REMARK.match(each))


# -- the change


class _Block(Struct):
    """A table as it is written; the first block is what is above all headers.

    ``head`` is its header with the comments above it, ``keys`` everything up to the last key,
    ``below`` the comments right after that, and ``rest`` what follows after an empty line.
    """

    key_path: KeyPath
    head: str = ""
    keys: str = ""
    below: str = ""
    rest: str = ""

    def __str__(self) -> str:
        return self.head + self.keys + self.below + self.rest

    @property
    def ends_apart(self) -> bool:
        """Whether its last line is empty."""
        return f"\n{self}".endswith("\n\n")


def _cut(text: str) -> list[_Block]:
    """Return the blocks of a text that ends with a newline."""
    lines = [f"{line}\n" for line in text.split("\n")[:-1]]
    places: list[tuple[KeyPath, int, int]] = [((), 0, 0)]  # (key path, first line, line of keys)
    for key_path, line in Layout(text).headers:
        first = line - 1
        while first > places[-1][2] and _is_comment(lines[first - 1]):
            first -= 1
        places.append((key_path, first, line))
    blocks = []
    for (key_path, first, body), (_, end, _) in pairwise([*places, ((), len(lines), 0)]):
        last = end
        while last > body and (_is_comment(lines[last - 1]) or not lines[last - 1].strip()):
            last -= 1
        blank = next((at for at in range(last, end) if not lines[at].strip()), end)
        cuts = pairwise((first, body, last, blank, end))
        blocks.append(_Block(key_path, *("".join(lines[start:stop]) for start, stop in cuts)))
    return blocks


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _change(text: str, edit: Edit) -> str:
    blocks = _cut(text)
    match edit:
        case PutAccount(name, values):
            key_path: KeyPath = _account_key_path(tomllib.loads(text), name)
            if _find(blocks, key_path):
                _put(blocks, key_path, _raw_values(values))
            else:
                header = f"[{'.'.join(_name(str(part)) for part in key_path)}]"
                _insert(blocks, len(blocks), _new(header, _raw_values(values), _ACCOUNT_NOTES))
        case PutFolder(None, values, source_name):
            after = [at for at, each in enumerate(blocks, 1) if each.key_path[:1] == ("folders",)]
            new = _new("[[folders]]", _raw_values(values), _FOLDER_NOTES, _remark(source_name))
            _insert(blocks, after[-1] if after else len(blocks), new)
        case PutFolder(at, values, source_name):
            assert at is not None
            _put(blocks, ("folders", at), _raw_values(values), _remark(source_name))
        case DropFolder(at):
            _remove(blocks, ("folders", at))
    changed = "".join(map(str, blocks))
    return changed.rstrip("\n") + "\n" if isinstance(edit, DropFolder) else changed


def _account_key_path(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    is_plain = name == DEFAULT_ACCOUNT and name not in raw.get("accounts", {})
    return ("account",) if is_plain else ("accounts", name)


def _find(blocks: list[_Block], key_path: KeyPath) -> tuple[_Block, Any, Any] | None:
    """Return the block that contains ``key_path``, its keys as tomlkit has them, and the value."""
    for block in blocks:
        size = len(block.key_path)
        if block.key_path == key_path[:size]:
            document = found = tomlkit.parse(block.keys)
            with contextlib.suppress(LookupError):
                for part in key_path[size:]:
                    found = found[part]  # type: ignore[index]
                return block, document, found
    return None


def _insert(blocks: list[_Block], at: int, new: _Block) -> None:
    before = blocks[at - 1]
    new.rest, before.rest = before.rest, "\n"
    blocks.insert(at, new)


def _remove(blocks: list[_Block], key_path: KeyPath) -> None:
    """Remove a table, and the comments about it; those that may be about something else stay."""
    for block in [each for each in blocks if each.key_path[: len(key_path)] == key_path]:
        at = blocks.index(block)
        before, stays = blocks[at - 1], block.rest
        if before.ends_apart:
            stays = stays.lstrip("\n")
        elif block.key_path == key_path:  # comments may be about the key above them, or the file
            stays = block.head[: block.head.rfind("\n", 0, -1) + 1] + stays
        before.rest += stays
        del blocks[at]


def _put(
    blocks: list[_Block], key_path: KeyPath, values: Mapping[str, Any], remark: str = ""
) -> None:
    """Set keys of a table; ``remark`` is put after its source key."""
    found = _find(blocks, key_path)
    if found is None:
        raise LookupError(key_path)
    block, document, table = found
    for key, value in values.items():
        section = next((each for each in blocks if each.key_path == (*key_path, key)), None)
        if section and isinstance(value, dict):  # one by one
            inner = tomlkit.parse(section.keys)
            for name in inner.keys() - value.keys():
                del inner[name]
            for name, each in value.items():
                _set(inner, name, each)
            section.keys = inner.as_string()
        else:
            _remove(blocks, (*key_path, key))
            _set(table, key, value, remark if key == "source_key" else "")
    block.keys = document.as_string()


def _set(table: Any, key: str, value: object, remark: str = "") -> None:
    """Set a key, and keep the comment after it."""
    new = _written(value)
    if isinstance(table.get(key), OutOfOrderTableProxy | items.Table):
        del table[key]  # it has dotted keys, and becomes one line
    if isinstance(table, Container):  # there are no comments in other tables
        old: Any = table.item(key).trivia if key in table else items.Trivia()  # type: ignore[union-attr]
        if not old.comment or _REMARK.match(old.comment):
            old.comment, old.comment_ws = "", ""
            new.trivia.comment, new.trivia.comment_ws = remark, "  " if remark else ""
    table[key] = new


def _new(
    header: str, values: Mapping[str, object], notes: Mapping[str, str], remark: str = ""
) -> _Block:
    """Return a new table, with comments."""
    keys = ""
    for key, value in values.items():
        keys += f"# {notes[key]}\n" if key in notes else ""
        keys += f"{_name(key)} = {_written(value).as_string()}"
        keys += f"  {remark}\n" if remark and key == "source_key" else "\n"
    return _Block((), f"# {notes['']}\n{header}\n", keys)


# -- values


def _raw_values(values: Mapping[str, Plain]) -> dict[str, Any]:
    return {
        key: {item.name: item.value for item in value} if isinstance(value, tuple) else value
        for key, value in values.items()
    }


def _remark(source_name: str) -> str:
    name = harmless(source_name).strip()[:_LONGEST_REMARK]
    return f'# source "{name}"' if name else ""


def _name(key: str) -> str:
    return key if _BARE.match(key) else tomlkit.item(key).as_string()


def _written(value: object) -> items.Item:
    """Return a value as it is written: small tables in one line, backslashes as they are."""
    if isinstance(value, dict):
        pairs = [f"{_name(key)} = {_written(each).as_string()}" for key, each in value.items()]
        return tomlkit.value(f"{{ {', '.join(pairs)} }}" if pairs else "{ }")
    if isinstance(value, str) and "\\" in value and value.isprintable() and "'" not in value:
        return tomlkit.string(value, literal=True)
    return tomlkit.item(value)
