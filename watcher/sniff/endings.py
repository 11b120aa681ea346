"""Checks that a file is complete: that it has the end that its format calls for.

Only what no program opens counts as incomplete: appended data, padding and wrong counts in a
file prove nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from watcher.sniff import formats
from watcher.sniff.content import FILLING, REACH, End
from watcher.sniff.pdfs import find_pdf_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.sniff.content import Content
    from watcher.sniff.formats import Format


_JPEG_SEGMENTS = 256  # before the image itself; real files have fewer than 40
#: In RTF: raw bytes of a length, braces that are text, and those that are not.
_RTF_TOKEN = re.compile(rb"\\bin(\d{1,9}) ?|\\[\\{}]|[{}]")
_BMP_PLAIN = (0, 3)  # compressions of which every row has its size


def find_end(found: Format, content: Content) -> End:
    """Return whether ``content`` has the end that the format ``found`` calls for."""
    check = _CHECKS.get(found)
    return check(content) if check else End.NONE


def _find_png_end(content: Content) -> End:
    """Look for the last chunk; readers do without the checksum that follows its name."""
    mark = b"IEND\xaeB`\x82"
    if content.find_last(mark) >= 0:
        return End.SEEN
    is_short = b"IEND" in content.tail(16)
    return End.DOUBTFUL if is_short or content.may_end_early(mark) else End.MISSING


def _find_jpeg_end(content: Content) -> End:
    """Look for the end mark behind the start of the image: a preview in the head has its own.

    Once the image has started, it opens without the mark, which some scanners leave out.
    """
    begin = _find_jpeg_scan(content)
    if begin is None:
        return End.MISSING
    for tail in content.tails():
        mark = tail.rfind(b"\xff\xd9")
        if mark >= 0 and content.size - len(tail) + mark >= begin:
            return End.SEEN
    # Phones append a short video to a photo, so its end may be too far up to be found.
    moving = re.search(rb"MotionPhoto|MicroVideo", content.read(0, 65_536))
    return End.NONE if moving else End.DOUBTFUL


def _find_jpeg_scan(content: Content) -> int | None:
    """Return the offset of the image itself (its "start of scan"), or of what is not a segment.

    None if the file ends before that.
    """
    offset = 2
    for _ in range(_JPEG_SEGMENTS):
        segment = content.read(offset, 4)
        if len(segment) < 4:
            return None
        if segment[0] != 0xFF or segment[1] == 0xDA:
            break
        filled = segment[1] == 0xFF
        offset += 1 if filled else 2 + int.from_bytes(segment[2:], "big")
    return offset


def _find_bmp_end(content: Content) -> End:
    """Compare with the size of the image; the header's size of the file is often wrong."""
    needed = _measure_bmp(content.head)
    declared = int.from_bytes(content.head[2:6], "little")
    if needed and content.size < needed:  # only the filling of the last row may be left out
        return End.MISSING if content.size < needed - 3 else End.DOUBTFUL
    if needed:
        return End.SEEN
    if declared > content.size:
        return End.DOUBTFUL
    return End.SEEN if declared else End.NONE


def _measure_bmp(head: bytes) -> int:
    """Return the bytes of the header and all rows; 0 if that is not known."""
    start, second = (int.from_bytes(head[at : at + 4], "little") for at in (10, 14))
    if second < 40 or int.from_bytes(head[30:34], "little") not in _BMP_PLAIN:
        return 0
    width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
    row = (width * int.from_bytes(head[28:30], "little") + 31) // 32 * 4
    return start + row * abs(height) if row > 0 and height else 0


def _find_rtf_end(content: Content) -> End:
    """Look for the brace that closes the first group, whatever follows it.

    Some programs forget the last brace, and readers do not mind.
    """
    body = content.read(0, min(content.size, REACH))
    depth = at = 0
    while token := _RTF_TOKEN.search(body, at):
        at = token.end() + int(token[1] or 0)
        if token[0] in b"{}":
            depth += 1 if token[0] == b"{" else -1
            if depth <= 0:
                return End.SEEN
    if content.size > REACH:
        return End.NONE if b"}" in content.tail(REACH) else End.MISSING
    return End.DOUBTFUL if body.rstrip(FILLING).endswith(b"}") else End.MISSING


def _find_html_end(content: Content) -> End:
    tail = content.tail(2048).replace(b"\0", b"").lower()  # UTF-16 has a zero beside each letter
    return End.SEEN if b"</html>" in tail else End.NONE


def _find_text_end(content: Content) -> End:
    """Text has no end, but zeros at the end are space that a copy has yet to fill."""
    return End.DOUBTFUL if content.tail(16).endswith(b"\0\0\0\0") else End.NONE


_CHECKS: Final[dict[Format, Callable[[Content], End]]] = {
    formats.PDF: find_pdf_end,
    formats.PNG: _find_png_end,
    formats.JPEG: _find_jpeg_end,
    formats.BMP: _find_bmp_end,
    formats.RTF: _find_rtf_end,
    formats.HTML: _find_html_end,
    formats.TEXT: _find_text_end,
}
