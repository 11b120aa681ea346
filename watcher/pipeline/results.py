"""What is done about a file whose upload has arrived, and about the profile that it became."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from watcher.follow_up import FIRST, Rhythm
from watcher.pipeline.sources import Sources

if TYPE_CHECKING:
    from watcher.journal.writer import Journal
    from watcher.model import Job, Profile
    from watcher.ports import Clock
    from watcher.settings import Config


#: Seconds for which it counts how long parsing took last.
_RHYTHM_KEPT: Final = 600.0


class Results:
    """Notes results in the journal, and what has to be asked for. One thread."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self.sources = Sources(journal, clock)
        self._keep_names = True
        self._rhythms: dict[str, tuple[Rhythm, float]] = {}  # and when it was learned
        self._arrived: list[str] = []

    def arm(self, config: Config) -> None:
        """Keep what these settings say from now on."""
        self._keep_names = config.keep_names
        self.sources.arm()
        events = {"parsed": config.hooks.parsed, "refused": config.hooks.refused}
        self._journal.hooks.want([event for event, command in events.items() if command])

    def accepted(self, job: Job) -> None:
        """An upload has arrived, and is parsed later."""
        now = self._clock.wall()
        self._journal.follow_ups.follow(job.file_id, now, now + self.first_question(job.account))
        self.sources.notice(job.account, job.source_key)
        self._arrived.append(job.reference)

    def take_arrived(self) -> list[str]:
        """The references of uploads that have arrived since the last call."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def parsed(self, job: Job, profile: Profile, *, probable: bool = False) -> None:
        """The profile of a file is known."""
        if not self._keep_names:
            profile = replace(profile, name="", email="")
        self._journal.files.profile(job.file_id, profile, probable=probable)
        self.sources.notice(job.account, job.source_key)

    def first_question(self, account: str) -> float:
        """Seconds after an upload at which it is asked for first."""
        rhythm, learned_at = self._rhythms.get(account, (Rhythm(), 0.0))
        # A queue at HrFlow is over some time: whoever drops a single file then need not wait.
        is_stale = abs(self._clock.wall() - learned_at) > _RHYTHM_KEPT
        return FIRST if is_stale else rhythm.first

    def learn(self, account: str, *, found: bool) -> None:
        """What a first question about an upload of an account has brought."""
        rhythm = Rhythm(self.first_question(account)).learn(found=found)
        self._rhythms[account] = rhythm, self._clock.wall()
