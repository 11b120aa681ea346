"""Careful edits: what an edit does not name stays as it is, comments and order included.

Values are changed by tomlkit in the whole document; a new table is written behind the last one, and
a folder is taken out by its lines. Each edit is proved before it counts: the new text has to say
what the old one said, with nothing but the edit changed, and has to have all its comments. One that
fails is refused.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import logging
import os
import re
import stat
import tempfile
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from tomlkit.container import OutOfOrderTableProxy
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Item, Key, Table

from watcher.config.lines import comments, locate
from watcher.config.setup import DropFolder, PutAccount, PutFolder
from watcher.config.text import read_text
from watcher.config.types import DEFAULT_ACCOUNT
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError
from watcher.routing.placeholders import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.config.lines import KeyPath
    from watcher.config.setup import Edit, Plain

_log = logging.getLogger(__name__)

_HEAD: Final = """\
# hrflow-watcher configuration. After a change: hrflow-watcher config check
# All settings, and where each comes from: hrflow-watcher config show
# Don't put secrets here: the API key is stored in the system's keyring.
"""
#: Comments of new tables: above the header ("") and above keys.
_ACCOUNT_NOTES: Final = {"": "One HrFlow workspace."}
_FOLDER_NOTES: Final = {
    "": 'A watched folder; "~" and $VARIABLES may be used.',
    "tags": "Added to every file of this folder.",
    "after_upload": 'After upload: "keep" the file, "move" it to Sent, or "trash" it.',
}
#: The remark behind a source key; only such a one is ever replaced.
_REMARK: Final = re.compile(r'# source ".*"\Z')
_LONGEST_REMARK: Final = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return the configuration ``text`` with ``edits``; "" makes a new one.

    ConfigError if an edit cannot be made without touching something else. ``text`` has to be
    valid TOML; whether it makes sense is not asked.
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
        lost = Counter(_kept_comments(text, edit)) - Counter(comments(changed))
        if is_right and (not lost or isinstance(edit, DropFolder)):
            return changed
    except (TOMLKitError, LookupError, ValueError, TypeError, AttributeError) as error:
        _log.debug("an edit of the configuration failed: %s", type(error).__name__)
    raise ConfigError(
        msg("The configuration can't be changed automatically because of the way it is written."),
        msg("Change the file by hand, or put its [[folders]] next to each other."),
    )


def _expected(raw: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """Return what the file has to say afterwards."""
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
    """Whether both say the same: for Python 1, 1.0 and true are equal. No folders are none."""
    texts = [
        json.dumps({**each, "folders": each.get("folders", [])}, sort_keys=True, default=repr)
        for each in (one, other)
    ]
    return texts[0] == texts[1]


def _kept_comments(text: str, edit: Edit) -> list[str]:
    """Return the comments that have to stay: all but remarks, and those behind tags that go."""
    goes = set()
    if isinstance(edit, PutFolder) and edit.at is not None and "tags" in edit.values:
        key_path = ("folders", edit.at, "tags")
        stay = [(*key_path, name) for name in _raw_values(edit.values)["tags"]]
        goes = {at for key, at in locate(text).items() if key[:-1] == key_path and key not in stay}
    kept = (line for number, line in enumerate(text.split("\n"), 1) if number not in goes)
    return [comment for comment in comments("\n".join(kept)) if not _REMARK.match(comment)]


# -- the change


def _account_key_path(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    is_plain = name == DEFAULT_ACCOUNT and name not in raw.get("accounts", {})
    return ("account",) if is_plain else ("accounts", name)


def _raw_values(values: Mapping[str, Plain]) -> dict[str, Any]:
    return {
        key: {item.name: item.value for item in value} if isinstance(value, tuple) else value
        for key, value in values.items()
    }


def _change(text: str, edit: Edit) -> str:
    document: Any = tomlkit.parse(text)
    if document.as_string() != text:
        raise ValueError("folders that stand apart would be put together")
    folders = document.get("folders")
    match edit:
        case PutAccount(name, values):
            key_path = _account_key_path(document, name)
            table = document
            for part in key_path:
                table = None if table is None else table.get(part)
            if table is None:
                header = f"[{'.'.join(map(_name, key_path))}]"
                return text + _block(header, _raw_values(values), _ACCOUNT_NOTES)
            _put(table, _raw_values(values))
        case PutFolder(None, values, source_name) if not isinstance(folders, Array):
            remark = _remark(source_name)
            block = _block("[[folders]]", _raw_values(values), _FOLDER_NOTES, remark)
            return _behind_folders(text, block)
        case PutFolder(None, values):
            folders.append(_written(_raw_values(values)))
        case PutFolder(at, values, source_name):
            _put(folders[at], _raw_values(values), _remark(source_name))
        case DropFolder(at) if not isinstance(folders, Array):
            return _without(text, at)
        case DropFolder(at):
            del folders[at]
    return str(document.as_string())


def _put(table: Any, values: Mapping[str, Any], remark: str = "") -> None:
    """Set keys of a table; ``remark`` is put behind its source key."""
    for key in values:
        if _is_dotted(table.get(key)):  # becomes one line
            del table[key]
    new = [key for key in values if key not in table]
    for key, value in values.items():
        if key not in new:
            _set(table, key, value, remark if key == "source_key" else "")
    for key in new:  # below all that was changed
        _add(table, key, values[key], remark if key == "source_key" else "")


def _set(table: Any, key: str, value: object, remark: str) -> None:
    """Set a key that is there, and keep the comment behind it."""
    old = table[key]
    if isinstance(value, dict) and isinstance(old, Table):  # a section of its own: one by one
        for name in [name for name in old if name not in value]:
            del old[name]
        _put(old, value)
        return
    if _REMARK.match(old.trivia.comment):
        old.trivia.comment, old.trivia.comment_ws = remark, "  " if remark else ""
    table[key] = _written(value)


def _add(table: Any, key: str, value: object, remark: str) -> None:
    """Add a key below the last one of a table: tomlkit puts it behind comments of the next one."""
    if isinstance(table, InlineTable):
        table[key] = _written(value)
        return
    last, inner = table, table
    while isinstance(inner, Table):
        own = [each for name, each in inner.value.body if name and not _is_section(name, each)]
        inner = own[-1] if own else None
        last = inner or last
    last.trivia.trail += _line(key, value, remark)


def _is_dotted(old: object) -> bool:
    """Whether it is written as ``tags.city = "Paris"``; tomlkit knows several such as a proxy."""
    return isinstance(old, OutOfOrderTableProxy) or (
        isinstance(old, Table) and old.is_super_table()
    )


def _is_section(key: Key, item: Item) -> bool:
    return isinstance(item, AoT) or (isinstance(item, Table) and not key.is_dotted())


def _remark(source_name: str) -> str:
    name = harmless(source_name).strip()[:_LONGEST_REMARK]
    return f'# source "{name}"' if name else ""


# -- whole tables, by their lines


def _block(
    header: str, values: Mapping[str, object], notes: Mapping[str, str], remark: str = ""
) -> str:
    """Return a new table, with comments."""
    lines = ["\n", f"# {notes['']}\n", f"{header}\n"]
    for key, value in values.items():
        lines += [f"# {notes[key]}\n"] if key in notes else []
        lines.append(_line(key, value, remark if key == "source_key" else ""))
    return "".join(lines)


def _behind_folders(text: str, block: str) -> str:
    """Return the text with a new folder behind the last one, or at the end."""
    lines = text.split("\n")[:-1]
    end = _end_of(text, ("folders",)) if ("folders",) in locate(text) else len(lines)
    if end < len(lines):  # comments right above the next table are about that
        while lines[end - 1].startswith("#"):
            end -= 1
        while not lines[end - 1].strip():
            end -= 1
    return "\n".join([*lines[:end], *block.split("\n")[:-1], *lines[end:], ""])


def _without(text: str, at: int) -> str:
    """Return the text without a folder, its rules, and the comments right above and in them.

    Comments that may be about something else stay.
    """
    lines, key_path = text.split("\n")[:-1], ("folders", at)
    header = locate(text)[key_path] - 1
    end = _end_of(text, key_path)
    first = header
    while first and lines[first - 1].startswith("#"):
        first -= 1
    if not first or lines[first - 1].strip():  # the file's own, or those of a key right above
        first = header
    last = end
    while not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#"):
        last -= 1
    # Up to an empty line they are about the last key.
    last = next((number for number in range(last, end) if not lines[number].strip()), last)
    before, after = "\n".join(lines[:first]).rstrip(), "\n".join(lines[last:]).lstrip("\n")
    return "\n\n".join(each for each in (before, after.rstrip()) if each) + "\n"


def _end_of(text: str, key_path: KeyPath) -> int:
    """Return how many lines there are before the first one that is not of that table."""
    found = locate(text)
    others = [
        line
        for key, line in found.items()
        if line > found[key_path] and key[: len(key_path)] != key_path
    ]
    return min(others, default=text.count("\n") + 1) - 1


# -- values


def _line(key: str, value: object, remark: str = "") -> str:
    return f"{_name(key)} = {_written(value).as_string()}{'  ' + remark if remark else ''}\n"


def _name(key: str) -> str:
    return key if _BARE.match(key) else tomlkit.item(key).as_string()


def _written(value: object) -> Item:
    """Return a value as it is written: small tables in one line, backslashes as they are."""
    if isinstance(value, dict):
        pairs = [f"{_name(key)} = {_written(each).as_string()}" for key, each in value.items()]
        return tomlkit.value(f"{{ {', '.join(pairs)} }}" if pairs else "{ }")
    if isinstance(value, str) and "\\" in value and value.isprintable() and "'" not in value:
        return tomlkit.string(value, literal=True)
    return tomlkit.item(value)


# -- the file


def read_or_new(path: str) -> str:
    """Return what stands at ``path``, without a byte order mark; "" if nothing is there."""
    return read_text(path) if os.path.exists(path) else ""


def replace_text(path: str, old: str, new: str) -> None:
    """Let ``new`` stand at ``path``, where ``old`` stood when it was read.

    Whoever reads meanwhile sees all of the old text or all of the new one. A link stays a link:
    the file it leads to is replaced, and keeps its mode and owner; a new one is its owner's alone.
    ConfigError if it cannot be written, or if it is not ``old`` any more.
    """
    target = os.path.realpath(path)
    try:
        if read_or_new(path) != old:
            raise ConfigError(
                msg("The configuration {path} has been changed in the meantime.", path=path),
                msg("Nothing was saved. Check that change, then try again."),
            )
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        _replace(target, new.encode())
    except UnicodeEncodeError as error:
        raise ConfigError(
            msg("A name that is not valid text can't be saved in the configuration."),
            msg("Rename it."),
        ) from error
    except OSError as error:
        raise ConfigError(
            msg(
                "The configuration {path} cannot be written ({error}).",
                path=path,
                error=error.strerror,
            ),
            msg(
                "It is unchanged. Give yourself permission to write it, or choose another one"
                " with --config."
            ),
        ) from error


def _replace(target: str, content: bytes) -> None:
    """Put a new file in the place of ``target`` at once, with its rights and byte order mark."""
    folder, name = os.path.split(target)
    descriptor, part = tempfile.mkstemp(".part", f".{name}.", folder)  # for its owner alone
    try:
        with open(descriptor, "wb") as file:
            if os.path.exists(target):
                with open(target, "rb") as before:
                    if before.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
                        content = codecs.BOM_UTF8 + content
                    facts = os.fstat(before.fileno())
                if hasattr(os, "chown"):
                    with contextlib.suppress(PermissionError):  # only administrators give away
                        os.chown(part, facts.st_uid, facts.st_gid)
                os.chmod(part, stat.S_IMODE(facts.st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        os.remove(part)
        raise
    if os.name != "nt":  # the new name has to survive a power cut too
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
