"""A multipart/form-data body that is read from disk while it is sent, and hashed on the way.

The end of the body is held back until everything before it proves to be what was identified: a
file that changed in between is never sent completely, so it cannot become a profile.
"""

from __future__ import annotations

import hashlib
import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, BinaryIO

from urllib3.fields import format_multipart_header_param

from watcher.i18n.message import msg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from watcher.i18n.message import Message

#: Bytes read and sent at once; a smaller file is sent in one piece with its headers.
CHUNK = 256 * 1024

#: Bytes from which a file is hashed by a thread of its own.
BIG = 16 * 1024 * 1024


class _BodyError(Exception):
    """The file could not be sent completely; ``why`` says so."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


class AlteredError(_BodyError):
    """The file is no longer what was identified; its end has not been sent."""


class UnreadableError(_BodyError):
    """The file could not be read to its end; its end has not been sent."""


class FormBody:
    """The body of one upload, for one use: text fields, then the file part called ``file``.

    ``len()`` is the exact number of bytes, so that it is sent with a Content-Length. Once the last
    piece is handed out ``handed_out`` is True: from then on the server may have received it all.
    """

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        handle: BinaryIO,
        *,
        size: int,
        sha256: str,
        file_name: str,
        media_type: str,
        throttle: Callable[[int], None],
    ) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.handed_out = False
        self._handle = handle
        self._size = size
        self._sha256 = sha256
        self._throttle = throttle
        self._head = _head(boundary, fields, file_name, media_type)
        self._tail = f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        pending, size = [self._head], len(self._head)
        for piece in self._pieces():
            # One piece is held back until the next one, or the end, is verified.
            if size + len(piece) > CHUNK:
                self._throttle(size)
                yield b"".join(pending)
                pending, size = [], 0
            pending.append(piece)
            size += len(piece)
        self._throttle(size + len(self._tail))
        self.handed_out = True
        yield b"".join([*pending, self._tail])

    def _pieces(self) -> Iterator[bytes]:
        """Yield the file's content; AlteredError at its end if it is not what was identified."""
        digest = hashlib.sha256()
        left = self._size
        # Of a large file each piece is hashed while it is sent.
        with ThreadPoolExecutor(1, "hash") if left > BIG else nullcontext() as hasher:
            hashed: Future[None] | None = None
            while left:
                piece = self._read(min(CHUNK, left))
                if not piece:
                    raise AlteredError(msg("The file became shorter during the upload."))
                left -= len(piece)
                if hasher is None:
                    digest.update(piece)
                else:
                    if hashed is not None:
                        hashed.result()
                    hashed = hasher.submit(digest.update, piece)
                yield piece
        if self._read(1):
            raise AlteredError(msg("The file grew during the upload."))
        if digest.hexdigest() != self._sha256:
            raise AlteredError(msg("The file changed during the upload."))

    def _read(self, room: int) -> bytes:
        """Return up to ``room`` bytes by one system call, b"" at the end."""
        try:
            piece: bytes = self._handle.read1(room)  # type: ignore[attr-defined]  # is buffered
        except OSError as error:
            raise UnreadableError(
                msg("The file could not be read ({error}).", error=error.strerror)
            ) from error
        return piece


def _head(
    boundary: str, fields: Sequence[tuple[str, str]], file_name: str, media_type: str
) -> bytes:
    """Return everything before the file's first byte."""
    parts = [f"{_part(boundary, name)}\r\n\r\n{value}\r\n" for name, value in fields]
    file = f"{_part(boundary, 'file')}; {format_multipart_header_param('filename', file_name)}"
    return "".join([*parts, f"{file}\r\nContent-Type: {media_type}\r\n\r\n"]).encode()


def _part(boundary: str, name: str) -> str:
    """Return how a part begins, up to where a file's name may follow."""
    named = format_multipart_header_param("name", name)
    return f"--{boundary}\r\nContent-Disposition: form-data; {named}"
