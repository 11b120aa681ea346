"""How things are at one moment: what tray, page and commands show without asking anybody else."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import NOTHING, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model.kinds import State
    from watcher.model.records import Entry

#: A pause that ends when somebody says so.
UNTIL_RESUMED: Final = math.inf


class Mood(enum.StrEnum):
    """The one word for everything, in the order in which they win."""

    NOT_SET_UP = "not_set_up"
    PAUSED = "paused"
    ATTENTION = "attention"
    OFFLINE = "offline"
    WORKING = "working"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Kept:
    """A cause at work: its ``key``, ``why`` in one sentence, and how many files it keeps back."""

    key: str
    why: Message
    files: int


@dataclass(frozen=True, slots=True)
class Watched:
    """A watched folder; ``problem`` is "" when all is well with it."""

    path: str
    account: str = ""
    source_key: str = ""
    problem: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Made by whoever runs the program, never changed; times are seconds since 1970, 0 for never.

    ``done`` of ``total`` files are through since the program had nothing to do last. ``recent``
    are the latest files that something became of, ``attention`` those that somebody has to look
    at (refused, not parsed), each the latest first and at most ten or some tens; ``counts`` has
    all. ``remarks`` are on the configuration, a sentence each. ``paused_until`` is
    :data:`UNTIL_RESUMED` for a pause without an end, and so is ``snoozed_until``, before which
    nobody wants to be notified.
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
    kept: tuple[Kept, ...] = ()
    watched: tuple[Watched, ...] = ()
    remarks: tuple[Message, ...] = ()
