"""The program's log, read while it is written: its last lines, its last error, what is new."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from watcher.errors import UnusableError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes at the end that are searched for an error.
_SEARCHED: Final = 256 * 1024
_BLOCK: Final = 64 * 1024
_ERROR: Final = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} (?:ERROR|CRITICAL) \S+: (.*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class LoggedError:
    """An error as the log has it; ``at`` is local time, as ``2026-11-24 10:30:00``."""

    at: str
    text: str


def find_last_error(path: str) -> LoggedError | None:
    """The last error in the log's end; None if there is none, or no log."""
    try:
        with open(path, "rb") as file:
            text = _read_end(file, _SEARCHED).decode("utf-8", "replace")
    except OSError:  # nothing was logged, or not by us: then nothing is known
        return None
    return next((LoggedError(*each.groups()) for each in [*_ERROR.finditer(text)][-1:]), None)


class LogReader:
    """Reads from the end on; follows the log to its next file when it rotates."""

    def __init__(self, path: str) -> None:
        """UnusableError where there is no log yet, or it cannot be read."""
        self._path = path
        self._file = _open(path)
        self._rest = b""

    def last(self, lines: int) -> list[str]:
        """The last ``lines`` lines; :meth:`more` goes on behind them."""
        size, wanted = self._file.seek(0, os.SEEK_END), _BLOCK
        while (read := _read_end(self._file, wanted)).count(b"\n") <= lines and wanted < size:
            wanted *= 2
        whole = read.splitlines()
        return [line.decode("utf-8", "replace") for line in whole[max(0, len(whole) - lines) :]]

    def more(self) -> Iterator[str]:
        """Whole lines that were written since."""
        yield from self._take()
        try:
            is_same = os.path.samestat(os.stat(self._path), os.fstat(self._file.fileno()))
        except FileNotFoundError:  # between two files: the next one is about to be there
            return
        if not is_same:
            self._file.close()
            self._file = _open(self._path)
            yield from self._take()

    def close(self) -> None:
        """Read no more."""
        self._file.close()

    def _take(self) -> Iterator[str]:
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise UnusableError(
            "There is no log yet.", "It begins when the program runs for the first time."
        ) from None
    except OSError as error:
        raise UnusableError(f"The log {path} cannot be read ({error.strerror}).") from error


def _read_end(file: BinaryIO, wanted: int) -> bytes:
    """The last ``wanted`` bytes; the file is then read to its end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - wanted))
    return file.read()
