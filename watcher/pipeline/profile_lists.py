"""HrFlow's lists of profiles: one upload is searched for in them, many are found by a walk.

A page of a list shows up to 30 profiles, so where many uploads to a source wait, a walk through
its latest profiles takes far fewer requests than a question about each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from watcher.model.uploads import Parsed, ProfilePage, Unknown, Unreadable
from watcher.pipeline.follow_up import (
    GATHERING,
    LISTED,
    LISTED_TRIES,
    asks_by_search,
    is_same,
    match_profile,
    may_be_listed,
    may_follow,
    next_search,
    walk_starts_at,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.journal.follow_ups import FollowUps
    from watcher.model.uploads import FollowUp, Job, ListedProfile, ProfileAnswer, Search


class Gathering(Struct, frozen=True):
    """Uploads to a source come due that a walk is to find, once it is ``until``."""

    source_key: str
    until: float


class Walk(Struct, eq=False):
    """A walk through a source's profiles, page by page, those that were parsed last first.

    ``waiting`` are the uploads that were not found so far, by their reference; ``found`` are the
    keys of the profiles that the walk has shown to be an upload's. ``passes_known``: it goes on
    after a page on which all profiles are known.
    """

    account: str
    source_key: str
    waiting: dict[str, FollowUp]
    passes_known: bool
    page: int = 1
    found: set[str] = field(default_factory=set)
    is_over: bool = False


class ProfileLists:
    """Decides which pages of lists are worth a request, and reads from them what became of uploads.

    The tracker asks for the pages and notes the findings.
    """

    def __init__(self, follow_ups: FollowUps) -> None:
        self._follow_ups = follow_ups
        self._gatherings: dict[str, Gathering] = {}  # by account
        self._walks: dict[str, Walk] = {}  # by account
        #: Accounts and sources whose last walk came to its end.
        self._walked: set[tuple[str, str]] = set()
        self._pages: dict[str, int] = {}  # source → pages of its last search
        self._unlisted: set[str] = set()  # accounts whose stored profiles cannot be listed

    def retry(self) -> None:
        """Try again to list what could not be listed: a key may be another one by now."""
        self._unlisted.clear()

    # -- many uploads, by a walk

    def choose(
        self, account: str, now: float, asked: Collection[object]
    ) -> Walk | Gathering | None:
        """Return the walk that uploads of an account are left to, or their gathering for one.

        ``asked`` are the files about which a question is under way.
        """
        if account in self._unlisted:
            return None
        if (walk := self._walks.get(account)) is not None:
            return walk
        gathering = self._gatherings.get(account)
        if gathering and now < gathering.until <= now + GATHERING:  # or the clock was set
            return gathering
        for source_key, count, first in self._follow_ups.gathered(
            account, now + GATHERING, LISTED_TRIES
        ):
            starts_at = walk_starts_at(count, first, now)
            if starts_at is None:
                continue
            if starts_at > now:
                self._gatherings[account] = Gathering(source_key, starts_at)
                return self._gatherings[account]
            if waiting := self._waiting(account, source_key, now, asked):
                passes_known = (account, source_key) not in self._walked
                self._walked.discard((account, source_key))
                self._walks[account] = Walk(account, source_key, waiting, passes_known)
                return self._walks[account]
        return None

    def next_due(self, now: float) -> float | None:
        """Return when the next walk begins for which uploads are gathered after ``now``."""
        times = (each.until for each in self._gatherings.values() if each.until > now)
        return min(times, default=None)

    def read_page(self, walk: Walk, page: ProfilePage) -> list[tuple[FollowUp, ProfileAnswer]]:
        """Return what a page tells about uploads, and go on to the next or end the walk.

        A page that tells nothing new ends the walk, so that all before it are known: the next one
        need not go further back than to those. That holds only if this one came to its end. So the
        first walk since the program has started, or after one that was broken off, passes profiles
        that are known.
        """
        findings: dict[int, tuple[FollowUp, ProfileAnswer]] = {}
        before = len(walk.found)
        for listed in page.profiles:
            known = self._follow_ups.followed_by_reference(listed.reference, walk.source_key)
            for each in known:  # due or not
                if is_same(each, listed) and each.job.file_id not in findings:
                    walk.found.add(listed.profile.key)
                    walk.waiting.pop(listed.reference, None)
                    findings[each.job.file_id] = each, Parsed(listed.profile)
        is_new = len(walk.found) > before
        if walk.page < page.pages and (is_new or self._is_ahead(walk, page)):
            walk.page += 1
            return list(findings.values())
        walk.is_over = True
        del self._walks[walk.account]
        self._walked.add((walk.account, walk.source_key))
        for each in walk.waiting.values():
            current = self._follow_ups.followed(each.job.file_id)
            if current is not None and current.job.reference == each.job.reference:
                findings[each.job.file_id] = current, Unknown()
        return list(findings.values())

    def break_off(self, walk: Walk) -> None:
        """End a walk whose list cannot be had: whatever is wrong, the references show it."""
        del self._walks[walk.account]
        self._unlisted.add(walk.account)

    def _waiting(
        self, account: str, source_key: str, now: float, asked: Collection[object]
    ) -> dict[str, FollowUp]:
        """Return the uploads that a walk is for, by their reference."""
        return {
            each.job.reference: each
            for each in self._follow_ups.due(account, now, LISTED)
            if each.job.source_key == source_key
            and may_be_listed(each)
            and each.job.file_id not in asked
        }

    def _is_ahead(self, walk: Walk, page: ProfilePage) -> bool:
        """Return whether uploads may come after a page on which none was found.

        Profiles of other programs may be before ours; and as new ones come in front, a page may
        show again what this walk has found.
        """
        if not may_follow(page, walk.waiting.values()):
            return False
        others = {each.profile.key for each in page.profiles} - walk.found
        return walk.passes_known or not self._follow_ups.by_profile(others)

    # -- one upload, by a search

    def search_for(self, each: FollowUp) -> Search | None:
        """Return the list that is to be asked for; None if the reference is."""
        if not asks_by_search(each):
            return None
        can_list = each.job.account not in self._unlisted
        return next_search(each, self._pages.get(each.job.source_key, 1), can_list=can_list)

    def look_through(
        self, each: FollowUp, answer: ProfileAnswer | ProfilePage
    ) -> tuple[ProfileAnswer, bool]:
        """Return what a search has found for an upload, and whether that is only probable."""
        if not isinstance(answer, ProfilePage):
            return answer, False
        self._pages[each.job.source_key] = answer.pages
        sure = next((listed for listed in answer.profiles if is_same(each, listed)), None)
        if sure is not None:
            return Parsed(sure.profile), False
        taken = [
            listed.profile.key
            for listed in answer.profiles
            if self._belongs_to_other(listed, each.job)
        ]
        profile = match_profile(each, answer, taken)
        return (Unknown() if profile is None else Parsed(profile)), True

    def note_if_unlisted(
        self, account: str, search: Search, answer: ProfileAnswer | ProfilePage
    ) -> bool:
        """Note it if the answer is that an account's profiles cannot be listed.

        They are searched for from then on. Return whether that is the answer.
        """
        if search.label_stage or account in self._unlisted:
            return False
        # A list without the profile is no such answer: it may still be parsed.
        is_refused = isinstance(answer, Unreadable) and not answer.source
        if is_refused or isinstance(answer, Unknown):
            self._unlisted.add(account)
            return True
        return False

    def _belongs_to_other(self, listed: ListedProfile, job: Job) -> bool:
        """Return whether a listed profile is that of another file than an upload's.

        Uploads that share a reference may share a profile, which has the document of the latest.
        """
        key = listed.profile.key
        owner = self._follow_ups.by_profile([key]).get(key, job.file_id)
        if owner == job.file_id:
            return False
        document = self._follow_ups.document(owner)
        return not listed.size or document == (listed.file_name, listed.size)
