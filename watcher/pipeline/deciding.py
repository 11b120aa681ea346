"""Whether a document is sent, and where to: asked by the pipeline and by ``check`` alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher import view
from watcher.model import Skip, State

if TYPE_CHECKING:
    from watcher.model import Document, Route
    from watcher.ports import Plan


def decide(document: Document, plan: Plan) -> Route | Skip:
    """Where a document that has had its time to become whole goes, or why it does not."""
    if document.part_of:
        return Skip(State.IGNORED, f"is a part of {view.safe(document.part_of)}")
    return _broken(document) or plan.route(document)


def _broken(document: Document) -> Skip | None:
    """Why a file that has had its time cannot be opened; None if it can, or may be."""
    if document.stat.size == 0:
        return Skip(State.REFUSED, "is empty; put it there again once it has its content.")
    # What HrFlow cannot read anyway is no better for being whole.
    if document.sniffed.broken and not document.sniffed.advice:
        return Skip(
            State.REFUSED,
            f"is {document.sniffed.what} that breaks off before its end;"
            " download or save it again.",
        )
    return None
