"""What HrFlow says of sources: their names, and whether they allow synchronous parsing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg
from watcher.model.uploads import SourceFacts, Wait

if TYPE_CHECKING:
    from watcher.pipeline.stage import Context

#: Seconds for which it counts what HrFlow said of a source.
_FRESH: Final = 86400.0


class Sources:
    """What HrFlow says of sources, by account and source key."""

    def __init__(self, context: Context) -> None:
        self._journal = context.journal
        self._clock = context.clock
        self._publish = context.publish
        self._known = context.journal.follow_ups.sources()
        self._is_configured = False
        self._wanted: dict[tuple[str, str], None] = {}
        self._asked: set[tuple[str, str]] = set()  # and not answered yet
        self._warned: set[tuple[str, str]] = set()  # so that not every upload asks the journal

    def configure(self) -> None:
        """Forget which sources do not allow sync_parsing, unless the program has just started."""
        if self._is_configured:
            for key, (facts, _) in self._known.items():
                self._known[key] = SourceFacts(facts.name), 0.0
        self._is_configured = True

    def note_use(self, account: str, source_key: str) -> None:
        """Have a source asked for, unless it is known, as something was sent there."""
        key = account, source_key
        if key not in self._asked and self._clock.wall() - self._facts(key)[1] >= _FRESH:
            self._wanted[key] = None

    def take(self, account: str) -> str:
        """Return the key of a source that is to be asked for; "" if there is none."""
        found = next((key for key in self._wanted if key[0] == account), None)
        if found is None:
            return ""
        del self._wanted[found]
        self._asked.add(found)
        return found[1]

    def note_answer(self, account: str, source_key: str, answer: object) -> None:
        """Note what HrFlow says of a source, which it is asked for once a day."""
        key = account, source_key
        self._asked.discard(key)
        if isinstance(answer, Wait):
            self.note_use(account, source_key)
        else:
            self._note(key, answer if isinstance(answer, SourceFacts) else self._facts(key)[0])

    def note_no_sync(self, account: str, source_key: str) -> None:
        """A source has refused synchronous parsing."""
        key = account, source_key
        self._note(key, SourceFacts(self._facts(key)[0].name, sync_parsing=False))

    def forbids_sync(self, account: str, source_key: str) -> bool:
        """Whether a source is known not to allow synchronous parsing, of which people are told."""
        key = account, source_key
        facts, since = self._facts(key)
        now = self._clock.wall()
        if facts.sync_parsing is not False or now - since >= _FRESH:
            return False
        if key not in self._warned and self._journal.facts.set_notified(_no_sync(key), now):
            self._publish(
                msg(
                    "The source {source} doesn't allow sync_parsing, so uploads continue "
                    "without it. Ask HrFlow support or an admin to allow it.",
                    source=facts.name or source_key,
                )
            )
        self._warned.add(key)
        return True

    def _facts(self, key: tuple[str, str]) -> tuple[SourceFacts, float]:
        """What is known of a source, and since when."""
        return self._known.get(key, (SourceFacts(""), -math.inf))

    def _note(self, key: tuple[str, str], facts: SourceFacts) -> None:
        now = self._clock.wall()
        self._known[key] = facts, now
        if facts.sync_parsing:
            self._warned.discard(key)
            self._journal.facts.clear_notified(_no_sync(key))
        self._journal.follow_ups.note_source(*key, facts, now)


def _no_sync(key: tuple[str, str]) -> str:
    """The name under which the journal remembers that people were told."""
    return f"no sync_parsing: {key[1]} of {key[0]}"
