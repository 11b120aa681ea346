"""Questions to HrFlow about what was uploaded: one at a time about each subject, in the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from watcher.i18n.message import msg
from watcher.model.uploads import Wait
from watcher.pipeline.stage import Context, Handlers, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from watcher.pipeline.budget import Budget, Subject, Use

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
