"""Loads the texts of a language: gettext's catalogues below ``locale``, compiled by the build."""

from __future__ import annotations

import gettext
import json
import os
import re
from functools import lru_cache
from typing import Final

from watcher.i18n.message import ENGLISH, Catalog

DOMAIN: Final = "hrflow-watcher"
LOCALE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locale")


def page_texts(language: str, folder: str = LOCALE) -> dict[str, str | dict[str, str]]:
    """Return the texts of the page's scripts, by the English ones; plurals by CLDR's names."""
    path = os.path.join(folder, language, "LC_MESSAGES", "page.json")
    if not os.path.exists(path):  # English, which is in the scripts
        return {}
    with open(path, encoding="utf-8") as file:
        texts: dict[str, str | dict[str, str]] = json.load(file)
    return texts


def languages(folder: str = LOCALE) -> list[str]:
    """Return the languages other than English."""
    return sorted(
        name for name in os.listdir(folder) if gettext.find(DOMAIN, folder, [name]) is not None
    )


@lru_cache(maxsize=8)
def catalog(language: str, folder: str = LOCALE) -> Catalog:
    """Return the texts in ``language`` ("fr", "fr_FR.UTF-8", "fr-CA"), or the English ones."""
    name = re.split(r"[.@]", language.replace("-", "_"))[0]
    found = gettext.find(DOMAIN, folder, [name]) if name else None
    if found is None:
        return ENGLISH
    with open(found, "rb") as file:
        translations = gettext.GNUTranslations(file)
    return Catalog(os.path.relpath(found, folder).split(os.sep)[0], translations)
