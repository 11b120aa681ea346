"""The profiles that a sandbox holds, and what is read in their documents."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import pypdf
from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from watcher.sandbox.checks import Form
    from watcher.sandbox.uploads import Upload

_log = logging.getLogger(__name__)
#: What is done with a reference that its source has already; see :mod:`watcher.sandbox`.
References = Literal["update", "at_once", "late", "never"]
#: Pages of a document that HrFlow parses.
MAX_PAGES: Final = 10
#: Bytes of all documents kept in memory to be read later; beyond, a file's name has to do.
_MAX_MEMORY: Final = 256_000_000
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
#: A line that may be a person's name: nothing but words.
_NAME: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'\u2019-]){1,59}")
#: What file names have beside a person's name.
_CV: Final = re.compile(r"\b(?:cv|resume|r\u00e9sum\u00e9|lebenslauf)\b", re.IGNORECASE)


class Reading(Struct, frozen=True):
    """What was read in a document."""

    name: str
    email: str = ""
    total_pages: int = 1

    @property
    def processed_pages(self) -> int:
        """How many of the pages are parsed."""
        return min(self.total_pages, MAX_PAGES)


def read_document(content: bytes, file_name: str) -> Reading:
    """Return the first line of a PDF or a text as the person's name, and the first email address.

    The name of any other file has to do.
    """
    text, pages = _read_pdf(content) if b"%PDF-" in content[:1024] else (_decode(content), 1)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    email = _EMAIL.search(text)
    return Reading(
        name=first if _NAME.fullmatch(first) else _name_of(file_name),
        email=email.group() if email else "",
        total_pages=pages,
    )


def _read_pdf(content: bytes) -> tuple[str, int]:
    """Return the text of the pages that are parsed, and how many pages there are."""
    try:
        pages = pypdf.PdfReader(io.BytesIO(content)).pages
        return "\n".join(page.extract_text() for page in pages[:MAX_PAGES]), len(pages)
    except Exception:  # noqa: BLE001 - a damaged PDF can raise anything
        _log.info("a PDF could not be read", exc_info=True)
        return "", 1


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:  # not a text
        return ""


def _name_of(file_name: str) -> str:
    """Return the person's name as a file's name has it: ``jane_doe-CV.pdf`` is "jane doe"."""
    words = re.sub(r"[\W_]+", " ", os.path.splitext(file_name)[0])
    return " ".join(_CV.sub("", words).split()) or file_name


class Profile(Struct, frozen=True):
    """One profile. Times are seconds since 1970 by the sandbox's clock.

    ``parses`` is how often a document was parsed for it: each beyond the first was sent again
    under a reference that was known already.
    """

    key: str
    form: Form
    file_name: str
    content_type: str
    size: int
    sha256: str
    received_at: float
    visible_at: float
    parses: int = 1

    @property
    def source_key(self) -> str:
        """The source that it is in."""
        return self.form.source_key

    @property
    def reference(self) -> str:
        """The reference that the upload gave it, "" for none."""
        return self.form.reference

    @property
    def created_at(self) -> str:
        """When the document was received, by its upload or else by the clock; ISO 8601."""
        return self.form.created_at or _iso(self.received_at)

    @property
    def stages(self) -> frozenset[str]:
        """The stages of its labels, "new" without any."""
        labels = self.form.labels
        return frozenset(label.get("stage", "new") for label in labels) or frozenset({"new"})


class Profiles:
    """All profiles of a sandbox; every method may be called from any thread.

    Documents are read when they are asked for: an upload has no time for that.
    """

    def __init__(self, clock: Callable[[], float], *, max_memory: int = _MAX_MEMORY) -> None:
        self._clock = clock
        self._max_memory = max_memory
        self._lock = threading.Lock()
        self._by_key: dict[str, Profile] = {}
        self._by_reference: dict[tuple[str, str], list[Profile]] = {}
        self._unread: dict[str, bytes] = {}
        self._unread_size = 0
        self._readings: dict[str, Reading] = {}
        self._parses: Counter[str] = Counter()

    def all(self) -> tuple[Profile, ...]:
        """Return every profile in the order they came, visible or not."""
        with self._lock:
            return tuple(self._by_key.values())

    def parses(self) -> dict[str, int]:
        """Return how often each content was parsed, by its SHA-256; more than once is needless."""
        with self._lock:
            return dict(self._parses)

    def add(
        self, form: Form, upload: Upload, visible_after: float, references: References
    ) -> Profile | None:
        """Keep an upload's profile; return None if a reference that its source has is refused."""
        with self._lock:
            now = self._clock()
            same = self._by_reference.setdefault((form.source_key, form.reference), [])
            if form.reference and _is_taken(same, references, now):
                return None
            self._parses[upload.sha256] += 1
            profile = _make_profile(form, upload, now, now + visible_after, len(same))
            if references == "update" and form.reference and same:
                profile = _parsed_again(same.pop(), profile)
                self._readings.pop(profile.key, None)
                self._take_content(profile)
            same.append(profile)
            self._by_key[profile.key] = profile
            if self._unread_size + len(upload.content) <= self._max_memory:
                self._unread[profile.key] = upload.content
                self._unread_size += len(upload.content)
            return profile

    def find(self, source_key: str, *, key: str = "", reference: str = "") -> Profile | None:
        """Return the first visible profile of a source with this key or this reference."""
        with self._lock:
            by_key = [self._by_key[key]] if key in self._by_key else []
            found = by_key if key else self._by_reference.get((source_key, reference), [])
            visible = (profile for profile in found if profile.visible_at <= self._clock())
            return next((p for p in visible if p.source_key == source_key), None)

    def visible(self, source_keys: Collection[str]) -> list[Profile]:
        """Return the visible profiles of some sources, the oldest first."""
        now = self._clock()
        return [p for p in self.all() if p.source_key in source_keys and p.visible_at <= now]

    def reading(self, profile: Profile) -> Reading:
        """Return what was read in a profile's document."""
        with self._lock:
            if profile.key not in self._readings:
                content = self._take_content(profile)
                self._readings[profile.key] = read_document(content, profile.file_name)
            return self._readings[profile.key]

    def _take_content(self, profile: Profile) -> bytes:
        """Return a document's content, b"" if it was not kept, and keep it no longer."""
        content = self._unread.pop(profile.key, b"")
        self._unread_size -= len(content)
        return content


def _make_profile(form: Form, upload: Upload, now: float, visible_at: float, nth: int) -> Profile:
    """Return the profile of an upload; its key derives from source, reference, content, ``nth``."""
    identity = "\n".join((form.source_key, form.reference, upload.sha256, str(nth)))
    return Profile(
        key=hashlib.sha1(identity.encode(), usedforsecurity=False).hexdigest(),
        form=form,
        file_name=upload.file_name,
        content_type=form.content_type or upload.content_type,
        size=upload.size,
        sha256=upload.sha256,
        received_at=now,
        visible_at=visible_at,
    )


def _is_taken(same: Sequence[Profile], references: References, now: float) -> bool:
    if references in ("never", "update"):
        return False
    return any(references == "at_once" or profile.visible_at <= now for profile in same)


def _parsed_again(before: Profile, after: Profile) -> Profile:
    """Return the profile ``before`` with the document of ``after`` parsed for it; it stays visible.

    Tags can be set at creation only, as later pages have it.
    """
    return replace(
        after,
        key=before.key,
        form=replace(after.form, tags=before.form.tags),
        visible_at=min(before.visible_at, after.visible_at),
        parses=before.parses + 1,
    )


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


def describe_parsing(profile: Profile, reading: Reading) -> dict[str, Any]:
    """Return ``data`` of ``GET /profile/parsing``."""
    return {
        "key": profile.key,
        "reference": profile.reference,
        "file_name": profile.file_name,
        "content_type": profile.content_type,
        "persons": [{"full_name": reading.name}],
        "emails": [reading.email] if reading.email else [],
        "phones": [],
        "total_pages": reading.total_pages,
        "processed_pages": reading.processed_pages,
    }


def describe_profile(profile: Profile, source: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """Return a whole profile, as a search lists it; ``source`` is what describes its source."""
    first, _, last = reading.name.rpartition(" ")
    return {
        **describe_dates(profile),
        "source_key": profile.source_key,
        "source": source,
        "info": {
            "full_name": reading.name,
            "first_name": first,
            "last_name": last,
            "email": reading.email,
        },
        "tags": profile.form.tags,
        "labels": profile.form.labels,
        "metadatas": profile.form.metadatas,
        "attachments": [
            {
                "type": "resume",
                "alt": "resume",
                "file_name": f"{profile.key}{os.path.splitext(profile.file_name)[1]}",
                "original_file_name": profile.file_name,
                "file_size": str(profile.size),
                "created_at": _iso(profile.received_at),
            }
        ],
    }


def describe_dates(profile: Profile) -> dict[str, Any]:
    """Return an entry of a list of stored profiles, unless whole ones are asked for."""
    return {
        "key": profile.key,
        "reference": profile.reference,
        "created_at": profile.created_at,
        "updated_at": _iso(profile.visible_at),
    }
