"""The shared vocabulary: frozen values that travel between the modules, and nothing else.

A file's journey, one value a step::

    Candidate → Sniffed → Document → Route → Job → Outcome → Entry (what people are shown)

Paths are ``str`` as ``os.fsdecode`` gives them (names that are not UTF-8 carry surrogate
escapes), absolute, below a watched folder. Times are seconds since 1970 (UTC) as float.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO


class State(enum.StrEnum):
    """Where a file is on its journey; ``watcher.states`` says which step may follow which."""

    NOTICED = "noticed"  # known, not read yet
    IGNORED = "ignored"  # a rule says so
    DUPLICATE = "duplicate"  # this content went, or is going, to this source under another name
    BASELINE = "baseline"  # was there before the folder was watched and is not to be uploaded
    QUEUED = "queued"
    WAITING = "waiting"  # sent again at its due time
    HELD = "held"  # waits for a cause to go away that is not this file's
    UPLOADING = "uploading"
    UNCERTAIN = "uncertain"  # sent, but whether it arrived is not known
    ACCEPTED = "accepted"  # HrFlow has it; parsing follows
    PARSED = "parsed"
    PARSE_FAILED = "parse_failed"
    REFUSED = "refused"  # will never pass as it is
    GONE = "gone"  # vanished before it was sent


@dataclass(frozen=True, slots=True)
class Stat:
    """What tells one version of a file from another; sizes in bytes, times in nanoseconds."""

    size: int
    mtime_ns: int
    device: int = 0
    inode: int = 0


class Sign(enum.StrEnum):
    """How a candidate came to be noticed."""

    CLOSED = "closed"  # its writer closed it: whole unless proved otherwise
    CHANGED = "changed"  # created, renamed or written to: perhaps not whole
    SCANNED = "scanned"  # found by walking the folder
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may have to be uploaded. ``folder`` is the watched folder's path."""

    folder: str
    path: str
    sign: Sign
    stat: Stat | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """Files that a walk through a folder found new or changed; at most some hundreds at once."""

    folder: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class ScanEnded:
    """A walk through a folder is over: ``files`` seen, ``new`` ones (or changed) posted.

    ``complete`` is False when a directory could not be read or the walk was broken off.
    """

    folder: str
    files: int
    new: int
    seconds: float
    reason: str
    complete: bool = True


@dataclass(frozen=True, slots=True)
class FolderState:
    """What is wrong with a watched folder, in one sentence; "" when all is well."""

    folder: str
    problem: str


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file's content says it is.

    ``media_type`` is what is sent and what settings speak of; ``extension`` (with its dot) what
    the server must see at the end of the name; ``what`` the same for people ("a PDF document",
    "a program"). ``whole`` is False for a file that visibly breaks off, True where the format's
    end was seen, None where the format has no end to look for. ``media_type`` is "" when the
    content is nothing that could be told.
    """

    media_type: str
    extension: str
    what: str
    whole: bool | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was opened, looked at and hashed: ``sha256`` in hexadecimal.

    ``file_name`` is the name the server will see: the file's own, its extension following the
    content.
    """

    folder: str
    path: str
    stat: Stat
    sha256: str
    sniffed: Sniffed
    file_name: str


@dataclass(frozen=True, slots=True)
class Identified:
    """A document with the handle it was read through, at its start; that handle is what is sent.

    ``being_written``: somebody has the file open for writing; None where that cannot be told.
    """

    document: Document
    handle: BinaryIO | None = None
    being_written: bool | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that could not be read, and why, in words that follow its name.

    ``gone``: it is not there any more. ``passing``: it may be different later (locked, not
    readable); otherwise it is nothing that is ever sent (a symbolic link, a pipe, a device).
    """

    why: str
    gone: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Filed:
    """A file was moved to ``path``; "" when it went to the trash or was gone already."""

    path: str


@dataclass(frozen=True, slots=True)
class FilingFailed:
    """A file stays where it is, and why; ``passing``: worth another try later."""

    why: str
    passing: bool = False


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
    why: str
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


class Cause(enum.StrEnum):
    """What holds files back that have done nothing wrong; one cause, many files."""

    ACCOUNT = "account"  # the key or the address of the API is not accepted
    SOURCE = "source"  # the source key is not
    CREDENTIAL = "credential"  # no key at hand
    EXISTING = "existing"  # files that were there first wait for a person's yes


@dataclass(frozen=True, slots=True)
class Accepted:
    """HrFlow has the file (202, or it says that it already knows the reference)."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """HrFlow has the file and has parsed it (201, or a look-up found the profile)."""

    profile: Profile
    message: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """This file will never pass as it is."""

    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that shares ``cause`` has to wait until it is mended."""

    cause: Cause
    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again later. ``retry_after`` in seconds if the server named a time.

    ``offline``: nothing that speaks HrFlow's language could be reached, so that no other file
    need try either. ``slow_down``: the server asked for fewer requests (429).
    """

    why: str
    retry_after: float | None = None
    offline: bool = False
    slow_down: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Everything was sent and no answer came: it may have arrived."""

    why: str


@dataclass(frozen=True, slots=True)
class Altered:
    """The file is no longer what was identified (or gone): nothing whole was sent."""

    why: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A look-up by reference found nothing. Proves nothing while parsing may be under way."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A look-up was answered 401: this key may write only."""

    why: str = ""


Outcome = Accepted | Parsed | Refused | Held | Wait | Uncertain | Altered
Finding = Parsed | Unknown | Unreadable | Wait


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as the journal knows it, for people and machines to read."""

    file_id: int
    folder: str
    path: str
    state: State
    why: str = ""
    stat: Stat = Stat(0, 0)
    noticed_at: float = 0.0
    changed_at: float = 0.0
    due_at: float = 0.0
    attempt: int = 0
    media_type: str = ""
    sha256: str = ""
    account: str = ""
    source_key: str = ""
    reference: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    profile_key: str = ""
    profile_name: str = ""
    profile_email: str = ""
    duplicate_of: str = ""
    filed_to: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole program at one moment; every view is drawn from one of these."""

    at: float
    running: bool = False
    pid: int = 0
    since: float = 0.0
    counts: dict[State, int] = field(default_factory=dict)
    today: int = 0
    holds: tuple[tuple[str, str, int], ...] = ()  # (cause, why, files)
    folders: tuple[tuple[str, str], ...] = ()  # (path, "" or what is wrong with it)
    offline_since: float = 0.0
    recent: tuple[Entry, ...] = ()
    attention: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal holds of the file that is at a path now."""

    file_id: int
    state: State
    stat: Stat
    sha256: str
    reference: str
    source_key: str
    cause: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One cause. ``source_key`` is "" when everything of the account is concerned."""

    key: str
    cause: Cause
    account: str
    source_key: str
    why: str
    since: float
    due_at: float
    attempt: int
