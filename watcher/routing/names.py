"""Names and paths as people see them.

The same "é" is one character on most systems and two (a letter and an accent) on some shares and
on macOS; a blank at the end of a folder's name is invisible. So names are compared as people see
them; a file is always opened by its real name. Compatibility forms (full-width letters,
superscripts) look different and stay different names. Bytes that are not text stay as they are, as
surrogate escapes.
"""

from __future__ import annotations

import unicodedata
from typing import Final

#: Characters that are invisible at the beginning or end of a name.
_BLANKS: Final = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u200b\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)


def compose(text: str) -> str:
    """Return ``text`` with each letter and its accents as one character, if there is one (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def as_seen(path: str, separator: str = "/") -> str:
    """Return a path as people see it: composed, without blanks around the names of its folders.

    What follows the last separator is a file's name, which keeps its blanks.
    """
    *folders, name = compose(path).split(separator)
    return separator.join([*(each.strip(_BLANKS) or each for each in folders), name])


def fold(text: str) -> str:
    """Return ``text`` in one case, to be compared."""
    return compose(compose(text).casefold())


def search_key(text: str) -> str:
    """Return ``text`` without case, accents and compatibility forms, as searches compare it."""
    if text.isascii():
        return text.casefold()
    letters = unicodedata.normalize("NFKD", text.casefold())
    base = [each for each in letters if each.isascii() or not unicodedata.combining(each)]
    return "".join(base).casefold()


def is_in(path: str, directory: str, separator: str) -> bool:
    """Return whether a path is a directory or lies below it, as they are spelled; both absolute."""
    return (path.rstrip(separator) + separator).startswith(directory.rstrip(separator) + separator)


def lies_in(path: str, directory: str, separator: str) -> bool:
    """Return the same of the paths as people see them."""
    below, above = (
        as_seen(each.rstrip(separator) + separator, separator) for each in (path, directory)
    )
    return is_in(below, above, separator)


# --- Documents that are folders, as on macOS ------------------------------------------------------

_IWORK: Final = (
    "Index.zip", "Index/Document.iwa", "index.apxl", "index.apxl.gz", "index.xml", "index.xml.gz"
)  # fmt: skip

#: The files that may represent a whole folder, by its extension; the first that exists does.
MAIN_FILES: Final[dict[str, tuple[str, ...]]] = {
    ".pages": _IWORK,
    ".key": _IWORK,
    ".numbers": _IWORK,
    ".rtfd": ("TXT.rtf",),
    ".textbundle": ("text.html", "text.md", "text.markdown", "text.txt"),
    ".epub": ("META-INF/container.xml",),
}


def document_path(path: str) -> str:
    """Return the path of the document that people see: the folder that a main file stands for."""
    slashed = path.replace("\\", "/")
    for extension, names in MAIN_FILES.items():
        for name in names:
            folder = path[: -len(name) - 1]
            if slashed.endswith(f"/{name}") and folder.lower().endswith(extension):
                return folder
    return path


def base_name(path: str) -> str:
    """Return the last part of a document's path.

    A backslash counts only where there is no slash (Windows).
    """
    path = document_path(path)
    return path.rpartition("/" if "/" in path else "\\")[2]
