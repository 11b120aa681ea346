"""Commands of the person's own, run once a file is parsed or refused.

What is to be run stands in the journal from the step that calls for it until it has ended: a
command outlives a crash, and may then run twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.settings import Hooks

if TYPE_CHECKING:
    from watcher.journal.writer import Journal
    from watcher.model import Entry
    from watcher.ports import Commands, Workers
    from watcher.settings import Config

#: Commands at the same time.
PARALLEL: Final = 2


@dataclass(frozen=True, slots=True)
class Ran:
    """A command has ended; ``problem`` is "" if it went well."""

    event: str
    file_id: int
    problem: str


class Hooking:
    """Has commands run, a few at a time. One thread."""

    def __init__(self, journal: Journal, commands: Commands, workers: Workers) -> None:
        self._journal = journal
        self._commands = commands
        self._workers = workers
        self._hooks = Hooks()
        self._starting: list[tuple[str, Entry]] = []
        self._busy: set[int] = set()
        self._told: set[tuple[str, str]] = set()
        self._news: list[str] = []

    @property
    def running(self) -> int:
        """How many commands run."""
        return len(self._busy)

    def arm(self, config: Config) -> None:
        """Run these commands from now on."""
        self._hooks = config.hooks
        self._told.clear()

    def work(self) -> None:
        """Choose what is run next; it starts after the commit."""
        room = PARALLEL - len(self._busy)
        if not room or not (self._hooks.parsed or self._hooks.refused):
            return
        self._starting = self._journal.hooks.to_run(room, tuple(self._busy))
        self._busy.update(entry.file_id for _, entry in self._starting)

    def start(self) -> None:
        """Run what was chosen. Call after the journal's commit."""
        starting, self._starting = self._starting, []
        for event, entry in starting:
            self._submit(event, entry)

    def _submit(self, event: str, entry: Entry) -> None:
        commands, seconds = self._commands, self._hooks.timeout_seconds
        command = self._hooks.parsed if event == "parsed" else self._hooks.refused
        self._workers.run(
            lambda: Ran(event, entry.file_id, commands.run(command, entry, seconds)),
            lambda error: Ran(event, entry.file_id, f"failed ({type(error).__name__})"),
        )

    def ran(self, message: Ran) -> None:
        """Note that a command has ended; its failure is told once, and the log says more."""
        self._busy.discard(message.file_id)
        self._journal.hooks.ran(message.file_id, message.event)
        if message.problem and (message.event, message.problem) not in self._told:
            self._told.add((message.event, message.problem))
            self._news.append(
                f"The command for {message.event} files {message.problem}; the log says more."
            )

    def take_news(self) -> list[str]:
        """What people should hear, once."""
        news, self._news = self._news, []
        return news
