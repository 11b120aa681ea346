"""The page's language: the system's, or another that the person chose."""

from __future__ import annotations

from gettext import NullTranslations
from typing import TYPE_CHECKING

from watcher.i18n.catalog import catalog, languages
from watcher.i18n.message import ENGLISH, Catalog, msg
from watcher.model.errors import UsageError
from watcher.page.auth import is_command
from watcher.pipeline.messages import SetLanguage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from watcher.page.actions import Receiver


class Language:
    """Texts for the person in ``persons``, and for the reader of the current answer in ``word``.

    The reader is the person, or a command, to which everything is said in English.
    """

    def __init__(self, app: Receiver, system: str, chosen: str) -> None:
        """``system`` is the system's language, ``chosen`` the person's, "" for the system's."""
        self._app = app
        self._system = system
        self.chosen = chosen
        self.persons = Catalog(ENGLISH.language, ENGLISH.translations)
        self.word = Catalog(ENGLISH.language, _OfReader(self.persons))
        self._use(chosen)

    def choose(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Use another ``language``, over restarts too; "" for the system's."""
        language = body.get("language")
        if language not in ("", ENGLISH.language, *languages()):
            raise UsageError(msg("There is no such language."))
        self._app.post(SetLanguage(language))
        self._use(language)
        return {}

    def _use(self, chosen: str) -> None:
        found = catalog(chosen or self._system)
        self.chosen = chosen
        self.persons.language = self.word.language = found.language
        self.persons.translations = found.translations


class _OfReader(NullTranslations):
    """Translations into the person's language; none for commands."""

    def __init__(self, persons: Catalog) -> None:
        super().__init__()
        self._persons = persons

    def gettext(self, message: str) -> str:
        return str(self._chosen().gettext(message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return str(self._chosen().ngettext(msgid1, msgid2, n))

    def pgettext(self, context: str, message: str) -> str:
        return str(self._chosen().pgettext(context, message))

    def _chosen(self) -> NullTranslations:
        return ENGLISH.translations if is_command() else self._persons.translations
