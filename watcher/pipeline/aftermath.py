"""All that comes after an upload, as the loop deals with it: questions, webhooks, commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.model import Event
from watcher.pipeline.following import Described, Followed, Following
from watcher.pipeline.hooking import Hooking, Ran

if TYPE_CHECKING:
    from watcher.journal.writer import Journal
    from watcher.pipeline.dispatch import Dispatch
    from watcher.pipeline.results import Results
    from watcher.ports import Clock, Commands, Transport, Workers
    from watcher.settings import Config


class Aftermath:
    """Passes on what the loop hears. One thread."""

    def __init__(
        self,
        journal: Journal,
        transport: Transport,
        commands: Commands,
        workers: Workers,
        clock: Clock,
        dispatch: Dispatch,
        results: Results,
    ) -> None:
        self._following = Following(journal, transport, workers, clock, dispatch, results)
        self._hooking = Hooking(journal, commands, workers)
        self._results = results

    @property
    def running(self) -> int:
        """How many questions are under way. Commands are not waited for."""
        return self._following.running

    @property
    def commands(self) -> int:
        """How many commands run."""
        return self._hooking.running

    def arm(self, config: Config) -> None:
        """Use these settings from now on. Call after Dispatch.arm."""
        self._results.arm(config)
        self._following.arm(config)
        self._hooking.arm(config)

    def resume(self) -> None:
        """Somebody says that things have changed."""
        self._following.resume()

    def wake(self) -> None:
        """The time has passed without us."""
        self._following.wake()

    def handle(self, message: object) -> bool:
        """Work on a message; False if it is for somebody else."""
        match message:
            case Followed():
                self._following.answered(message)
            case Described():
                self._following.described(message)
            case Event():
                self._following.heard(message)
            case Ran():
                self._hooking.ran(message)
            case _:
                return False
        return True

    def work(self) -> None:
        """Choose what is done next. Call before the commit."""
        self._following.claim()
        self._hooking.work()

    def start(self) -> None:
        """Begin what was chosen. Call after the commit."""
        self._following.start()
        self._hooking.start()

    def next_due(self, tick: float) -> float | None:
        """When something may be done again, on the clock's ``tick``."""
        return self._following.next_due(tick)

    def next_question(self, now: float) -> float | None:
        """When an upload comes due to be asked for, by the wall clock."""
        return self._following.next_question(now)

    def take_news(self) -> list[str]:
        """What people should hear, once."""
        return self._following.take_news() + self._hooking.take_news()
