"""The endpoints: a request in, an answer out. Nothing of sockets."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args

from msgspec import Struct

from watcher.sandbox import checks
from watcher.sandbox.checks import Refusal
from watcher.sandbox.profiles import describe_dates, describe_parsing, describe_profile
from watcher.sandbox.samples import permission

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from watcher.sandbox.checks import Header
    from watcher.sandbox.profiles import Profile, Profiles, References
    from watcher.sandbox.samples import Source
    from watcher.sandbox.uploads import Upload
    from watcher.sandbox.webhooks import Webhooks

#: How HrFlow says that there is no such source: the first document, the SDK's, and a later one.
UnknownSource = Literal[
    "Invalid source fields",
    "Invalid parameters. Unable to find object: source",
    "Could not find a source matching this query.",
]
UNKNOWN_SOURCES: Final[tuple[UnknownSource, ...]] = get_args(UnknownSource)
UPLOAD: Final = "/profile/parsing/file"
#: Seconds that no sandbox lives.
_NEVER: Final = 1e9
#: From the vendor's later pages; the SDK asks for as many.
_MAX_LIMIT: Final = 30
_PAGING: Final = ("page", "limit", "sort_by", "order_by")
Pairs = list[tuple[str, str]]
_Item = TypeVar("_Item")


class Reply(Struct, frozen=True):
    """An answer before it is written. ``content`` is JSON unless ``media_type`` says otherwise."""

    status: int
    content: Any
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"

    @property
    def message(self) -> str:
        """What an answer of the API's shape says, "" for others."""
        return str(self.content.get("message", "")) if isinstance(self.content, dict) else ""


def reply(status: int, message: str, **more: Any) -> Reply:
    """Return an answer of the API's shape."""
    headers = more.pop("headers", ())
    return Reply(status, {"code": status, "message": message, **more}, headers)


class Api(Struct, dict=True):
    """Answers requests from the sources and profiles of an account."""

    sources: Sequence[Source]
    keys: Sequence[str]
    email: str
    profiles: Profiles
    #: Told of every profile that is parsed later and whose upload wants a webhook.
    webhooks: Webhooks
    parse_seconds: float
    references: References = "update"
    unknown_source: UnknownSource = UNKNOWN_SOURCES[0]
    #: Sources that the account has, and its key has no access to.
    forbidden: Collection[str] = ()
    #: Whether the plan's quota is used up.
    over_quota: bool = False
    #: Whether the account has a licence to search.
    may_search: bool = True
    #: Flags are 0 and 1 in answers, and ``GET /auth`` uses its other name, as later pages have it.
    later: bool = False
    #: Glob of file names that cannot be parsed: their profiles are never seen.
    unparsable: str = ""

    @cached_property
    def _handlers(self) -> Mapping[str, Callable[[Pairs], Reply]]:
        return {
            "/profile/parsing": self._get_parsing,
            "/profiles/searching": self._search,
            "/storing/profiles": self._list_profiles,
            "/source": self._get_source,
            "/sources": self._list_sources,
        }

    def look_up(self, method: str, path: str, query: Pairs, header: Header) -> Reply:
        """Answer everything but uploads."""
        allowed = "POST" if path == UPLOAD else "GET"
        if path not in (*self._handlers, "/auth", UPLOAD):
            return reply(404, f"Not found: {path}")
        if method != allowed:
            return reply(405, f"Method {method} not allowed", headers=(("Allow", allowed),))
        try:
            key = checks.check_access(header, "read", self.keys, self.email)
            return self._auth(key) if path == "/auth" else self._handlers[path](query)
        except Refusal as refusal:
            return reply(refusal.status, str(refusal))

    def upload(self, upload: Upload, header: Header) -> Reply:
        """Answer ``POST /profile/parsing/file`` once its body has been read."""
        try:
            checks.check_access(header, "write", self.keys, self.email)
            return self._take(upload)
        except Refusal as refusal:
            return reply(refusal.status, str(refusal))

    def _take(self, upload: Upload) -> Reply:
        if upload.error:
            raise Refusal(400, f"Invalid form data: {upload.error}")
        form = checks.check_form(upload.fields)
        source = self._find_source(form.source_key, self.unknown_source)
        _check_file(upload)
        if self.over_quota:
            raise Refusal(402, "Payment required. The quota of your plan is exceeded")
        if source.disable or source.archived_at:
            raise Refusal(400, "Invalid source fields")
        if form.sync_parsing and not source.sync_parsing:
            raise Refusal(400, "Sync parsing is not enabled for this source")
        if form.sync_parsing or source.always_sync:
            return self._parse_now(form, upload)
        return self._queue(form, upload)

    def _queue(self, form: checks.Form, upload: Upload) -> Reply:
        failed = bool(self.unparsable) and fnmatchcase(upload.file_name, self.unparsable)
        profile = self._add(form, upload, _NEVER if failed else self.parse_seconds)
        if form.webhook_parsing_sending:
            self.webhooks.announce(profile, self.parse_seconds, failed=failed)
        message = "Your profile as been sent successfully to the Parsing Queue."
        return reply(202, message, data=[])

    def _parse_now(self, form: checks.Form, upload: Upload) -> Reply:
        profile = self._add(form, upload, 0.0)
        data = {"parsing": self._describe_parsing(profile), "profile": self._describe(profile)}
        message = "Profile parsed successfully. Profile extraction finished : 0.0 seconds."
        return reply(201, message, data=data)

    def _add(self, form: checks.Form, upload: Upload, visible_after: float) -> Profile:
        profile = self.profiles.add(form, upload, visible_after, self.references)
        if profile is None:
            raise Refusal(
                400, f"Invalid reference: {form.reference} is already used in this source"
            )
        return profile

    def _find_source(self, key: str, unknown: UnknownSource = UNKNOWN_SOURCES[1]) -> Source:
        """Return the source with a key; Refusal if there is none, or it may not be used."""
        if key in self.forbidden:
            raise Refusal(401, f"Unauthorized Access to source key: {key}")
        found = next((source for source in self.sources if source.key == key), None)
        if found is None:
            raise Refusal(400, unknown)
        return found

    def _auth(self, key: str) -> Reply:
        name = "api_secret_permission" if self.later else "api_key_permission"
        data = {"team_name": "Sandbox", "team_subdomain": "sandbox", name: permission(key)}
        return reply(200, "Your API key is valid", data=data)

    def _get_parsing(self, query: Pairs) -> Reply:
        texts = checks.check_query(query, ("source_key", "key", "reference"), ("source_key",))
        source = self._find_source(texts["source_key"])
        key, reference = texts.get("key", ""), texts.get("reference", "")
        if not (key or reference):
            raise Refusal(400, "Missing parameter: one of key, reference")
        profile = self.profiles.find(source.key, key=key, reference=reference)
        if profile is None:
            raise Refusal(400, "Invalid parameters. Unable to find object: profile")
        return reply(200, "Profile's parsing", data=self._describe_parsing(profile))

    def _search(self, query: Pairs) -> Reply:
        texts = checks.check_query(query, ("source_keys", "stage", *_PAGING), ("source_keys",))
        if not self.may_search:
            raise Refusal(403, "Searching is not activated for this account")
        stage = checks.check_choice("stage", texts, checks.STAGES)
        found = [profile for profile in self._visible(texts) if stage in profile.stages]
        shown, meta = _page(found, texts)
        data = {"profiles": list(map(self._describe, shown))}
        return reply(200, "Profiles found", data=data, meta=meta)

    def _list_profiles(self, query: Pairs) -> Reply:
        known = ("source_keys", "key", "reference", "return_profile", *_PAGING)
        texts = checks.check_query(query, known, ("source_keys",))
        whole = checks.check_flag("return_profile", texts)
        found = [
            profile
            for profile in self._visible(texts)
            if texts.get("key", "") in ("", profile.key)
            and texts.get("reference", "") in ("", profile.reference)
        ]
        shown, meta = _page(found, texts)
        data = list(map(self._describe if whole else describe_dates, shown))
        return reply(200, "List of profiles", data=data, meta=meta)

    def _visible(self, texts: Mapping[str, str]) -> list[Profile]:
        keys = checks.check_keys("source_keys", texts["source_keys"])
        return self.profiles.visible({self._find_source(key).key for key in keys})

    def _get_source(self, query: Pairs) -> Reply:
        texts = checks.check_query(query, ("key",), ("key",))
        source = self._find_source(texts["key"])
        return reply(200, "Source", data=self._describe_source(source))

    def _list_sources(self, query: Pairs) -> Reply:
        texts = checks.check_query(query, _PAGING)
        found = [source for source in self.sources if source.key not in self.forbidden]
        shown, meta = _page(found, texts, sort_by=("date",))
        return reply(
            200, "List of sources", data=list(map(self._describe_source, shown)), meta=meta
        )

    def _describe_parsing(self, profile: Profile) -> dict[str, Any]:
        return describe_parsing(profile, self.profiles.reading(profile))

    def _describe(self, profile: Profile) -> dict[str, Any]:
        source = self._describe_source(self._find_source(profile.source_key))
        return describe_profile(profile, source, self.profiles.reading(profile))

    def _describe_source(self, source: Source) -> dict[str, Any]:
        flag = int if self.later else bool
        return {
            "key": source.key,
            "name": source.name,
            "type": "api",
            "subtype": "python",
            "environment": source.environment,
            "sync_parsing": flag(source.sync_parsing),
            "disable": flag(source.disable),
            "status": "disabled" if source.disable else "active",
            "archived_at": source.archived_at or None,
        }


def _check_file(upload: Upload) -> None:
    if not upload.has_file:
        raise Refusal(400, "Missing field: file")
    if not upload.file_name:
        raise Refusal(400, "Invalid field file: it has no file name")
    if not upload.size:
        raise Refusal(400, "Invalid field file: it is empty")


def _page(
    items: list[_Item],
    texts: Mapping[str, str],
    *,
    sort_by: tuple[str, ...] = ("created_at", "updated_at"),
) -> tuple[list[_Item], dict[str, int]]:
    """Return a page of ``items``, which come oldest first, and what says which page it is."""
    checks.check_choice("sort_by", texts, sort_by)
    if checks.check_choice("order_by", texts, ("desc", "asc")) == "desc":
        items.reverse()
    page = checks.check_count("page", texts, default=1, most=10**6)
    limit = checks.check_count("limit", texts, default=_MAX_LIMIT, most=_MAX_LIMIT)
    shown = items[(page - 1) * limit : page * limit]
    meta = {
        "page": page,
        "maxPage": max(1, ceil(len(items) / limit)),
        "count": len(shown),
        "total": len(items),
    }
    return shown, meta
