"""Whether a document is sent, and where to: asked by the pipeline and by ``check`` alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from watcher import view
from watcher.model import Skip, State

if TYPE_CHECKING:
    from watcher.model import Document, Route, Stat
    from watcher.ports import Plan

_DAY_NS: Final = 86_400 * 10**9
#: 1990-01-01: what people send today was not written before. 1970 and 1980 are the zero of clocks.
_EARLIEST_NS: Final = 7305 * _DAY_NS


def decide(document: Document, plan: Plan) -> Route | Skip:
    """Where a document that has had its time to become whole goes, or why it does not."""
    if document.part_of:
        return Skip(State.IGNORED, f"is a part of {view.safe(document.part_of)}")
    return _left_out(document, plan) or _broken(document) or plan.route(document)


def has_likely_time(stat: Stat, now: float) -> bool:
    """Whether a file may have been changed when it says so: from 1990 until tomorrow (UTC)."""
    return _EARLIEST_NS <= stat.mtime_ns < (now // 86_400 + 2) * _DAY_NS


def _left_out(document: Document, plan: Plan) -> Skip | None:
    """Why a file that was found once is none of its folder's by the settings of today."""
    below = document.path[len(plan.folder.path.rstrip("/\\")) + 1 :].replace("\\", "/")
    if pattern := plan.ignored(below):
        return Skip(State.IGNORED, f"is ignored by the pattern {pattern}")
    if not plan.folder.recursive and "/" in below:
        return Skip(State.IGNORED, "is in a subfolder, and recursive = false leaves those out")
    return None


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
