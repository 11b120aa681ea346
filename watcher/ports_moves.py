"""What the pipeline needs of the journal where files, or the folders watched, are others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.model import Candidate, Stat, State


class MovedFiles(Protocol):
    """A part of ``ports.Journal``."""

    def kept_as(self, stat: Stat, key: str) -> list[tuple[int, str, State]]:
        """Files with the numbers of ``stat`` that a cause kept back: id, last path, state."""
        ...

    def is_return_of(self, file_id: int, former: int) -> bool:
        """Whether a file is one that has arrived, back at its place; the new row is given up."""
        ...

    def sent_as(self, stat: Stat, sha256: str, source_key: str) -> list[tuple[int, str, str]]:
        """Files that arrived, with these numbers and this content: id, folder, last path."""
        ...

    def replace(self, file_id: int, former: int) -> None:
        """Give up a new row, as it is about the same file as a ``former`` one."""
        ...

    def note_target(self, filed_to: str, now: float) -> None:
        """Remember for ever where files are filed away, given where one was."""
        ...

    def rename(self, file_id: int, candidate: Candidate) -> None:
        """Note that a file has another path, its history going on."""
        ...

    def skip_existing(self, key: str, now: float) -> None:
        """Leave alone for good what waits for a person's yes."""
        ...

    def refuse_again(self, file_id: int, why: str, now: float) -> None:
        """A file that was looked at once more is refused as before: for people nothing is new."""
        ...

    def leave(self, watched: Collection[str], now: float) -> list[int]:
        """The files that wait to be sent in folders other than ``watched``.

        From now on none begins to wait there: a step that says so leaves it alone.
        """
        ...

    def names_below(self, folder: str, path: str) -> list[str]:
        """Paths of the files known to be in a directory below a watched folder, and below that."""
        ...

    def forget_name(self, file_id: int) -> None:
        """Note that a file is not on disk any more; its history stays."""
        ...
