"""What a person wants done about single files: tried again, or left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.i18n.message import Message, msg
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import BY_HAND, IGNORABLE, Step, retried

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from watcher.journal.writer import Journal
    from watcher.model.records import Entry
    from watcher.pipeline.ports import Clock

#: States of a file whose content counts as sent: its copies stay copies.
_SENT_OR_REFUSED = frozenset({State.REFUSED, State.PARSE_FAILED})


class ByHand:
    """Notes in the journal what a person says of files. One thread."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def retry(self, file_ids: Iterable[int]) -> list[Message]:
        """Have files tried again; gives a sentence for each that has to be put back first.

        What could not be parsed goes under a new reference. What is on its way is left alone.
        """
        now, away = self._clock.wall(), list[Message]()
        for entry in self._entries(file_ids):
            step = retried(entry, now)
            if step is None:
                continue
            if not self._is_at_its_place(entry):
                away.append(
                    msg("{path} no longer exists: put it back, then retry it.", path=entry.path)
                )
                continue
            self._keep_in_place(entry)
            self._journal.files.step(entry.file_id, step, now)
        return away

    def leave(self, watched: Collection[str]) -> None:
        """Only the folders ``watched`` are from now on: nothing waits in others for ever."""
        self._journal.folders.leave(watched, self._clock.wall())

    def ignore(self, file_ids: Iterable[int]) -> None:
        """Leave files alone, unless they are on their way; a copy of one goes in its place."""
        now = self._clock.wall()
        for entry in self._entries(file_ids):
            if entry.state not in IGNORABLE:
                continue
            self._keep_in_place(entry)
            self._journal.files.step(entry.file_id, Step(State.IGNORED, BY_HAND), now)
            if entry.state not in _SENT_OR_REFUSED:
                self._journal.files.disclaim(entry.file_id, now)

    def release(self, key: str) -> None:
        """Let go everything that a cause keeps back."""
        now = self._clock.wall()
        if key.startswith(f"{Cause.EXISTING}:"):
            self._journal.holds.take_existing(key, now)
        else:
            self._journal.holds.release(key, now)

    def _entries(self, file_ids: Iterable[int]) -> Iterable[Entry]:
        return self._journal.store.entries_of(tuple(file_ids))

    def _is_at_its_place(self, entry: Entry) -> bool:
        known = self._journal.files.find(entry.folder, entry.path)
        return known is not None and known.file_id == entry.file_id

    def _keep_in_place(self, entry: Entry) -> None:
        """What was to be moved out of the way, as it was refused, is not any more."""
        if not entry.filed_to:
            self._journal.files.set_filing(entry.file_id, "")
