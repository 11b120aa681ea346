"""Where documents go, and what came of sending them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.i18n.message import NOTHING, Message

if TYPE_CHECKING:
    from watcher.model.kinds import Cause, State
    from watcher.model.records import Stat


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag or metadata as it is sent: ``{"name": …, "value": …}``."""

    name: str
    value: bool | int | float | str


@dataclass(frozen=True, slots=True)
class Route:
    """Where a document goes and with what; every placeholder is filled.

    ``labels`` holds one mapping per label, with only the fields that are set. ``created_at`` is
    ISO 8601 text or seconds since 1970 as text, "" when it is not sent. ``rule`` is the number
    of the rule that matched, 1 being the folder's first, 0 when none did.
    """

    account: str
    source_key: str
    reference: str
    tags: tuple[Tag, ...] = ()
    metadatas: tuple[Tag, ...] = ()
    labels: tuple[dict[str, object], ...] = ()
    sync_parsing: bool = False
    sync_parsing_indexing: bool | None = None
    webhook_parsing_sending: bool = False
    created_at: str = ""
    rule: int = 0


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that is not uploaded, and why, in words that follow its name.

    ``state`` is IGNORED (nobody needs to hear of it) or REFUSED (somebody should).
    """

    state: State
    why: Message
    rule: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One upload to be made. ``fields`` are the form's text fields in the order they are sent."""

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
    """What HrFlow made of a document; empty strings and zeros where it did not say."""

    key: str
    name: str = ""
    email: str = ""
    pages: int = 0
    total_pages: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """HrFlow has the file (202, or it says that it already knows the reference)."""

    message: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Parsed:
    """HrFlow has the file and has parsed it (201, or a look-up found the profile)."""

    profile: Profile
    message: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Refused:
    """This file will never pass as it is."""

    why: Message


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that shares ``cause`` has to wait until it is mended."""

    cause: Cause
    why: Message


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again later. ``retry_after`` in seconds if the server named a time.

    ``offline``: nothing that speaks HrFlow's language could be reached, so that no other file
    need try either. ``slow_down``: the server took nothing and asks us to come later (429, 425).
    ``troubled``: the server failed or did not answer, which may concern all files or only one.
    """

    why: Message
    retry_after: float | None = None
    offline: bool = False
    slow_down: bool = False
    troubled: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Everything was sent and HrFlow did not say whether it has it: it may have arrived.

    The rest as in :class:`Wait`.
    """

    why: Message
    retry_after: float | None = None
    offline: bool = False
    troubled: bool = False


@dataclass(frozen=True, slots=True)
class NoSync:
    """Refused only because its source does not allow synchronous parsing: to be sent without."""

    why: Message


@dataclass(frozen=True, slots=True)
class Altered:
    """The file is no longer what was identified (or gone): nothing whole was sent."""

    why: Message
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A look-up by reference found nothing. Proves nothing while parsing may be under way."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A look-up was answered 401: this key may write only.

    ``source``: it is only this source that cannot be looked into.
    """

    why: Message = NOTHING
    source: bool = False


Outcome = Accepted | Parsed | Refused | Held | Wait | Uncertain | Altered | NoSync
Finding = Parsed | Unknown | Unreadable | Wait
