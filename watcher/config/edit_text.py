"""A configuration's text in sections, so that a change touches nothing but its own lines.

A section is a table's header with the lines up to the next one. tomlkit only ever sees the lines
of one section: put to a whole file, it moves new keys behind the comments of the next table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from tomlkit.items import InlineTable

from watcher.config.lines import headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tomlkit.items import Item

    from watcher.config.lines import Way

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
#: The remark behind a source key; only such a one is ever replaced.
REMARK: Final = re.compile(r'# source ".*"\Z')


@dataclass
class Section:
    """``head`` is the header's line, "" at the file's beginning, where ``way`` is ()."""

    way: Way
    head: str
    body: str

    def add_lines(self, lines: str) -> None:
        """Put ``lines`` after the last key, before the comments of what follows."""
        keys, tail = self.split()
        glue = "\n" if (self.head + keys)[-1:] not in ("", "\n") else ""
        self.body = keys + glue + lines + tail

    def split(self) -> tuple[str, str]:
        """The lines up to the last key, and the comments and empty lines behind it."""
        end = len(self.body)
        for line in reversed(_LINE.findall(self.body)):
            if line.strip() and not line.lstrip().startswith("#"):
                break
            end -= len(line)
        return self.body[:end], self.body[end:]


def parted(text: str) -> list[Section]:
    """The sections of a valid TOML text without carriage returns."""
    lines = text.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + lines[-1:]
    starts = [(0, ()), *headers(text)]
    ends = [line for line, _ in starts[1:]] + [len(lines) + 1]
    return [
        Section(way, "".join(lines[max(0, at - 1) : at]), "".join(lines[at : end - 1]))
        for (at, way), end in zip(starts, ends, strict=True)
    ]


def joined(sections: list[Section]) -> str:
    """The text of sections."""
    return "".join(section.head + section.body for section in sections)


def put(sections: list[Section], way: Way, value: object, remark: str = "") -> None:
    """Set the key at ``way``; None takes it out, and a list's end is where an element is added.

    Of a table, the keys of ``value`` are set and all others are taken out.
    """
    section = nearest_section(sections, way)
    document = tomlkit.parse(section.body)
    table: Any = document
    for part in way[len(section.way) : -1]:
        table = table[part]
    key = way[-1]
    is_section = section.way == way
    old = document if is_section else table.get(key) if isinstance(table, dict) else None
    if isinstance(value, dict) and isinstance(old, dict) and not isinstance(old, InlineTable):
        _put_each(sections, way, value, [name for name in old if name not in value])
        if value or is_section:
            return
        document = tomlkit.parse(section.body)  # the last of the dotted keys has gone
        table = document
    if table is document and key not in document:
        section.add_lines(_line(str(key), value, remark))
        return
    _set(table, key, value, remark)
    section.body = document.as_string()


def drop(sections: list[Section], way: Way) -> None:
    """Take out the table at ``way`` and those in it, with the comments right above and in them.

    Comments that may be of what follows stay.
    """
    doomed = [section.way[: len(way)] == way for section in sections]
    end = len(sections)
    while end:
        start = end - 1
        if doomed[start]:
            while doomed[start - 1]:
                start -= 1
            _close_gap(sections[start - 1], sections[end - 1], is_last=end == len(sections))
            del sections[start:end]
        end = start


def append(sections: list[Section], table: str) -> None:
    """Put a table, with its header, behind everything."""
    last = sections[-1]
    text = last.head + last.body
    last.body += ("" if text.endswith("\n") or not text else "\n") + ("\n" if text else "") + table


def nearest_section(sections: list[Section], way: Way) -> Section:
    """The section of the table at ``way``, or of the nearest one around it that has a header."""
    fitting = [each for each in sections if way[: len(each.way)] == each.way]
    return max(fitting, key=lambda section: len(section.way))


def written(value: object) -> Item:
    """A value as it is written: small tables in one line, backslashes as they are."""
    if isinstance(value, dict):
        pairs = [f"{_name(key)} = {written(each).as_string()}" for key, each in value.items()]
        return tomlkit.value(f"{{ {', '.join(pairs)} }}" if pairs else "{ }")
    if isinstance(value, str) and "\\" in value and value.isprintable() and "'" not in value:
        return tomlkit.string(value, literal=True)
    return tomlkit.item(value)


def block(
    way: Way,
    values: Mapping[str, object],
    notes: Mapping[str, str],
    remark: str = "",
    *,
    is_list: bool = False,
) -> str:
    """A new table; ``notes`` are comments above its header ("") and above its keys.

    ``is_list``: it is another one of an array of tables.
    """
    header = ".".join(_name(str(part)) for part in way)
    lines = [f"# {notes['']}\n", f"[[{header}]]\n" if is_list else f"[{header}]\n"]
    for key, value in values.items():
        lines += [f"# {notes[key]}\n"] if key in notes else []
        lines.append(_line(key, value, remark if key == "source_key" else ""))
    return "".join(lines)


# -- inside


def _close_gap(before: Section, gone: Section, *, is_last: bool) -> None:
    """Put what stays of the comments around tables that are taken out behind ``before``."""
    keys, text = before.split()
    above, below = _LINE.findall(text), _LINE.findall(gone.split()[1])
    note = next((n for n, line in enumerate(reversed(above)) if not line.strip()), 0)
    above = above[: len(above) - note]  # right above the header; below a key it may be the key's
    blank = next((n for n, line in enumerate(below) if not line.strip()), len(below) * is_last)
    below = below[blank:]  # what follows the last key at once is about that one
    gap = "\n" if any(not line.strip() for line in above[-1:] + below[:1]) else ""
    start, rest = keys + "".join(above).rstrip("\n"), "".join(below).lstrip("\n")
    if start and not start.endswith("\n"):
        start += "\n"
    before.body = start + (gap if (before.head or start) and (rest or not is_last) else "") + rest


def _name(key: str) -> str:
    return key if _BARE.match(key) else tomlkit.item(key).as_string()


def _line(key: str, value: object, remark: str) -> str:
    return f"{_name(key)} = {written(value).as_string()}{'  ' + remark if remark else ''}\n"


def _put_each(
    sections: list[Section], way: Way, values: Mapping[str, object], gone: list[str]
) -> None:
    """Each in a reading of its own: tomlkit loses track of dotted keys that it changed before."""
    for name, value in values.items():
        put(sections, (*way, name), value)
    for name in gone:
        put(sections, (*way, name), None)


def _set(table: Any, key: Any, value: object, remark: str) -> None:
    """Set a key or an element of a list, and keep the comment behind it."""
    if value is None:
        del table[key]
    elif isinstance(table, list) and key == len(table):
        table.append(written(value))
    else:
        old = table.get(key) if isinstance(table, dict) else None
        if old is not None and REMARK.match(old.trivia.comment):
            old.trivia.comment, old.trivia.comment_ws = remark, "  " if remark else ""
        table[key] = written(value)
