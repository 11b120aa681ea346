"""What following up uploads needs from the world; see :mod:`watcher.ports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from watcher.follow_up import Search
    from watcher.model import (
        Candidates,
        Entry,
        Event,
        Finding,
        FollowUp,
        Job,
        Profile,
        SourceFacts,
        Unknown,
        Unreadable,
        Wait,
    )


class ResultsJournal(Protocol):
    """The part of the journal that is about results."""

    def follow(self, file_id: int, since: float, due_at: float) -> None:
        """Note that a file has arrived at ``since`` and is to be asked for at ``due_at``."""
        ...

    def follow_ups(self, account: str, now: float, limit: int) -> list[FollowUp]:
        """Up to ``limit`` that are due, in turns the one due longest and the one due last."""
        ...

    def followed(self, file_id: int) -> FollowUp | None:
        """How the question about a file stands; None if there is none any more."""
        ...

    def next_follow_up(self, accounts: Collection[str], now: float) -> float | None:
        """When the next one of these accounts comes due after ``now``."""
        ...

    def ask_again(self, file_id: int, due_at: float, *, tried: bool) -> None:
        """Note when a file is asked for next; ``tried``: the last question had an answer."""
        ...

    def explain(self, file_id: int, why: str) -> None:
        """Note other words for where a file stands; its state stays."""
        ...

    def tell_key(self, file_id: int, key: str, now: float) -> None:
        """Note that the webhook has told a file's profile; it is asked for at once."""
        ...

    def followed_by_reference(self, reference: str, source_key: str) -> list[FollowUp]:
        """Uploads with a reference whose result is not known; ``source_key`` "" for any source."""
        ...

    def by_profile(self, keys: Iterable[str]) -> dict[str, int]:
        """The files that have these profiles: key → file."""
        ...

    def profile(self, file_id: int, profile: Profile, *, probable: bool = False) -> None:
        """Note what HrFlow made of a file; ``probable``: a search has found it."""
        ...

    def make_certain(self, file_id: int) -> None:
        """What was probably a file's profile is surely it."""
        ...

    def resends(self, file_id: int) -> int:
        """How often somebody wanted a file sent again under a new reference."""
        ...

    def sources(self) -> dict[tuple[str, str], tuple[SourceFacts, float]]:
        """What is known of sources, by account and key, and since when."""
        ...

    def note_source(self, account: str, source_key: str, facts: SourceFacts, now: float) -> None:
        """Note what HrFlow says of a source; a name that is known stays if it says none."""
        ...

    def tell_once(self, what: str, now: float) -> bool:
        """Note that people are told of ``what``; False if they were before."""
        ...

    def tell_anew(self, what: str) -> None:
        """It is not so any more: should it be so again, people are to be told."""
        ...

    def hear(self, digest: bytes, now: float) -> bool:
        """Note an event; False if it was heard before."""
        ...

    def keep_early(self, event: Event, now: float) -> None:
        """Keep an event until its upload has arrived; one that is uncertain is due at once."""
        ...

    def early(self, reference: str) -> list[Event]:
        """The events about a reference that were kept, the first one first."""
        ...

    def drop_early(self, event: Event) -> None:
        """An event has had its effect."""
        ...

    def set_hooks(self, events: Collection[str]) -> None:
        """The states for which a command is to be run, from now on."""
        ...

    def hooks_to_run(self, limit: int, busy: Sequence[int]) -> list[tuple[str, Entry]]:
        """Up to ``limit`` commands to be run, without files that are ``busy``."""
        ...

    def hook_ran(self, file_id: int, event: str) -> None:
        """A command needs not be run any more."""
        ...


class Questions(Protocol):
    """What HrFlow can be asked, at any time. Each makes one request at the most."""

    def find(self, job: Job) -> Finding:
        """Ask for the profile with the job's reference."""
        ...

    def search(
        self, account: str, source_key: str, search: Search
    ) -> Candidates | Unknown | Unreadable | Wait:
        """One page of a source's profiles, as ``search`` says."""
        ...

    def describe(self, account: str, source_key: str) -> SourceFacts | Unknown | Unreadable | Wait:
        """What HrFlow says of a source."""
        ...


class Commands(Protocol):
    """Commands of the person's own."""

    def run(self, command: Sequence[str], entry: Entry, seconds: float) -> str:
        """Run one for a file; gives what went wrong, "" if nothing did. Ends within ``seconds``.

        May be called again for the same file after a crash.
        """
        ...
