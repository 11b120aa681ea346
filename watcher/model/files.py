"""Files on their way: noticed, examined, filed away, and what is already known about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.i18n.message import NOTHING, Message

if TYPE_CHECKING:
    from typing import BinaryIO

    from watcher.model.entries import Stat
    from watcher.model.kinds import Sign, State


class Candidate(Struct, frozen=True):
    """A file that may have to be uploaded; ``folder`` is the path of its watched folder."""

    folder: str
    path: str
    sign: Sign
    stat: Stat | None = None


class Scanned(Struct, frozen=True):
    """Files that a scan of a folder found new or changed; at most a few hundred at once."""

    folder: str
    candidates: tuple[Candidate, ...]


class ScanEnded(Struct, frozen=True):
    """A scan of a folder has ended: ``files`` were seen, ``new`` of them new or changed.

    ``reason`` is for the log. ``complete`` is False if a directory could not be read or the scan
    was interrupted; ``is_partial``: only a directory of the folder was scanned, not all of it.
    """

    folder: str
    files: int
    new: int
    seconds: float
    reason: str
    complete: bool = True
    is_partial: bool = False


class FolderState(Struct, frozen=True):
    """A watched folder's problem, in one sentence; NOTHING if there is none."""

    folder: str
    problem: Message


class Sniffed(Struct, frozen=True):
    """What a file is, by its content.

    ``media_type`` is what is sent and what settings refer to, "" if the content is unknown;
    ``extension`` (with its dot) is what the server must see at the end of the name; ``what`` is
    for people ("a PDF document", "a program"). ``whole`` is True if the format's end was found,
    False if the file seems truncated, None if the format has no recognizable end. ``broken``: it
    is certainly truncated, so that no program could open it; a file that only seems truncated is
    waited for, and sent in the end. ``advice``: what to do with a file that HrFlow cannot read
    ("save it as PDF or Word").
    """

    media_type: str
    extension: str
    what: Message
    whole: bool | None = None
    broken: bool = False
    advice: Message = NOTHING


class Mail(Struct, frozen=True):
    """What the email of an attached document says; "" where it says nothing.

    ``sender`` is an address, ``date`` is YYYY-MM-DD.
    """

    subject: str = ""
    sender: str = ""
    date: str = ""


#: What images are converted to.
PDF: Final = "application/pdf"

NO_MAIL: Final = Mail()


class Part(Struct, frozen=True):
    """A file inside another; its name is unique there, its size is in bytes.

    ``left_out``: what it is, if it is not a document of its own ("an image in the text").
    ``begins_as``: what it is by its first bytes; None if it is left out or can't be read.
    """

    name: str
    size: int
    left_out: Message = NOTHING
    begins_as: Sniffed | None = None


class Document(Struct, frozen=True):
    """A file that was opened, examined and hashed; ``sha256`` is in hexadecimal.

    ``file_name`` is the name the server will see: the file's own, with the extension of its
    content. ``part_of`` is the document that the file belongs to, as the pictures of a saved web
    page do. ``may_be_part``: it is where such parts are, but there is no such document yet.
    ``noticed_at`` is when the file was first noticed, in seconds since 1970, if its own time
    cannot be right, else None. ``problem``: why it cannot be used, as a sentence.
    ``parts`` are the files inside, if it is opened instead of being sent. ``container`` is the path
    of the file that it is inside of, "" if it is on disk itself; ``mail`` is about that email.
    ``converts``: it is an image that is sent as a PDF.
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
    problem: Message = NOTHING
    parts: tuple[Part, ...] | None = None
    container: str = ""
    mail: Mail = NO_MAIL
    converts: bool = False

    @property
    def sent_type(self) -> str:
        """The media type that it is sent as."""
        return PDF if self.converts else self.sniffed.media_type

    @property
    def below(self) -> str:
        """Its path below the folder, with "/", as settings see it: beside its container."""
        path = self.path[len(self.folder.rstrip("/\\")) + 1 :].replace("\\", "/")
        if not self.container:
            return path
        container, _, name = path.rpartition("/")
        directory, slash, _ = container.rpartition("/")
        return directory + slash + name

    @property
    def dated(self) -> int:
        """When the file was created, as far as known, in seconds since 1970."""
        if self.noticed_at is not None:
            return int(self.noticed_at)
        return max(0, self.stat.mtime_ns // 10**9)


class Identified(Struct, frozen=True):
    """A document and the handle it was read from, at its start; the same handle is sent.

    ``being_written``: a program has the file open for writing; None if that is unknown.
    """

    document: Document
    handle: BinaryIO | None = None
    being_written: bool | None = None

    def close(self) -> None:
        """Close the handle of a file that is not sent now."""
        if self.handle is not None:
            self.handle.close()


class Unusable(Struct, frozen=True):
    """A file that could not be read, and why, in a sentence.

    ``gone``: it no longer exists. ``passing``: it may be readable later (locked, no permission);
    otherwise it is never sent (a symbolic link, a pipe, a device).
    """

    why: Message
    gone: bool = False
    passing: bool = False


class Filed(Struct, frozen=True):
    """A file was moved to ``path``; "" if it went to the trash or was gone already."""

    path: str


class FilingFailed(Struct, frozen=True):
    """A file stays where it is, and why; ``passing``: another try may succeed."""

    why: Message
    passing: bool = False


class Known(Struct, frozen=True):
    """What the journal knows about the file at a path."""

    file_id: int
    state: State
    stat: Stat
    sha256: str
    cause: str
    resends: int  # how often it was sent again under a new reference
