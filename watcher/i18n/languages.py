"""The languages: the texts of each, and which one the system has for this user.

The texts are gettext's catalogues below ``locale``, compiled by the build.
"""

from __future__ import annotations

import contextlib
import gettext
import json
import logging
import os
import re
import subprocess
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from watcher.i18n.message import ENGLISH, Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_log = logging.getLogger(__name__)

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


# --- The system's language ------------------------------------------------------------------------

#: Variables that name a language, the strongest first, as POSIX has it.
_NAMES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")

#: Programs that start at login may run before the desktop sets a language: these files have that of
#: the machine (locale.conf(5); Debian's place for it).
_FILES: Final = ("/etc/locale.conf", "/etc/default/locale")

#: macOS: the languages that the user prefers, as a list in its own notation.
_ASK_MACOS: Final = ("/usr/bin/defaults", "read", "-g", "AppleLanguages")

_SECONDS: Final = 5.0


def system_language(
    environ: Mapping[str, str],
    platform: str = sys.platform,
    *,
    files: Sequence[str] = _FILES,
    ask: Callable[[str], str] | None = None,
) -> str:
    """Return a name like "fr_FR.UTF-8" or "fr-FR"; "" if the system has none.

    ``platform`` is as in ``sys.platform``. On Windows and macOS, where the environment may not
    have it, ``ask`` is called with the platform.
    """
    name = next((each for each in _NAMES if environ.get(each)), "")
    locale = environ.get(name, "")
    if _is_language(locale):
        # gettext's own list has priority, unless the locale is "C".
        first = environ.get("LANGUAGE", "").partition(":")[0]
        return first or locale
    if name == "LC_ALL":  # "C", and on purpose
        return ""
    if platform in ("win32", "darwin"):
        return (ask or _ask)(platform)
    return next(filter(None, map(_read, files)), "")


def _is_language(locale: str) -> bool:
    return locale.partition(".")[0] not in ("", "C", "POSIX")


def _read(path: str) -> str:
    """Return the language in a file of shell assignments; "" if there is none, or no file."""
    lines: list[str] = []
    with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read(10_000).splitlines()
    values = {
        name.strip(): value.strip(" \"'")
        for name, _, value in (line.removeprefix("export ").partition("=") for line in lines)
    }
    found = next((values[name] for name in _NAMES if values.get(name)), "")
    return found if _is_language(found) else ""


def _ask(platform: str) -> str:
    try:
        return _ask_windows() if platform == "win32" else _ask_macos()
    except (OSError, subprocess.SubprocessError) as error:
        _log.info("the system's language cannot be found out: %s", error)
        return ""


def _ask_macos() -> str:
    done = subprocess.run(  # noqa: S603 - a program of the system, and no input
        _ASK_MACOS, capture_output=True, text=True, timeout=_SECONDS, check=True
    )
    return first_of_list(done.stdout)


def first_of_list(text: str) -> str:
    """Return the first of macOS' languages: ``( "fr-FR", en )`` → "fr-FR"."""
    found = re.search(r"[A-Za-z][\w-]+", text)
    return found[0] if found else ""


def _ask_windows() -> str:
    """Return the language of Windows itself, which may differ from that of dates and numbers."""
    import ctypes  # noqa: PLC0415 - on Windows only
    import locale  # noqa: PLC0415

    windows: Any = ctypes
    number = windows.windll.kernel32.GetUserDefaultUILanguage()
    return locale.windows_locale.get(number, "")
