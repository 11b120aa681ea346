"""The members of an email or archive, with safe names by which they can be told apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.documents.moving import number_names
from watcher.documents.opening import UnreadableError
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.files import NO_MAIL
from watcher.sniff.formats import KNOWN_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.model.files import Mail

NESTED: Final = msg("an email inside an attached email")
EMPTY: Final = msg("an email without a document")
PICTURE: Final = msg("an image in the text")

#: The most members of a file that is opened.
MOST: Final = 500
TOO_MANY: Final = msg(
    "This file contains more than {most:count} files. Extract the documents and add them.",
    most=MOST,
)
#: The most characters of a name that are kept.
_LONGEST: Final = 120
#: What no name may contain: control characters, bytes that are not text, and direction marks.
_HARMFUL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_RESERVED: Final = re.compile(r'[<>:"|?*]')


class Member(Struct, frozen=True):
    """A file inside another: ``read`` yields its ``size`` bytes in pieces.

    ``left_out``: what it is, if it is not a document of its own. ``attached``: lists what is
    attached to it, if it is a message that is not a file of its own.
    """

    name: str
    size: int
    read: Callable[[], Iterable[bytes]]
    left_out: Message = NOTHING
    mail: Mail = NO_MAIL
    attached: Callable[[], Iterable[Member]] | None = None


def name_members(members: Iterable[Member]) -> dict[str, Member]:
    """Return members by safe and distinct names.

    The same members in the same order get the same names. UnreadableError if there are too many.
    """
    named: dict[str, Member] = {}
    folded: set[str] = set()
    for number, member in enumerate(members, 1):
        if number > MOST:
            raise UnreadableError(TOO_MANY)
        own = _safe(member.name)
        ending = f".{own.lstrip('.')}"
        if own.startswith(".") and ending.lower() in KNOWN_EXTENSIONS:  # which would be hidden
            own = f"attachment {number}{ending}"
        own = own or f"attachment {number}"
        name = next(each for each in number_names(own) if each.casefold() not in folded)
        folded.add(name.casefold())
        named[name] = member
    return named


def _safe(name: str) -> str:
    """Return the last part of a name or path, without what confuses file systems or people."""
    last = re.split(r"[/\\]", name.rstrip("/\\ "))[-1]
    clean = (
        _RESERVED.sub("_", _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", last)).strip(" ").rstrip(" .")
    )
    stem, dot, extension = clean.rpartition(".")
    if len(clean) > _LONGEST and dot and len(extension) < 10:
        return stem[: _LONGEST - len(extension) - 1] + dot + extension
    return clean[:_LONGEST]
