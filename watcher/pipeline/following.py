"""Asking what became of uploads: beside the uploads, and never in their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.hrflow.pace import Pace
from watcher.i18n.message import msg
from watcher.model.follow_ups import Candidates, Event, EventKind, Search, SourceFacts
from watcher.model.kinds import State
from watcher.model.lifecycle import Step
from watcher.model.uploads import Parsed, Unknown, Unreadable, Wait
from watcher.pipeline import follow_up as rules

if TYPE_CHECKING:
    from watcher.i18n.message import Message
    from watcher.journal.writer import Journal
    from watcher.model.follow_ups import FollowUp
    from watcher.model.settings import Config
    from watcher.model.uploads import Finding
    from watcher.pipeline.ports import Clock, Transport, Workers
    from watcher.pipeline.results import Results
    from watcher.pipeline.upload import Dispatch

#: What the journal knows by it that this was told of an account's key.
_MAY_NOT_READ: Final = "may not read: "


@dataclass(frozen=True, slots=True)
class Followed:
    """A question about an upload has been answered; ``search`` if it was one for a list."""

    follow_up: FollowUp
    finding: Finding | Candidates
    search: Search | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A question about a source has been answered."""

    account: str
    source_key: str
    answer: SourceFacts | Unknown | Unreadable | Wait


class Following:
    """Owns the share of requests that goes into questions. One thread."""

    def __init__(
        self,
        journal: Journal,
        transport: Transport,
        workers: Workers,
        clock: Clock,
        dispatch: Dispatch,
        results: Results,
    ) -> None:
        self._journal = journal
        self._transport = transport
        self._workers = workers
        self._clock = clock
        self._dispatch = dispatch
        self._results = results
        # Of every account there has been: one that comes back may still have requests under way.
        self._all_shares: dict[str, Pace] = {}
        self._shares: dict[str, Pace] = {}  # of those that are in the settings
        self._off: set[str] = set()  # accounts whose key cannot read
        self._on: set[str] = set()  # accounts whose key can
        self._asked: set[int] = set()
        self._starting: list[FollowUp] = []
        self._describing: list[tuple[str, str]] = []
        self._unlisted: set[str] = set()  # accounts whose stored profiles cannot be listed
        self._pages: dict[str, int] = {}  # source → pages of its last search
        self._news: list[Message] = []
        self.running = 0

    def arm(self, config: Config) -> None:
        """Use these settings from now on."""
        self._shares = {}
        for account in config.accounts:
            if account.follow_up_share <= 0:
                continue
            limits = rules.share_limits(account.max_requests_per_minute, account.follow_up_share)
            if share := self._all_shares.get(account.name):
                share.arm(*limits)
            else:
                share = self._all_shares[account.name] = Pace(*limits)
                if account.max_requests_per_minute:
                    share.remember(self._dispatch.recent_requests(account.name))
            self._shares[account.name] = share
        self.resume()

    def resume(self) -> None:
        """Somebody says that things have changed: a key that could not read may be another one."""
        self._off.clear()
        self._unlisted.clear()
        self.wake()

    def wake(self) -> None:
        """The time has passed without us: the network may be another one by now."""
        for share in self._shares.values():
            share.resume()

    # -- before the commit

    def claim(self) -> None:
        """Choose what is asked next; it starts after the commit."""
        self._look_at_early()
        now, tick = self._clock.wall(), self._clock.tick()
        for name, share in self._shares.items():
            room = self._room(name, share, tick)
            if room and not share.failures:  # else the one that tries the ice is an upload's
                room -= self._claim_source(name)
            if room:
                self._claim_uploads(name, now, room)

    def _claim_source(self, account: str) -> int:
        """Ask for a source whose name is not known; gives how many questions that is."""
        source_key = self._results.sources.take(account)
        if not source_key:
            return 0
        self._begin(account, source_key)
        self._describing.append((account, source_key))
        return 1

    def _claim_uploads(self, account: str, now: float, room: int) -> None:
        due = self._journal.follow_ups.due(account, now, room + len(self._asked))
        due = [each for each in due if each.job.file_id not in self._asked]
        ripe = self._results.first_question(account)
        for each in due:  # others have shown since then that it would be in vain
            if each.tries == 0 and not each.told_key and each.since + ripe > now:
                self._journal.follow_ups.ask_again(each.job.file_id, each.since + ripe, tried=False)
        chosen = [e for e in due if e.tries or e.told_key or e.since + ripe <= now][:room]
        for each in chosen:
            self._begin(account, each.job.file_id)
            self._asked.add(each.job.file_id)
        self._starting += chosen

    def _room(self, account: str, share: Pace, tick: float) -> int:
        """How many questions may start: of the share, and never what an upload waits for."""
        if account in self._off:
            return 0
        free = share.free(tick)
        return min(free, self._dispatch.room_aside(account, tick, free)) if free else 0

    def _begin(self, account: str, what: int | str) -> None:
        self._shares[account].start()
        self._dispatch.begin_aside(account, what)

    # -- after the commit

    def start(self) -> None:
        """Ask what was claimed. Call after the journal's commit."""
        starting, self._starting = self._starting, []
        describing, self._describing = self._describing, []
        self.running += len(starting) + len(describing)
        for each in starting:
            self._submit(each)
        for account, source_key in describing:
            self._submit_source(account, source_key)

    def _submit(self, each: FollowUp) -> None:
        transport, job = self._transport, each.job
        if rules.asks_by_search(each):
            can_list = job.account not in self._unlisted
            search = rules.next_search(each, self._pages.get(job.source_key, 1), can_list=can_list)
            self._workers.send(
                lambda: Followed(
                    each, transport.search(job.account, job.source_key, search), search
                ),
                lambda error: Followed(each, _failed(error), search),
            )
        else:
            self._workers.send(
                lambda: Followed(each, transport.find(job)),
                lambda error: Followed(each, _failed(error)),
            )

    def _submit_source(self, account: str, source_key: str) -> None:
        transport = self._transport
        self._workers.send(
            lambda: Described(account, source_key, transport.describe(account, source_key)),
            lambda error: Described(account, source_key, _failed(error)),
        )

    # -- answers

    def answered(self, message: Followed) -> None:
        """Note what a question about an upload has brought."""
        job = message.follow_up.job
        self._end(job.account, job.file_id, message.finding)
        self._asked.discard(job.file_id)
        current = self._journal.follow_ups.followed(job.file_id)
        if current is None or current.job.reference != job.reference:
            return  # a webhook was faster, or somebody has forgotten it
        finding, probable = self._look_through(current, message.finding)
        if message.search and self._has_other_way(job.account, message.search, finding):
            self._journal.follow_ups.ask_again(job.file_id, self._clock.wall(), tried=False)
            return
        if (
            isinstance(finding, Unreadable)
            and not finding.source
            and not (message.search and job.account in self._on)
        ):  # a key that may read all but this
            self._turn_off(job.account)
        elif isinstance(finding, Parsed | Unknown):
            self._turn_on(job.account)
        if current.tries == 0 and isinstance(finding, Parsed | Unknown) and not probable:
            self._results.learn(job.account, found=isinstance(finding, Parsed))
        self._note(current, finding, probable=probable)

    def described(self, message: Described) -> None:
        """Note what HrFlow tells of a source."""
        answer = message.answer
        self._end(message.account, message.source_key, answer)
        if isinstance(answer, Unreadable) and not answer.source:
            self._turn_off(message.account)
        if isinstance(answer, Wait):
            self._results.sources.missed(message.account, message.source_key)
            return
        facts = answer if isinstance(answer, SourceFacts) else None
        self._results.sources.answered(message.account, message.source_key, facts)

    def next_due(self, tick: float) -> float | None:
        """When the share allows a question again, on the clock's ``tick``."""
        times = (
            share.next_start(tick) for name, share in self._shares.items() if name not in self._off
        )
        return min((time for time in times if time is not None), default=None)

    def next_question(self, now: float) -> float | None:
        """When an upload comes due to be asked for after ``now``, by the wall clock."""
        return self._journal.follow_ups.next_due(self._shares.keys() - self._off, now)

    def take_news(self) -> list[Message]:
        """What people should hear, once."""
        news, self._news = self._news, []
        return news + self._results.sources.take_news()

    # -- the webhook

    def heard(self, event: Event) -> None:
        """The webhook has told of a profile: by its reference, or by the key of one we know."""
        now = self._clock.wall()
        if not self._journal.follow_ups.record_event(event.digest, now):
            return
        meant = self._meant(event)
        for each in meant:
            self._apply(event, each, now)
        known = self._journal.follow_ups.by_profile([event.key]) if event.key else {}
        if event.reference and not meant and not known:  # perhaps it was faster than the answer
            self._journal.follow_ups.keep_early(event, now)
        if event.kind is not EventKind.ERROR:
            for file_id in known.values():
                self._journal.files.make_certain(file_id)

    def _apply(self, event: Event, each: FollowUp, now: float) -> None:
        if event.kind is EventKind.ERROR:
            why = (
                msg("HrFlow could not parse it: {message}", message=event.message)
                if event.message
                else msg("HrFlow could not parse it and doesn't say why")
            )
            self._journal.files.step(each.job.file_id, Step(State.PARSE_FAILED, why), now)
        elif self._can_ask(each.job.account):
            # The event has no name in it: a question has, and it is the only one needed.
            self._journal.follow_ups.set_profile_key(each.job.file_id, event.key, now)
        else:
            self._note(rules.told(each, event.key), Unknown(), probable=False)

    def _look_at_early(self) -> None:
        for reference in self._results.take_arrived():
            for event in self._journal.follow_ups.early(reference):
                if meant := self._meant(event):
                    self._journal.follow_ups.drop_early(event)
                for each in meant:
                    self._apply(event, each, self._clock.wall())

    def _meant(self, event: Event) -> list[FollowUp]:
        if not event.reference:
            return []
        found = self._journal.follow_ups.followed_by_reference(event.reference, event.source_key)
        return found if len(found) == 1 else []  # of several that share it nobody can tell which

    def _can_ask(self, account: str) -> bool:
        return account in self._shares and account not in self._off

    # -- inside

    def _has_other_way(self, account: str, search: Search, finding: Finding | Candidates) -> bool:
        """Whether stored profiles cannot be listed, so that they are searched for from now on."""
        is_refused = isinstance(finding, Unreadable) and not finding.source
        if search.stage or account in self._unlisted:
            return False
        if is_refused or isinstance(finding, Unknown):
            self._unlisted.add(account)
            return True
        return False

    def _look_through(self, each: FollowUp, finding: Finding | Candidates) -> tuple[Finding, bool]:
        """What a search has found for an upload, and whether that is only probable."""
        if not isinstance(finding, Candidates):
            return finding, False
        self._pages[each.job.source_key] = finding.pages
        sure = next((c for c in finding.profiles if rules.is_same(each, c)), None)
        if sure is not None:
            return Parsed(sure.profile), False
        taken = self._journal.follow_ups.by_profile(
            [found.profile.key for found in finding.profiles]
        )
        taken = {key: owner for key, owner in taken.items() if owner != each.job.file_id}
        profile = rules.match(each, finding, taken)
        return (Unknown(), True) if profile is None else (Parsed(profile), True)

    def _note(self, each: FollowUp, finding: Finding, *, probable: bool) -> None:
        now, job = self._clock.wall(), each.job
        verdict = rules.judge(finding, each, now)
        if isinstance(verdict, rules.Again):
            tried = not isinstance(finding, Wait)
            self._journal.follow_ups.ask_again(job.file_id, verdict.at, tried=tried)
            if verdict.why:
                self._journal.files.explain(job.file_id, verdict.why)
            return
        self._journal.files.step(job.file_id, verdict, now)
        if isinstance(finding, Parsed):
            self._results.parsed(job, finding.profile, probable=probable)
        elif each.told_key and verdict.state is State.PARSED:
            self._results.parsed(job, rules.told_profile(each))

    def _end(self, account: str, what: int | str, finding: object) -> None:
        self.running -= 1
        self._dispatch.end_aside(account, what, finding)
        self._all_shares[account].end(finding, self._clock.tick(), self._clock.jitter())

    def _turn_on(self, account: str) -> None:
        if account not in self._on:
            self._on.add(account)
            self._journal.facts.clear_notified(_MAY_NOT_READ + account)

    def _turn_off(self, account: str) -> None:
        self._off.add(account)
        self._on.discard(account)
        if self._journal.facts.set_notified(_MAY_NOT_READ + account, self._clock.wall()):
            self._news.append(
                msg(
                    'The API key of account "{account}" is write-only: uploads continue, but '
                    "their results are not known here. Use a key that may read and write to see "
                    "them.",
                    account=account,
                )
            )


def _failed(error: Exception) -> Wait:
    return Wait(msg("The question failed ({error}).", error=type(error).__name__))
