"""Careful edits: what an edit does not name stays as it is, comments and order included.

Each edit is proved before it counts: the new text has to say what the old one said, with nothing
but the edit changed, and has to have all its comments. One that fails is refused.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from tomlkit.exceptions import TOMLKitError

from watcher.config.edit_text import REMARK, append, block, drop, joined, parted, put
from watcher.config.keys import DEFAULT_ACCOUNT
from watcher.config.lines import comments, locate
from watcher.config.setup import DropFolder, PutAccount, PutFolder
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError
from watcher.routing.placeholders import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.config.edit_text import Section
    from watcher.config.lines import Way
    from watcher.config.setup import Edit, Plain

_HEAD: Final = """\
# Configuration of hrflow-watcher. After a change, check it with: hrflow-watcher config check
# All values in force, and where each comes from: hrflow-watcher config show
# No secret belongs in this file: the API key lives in the system's keyring.
"""
_ACCOUNT_NOTES: Final = {"": "One HrFlow workspace."}
_FOLDER_NOTES: Final = {
    "": 'A watched folder; "~" and $VARIABLES may be used.',
    "tags": "Sent with every file of this folder.",
    "after_upload": 'What becomes of a file that has arrived: "keep", "move" (to Sent) or "trash".',
}
_LONGEST_REMARK: Final = 60


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The configuration ``text`` with ``edits``; "" makes a new one.

    ConfigError if an edit cannot be made without touching something else. ``text`` has to be
    valid TOML; whether it makes sense is not asked.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n") or _HEAD
    for edit in edits:
        text = _prove(text, edit)
    return text.replace("\n", newline)


# -- inside


def _prove(text: str, edit: Edit) -> str:
    try:
        changed = _changed(text, edit)
        right = _same(_read(changed), _expected(_read(text), edit))
        lost = Counter(_kept_comments(text, edit)) - Counter(comments(changed))
    except (TOMLKitError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise _refusal(edit) from error
    if not right or (lost and not isinstance(edit, DropFolder)):
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
            "The configuration's {what} is written in a way that this program cannot change without touching what stands around it.",
            what=what,
        ),
        msg("Change the file by hand."),
    )


def _kept_comments(text: str, edit: Edit) -> list[str]:
    """The comments that have to be there afterwards: remarks, and those of tags that go, may go."""
    lines, goes = text.split("\n"), set()
    if isinstance(edit, PutFolder) and edit.at is not None and "tags" in edit.values:
        way = ("folders", edit.at, "tags")
        stay = [(*way, name) for name in _raw_values(edit.values)["tags"]]
        goes = {at for key, at in locate(text).items() if key[:-1] == way and key not in stay}
    kept = (line for number, line in enumerate(lines, 1) if number not in goes)
    return [comment for comment in comments("\n".join(kept)) if not REMARK.match(comment)]


def _read(text: str) -> dict[str, Any]:
    """What a file says; an empty list of folders is as good as none."""
    raw = tomllib.loads(text)
    return {key: value for key, value in raw.items() if key != "folders" or value}


def _same(one: object, other: object) -> bool:
    """Equal, and of the same types: for Python 1, 1.0 and true are equal."""
    return json.dumps(one, sort_keys=True, default=repr) == json.dumps(
        other, sort_keys=True, default=repr
    )


def _expected(raw: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """What the file has to say afterwards."""
    match edit:
        case PutAccount(name, values):
            table = raw
            for part in _account_way(raw, name):
                table = table.setdefault(str(part), {})
            table.update(_raw_values(values))
        case PutFolder(None, values):
            raw.setdefault("folders", []).append(_raw_values(values))
        case PutFolder(at, values):
            raw["folders"][at].update(_raw_values(values))
        case DropFolder(at):
            del raw["folders"][at]
            if not raw["folders"]:
                del raw["folders"]
    return raw


def _account_way(raw: Mapping[str, Any], name: str) -> Way:
    is_plain = name == DEFAULT_ACCOUNT and name not in raw.get("accounts", {})
    return ("account",) if is_plain else ("accounts", name)


def _raw_values(values: Mapping[str, Plain]) -> dict[str, Any]:
    return {
        key: {item.name: item.value for item in value} if isinstance(value, tuple) else value
        for key, value in values.items()
    }


def _changed(text: str, edit: Edit) -> str:
    raw = tomllib.loads(text)
    sections = parted(text)
    match edit:
        case PutAccount(name, values):
            _put_account(sections, raw, name, _raw_values(values))
        case PutFolder():
            _put_folder(sections, raw, edit)
        case DropFolder(at):
            _drop_folder(sections, raw, at)
    return joined(sections)


def _remark(source_name: str) -> str:
    name = harmless(source_name).strip()[:_LONGEST_REMARK]
    return f'# source "{name}"' if name else ""


def _put_account(
    sections: list[Section], raw: dict[str, Any], name: str, values: dict[str, object]
) -> None:
    way = _account_way(raw, name)
    if _is_there(raw, way):
        for key, value in values.items():
            put(sections, (*way, key), value)
    else:
        append(sections, block(way, values, _ACCOUNT_NOTES))


def _is_there(raw: Any, way: Way) -> bool:
    for part in way:
        if part not in raw:
            return False
        raw = raw[part]
    return True


def _put_folder(sections: list[Section], raw: dict[str, Any], edit: PutFolder) -> None:
    values, remark = _raw_values(edit.values), _remark(edit.source_name)
    if edit.at is not None:
        for key, value in values.items():
            put(sections, ("folders", edit.at, key), value, remark if key == "source_key" else "")
    elif _in_one_list(sections, raw):
        put(sections, ("folders", len(raw["folders"])), values)
    else:
        append(sections, block(("folders",), values, _FOLDER_NOTES, remark, is_list=True))


def _drop_folder(sections: list[Section], raw: dict[str, Any], at: int) -> None:
    if _in_one_list(sections, raw):
        put(sections, ("folders", at), None)
    else:
        drop(sections, ("folders", at))


def _in_one_list(sections: list[Section], raw: dict[str, Any]) -> bool:
    """Whether folders are written as ``folders = [{ … }]``."""
    return "folders" in raw and not any(each.way[:1] == ("folders",) for each in sections)
