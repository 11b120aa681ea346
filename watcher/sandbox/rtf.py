"""RTF without its commands. Pure."""

from __future__ import annotations

import codecs
import re
from typing import Final

_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,9})?[ ]?"  # a command, its number, the blank that ends it
    rb"|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
#: Groups whose text is not the document's.
_HIDDEN: Final = frozenset(
    {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"footer", b"listtext"}
)
_LITERAL: Final = {
    b"par": "\n",
    b"line": "\n",
    b"cell": "\n",
    b"page": "\n",
    b"tab": " ",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"rquote": "\u2019",
    b"bullet": "\u2022",
}


class _Stripper:
    """One pass over the tokens; a group inherits what holds outside and forgets it at its end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._hidden = False
        self._fallback = 1  # characters that follow a \u for readers that cannot show it
        self._skip = 0
        self._charset = "cp1252"
        self._outer: list[tuple[bool, int]] = []

    def take(self, token: re.Match[bytes]) -> None:
        word, number, code, symbol, brace, text = token.groups()
        if brace:
            self._group(brace)
        elif word:
            self._command(word, int(number) if number else None)
        elif code:
            self._show(bytes.fromhex(code.decode()))
        elif symbol:
            self._symbol(symbol)
        elif text:
            self._show(text)

    def _group(self, brace: bytes) -> None:
        self._skip = 0
        if brace == b"{":
            self._outer.append((self._hidden, self._fallback))
        elif self._outer:
            self._hidden, self._fallback = self._outer.pop()

    def _command(self, word: bytes, number: int | None) -> None:
        if word in _HIDDEN:
            self._hidden = True
        elif word == b"uc" and number is not None:
            self._fallback = number
        elif word == b"ansicpg" and number is not None:
            self._charset = _charset(number)
        elif word == b"u" and number is not None:
            self._write(chr(number % 0x10000))
            self._skip = self._fallback
        elif word in _LITERAL:
            self._write(_LITERAL[word])

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._hidden = True
        elif symbol in b"\\{}":
            self._show(symbol)
        elif symbol == b"~":
            self._write(" ")

    def _show(self, text: bytes) -> None:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        self._write(text[skipped:].decode(self._charset, "replace"))

    def _write(self, text: str) -> None:
        if not self._hidden:
            self.pieces.append(text)


def strip_rtf(content: bytes) -> str:
    """The text of an RTF document, one paragraph a line."""
    stripper = _Stripper()
    for token in _TOKEN.finditer(content):
        stripper.take(token)
    # Characters beyond the first plane come as two halves.
    halves = "".join(stripper.pieces).encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "replace")


def _charset(number: int) -> str:
    try:
        return codecs.lookup(f"cp{number}").name
    except LookupError:
        return "cp1252"
