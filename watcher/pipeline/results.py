"""What is done about a file that has arrived and its profile, and what is known of sources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg
from watcher.model.follow_ups import SourceFacts
from watcher.pipeline.follow_up import FIRST, Rhythm

if TYPE_CHECKING:
    from watcher.i18n.message import Message
    from watcher.journal.writer import Journal
    from watcher.model.settings import Config
    from watcher.model.uploads import Job, Profile
    from watcher.pipeline.ports import Clock

#: Seconds for which an answer counts.
_FRESH: Final = 86400.0


Key = tuple[str, str]


class Sources:
    """By account and source key. One thread."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._known: dict[Key, tuple[SourceFacts, float]] = {}
        self._wanted: dict[Key, None] = {}
        self._asked: set[Key] = set()  # and not answered yet
        self._told: set[Key] = set()  # so that the journal is not asked for every file
        self._news: list[Message] = []
        self._armed = False

    def arm(self) -> None:
        """Begin; or forget which sources do not parse at once, as somebody may have changed it."""
        if not self._armed:
            self._known = self._journal.follow_ups.sources()
            self._armed = True
            return
        for key, (facts, _) in self._known.items():
            self._known[key] = SourceFacts(facts.name), 0.0

    def notice(self, account: str, source_key: str) -> None:
        """Something was sent to a source."""
        key = account, source_key
        known = self._known.get(key)
        if key in self._asked:
            return
        if known is None or self._clock.wall() - known[1] >= _FRESH:
            self._wanted[key] = None

    def take(self, account: str) -> str:
        """A source of the account to be asked for; "" if there is none."""
        found = next((key for key in self._wanted if key[0] == account), None)
        if found is None:
            return ""
        del self._wanted[found]
        self._asked.add(found)
        return found[1]

    def missed(self, account: str, source_key: str) -> None:
        """There was no answer: ask again."""
        self._asked.discard((account, source_key))
        self.notice(account, source_key)

    def answered(self, account: str, source_key: str, facts: SourceFacts | None) -> None:
        """HrFlow has told of a source; None: it does not, and is not asked again today."""
        key = account, source_key
        self._asked.discard(key)
        before = self._known[key][0] if key in self._known else SourceFacts("")
        self._note(key, facts or before)

    def refused_sync(self, account: str, source_key: str) -> None:
        """A source does not parse at once: what goes there is sent without asking for that."""
        key = account, source_key
        name = self._known[key][0].name if key in self._known else ""
        self._note(key, SourceFacts(name, sync_parsing=False))

    def forbids_sync(self, account: str, source_key: str) -> bool:
        """Whether it is known that a source does not parse at once; told once until it does."""
        key = account, source_key
        facts, since = self._known.get(key, (SourceFacts(""), 0.0))
        if facts.sync_parsing is not False or self._clock.wall() - since >= _FRESH:
            return False
        if key not in self._told and self._journal.facts.set_notified(
            _what(key), self._clock.wall()
        ):
            self._news.append(
                msg(
                    "The source {source} doesn't allow sync_parsing, so uploads continue without "
                    "it; HrFlow's support or an admin can allow it.",
                    source=facts.name or source_key,
                )
            )
        self._told.add(key)
        return True

    def take_news(self) -> list[Message]:
        """What people should hear of sources, once."""
        news, self._news = self._news, []
        return news

    def _note(self, key: Key, facts: SourceFacts) -> None:
        now = self._clock.wall()
        self._known[key] = facts, now
        if facts.sync_parsing:
            self._told.discard(key)
            self._journal.facts.clear_notified(_what(key))
        self._journal.follow_ups.note_source(*key, facts, now)


def _what(key: Key) -> str:
    return f"no sync_parsing: {key[1]} of {key[0]}"


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
        self._journal.hooks.set_events([event for event, command in events.items() if command])

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
