"""The results of uploads: questions, answers, and the events of HrFlow's webhook."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from watcher.model.kinds import State
    from watcher.model.uploads import Job, Profile


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

    Without a ``stage`` it lists the stored profiles, which every account may do, and only those
    with the ``reference`` unless that is "". ``by_update``: it begins with those that were parsed
    last, not with the latest reception date. With a ``stage`` it is HrFlow's search, which needs a
    licence and covers one stage at a time.
    """

    page: int
    stage: str = ""
    reference: str = ""
    by_update: bool = False
