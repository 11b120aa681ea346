"""Asks the shared ledger which contents may be sent from here, and tells it what became of them.

Without a ledger everything may be sent. With one, an upload starts only once its content is
claimed, and only while the lease lasts by this machine's own clock. Contents are claimed a little
ahead of the places that are free, so that an upload rarely waits for the database.

Granted claims are kept in memory only: after a crash the next run asks again, and the ledger knows
both as the same installation. Uploads under way are in the journal.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from watcher.i18n.message import NOTHING, msg
from watcher.model.holds import hold_key
from watcher.model.kinds import Cause, State
from watcher.model.ledger import (
    BEGINNING,
    Claim,
    ClaimAnswer,
    Claimed,
    Content,
    Ended,
    GiveBack,
    Keep,
    Record,
    Renewed,
    Standing,
    Unreachable,
    content_fingerprint,
    source_fingerprint,
)
from watcher.model.lifecycle import ARRIVED, IN_FLIGHT, Step
from watcher.model.reasons import SENT_BY
from watcher.model.settings import Ledger, WhenUnreachable
from watcher.model.snapshot import LedgerUse
from watcher.model.uploads import Accepted, Parsed, Profile, Uncertain
from watcher.pipeline.messages import Arrived, Fileable, ProfileFound
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.pipeline.upload import UploadDone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from watcher.journal.queues import Sender
    from watcher.model.uploads import Job
    from watcher.pipeline.budget import Budget
    from watcher.pipeline.messages import Configure
    from watcher.routing.rules import Plan

#: Contents of one claim: most of them may have been sent by others.
_LARGEST_CLAIM: Final = 256

#: Contents claimed ahead, for each upload that may run at once.
_AHEAD: Final = 2

#: Seconds without a ledger after which uploads are held: a restart of the database takes less.
_GRACE: Final = 10.0

#: Seconds until a content is claimed again that changed hands meanwhile.
_SOON: Final = 0.2

#: States of a file that may be sent, and answers that make its content ours.
_SENDABLE: Final = (State.QUEUED, State.WAITING)
_CLAIMED: Final = (Standing.OURS, Standing.UNCERTAIN)


class _OpenClaim(Struct, frozen=True):
    """A claim without an answer yet: each content, with the file that would be sent."""

    account: str
    contents: dict[Content, int]


class Claims(Stage):
    """Decides which uploads may start."""

    def __init__(self, context: Context, budget: Budget, tell: Callable[[object], None]) -> None:
        """``tell`` hands a message of ``watcher.model.ledger`` to the ledger's thread."""
        super().__init__(context)
        self._budget = budget
        self._tell = tell
        self._settings = Ledger()
        self._api_urls: dict[str, str] = {}  # of all accounts there have been
        #: Account → file → its content, which is claimed and not being sent yet.
        self._granted: dict[str, dict[int, Content]] = {}
        self._open: dict[int, _OpenClaim] = {}
        self._last_number = 0
        self._checked: set[int] = set()  # files that HrFlow was asked about, as they were uncertain
        #: Beginning of a content → files that wait for a machine to send it.
        self._waiting: dict[bytes, dict[int, str]] = {}
        self._until = 0.0  # when the lease ends, on the clock's ``tick``
        self._down_since: float | None = None  # likewise
        self._why = NOTHING  # the ledger cannot be reached
        self._is_told = False
        self._machines = 0
        self._shown = LedgerUse()  # as it was published

    def handlers(self) -> Handlers:
        """Return the handlers of what the ledger says and of what becomes of uploads."""
        return {
            Renewed: self._note_lease,
            Unreachable: self._note_loss,
            Claimed: self._take_answers,
            Ended: self._wake,
            Arrived: self._note_arrival,
            ProfileFound: self._note_profile,
            UploadDone: self._note_outcome,
        }

    def configure(self, message: Configure) -> None:
        """Use another ledger, or none, from now on."""
        super().configure(message)
        self._api_urls |= {each.name: each.api_url for each in message.config.accounts}
        if message.config.ledger.url != self._settings.url:
            self._forget_claims()
            self._until = 0.0
            self._note_loss(Unreachable(msg("The shared ledger has not answered yet.")))
        self._settings = message.config.ledger
        if not self._settings.url:
            self._release()

    def work(self) -> None:
        """Claim contents that could be sent soon; hold uploads while there is no ledger."""
        if not self._settings.url:
            return
        if not self._has_lease():
            self._forget_claims()
        if self._down_since is None:
            for account in self._budget.accounts:
                self._claim(account)
        elif self._is_down():
            self._hold()
        self._show_use()

    def next_due(self) -> float | None:
        """When uploads are held if the ledger does not come back before."""
        if not self._settings.url or self._down_since is None or self._is_down():
            return None
        return self._down_since + _GRACE

    def close(self) -> None:
        """Give back what this run does not send."""
        for account in list(self._granted):
            self._give_back(account)

    def take(self, account: str, now: float, limit: int) -> list[Job]:
        """Return up to ``limit`` due uploads that may start now."""
        among: Collection[int] | None = None
        if self._settings.url and not (self._is_down() and self._sends_without()):
            among = self._granted.get(account)
            if not among or not self._has_lease():
                return []
        jobs = self._journal.queues.due_jobs(account, now, limit, self._plans, among)
        for job in jobs:
            self._granted.get(account, {}).pop(job.file_id, None)
        return jobs

    # -- claiming

    def _claim(self, account: str) -> None:
        """Claim what could be sent soon, unless enough is claimed or is being claimed."""
        places = self._budget.places(account)
        if not places:  # so that others can send it
            self._give_back(account)
            return
        if any(each.account == account for each in self._open.values()):
            return
        now = self._clock.wall()
        ours = self._granted.setdefault(account, {})
        self._drop_stale(account, now)
        if len(ours) >= places:
            return
        limit = _LARGEST_CLAIM + len(ours)
        jobs = self._journal.queues.due_jobs(account, now, limit, self._plans)
        contents = self._contents([job.file_id for job in jobs if job.file_id not in ours])
        if contents:
            self._last_number += 1
            self._open[self._last_number] = _OpenClaim(account, contents)
            checked = (each for each, file_id in contents.items() if file_id in self._checked)
            room = places * _AHEAD - len(ours)
            self._tell(Claim(self._last_number, tuple(contents), room, frozenset(checked)))

    def _drop_stale(self, account: str, now: float) -> None:
        """Give back the claims of files that are no longer to be sent."""
        ours = self._granted[account]
        if not ours:
            return
        jobs = self._journal.queues.due_jobs(account, now, len(ours), self._plans, ours)
        for file_id in ours.keys() - {job.file_id for job in jobs}:
            self._tell(GiveBack(ours.pop(file_id)))

    def _take_answers(self, message: Claimed) -> None:
        """Note what the ledger says of the contents that were to be claimed."""
        claim = self._open.pop(message.number, None)
        if claim is None:  # it belongs to a lease that is over
            return
        now = self._clock.wall()
        senders = self._journal.ledger.senders(list(claim.contents.values()))
        still_wanted = {
            self._content(sender): sender.file_id
            for sender in senders.values()
            if sender.state in _SENDABLE
        }
        steps: dict[Step, list[int]] = {}
        for answer in message.answers:
            self._waiting.pop(answer.content.content[:BEGINNING], None)
            file_id = still_wanted.get(answer.content)
            if file_id is None:
                if answer.standing in _CLAIMED:
                    self._tell(GiveBack(answer.content))
            elif answer.standing is Standing.OURS:
                self._checked.discard(file_id)
                self._granted.setdefault(claim.account, {})[file_id] = answer.content
            elif step := self._step_after(answer, file_id, now):
                steps.setdefault(step, []).append(file_id)
        for step, file_ids in steps.items():
            cause = "" if step.state is State.UNCERTAIN else Cause.LEDGER
            self._journal.files.step(file_ids, step, now, cause=cause)
            if step.state is State.DUPLICATE:
                for entry in self._journal.store.entries_of(file_ids):
                    self._emit(Fileable(entry.file_id, entry.folder))

    def _step_after(self, answer: ClaimAnswer, file_id: int, now: float) -> Step | None:
        """Return what becomes of a file that may not be sent now; None if it stays queued."""
        if answer.standing is Standing.UNCERTAIN:
            self._checked.add(file_id)
            why = msg("Checking whether another computer has already uploaded this file.")
            return Step(State.UNCERTAIN, why, now)
        if answer.standing is Standing.ARRIVED:
            if answer.profile_key:
                self._journal.files.set_profile(file_id, Profile(answer.profile_key))
            day = datetime.fromtimestamp(answer.since).date().isoformat()  # noqa: DTZ006 - local
            why = replace(SENT_BY, args={"machine": answer.machine, "day": day})
            return Step(State.DUPLICATE, why)
        if answer.standing is Standing.BUSY:
            self._waiting[answer.content.content[:BEGINNING]] = {file_id: answer.machine}
            why = msg("{machine} is uploading this file.", machine=answer.machine)
            return Step(State.WAITING, why, now + (answer.seconds or _SOON))
        return None

    def _wake(self, message: Ended) -> None:
        """Claim again the contents that another machine has sent or given back."""
        woken = [each for name in message.beginnings for each in self._waiting.pop(name, ())]
        if woken:
            self._journal.ledger.make_due(woken, self._clock.wall())

    # -- telling

    def _note_arrival(self, message: Arrived) -> None:
        self._record(message.job.file_id)

    def _note_profile(self, message: ProfileFound) -> None:
        self._record(message.file_id, message.key)

    def _record(self, file_id: int, profile_key: str = "") -> None:
        if self._settings.url:
            for content in self._contents([file_id]):
                self._tell(Record(content, profile_key))

    def _note_outcome(self, message: UploadDone) -> None:
        """Let others send the content of an upload that failed."""
        if self._settings.url and not isinstance(message.outcome, Accepted | Parsed | Uncertain):
            for content in self._contents([message.job.file_id]):
                self._tell(GiveBack(content))

    def _give_back(self, account: str) -> None:
        for content in self._granted.pop(account, {}).values():
            self._tell(GiveBack(content))

    # -- the lease

    def _note_lease(self, message: Renewed) -> None:
        """Go on, and bring the ledger up to date with the journal."""
        if message.is_new or not self._has_lease():
            self._forget_claims()
        self._until, self._down_since = message.until, None
        if message.is_new:  # what ended in between was not heard
            self._wake(Ended(frozenset(self._waiting)))
        self._machines = message.machines
        if self._is_told:
            self._publish(msg("The shared ledger can be reached again; uploads resumed."))
            self._is_told = False
        self._release()
        under_way = {self._content(each) for each in self._journal.ledger.under_way()}
        if under_way and (message.is_new or not under_way.issubset(message.claimed)):
            # A failover has lost it, or another machine took it over while this one was silent.
            self._tell(Keep(tuple(under_way)))
        kept = under_way.union(*(each.values() for each in self._granted.values()))
        kept = kept.union(*(each.contents for each in self._open.values()))
        self._settle([each for each in message.claimed if each not in kept])

    def _settle(self, contents: Collection[Content]) -> None:
        """Tell what became of contents that were claimed before and that this run does not send."""
        if not contents:
            return
        used = {(plan.folder.account, key) for plan in self._plans.values() for key in _keys(plan)}
        used.update(self._journal.follow_ups.sources())
        sources = {
            source_fingerprint(self._api_urls[account], key): key
            for account, key in used
            if account in self._api_urls
        }
        for content in contents:
            source_key = sources.get(content.source)
            sender = source_key and self._journal.ledger.find(source_key, content.content.hex())
            if sender and sender.state in ARRIVED:
                self._tell(Record(content))
            elif sender and sender.state not in IN_FLIGHT:
                self._tell(GiveBack(content))

    def _note_loss(self, message: Unreachable) -> None:
        self._open.clear()
        self._why = message.why
        if self._down_since is None:
            self._down_since = self._clock.tick()
            self._machines = 0

    def _show_use(self) -> None:
        waits = Counter(name for files in self._waiting.values() for name in files.values())
        use = LedgerUse(self._machines, tuple(waits.most_common()) if self._machines else ())
        if use != self._shown:
            self._shown = use
            self._publish(use)

    def _forget_claims(self) -> None:
        self._granted.clear()
        self._open.clear()

    def _has_lease(self) -> bool:
        return self._clock.tick() < self._until

    def _is_down(self) -> bool:
        """Whether the ledger has been out of reach for so long that people should know."""
        return self._down_since is not None and self._clock.tick() >= self._down_since + _GRACE

    def _sends_without(self) -> bool:
        return self._settings.when_unreachable is WhenUnreachable.SEND

    def _hold(self) -> None:
        """Hold all uploads, or say that they continue without the ledger."""
        if self._sends_without():
            self._release()
            if not self._is_told:
                self._publish(
                    msg("{why} Uploads continue, so a file may be parsed twice.", why=self._why)
                )
        else:
            why = msg(
                "{why} Uploads resume automatically once it can be used again.", why=self._why
            )
            for account in self._budget.accounts:
                if not self._journal.holds.is_held(hold_key(Cause.LEDGER, account)):
                    self._journal.holds.hold(Cause.LEDGER, account, "", why, self._clock.wall())
        self._is_told = True

    def _release(self) -> None:
        for hold in self._journal.holds.active():
            if hold.cause is Cause.LEDGER:
                self._journal.holds.release(hold.key, self._clock.wall())

    # -- fingerprints

    def _contents(self, file_ids: list[int]) -> dict[Content, int]:
        """Return what files send, in their order, with the file of each."""
        senders = self._journal.ledger.senders(file_ids)
        return {self._content(senders[each]): each for each in file_ids if each in senders}

    def _content(self, sender: Sender) -> Content:
        return Content(
            source_fingerprint(self._api_urls.get(sender.account, ""), sender.source_key),
            content_fingerprint(sender.identity, sender.resends),
        )


def _keys(plan: Plan) -> list[str]:
    """Return the source keys that a folder's settings name."""
    return [plan.folder.source_key, *(rule.source_key or "" for rule in plan.folder.rules)]
