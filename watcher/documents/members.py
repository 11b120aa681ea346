"""What is inside a file that is opened: its members, and names by which they can be told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.documents.moving import number_names
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.files import NO_MAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from watcher.model.files import Mail

NESTED: Final = msg("an email inside an attached email")

#: So many members may be in a file that is opened.
MOST: Final = 500
TOO_MANY: Final = msg(
    "This file contains more than {most:count} files. Extract the documents and add them.",
    most=MOST,
)
#: Of a name no more characters are kept; file systems allow about as many.
_LONGEST: Final = 120
#: What no name may contain: control characters, bytes that are no text, and marks of direction.
_HARMFUL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_RESERVED: Final = re.compile(r'[<>:"|?*]')


class ContainerError(Exception):
    """A file cannot be opened for what is inside; ``why`` follows its name."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside another: ``copy`` writes its ``size`` bytes into a file.

    ``left_out``: what it is, if it is no document of its own.
    """

    name: str
    size: int
    copy: Callable[[BinaryIO], object]
    left_out: Message = NOTHING
    mail: Mail = NO_MAIL


def name_members(members: Iterable[Member]) -> dict[str, Member]:
    """Return members by names that are safe, and different from one another.

    The same members in the same order have the same names. ContainerError if there are too many.
    """
    named: dict[str, Member] = {}
    folded: set[str] = set()
    for number, member in enumerate(members, 1):
        if number > MOST:
            raise ContainerError(TOO_MANY)
        own = _safe(member.name) or f"attachment {number}"
        name = next(each for each in number_names(own) if each.casefold() not in folded)
        folded.add(name.casefold())
        named[name] = member
    return named


def _safe(name: str) -> str:
    """Return the last part of a name or path, without what file systems or people stumble over."""
    last = re.split(r"[/\\]", name.rstrip("/\\ "))[-1]
    clean = (
        _RESERVED.sub("_", _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", last)).strip(" ").rstrip(" .")
    )
    stem, dot, extension = clean.rpartition(".")
    if len(clean) > _LONGEST and dot and len(extension) < 10:
        return stem[: _LONGEST - len(extension) - 1] + dot + extension
    return clean[:_LONGEST]
