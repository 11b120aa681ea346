"""Documents of several files: does a file stand for one, or belong to it?

On macOS a document may be a folder (``CV.pages``, ``CV.rtfd``), which one file in it represents.
A web page saved with its pictures has them in a folder beside it (``CV_files``). Only the names
count, and whether the files exist.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.documents.opening import split_below
from watcher.model.files import Sniffed
from watcher.routing.names import MAIN_FILES, compose
from watcher.sniff import formats
from watcher.sniff.formats import BUNDLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Extensions of saved pages, which may have a folder beside them.
_PAGE_ENDINGS: Final = (".html", ".htm", ".xhtml", ".shtml", ".php", ".asp", ".aspx", ".jsp")

#: What browsers and Office append to the name of a page for its folder, in many languages.
_COMPANIONS: Final = (
    "_files", ".files", "-files", "_file", "-Dateien", "_Dateien", "_fichiers", "_archivos",
    "_arquivos", "_ficheiros", "_bestanden", "_bylos", "_datoteke", "_dosyalar", "_elemei",
    "_failid", "_fails", "_faili", "_fajlovi", "_filer", "-filer", "_fitxategiak", "_fitxers",
    "_arxius", "_pliki", "_soubory", "_súbory", "_subory", "_tiedostot", "_fișiere", "_fisiere",
    "_fájlok", "_skrár", "_файлы", "_файли", "_файлове", "_датотеке", "_αρχεία", "_קבצים",
    "_ملفات", "_ไฟล์", "_ファイル", "_文件", "_파일",
)  # fmt: skip

_COMPANION = re.compile(rf"(.+)(?:{'|'.join(map(re.escape, _COMPANIONS))})", re.IGNORECASE)


class Place(Struct, frozen=True):
    """What the location of a file shows about it.

    ``name`` is that of the document it represents; ``found`` its type, if the name alone shows
    that. ``part_of`` and ``may_be_part`` are those of a Document.
    """

    name: str
    found: Sniffed | None = None
    part_of: str = ""
    may_be_part: bool = False


def find_place(root: str, path: str) -> Place:
    """Return what the location of the file at ``path`` below ``root`` shows about it."""
    return locate(split_below(root, path), lambda each: os.path.isfile(os.path.join(root, each)))


def locate(parts: Sequence[str], is_file: Callable[[str], bool]) -> Place:
    """Return what the location of a file tells about it; ``parts`` are its folders and its name.

    ``is_file`` returns whether a path, relative to the same place and with "/", is that of a file.
    """
    name, may_be_part = parts[-1], False
    for depth, part in enumerate(parts[:-1]):
        if companion := _COMPANION.fullmatch(part):
            if page := _find_page(parts[:depth], companion[1], is_file):
                return Place(name, part_of=page)
            may_be_part = True
        extension = os.path.splitext(part)[1].lower()
        if extension not in MAIN_FILES:
            continue
        main = _find_main(extension, "/".join(parts[: depth + 1]), is_file)
        if main == "/".join(parts[depth + 1 :]):
            return Place(part, _describe_bundle(extension))
        if main:
            return Place(name, part_of=part)
        may_be_part = True
    return Place(name, may_be_part=may_be_part)


def is_tied(root: str, path: str) -> bool:
    """Return whether a file must not be moved alone: a link, a part, or a page with a folder."""
    directory, name = os.path.split(path)
    stem, extension = os.path.splitext(name)
    if extension.lower() in formats.GOOGLE_EXTENSIONS:  # moving the link may move the document
        return True
    has_parts = extension.lower() in _PAGE_ENDINGS and _has_companion(directory, stem, name)
    place = find_place(root, path)
    return has_parts or bool(place.part_of) or place.name != name


def _describe_bundle(extension: str) -> Sniffed | None:
    """Return the type of a folder with this extension; None if only its main file shows it."""
    found = BUNDLES.get(extension)
    if found is None:
        return None
    return Sniffed(found.media_type, found.extension, found.what, None, advice=found.advice)


def _has_companion(directory: str, *names: str) -> bool:
    """Return whether a folder of one of these names, and what is appended to it, is there."""
    stems = set(map(compose, names))
    beside = os.listdir(directory) if os.path.isdir(directory) else ()
    found = ((_COMPANION.fullmatch(each), each) for each in beside)
    return any(
        companion
        and compose(companion[1]) in stems
        and os.path.isdir(os.path.join(directory, each))
        for companion, each in found
    )


def _find_page(folders: Sequence[str], stem: str, is_file: Callable[[str], bool]) -> str:
    """Return the name of the page called ``stem`` in ``folders``; "" if there is none.

    ``stem`` may have the page's ending. The names of a page and its folder may differ in Unicode
    normalization.
    """
    endings = [*_PAGE_ENDINGS, *map(str.upper, _PAGE_ENDINGS)]
    if stem.lower().endswith(_PAGE_ENDINGS):
        endings.insert(0, "")
    stems = (stem, compose(stem), unicodedata.normalize("NFD", stem))
    names = (each + ending for each in dict.fromkeys(stems) for ending in endings)
    return next((each for each in names if is_file("/".join([*folders, each]))), "")


def main_file(package: str) -> str:
    """Return the file that represents the whole folder; "" if there is none (yet)."""
    return _find_main(os.path.splitext(package)[1].lower(), package, os.path.isfile)


def _find_main(extension: str, package: str, is_file: Callable[[str], bool]) -> str:
    names = MAIN_FILES.get(extension, ())
    return next((each for each in names if is_file(f"{package}/{each}")), "")
