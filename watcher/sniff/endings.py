"""Is a file whole? Whether the end that its format calls for is there.

True: the end was seen. False: it visibly breaks off. None: the format has no end to look for,
or it cannot be told without reading the whole file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from watcher.sniff import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.sniff.formats import Format
    from watcher.sniff.window import Window

_NEAR = 2048  # bytes from the end where nearly every file has its end mark
_FAR = 65536  # bytes; where it is when something was appended
_FILLING = b"\0 \t\r\n\x0c\x1a"  # what may follow the end: padding, line ends, Ctrl-Z
_RTF_COUNTED = 262_144  # bytes; above this, braces are not counted
_JPEG_SEGMENTS = 256  # before the image itself; real files have fewer than 40
_MORE_PDF = re.compile(rb"\d\s+\d+\s+obj\b")
_LINEARIZED = re.compile(rb"/Linearized\b[^>]*?/L\s+(\d{1,15})|/L\s+(\d{1,15})[^>]*?/Linearized\b")
_STARTXREF = re.compile(rb"startxref\s+\d+\s*\Z")


def find_end(found: Format, content: Window) -> bool | None:
    """Whether ``content`` of the format ``found`` is whole."""
    check = _CHECKS.get(found)
    return check(content) if check else None


def find_pdf_end(content: Window, start: int) -> bool | None:
    """Whether the PDF whose header is at ``start`` has its ``%%EOF``.

    A linearized PDF has another one near its begin, and says how long it is. Without the mark
    but with a pointer to the table of contents, readers open it (None).
    """
    length = _LINEARIZED.search(content.head, start, start + 1024)
    if length and content.size < start + int(length[1] or length[2]):
        return False
    for reach in (_NEAR, _FAR):
        tail = content.tail(reach)
        mark = tail.rfind(b"%%EOF")
        if mark >= 0:
            return _MORE_PDF.search(tail, mark) is None
        if _STARTXREF.search(tail.rstrip(_FILLING)):
            return None
    return False


def _find_png_end(content: Window) -> bool:
    return any(b"IEND\xaeB`\x82" in content.tail(reach) for reach in (_NEAR, _FAR))


def _find_jpeg_end(content: Window) -> bool | None:
    """The end mark, after the image's begin: the preview in a photo's head has its own marks."""
    begin = _find_jpeg_scan(content)
    if begin is None:
        return False
    for reach in (_NEAR, _FAR):
        mark = content.tail(reach).rfind(b"\xff\xd9")
        if mark >= 0 and max(0, content.size - reach) + mark >= begin:
            return True
    # Phones append a short film to a photo: its end is too far from the file's to be looked for.
    moving = re.search(rb"MotionPhoto|MicroVideo", content.read(0, _FAR))
    return None if moving else False


def _find_jpeg_scan(content: Window) -> int | None:
    """Where the image itself begins (its "start of scan"), None if it never does."""
    offset = 2
    for _ in range(_JPEG_SEGMENTS):
        segment = content.read(offset, 4)
        if len(segment) < 4 or segment[0] != 0xFF:
            return None
        if segment[1] == 0xDA:
            return offset
        filled = segment[1] == 0xFF
        offset += 1 if filled else 2 + int.from_bytes(segment[2:], "big")
    return None


def _find_bmp_end(content: Window) -> bool | None:
    """The header says how long the file is; some writers leave that at 0."""
    declared = int.from_bytes(content.head[2:6], "little")
    return content.size >= declared if declared else None


def _find_rtf_end(content: Window) -> bool | None:
    """The last group must be closed, and none left open where that is cheap to count."""
    if not content.tail(_FAR).rstrip(_FILLING).endswith(b"}"):
        return False
    if content.size > _RTF_COUNTED:
        return None
    body = content.read(0, content.size)
    if b"\\bin" in body:
        return None  # raw bytes, in which braces mean nothing
    plain = re.sub(rb"\\[\\{}]", b"", body)
    return plain.count(b"{") <= plain.count(b"}")


def _find_html_end(content: Window) -> bool | None:
    tail = content.tail(_NEAR).replace(b"\0", b"").lower()  # UTF-16 has a zero beside each letter
    return True if b"</html>" in tail else None


def _find_text_end(content: Window) -> bool | None:
    """Text has no end; but zeros at the end are room that a copy has not filled yet."""
    return False if content.tail(16).endswith(b"\0\0\0\0") else None


_CHECKS: Final[dict[Format, Callable[[Window], bool | None]]] = {
    formats.PNG: _find_png_end,
    formats.JPEG: _find_jpeg_end,
    formats.BMP: _find_bmp_end,
    formats.RTF: _find_rtf_end,
    formats.HTML: _find_html_end,
    formats.TEXT: _find_text_end,
}
