"""What an API key looks like.

From the vendor's SDK and pages: ``ask_``, ``askw_`` or ``askr_`` and 32 hexadecimal digits; the
prefix says whether it may read and write, write only, or read only.
"""

from __future__ import annotations

import re
from typing import Final

from watcher.errors import CredentialError

_FORM = re.compile(r"ask[wr]?_[0-9a-fA-F]{32}\Z")
#: What is wrong with a key that may only read, and what to do.
READ_ONLY: Final = "This key may only read, so it cannot upload."
READ_ONLY_HINT: Final = (
    "Take one that may write (ask_… or askw_…) from HrFlow's settings under API keys."
)


def clean(text: str) -> str:
    """The key in what was typed, pasted or read; CredentialError if there can be none in it."""
    key = text.strip()
    if not key:
        raise CredentialError("There is no API key in what was given.", "Copy it from HrFlow.")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise CredentialError(
            "This is no API key: there are spaces, line breaks or special characters inside it.",
            "Copy it from HrFlow again, alone and whole.",
        )
    if key.startswith("askr_"):
        raise CredentialError(READ_ONLY, READ_ONLY_HINT)
    return key


def looks_right(key: str) -> bool:
    """Whether it has the form of HrFlow's keys."""
    return bool(_FORM.match(key))


def is_write_only(key: str) -> bool:
    """Whether the server answers this key's uploads alone, so that it cannot be tried."""
    return key.startswith("askw_")
