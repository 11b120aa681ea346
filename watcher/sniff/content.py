"""The order in which a file's content is asked what it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from watcher.model import Sniffed
from watcher.sniff import endings, formats, texts
from watcher.sniff.compound import look_into_compound
from watcher.sniff.signatures import find_signature, guess_other
from watcher.sniff.window import Window
from watcher.sniff.zipped import look_into_zip

if TYPE_CHECKING:
    from typing import BinaryIO

    from watcher.sniff.formats import Format

_HEAD = 8192  # bytes; what the signatures' library looks at as well
_PDF_REACH = 1024  # bytes; readers look for the header that far (PDF 1.7, implementation note 13)
_PDF_HEADER = re.compile(rb"%PDF-\d")


def sniff(handle: BinaryIO, size: int, name: str) -> Sniffed:
    """Say what the ``size`` bytes behind the seekable ``handle`` are.

    The extension of ``name`` breaks ties between formats that share a signature, and nothing
    else. The handle's position is anywhere afterwards.
    """
    handle.seek(0)
    content = Window(handle, size, handle.read(_HEAD))
    found, whole = _identify(content, _extension(name))
    return Sniffed(found.media_type, found.extension, found.what, whole)


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return dot + extension.lower() if stem else ""


def _identify(content: Window, extension: str) -> tuple[Format, bool | None]:
    head = content.head
    if not head:
        return formats.EMPTY, False
    if head.startswith(b"%PDF-"):
        return formats.PDF, endings.find_pdf_end(content, 0)
    if head.startswith(b"PK\x03\x04"):
        return look_into_zip(content, extension)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return look_into_compound(content, extension)
    return _identify_plain(content, extension)


def _identify_plain(content: Window, extension: str) -> tuple[Format, bool | None]:
    found = find_signature(content.head)
    if found is not None:
        return found, endings.find_end(found, content)
    late = _PDF_HEADER.search(content.head, 0, _PDF_REACH)
    if late:
        return formats.PDF, endings.find_pdf_end(content, late.start())
    found = texts.find_text(content.head, extension) or guess_other(content.head)
    return found, endings.find_end(found, content)
