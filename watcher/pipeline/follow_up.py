"""When HrFlow is asked what became of an upload, and what its answer means for the file. Pure.

Parsing takes some seconds, a full queue some minutes. So the first question comes soon, each
further one after twice the time, and after the window one a day for a week: a machine that slept
or a server that was busy for long is still caught up with.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.hrflow.rate_limiter import MINUTE
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.entries import NOT_YET
from watcher.model.kinds import State
from watcher.model.lifecycle import RETRY_AFTER_CAP, Step
from watcher.model.uploads import Parsed, Profile, Search, Unknown, Unreadable, Wait
from watcher.routing.rules import LABEL_STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.model.uploads import FollowUp, Job, ListedProfile, ProfileAnswer, ProfilePage

#: Seconds after an upload at which it is asked for first; parsing takes 1 to 8.
FIRST: Final = 5.0

#: Seconds of growing intervals, and from one question to the next after that.
WINDOW: Final = 3600.0

DAILY: Final = 86400.0

#: Seconds after which an upload that was never found counts as one that could not be parsed.
END: Final = 7 * DAILY

#: Requests a minute that the share for follow-ups is taken of where an account has no limit.
UNLIMITED: Final = 600

#: Questions of an account at the same time, beside its uploads.
PARALLEL: Final = 2

#: If this many uploads to a source come due within this many seconds, they are looked up in a list
#: of profiles, once the first of them has waited that long.
MANY: Final = 10
GATHERING: Final = 15.0

#: Questions about an upload after which it is asked for by itself: a list that was cut short leaves
#: out some.
LISTED_TRIES: Final = 9

#: The most uploads that one walk through a list looks for.
LISTED: Final = 2_000

#: Pages of a search that are looked through, the latest profiles first.
SEARCH_PAGES: Final = 5

NEVER: Final = msg(
    "HrFlow created no profile within a week. Check the source in HrFlow, or retry the file."
)

#: The factors by which the first delay grows after a question that came too early, and shrinks
#: after others.
_SLOWER, _FASTER = 1.5, 0.9

_LONGEST_FIRST: Final = 300.0

#: Questions by reference after which a search is tried as well: all those within the window.
_IN_VAIN: Final = 10


def next_question(since: float, now: float) -> float:
    """Return when to ask again about an upload that arrived at ``since``, not found at ``now``."""
    elapsed = max(0.0, now - since)
    if elapsed < WINDOW:
        return now + min(max(FIRST, elapsed), max(FIRST, WINDOW - elapsed))
    return now + min(DAILY, max(FIRST, END - elapsed))


def is_over(since: float, now: float) -> bool:
    """Whether an upload that is not found at ``now`` is not asked for any more."""
    return now - since >= END


class FirstDelay(Struct, frozen=True):
    """Seconds after an upload at which the first question is worth a request.

    It learns from answers. Asking too early costs a second request, asking late only time: one
    first question in five comes too early.
    """

    seconds: float = FIRST

    def learn(self, *, found: bool) -> FirstDelay:
        """Return the delay after a first question that has ``found`` a profile, or has not."""
        changed = self.seconds * (_FASTER if found else _SLOWER)
        return FirstDelay(min(max(FIRST, changed), _LONGEST_FIRST))


class Again(Struct, frozen=True):
    """Nothing is decided: ask again at ``at``. ``why`` is NOTHING if the file's reason stays."""

    at: float
    why: Message = NOTHING


def judge(finding: ProfileAnswer, follow_up: FollowUp, now: float) -> Step | Again:
    """Return what an answer about an upload means for its file.

    An upload that the webhook has reported is parsed, whatever the answer is.
    """
    match finding:
        case Parsed(_, message):
            return Step(State.PARSED, message)
        case _ if follow_up.reported_key:
            return Step(State.PARSED, msg("Reported by HrFlow's webhook."))
        case Wait(offline=True) | Wait(slow_down=True):
            return Again(now)  # the account's rate limiter says when
        case Wait(_, retry_after):
            pause = min(max(FIRST, retry_after or 0.0), RETRY_AFTER_CAP)
            return Again(max(next_question(follow_up.since, now), now + pause))
        case Unknown() if is_over(follow_up.since, now):
            return Step(State.PARSE_FAILED, NEVER)
        case Unknown():
            late = now - follow_up.since >= WINDOW
            return Again(next_question(follow_up.since, now), NOT_YET if late else NOTHING)
        case Unreadable():
            return Again(next_question(follow_up.since, now), NOT_YET)
    raise AssertionError(finding)


def share_limits(per_minute: int, share: float) -> tuple[int, int, float]:
    """Return the limits of an account's questions, as :class:`RateLimiter` takes them.

    They are a ``share`` of the requests it may make.
    """
    allowed = (per_minute or UNLIMITED) * share
    return (PARALLEL, int(allowed), MINUTE) if allowed >= 1 else (1, 1, MINUTE / allowed)


def is_derived(reference: str, sha256: str) -> bool:
    """Whether a reference was made from the content, so that no other file has the same."""
    return bool(sha256) and sha256 in reference


def numbered(reference: str, resends: int) -> str:
    """The reference under which a content is sent again: ``-2`` for the first time, then ``-3``."""
    return f"{reference}-{resends + 1}" if resends else reference


def asks_by_search(follow_up: FollowUp) -> bool:
    """Whether the next question about an upload is a search.

    Always where other files may have the same reference; and in turns with the reference once
    that was in vain for long: parsing may have renamed it.
    """
    if not is_derived(follow_up.job.reference, follow_up.job.sha256):
        return not follow_up.reported_key
    return follow_up.tries >= _IN_VAIN and follow_up.tries % 2 == 1 and not follow_up.reported_key


def may_be_listed(follow_up: FollowUp) -> bool:
    """Whether a list of profiles shows surely which one is the upload's."""
    job = follow_up.job
    is_due = follow_up.tries < LISTED_TRIES and not follow_up.reported_key
    return is_due and is_derived(job.reference, job.sha256)


def walk_starts_at(count: int, first: float, now: float) -> float | None:
    """Return when a walk is to find ``count`` uploads that come due; None if they are too few.

    ``first``: when the first of them does, which waits for others until then.
    """
    return min(first, now) + GATHERING if count >= MANY else None


def may_follow(page: ProfilePage, waiting: Iterable[FollowUp]) -> bool:
    """Whether profiles of ``waiting`` uploads may come after a page, which has the latest first.

    They may not if all on the page came before the uploads did.
    """
    earliest = min((each.since for each in waiting), default=math.inf)
    return any(each.came_at >= earliest - MINUTE for each in page.profiles)


def is_same(follow_up: FollowUp, listed: ListedProfile) -> bool:
    """Whether a listed profile is surely the upload's: it has a reference made from its content."""
    job = follow_up.job
    return listed.reference == job.reference and is_derived(job.reference, job.sha256)


def next_search(follow_up: FollowUp, pages: int, *, can_list: bool) -> Search:
    """Return what to ask for next; ``pages`` are those of the last list.

    ``can_list``: stored profiles can be listed. Otherwise the searches of an upload go through all
    label stages.
    """
    tries, job = follow_up.tries, follow_up.job
    if not can_list:
        label_stage = LABEL_STAGES[tries % len(LABEL_STAGES)]
        return Search(search_page(tries // len(LABEL_STAGES), pages), label_stage)
    narrowing = "" if is_derived(job.reference, job.sha256) else job.reference
    return Search(search_page(tries, pages), reference=narrowing)


def search_page(tries: int, pages: int) -> int:
    """Return which page to look at next; most is on the first one."""
    if tries % 2 == 0 or pages <= 1:
        return 1
    return 2 + (tries // 2) % (min(pages, SEARCH_PAGES) - 1)


def created_at(job: Job) -> float:
    """The reception date that an upload was sent with, in seconds since 1970; 0 if none was."""
    text = dict(job.fields).get("created_at", "")
    try:
        return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def match_profile(
    follow_up: FollowUp, found: ProfilePage, taken: Iterable[str] = ()
) -> Profile | None:
    """The profile that is probably the upload's; None if none is, or two are alike.

    Its file must be called the same, and nothing that is told of it may speak against it: its
    size, the reception date that was sent, and the time at which it came. ``taken`` are keys of
    profiles that belong to other files.
    """
    others = set(taken)
    fits = [each for each in found.profiles if each.profile.key not in others]
    fits = [each for each in fits if _fits(follow_up, each)]
    sure = [each for each in fits if each.size] or fits
    return sure[0].profile if len(sure) == 1 else None


def _fits(follow_up: FollowUp, listed: ListedProfile) -> bool:
    job = follow_up.job
    if listed.file_name != job.file_name or listed.size not in (0, job.stat.size):
        return False
    sent = created_at(job)
    if sent and listed.created_at and abs(listed.created_at - sent) > 1.0:
        return False
    # A minute for clocks that differ; what came long before is an earlier one of that name.
    return not listed.came_at or listed.came_at >= follow_up.since - MINUTE
