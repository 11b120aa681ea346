"""The endpoints: a request in, an answer out. Knows nothing of sockets."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import ceil
from typing import TYPE_CHECKING, Any, Final, TypeVar

from watcher.sandbox import checks
from watcher.sandbox.checks import Refusal
from watcher.sandbox.profiles import describe_parsing, describe_profile, describe_source
from watcher.sandbox.world import permission

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.sandbox.checks import Header
    from watcher.sandbox.profiles import Profile, Profiles
    from watcher.sandbox.uploads import Upload
    from watcher.sandbox.webhooks import Webhooks
    from watcher.sandbox.world import References, Source

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
    """An answer of the API's shape."""
    headers = more.pop("headers", ())
    return Reply(status, {"code": status, "message": message, **more}, headers)


@dataclass(slots=True)
class Api:
    """Answers requests out of a world and a store of profiles."""

    sources: Sequence[Source]
    keys: Sequence[str]
    email: str
    profiles: Profiles
    parse_seconds: float
    references: References = "at_once"
    #: Told of every profile that is parsed later and whose upload wants a webhook.
    webhooks: Webhooks | None = None
    #: Glob of file names that cannot be parsed: their profiles are never seen.
    unparsable: str = ""
    _handlers: Mapping[str, Callable[[Pairs], Reply]] = field(init=False)

    def __post_init__(self) -> None:
        self._handlers = {
            "/profile/parsing": self._get_parsing,
            "/profile/indexing": self._get_indexing,
            "/profiles/searching": self._search,
            "/source": self._get_source,
            "/sources": self._list_sources,
        }

    def look_up(self, method: str, path: str, query: Pairs, header: Header) -> Reply:
        """Everything but uploads."""
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
        """``POST /profile/parsing/file`` once its body has been read."""
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
            raise Refusal(400, "Invalid source fields")
        _check_file(upload)
        if form.sync_parsing and not source.sync_parsing:
            raise Refusal(400, "Sync parsing is not enabled for this source")
        return (
            self._parse_now(form, upload, source)
            if form.sync_parsing
            else self._queue(form, upload)
        )

    def _queue(self, form: checks.Form, upload: Upload) -> Reply:
        failed = bool(self.unparsable) and fnmatchcase(upload.file_name, self.unparsable)
        profile = self._add(form, upload, _NEVER if failed else self.parse_seconds)
        if self.webhooks and form.webhook_parsing_sending:
            at = profile.received_at + self.parse_seconds
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
        return next((source for source in self.sources if source.key == key), None)

    def _auth(self, key: str) -> Reply:
        data = {
            "team_name": "Sandbox",
            "team_subdomain": "sandbox",
            "api_key_permission": permission(key),
        }
        return reply(200, "Your API key is valid", data=data)

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
        sources = {
            key: self._source(key) for key in checks.check_keys("source_keys", texts["source_keys"])
        }
        if None in sources.values():
            raise Refusal(400, "Invalid parameters. Unable to find object: source")
        stage = checks.check_choice("stage", texts, checks.STAGES, "")
        checks.check_choice("sort_by", texts, checks.SORTS, "created_at")
        profiles = [
            profile
            for profile in self.profiles.visible(tuple(sources))
            if not stage or any(label.get("stage") == stage for label in profile.labels)
        ]
        shown, meta = _page(_order(profiles, texts), texts)
        found = [
            describe_profile(profile, source, self.profiles.reading(profile))
            for profile in shown
            if (source := sources[profile.source_key])
        ]
        return reply(200, "Profiles found", data={"profiles": found}, meta=meta)

    def _get_source(self, query: Pairs) -> Reply:
        source = self._source(checks.check_query(query, ("key",), ("key",))["key"])
        if source is None:
            raise Refusal(400, "Invalid parameters. Unable to find object: source")
        return reply(200, "Source", data=describe_source(source))

    def _list_sources(self, query: Pairs) -> Reply:
        texts = checks.check_query(query, ("name", "page", "limit", "sort_by", "order_by"))
        checks.check_choice("sort_by", texts, ("date", "name"), "date")
        wanted = texts.get("name", "").lower()
        found = [source for source in self.sources if wanted in source.name.lower()]
        shown, meta = _page(_order(found, texts), texts)
        return reply(200, "List of sources", data=list(map(describe_source, shown)), meta=meta)


def _check_file(upload: Upload) -> None:
    if not upload.files:
        raise Refusal(400, "Missing field: file")
    if not upload.file_name:
        raise Refusal(400, "Invalid field file: it has no file name")
    if not upload.size:
        raise Refusal(400, "Invalid field file: it is empty")


def _order(items: list[_Item], texts: Mapping[str, str]) -> list[_Item]:
    """The newest first unless ``order_by`` is "asc"; whatever it is sorted by, age decides here."""
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
