"""What a sandbox consists of at its start: sources, keys and an account's email.

The keys' prefixes say what they may do (``ask_`` read and write, ``askw_`` write only, ``askr_``
read only), as the vendor's SDK and later pages have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Right = Literal["read", "write"]
#: What is done with a reference that its source has already; see :mod:`watcher.sandbox`.
References = Literal["update", "at_once", "late", "never"]
REFERENCES: Final[tuple[References, ...]] = ("update", "at_once", "late", "never")


@dataclass(frozen=True, slots=True)
class Source:
    """A source of profiles. ``key`` is 40 hexadecimal digits by habit, any text will do.

    ``always_sync``: it parses while the uploader waits though nobody has asked for that.
    ``archived_at`` is ISO 8601, "" for one in use.
    """

    key: str
    name: str
    sync_parsing: bool = False
    type: str = "api"
    subtype: str = "python"
    environment: str = "production"
    disable: bool = False
    archived_at: str = ""
    always_sync: bool = False


ENGINEERING: Final = Source("e59112ee7a2d3b0c4f6e8d1b9a0c7f5e3d2b1a09", "Engineering")
SALES: Final = Source("5a1e5c0ffee0b5e2d4c6a8f0e1d3c5b7a9080706", "Sales")
#: The only one of the three that may parse while the uploader waits.
EXPRESS: Final = Source("0ddba11f00dfacade5eed0f1ce0b1a5edfacefee", "Express", sync_parsing=True)
SOURCES: Final = (ENGINEERING, SALES, EXPRESS)

READ_WRITE_KEY: Final = "ask_" + "0123456789abcdef" * 2
WRITE_KEY: Final = "askw_" + "123456789abcdef0" * 2
READ_KEY: Final = "askr_" + "23456789abcdef01" * 2
KEYS: Final = (READ_WRITE_KEY, WRITE_KEY, READ_KEY)

EMAIL: Final = "recruiter@example.org"


def permission(key: str) -> str:
    """What ``GET /auth`` calls the rights of a key: all, write or read."""
    return {"ask": "all", "askw": "write", "askr": "read"}[key.partition("_")[0]]


def may(key: str, right: Right) -> bool:
    """Whether a key's prefix gives it this right."""
    return permission(key) in ("all", right)
