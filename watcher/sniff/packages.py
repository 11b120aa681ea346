"""Documents that are folders, and those that have one beside them; told by names alone."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.model.files import Sniffed
from watcher.sniff import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.sniff.formats import Format

_IWORK: Final = (
    "Index.zip", "Index/Document.iwa", "index.apxl", "index.apxl.gz", "index.xml", "index.xml.gz"
)  # fmt: skip

#: By the folder's extension: the files of which one, the first that is there, stands for all.
MAIN_FILES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        ".pages": _IWORK,
        ".key": _IWORK,
        ".numbers": _IWORK,
        ".rtfd": ("TXT.rtf",),
        ".textbundle": ("text.html", "text.md", "text.markdown", "text.txt"),
        ".epub": ("META-INF/container.xml",),
    }
)

_FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        ".pages": formats.PAGES,
        ".key": formats.KEYNOTE,
        ".numbers": formats.NUMBERS,
        ".epub": formats.EPUB,
    }
)

#: Endings of pages beside which their folder is looked for.
PAGES: Final = (".html", ".htm", ".xhtml", ".shtml")

#: What browsers and Office append to a page's name for its folder, by language; those that
#: Windows keeps together with their page, and more.
_COMPANIONS: Final = (
    "_files", ".files", "-files", "_file", "-Dateien", "_Dateien", "_fichiers", "_archivos",
    "_arquivos", "_ficheiros", "_bestanden", "_bylos", "_datoteke", "_dosyalar", "_elemei",
    "_failid", "_fails", "_faili", "_fajlovi", "_filer", "-filer", "_fitxategiak", "_fitxers",
    "_arxius", "_pliki", "_soubory", "_súbory", "_subory", "_tiedostot", "_fișiere", "_fisiere",
    "_fájlok", "_skrár", "_файлы", "_файли", "_файлове", "_датотеке", "_αρχεία", "_קבצים",
    "_ملفات", "_ไฟล์", "_ファイル", "_文件", "_파일",
)  # fmt: skip

_COMPANION = re.compile(rf"(.+)(?:{'|'.join(map(re.escape, _COMPANIONS))})", re.IGNORECASE)


def describe_package(extension: str) -> Sniffed | None:
    """What a folder with this extension is, None where its main file says that."""
    found = _FORMATS.get(extension)
    if found is None:
        return None
    return Sniffed(found.media_type, found.extension, found.what, None, advice=found.advice)


def page_of(folder: str) -> str:
    """The name, without its ending, of the page whose parts a folder of this name holds; or ""."""
    found = _COMPANION.fullmatch(folder)
    return found[1] if found else ""


def folders_of(page: str) -> tuple[str, ...]:
    """The names that the folder of the page of this name, without its ending, may have."""
    return tuple(page + each for each in _COMPANIONS)
