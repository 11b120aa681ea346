"""Documents that are folders, as on macOS: what each is, and which file in it stands for it."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.sniff import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.sniff.formats import Format

_IWORK: Final = (
    "Index.zip", "Index/Document.iwa", "index.apxl", "index.apxl.gz", "index.xml", "index.xml.gz"
)  # fmt: skip

#: The files that may represent a whole folder, by its extension; the first that exists does.
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

#: What a folder is, by its extension; the main file of the others shows it.
FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        ".pages": formats.PAGES,
        ".key": formats.KEYNOTE,
        ".numbers": formats.NUMBERS,
        ".epub": formats.EPUB,
    }
)


def document_path(path: str) -> str:
    """Return the path of the document that people see: the folder that a main file stands for."""
    found = _MAIN_FILE.fullmatch(path)
    return found["folder"] if found else path


def _pattern(extension: str, names: tuple[str, ...]) -> str:
    inner = "|".join(re.escape(name).replace("/", r"[/\\]") for name in names)
    return rf"(?<=(?i:{re.escape(extension)}))[/\\](?:{inner})"


_MAIN_FILE: Final = re.compile(
    rf"(?s:(?P<folder>.*))(?:{'|'.join(_pattern(*each) for each in MAIN_FILES.items())})"
)
