"""Formats that show in the first bytes: our own few first, the library for all others."""

from __future__ import annotations

import base64
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
    (b"PK\x07\x08PK\x03\x04", formats.ZIP),  # the first of several volumes
    (b"%!PS", formats.POSTSCRIPT),
    # Containers that need not compress what they hold: a document shows through in some.
    (b"7z\xbc\xaf'\x1c", formats.OTHERS["application/x-7z-compressed"]),
    (b"Rar!\x1a\x07", formats.OTHERS["application/x-rar-compressed"]),
    (b"\x1f\x8b\x08", formats.OTHERS["application/gzip"]),
    (b"\xfd7zXZ\0", formats.OTHERS["application/x-xz"]),
    (b"\x28\xb5\x2f\xfd", formats.OTHERS["application/zstd"]),
    (b"MSCF\0\0\0\0", formats.OTHERS["application/vnd.ms-cab-compressed"]),
    (b"!<arch>\n", formats.ARCHIVE),
    (b"xar!\0", formats.ARCHIVE),
    (b"MSWIM\0\0\0", formats.ARCHIVE),
    (b"WARC/1.", formats.ARCHIVE),
    (b"StuffIt (c)", formats.ARCHIVE),
    (b"SIT!\0", formats.ARCHIVE),
    (b"ITSF\x03\0\0\0", formats.ARCHIVE),  # compiled help
    (b"\x00\x05\x16\x00", formats.ARCHIVE),  # AppleSingle
    (b"\x78\x9f\x3e\x22", formats.TNEF),
    (b"!BDN", formats.MAILBOX),  # Outlook's
    (b"-----BEGIN PGP MESSAGE-----", formats.ENCRYPTED),
)
#: Likewise, where the first bytes are too few to tell, or not always the same.
_TELLING = (
    (re.compile(rb"BZh[1-9]1AY&SY"), formats.OTHERS["application/x-bzip2"]),
    (re.compile(rb"0707(?:0[12][0-9A-Fa-f]{104}|07[0-7]{70})"), formats.CPIO),
    (re.compile(rb"..-l[hz][0-9ds]-", re.DOTALL), formats.ARCHIVE),  # LHA
    (re.compile(rb".{7}\*\*ACE\*\*", re.DOTALL), formats.ARCHIVE),
    (re.compile(rb"bplist00.{0,2000}WebMainResource", re.DOTALL), formats.WEB_ARCHIVE),
    (re.compile(rb"begin [0-7]{3,4} \S[^\r\n]*\r?\n[ -`]+\r?\n"), formats.ARCHIVE),  # uuencode
)
#: A sequence of any length that begins with the kind of its content (RFC 5652, RFC 5544).
_CMS = re.compile(
    rb"\x30(?:[\0-\x80]|\x81.|\x82..|\x83...|\x84....)"
    rb"\x06.\x2a\x86\x48\x86\xf7\x0d\x01(?:\x07(?P<kind>[\x02-\x06])|\x09\x10\x01[\x09\x17\x1f])",
    re.DOTALL,
)
_FRAMES = (b"-----BEGIN PKCS7-----", b"-----BEGIN CMS-----")
_ENVELOPED = (b"\x03", b"\x06")
_BASE64 = re.compile(rb"\s*(?:-----BEGIN [A-Z0-9 ]+-----\s+)?([A-Za-z0-9+/]{40})")
_TAR_HEADER = 512
_TAR_SUM = slice(148, 156)
_SCRIPT = re.compile(rb"#! ?/")
_BMP_HEADER_SIZES = frozenset((12, 16, 40, 52, 56, 64, 108, 124))


def find_signature(head: bytes, extension: str = "") -> Format | None:
    """The format whose signature ``head`` starts with, of those that we know ourselves."""
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    if _SCRIPT.match(head) or (head.startswith(b"MZ") and b"\0" in head[:64]):
        return formats.PROGRAM
    if _is_bmp(head):
        return formats.BMP
    for telling, found in _TELLING:
        if telling.match(head):
            return found
    return _find_cms(head, extension)


def is_tar(head: bytes) -> bool:
    """By the checksum of the first header, which the oldest kinds have as well."""
    header = head[:_TAR_HEADER]
    digits = header[_TAR_SUM].strip(b" \0")
    if len(header) < _TAR_HEADER or not re.fullmatch(rb"[0-7]{1,7}", digits):
        return False
    blank = header[: _TAR_SUM.start] + b" " * 8 + header[_TAR_SUM.stop :]
    return sum(blank) == int(digits, 8)


def _find_cms(head: bytes, extension: str) -> Format | None:
    """A signed or encrypted file (CMS): as it is, or written as text."""
    text = _BASE64.match(head)
    found = _CMS.match(base64.b64decode(text[1]) if text else head)
    if found is None:
        return formats.SIGNED if head.startswith(_FRAMES) else None
    if found["kind"] in _ENVELOPED:
        return formats.ENCRYPTED
    return formats.SIGNATURE if extension in (".p7s", ".sig") else formats.SIGNED


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
    if known:
        return known
    advice = formats.SAVE_IMAGE if kind.mime.startswith("image/") else ""
    what = _describe(kind.mime, kind.extension)
    return Format(kind.mime, f".{kind.extension}", what, advice)


def can_tell(media_type: str) -> bool:
    """Whether a file may be found to have this media type."""
    if media_type in formats.MEDIA_TYPES:
        return True
    import filetype  # noqa: PLC0415 - as above

    return any(kind.mime == media_type for kind in filetype.TYPES)


def _describe(media_type: str, extension: str) -> str:
    words = {"image": "an image", "video": "a video", "audio": "a sound file", "font": "a font"}
    return f"{words.get(media_type.partition('/')[0], 'a file')} of the kind {extension.upper()}"
