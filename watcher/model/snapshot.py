"""The state of the program at one moment, as the icon, the page and commands show it."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from watcher.i18n.message import NOTHING, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model.entries import Entry
    from watcher.model.kinds import State

#: The end of a pause that lasts until it is resumed.
UNTIL_RESUMED: Final = math.inf


class AppState(enum.StrEnum):
    """The state of the whole program; of several that apply, the first is shown."""

    NOT_SET_UP = "not_set_up"
    PAUSED = "paused"
    ATTENTION = "attention"
    OFFLINE = "offline"
    WORKING = "working"
    IDLE = "idle"


class ActiveHold(Struct, frozen=True):
    """A cause that holds files back: its ``key``, ``why`` in one sentence, how many files.

    ``size`` is that of all of them, in bytes.
    """

    key: str
    why: Message
    files: int
    size: int = 0


class Watched(Struct, frozen=True):
    """A watched folder; ``problem`` is NOTHING if there is none."""

    path: str
    account: str = ""
    source_key: str = ""
    problem: Message = NOTHING


class LedgerUse(Struct, frozen=True):
    """Who uses the shared ledger.

    ``machines``: how many, this one included; 0 while it cannot be reached. ``waits``: names of
    machines, each with how many files it is uploading that wait here.
    """

    machines: int = 0
    waits: tuple[tuple[str, int], ...] = ()


class Snapshot(Struct, frozen=True):
    """All values at one moment; times are seconds since 1970, 0 for never.

    ``done`` of ``total`` files were processed since the program was last idle. ``recent`` are the
    files that were processed last, ``attention`` those that a person has to look at (refused, not
    parsed), both the latest first and limited to some tens; ``counts`` has all. ``trouble``
    is why the journal cannot be used at the moment (the other values are from before); ``remarks``
    are about the configuration, a sentence each; ``ledger`` is None where machines share none.
    ``paused_until`` and ``snoozed_until`` (before which there are no notifications) are
    :data:`UNTIL_RESUMED` if there is no end.
    """

    at: float = 0.0
    pid: int = 0
    version: str = ""
    since: float = 0.0
    is_set_up: bool = True
    paused_until: float = 0.0
    snoozed_until: float = 0.0
    offline_since: float = 0.0
    done: int = 0
    total: int = 0
    today: int = 0
    counts: Mapping[State, int] = field(default_factory=dict)
    recent: tuple[Entry, ...] = ()
    attention: tuple[Entry, ...] = ()
    holds: tuple[ActiveHold, ...] = ()
    watched: tuple[Watched, ...] = ()
    trouble: Message = NOTHING
    remarks: tuple[Message, ...] = ()
    ledger: LedgerUse | None = None
