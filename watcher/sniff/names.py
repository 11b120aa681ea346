"""The name of a file as the server must see it."""

from __future__ import annotations

import re

from watcher.sniff.formats import KNOWN_EXTENSIONS, SAME

_LONGEST = 255  # bytes of UTF-8, as most file systems have it
_STEM = "document"
_SPACES = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
#: Bytes that are not UTF-8 (as surrogates) and control characters.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
#: What makes "fdp.exe" of "exe.pdf" on a screen.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def server_name(name: str, extension: str) -> str:
    """The file's own ``name``, safe to send, ending as its content asks for.

    ``extension`` is that of the content with its dot, or "" to leave the name's. An extension
    that means the same stays as it is; only endings that are known as extensions are replaced
    ("CV v2.1" becomes "CV v2.1.pdf"). At most 255 bytes of UTF-8.
    """
    clean = _clean(name)
    stem, own = _split(clean)
    ending = own if not extension or _mean_same(own, extension) else extension
    if not stem.strip(". "):
        stem = _STEM
    room = _LONGEST - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore") + ending


def _clean(name: str) -> str:
    spaced = _SPACES.sub(" ", _TURNING.sub("", name))
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", spaced).strip().rstrip(". ")


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if dot + extension.lower() in KNOWN_EXTENSIONS:
        return stem.rstrip(), dot + extension
    return name, ""


def _mean_same(own: str, extension: str) -> bool:
    family = next((group for group in SAME if extension in group), (extension,))
    return own.lower() in family
