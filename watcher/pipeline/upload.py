"""From the queue to HrFlow: which uploads start now, and what follows from their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from watcher import documents
from watcher.i18n.message import msg
from watcher.model.holds import hold_key
from watcher.model.kinds import State
from watcher.model.lifecycle import Step, after
from watcher.model.uploads import (
    Accepted,
    Altered,
    Held,
    NoSync,
    Parsed,
    Refused,
    Uncertain,
    Wait,
)
from watcher.pipeline.budget import Use
from watcher.pipeline.messages import Arrived, Fileable, Queued, Uploaded
from watcher.pipeline.stage import Context, Handlers, Stage
from watcher.routing.rules import asks_for_sync, is_outdated, without_sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from watcher.model.uploads import Job, Outcome
    from watcher.pipeline.approvals import Guard
    from watcher.pipeline.budget import Budget
    from watcher.pipeline.questions import Sources
    from watcher.pipeline.stage import HrFlow


class UploadDone(Struct, frozen=True):
    """An upload has ended."""

    job: Job
    outcome: Outcome


class Uploads(Stage):
    """Sends what is queued, as far as budget, monthly limit and shared ledger allow."""

    def __init__(
        self,
        context: Context,
        hrflow: HrFlow,
        budget: Budget,
        sources: Sources,
        guard: Guard,
        take: Callable[[str, float, int], list[Job]],
    ) -> None:
        """``take`` is :meth:`watcher.pipeline.claims.Claims.take`."""
        super().__init__(context)
        self._spool = context.spool
        self._take = take
        self._hrflow = hrflow
        self._budget = budget
        self._sources = sources
        self._guard = guard
        self._handles: dict[int, BinaryIO] = {}
        self._starting: list[Job] = []
        self._began: dict[int, float] = {}  # file → when the upload under way began

    def handlers(self) -> Handlers:
        """Return the handlers of what is queued and of uploads that have ended."""
        return {
            Queued: self._keep_handle,
            UploadDone: self._note_outcome,
        }

    @property
    def running(self) -> int:
        """How many uploads are under way."""
        return len(self._began)

    def work(self) -> None:
        """Note which uploads are about to start."""
        now = self._clock.wall()
        for account in self._budget.accounts:
            if not (free := self._guard.at_most(account, self._budget.free(account))):
                continue
            begun: set[tuple[str, str]] = set()
            for job in self._take(account, now, free):
                if (job.source_key, job.reference) in begun:
                    continue  # of those that share a reference one goes at a time
                begun.add((job.source_key, job.reference))
                self._journal.files.step(job.file_id, Step(State.UPLOADING), now)
                self._budget.begin(account, job.file_id, Use.UPLOAD)
                forbids = asks_for_sync(job) and self._sources.forbids_sync(account, job.source_key)
                if forbids:
                    self._sources.warn_no_sync(account, job.source_key)
                self._starting.append(without_sync(job) if forbids else job)

    def start(self) -> None:
        """Start the uploads that the journal announces."""
        starting, self._starting = self._starting, []
        for job in starting:
            self._began[job.file_id] = self._clock.tick()
            self._submit(job, self._handles.pop(job.file_id, None))
        self.close()

    def close(self) -> None:
        """Close the files that are not sent now: an open file cannot be renamed on Windows."""
        for handle in self._handles.values():
            handle.close()
        self._handles.clear()

    def _keep_handle(self, message: Queued) -> None:
        self._handles[message.file_id] = message.handle

    def _submit(self, job: Job, handle: BinaryIO | None) -> None:
        hrflow, spool = self._hrflow, self._spool

        def send() -> UploadDone:
            body = handle or documents.reopen(job.folder, job.path, job.stat, spool)
            if isinstance(body, Altered):
                return UploadDone(job, body)
            with body:
                if not job.converts:
                    return UploadDone(job, hrflow.upload(job, body))
                pdf = documents.to_pdf(body, job.media_type, job.sha256, spool)
            if isinstance(pdf, Altered | Refused | Wait):
                return UploadDone(job, pdf)
            with pdf.handle:
                return UploadDone(job, hrflow.upload(replace(job, converted=pdf.body), pdf.handle))

        why = msg("The upload failed for an unexpected reason; the log has details.")
        self._workers.send(send, UploadDone(job, Uncertain(why)))

    def _note_outcome(self, message: UploadDone) -> None:
        job, outcome, now = message.job, message.outcome, self._clock.wall()
        seconds = self._clock.tick() - self._began.pop(job.file_id)
        self._budget.end(job.account, job.file_id, Use.UPLOAD, outcome)
        step = after(outcome, job.attempt + 1, now, self._clock.jitter())
        cause = ""
        if isinstance(outcome, Held):
            cause = hold_key(outcome.cause, job.account, job.source_key)
        self._journal.files.step(job.file_id, step, now, cause=cause)
        self._publish(Uploaded(job, step.state, step.why, seconds))
        self._follow_outcome(job, outcome, now)
        # What is to be sent again goes where the settings lead by now.
        if isinstance(outcome, Held | Wait) and is_outdated(job, self._plans):
            self._journal.folders.route_again([job.file_id], now)

    def _follow_outcome(self, job: Job, outcome: Outcome, now: float) -> None:
        """Make the other changes that an outcome requires, and tell the stages that it concerns."""
        match outcome:
            case Held(reason, why):
                self._journal.holds.hold(reason, job.account, job.source_key, why, now)
            case Accepted():
                self._emit(Arrived(job))
            case Parsed(profile):
                self._emit(Arrived(job, profile))
            case Refused():
                self._budget.release_holds(job)
                self._emit(Fileable(job.file_id, job.folder))
            case Altered():
                self._journal.files.disclaim(job.file_id, now)
                # This one was to find out whether they still apply.
                for key in self._journal.holds.keys_of(job.account, job.source_key):
                    self._journal.holds.probe_soon(key, now)
            case NoSync():
                self._sources.note_no_sync(job.account, job.source_key)
            case Wait() | Uncertain():
                pass
