"""Careful edits: what an edit does not name stays as it is, comments and order included.

An edit replaces pieces of the text: values where they stand, lines of keys, and tables as whole
blocks, each a header with the comments above it and the keys below it. (Documents that tomlkit
changes keep their comments too, but not always above the keys and tables that they are about.)
Each edit is proved by reading the new text back: it has to say what the old one said, with nothing
but the edit changed, and has to have all its comments. One that fails is refused.
"""

from __future__ import annotations

import codecs
import json
import logging
import os
import re
import stat
import tomllib
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final

from watcher.config.document import Outline, comments, read_text
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError
from watcher.model.settings import DEFAULT_ACCOUNT, Item, Value
from watcher.routing.placeholders import harmless
from watcher.system.files import write_atomically

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
#: The remark behind a source key; only such a one is ever replaced.
_REMARK: Final = re.compile(r'# source ".*"\Z')
_LONGEST_REMARK: Final = 60
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")

#: A value that can be written; tags are tuples of items.
Plain = Value | tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class PutAccount:
    """Set keys of the account called ``name``, which is added if there is none."""

    name: str
    values: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class PutFolder:
    """Set keys of the folder number ``at`` (from 0), or add one if ``at`` is None.

    ``source_name`` becomes a comment behind a source key that is set, "" if it is not known.
    """

    at: int | None
    values: Mapping[str, Plain]
    source_name: str = ""


@dataclass(frozen=True, slots=True)
class DropFolder:
    """Remove the folder number ``at`` (from 0)."""

    at: int


Edit = PutAccount | PutFolder | DropFolder


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
        if is_right and not (_kept_comments(text, edit) - Counter(comments(changed))):
            return changed
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        _log.debug("an edit of the configuration failed: %s", type(error).__name__)
    raise ConfigError(
        msg("The configuration can't be changed automatically because of the way it is written."),
        msg("Change the file by hand."),
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


def _kept_comments(text: str, edit: Edit) -> Counter[str]:
    """Return the comments that have to stay: not remarks, those behind tags, or of a folder."""
    if isinstance(edit, DropFolder):
        return Counter()
    lines = text.split("\n")
    if isinstance(edit, PutFolder) and "tags" in edit.values:
        for key_path, line in Outline(text).lines.items():
            if key_path[:3] == ("folders", edit.at, "tags") and len(key_path) > 3:
                lines[line - 1] = ""
    return Counter(each for each in comments("\n".join(lines)) if not _REMARK.match(each))


# -- the change


def _change(text: str, edit: Edit) -> str:
    match edit:
        case PutAccount(name, values):
            key_path: KeyPath = _account_key_path(tomllib.loads(text), name)
            if key_path in Outline(text).lines:
                return _set_keys(text, key_path, values)
            header = f"[{'.'.join(_name(str(part)) for part in key_path)}]"
            return _add_table(text, header, values, _ACCOUNT_NOTES)
        case PutFolder(at, values, source_name):
            if at is not None:
                return _set_keys(text, ("folders", at), values, _remark(source_name))
            if ("folders",) in Outline(text).spans:
                return _append(text, ("folders",), _raw_values(values))
            return _add_table(text, "[[folders]]", values, _FOLDER_NOTES, _remark(source_name))
        case DropFolder(at):
            is_inline = ("folders",) in Outline(text).spans
            remove = _remove_element if is_inline else _remove_table
            return remove(text, ("folders", at)).rstrip("\n") + "\n"


def _account_key_path(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    is_plain = name == DEFAULT_ACCOUNT and name not in raw.get("accounts", {})
    return ("account",) if is_plain else ("accounts", name)


# -- keys


def _set_keys(text: str, key_path: KeyPath, values: Mapping[str, Plain], remark: str = "") -> str:
    """Set keys of a table; ``remark`` is put behind its source key."""
    for key, value in _raw_values(values).items():
        text = _set_key(text, (*key_path, key), value)
        if key == "source_key" and key_path not in Outline(text).spans:
            text = _put_remark(text, (*key_path, key), remark)
    return text


def _set_key(text: str, key_path: KeyPath, value: object) -> str:
    outline = Outline(text)
    if isinstance(value, dict) and key_path in dict(outline.headers):  # one by one
        inside = [each for each in outline.spans if each[:-1] == key_path]
        for each in reversed(inside):
            if each[-1] not in value:
                text = _remove_lines(text, each)
        for name, inner in value.items():
            text = _set_key(text, (*key_path, name), inner)
        return text
    if key_path in outline.spans:
        return _spliced(text, outline.spans[key_path], _written(value))
    if key_path in outline.lines:  # in several places, which become one
        for each in reversed(outline.spans):
            if each[: len(key_path)] == key_path and len(each) == len(key_path) + 1:
                text = _remove_lines(text, each)
        text = _remove_table(text, key_path)
    return _add_key(text, key_path, _written(value))


def _add_key(text: str, key_path: KeyPath, written: str) -> str:
    """Add a key below the last one of its table."""
    outline, table = Outline(text), key_path[:-1]
    pair = f"{_name(str(key_path[-1]))} = {written}"
    if table in outline.spans:
        start, end = outline.spans[table]
        if text[start] != "{":
            raise LookupError(table)
        inner = text[start + 1 : end - 1].strip()
        return _spliced(text, (start, end), f"{{ {inner}, {pair} }}" if inner else f"{{ {pair} }}")
    for block in _blocks(text):
        if block.key_path == table:
            return _spliced(text, (block.last, block.last), f"{pair}\n")
    # The table is written with dots, within another one.
    siblings = [each for each in outline.spans if each[: len(table)] == table]
    start, end = _lines_of(text, outline, siblings[-1])
    prefix = text[start:end].partition("=")[0].rpartition(".")[0]
    return _spliced(text, (end, end), f"{prefix}.{pair}\n")


def _put_remark(text: str, key_path: KeyPath, remark: str) -> str:
    """Put a remark behind a key, unless there is a comment already that is not a remark."""
    start = Outline(text).spans[key_path][1]
    end = text.index("\n", start)
    comment = text[start:end].strip()
    if _REMARK.match(comment) or (remark and not comment):
        return _spliced(text, (start, end), f"  {remark}" if remark else "")
    return text


def _remove_lines(text: str, key_path: KeyPath) -> str:
    return _spliced(text, _lines_of(text, Outline(text), key_path), "")


def _lines_of(text: str, outline: Outline, key_path: KeyPath) -> tuple[int, int]:
    """Return where the lines of a key and its value begin and end."""
    start = _offsets(text)[outline.lines[key_path] - 1]
    return start, text.index("\n", outline.spans[key_path][1]) + 1


def _append(text: str, key_path: KeyPath, value: object) -> str:
    """Append an element to an array that is written behind its key."""
    spans = Outline(text).spans
    start, end = spans[key_path]
    if text[start] != "[":
        raise LookupError(key_path)
    ends = [span[1] for each, span in spans.items() if each[:-1] == key_path]
    if ends:
        return _spliced(text, (ends[-1], ends[-1]), f", {_written(value)}")
    return _spliced(text, (start, end), f"[{_written(value)}]")


def _remove_element(text: str, key_path: KeyPath) -> str:
    """Remove an element of such an array, with the comma beside it."""
    spans, (*array, at) = Outline(text).spans, key_path
    here = spans[key_path]
    if after := spans.get((*array, int(at) + 1)):
        return _spliced(text, (here[0], after[0]), "")
    if before := spans.get((*array, int(at) - 1)):
        return _spliced(text, (before[1], here[1]), "")
    return _spliced(text, spans[tuple(array)], "[]")


def _spliced(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


# -- tables


@dataclass(frozen=True, slots=True)
class _Block:
    """Where a table with a header is written; the first block is what stands above all headers.

    It begins at ``first``, with the comments above its header. From ``header`` on there are the
    header itself and all keys up to ``last``, the comments right below them up to ``blank``, and
    then what follows behind an empty line.
    """

    key_path: KeyPath
    first: int
    header: int
    last: int
    blank: int


def _blocks(text: str) -> list[_Block]:
    """Return the blocks of a text that ends with a line's end."""
    lines, offsets = text.split("\n")[:-1], _offsets(text)
    places: list[tuple[KeyPath, int, int]] = [((), 0, 0)]  # (key path, first line, line of keys)
    for key_path, line in Outline(text).headers:
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
        cuts = (first, max(body - 1, 0), last, blank)
        blocks.append(_Block(key_path, *(offsets[cut] for cut in cuts)))
    return blocks


def _offsets(text: str) -> list[int]:
    """Return where each line begins, and where the text ends."""
    return [0, *accumulate(len(line) + 1 for line in text.split("\n")[:-1])]


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _add_table(
    text: str, header: str, values: Mapping[str, Plain], notes: Mapping[str, str], remark: str = ""
) -> str:
    """Add a table, with comments, behind the last one of its kind."""
    new = f"\n# {notes['']}\n{header}\n"
    for key, value in _raw_values(values).items():
        new += f"# {notes[key]}\n" if key in notes else ""
        new += f"{_name(key)} = {_written(value)}"
        new += f"  {remark}\n" if remark and key == "source_key" else "\n"
    blocks = _blocks(text)
    beside = [each for each in blocks if header == f"[[{''.join(map(str, each.key_path[:1]))}]]"]
    at = (beside or blocks)[-1].blank
    return _spliced(text, (at, at), new)


def _remove_table(text: str, key_path: KeyPath) -> str:
    """Remove a table, and the comments about it; those that may be about something else stay."""
    for block in reversed(_blocks(text)):
        if block.key_path[: len(key_path)] != key_path:
            continue
        before, after = text[: block.first], text[block.blank :]
        if f"\n{before}".endswith("\n\n"):
            after = after.lstrip("\n")
        elif block.key_path == key_path:  # comments may be about the key above them, or the file
            before = text[: block.header]
        text = before + after
    return text


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
    return key if _BARE.match(key) else _written(key)


def _written(value: object) -> str:
    """Return a value as it is written: tables in one line, backslashes as they are."""
    if isinstance(value, dict):
        pairs = [f"{_name(key)} = {_written(each)}" for key, each in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{ }"
    if isinstance(value, str) and "\\" in value and value.isprintable() and "'" not in value:
        return f"'{value}'"
    # JSON's notation is TOML's, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


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
    target, mode, owner = os.path.realpath(path), 0o600, None
    try:
        content = new.encode()
        if read_or_new(path) != old:
            raise ConfigError(
                msg("The configuration {path} has been changed in the meantime.", path=path),
                msg("Nothing was saved. Check that change, then try again."),
            )
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        if os.path.exists(target):
            with open(target, "rb") as before:
                if before.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
                    content = codecs.BOM_UTF8 + content
                facts = os.fstat(before.fileno())
            mode, owner = stat.S_IMODE(facts.st_mode), (facts.st_uid, facts.st_gid)
        write_atomically(target, content, mode=mode, owner=owner)
    except UnicodeEncodeError as error:
        raise ConfigError(
            msg("A name that is not valid text can't be saved in the configuration."),
            msg("Rename it."),
        ) from error
    except OSError as error:
        raise ConfigError(
            msg(
                "The configuration {path} can't be written ({error}).",
                path=path,
                error=error.strerror,
            ),
            msg(
                "It is unchanged. Give yourself permission to write it, or choose another one"
                " with --config."
            ),
        ) from error
