"""Which of HrFlow's sources a person means."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

#: "40 hexadecimal digits" by habit; the API's pages promise no form.
_KEY = re.compile(r"[0-9a-fA-F]{40}\Z")


class Named(Protocol):
    """A source, as HrFlow lists it."""

    @property
    def key(self) -> str:
        """What uploads name it by."""

    @property
    def name(self) -> str:
        """What people name it by."""


Source = TypeVar("Source", bound=Named)


def looks_like_key(text: str) -> bool:
    """Whether a text has the form that source keys have had so far."""
    return _KEY.match(text) is not None


def pick_source(
    text: str, sources: Sequence[Source], *, numbered: bool = False
) -> tuple[Source | None, str]:
    """The source that ``text`` means by its key or name, or None and why there is none.

    ``numbered``: it may also be a number, from 1, of the list that was shown.
    """
    found = [source for source in sources if source.key == text]
    found = found or [source for source in sources if source.name.casefold() == text.casefold()]
    if not found and numbered and text.isdecimal() and 1 <= int(text) <= len(sources):
        found = [sources[int(text) - 1]]
    if len(found) == 1:
        return found[0], ""
    if found:
        keys = ", ".join(source.key for source in found)
        return None, f'{len(found)} sources are called "{text}"; name one by its key: {keys}.'
    return None, f'This workspace has no source "{text}"{_hint(text, sources)}'


def _hint(text: str, sources: Sequence[Named]) -> str:
    names = {source.name.casefold(): source.name for source in sources}
    near = difflib.get_close_matches(text.casefold(), names, 1)
    if near:
        return f'; did you mean "{names[near[0]]}"?'
    return f"; there are {', '.join(sorted(names.values()))}." if 0 < len(names) <= 10 else "."
