"""What people read in tray, page and notifications, in the languages there are.

Pure. A text is asked for by its key, which is the English text itself with ``{placeholders}``;
``FRENCH`` has a row for every key (a test looks for all that are used). A text without values may
also be a whole sentence that was made elsewhere, like why a file was refused: it is found among
the same rows, see ``phrases``. Commands, logs and the journal speak English.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.i18n import (
    words_config,
    words_desktop,
    words_doctor,
    words_errors,
    words_formats,
    words_machine,
    words_page,
    words_reasons,
    words_service,
)
from watcher.i18n.phrases import Phrases, grouped, typeset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    #: ``word("Uploading {done} of {total}", done=3, total=40)``
    Word = Callable[..., str]

LANGUAGES: Final = ("en", "fr")


#: Sentences whose French is kept: a list shows the same few again and again.
_KEPT: Final = 1000


#: Whole sentences that are made elsewhere, from rows of this table.
SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **words_reasons.FRENCH,
        **words_formats.FRENCH,
        **words_errors.FRENCH,
        **words_config.FRENCH,
        **words_machine.FRENCH,
        **words_doctor.FRENCH,
        **words_service.FRENCH,
    }
)


FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {**words_page.FRENCH, **words_desktop.FRENCH, **SENTENCES}
)


def spoken(language: str) -> str:
    """The one of :data:`LANGUAGES` for a system's language ("fr", "fr_FR.UTF-8", "French")."""
    return next((each for each in LANGUAGES if language.lower().startswith(each)), LANGUAGES[0])


def words(language: str) -> Word:
    """Texts in ``language`` ("fr", "fr_FR.UTF-8"…); English where that is not one of ours."""
    return _in_french() if spoken(language) == "fr" else _in_english


def _in_english(key: str, **values: object) -> str:
    return key.format(**values) if values else key


def _in_french() -> Word:
    table = _typeset(FRENCH)
    phrases: list[Phrases] = []

    @lru_cache(_KEPT)
    def say(sentence: str) -> str:
        if not phrases:  # not before something has to be looked for
            sentences = _typeset(SENTENCES)
            phrases.append(Phrases(sentences, words_formats.SYSTEM, words_formats.JOINTS))
        return phrases[0].say(sentence)

    def word(key: str, **values: object) -> str:
        if not values:
            return table.get(key) or say(key)
        shown = {
            name: grouped(value) if type(value) is int else value for name, value in values.items()
        }
        return table.get(key, key).format(**shown)

    return word


def _typeset(table: Mapping[str, str]) -> dict[str, str]:
    return {english: typeset(french) for english, french in table.items()}
