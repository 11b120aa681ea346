"""The endpoints: a request in, an answer out. Nothing of sockets."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import ceil
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args

from watcher.sandbox import checks
from watcher.sandbox.checks import Refusal
from watcher.sandbox.profiles import (
    describe_dates,
    describe_parsing,
    describe_profile,
    describe_source,
)
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
Pairs = list[tuple[str, str]]
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Reply:
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


@dataclass(slots=True)
class Api:
    """Answers requests from the sources and profiles of an account."""

    sources: Sequence[Source]
    keys: Sequence[str]
    email: str
    profiles: Profiles
    #: Told of every profile that is parsed later and whose upload wants a webhook.
    webhooks: Webhooks
    parse_seconds: float
    references: References = "update"
    #: The words for a source that is not there; the documents have two.
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
    _handlers: Mapping[str, Callable[[Pairs], Reply]] = field(init=False)

    def __post_init__(self) -> None:
        self._handlers = {
            "/profile/parsing": self._get_parsing,
            "/profile/indexing": self._get_indexing,
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
            return reply(refusal.status, refusal.message)

    def upload(self, upload: Upload, header: Header) -> Reply:
        """Answer ``POST /profile/parsing/file`` once its body has been read."""
        try:
            checks.check_access(header, "write", self.keys, self.email)
            return self._upload(upload)
        except Refusal as refusal:
            return reply(refusal.status, refusal.message)

    def _upload(self, upload: Upload) -> Reply:
        if upload.error:
            raise Refusal(400, f"Invalid form data: {upload.error}")
        form = checks.check_form(upload.fields)
        source = self._source(form.source_key)
        if source is None:
            raise Refusal(400, self.unknown_source)
        _check_file(upload)
        if self.over_quota:
            raise Refusal(402, "Payment required. The quota of your plan is exceeded")
        if source.disable or source.archived_at:
            raise Refusal(400, "Invalid source fields")
        if form.sync_parsing and not source.sync_parsing:
            raise Refusal(400, "Sync parsing is not enabled for this source")
        if form.sync_parsing or source.always_sync:
            return self._parse_now(form, upload, source)
        return self._queue(form, upload)

    def _queue(self, form: checks.Form, upload: Upload) -> Reply:
        failed = bool(self.unparsable) and fnmatchcase(upload.file_name, self.unparsable)
        profile = self._add(form, upload, _NEVER if failed else self.parse_seconds)
        if form.webhook_parsing_sending:
            at = self.profiles.now() + self.parse_seconds
            self.webhooks.announce(profile, at, failed=failed)
        message = "Your profile as been sent successfully to the Parsing Queue."
        return reply(202, message, data=[])

    def _parse_now(self, form: checks.Form, upload: Upload, source: Source) -> Reply:
        if form.sync_parsing_indexing:
            profile = self._add(form, upload, 0.0)
            reading = self.profiles.reading(profile)
        else:
            profile, reading = self.profiles.read_apart(form, upload)
        data = {
            "parsing": describe_parsing(profile, reading),
            "profile": describe_profile(profile, source, reading),
        }
        message = "Profile parsed successfully. Profile extraction finished : 0.0 seconds."
        return reply(201, message, data=data)

    def _add(self, form: checks.Form, upload: Upload, visible_after: float) -> Profile:
        profile = self.profiles.add(form, upload, visible_after, self.references)
        if profile is None:
            raise Refusal(
                400, f"Invalid reference: {form.reference} is already used in this source"
            )
        return profile

    def _source(self, key: str) -> Source | None:
        """Return the source with a key, None if there is none; Refusal if it may not be used."""
        if key in self.forbidden:
            raise Refusal(401, f"Unauthorized Access to source key: {key}")
        return next((source for source in self.sources if source.key == key), None)

    def _auth(self, key: str) -> Reply:
        name = "api_secret_permission" if self.later else "api_key_permission"
        data = {"team_name": "Sandbox", "team_subdomain": "sandbox", name: permission(key)}
        return reply(200, "Your API key is valid", data=data)

    def _describe(self, source: Source) -> dict[str, Any]:
        return describe_source(source, flag=int if self.later else bool)

    def _get_parsing(self, query: Pairs) -> Reply:
        profile, _ = self._find(query, ("source_key", "key", "reference", "profile_email"))
        data = describe_parsing(profile, self.profiles.reading(profile))
        return reply(200, "Profile's parsing", data=data)

    def _get_indexing(self, query: Pairs) -> Reply:
        profile, source = self._find(query, ("source_key", "key", "reference"))
        data = describe_profile(profile, source, self.profiles.reading(profile))
        return reply(200, "Profile's indexing", data=data)

    def _find(self, query: Pairs, known: tuple[str, ...]) -> tuple[Profile, Source]:
        texts = checks.check_query(query, known, ("source_key",))
        source = self._source(texts["source_key"])
        if source is None:
            raise Refusal(400, "Invalid parameters. Unable to find object: source")
        if not any(texts.get(name) for name in known[1:]):
            raise Refusal(400, f"Missing parameter: one of {', '.join(known[1:])}")
        profile = self._find_by(texts, source)
        if profile is None:
            raise Refusal(400, "Invalid parameters. Unable to find object: profile")
        return profile, source

    def _find_by(self, texts: Mapping[str, str], source: Source) -> Profile | None:
        if texts.get("key"):
            return self.profiles.find(source.key, key=texts["key"])
        if texts.get("reference"):
            return self.profiles.find(source.key, reference=texts["reference"])
        return self.profiles.find_email(source.key, texts["profile_email"])

    def _search(self, query: Pairs) -> Reply:
        known = ("source_keys", "stage", "page", "limit", "sort_by", "order_by")
        texts = checks.check_query(query, known, ("source_keys",))
        if not self.may_search:
            raise Refusal(403, "Searching is not activated for this account")
        sources = self._sources(texts)
        stage = checks.check_choice("stage", texts, checks.STAGES, checks.STAGES[0])
        checks.check_choice("sort_by", texts, checks.SORTS, "created_at")
        profiles = [
            profile for profile in self.profiles.visible(tuple(sources)) if stage in profile.stages
        ]
        shown, meta = _page(_order(profiles, texts), texts)
        found = [self._describe_whole(profile, sources) for profile in shown]
        return reply(200, "Profiles found", data={"profiles": found}, meta=meta)

    def _list_profiles(self, query: Pairs) -> Reply:
        known = (
            "source_keys", "name", "key", "reference", "return_profile", "page", "limit",
            "order_by", "sort_by", "created_at_min", "created_at_max",
        )  # fmt: skip
        texts = checks.check_query(query, known, ("source_keys",))
        sources = self._sources(texts)
        checks.check_choice("sort_by", texts, ("created_at", "updated_at"), "created_at")
        whole = checks.check_flag("return_profile", texts)
        first = checks.check_day("created_at_min", texts)
        last = checks.check_day("created_at_max", texts)
        profiles = [
            profile
            for profile in self.profiles.visible(tuple(sources))
            if texts.get("key", "") in ("", profile.key)
            and texts.get("reference", "") in ("", profile.reference)
            and first <= profile.created_at
            and (not last or profile.created_at[: len(last)] <= last)
            and texts.get("name", "").lower() in self._name(profile, texts)
        ]
        shown, meta = _page(_order(profiles, texts), texts)
        found = [
            self._describe_whole(profile, sources) if whole else describe_dates(profile)
            for profile in shown
        ]
        return reply(200, "List of profiles", data=found, meta=meta)

    def _name(self, profile: Profile, texts: Mapping[str, str]) -> str:
        """Return a profile's name in lower case, "" unless the query asks for a name."""
        return self.profiles.reading(profile).name.lower() if texts.get("name") else ""

    def _sources(self, texts: Mapping[str, str]) -> dict[str, Source]:
        found = {}
        for key in checks.check_keys("source_keys", texts["source_keys"]):
            source = self._source(key)
            if source is None:
                raise Refusal(400, UNKNOWN_SOURCES[1])
            found[key] = source
        return found

    def _describe_whole(self, profile: Profile, sources: Mapping[str, Source]) -> dict[str, Any]:
        source = sources[profile.source_key]
        described = describe_profile(profile, source, self.profiles.reading(profile))
        return {**described, "source": self._describe(source)}

    def _get_source(self, query: Pairs) -> Reply:
        source = self._source(checks.check_query(query, ("key",), ("key",))["key"])
        if source is None:
            raise Refusal(400, "Invalid parameters. Unable to find object: source")
        return reply(200, "Source", data=self._describe(source))

    def _list_sources(self, query: Pairs) -> Reply:
        texts = checks.check_query(query, ("name", "page", "limit", "sort_by", "order_by"))
        checks.check_choice("sort_by", texts, ("date", "name"), "date")
        wanted = texts.get("name", "").lower()
        found = [
            source
            for source in self.sources
            if wanted in source.name.lower() and source.key not in self.forbidden
        ]
        shown, meta = _page(_order(found, texts), texts)
        return reply(200, "List of sources", data=list(map(self._describe, shown)), meta=meta)


def _check_file(upload: Upload) -> None:
    if not upload.files:
        raise Refusal(400, "Missing field: file")
    if not upload.file_name:
        raise Refusal(400, "Invalid field file: it has no file name")
    if not upload.size:
        raise Refusal(400, "Invalid field file: it is empty")


def _order(items: list[_Item], texts: Mapping[str, str]) -> list[_Item]:
    """Return the newest first unless ``order_by`` is "asc"; only the age is sorted by here."""
    order = checks.check_choice("order_by", texts, ("asc", "desc"), "desc")
    return items if order == "asc" else items[::-1]


def _page(items: list[_Item], texts: Mapping[str, str]) -> tuple[list[_Item], dict[str, int]]:
    page, limit = checks.check_page(texts)
    shown = items[(page - 1) * limit : page * limit]
    meta = {
        "page": page,
        "maxPage": max(1, ceil(len(items) / limit)),
        "count": len(shown),
        "total": len(items),
    }
    return shown, meta
