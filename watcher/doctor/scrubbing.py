"""Takes people and secrets out of text that leaves this machine.

Two nets, one below the other. What is known of people and places gets a pseudonym that says what
it was. Of the rest only words stay that this program's own text has: the name in a file's name
that nobody remembers is none of them.
"""

from __future__ import annotations

import errno
import importlib.resources
import logging
import os
import re
from typing import TYPE_CHECKING, Final

from watcher import view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

#: What stands for words that are left out.
MASK: Final = "•"
_WORD = re.compile(r"[^\W_]+")
_BETWEEN: Final = r"[ _.,'&@+()-]"
#: Beside a word that is left out, a capitalised one or a number is of the same name: "May •".
#: Possessive throughout, so that no line takes more than a moment.
_NAME_PART: Final = r"[A-Z0-9][^\W_]*+"
_BESIDE = re.compile(
    rf"(?<![^\W_])(?:{_NAME_PART}{_BETWEEN}{{1,3}}+)*+{MASK}"
    rf"(?:{_BETWEEN}{{0,3}}(?:{MASK}|{_NAME_PART}))*+"
)
_ERROR_NAME = re.compile(r"[A-Z][A-Za-z]*(?:Error|Exception|Timeout|Warning)")
_LONGEST_NUMBER: Final = 6
_LONGEST_LINE: Final = 2000
#: Characters that no text has: each stands for a pseudonym while words are looked at.
_STAND_INS: Final = range(0xF0000, 0xFFFFD)
_STAND_IN = re.compile("[\U000f0000-\U000ffffd]")
#: Parts of the program whose text names (made-up) people.
_NO_WORDS: Final = ("sandbox", "__pycache__")
#: Words that help and that no text of ours has.
_MORE: Final = "Errno apfs btrfs exfat ext4 hfs ntfs ntfs3 overlay tmpfs vfat xfs zfs"
#: Words that are first names or family names as well.
_NAMES_TOO: Final = """
April August Baker Bill Black Brown Carol Chase Christian Clay Dale Dawn Day Dean Drew Faith Frank
Gene Glen Grace Grant Gray Green Guy Hope Ivy Jack Jade Jean Joy June King Lane Lee Long Mark Max
May Mercy Miles Mill Min Norm Page Paris Park Pat Penny Pierce Price Ray Reed Rich Rob Rose Ruby
Sage Sky Stone Summer Sue Trace Victor Wade Ward West White Will Wood Young
"""


class Scrubber:
    """Gives text without people and secrets; the same name always gets the same pseudonym."""

    def __init__(self, words: frozenset[str]) -> None:
        """``words`` are those that may stay, see :func:`own_words`."""
        self._words = words
        self._pseudonyms: dict[str, str] = {}

    def add(self, text: str, pseudonym: str) -> None:
        """Have ``text`` replaced wherever it stands as a whole; the first pseudonym counts."""
        for form in (text, view.safe(text)):
            if form.strip() and not (form.isdigit() and len(form) <= _LONGEST_NUMBER):
                self._pseudonyms.setdefault(form, pseudonym)

    def text(self, text: str) -> str:
        """``text``, line by line, with nothing but known words and pseudonyms."""
        used: list[str] = []
        text = _STAND_IN.sub(MASK, text)
        for known in sorted((each for each in self._pseudonyms if each in text), key=len)[::-1]:
            if len(used) < len(_STAND_INS):
                stand_in = chr(_STAND_INS[len(used)])
                used.append(self._pseudonyms[known])
                text = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", stand_in, text)
        lines = (self._mask(line[:_LONGEST_LINE]) for line in text.split("\n"))
        return _STAND_IN.sub(lambda found: used[ord(found[0]) - _STAND_INS[0]], "\n".join(lines))

    def _mask(self, line: str) -> str:
        return _BESIDE.sub(MASK, _WORD.sub(self._judge, line))

    def _judge(self, found: re.Match[str]) -> str:
        word = found[0]
        stays = word in self._words or (word.isdigit() and len(word) <= _LONGEST_NUMBER)
        return word if stays or _ERROR_NAME.fullmatch(word) else MASK


def own_words() -> frozenset[str]:
    """All words of this program's own text, and of what systems say of errors.

    None of the former where the program was installed without its text: less stays then.
    """
    texts = [
        *_sources(importlib.resources.files("watcher")),
        *map(os.strerror, errno.errorcode),
        _MORE,
    ]
    levels = logging.getLevelNamesMapping()
    words = frozenset(word for text in texts for word in _WORD.findall(text)) | levels.keys()
    return words - frozenset(_WORD.findall(_NAMES_TOO))


def _sources(place: Traversable) -> Iterator[str]:
    for each in place.iterdir():
        if each.is_dir() and each.name not in _NO_WORDS:
            yield from _sources(each)
        elif each.name.endswith(".py"):
            yield each.read_text(encoding="utf-8")
