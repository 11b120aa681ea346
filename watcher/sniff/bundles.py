"""Documents that are folders, as on macOS: which file in each stands for it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def document_path(path: str) -> str:
    """Return the path of the document that people see: the folder that a main file stands for."""
    slashed = path.replace("\\", "/")
    for extension, names in MAIN_FILES.items():
        for name in names:
            folder = path[: -len(name) - 1]
            if slashed.endswith(f"/{name}") and folder.lower().endswith(extension):
                return folder
    return path
