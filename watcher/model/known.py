"""What the journal tells the pipeline of files and causes that it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watcher.model.kinds import Cause, State
    from watcher.model.records import Stat


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal holds of the file that is at a path now."""

    file_id: int
    state: State
    stat: Stat
    sha256: str
    reference: str
    source_key: str
    cause: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One cause. ``source_key`` is "" when everything of the account is concerned."""

    key: str
    cause: Cause
    account: str
    source_key: str
    why: str
    since: float
    due_at: float
    attempt: int
