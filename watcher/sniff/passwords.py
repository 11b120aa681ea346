"""Checks whether a PDF needs a password or a certificate to be opened (ISO 32000-2, 7.6)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final, cast

import pypdf

from watcher.sniff import formats
from watcher.sniff.containers import Bounded

if TYPE_CHECKING:
    from watcher.sniff.endings import Content
    from watcher.sniff.formats import Format

_BUDGET: Final = 2_000_000  # bytes the library may read: the table of 100,000 objects
_ENTRIES: Final = 50_000  # of a compressed table: some seconds of a hostile one
_END: Final = b"%%EOF"
_FILTERED: Final = (4, 5, 6)  # versions with a filter for each kind of data


class _Unopened(pypdf.PdfReader):
    """Reads the encryption dictionary alone, as the library refuses all but its own kinds."""

    is_encrypted = False


def find_lock(content: Content) -> Format | None:
    """Return how the PDF is locked: with a password, or for those with a certificate or a licence.

    None where everybody can open it, or where that cannot be determined.
    """
    end = content.find_last(_END)
    size = content.size if end < 0 else end + len(_END)
    bounded = Bounded(content.handle, _BUDGET, size)
    handle = cast("IO[bytes]", bounded)
    try:
        rules: Any = _Unopened(handle, xref_stream_maximum_entries=_ENTRIES).trailer["/Encrypt"]
        if rules["/Filter"] != "/Standard":
            return None if _is_for_attachments(rules) else formats.ENCRYPTED
        return None if pypdf.PdfReader(handle).decrypt("") else formats.LOCKED
    except Exception:  # noqa: BLE001 - a damaged PDF can raise anything
        if bounded.failure:
            raise bounded.failure from None
        return None


def _is_for_attachments(rules: Any) -> bool:
    """Whether only attachments, or nothing at all, may be encrypted."""
    filters = {rules.get(name, "/Identity") for name in ("/StmF", "/StrF")}
    return rules.get("/V") in _FILTERED and filters == {"/Identity"}
