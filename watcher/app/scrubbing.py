"""Taking names out of the program's own logs, while it may be writing them."""

from __future__ import annotations

import glob
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from watcher.app.places import Places

#: How often all logs are gone through: lines may come while they are, and logs rotate.
_ROUNDS: Final = 10
#: Bytes of the longest character.
_LONGEST: Final = 4


def scrub_logs(places: Places, words: Collection[str]) -> int:
    """Put asterisks in the place of each of ``words`` in all logs; gives how many files had some.

    A word is replaced where it stands alone, and not within another one. As many bytes are
    written as were there: what a running program appends meanwhile stays behind them.
    """
    wanted = sorted({form for word in words for form in _forms(word)}, key=len, reverse=True)
    touched: set[str] = set()
    for _ in range(_ROUNDS):
        logs = sorted(glob.glob(glob.escape(places.log) + "*"))
        found = {path for path in logs if _scrub(path, wanted)}
        if not found:
            break
        touched |= found
    return len(touched)


def _forms(word: str) -> Iterator[bytes]:
    """``word`` as it may be written: accents are a part of their letter, or stand behind it."""
    for form in ("NFC", "NFD"):
        if word:
            yield unicodedata.normalize(form, word).encode("utf-8", "surrogateescape")


def _scrub(path: str, words: list[bytes]) -> bool:
    try:
        file = open(path, "r+b")  # noqa: SIM115 - closed below
    except FileNotFoundError:  # it has another name by now, under which it is found next
        return False
    with file:
        content = bytearray(file.read())
        spans = [span for word in words for span in _mask(content, word)]
        for start, end in spans:
            file.seek(start)
            file.write(content[start:end])
    return bool(spans)


def _mask(content: bytearray, word: bytes) -> Iterator[tuple[int, int]]:
    """Put asterisks where ``word`` stands alone in ``content``; gives the places."""
    start = content.find(word)
    while start >= 0:
        end = start + len(word)
        before = content[max(0, start - _LONGEST) : start].decode("utf-8", "ignore")[-1:]
        behind = content[end : end + _LONGEST].decode("utf-8", "ignore")[:1]
        if not (_goes_on(before) or _goes_on(behind)):
            content[start:end] = b"*" * len(word)
            yield start, end
        start = content.find(word, end)


def _goes_on(character: str) -> bool:
    """Whether a character beside a word is a part of it."""
    return character.isalnum() or bool(character and unicodedata.combining(character))
