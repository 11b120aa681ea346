"""What the pipeline is told, and what it tells; beside what the folders and its own workers say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model.settings import Config
    from watcher.pipeline.ports import Plan


@dataclass(frozen=True, slots=True)
class Arm:
    """New settings are in force."""

    config: Config
    plans: Mapping[str, Plan]
    import_all: bool = False


@dataclass(frozen=True, slots=True)
class Promise:
    """The files in ``folder``, which is not watched, are to be uploaded by these ``settings``.

    The promise holds over restarts. ``settings`` are those of ``settings.dump_folder``.
    """

    folder: str
    settings: str


@dataclass(frozen=True, slots=True)
class Take:
    """A person says yes to files below ``path`` that were there before their folder was watched."""

    path: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A :class:`Take` was obeyed: ``files`` are looked at now."""

    path: str
    files: int


@dataclass(frozen=True, slots=True)
class Pending:
    """As many files are noticed and not decided upon; told when that begins and when it ends."""

    files: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Try again at once what is held or waits."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Start no uploads before the moment ``until`` (inf: before told to); 0 ends a pause."""

    until: float


@dataclass(frozen=True, slots=True)
class Snooze:
    """Show no notifications before the moment ``until`` (inf: before told to); 0 ends that."""

    until: float


@dataclass(frozen=True, slots=True)
class Retry:
    """A person wants files tried again now that were refused, failed, held or ignored by hand."""

    file_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ignore:
    """A person wants nothing more to be done about files, nor to be reminded of them."""

    file_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """Only the folders ``watched`` are from now on: what waits in others is not sent any more."""

    watched: frozenset[str]


@dataclass(frozen=True, slots=True)
class Release:
    """A person wants everything tried again that the cause called ``key`` keeps back."""

    key: str


@dataclass(frozen=True, slots=True)
class Forget:
    """A person wants files to be forgotten, but for the fingerprints of what was sent."""

    file_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A :class:`Forget` was obeyed; whether nothing of it is left in the journal's file either."""

    file_ids: tuple[int, ...]
    is_overwritten: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """HrFlow has become unreachable at ``offline_since``, or reachable again (0)."""

    offline_since: float


@dataclass(frozen=True, slots=True)
class Committed:
    """The journal has changed: counts, files or causes are others than before."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Start nothing new, as the program is about to be replaced; without ``on``: go on."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class Drained:
    """Nothing is under way any more, as a :class:`Drain` wants it; told until that is over."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Somebody asks for a sign of life; told back by the loop that has come to it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End after what is under way has ended."""
