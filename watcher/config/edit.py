"""Careful edits: what an edit does not name stays as it is, comments and order included.

Values are written by tomlkit. It sees one section at a time, a table's lines from its header to the
next one: in a whole file it moves tables that stand apart together, and puts new keys behind the
comments of the next table. Each edit is proved before it counts: the new text has to say what the
old one said, with nothing but the edit changed, and has to have all its comments. One that fails is
refused.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Item

from watcher.config.lines import comments, headers, locate
from watcher.config.setup import DropFolder, PutAccount, PutFolder
from watcher.config.text import read_text
from watcher.config.types import DEFAULT_ACCOUNT
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError
from watcher.routing.placeholders import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from watcher.config.lines import Way
    from watcher.config.setup import Edit, Plain

_HEAD: Final = """\
# Configuration of hrflow-watcher. After a change, check it with: hrflow-watcher config check
# All values in force, and where each comes from: hrflow-watcher config show
# No secret belongs in this file: the API key lives in the system's keyring.
"""
#: Comments of new tables: above the header ("") and above keys.
_ACCOUNT_NOTES: Final = {"": "One HrFlow workspace."}
_FOLDER_NOTES: Final = {
    "": 'A watched folder; "~" and $VARIABLES may be used.',
    "tags": "Sent with every file of this folder.",
    "after_upload": 'What becomes of a file that has arrived: "keep", "move" (to Sent) or "trash".',
}
#: The remark behind a source key; only such a one is ever replaced.
_REMARK: Final = re.compile(r'# source ".*"\Z')
_LONGEST_REMARK: Final = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_BYTE_ORDER_MARK: Final = "\ufeff"


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The configuration ``text`` with ``edits``; "" makes a new one.

    ConfigError if an edit cannot be made without touching something else. ``text`` has to be
    valid TOML; whether it makes sense is not asked.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n") or _HEAD
    for edit in edits:
        text = _prove(text if text.endswith("\n") else text + "\n", edit)
    return text.replace("\n", newline)


# -- the proof


def _prove(text: str, edit: Edit) -> str:
    raw = tomllib.loads(text)
    try:
        changed = _change(text, raw, edit)
        is_right = _same(tomllib.loads(changed), _expected(raw, edit))
        lost = Counter(_kept_comments(text, edit)) - Counter(comments(changed))
    except (TOMLKitError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise _refusal(edit) from error
    if not is_right or (lost and not isinstance(edit, DropFolder)):
        raise _refusal(edit)
    return changed


def _refusal(edit: Edit) -> ConfigError:
    what = (
        msg('account "{value}"', value=edit.name)
        if isinstance(edit, PutAccount)
        else msg("list of folders")
    )
    return ConfigError(
        msg(
            "The configuration's {what} is written in a way that this program cannot"
            " change without touching what stands around it.",
            what=what,
        ),
        msg("Change the file by hand."),
    )


def _kept_comments(text: str, edit: Edit) -> list[str]:
    """The comments that have to be there afterwards: remarks, and those of tags that go, may go."""
    goes = set()
    if isinstance(edit, PutFolder) and edit.at is not None and "tags" in edit.values:
        way = ("folders", edit.at, "tags")
        stay = [(*way, name) for name in _raw_values(edit.values)["tags"]]
        goes = {at for key, at in locate(text).items() if key[:-1] == way and key not in stay}
    kept = (line for number, line in enumerate(text.split("\n"), 1) if number not in goes)
    return [comment for comment in comments("\n".join(kept)) if not _REMARK.match(comment)]


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Equal, and of the same types: for Python 1, 1.0 and true are equal. No folders are none."""
    texts = [
        json.dumps({**each, "folders": each.get("folders", [])}, sort_keys=True, default=repr)
        for each in (one, other)
    ]
    return texts[0] == texts[1]


def _expected(raw: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """What the file has to say afterwards."""
    match edit:
        case PutAccount(name, values):
            table = raw
            for part in _account_way(raw, name):
                table = table.setdefault(part, {})
            table.update(_raw_values(values))
        case PutFolder(None, values):
            raw.setdefault("folders", []).append(_raw_values(values))
        case PutFolder(at, values):
            raw["folders"][at].update(_raw_values(values))
        case DropFolder(at):
            del raw["folders"][at]
    return raw


# -- the change


def _account_way(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    is_plain = name == DEFAULT_ACCOUNT and name not in raw.get("accounts", {})
    return ("account",) if is_plain else ("accounts", name)


def _raw_values(values: Mapping[str, Plain]) -> dict[str, Any]:
    return {
        key: {item.name: item.value for item in value} if isinstance(value, tuple) else value
        for key, value in values.items()
    }


def _change(text: str, raw: Mapping[str, Any], edit: Edit) -> str:
    in_one_list = "folders" in raw and all(way[0] != "folders" for _, way in headers(text))
    match edit:
        case PutAccount(name, values):
            way = _account_way(raw, name)
            if way[0] not in raw or way[-1] not in (way[0], *raw[way[0]]):
                header = f"[{'.'.join(map(_name, way))}]"
                return text + _block(header, _raw_values(values), _ACCOUNT_NOTES)
            for key, value in _raw_values(values).items():
                text = _put(text, (*way, key), value)
        case PutFolder(at, values, source_name):
            remark = _remark(source_name)
            if at is None and not in_one_list:
                return text + _block("[[folders]]", _raw_values(values), _FOLDER_NOTES, remark)
            if at is None:
                return _put(text, ("folders", len(raw["folders"])), _raw_values(values))
            for key, value in _raw_values(values).items():
                own = remark if key == "source_key" else ""
                text = _put(text, ("folders", at, key), value, own)
        case DropFolder(at):
            text = (
                _put(text, ("folders", at), None) if in_one_list else _drop(text, ("folders", at))
            )
    return text


def _remark(source_name: str) -> str:
    name = harmless(source_name).strip()[:_LONGEST_REMARK]
    return f'# source "{name}"' if name else ""


class _Section(NamedTuple):
    """A table's ``way``, and its lines without its header: [start, end)."""

    way: Way
    start: int
    end: int


def _sections(text: str) -> list[_Section]:
    marks = [(0, ()), *headers(text)]
    ends = [line - 1 for line, _ in marks[1:]] + [text.count("\n")]
    return [_Section(way, line, end) for (line, way), end in zip(marks, ends, strict=True)]


def _lines(text: str) -> list[str]:
    """Split at line ends alone, of which Python knows more than TOML."""
    return re.findall(r"[^\n]*\n", text)


def _put(text: str, way: Way, value: object, remark: str = "") -> str:
    """Set the key at ``way``; None takes it out, and a list's end is where an element is added.

    Of a table, the keys of ``value`` are set and all others are taken out.
    """
    around = [each for each in _sections(text) if way[: len(each.way)] == each.way]
    section = max(around, key=lambda each: len(each.way))
    lines = _lines(text)
    body = lines[section.start : section.end]
    document = tomlkit.parse("".join(body))
    table: Any = document
    for part in way[len(section.way) : -1]:
        table = table[part]
    key: Any = way[-1]
    old = document if section.way == way else table.get(key) if isinstance(table, dict) else None
    if isinstance(value, dict) and isinstance(old, dict) and not isinstance(old, InlineTable):
        # One at a time: tomlkit loses track of dotted keys that it changed before.
        for name in (*value, *(name for name in old if name not in value)):
            text = _put(text, (*way, name), value.get(name))
        # A section stays without keys; of dotted keys nothing is left.
        return text if value or section.way == way else _put(text, way, value)
    if table is document and key not in document:
        end = len(body)
        while end and _is_note(body[end - 1]):
            end -= 1
        body.insert(end, _line(key, value, remark))
    else:
        _set(table, key, value, remark)
        body = [document.as_string()]
    return "".join([*lines[: section.start], *body, *lines[section.end :]])


def _set(table: Any, key: Any, value: object, remark: str) -> None:
    """Set a key or an element of a list, and keep the comment behind it."""
    if value is None:
        del table[key]
    elif isinstance(table, list) and key == len(table):
        table.append(_written(value))
    else:
        old = table.get(key) if isinstance(table, dict) else None
        if old is not None and _REMARK.match(old.trivia.comment):
            old.trivia.comment, old.trivia.comment_ws = remark, "  " if remark else ""
        table[key] = _written(value)


def _drop(text: str, way: Way) -> str:
    """Take out the table at ``way`` and those in it, with the comments right above and in them."""
    runs: list[tuple[int, int]] = []
    for section in _sections(text):
        if section.way[: len(way)] == way:
            start = section.start - 1
            if runs and runs[-1][1] == start:
                start = runs.pop()[0]
            runs.append((start, section.end))
    lines = _lines(text)
    for start, end in reversed(runs):
        lines = _without(lines, start, end)
    return "".join(lines)


def _without(lines: list[str], start: int, end: int) -> list[str]:
    """Take out whole tables; comments that may be about something else stay."""
    first = start
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    if not first or lines[first - 1].strip():  # the file's own, or those of a key right above
        first = start
    last = end
    while _is_note(lines[last - 1]):
        last -= 1
    below = lines[last:end]  # up to an empty line they are about the last key
    default = len(below) if end == len(lines) else 0
    own = next((at for at, line in enumerate(below) if not line.strip()), default)
    before, after = lines[:first], [*below[own:], *lines[end:]]
    has_gap = any(not line.strip() for line in (*before[-1:], *after[:1]))
    while before and not before[-1].strip():
        before.pop()
    while after and not after[0].strip():
        after.pop(0)
    return [*before, *(["\n"] if has_gap and before and after else []), *after]


def _is_note(line: str) -> bool:
    """Whether it is empty, or a comment alone."""
    return not line.strip() or line.lstrip().startswith("#")


def _block(
    header: str, values: Mapping[str, object], notes: Mapping[str, str], remark: str = ""
) -> str:
    """A new table at the end, with comments."""
    lines = ["\n", f"# {notes['']}\n", f"{header}\n"]
    for key, value in values.items():
        lines += [f"# {notes[key]}\n"] if key in notes else []
        lines.append(_line(key, value, remark if key == "source_key" else ""))
    return "".join(lines)


def _line(key: str, value: object, remark: str = "") -> str:
    return f"{_name(key)} = {_written(value).as_string()}{'  ' + remark if remark else ''}\n"


def _name(key: str) -> str:
    return key if _BARE.match(key) else tomlkit.item(key).as_string()


def _written(value: object) -> Item:
    """A value as it is written: small tables in one line, backslashes as they are."""
    if isinstance(value, dict):
        pairs = [f"{_name(key)} = {_written(each).as_string()}" for key, each in value.items()]
        return tomlkit.value(f"{{ {', '.join(pairs)} }}" if pairs else "{ }")
    if isinstance(value, str) and "\\" in value and value.isprintable() and "'" not in value:
        return tomlkit.string(value, literal=True)
    return tomlkit.item(value)


# -- the file


def read_or_new(path: str) -> str:
    """What stands at ``path``, without a byte order mark; "" if nothing is there."""
    return read_text(path) if os.path.lexists(_target(path)) else ""


def replace_text(path: str, old: str, new: str) -> None:
    """Let ``new`` stand at ``path``, where ``old`` stood when it was read.

    Whoever reads meanwhile sees all of the old text or all of the new one. A link stays a link:
    the file it leads to is replaced, and keeps its mode and owner; a new one is its owner's alone.
    ConfigError if it cannot be written, or if it is not ``old`` any more.
    """
    target = _target(path)
    try:
        if read_or_new(path) != old:
            raise ConfigError(
                msg("The configuration {path} was changed by somebody else meanwhile.", path=path),
                msg("Nothing was written; look at the change and try again."),
            )
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        with _beside(target) as part:
            _write(part, _as_before(target) + new)
            _take_over_rights(target, part)
            os.replace(part, target)
        _keep_name(os.path.dirname(target))
    except UnicodeEncodeError as error:
        raise ConfigError(
            msg("A name that is not valid text cannot stand in the configuration."),
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
                "It is as it was; give yourself the right to write it, or name another with"
                " --config."
            ),
        ) from error


def _target(path: str) -> str:
    return os.path.realpath(path)


@contextlib.contextmanager
def _beside(target: str) -> Iterator[str]:
    """A new file that nobody else can read, in the same directory; gone at the end."""
    descriptor, part = tempfile.mkstemp(
        ".part", f".{os.path.basename(target)}.", os.path.dirname(target)
    )
    os.close(descriptor)
    try:
        yield part
    finally:
        with contextlib.suppress(FileNotFoundError):  # it has become the target
            os.remove(part)


def _write(path: str, text: str) -> None:
    with open(path, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _as_before(target: str) -> str:
    """The byte order mark that Windows' editors put at the beginning, if it is there."""
    try:
        with open(target, "rb") as file:
            return _BYTE_ORDER_MARK if file.read(3) == _BYTE_ORDER_MARK.encode() else ""
    except FileNotFoundError:
        return ""


def _take_over_rights(target: str, part: str) -> None:
    try:
        known = os.stat(target)
    except FileNotFoundError:
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):  # only an administrator may give files away
            os.chown(part, known.st_uid, known.st_gid)
    os.chmod(part, known.st_mode & 0o7777)


def _keep_name(directory: str) -> None:
    """Make the new name survive a power cut, where the system lets a directory be flushed."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
