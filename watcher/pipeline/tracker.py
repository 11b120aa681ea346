"""What became of uploads that have arrived: asked of HrFlow, or told by its webhook.

They are followed up beside the uploads, until their profiles are known.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from watcher.i18n.message import msg
from watcher.model.kinds import State
from watcher.model.lifecycle import Step
from watcher.model.settings import for_account
from watcher.model.uploads import (
    Event,
    EventKind,
    FollowUp,
    Parsed,
    Profile,
    ProfileAnswer,
    ProfilePage,
    Search,
    Unknown,
    Unreadable,
    Wait,
)
from watcher.pipeline.budget import Use
from watcher.pipeline.follow_up import (
    Again,
    FirstDelay,
    judge,
    may_be_listed,
)
from watcher.pipeline.messages import Arrived, Fileable, ProfileFound, Resume
from watcher.pipeline.profile_lists import ProfileLists, Walk
from watcher.pipeline.questions import Question, Questions, Sources
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.pipeline.upload import UploadDone

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.model.uploads import Job
    from watcher.pipeline.budget import Budget, Subject
    from watcher.pipeline.messages import Configure
    from watcher.pipeline.stage import HrFlow

#: The name under which the journal remembers that people were told this of an account's key.
_MAY_NOT_READ: Final = "may not read: "

#: Seconds between two looks for single questions while a list is to answer most of them.
_LOOK_EVERY: Final = 1.0

#: Seconds for which it counts how long parsing took last.
_DELAY_KEPT: Final = 600.0


class Tracker(Stage):
    """Asks HrFlow, as far as the budget allows, and notes in the journal what it learns."""

    def __init__(
        self,
        context: Context,
        hrflow: HrFlow,
        budget: Budget,
        questions: Questions,
        sources: Sources,
    ) -> None:
        super().__init__(context)
        self._hrflow = hrflow
        self._budget = budget
        self._questions = questions
        self._sources = sources
        self._lists = ProfileLists(context.journal.follow_ups)
        self._keep_names = True
        self._readable: set[str] = set()  # accounts whose key can
        self._delays: dict[str, tuple[FirstDelay, float]] = {}  # and when it was learned
        self._looked_at: dict[str, float] = {}  # account → last look, while a list is waited for
        self._next_due: float | None = None

    def handlers(self) -> Handlers:
        """Return the handlers of uploads that have arrived and of webhook events."""
        return {
            Resume: self._resume,
            Arrived: self._note_arrival,
            UploadDone: self._note_upload,
            Event: self._take_event,
        }

    def configure(self, message: Configure) -> None:
        """Use new settings, and keys that may be able to read now."""
        super().configure(message)
        self._keep_names = message.config.keep_names
        self._resume(message)
        self._hand_over()

    def _resume(self, _message: object) -> None:
        """A key that could not read may be another one by now."""
        self._lists.retry()

    def _note_upload(self, message: UploadDone) -> None:
        """An upload may end after its account was removed from the settings."""
        if message.job.account not in self._budget.accounts:
            self._hand_over()

    def _hand_over(self) -> None:
        """Ask through another account for uploads whose own is no longer in the settings.

        A source has its key whatever the account is called here: the account of the upload's
        folder can ask for it, or the only one there is. If none can, people are told.
        """
        accounts, now = list(self._budget.accounts), self._clock.wall()
        for upload in self._journal.follow_ups.abandoned(accounts):
            plan = self._plans.get(upload.folder)
            if plan is not None or len(accounts) == 1:
                account = accounts[0] if plan is None else plan.folder.account
                self._journal.follow_ups.hand_over(upload.file_id, account)
            elif upload.state is State.UNCERTAIN:
                why = msg(
                    "The file may have arrived, but HrFlow can't be asked: the account {account} "
                    "is no longer in the configuration. Add it again to have this checked.",
                    account=upload.account,
                )
                self._journal.files.step(upload.file_id, Step(State.UNCERTAIN, why), now)

    # -- asking

    def work(self) -> None:
        """Choose what is asked next."""
        now = self._clock.wall()
        accounts = list(self._budget.accounts)
        asking = [each for each in accounts if self._budget.has_follow_ups(each)]
        for account in asking:
            listed = ""
            if self._budget.free_follow_ups(account) and not self._budget.is_failing(account):
                listed = self._choose_page(account, now)
            if not listed:
                self._looked_at.pop(account, None)
            elif abs(now - self._looked_at.get(account, 0.0)) < _LOOK_EVERY:
                continue
            else:
                self._looked_at[account] = now
            if free := self._budget.free_follow_ups(account):
                self._choose_polls(account, now, free, listed)
        # Uploads of an account that waits for a list come due all the time and wake nobody.
        alone = [each for each in asking if each not in self._looked_at]
        times = [self._lists.next_due(now), self._journal.follow_ups.next_due(alone, now)]
        times += [at + _LOOK_EVERY for at in self._looked_at.values()]
        due = min((at for at in times if at is not None), default=None)
        self._next_due = None if due is None else self._clock.tick() + (due - now)

    def next_due(self) -> float | None:
        """When an upload is to be followed up next."""
        return self._next_due

    def _choose_page(self, account: str, now: float) -> str:
        """Ask for a walk's next page; return the source whose uploads are left to it, or ""."""
        asked = self._questions.subjects
        chosen = self._lists.choose(account, now, asked)
        if isinstance(chosen, Walk):
            subject = (account, chosen.source_key, "profiles")
            if subject not in asked:
                search = Search(chosen.page, by_update=True)
                ask = partial(self._hrflow.search, account, chosen.source_key, search)
                self._ask(account, subject, ask, partial(self._note_page, chosen))
        return "" if chosen is None else chosen.source_key

    def _choose_polls(self, account: str, now: float, free: int, listed: str) -> None:
        """``listed``: the source whose uploads are left to a list."""
        asked = self._questions.subjects
        due = self._journal.follow_ups.due(account, now, free + len(asked))
        due = [
            each
            for each in due
            if each.job.file_id not in asked
            and not (each.job.source_key == listed and may_be_listed(each))
        ]
        delay = self._first_delay(account).seconds
        chosen = []
        for each in due:
            if each.tries or each.reported_key or each.since + delay <= now:
                chosen.append(each)
            else:  # answers about others have shown since that it would be too early
                later = each.since + delay
                self._journal.follow_ups.ask_again(each.job.file_id, later, tried=False)
        for each in chosen[:free]:
            self._poll(each.job, self._lists.search_for(each))

    def _poll(self, job: Job, search: Search | None) -> None:
        """Ask whether an upload's profile is known; ``search``: in a list of profiles."""
        ask: Callable[[], object] = partial(self._hrflow.find, job)
        if search is not None:
            ask = partial(self._hrflow.search, job.account, job.source_key, search)
        self._ask(job.account, job.file_id, ask, partial(self._note_poll, job, search))

    def _ask(
        self,
        account: str,
        subject: Subject,
        ask: Callable[[], object],
        note: Callable[[Any], None],
    ) -> None:
        self._questions.put(Question(account, subject, Use.FOLLOW_UP, ask, note))

    # -- uploads that have arrived

    def _note_arrival(self, message: Arrived) -> None:
        job, now = message.job, self._clock.wall()
        if message.profile is not None:
            self._note_profile(job, message.profile)
        else:
            due_at = now + self._first_delay(job.account).seconds
            self._journal.follow_ups.follow(job.file_id, now, due_at)
            self._sources.note_use(job.account, job.source_key)
            for event in self._journal.follow_ups.early_events(job.reference):
                if uploads := self._uploads_of(event):
                    self._journal.follow_ups.delete_early_event(event)
                for each in uploads:
                    self._apply(event, each, now)
        self._budget.release_holds(job)
        self._emit(Fileable(job.file_id, job.folder))

    def _note_poll(
        self, job: Job, search: Search | None, answer: ProfileAnswer | ProfilePage
    ) -> None:
        current = self._journal.follow_ups.followed(job.file_id)
        if current is None or current.job.reference != job.reference:
            return  # a webhook was faster, or it was deleted
        finding, is_probable = self._lists.look_through(current, answer)
        if search and self._lists.note_if_unlisted(job.account, search, answer):
            self._journal.follow_ups.ask_again(job.file_id, self._clock.wall(), tried=False)
            return
        if (
            isinstance(finding, Unreadable)
            and not finding.source
            and not (search and job.account in self._readable)
        ):  # a key that may read all but this
            self._note_write_only(job.account)
        elif isinstance(finding, Parsed | Unknown):
            self._note_readable(job.account)
        if current.tries == 0 and isinstance(finding, Parsed | Unknown) and not is_probable:
            self._learn(job.account, found=isinstance(finding, Parsed))
        self._note_finding(current, finding, is_probable=is_probable)

    def _note_page(self, walk: Walk, answer: ProfileAnswer | ProfilePage) -> None:
        if isinstance(answer, Wait):
            return  # this page is asked for again
        if not isinstance(answer, ProfilePage):
            self._lists.break_off(walk)
            return
        self._note_readable(walk.account)
        for each, finding in self._lists.read_page(walk, answer):
            self._note_finding(each, finding, is_probable=False)
        if walk.is_over:
            self._learn(walk.account, found=len(walk.found) > 3 * len(walk.waiting))

    def _learn(self, account: str, *, found: bool) -> None:
        """Learn from a first question, or from a list, how long parsing takes."""
        delay = self._first_delay(account).learn(found=found)
        self._delays[account] = delay, self._clock.wall()

    def _note_finding(self, each: FollowUp, finding: ProfileAnswer, *, is_probable: bool) -> None:
        now, job = self._clock.wall(), each.job
        verdict = judge(finding, each, now)
        if isinstance(verdict, Again):
            tried = not isinstance(finding, Wait)
            self._journal.follow_ups.ask_again(job.file_id, verdict.at, tried=tried)
            if verdict.why:
                self._journal.files.explain(job.file_id, verdict.why)
            return
        self._journal.files.step(job.file_id, verdict, now)
        if isinstance(finding, Parsed):
            self._note_profile(job, finding.profile, is_probable=is_probable)
        elif each.reported_key and verdict.state is State.PARSED:
            self._note_profile(job, Profile(each.reported_key))

    def _note_profile(self, job: Job, profile: Profile, *, is_probable: bool = False) -> None:
        if not self._keep_names:
            profile = replace(profile, name="", email="")
        self._journal.files.set_profile(job.file_id, profile, probable=is_probable)
        if not is_probable:
            self._emit(ProfileFound(job.file_id, profile.key))
        self._sources.note_use(job.account, job.source_key)

    def _first_delay(self, account: str) -> FirstDelay:
        """How long after an upload it is asked for first."""
        delay, learned_at = self._delays.get(account, (FirstDelay(), 0.0))
        # A queue at HrFlow is over some time: a single file need not wait for it then.
        is_stale = abs(self._clock.wall() - learned_at) > _DELAY_KEPT
        return FirstDelay() if is_stale else delay

    def _note_readable(self, account: str) -> None:
        if account not in self._readable:
            self._readable.add(account)
            self._journal.facts.clear_notified(_MAY_NOT_READ + account)

    def _note_write_only(self, account: str) -> None:
        self._budget.note_write_only(account)
        self._readable.discard(account)
        if self._journal.facts.set_notified(_MAY_NOT_READ + account, self._clock.wall()):
            self._publish(
                msg(
                    "The API key{whose} is write-only, so files are uploaded, but their results"
                    " can't be shown. To see results, use a key that can read and write.",
                    whose=for_account(account),
                )
            )

    # -- the webhook

    def _take_event(self, event: Event) -> None:
        """The webhook reports a profile: by its reference, or by the key of one we know."""
        now = self._clock.wall()
        if not self._journal.follow_ups.record_event(event.digest, now):
            return
        uploads = self._uploads_of(event)
        for each in uploads:
            self._apply(event, each, now)
        known = self._journal.follow_ups.by_profile([event.key]) if event.key else {}
        if event.reference and not uploads and not known:  # perhaps faster than the answer
            self._journal.follow_ups.add_early_event(event, now)
        if event.kind is not EventKind.ERROR:
            for file_id in known.values():
                self._journal.files.make_certain(file_id)

    def _uploads_of(self, event: Event) -> list[FollowUp]:
        if not event.reference:
            return []
        found = self._journal.follow_ups.followed_by_reference(event.reference, event.source_key)
        return found if len(found) == 1 else []  # of several that share it none can be told apart

    def _apply(self, event: Event, each: FollowUp, now: float) -> None:
        if event.kind is EventKind.ERROR:
            why = (
                msg(
                    'HrFlow could not parse this file: "{message}". Retry it, or save it as PDF'
                    " or Word.",
                    message=event.message,
                )
                if event.message
                else msg(
                    "HrFlow could not parse this file and gave no reason. Retry it, or save it as"
                    " PDF or Word."
                )
            )
            self._journal.files.step(each.job.file_id, Step(State.PARSE_FAILED, why), now)
        elif self._budget.has_follow_ups(each.job.account):
            # The event has no name in it: an answer has, and one question is enough.
            self._journal.follow_ups.set_profile_key(each.job.file_id, event.key, now)
        else:
            reported = replace(each, reported_key=event.key)
            self._note_finding(reported, Unknown(), is_probable=False)
