"""Characters that look like those that TOML means, or like nothing, and how to say so.

Word processors, chats and web pages put them in the place of quotation marks and spaces.
"""

from __future__ import annotations

import unicodedata
from types import MappingProxyType
from typing import Final

from watcher.i18n.message import Message, msg

#: What looks like quotation marks, double and single.
DOUBLE: Final = "“”„‟″〝〞〟«»＂"  # noqa: RUF001 - to be told from the real ones
SINGLE: Final = "‘’‚‛′´‹›＇"  # noqa: RUF001 - likewise
_DASHES: Final = "‐‑‒–—―−"  # noqa: RUF001 - likewise
_MEANT: Final = MappingProxyType(
    dict.fromkeys(DOUBLE + SINGLE, "\" or '") | dict.fromkeys(_DASHES, "-") | {"、": ","}
)


def is_unseen(char: str) -> bool:
    """Whether a character beyond ASCII leaves nothing to be seen, or a blank."""
    return not char.isascii() and unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cf", "Cc")


def name_unseen(char: str) -> str:
    """An unseen character by its number and name: ``U+00A0 (no-break space)``."""
    name = unicodedata.name(char, "").lower()
    return f"U+{ord(char):04X}" + f" ({name})" * bool(name)


def explain(char: str) -> Message:
    """What is wrong with a character that stands where none of its kind may, in one sentence."""
    if is_unseen(char):
        if unicodedata.category(char) == "Zs":
            return msg(
                "there is an invisible character here, {character}; write an ordinary space",
                character=name_unseen(char),
            )
        return msg(
            "there is an invisible character here, {character}; delete it",
            character=name_unseen(char),
        )
    number = f"{ord(char):04X}"
    meant = _MEANT.get(char) or unicodedata.normalize("NFKC", char)
    if meant.isascii():
        return msg(
            "the character {character} (U+{number}) has no meaning here; write {other}",
            character=char,
            number=number,
            other=meant,
        )
    return msg(
        "the character {character} (U+{number}) can only stand in quotes",
        character=char,
        number=number,
    )
