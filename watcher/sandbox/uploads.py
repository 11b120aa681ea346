"""Takes a multipart/form-data body apart while it comes in, with bounded memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from multipart import MultipartError, PushMultipartParser, parse_options_header

if TYPE_CHECKING:
    from multipart import MultipartSegment

#: Larger files are hashed, but not kept in memory to be read.
MAX_KEPT: Final = 5_000_000
_MAX_TEXT: Final = 1_000_000
_MAX_PARTS: Final = 200


class Upload:
    """A body of ``length`` bytes: its text fields and its one file.

    ``error`` says what is wrong with it; from there on the rest is only counted.
    """

    def __init__(self, content_type: str, length: int) -> None:
        self.length = length
        self.received = 0
        self.error = ""
        self.fields: list[tuple[str, str]] = []
        self.has_file = False
        self.file_name = ""
        self.content_type = ""
        self.size = 0
        self._digest = hashlib.sha256()
        self._kept = bytearray()
        self._name = ""
        #: The text field that is coming in; None within a file.
        self._text: bytearray | None = None
        kind, options = parse_options_header(content_type)
        if kind != "multipart/form-data":
            self.error = "expected multipart/form-data"
            return
        try:
            self._parser = PushMultipartParser(
                options.get("boundary", ""), length, max_segment_count=_MAX_PARTS
            )
        except MultipartError as error:
            self.error = str(error)

    @property
    def is_complete(self) -> bool:
        """Whether all bytes came."""
        return self.received == self.length

    @property
    def sha256(self) -> str:
        """The file's fingerprint in hexadecimal digits, "" without a file."""
        return self._digest.hexdigest() if self.has_file else ""

    @property
    def content(self) -> bytes:
        """The file, b"" if it is too large to be kept."""
        return bytes(self._kept)

    def get(self, name: str) -> str:
        """Return a text field's value, "" if it is not there."""
        return next((value for key, value in self.fields if key == name), "")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        self.received += len(chunk)
        if self.error:
            return
        try:
            for event in self._parser.parse(chunk):
                if event is None:
                    self._end_part()
                elif isinstance(event, bytes | bytearray):
                    self._take(event)
                else:
                    self._start_part(event)
            if self.is_complete:
                self._parser.close()
        except MultipartError as error:
            self.error = str(error)

    def _start_part(self, segment: MultipartSegment) -> None:
        self._name = segment.name
        if segment.filename is None:
            self._text = bytearray()
            return
        if self.has_file:
            raise MultipartError("more than one file")
        if segment.name != "file":
            raise MultipartError(f"a file may not be called {segment.name}")
        self._text, self.has_file = None, True
        self.file_name, self.content_type = segment.filename, segment.content_type or ""

    def _take(self, piece: bytes | bytearray) -> None:
        if self._text is not None:
            self._text += piece
            if len(self._text) > _MAX_TEXT:
                raise MultipartError(f"{self._name} is too long")
            return
        self._digest.update(piece)
        self.size += len(piece)
        if self.size <= MAX_KEPT:
            self._kept += piece
        else:
            self._kept.clear()

    def _end_part(self) -> None:
        if self._text is None:
            return
        try:
            self.fields.append((self._name, self._text.decode()))
        except UnicodeDecodeError as error:
            raise MultipartError(f"{self._name} is not UTF-8") from error
