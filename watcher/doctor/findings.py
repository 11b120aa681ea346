"""What a check is and what it finds; runs checks in order and in bounded time."""

from __future__ import annotations

import enum
import logging
import time
from concurrent.futures import wait
from contextlib import ExitStack
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from watcher.credentials import SystemKeyring
from watcher.daemon.channel import read_facts
from watcher.daemon.plans import make_plans
from watcher.daemon.state_folder import open_reader
from watcher.daemon.threads import on_thread
from watcher.folders.mounts import read_limits
from watcher.i18n.message import Message, Text, as_fields, msg
from watcher.model.errors import WatcherError
from watcher.present import view
from watcher.system.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from watcher.config import Loaded
    from watcher.daemon.state_folder import Places
    from watcher.folders.mounts import InotifyLimits
    from watcher.journal.reader import Reader
    from watcher.routing.rules import Plan


_log = logging.getLogger(__name__)


class Level(enum.StrEnum):
    """The program works, works with limits, does not work, or that is not known."""

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
        Level.SKIPPED: view.Display("\N{EN DASH}", msg("not checked"), "quiet"),
    }
)


class Finding(Struct, frozen=True):
    """One line: ``text`` says how things are, ``advice`` what a person can do about it.

    ``stops`` is why checks that depend on this one are not possible, "" if they are; for errors
    see ``Check.failing``.
    """

    level: Level
    text: Text
    advice: Text = ""
    stops: Text = ""


_LATER: Final = msg("Try again later.")


class Check(Struct, frozen=True):
    """A check: its ``name`` for machines and ``label`` for people; ``about`` is what is checked.

    ``needs`` are the (name, about) of the checks that it depends on; ``failing`` is why those that
    depend on this one are skipped when it fails. It is given up after ``seconds``; the advice is
    ``late`` then.
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
    """Return a finding that all is well."""
    return Finding(Level.OK, text, stops=stops)


def warning(text: Text, advice: Text, stops: Text = "") -> Finding:
    """Return a finding that it works with limits, or may not work."""
    return Finding(Level.WARNING, text, advice, stops)


def error(text: Text, advice: Text) -> Finding:
    """Return a finding that files will not arrive until this is fixed."""
    return Finding(Level.ERROR, text, advice)


def skipped(why: Text) -> Finding:
    """Return a finding that nothing can be said, and why."""
    return Finding(Level.SKIPPED, msg("Not checked: {why}.", why=why), stops=why)


def of(failure: WatcherError, stops: Text = "") -> Finding:
    """Return an error's own text and hint as a finding."""
    return Finding(Level.ERROR, failure.title, failure.hint, stops)


def record(check: Check, finding: Finding) -> dict[str, object]:
    """Return one finding as plain values, for machines."""
    return {
        "check": check.name,
        "about": check.about,
        "level": finding.level.value,
        **as_fields("text", finding.text),
        **as_fields("advice", finding.advice),
    }


def with_advice(found: Iterable[tuple[Check, Finding]]) -> Iterator[tuple[Check, Finding, Text]]:
    """Yield each finding with the advice to show: checks of one name give the same one once."""
    said: set[tuple[str, Text]] = set()
    for check, finding in found:
        advice = (check.name, finding.advice)
        yield check, finding, "" if advice in said else finding.advice
        said.add(advice)


def run_checks(checks: Iterable[Check]) -> Iterator[tuple[Check, Finding]]:
    """Run checks one after the other; each is taken from ``checks`` when those before have ended.

    A check that fails or hangs becomes a finding, and those that depend on it are skipped.
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
    running = on_thread(check.run, "doctor")
    wait([running], check.seconds)
    if not running.done():
        return [error(msg("No answer within {time:duration}.", time=check.seconds), check.late)]
    try:
        found = running.result()
    except WatcherError as failure:
        return [of(failure)]
    except Exception:  # noqa: BLE001 - one check must not stop the others
        _log.info("a check failed", exc_info=True)
        return [
            error(
                msg("This check failed for an unexpected reason."),
                msg("Try again; if it happens again, please report it."),
            )
        ]
    return [found] if isinstance(found, Finding) else found


#: What checks that depend on the configuration need.
CONFIG: Final = ("config", "")


class Case(Struct, dict=True):
    """What is examined, and what the checks have found out that others need.

    ``home`` and ``environ`` are the user's. ``loaded`` is the configuration once it is read; None
    until then, and if it has mistakes. ``secrets`` are the keys that were found, so that they can
    be removed from a report.
    """

    config: str
    places: Places
    environ: Mapping[str, str]
    home: str
    keyring: SystemKeyring = field(default_factory=SystemKeyring)
    limits: Callable[[], InotifyLimits | None] = read_limits
    wall: Callable[[], float] = time.time
    tick: Callable[[], float] = RealClock.tick
    loaded: Loaded | None = None
    secrets: list[str] = field(default_factory=list)
    _opened: ExitStack = field(default_factory=ExitStack)
    __repr__ = object.__repr__  # secrets are never printed

    @cached_property
    def running(self) -> dict[str, Any]:
        """What the running program says of itself (``App.facts``); empty if none runs."""
        return read_facts(self.places)

    @cached_property
    def journal(self) -> Reader | None:
        """The journal, open until :meth:`close`; None before the first run.

        JournalError if it cannot be read. One check at a time uses it.
        """
        return self._opened.enter_context(open_reader(self.places))

    def close(self) -> None:
        """Close the journal."""
        self._opened.close()

    @cached_property
    def plans(self) -> Mapping[str, Plan]:
        """The watched folders by real path; not to be used before the configuration is read."""
        return make_plans(self.loaded.config) if self.loaded else {}
