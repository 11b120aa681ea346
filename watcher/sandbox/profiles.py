"""The profiles that a sandbox holds. A profile is visible from its ``visible_at`` on."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from watcher.sandbox.reading import Reading, read_document
from watcher.sandbox.uploads import MAX_KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.sandbox.checks import Form, References, Source
    from watcher.sandbox.uploads import Upload

#: Bytes of documents that nobody has asked for yet; beyond, the oldest are read at once.
MAX_UNREAD: Final = 256_000_000


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile. Times are seconds since 1970 by the sandbox's clock.

    ``parses`` is how often a document was parsed for it: each beyond the first was sent again
    under a reference that was known already.
    """

    key: str
    source_key: str
    reference: str
    file_name: str
    content_type: str
    size: int
    sha256: str
    created_at: str
    tags: tuple[dict[str, Any], ...]
    labels: tuple[dict[str, Any], ...]
    metadatas: tuple[dict[str, Any], ...]
    received_at: float
    visible_at: float
    parses: int = 1

    @property
    def stages(self) -> frozenset[str]:
        """Where it stands in recruiters' processes: at "new" where nobody has said anything."""
        return frozenset(label.get("stage", "new") for label in self.labels) or frozenset({"new"})


def make_profile(form: Form, upload: Upload, now: float, visible_at: float, nth: int) -> Profile:
    """The profile of an upload; its key follows from source, reference, content and ``nth``."""
    identity = "\n".join((form.source_key, form.reference, upload.sha256, str(nth)))
    return Profile(
        key=hashlib.sha1(identity.encode(), usedforsecurity=False).hexdigest(),
        source_key=form.source_key,
        reference=form.reference,
        file_name=upload.file_name,
        content_type=form.content_type or upload.content_type,
        size=upload.size,
        sha256=upload.sha256,
        created_at=form.created_at or datetime.fromtimestamp(now, UTC).isoformat(),
        tags=form.tags,
        labels=form.labels,
        metadatas=form.metadatas,
        received_at=now,
        visible_at=visible_at,
    )


class Profiles:
    """All profiles of a sandbox; every method may be called from any thread.

    Documents are read when somebody asks for what is in them: an upload has no time for that.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        data_dir: str | None = None,
        *,
        max_unread: int = MAX_UNREAD,
    ) -> None:
        self._max_unread = max_unread
        self._clock = clock
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._reading_lock = threading.Lock()  # taken before the other one, never after
        self._by_key: dict[str, Profile] = {}
        self._by_reference: dict[tuple[str, str], list[Profile]] = {}
        self._unread: dict[str, bytes] = {}
        self._unread_size = 0
        self._readings: dict[str, Reading] = {}
        self._parses: Counter[str] = Counter()

    def all(self) -> tuple[Profile, ...]:
        """Every profile in the order they came, visible or not."""
        with self._lock:
            return tuple(self._by_key.values())

    def add(
        self, form: Form, upload: Upload, visible_after: float, references: References
    ) -> Profile | None:
        """Keep an upload's profile; None if a reference that its source has is refused."""
        with self._lock:
            now = self._clock()
            same = self._by_reference.setdefault((form.source_key, form.reference), [])
            if form.reference and _is_taken(same, references, now):
                return None
            self._parses[upload.sha256] += 1
            profile = make_profile(form, upload, now, now + visible_after, len(same))
            if references == "update" and form.reference and same:
                profile = _parsed_again(same.pop(), profile)
                self._unread_size -= len(self._unread.pop(profile.key, b""))
                self._readings.pop(profile.key, None)
            same.append(profile)
            self._by_key[profile.key] = profile
            if upload.content is not None:
                self._unread[profile.key] = upload.content
                self._unread_size += len(upload.content)
        if upload.path:
            self._store(profile, upload)
        self._catch_up()
        return profile

    def now(self) -> float:
        """The time by the sandbox's clock."""
        return self._clock()

    def parses(self) -> dict[str, int]:
        """How often each content was parsed, by its SHA-256; more than once was for nothing."""
        with self._lock:
            return dict(self._parses)

    def read_apart(self, form: Form, upload: Upload) -> tuple[Profile, Reading]:
        """An upload's profile and what stands in its document, without keeping either."""
        content = upload.content or b""
        if upload.path and upload.size <= MAX_KEPT:
            content = _read_file(upload.path)
        upload.discard()
        with self._lock:
            self._parses[upload.sha256] += 1
        now = self._clock()
        return make_profile(form, upload, now, now, 0), read_document(content)

    def find(self, source_key: str, *, key: str = "", reference: str = "") -> Profile | None:
        """The first visible profile of a source with this key or this reference."""
        with self._lock:
            by_key = [self._by_key[key]] if key in self._by_key else []
            found = by_key if key else self._by_reference.get((source_key, reference), [])
            visible = (profile for profile in found if self._is_visible(profile))
            return next((p for p in visible if p.source_key == source_key), None)

    def find_email(self, source_key: str, email: str) -> Profile | None:
        """The first visible profile of a source in whose document this email stands."""
        profiles = self.visible([source_key])
        return next((p for p in profiles if self.reading(p).email == email), None)

    def visible(self, source_keys: Sequence[str]) -> list[Profile]:
        """The visible profiles of some sources, the oldest first."""
        return [p for p in self.all() if p.source_key in source_keys and self._is_visible(p)]

    def reading(self, profile: Profile) -> Reading:
        """What stands in a profile's document."""
        with self._reading_lock:
            known = self._readings.get(profile.key)
            if known is None:
                content = self._content(profile)
                known = self._readings[profile.key] = (
                    read_document(content) if content else Reading()
                )
            return known

    def _is_visible(self, profile: Profile) -> bool:
        return profile.visible_at <= self._clock()

    def _content(self, profile: Profile) -> bytes:
        """A document's content, b"" if it was too large to be kept."""
        with self._lock:
            content = self._unread.pop(profile.key, b"")
            self._unread_size -= len(content)
        if not self._data_dir or profile.size > MAX_KEPT:
            return content
        return _read_file(self._path(profile))

    def _catch_up(self) -> None:
        while self._unread_size > self._max_unread:
            with self._lock:
                oldest = next((self._by_key[key] for key in self._unread), None)
            if oldest is None:
                return
            self.reading(oldest)

    def _store(self, profile: Profile, upload: Upload) -> None:
        os.replace(upload.path, self._path(profile))
        upload.path = ""
        with open(self._path(profile) + ".json", "w", encoding="utf-8") as handle:
            json.dump(asdict(profile), handle, ensure_ascii=False, indent=1)

    def _path(self, profile: Profile) -> str:
        return os.path.join(self._data_dir or "", profile.key)


def _read_file(path: str) -> bytes:
    with open(path, "rb") as handle:
        return handle.read()


def _is_taken(same: Sequence[Profile], references: References, now: float) -> bool:
    if references in ("never", "update"):
        return False
    return any(references == "at_once" or profile.visible_at <= now for profile in same)


def _parsed_again(before: Profile, after: Profile) -> Profile:
    """The profile ``before`` once what became ``after`` was parsed for it: it stays visible.

    Tags are settable at creation only, as later pages have it.
    """
    return replace(
        after,
        key=before.key,
        tags=before.tags,
        visible_at=min(before.visible_at, after.visible_at),
        parses=before.parses + 1,
    )


def describe_parsing(profile: Profile, reading: Reading) -> dict[str, Any]:
    """``data`` of ``GET /profile/parsing``."""
    return {
        "key": profile.key,
        "reference": profile.reference,
        "file_name": profile.file_name,
        "content_type": profile.content_type,
        "persons": [{"full_name": reading.name}] if reading.name else [],
        "emails": [reading.email] if reading.email else [],
        "phones": [reading.phone] if reading.phone else [],
        "total_pages": reading.total_pages,
        "processed_pages": reading.processed_pages,
    }


def describe_profile(profile: Profile, source: Source, reading: Reading) -> dict[str, Any]:
    """``data`` of ``GET /profile/indexing``, and what a search lists."""
    first, _, last = reading.name.rpartition(" ")
    return {
        "key": profile.key,
        "reference": profile.reference,
        "source_key": source.key,
        "source": describe_source(source),
        "created_at": profile.created_at,
        "updated_at": datetime.fromtimestamp(profile.visible_at, UTC).isoformat(),
        "info": {
            "full_name": reading.name,
            "first_name": first,
            "last_name": last,
            "email": reading.email,
            "phone": reading.phone,
        },
        "tags": profile.tags,
        "labels": profile.labels,
        "metadatas": profile.metadatas,
        "attachments": [
            {
                "type": "resume",
                "alt": "resume",
                "file_name": f"{profile.key}{os.path.splitext(profile.file_name)[1]}",
                "original_file_name": profile.file_name,
                "file_size": str(profile.size),
                "created_at": datetime.fromtimestamp(profile.received_at, UTC).isoformat(),
            }
        ],
    }


def describe_dates(profile: Profile) -> dict[str, Any]:
    """What a list of stored profiles holds unless whole ones are asked for."""
    return {
        "key": profile.key,
        "reference": profile.reference,
        "created_at": profile.created_at,
        "updated_at": datetime.fromtimestamp(profile.visible_at, UTC).isoformat(),
    }


def describe_source(source: Source, flag: Callable[[bool], int] = bool) -> dict[str, Any]:
    """``data`` of ``GET /source``; ``flag`` makes of a boolean what stands in the answer."""
    return {
        "key": source.key,
        "name": source.name,
        "type": source.type,
        "subtype": source.subtype,
        "environment": source.environment,
        "sync_parsing": flag(source.sync_parsing),
        "disable": flag(source.disable),
        "status": "disabled" if source.disable else "active",
        "archived_at": source.archived_at or None,
    }
