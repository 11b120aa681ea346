"""Uploads: where documents go, the outcome of sending them, and what became of them later."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from msgspec import Struct

from watcher.i18n.message import NOTHING, Message

if TYPE_CHECKING:
    from watcher.model.entries import Stat
    from watcher.model.files import Part
    from watcher.model.kinds import Cause, State
    from watcher.model.settings import Item


class Route(Struct, frozen=True):
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


class Skip(Struct, frozen=True):
    """A file that is not uploaded, and why, in a sentence.

    ``state`` is IGNORED, or REFUSED if it needs attention.
    """

    state: State
    why: Message
    rule: int = 0


class Open(Struct, frozen=True):
    """A file whose ``parts`` are documents of their own; ``why`` tells what is inside."""

    why: Message
    parts: tuple[Part, ...]
    rule: int = 0


class Converted(Struct, frozen=True):
    """What is sent in place of a file's own content: bytes, SHA-256 in hexadecimal, and type."""

    size: int
    sha256: str
    media_type: str


class Job(Struct, frozen=True):
    """An upload to be made; ``fields`` are the form's text fields in the order they are sent.

    ``converted``: what is sent, if not the file's own content.
    """

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
    converted: Converted | None = None

    @property
    def converts(self) -> bool:
        """Whether it is to be sent as another type than it is."""
        return dict(self.fields).get("profile_content_type", self.media_type) != self.media_type


class Profile(Struct, frozen=True):
    """What HrFlow read in a document; "" and 0 where it does not say."""

    key: str
    name: str = ""
    email: str = ""
    pages: int = 0
    total_pages: int = 0


class Accepted(Struct, frozen=True):
    """HrFlow has the file (202, or it already knows the reference)."""

    message: Message = NOTHING


class Parsed(Struct, frozen=True):
    """HrFlow has the file and has parsed it (201, or a look-up found the profile)."""

    profile: Profile
    message: Message = NOTHING


class Refused(Struct, frozen=True):
    """HrFlow will never accept this file as it is."""

    why: Message


class Held(Struct, frozen=True):
    """All files that ``cause`` concerns have to wait until it is fixed."""

    cause: Cause
    why: Message


class Wait(Struct, frozen=True):
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


class Uncertain(Struct, frozen=True):
    """Everything was sent and there was no clear answer: it may have arrived.

    The other fields are those of :class:`Wait`.
    """

    why: Message
    retry_after: float | None = None
    offline: bool = False
    troubled: bool = False


class NoSync(Struct, frozen=True):
    """Refused only because the source does not allow synchronous parsing; to be sent without it."""

    why: Message


class Altered(Struct, frozen=True):
    """The file is no longer the one that was identified, or ``gone``: nothing complete was sent."""

    why: Message
    gone: bool = False


class Unknown(Struct, frozen=True):
    """The reference was not found, which proves nothing while the file may still be parsed."""


class Unreadable(Struct, frozen=True):
    """The question was answered with 401: this key may only write.

    ``source``: the key may read, but not this source.
    """

    why: Message = NOTHING
    source: bool = False


Outcome = Accepted | Parsed | Refused | Held | Wait | Uncertain | Altered | NoSync
ProfileAnswer = Parsed | Unknown | Unreadable | Wait


# -- what became of uploads: questions, answers, and the events of HrFlow's webhook


class FollowUp(Struct, frozen=True):
    """An upload whose result is not known.

    It arrived at ``since``, and ``tries`` questions about it were answered. ``reported_key``: the
    key of its profile, if the webhook has reported that it is parsed.
    """

    job: Job
    since: float
    tries: int = 0
    reported_key: str = ""


class Abandoned(Struct, frozen=True):
    """An upload without a result whose ``account`` is no longer in the settings."""

    file_id: int
    state: State
    account: str
    folder: str


class ListedProfile(Struct, frozen=True):
    """A profile in a list of profiles; 0 and "" where the answer does not say.

    ``file_name`` and ``size`` (bytes) are those of its document; ``created_at`` is the reception
    date that was sent, ``came_at`` when HrFlow received it.
    """

    profile: Profile
    reference: str = ""
    file_name: str = ""
    size: int = 0
    created_at: float = 0.0
    came_at: float = 0.0


class ProfilePage(Struct, frozen=True):
    """One page of a list of profiles, and how many ``pages`` there are."""

    profiles: tuple[ListedProfile, ...]
    pages: int = 1


class SourceFacts(Struct, frozen=True):
    """What HrFlow says about a source; ``sync_parsing`` is None if it does not say."""

    name: str
    sync_parsing: bool | None = None


PageAnswer = ProfilePage | Unknown | Unreadable | Wait
SourceAnswer = SourceFacts | Unknown | Unreadable | Wait


class EventKind(enum.StrEnum):
    """The webhook's events that are used; later API versions send an update with the success."""

    SUCCESS = "profile.parsing.success"
    UPDATE = "profile.parsing.update"
    ERROR = "profile.parsing.error"


class Event(Struct, frozen=True):
    """A webhook event with a valid signature; ``digest`` identifies it."""

    kind: EventKind
    digest: bytes
    key: str = ""
    reference: str = ""
    source_key: str = ""
    message: str = ""


class Search(Struct, frozen=True):
    """A request for one page of a source's profiles, the latest first.

    Without a ``label_stage`` it lists the stored profiles, which every account may do, and only
    those with the ``reference`` unless that is "". ``by_update``: it begins with those that were
    parsed last, not with the latest reception date. With a ``label_stage`` it is HrFlow's search,
    which needs a licence and covers one label stage at a time.
    """

    page: int
    label_stage: str = ""
    reference: str = ""
    by_update: bool = False
