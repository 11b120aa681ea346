"""What is known of sources: their names, which people know them by, and whether they parse at once.

Asked for once a day at the most, and only where something was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher.model import SourceFacts

if TYPE_CHECKING:
    from watcher.journal.writer import Journal
    from watcher.ports import Clock

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
        self._news: list[str] = []
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
        if key not in self._told and self._journal.facts.tell_once(_what(key), self._clock.wall()):
            self._news.append(
                f"The source {facts.name or source_key} does not allow sync_parsing, so uploads"
                " go on without it; HrFlow's support and an admin can allow it."
            )
        self._told.add(key)
        return True

    def take_news(self) -> list[str]:
        """What people should hear of sources, once."""
        news, self._news = self._news, []
        return news

    def _note(self, key: Key, facts: SourceFacts) -> None:
        now = self._clock.wall()
        self._known[key] = facts, now
        if facts.sync_parsing:
            self._told.discard(key)
            self._journal.facts.tell_anew(_what(key))
        self._journal.follow_ups.note_source(*key, facts, now)


def _what(key: Key) -> str:
    return f"no sync_parsing: {key[1]} of {key[0]}"
