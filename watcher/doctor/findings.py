"""What a check finds, and how checks are run: in order, in bounded time, none stopping another."""

from __future__ import annotations

import enum
import queue
import threading
import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.credentials import SystemKeyring
from watcher.daemon.clock import RealClock
from watcher.daemon.plans import make_plans, this_machine
from watcher.folders.mounts import read_limits
from watcher.i18n.message import Message, Text, as_data, as_message, msg
from watcher.model.errors import WatcherError
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from watcher.config import Loaded
    from watcher.daemon.instance import Places
    from watcher.folders.mounts import Limits
    from watcher.pipeline.ports import Plan


class _LateError(Exception):
    """A check has not ended in its time."""


class Level(enum.StrEnum):
    """How things are: the program works, works with limits, does not work, is not known."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


#: How a level is shown.
LEVELS: Final = MappingProxyType(
    {
        Level.OK: view.Display("✓", msg("ok"), "good"),
        Level.WARNING: view.Display("!", msg("warning"), "busy"),
        Level.ERROR: view.Display("✗", msg("error"), "bad"),
        Level.SKIPPED: view.Display("\N{EN DASH}", msg("skipped"), "quiet"),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ``text`` says how things are, ``mend`` what a person can do about it.

    ``stops`` is why checks that build on this one are not possible, "" if they are; for errors
    the check itself knows what to say.
    """

    level: Level
    text: Text
    mend: Text = ""
    stops: Text = ""


_LATER: Final = msg("Try it again later.")


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at. ``name`` for machines, ``label`` for people, ``about`` tells it apart.

    ``needs`` are the (name, about) of checks that it builds on; ``failing`` is what to say where
    this one is needed and has failed. It is given up after ``seconds``; ``late`` is the mend then.
    """

    name: str
    label: Message
    run: Callable[[], Sequence[Finding] | Finding]
    about: str = ""
    needs: Sequence[tuple[str, str]] = ()
    failing: Text = ""
    seconds: float = 10.0
    late: Text = _LATER


def ok(text: Text, stops: Text = "") -> Finding:
    """All is well."""
    return Finding(Level.OK, text, stops=stops)


def warning(text: Text, mend: Text, stops: Text = "") -> Finding:
    """It works, or may work; somebody should know."""
    return Finding(Level.WARNING, text, mend, stops)


def error(text: Text, mend: Text) -> Finding:
    """Files will not arrive until somebody mends this."""
    return Finding(Level.ERROR, text, mend)


def skipped(why: Text) -> Finding:
    """Nothing can be said, and why."""
    return Finding(Level.SKIPPED, msg("not possible, because {why}", why=why), stops=why)


def of(failure: WatcherError) -> Finding:
    """What an error of ours says."""
    return error(failure.title, failure.hint)


def record(check: Check, finding: Finding) -> dict[str, object]:
    """One finding for machines."""
    return {
        "check": check.name,
        "about": view.safe(check.about),
        "level": finding.level.value,
        "text": view.safe(finding.text),
        "mend": view.safe(finding.mend),
        "text_message": as_data(as_message(finding.text)),
        "mend_message": as_data(as_message(finding.mend)),
    }


def with_advice(found: Iterable[tuple[Check, Finding]]) -> Iterator[tuple[Check, Finding, Text]]:
    """Each finding with the advice to show: that of a whole check is not said behind each line."""
    last: tuple[Check, Text] | None = None
    for check, finding in found:
        said, last = last, (check, finding.mend)
        yield check, finding, "" if said == last else finding.mend


def examine(checks: Iterable[Check]) -> Iterator[tuple[Check, Finding]]:
    """Run checks one after the other; each is taken from ``checks`` when those before have ended.

    A check that fails or hangs becomes a finding, and one that builds on it is skipped.
    """
    failed: dict[tuple[str, str], Text] = {}
    for check in checks:
        reason = next((failed[need] for need in check.needs if need in failed), "")
        findings = [skipped(reason)] if reason else _attempt(check)
        for finding in findings:
            if stops := finding.stops or (finding.level is Level.ERROR and check.failing):
                failed.setdefault((check.name, check.about), stops)
            yield check, finding


def _attempt(check: Check) -> Sequence[Finding]:
    try:
        found = _within(check.seconds, check.run)
    except _LateError:
        return [
            error(
                msg("no answer came within {time:duration}", time=check.seconds),
                check.late,
            )
        ]
    except WatcherError as failure:
        return [of(failure)]
    except Exception as failure:  # noqa: BLE001 - one check must not stop the others
        text = msg(
            "the check itself failed ({exception}: {error})",
            exception=type(failure).__name__,
            error=failure,
        )
        return [error(text, msg("Try it again; if it happens again, please report it."))]
    return [found] if isinstance(found, Finding) else found


def _within(
    seconds: float, call: Callable[[], Sequence[Finding] | Finding]
) -> Sequence[Finding] | Finding:
    """What ``call`` gives or raises; _LateError after ``seconds``, its thread left behind."""
    ended: queue.SimpleQueue[Sequence[Finding] | Finding | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put(call())
        except Exception as failure:  # noqa: BLE001 - raised again where it is waited for
            ended.put(failure)

    threading.Thread(target=run, name="doctor", daemon=True).start()
    try:
        found = ended.get(timeout=seconds)
    except queue.Empty:
        raise _LateError from None
    if isinstance(found, Exception):
        raise found
    return found


#: What checks that build on the configuration need.
CONFIG = ("config", "")


@dataclass
class Case:
    """``home`` and ``environ`` are the person's.

    ``loaded`` is the configuration once it was read; None until then, and if it has mistakes.
    ``secrets`` are the keys that were found, so that they can be taken out of what is sent away.
    """

    config: str
    places: Places
    environ: Mapping[str, str]
    home: str
    keyring: SystemKeyring = field(default_factory=SystemKeyring)
    limits: Callable[[], Limits | None] = read_limits
    wall: Callable[[], float] = time.time
    tick: Callable[[], float] = RealClock.tick
    loaded: Loaded | None = field(default=None, init=False)
    secrets: list[str] = field(default_factory=list, init=False, repr=False)

    def plans(self) -> Mapping[str, Plan]:
        """The watched folders by their paths without symbolic links; none without configuration."""
        return make_plans(self.loaded.config, this_machine()) if self.loaded else {}
