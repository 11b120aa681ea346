"""Formats that show in the first bytes: our own few first, the library for all others."""

from __future__ import annotations

import re

from watcher.sniff import formats
from watcher.sniff.formats import Format

_SIGNATURES = (
    (b"\xff\xd8\xff", formats.JPEG),
    (b"\x89PNG\r\n\x1a\n", formats.PNG),
    (b"\x7fELF", formats.PROGRAM),
    (b"\xcf\xfa\xed\xfe", formats.PROGRAM),  # Mach-O, 64 bits
    (b"\xce\xfa\xed\xfe", formats.PROGRAM),
    (b"\xfe\xed\xfa\xce", formats.PROGRAM),
    (b"\xfe\xed\xfa\xcf", formats.PROGRAM),
    (b"\xca\xfe\xba\xbe", formats.PROGRAM),  # Mach-O for several processors, Java
    (b"L\0\0\0\x01\x14\x02\0", formats.SHORTCUT),
    (b"PK\x05\x06", formats.ZIP),  # without any entry
    (b"%!PS", formats.POSTSCRIPT),
)
_SCRIPT = re.compile(rb"#! ?/")
_BMP_HEADER_SIZES = frozenset((12, 16, 40, 52, 56, 64, 108, 124))


def find_signature(head: bytes) -> Format | None:
    """The format whose signature ``head`` starts with, of those that we know ourselves."""
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    if _SCRIPT.match(head) or (head.startswith(b"MZ") and b"\0" in head[:64]):
        return formats.PROGRAM
    return formats.BMP if _is_bmp(head) else None


def _is_bmp(head: bytes) -> bool:
    """``BM`` alone may be the begin of a text ("BMW"), so the second header must fit too."""
    second = int.from_bytes(head[14:18], "little")
    return head.startswith(b"BM") and second in _BMP_HEADER_SIZES


def guess_other(head: bytes) -> Format:
    """What the library makes of ``head``; UNKNOWN where it does not know either."""
    import filetype  # noqa: PLC0415 - 20 ms that a folder of CVs never needs

    kind = filetype.guess(head)
    if kind is None:
        return formats.UNKNOWN
    known = formats.OTHERS.get(kind.mime)
    return known or Format(kind.mime, f".{kind.extension}", _describe(kind.mime, kind.extension))


def can_tell(media_type: str) -> bool:
    """Whether a file may be found to have this media type."""
    if media_type in formats.MEDIA_TYPES:
        return True
    import filetype  # noqa: PLC0415 - as above

    return any(kind.mime == media_type for kind in filetype.TYPES)


def _describe(media_type: str, extension: str) -> str:
    words = {"image": "an image", "video": "a video", "audio": "a sound file", "font": "a font"}
    return f"{words.get(media_type.partition('/')[0], 'a file')} of the kind {extension.upper()}"
