"""What became of uploads: what is asked, what is answered, and what HrFlow tells by itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg

if TYPE_CHECKING:
    from watcher.model.kinds import State
    from watcher.model.records import Entry
    from watcher.model.uploads import Job, Profile


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An upload whose result is not known: since when it has arrived, and how often it was asked.

    ``told_key``: the webhook has told that it is parsed, and this is its profile's key.
    """

    job: Job
    since: float
    tries: int = 0
    told_key: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A profile as a search lists it; 0 and "" where the answer does not say.

    ``file_name`` and ``size`` (bytes) are those of its document; ``created_at`` is the reception
    date, ``came_at`` when HrFlow got it.
    """

    profile: Profile
    reference: str = ""
    file_name: str = ""
    size: int = 0
    created_at: float = 0.0
    came_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidates:
    """One page of a search, and of how many pages it is."""

    profiles: tuple[Listed, ...]
    pages: int = 1


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What HrFlow says of a source; ``sync_parsing``: None where it does not say."""

    name: str
    sync_parsing: bool | None = None


class EventKind(enum.StrEnum):
    """What the webhook tells that concerns us; later pages have an update beside the success."""

    SUCCESS = "profile.parsing.success"
    UPDATE = "profile.parsing.update"
    ERROR = "profile.parsing.error"


@dataclass(frozen=True, slots=True)
class Event:
    """What a webhook has told, its signature checked; ``digest`` tells it from every other."""

    kind: EventKind
    digest: bytes
    key: str = ""
    reference: str = ""
    source_key: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """One file for a report: where it stands, and its moments (0: not yet, or not known)."""

    folder: str
    source_key: str
    source_name: str
    state: State
    noticed_at: float
    sent_at: float = 0.0
    arrived_at: float = 0.0
    parsed_at: float = 0.0


#: Why a file is not known to be parsed though it should be by now.
NOT_YET: Final = msg("uploaded, result not known yet")


@dataclass(frozen=True, slots=True)
class Search:
    """One question for a list of profiles: ``page`` of a source's, the latest first.

    Without a ``stage`` what is stored is listed, which every account may ask for; with one it is
    HrFlow's search, which needs a licence and looks at one stage at a time. ``reference`` narrows
    the former, "" if it does not.
    """

    page: int
    stage: str = ""
    reference: str = ""


def upload_seconds(of: Entry | Timing) -> float | None:
    """Seconds from the beginning of an upload until HrFlow had it; None where nothing tells."""
    if not of.sent_at or of.arrived_at < of.sent_at:
        return None
    return of.arrived_at - of.sent_at


def parse_seconds(of: Entry | Timing) -> float | None:
    """Seconds from a file's arrival until its profile was known; None where nothing tells.

    What was parsed while the upload waited has no time of its own.
    """
    if not of.arrived_at or of.parsed_at <= of.arrived_at:
        return None
    return of.parsed_at - of.arrived_at
