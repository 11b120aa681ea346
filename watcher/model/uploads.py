"""Where documents go, and the outcome of sending them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.i18n.message import NOTHING, Message

if TYPE_CHECKING:
    from watcher.model.kinds import Cause, State
    from watcher.model.records import Stat
    from watcher.model.settings import Item


@dataclass(frozen=True, slots=True)
class Route:
    """Where a document goes and with what; every placeholder is filled.

    ``labels`` has one mapping per label, with only the fields that are set. ``created_at`` is
    ISO 8601 text or seconds since 1970 as text, "" if it is not sent. ``rule`` is the number of
    the rule that matched (the folder's first is 1), 0 if none did.
    """

    account: str
    source_key: str
    reference: str
    tags: tuple[Item, ...] = ()
    metadatas: tuple[Item, ...] = ()
    labels: tuple[dict[str, object], ...] = ()
    sync_parsing: bool = False
    sync_parsing_indexing: bool | None = None
    webhook_parsing_sending: bool = False
    created_at: str = ""
    rule: int = 0


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that is not uploaded, and why, in a sentence.

    ``state`` is IGNORED, or REFUSED if it needs attention.
    """

    state: State
    why: Message
    rule: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """An upload to be made; ``fields`` are the form's text fields in the order they are sent."""

    file_id: int
    folder: str
    path: str
    stat: Stat
    sha256: str
    media_type: str
    file_name: str
    account: str
    source_key: str
    reference: str
    fields: tuple[tuple[str, str], ...] = ()
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """What HrFlow read in a document; "" and 0 where it does not say."""

    key: str
    name: str = ""
    email: str = ""
    pages: int = 0
    total_pages: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """HrFlow has the file (202, or it already knows the reference)."""

    message: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Parsed:
    """HrFlow has the file and has parsed it (201, or a look-up found the profile)."""

    profile: Profile
    message: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Refused:
    """HrFlow will never accept this file as it is."""

    why: Message


@dataclass(frozen=True, slots=True)
class Held:
    """All files that ``cause`` concerns have to wait until it is fixed."""

    cause: Cause
    why: Message


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again later, after ``retry_after`` seconds if the server named a time.

    ``offline``: HrFlow could not be reached, so other files need not try either. ``slow_down``: the
    server took nothing and asks for fewer requests (429, 425). ``troubled``: the server failed or
    did not answer, which may concern all files or only this one.
    """

    why: Message
    retry_after: float | None = None
    offline: bool = False
    slow_down: bool = False
    troubled: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Everything was sent and there was no clear answer: it may have arrived.

    The other fields are those of :class:`Wait`.
    """

    why: Message
    retry_after: float | None = None
    offline: bool = False
    troubled: bool = False


@dataclass(frozen=True, slots=True)
class NoSync:
    """Refused only because the source does not allow synchronous parsing; to be sent without it."""

    why: Message


@dataclass(frozen=True, slots=True)
class Altered:
    """The file is no longer the one that was identified, or ``gone``: nothing complete was sent."""

    why: Message
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The reference was not found, which proves nothing while the file may still be parsed."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The question was answered with 401: this key may only write.

    ``source``: the key may read, but not this source.
    """

    why: Message = NOTHING
    source: bool = False


Outcome = Accepted | Parsed | Refused | Held | Wait | Uncertain | Altered | NoSync
Finding = Parsed | Unknown | Unreadable | Wait
