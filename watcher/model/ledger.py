"""The messages between the pipeline and the shared ledger, and the values in them.

Contents are known by fingerprints alone: no names of files, people or folders leave the machine.
"""

from __future__ import annotations

import enum
import hashlib
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from watcher.i18n.message import Message
    from watcher.model.kinds import Limit

#: Seconds for which a session keeps its claims without renewing its lease.
LEASE: Final = 60.0
#: Seconds between two renewals of a session.
HEARTBEAT: Final = 15.0
#: Seconds before the end of its lease at which a session begins nothing new.
MARGIN: Final = 10.0
#: Bytes of a content by which :class:`Ended` names it.
BEGINNING: Final = 8


class Content(Struct, frozen=True):
    """A content and the source it goes to, as fingerprints of 32 and 16 bytes."""

    source: bytes
    content: bytes


def source_fingerprint(api_url: str, source_key: str) -> bytes:
    """Return the fingerprint of a source, the same on every machine."""
    return hashlib.sha256(f"{api_url.rstrip('/')}\n{source_key}".encode()).digest()[:16]


def limit_fingerprint(api_url: str, email: str, limit: Limit) -> bytes:
    """Return the fingerprint of an account's limit, the same on every machine that uses it."""
    text = f"{api_url.rstrip('/')}\n{email.casefold()}\n{limit.value}"
    return hashlib.sha256(text.encode()).digest()[:16]


def content_fingerprint(identity: str, resends: int) -> bytes:
    """Return the fingerprint of a content, given the one by which the journal knows it (hex).

    ``resends``: how often it was sent again under a new reference, which is another upload.
    """
    digest = bytes.fromhex(identity)
    return hashlib.sha256(digest + b"%d" % resends).digest() if resends else digest


class Standing(enum.Enum):
    """Who may send a content."""

    OURS = "ours"  # this session; nobody has sent it
    UNCERTAIN = "uncertain"  # this session, but one that lost its lease may have sent it
    ARRIVED = "arrived"  # nobody: HrFlow has it
    BUSY = "busy"  # another session
    FREE = "free"  # whoever claims it


class ClaimAnswer(Struct, frozen=True):
    """What the ledger says of one content.

    ``machine`` is the label of the one that has sent it or is sending it, ``since`` when that was
    (seconds since 1970, by the database's clock), ``seconds`` how long its lease lasts, 0 if the
    content changed hands at this very moment.
    """

    content: Content
    standing: Standing
    machine: str = ""
    since: float = 0.0
    seconds: float = 0.0
    profile_key: str = ""


class Machine(Struct, frozen=True):
    """A session that is alive, as people see it; times are seconds since 1970.

    ``silent`` is how many seconds ago it was last seen, all by the database's clock.
    """

    name: str
    version: str
    started: float
    last_seen: float
    silent: float
    in_flight: int
    sent_today: int


# -- what the ledger is asked


class Claim(Struct, frozen=True):
    """Ask for contents, the most urgent first; at most ``room`` that are free become ours.

    ``checked``: those that HrFlow was asked about and does not have. ``number`` comes back with the
    answer.
    """

    number: int
    contents: tuple[Content, ...]
    room: int
    checked: frozenset[Content] = frozenset()


class Keep(Struct, frozen=True):
    """These contents are being sent from here, or may have been: nobody else is to send them."""

    contents: tuple[Content, ...]


class Record(Struct, frozen=True):
    """HrFlow has a content; ``profile_key`` is "" where it is not known yet."""

    content: Content
    profile_key: str = ""


class GiveBack(Struct, frozen=True):
    """This session does not send a content after all."""

    content: Content


class TakeShare(Struct, frozen=True):
    """Ask for ``wanted`` places of a limit, of which there are ``most``; ``used`` are in use."""

    limit: bytes
    used: int
    wanted: int
    most: int


# -- what the ledger answers


class Claimed(Struct, frozen=True):
    """The answer to a :class:`Claim`."""

    number: int
    answers: tuple[ClaimAnswer, ...]


class Share(Struct, frozen=True):
    """The answer to :class:`TakeShare`: this session has ``places`` from now on.

    ``is_scarce``: this session or another one wants more than it has.
    """

    limit: bytes
    places: int
    is_scarce: bool


class Ended(Struct, frozen=True):
    """Another machine has sent, or given back, contents that begin with these bytes."""

    beginnings: frozenset[bytes]


class Renewed(Struct, frozen=True):
    """The lease holds until ``until`` on the clock's ``tick``: uploads may begin.

    ``is_new``: the connection is new. ``machines``: how many use the ledger, this one included.
    ``claimed``: all that this installation has claimed, earlier runs included, and has not reported
    on.
    """

    until: float
    is_new: bool
    machines: int
    claimed: tuple[Content, ...] = ()


class Unreachable(Struct, frozen=True):
    """The ledger cannot be used; ``why`` is a sentence for people."""

    why: Message
