"""Which document a file is, or is a part of: some are folders, and some have one beside them.

A document saved by macOS may be a folder (``CV.pages``, ``CV.rtfd``), of which one file stands
for all. A web page saved with its pictures has them in a folder beside it (``CV_files``). Only
names are looked at, and whether they are there.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.documents.opening import split_below
from watcher.sniff.packages import MAIN_FILES, PAGES, describe_package, folders_of, page_of

if TYPE_CHECKING:
    from watcher.model.files import Sniffed

#: Links of Google's synchroniser: elsewhere they lead nowhere, and moved they move the document.
_LINKS: Final = (".gdoc", ".gsheet", ".gslides", ".gdraw", ".gform", ".gjam", ".gmap", ".gsite",
                 ".gscript", ".gtable", ".glink")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """What a file is by where it lies.

    ``name`` is that of the document it stands for, ``found`` what that is if it is known without
    a look at the content. ``part_of`` and ``may_be_part`` are those of a Document.
    """

    name: str
    found: Sniffed | None = None
    part_of: str = ""
    may_be_part: bool = False


def find_place(root: str, path: str) -> Place:
    """What the file at ``path`` below ``root`` is by where it lies."""
    parts = split_below(root, path)
    name, may_be_part = parts[-1], False
    above = root
    for depth, part in enumerate(parts[:-1], 1):
        if page := page_of(part):
            page = _find_page(above, page)
            if page:
                return Place(name, part_of=page)
            may_be_part = True
        above = os.path.join(above, part)
        extension = os.path.splitext(part)[1].lower()
        if extension not in MAIN_FILES:
            continue
        main = main_file(above)
        if main == "/".join(parts[depth:]):
            return Place(part, describe_package(extension))
        if main:
            return Place(name, part_of=part)
        may_be_part = True
    return Place(name, may_be_part=may_be_part)


def is_tied(root: str, path: str) -> bool:
    """Whether a file cannot be moved alone: a link, a part of a document, a page with a folder."""
    directory, name = os.path.split(path)
    stem, extension = os.path.splitext(name)
    if extension.lower() in _LINKS:
        return True
    has_parts = extension.lower() in PAGES and any(
        os.path.isdir(os.path.join(directory, each)) for each in folders_of(stem)
    )
    place = find_place(root, path)
    return has_parts or bool(place.part_of) or place.name != name


def _find_page(directory: str, stem: str) -> str:
    """The page called ``stem``, with its ending, in ``directory``; "" if there is none.

    Of two names that look the same one may be composed and one decomposed.
    """
    endings = (*PAGES, *map(str.upper, PAGES))
    stems = (stem, unicodedata.normalize("NFC", stem), unicodedata.normalize("NFD", stem))
    names = (each + ending for each in dict.fromkeys(stems) for ending in endings)
    return next((each for each in names if os.path.isfile(os.path.join(directory, each))), "")


def main_file(package: str) -> str:
    """The file in a folder that stands for the whole of it; "" if it has none, or none so far."""
    names = MAIN_FILES.get(os.path.splitext(package)[1].lower(), ())
    return next((each for each in names if os.path.isfile(os.path.join(package, each))), "")
