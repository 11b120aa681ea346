"""Which state may follow which, what an outcome means for a file, and when to try again.

Pure: the time and the random part of a delay are arguments. Times are seconds since 1970.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct

from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.kinds import APPROVABLE, Cause, State
from watcher.model.reasons import IGNORED_BY_USER
from watcher.model.uploads import (
    Accepted,
    Altered,
    Held,
    NoSync,
    Parsed,
    Refused,
    Uncertain,
    Unknown,
    Unreadable,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model.entries import Entry
    from watcher.model.uploads import Outcome, ProfileAnswer

#: Seconds before the first retry, at most; doubled with every attempt.
BACKOFF_BASE = 2.0
#: Seconds before any retry, at most: this bounds how late a recovered server is noticed.
BACKOFF_CAP = 3600.0
#: Seconds that a server can ask to wait, at most: a wrong answer must not end all uploads.
RETRY_AFTER_CAP = 24 * BACKOFF_CAP
#: Seconds before an unreachable network is tried again, at most: one request does it.
OFFLINE_CAP = 120.0
#: Seconds for which an uncertain upload is checked before it is sent again: parsing is
#: asynchronous, so a profile that did arrive stays invisible for a while.
CONFIRM_WINDOW = 600.0
#: Seconds until an uncertain upload is checked first; the pauses grow by half each time.
CONFIRM_FIRST = 5.0

_S = State

#: From each state, the states that may follow. A new file starts from NOTICED.
TRANSITIONS: Final[Mapping[State, frozenset[State]]] = MappingProxyType({
    _S.NOTICED: frozenset({
        _S.NOTICED,  # still locked or unreadable: looked at again later
        _S.UNCERTAIN,  # it may have been sent, according to a lost journal
        _S.IGNORED, _S.DUPLICATE, _S.BASELINE, _S.QUEUED, _S.HELD, _S.REFUSED, _S.GONE,
    }),
    _S.IGNORED: frozenset({_S.NOTICED}),  # the rules have changed, or the user retries it
    _S.DUPLICATE: frozenset({_S.NOTICED, _S.GONE}),  # the other file was not sent
    _S.BASELINE: frozenset({_S.NOTICED}),  # approved after all
    _S.QUEUED: frozenset({
        _S.UPLOADING, _S.HELD, _S.NOTICED, _S.GONE, _S.IGNORED,
        # According to the shared ledger:
        _S.WAITING,  # another machine is sending it
        _S.DUPLICATE,  # another machine has sent it
        _S.UNCERTAIN,  # a machine that was cut off may have sent it
    }),
    _S.UPLOADING: frozenset({
        _S.NOTICED,  # it changed meanwhile: nothing complete was sent
        _S.ACCEPTED, _S.PARSED, _S.WAITING, _S.HELD, _S.REFUSED, _S.UNCERTAIN, _S.GONE,
    }),
    _S.UNCERTAIN: frozenset({_S.ACCEPTED, _S.PARSED, _S.QUEUED, _S.UNCERTAIN}),
    _S.WAITING: frozenset({
        _S.UPLOADING, _S.QUEUED, _S.HELD, _S.NOTICED, _S.GONE, _S.IGNORED,
        _S.WAITING, _S.DUPLICATE, _S.UNCERTAIN,  # as for QUEUED
    }),
    _S.HELD: frozenset({_S.QUEUED, _S.NOTICED, _S.BASELINE, _S.GONE, _S.IGNORED}),
    _S.ACCEPTED: frozenset({_S.PARSED, _S.PARSE_FAILED}),
    _S.PARSED: frozenset(),
    _S.PARSE_FAILED: frozenset({_S.NOTICED, _S.PARSED, _S.IGNORED}),
    _S.REFUSED: frozenset({_S.NOTICED, _S.IGNORED}),
    _S.GONE: frozenset({_S.NOTICED}),
})  # fmt: skip

#: States in which something is still to be done.
OPEN: Final = frozenset({_S.NOTICED, _S.QUEUED, _S.WAITING, _S.HELD, _S.UPLOADING, _S.UNCERTAIN})
#: States in which the content may be on its way, so that the row must keep its fingerprint.
IN_FLIGHT: Final = frozenset({_S.UPLOADING, _S.UNCERTAIN})
#: Open states without an unanswered upload.
WAITS: Final = OPEN - IN_FLIGHT
#: States of a file that HrFlow has.
ARRIVED: Final = frozenset({_S.ACCEPTED, _S.PARSED, _S.PARSE_FAILED})
#: What may be retried, and what may be ignored, by the user. What the user has ignored may be
#: retried, too.
RETRIABLE: Final = frozenset({_S.REFUSED, _S.PARSE_FAILED, _S.HELD, _S.WAITING, _S.BASELINE})
IGNORABLE: Final = frozenset({_S.REFUSED, _S.PARSE_FAILED, _S.HELD, _S.WAITING, _S.QUEUED})


def allowed(before: State, after: State) -> bool:
    """Return whether ``after`` may follow ``before``."""
    return after in TRANSITIONS[before]


class Step(Struct, frozen=True):
    """A change of state: the new one, why, and when it is due to be worked on (0: never)."""

    state: State
    why: Message = NOTHING
    due_at: float = 0.0


def retried(entry: Entry, now: float) -> Step | None:
    """Return the step that follows a retry by the user; None if the file cannot be retried.

    A file that was routed goes back to the queue, any other is examined again.
    """
    if entry.state not in RETRIABLE and (entry.state, entry.why) != (_S.IGNORED, IGNORED_BY_USER):
        return None
    if entry.state in (_S.HELD, _S.WAITING) and entry.reference:
        return Step(_S.QUEUED, msg("You retried this file."), now)
    return Step(_S.NOTICED, msg("You retried this file."), now)


def backoff(attempt: int, jitter: float) -> float:
    """Return the seconds to wait after failed attempt number ``attempt`` (1 is the first).

    Exponential with full jitter: ``jitter`` (0 ≤ jitter < 1) spreads the retries of many
    machines over the whole interval, so that a server that recovers is not overrun.
    """
    exponent = min(max(attempt, 1) - 1, 30)
    return min(BACKOFF_CAP, BACKOFF_BASE * 2.0**exponent) * jitter


def retry_delay(
    attempt: int, jitter: float, retry_after: float | None, *, offline: bool = False
) -> float:
    """Return the seconds to wait after attempt number ``attempt``.

    It is what the server asks for with ``retry_after``, if it does, but not longer than a day.
    "Retry-After: 0" is disregarded, so that the server is not flooded with retries.
    """
    delay = backoff(attempt, jitter)
    if offline:
        delay = min(delay, OFFLINE_CAP * (1 + jitter) / 2)
    return min(retry_after or delay, RETRY_AFTER_CAP)


def after(outcome: Outcome, attempt: int, now: float, jitter: float) -> Step:
    """Return the step that follows attempt number ``attempt`` of an upload."""
    match outcome:
        case Accepted(message):
            return Step(_S.ACCEPTED, message)
        case Parsed(_, message):
            return Step(_S.PARSED, message)
        case Refused(why):
            return Step(_S.REFUSED, why)
        case Held(_, why):
            return Step(_S.HELD, why)
        case Wait(why, retry_after, offline):
            delay = retry_delay(attempt, jitter, retry_after, offline=offline)
            return Step(_S.WAITING, why, now + delay)
        case NoSync(why):
            return Step(_S.WAITING, why, now)
        case Uncertain(why, retry_after):
            pause = min(max(CONFIRM_FIRST, retry_after or 0.0), RETRY_AFTER_CAP)
            return Step(_S.UNCERTAIN, why, now + pause)
        case Altered(why, gone):
            return Step(_S.GONE if gone else _S.NOTICED, why, 0.0 if gone else now)
    assert_never(outcome)


def confirmed(
    finding: ProfileAnswer,
    since: float,
    now: float,
    window: float = CONFIRM_WINDOW,
    *,
    asked_at: float | None = None,
    answering: float = 0.0,
) -> Step:
    """Return the step that follows a check of an upload that is uncertain since ``since``.

    "Not found" within the confirm ``window`` (seconds) proves nothing, so it is checked again;
    after the window the file is sent again under the same reference, before those that were queued
    since. With a key that cannot read the window has to pass as well, as HrFlow may know a
    reference only once its profile is parsed.
    ``asked_at``: when the question was put, if not now; the machine may have slept since.
    ``answering``: since when the server answers such questions without trouble; uploads that it
    received before that may wait to be parsed for just as long.
    """
    waited = max(0.0, now - since)
    asked_at = now if asked_at is None else asked_at
    left = window - max(0.0, asked_at - max(since, answering))
    match finding:
        case Parsed(_, message):
            return Step(_S.PARSED, message)
        case Wait(why, retry_after):
            pause = min(max(CONFIRM_FIRST, waited / 2), BACKOFF_CAP)
            return Step(_S.UNCERTAIN, why, now + min(retry_after or pause, RETRY_AFTER_CAP))
        case Unreadable(source=True):  # the next upload is refused, which people are shown
            return Step(_S.QUEUED, msg("Uploaded again with the same reference."), since)
        case Unreadable() if left > 0:
            why = msg(
                "The file will be uploaded again later with the same reference, because"
                " this key can't check whether it arrived."
            )
            return Step(_S.UNCERTAIN, why, now + left)
        case Unreadable():
            return Step(
                _S.QUEUED,
                msg(
                    "Uploaded again with the same reference, because this key can't"
                    " check whether the file arrived."
                ),
                since,
            )
        case Unknown() if left > 0:
            delay = min(max(CONFIRM_FIRST, waited / 2), left)
            return Step(_S.UNCERTAIN, msg("Checking whether the file arrived."), now + delay)
        case Unknown():
            return Step(
                _S.QUEUED,
                msg("The file did not arrive. It will be uploaded again with the same reference."),
                since,
            )
    assert_never(finding)


def hold_delay(cause: Cause, attempt: int) -> float:
    """Return the seconds until one file tests whether a cause still applies; 0 for "never".

    The intervals are long, as a changed key or setting ends a hold at once; a missing key is
    looked up more often, as a keyring may be unlocked at any time. The shared ledger is tried again
    all the time, but by no file. What waits for approval is tested by none either.
    """
    if cause is Cause.LEDGER or cause in APPROVABLE:
        return 0.0
    first = 30.0 if cause is Cause.CREDENTIAL else 900.0
    return float(min(first * 2.0 ** min(max(attempt, 1) - 1, 30), 6 * BACKOFF_CAP))
