"""Renders messages in a language, from gettext's catalogues below ``locale``.

A place's kind says how its value is written: ``{size:size}`` bytes ("1.5 MB"), ``{rest:duration}``
seconds ("42 s"), ``{files:count}`` a number of things ("12,345"), ``{names:and}`` and
``{names:or}`` a list ("a, b and c"); without a kind a value stands as it is, and a message in it
is rendered too. Separators, units and joints are messages of the catalogue like any other, so that
a language is one ``.po`` file.
"""

from __future__ import annotations

import gettext
import json
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.i18n.message import Value

DOMAIN: Final = "hrflow-watcher"
LOCALE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locale")
_PLACE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}|\{\{|\}\}")


class Catalog:
    """Texts in one language: ``word("Uploading {done} of {total}", done=3, total=40)``."""

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        self.language = language
        self.translations = translations

    def __call__(self, said: str | Message, /, **args: Value) -> str:
        """A message, or a text that stands literally at the call, with its places filled."""
        if isinstance(said, Message):
            if said.plural:
                return self._plural(said.text, said.plural, said.args["count"], said.args)
            return self._fill(self._find(said.text), said.args)
        return self._fill(self._find(said), args)

    def plural(self, one: str, many: str, count: int, /, **args: Value) -> str:
        """A text about ``count`` things, which fills the place of this name."""
        return self._plural(one, many, count, {"count": count, **args})

    # -- inside

    def _find(self, text: str) -> str:
        return self.translations.gettext(text) if text else ""  # "" is the catalogue's header

    def _plural(self, one: str, many: str, count: Value, args: object) -> str:
        assert isinstance(count, int)
        assert isinstance(args, dict)
        return self._fill(self.translations.ngettext(one, many, count), args)

    def _fill(self, text: str, args: object) -> str:
        assert isinstance(args, dict)
        if "{" not in text and "}" not in text:
            return text
        return _PLACE.sub(lambda found: self._place(found, args), text)

    def _place(self, found: re.Match[str], args: dict[str, Value]) -> str:
        name, kind = found[1], found[2]
        if name is None:
            return found[0][0]
        if name not in args:  # a text from elsewhere that only looks like one of ours
            return found[0]
        return self._value(args[name], kind or "")

    def _value(self, value: Value, kind: str) -> str:
        match kind, value:
            case ("size", int() | float()):
                return self.size(value)
            case ("duration", int() | float()):
                return self.duration(value)
            case ("count", int()):
                return self.number(value)
            case ("and" | "or", tuple()):
                return self._listed([self._value(each, "") for each in value], kind)
            case (_, tuple()):
                return ", ".join(self._value(each, "") for each in value)
            case (_, Message()):
                return self(value)
            case _:
                return str(value)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with this language's separators."""
        pgettext = self.translations.pgettext
        whole, _, rest = f"{value:,.{digits}f}".partition(".")
        whole = whole.replace(",", pgettext("thousands separator", ","))
        return whole + pgettext("decimal separator", ".") + rest if rest else whole

    def size(self, value: float) -> str:
        """Bytes for people: "940 B", "32.2 kB", "1.5 GB"."""
        word = self  # by this name texts are found for the catalogues
        if abs(value) < 1000:
            return word("{number} B", number=self.number(value))
        value /= 1000
        if round(abs(value), 1) < 1000:
            return word("{number} kB", number=self.number(value, 1))
        value /= 1000
        if round(abs(value), 1) < 1000:
            return word("{number} MB", number=self.number(value, 1))
        return word("{number} GB", number=self.number(value / 1000, 1))

    def duration(self, seconds: float) -> str:
        """Seconds for people: "0.8 s", "42 s", "3 min", "2 h 05 min"."""
        word = self
        if seconds < 60:
            return word("{number} s", number=self.number(seconds, 1 if seconds < 10 else 0))
        if seconds < 3600:
            return word("{number} min", number=self.number(seconds / 60))
        hours, minutes = divmod(seconds, 3600)
        shown = f"{minutes // 60:02.0f}"
        return word("{hours} h {minutes} min", hours=self.number(hours), minutes=shown)

    def _listed(self, parts: Sequence[str], kind: str) -> str:
        if len(parts) < 2:
            return "".join(parts)
        word = self
        first, last = ", ".join(parts[:-1]), parts[-1]
        if kind == "and":
            return word("{first} and {last}", first=first, last=last)
        return word("{first} or {last}", first=first, last=last)


ENGLISH: Final = Catalog("en", gettext.NullTranslations())


def page_texts(language: str, folder: str = LOCALE) -> dict[str, str | dict[str, str]]:
    """What the page's script says in a language, by the English texts; plurals by CLDR's names."""
    path = os.path.join(folder, language, "LC_MESSAGES", "page.json")
    if not os.path.exists(path):  # English, which stands in the script
        return {}
    with open(path, encoding="utf-8") as file:
        texts: dict[str, str | dict[str, str]] = json.load(file)
    return texts


def languages(folder: str = LOCALE) -> list[str]:
    """The languages there are beside English."""
    return sorted(
        name for name in os.listdir(folder) if gettext.find(DOMAIN, folder, [name]) is not None
    )


@lru_cache(maxsize=8)
def catalog(language: str, folder: str = LOCALE) -> Catalog:
    """Texts in ``language`` ("fr", "fr_FR.UTF-8", "fr-CA"); English where there is none for it."""
    name = re.split(r"[.@]", language.replace("-", "_"))[0]
    found = gettext.find(DOMAIN, folder, [name]) if name else None
    if found is None:
        return ENGLISH
    with open(found, "rb") as file:
        translations = gettext.GNUTranslations(file)
    return Catalog(os.path.relpath(found, folder).split(os.sep)[0], translations)
