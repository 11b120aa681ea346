"""Parses a multipart/form-data body while it comes in, with bounded memory."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

from multipart import MultipartError, PushMultipartParser, parse_options_header

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes taken from the connection at once.
CHUNK: Final = 128 * 1024
#: Larger files are hashed, but not kept in memory to be read.
MAX_KEPT: Final = 5_000_000
_MAX_TEXT: Final = 1_000_000
_MAX_FIELDS: Final = 200


@dataclass(slots=True)
class Upload:
    """What came in. ``error`` says what is wrong with the body; ``size`` is the file's."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    file_name: str = ""
    content_type: str = ""
    size: int = 0
    sha256: str = ""
    #: The file, unless it is too large or was written to ``path``.
    content: bytes | None = None
    path: str = ""
    received: int = 0
    complete: bool = False
    error: str = ""

    @property
    def whole(self) -> bool:
        """Whether everything came and was well-formed."""
        return self.complete and not self.error

    def get(self, name: str) -> str:
        """Return a text field's value, "" if it is not there."""
        return next((value for key, value in self.fields if key == name), "")

    def discard(self) -> None:
        """Remove the written file, if there is one."""
        if self.path:
            os.remove(self.path)
            self.path = ""


class _Body:
    """One upload while its parts come in."""

    def __init__(self, upload: Upload, path: str) -> None:
        self._upload = upload
        self._path = path
        self._name = ""
        self._text = bytearray()
        self._kept: list[bytes] | None = None
        self._digest = hashlib.sha256()
        self._handle: BinaryIO | None = None
        self._in_file = False

    def start(self, name: str, file_name: str | None, content_type: str) -> None:
        upload = self._upload
        self._name = name
        self._in_file = file_name is not None
        if file_name is None:
            if len(upload.fields) >= _MAX_FIELDS:
                raise MultipartError("too many fields")
            return
        upload.files += 1
        if upload.files > 1:
            raise MultipartError("more than one file")
        if name != "file":
            raise MultipartError(f"a file may not be called {name}")
        upload.file_name, upload.content_type = file_name, content_type
        if self._path:
            self._handle = open(self._path, "wb")  # noqa: SIM115 - closed with the body
            upload.path = self._path
        else:
            self._kept = []

    def take(self, piece: bytes) -> None:
        if self._in_file:
            self._take_content(piece)
        elif len(self._text) + len(piece) > _MAX_TEXT:
            raise MultipartError(f"{self._name} is too long")
        else:
            self._text += piece

    def _take_content(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._upload.size += len(piece)
        if self._handle:
            self._handle.write(piece)
        elif self._upload.size > MAX_KEPT:
            self._kept = None
        elif self._kept is not None:
            self._kept.append(bytes(piece))

    def end(self) -> None:
        if self._in_file:
            return
        try:
            self._upload.fields.append((self._name, self._text.decode()))
        except UnicodeDecodeError as error:
            raise MultipartError(f"{self._name} is not UTF-8") from error
        self._text = bytearray()

    def close(self) -> None:
        if self._upload.files:
            self._upload.sha256 = self._digest.hexdigest()
        if self._handle:
            self._handle.close()
        elif self._kept is not None:
            self._upload.content = b"".join(self._kept)


def read_upload(
    upload: Upload,
    read: Callable[[int], bytes],
    length: int,
    content_type: str,
    *,
    path: str,
    watch: Callable[[], None],
) -> None:
    """Read a body of ``length`` bytes into ``upload``; a malformed one to its end as well.

    ``read`` gives at most so many bytes, none when the other side has closed. ``path``: where the
    file goes, memory if "". ``watch`` is called after every piece and may raise to break off.
    """
    body = _Body(upload, path)
    try:
        parser = _parser(content_type, length, upload)
        while upload.received < length:
            chunk = read(min(CHUNK, length - upload.received))
            if not chunk:
                break
            upload.received += len(chunk)
            _feed(parser, chunk, body, upload)
            watch()
        upload.complete = upload.received == length
        if not upload.error and parser and not parser.closed:
            _feed(parser, b"", body, upload)
    finally:
        body.close()


def _parser(content_type: str, length: int, upload: Upload) -> PushMultipartParser | None:
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data":
        upload.error = "expected multipart/form-data"
        return None
    try:
        return PushMultipartParser(options.get("boundary", ""), length)
    except MultipartError as error:
        upload.error = str(error)
        return None


def _feed(parser: PushMultipartParser | None, chunk: bytes, body: _Body, upload: Upload) -> None:
    """Parse one chunk; after the first error the rest is only counted."""
    if parser is None or upload.error:
        return
    try:
        for event in parser.parse(chunk):
            if event is None:
                body.end()
            elif isinstance(event, bytes | bytearray):
                body.take(bytes(event))
            else:
                body.start(event.name or "", event.filename, event.content_type or "")
    except MultipartError as error:
        upload.error = str(error)
