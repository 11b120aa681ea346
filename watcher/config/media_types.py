"""Media types as people write them: what is none, what is misspelled, what no file ever is."""

from __future__ import annotations

import difflib
import itertools
import re
from typing import TYPE_CHECKING, Final

from watcher.config.english import msg
from watcher.config.mistakes import nearest, shown
from watcher.model.settings import DEFAULT_ACCEPT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes

_FORM = re.compile(r"[a-z]+/(\*|[a-z0-9][a-z0-9.+_-]*)\Z")
#: What may stand before the "/", from the registry of media types (IANA).
_MAIN: Final = ("application", "audio", "font", "image", "message", "model", "text", "video")


#: Stands for the types of DEFAULT_ACCEPT in a folder's ``accept``.
DEFAULT: Final = "default"


def with_default(types: Sequence[str]) -> tuple[str, ...]:
    """``types`` with the default ones in the place of the word for them, each once."""
    written = ((each,) if each != DEFAULT else DEFAULT_ACCEPT for each in types)
    return tuple(dict.fromkeys(itertools.chain.from_iterable(written)))


def check_media_types(
    types: Sequence[str], mistakes: Mistakes, way: Way, also: Collection[str] = ()
) -> None:
    """Note the types that are misspelled, and warn of those that no file is found to be.

    ``also``: words that may stand among them.
    """
    for number, media_type in enumerate(types):
        if media_type not in DEFAULT_ACCEPT and media_type not in also:
            _check(media_type, mistakes, (*way, number))


def _check(media_type: str, mistakes: Mistakes, way: Way) -> None:
    from watcher.sniff.formats import can_tell  # noqa: PLC0415 - most name the usual types

    main, _, sub = media_type.partition("/")
    if can_tell(media_type) or (sub == "*" and main in _MAIN):
        return
    meant = _find_meant(media_type)
    hint = f'; did you mean "{meant}"?' if meant else ""
    if not _FORM.match(media_type):
        said = msg('{item} is no media type like "application/pdf"', item=shown(media_type))
        mistakes.add(way, said + (hint or nearest(media_type, DEFAULT_ACCEPT)))
    elif meant or main not in _MAIN:
        mistakes.add(way, f"{shown(media_type)} is no known media type{hint}")
    else:
        said = msg("{item} is a type that this program finds in no file", item=shown(media_type))
        mistakes.warn(way, said)


def _find_meant(media_type: str) -> str:
    """The type that a misspelled one, another name or a file's extension stands for, or ""."""
    from watcher.sniff.formats import EXTENSIONS  # noqa: PLC0415

    main, slash, sub = media_type.lower().partition("/")
    if sub == "*":
        return next((f"{each}/*" for each in _MAIN if _is_slip(main, each)), "")
    word = (sub if slash else main).strip(".").removeprefix("x-")
    known = (*DEFAULT_ACCEPT, *EXTENSIONS.values())
    same = [each for each in known if each.partition("/")[2].lower() == word]
    if same or f".{word}" in EXTENSIONS:
        return same[0] if same else EXTENSIONS[f".{word}"]
    return _first_slip(main, word, known) if slash else ""


def _first_slip(main: str, sub: str, known: Collection[str]) -> str:
    parted = ((each, *each.lower().split("/")) for each in known)
    fits = (
        each
        for each, its_main, its_sub in parted
        if _is_slip(sub, its_sub) and (main == its_main or _is_slip(main, its_main))
    )
    return next(fits, "")


def _is_slip(word: str, meant: str) -> bool:
    """Whether they differ by one character, or by two that changed places."""
    longest = max(len(word), len(meant))
    ratio = difflib.SequenceMatcher(None, word, meant).ratio()
    return word != meant and longest > 2 and ratio * longest >= longest - 1 - 1e-6
