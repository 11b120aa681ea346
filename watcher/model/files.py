"""Files on their way: noticed, looked at, filed away, and what is known of them already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.i18n.message import NOTHING, Message

if TYPE_CHECKING:
    from typing import BinaryIO

    from watcher.model.kinds import Cause, Sign, State
    from watcher.model.records import Stat


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
    problem: Message


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file's content says it is.

    ``media_type`` is what is sent and what settings speak of; ``extension`` (with its dot) what
    the server must see at the end of the name; ``what`` the same for people ("a PDF document",
    "a program"). ``whole`` is False for a file that seems to break off, True where the format's
    end was seen, None where the format has no end to look for. ``broken``: it does break off,
    nothing could open it; what only seems so is waited for, and sent in the end. ``media_type``
    is "" when the content is nothing that could be told. ``advice``: what a person can do with
    what HrFlow cannot read ("save it as PDF or Word"), "" otherwise.
    """

    media_type: str
    extension: str
    what: Message
    whole: bool | None = None
    broken: bool = False
    advice: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was opened, looked at and hashed: ``sha256`` in hexadecimal.

    ``file_name`` is the name the server will see: the file's own, its extension following the
    content. ``part_of``: the document that the file belongs to, as the pictures of a saved web
    page do. ``may_be_part``: it lies where such parts do, and that document is not there so far.
    content. ``noticed_at`` is when the file was first noticed, in seconds since 1970, where its
    own time cannot be right; else None.
    """

    folder: str
    path: str
    stat: Stat
    sha256: str
    sniffed: Sniffed
    file_name: str
    part_of: str = ""
    may_be_part: bool = False
    noticed_at: float | None = None

    @property
    def dated(self) -> int:
        """When the file came into being, as far as can be told, in seconds since 1970."""
        if self.noticed_at is not None:
            return int(self.noticed_at)
        return max(0, self.stat.mtime_ns // 10**9)


@dataclass(frozen=True, slots=True)
class Identified:
    """A document with the handle it was read through, at its start; that handle is what is sent.

    ``being_written``: somebody has the file open for writing; None where that cannot be told.
    """

    document: Document
    handle: BinaryIO | None = None
    being_written: bool | None = None

    def close(self) -> None:
        """Close the handle, as the file is not sent now."""
        if self.handle is not None:
            self.handle.close()


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that could not be read, and why, in words that follow its name.

    ``gone``: it is not there any more. ``passing``: it may be different later (locked, not
    readable); otherwise it is nothing that is ever sent (a symbolic link, a pipe, a device).
    """

    why: Message
    gone: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Filed:
    """A file was moved to ``path``; "" when it went to the trash or was gone already."""

    path: str


@dataclass(frozen=True, slots=True)
class FilingFailed:
    """A file stays where it is, and why; ``passing``: worth another try later."""

    why: Message
    passing: bool = False


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
    why: Message
    since: float
    due_at: float
    attempt: int
