"""Questions to HrFlow: one at a time about each file or source, as far as the budget allows.

Two kinds are chosen here. An uncertain upload is asked about in an upload's place: has it arrived?
If not, it is sent again under the same reference. A source is asked for once a day: what is it
called, does it allow synchronous parsing? The tracker has the others, about uploads that arrived.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from watcher.i18n.message import msg
from watcher.model.kinds import State
from watcher.model.lifecycle import CONFIRM_WINDOW, Step, confirmed
from watcher.model.uploads import Parsed, SourceFacts, Unknown, Wait
from watcher.pipeline.budget import Use
from watcher.pipeline.follow_up import is_derived
from watcher.pipeline.messages import Arrived
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.routing.rules import is_outdated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from watcher.model.uploads import Job, Profile, ProfileAnswer
    from watcher.pipeline.budget import Budget, Subject
    from watcher.pipeline.messages import Configure
    from watcher.pipeline.stage import HrFlow

#: Seconds for which it counts what HrFlow said of a source.
_FRESH: Final = 86400.0

_FAILED: Final = msg(
    "HrFlow could not be asked for the result for an unexpected reason; the log has details."
)


class Question(Struct, frozen=True):
    """``ask`` is called on a worker's thread, ``note`` with its answer on the pipeline's."""

    account: str
    subject: Subject
    use: Use
    ask: Callable[[], object]
    note: Callable[[Any], None]


class Answered(Struct, frozen=True):
    """A question has been answered, by a Wait if it failed."""

    question: Question
    answer: object


class Questions(Stage):
    """Has the questions asked that other stages have chosen."""

    def __init__(self, context: Context, budget: Budget) -> None:
        super().__init__(context)
        self._budget = budget
        self._starting: list[Question] = []
        self._under_way: set[Subject] = set()

    def handlers(self) -> Handlers:
        """Return the handler of answers."""
        return {Answered: self._note_answer}

    @property
    def running(self) -> int:
        """How many questions are under way."""
        return len(self._under_way)

    @property
    def subjects(self) -> Collection[Subject]:
        """What the questions under way are about."""
        return self._under_way

    def put(self, question: Question) -> None:
        """Ask a question after this turn's commit; there must be none about its subject."""
        self._budget.begin(question.account, question.subject, question.use)
        self._under_way.add(question.subject)
        self._starting.append(question)

    def start(self) -> None:
        """Ask what was chosen."""
        starting, self._starting = self._starting, []
        for question in starting:
            self._submit(question)

    def _submit(self, question: Question) -> None:
        self._workers.send(
            lambda: Answered(question, question.ask()), Answered(question, Wait(_FAILED))
        )

    def _note_answer(self, message: Answered) -> None:
        question, answer = message.question, message.answer
        self._under_way.discard(question.subject)
        self._budget.end(question.account, question.subject, question.use, answer)
        question.note(answer)


class Confirmations(Stage):
    """Has HrFlow asked whether uncertain uploads have arrived."""

    def __init__(
        self, context: Context, hrflow: HrFlow, budget: Budget, questions: Questions
    ) -> None:
        super().__init__(context)
        self._hrflow = hrflow
        self._budget = budget
        self._questions = questions
        self._windows: dict[str, float] = {}  # account → seconds for which uploads are asked about
        #: File → when a question about it met a server in trouble, on the clock's ``tick``.
        self._troubled_at: dict[int, float] = {}

    def configure(self, message: Configure) -> None:
        """Use new settings."""
        super().configure(message)
        self._windows = {each.name: each.confirm_seconds for each in message.config.accounts}

    def work(self) -> None:
        """Choose which uploads are asked about next."""
        now, asked = self._clock.wall(), self._questions.subjects
        for account in self._budget.accounts:
            if not (free := self._budget.free(account)):
                continue
            due = self._journal.queues.uncertain_jobs(account, now, free + len(asked))
            due = [(job, since) for job, since in due if job.file_id not in asked]
            for job, since in due[:free]:
                ask = partial(self._hrflow.find, job)
                note = partial(self._note_answer, job, since, now)
                self._questions.put(Question(account, job.file_id, Use.CONFIRM, ask, note))

    def _note_answer(self, job: Job, since: float, asked_at: float, found: ProfileAnswer) -> None:
        """``since``: when it has become uncertain whether the upload has arrived."""
        now, tick = self._clock.wall(), self._clock.tick()
        if isinstance(found, Parsed) and not self._is_of(job, found.profile):
            found = Unknown()
        if not isinstance(found, Parsed) and self._has_event(job):
            step = Step(State.ACCEPTED, msg("HrFlow's webhook confirms that the file arrived."))
        else:
            if isinstance(found, Wait) and found.troubled:
                self._troubled_at[job.file_id] = tick
            troubled_at = self._troubled_at.get(job.file_id)
            answering = 0.0 if troubled_at is None else now - (tick - troubled_at)
            window = self._windows.get(job.account, CONFIRM_WINDOW)
            step = confirmed(found, since, now, window, asked_at=asked_at, answering=answering)
        self._journal.files.step(job.file_id, step, now)
        if step.state is State.QUEUED and is_outdated(job, self._plans):
            self._journal.folders.route_again([job.file_id], now)
        if step.state is not State.UNCERTAIN:
            self._troubled_at.pop(job.file_id, None)
        if isinstance(found, Parsed):
            self._emit(Arrived(job, found.profile))
        elif step.state is State.ACCEPTED:
            self._emit(Arrived(job))

    def _is_of(self, job: Job, profile: Profile) -> bool:
        """Whether a profile that was found by reference proves that this upload has arrived.

        A reference that was not made from the content may be an earlier version's or another
        file's. Sent again under it, the content is at worst parsed twice; it would be lost else.
        """
        if is_derived(job.reference, job.sha256):
            return True
        known = self._journal.follow_ups.by_profile([profile.key])
        return known.get(profile.key, job.file_id) == job.file_id

    def _has_event(self, job: Job) -> bool:
        """Whether a webhook event is about the very content of an upload: then it has arrived."""
        return is_derived(job.reference, job.sha256) and any(
            event.source_key in ("", job.source_key)
            for event in self._journal.follow_ups.early_events(job.reference)
        )


class Sources(Stage):
    """Knows what HrFlow says of sources, by account and source key."""

    def __init__(
        self, context: Context, hrflow: HrFlow, budget: Budget, questions: Questions
    ) -> None:
        super().__init__(context)
        self._hrflow = hrflow
        self._budget = budget
        self._questions = questions
        self._known = context.journal.follow_ups.sources()
        self._is_configured = False
        self._wanted: dict[tuple[str, str], None] = {}
        self._warned: set[tuple[str, str]] = set()  # so that not every upload asks the journal

    def configure(self, message: Configure) -> None:
        """Forget which sources do not allow sync_parsing, unless the program has just started."""
        super().configure(message)
        if self._is_configured:
            for key, (facts, _) in self._known.items():
                self._known[key] = SourceFacts(facts.name), 0.0
        self._is_configured = True

    def work(self) -> None:
        """Choose the sources that are asked for next, one of each account."""
        for account in self._budget.accounts if self._wanted else ():
            found = next((key for key in self._wanted if key[0] == account), None)
            if found is None or self._budget.is_failing(account):
                continue
            if self._budget.free_follow_ups(account):
                del self._wanted[found]
                ask = partial(self._hrflow.describe, *found)
                note = partial(self._note_answer, found)
                self._questions.put(Question(account, found, Use.FOLLOW_UP, ask, note))

    def note_use(self, account: str, source_key: str) -> None:
        """Have a source asked for, unless it is known, as something was sent there."""
        key = account, source_key
        is_old = self._clock.wall() - self._facts(key)[1] >= _FRESH
        if is_old and key not in self._questions.subjects:
            self._wanted[key] = None

    def _note_answer(self, key: tuple[str, str], answer: object) -> None:
        """Note what HrFlow says of a source, which it is asked for once a day."""
        if isinstance(answer, Wait):
            self.note_use(*key)
        else:
            self._note(key, answer if isinstance(answer, SourceFacts) else self._facts(key)[0])

    def note_no_sync(self, account: str, source_key: str) -> None:
        """A source has refused synchronous parsing."""
        key = account, source_key
        self._note(key, SourceFacts(self._facts(key)[0].name, sync_parsing=False))

    def forbids_sync(self, account: str, source_key: str) -> bool:
        """Whether a source is known not to allow synchronous parsing."""
        facts, since = self._facts((account, source_key))
        return facts.sync_parsing is False and self._clock.wall() - since < _FRESH

    def warn_no_sync(self, account: str, source_key: str) -> None:
        """Tell people once that uploads to a source go on without synchronous parsing."""
        key = account, source_key
        if key in self._warned:
            return
        self._warned.add(key)
        if self._journal.facts.set_notified(_no_sync(key), self._clock.wall()):
            self._publish(
                msg(
                    "The source {source} doesn't allow sync_parsing, so uploads continue "
                    "without it. Ask HrFlow support or an admin to allow it.",
                    source=self._facts(key)[0].name or source_key,
                )
            )

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
