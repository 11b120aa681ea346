"""Placeholders in settings: ``{folder}``, ``{stem}``, a rule's captures; ``{{`` is a brace."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.routing.names import as_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.model.files import Document

_PLACE = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|(?P<stray>[{}])")
#: What must not be part of a value: control characters and bytes that are not text.
_HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def names_in(template: str) -> list[str]:
    """Return the placeholders of a template, in order; a stray brace is returned as itself."""
    return [
        found["name"] if found["stray"] is None else found["stray"]
        for found in _PLACE.finditer(template)
        if found["name"] is not None or found["stray"] is not None
    ]


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return ``template`` with its placeholders filled; KeyError for one that ``values`` lacks."""
    if "{" not in template and "}" not in template:
        return template

    def put(found: re.Match[str]) -> str:
        name = found["name"]
        return found[0][0] if name is None else harmless(values[name])

    return _PLACE.sub(put, template)


def harmless(text: str) -> str:
    """Return ``text`` as valid text without control characters, to be sent."""
    return _HARMFUL.sub("\ufffd", text)


class Facts(Struct, frozen=True):
    """The values of placeholders for the machine and its user."""

    hostname: str
    user: str


class Values(dict[str, str]):
    """The placeholders of a document, each worked out when a setting first asks for it.

    Names are as people see them; only ``{path}``, which distinguishes files, is the real one. Those
    of an email are "" for a document that was attached to none. ``captured`` are those of its rule.
    """

    def __init__(self, document: Document, facts: Facts, captured: Mapping[str, str]) -> None:
        super().__init__(captured)
        self._document = document
        self._facts = facts

    def __missing__(self, name: str) -> str:
        value = self[name] = BUILT_IN[name](self._document, self._facts)
        return value


def _folder(document: Document, _: Facts) -> str:
    return re.split(r"[/\\]", as_seen(document.folder).rstrip("/\\"))[-1]


def _parent(document: Document, facts: Facts) -> str:
    directories = as_seen(document.below).rpartition("/")[0]
    return directories.rpartition("/")[2] or _folder(document, facts)


def _stem(document: Document, _: Facts) -> str:
    name = as_seen(document.below).rpartition("/")[2]
    stem, dot, _extension = name.rpartition(".")
    return stem if dot else name


def _date(document: Document, _: Facts) -> str:
    """The day (UTC) of the file's last change, or of its arrival if that cannot be right.

    So a later retry sends the same.
    """
    return datetime.fromtimestamp(document.dated, UTC).strftime("%Y-%m-%d")


def _path(document: Document, _: Facts) -> str:
    return document.path[len(document.folder.rstrip("/\\")) + 1 :].replace("\\", "/")


#: What every string value may hold, beside the captures of its rule's pattern.
BUILT_IN: Final[Mapping[str, Callable[[Document, Facts], str]]] = MappingProxyType(
    {
        "folder": _folder,
        "parent": _parent,
        "stem": _stem,
        "extension": lambda document, _: document.sniffed.extension.lstrip("."),
        "date": _date,
        "hostname": lambda _, facts: facts.hostname,
        "user": lambda _, facts: facts.user,
        "sha256": lambda document, _: document.sha256,
        "path": _path,
        "mail_subject": lambda document, _: document.mail.subject,
        "mail_from": lambda document, _: document.mail.sender,
        "mail_date": lambda document, _: document.mail.date,
    }
)
