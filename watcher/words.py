"""What people read in tray, page and notifications, in the languages there are.

Pure. A text is asked for by its key, which is the English text itself with ``{placeholders}``;
``_FRENCH`` has a row for every key (a test looks for all that are used).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher import words_desktop, words_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    #: ``word("Uploading {done} of {total}", done=3, total=40)``
    Word = Callable[..., str]

LANGUAGES: Final = ("en", "fr")

_FRENCH: Final[Mapping[str, str]] = MappingProxyType({**words_page.FRENCH, **words_desktop.FRENCH})


def words(language: str) -> Word:
    """Texts in ``language`` ("fr", "fr_FR.UTF-8"…); English where that is not one of ours."""
    table: Mapping[str, str] = _FRENCH if language.lower().startswith("fr") else {}

    def word(key: str, **values: object) -> str:
        text = table.get(key, key)
        return text.format(**values) if values else text

    return word
