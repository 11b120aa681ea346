"""Placeholders in settings: ``{folder}``, ``{stem}``, a rule's captures; ``{{`` is a brace."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from watcher.routing.names import as_seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model.files import Document

#: What every string value may hold, beside the captures of its rule's pattern.
BUILT_IN: Final = (
    "folder", "parent", "stem", "extension", "date", "hostname", "user", "sha256", "path",
    "mail_subject", "mail_from", "mail_date",
)  # fmt: skip
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


def built_in(document: Document, hostname: str, user: str) -> dict[str, str]:
    """Return the built-in placeholders for a document.

    Names are as people see them; only ``{path}``, which distinguishes files, is the real one. Those
    of an email are "" for a document that was attached to none.

    ``{date}`` is the day (UTC) of the file's last change, or of its arrival if that cannot be
    right, so that a later retry sends the same.
    """
    directories, _, name = as_seen(document.below).rpartition("/")
    stem, dot, _ = name.rpartition(".")
    folder = re.split(r"[/\\]", as_seen(document.folder).rstrip("/\\"))[-1]
    return {
        "folder": folder,
        "parent": directories.rpartition("/")[2] or folder,
        "stem": stem if dot else name,
        "extension": document.sniffed.extension.lstrip("."),
        "date": datetime.fromtimestamp(document.dated, UTC).strftime("%Y-%m-%d"),
        "hostname": hostname,
        "user": user,
        "sha256": document.sha256,
        "path": document.path[len(document.folder.rstrip("/\\")) + 1 :].replace("\\", "/"),
        "mail_subject": document.mail.subject,
        "mail_from": document.mail.sender,
        "mail_date": document.mail.date,
    }
