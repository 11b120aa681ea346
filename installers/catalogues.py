#!/usr/bin/env python3
"""The catalogues of messages: `installers/catalogues.py update`, `compile` or `check`.

`update` reads the sources anew and brings the template and every language's `.po` up to date;
what is left to translate are the entries without a text, and those marked `fuzzy`. `compile`
makes what the program reads: `.mo`, and `page.json` for the page's script. `check` says what is
out of date, missing or wrong, or not a word of `glossary.md`; nothing is changed.
"""

from __future__ import annotations

import gettext
import io
import json
import os
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCALE = os.path.join(ROOT, "watcher", "i18n", "locale")
GLOSSARY = os.path.join(ROOT, "installers", "glossary.md")
DOMAIN = "hrflow-watcher"
TEMPLATE = os.path.join(LOCALE, f"{DOMAIN}.pot")
#: What asks for a text, by language → which of its arguments are texts; `c` marks a context.
KEYWORDS = {
    "python": {
        "msg": None,
        "word": None,
        "_word": None,
        "plural": (1, 2),
        "pgettext": ((1, "c"), 2),
    },
    "javascript": {"t": None, "tn": (1, 2)},
}
_NEEDLESS = re.compile(
    rb'"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Generated-By'
    rb'|Last-Translator|Language-Team)[^\n]*"\n'
)
_FRAME_TEXT = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
_SCRIPT_TEXT = re.compile(r'\bt(?:n\(("(?:[^"\\]|\\.)*"),\s*|\()("(?:[^"\\]|\\.)*")')
_PLACE = re.compile(r"\{\w+(?::\w+)?\}")
#: Punctuation that French parts from its word by a space that does not break.
_FRENCH = re.compile(r"(?<=\w) [:;!?»]|« ")


def extract() -> Catalog:
    """Every message in the sources, with the files that say it."""
    found = Catalog(project=DOMAIN, charset="utf-8", fuzzy=False)
    package = os.path.join(ROOT, "watcher")
    rows: list[Any] = []
    for methods, language in (
        ([("**.py", "python")], "python"),
        ([("**.js", _extract_script), ("**.html", _extract_frame)], "javascript"),
    ):
        rows += extract_from_dir(
            package,
            methods,
            keywords=KEYWORDS[language],
            strip_comment_tags=True,
            comment_tags=("For translators:",),
        )
    for name, _, text, comments, context in sorted(rows, key=lambda row: (row[0], row[1])):
        place = f"watcher/{name.replace(os.sep, '/')}"
        if not context and not any(map(str.isalpha, str(text))):
            continue  # Babel has taken an index, word["…"], for a call
        found.add(text, None, [(place, 0)], auto_comments=comments, context=context)
    return found


def _extract_frame(file: Any, *_: Any, **__: Any) -> Iterator[tuple[Any, ...]]:
    """Texts of the page's frame: ``[[text]]``."""
    for found in _FRAME_TEXT.finditer(file.read().decode("utf-8")):
        yield 1, "t", found[1], []


def _extract_script(file: Any, *_: Any, **__: Any) -> Iterator[tuple[Any, ...]]:
    """Texts of the page's script; Babel overlooks calls inside nested template literals."""
    for found in _SCRIPT_TEXT.finditer(file.read().decode("utf-8")):
        one, last = (text and json.loads(text) for text in found.groups())
        yield 1, "tn" if one else "t", (one, last) if one else last, []


def languages() -> list[str]:
    """The languages there is a catalogue for."""
    return sorted(name for name in os.listdir(LOCALE) if os.path.isfile(path_of(name)))


def path_of(language: str) -> str:
    """A language's catalogue."""
    return os.path.join(LOCALE, language, "LC_MESSAGES", f"{DOMAIN}.po")


def read(language: str) -> Catalog:
    """A language's catalogue as it stands."""
    with open(path_of(language), "rb") as file:
        catalogue = read_po(file, locale=language)
    # Babel writes it into what is compiled: the same texts have to be the same bytes.
    catalogue.creation_date = datetime.fromtimestamp(0, UTC)
    return catalogue


def text_of(catalogue: Catalog) -> bytes:
    """A catalogue as a file: without what would change at every run, and what says nothing."""
    file = io.BytesIO()
    catalogue.header_comment = "# Messages of hrflow-watcher, under its license."
    write_po(file, catalogue, width=96, include_lineno=False, sort_by_file=False)
    return _NEEDLESS.sub(b"", file.getvalue())


def update() -> None:
    """Bring the template and every catalogue up to date with the sources."""
    template = extract()
    _write(TEMPLATE, text_of(template))
    for language in languages():
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=False)
        catalogue.obsolete.clear()
        _write(path_of(language), text_of(catalogue))


def compile_all() -> None:
    """Make what the program reads, beside each `.po`."""
    for language in languages():
        compile_one(read(language), os.path.dirname(path_of(language)))


def compile_one(catalogue: Catalog, folder: str) -> None:
    """Make what the program reads of one language."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    _write(os.path.join(folder, f"{DOMAIN}.mo"), file.getvalue())
    texts = {
        entry.id if isinstance(entry.id, str) else entry.id[0]: _page_text(entry, catalogue)
        for entry in catalogue
        if entry.id and any(place.endswith(".js") for place, _ in entry.locations)
    }
    data = json.dumps(texts, ensure_ascii=False, sort_keys=True, indent=0)
    _write(os.path.join(folder, "page.json"), data.encode("utf-8"))


def _page_text(entry: Any, catalogue: Catalog) -> str | dict[str, str]:
    """A text for the script; one with plural forms by the names that `Intl.PluralRules` gives."""
    if isinstance(entry.id, str):
        text: str = entry.string
        return text
    category, form = catalogue.locale.plural_form, gettext.c2py(catalogue.plural_expr)
    # Each form is asked for by some of these numbers; a large one has its own in some languages.
    return {category(number): entry.string[form(number)] for number in (1_000_000, *range(200))}


def check() -> list[str]:
    """What is out of date, missing or wrong, a line each; empty if all is well."""
    template, avoided = extract(), words_to_avoid()
    with open(TEMPLATE, "rb") as file:
        current = file.read() == text_of(template)
    mistakes = [] if current else ["the template is not current: run catalogues.py update"]
    for entry in template:
        mistakes += [f"en: {why}" for why in _avoided(_forms(entry.id), avoided["en"])]
    for language in languages():
        for entry in read(language):
            if entry.id:
                found = [*_mistakes(entry, language)]
                found += _avoided(_forms(entry.string), avoided.get(language, {}))
                mistakes += [f"{language}: {entry.id!r}: {why}" for why in found]
    return mistakes


def words_to_avoid() -> dict[str, dict[str, str]]:
    """The words that the glossary advises against → what to say instead, by language."""
    with open(GLOSSARY, encoding="utf-8") as file:
        rows = [line.strip("|\n").split("|") for line in file if line.startswith("|")]
    names, _, *terms = [[cell.strip() for cell in row] for row in rows]
    return {
        names[column]: {
            word: term[column] for term in terms for word in term[column + 1].split(", ") if word
        }
        for column in range(0, len(names), 2)
    }


def _avoided(texts: Iterable[str], words: dict[str, str]) -> Iterator[str]:
    for text in texts:
        for word, instead in words.items():
            if re.search(rf"\b{word}s?\b", _PLACE.sub("", text), re.IGNORECASE):
                yield f'says "{word}", not "{instead}": {text!r}'


def _forms(text: str | Iterable[str]) -> list[str]:
    """A text, or its singular and plural forms."""
    return [text] if isinstance(text, str) else list(text)


def _mistakes(entry: Any, language: str) -> Iterator[str]:
    ids, texts = _forms(entry.id), _forms(entry.string)
    if not all(texts):
        yield "is not translated"
    elif entry.fuzzy:
        yield "is marked fuzzy"
    wanted = [Counter(_PLACE.findall(text)) for text in ids]
    for number, text in enumerate(texts):
        given = Counter(_PLACE.findall(text))
        # The first form may say its number in words, as the singular does.
        if text and given != wanted[-1] and (number or given != wanted[0]):
            yield f"has other places: {text!r}"
        if language == "fr" and _FRENCH.search(text):
            yield f"needs spaces that do not break: {text!r}"


def _write(path: str, data: bytes) -> None:
    """Put a file there whole, unless it is there: somebody may be packing it at this moment."""
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read() == data:
                return
    part = f"{path}.{os.getpid()}"
    with open(part, "wb") as file:
        file.write(data)
    os.replace(part, path)


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    match arguments:
        case ["update"]:
            update()
            compile_all()
        case ["compile"]:
            compile_all()
        case ["check"]:
            mistakes = check()
            print("\n".join(mistakes) or "All catalogues are complete.")
            return int(bool(mistakes))
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
