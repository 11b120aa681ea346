"""What HrFlow's answers about sources, and its lists of profiles, mean. Pure.

Facts from the API's pages: ``GET /source`` gives ``name`` and ``sync_parsing``; ``GET
/storing/profiles`` and ``GET /profiles/searching`` list profiles as ``GET /profile/indexing``
shows them, with ``meta.maxPage``; the former needs no licence for searching. What a profile's
``attachments`` say of its document is used where it is there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from watcher.answers import names_source, profile_of, read_answer, waits
from watcher.model import Candidates, Listed, SourceFacts, Unknown, Unreadable, Wait

if TYPE_CHECKING:
    from watcher.answers import Answer


#: Entries of a page of any list: HrFlow refuses to be asked for more.
PAGE_LIMIT: Final = 30


def read_flag(value: object) -> bool | None:
    """A flag as HrFlow writes it, ``true`` or ``1``; None for anything else."""
    if value in ("0", "1"):
        return value == "1"
    return bool(value) if type(value) in (bool, int) and value in (0, 1) else None


def page_count(meta: Any, page: int, listed: int) -> int:
    """How many pages a list has, by what page ``page`` of it says; ``listed``: its entries.

    Where it says nothing, a full page has another one behind it.
    """
    said = meta if isinstance(meta, dict) else {}
    if type(said.get("maxPage")) is int:
        return int(said["maxPage"])
    if type(said.get("total")) is int:
        return -(-int(said["total"]) // PAGE_LIMIT)
    return page + (listed >= PAGE_LIMIT)


def source_facts(
    answer: Answer, now: float, *, secret: str = ""
) -> SourceFacts | Unknown | Unreadable | Wait:
    """What the answer to ``GET /source`` says."""
    read = read_answer(answer, now, secret=secret)
    if isinstance(read, Wait):
        return read
    if read.code in (401, 403):
        # Also the answer about a source that this key has no access to: others may be readable.
        return Unreadable(read.message, source=True)
    if 200 <= read.code < 300 and isinstance(read.data, dict):
        return SourceFacts(_text(read.data.get("name")), read_flag(read.data.get("sync_parsing")))
    return waits(read.code, read.message, answer, now) or Unknown()


def candidates(
    answer: Answer, now: float, *, secret: str = "", page: int = 1
) -> Candidates | Unknown | Unreadable | Wait:
    """What the answer to a question for page ``page`` of a list of profiles holds."""
    read = read_answer(answer, now, secret=secret)
    if isinstance(read, Wait):
        return read
    if read.code in (401, 403):
        return Unreadable(read.message, source=names_source(read.code, read.message))
    if not 200 <= read.code < 300:
        return waits(read.code, read.message, answer, now) or Unknown()
    data = read.data.get("profiles") if isinstance(read.data, dict) else read.data
    data = data if isinstance(data, list) else []
    found = [_listed(each) for each in data]
    pages = page_count(read.meta, page, len(data))
    return Candidates(tuple(each for each in found if each is not None), pages)


def _listed(data: Any) -> Listed | None:
    profile = profile_of(data)
    if not profile.key:
        return None
    document = _document(data.get("attachments"))
    return Listed(
        profile,
        reference=_text(data.get("reference")),
        file_name=_text(document.get("original_file_name")) or _text(document.get("file_name")),
        size=_size(document.get("file_size")),
        created_at=_moment(data.get("created_at")),
        came_at=_moment(document.get("created_at")) or _moment(data.get("updated_at")),
    )


def _document(attachments: Any) -> dict[str, Any]:
    """The attachment that is the CV itself, as far as that is said."""
    found = attachments if isinstance(attachments, list) else []
    tables = [each for each in found if isinstance(each, dict)]
    original = [each for each in tables if each.get("type") in ("resume", "original")]
    return (original or tables or [{}])[0]


def _size(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if type(value) is int and value > 0 else 0


def _moment(value: Any) -> float:
    """Seconds since 1970 of ISO 8601 text (UTC where it names no zone); 0 if it is none."""
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
