"""The requests to HrFlow for one account: uploads and their results, and the questions of setup.

Facts from the API's documentation: ``GET /auth`` gives ``team_name`` and ``api_key_permission`` (or
``api_secret_permission``), ``GET /sources`` a list and ``meta.maxPage``, ``GET /source`` a single
one. A write-only key gets 401 for all of them, which says nothing about its uploads.
"""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import requests
from msgspec import Struct
from urllib3.exceptions import HTTPError

from watcher.hrflow.answers import (
    PAGE_LIMIT,
    Answer,
    finding,
    http_date,
    names_source,
    page_count,
    profile_page,
    quote,
    read_answer,
    read_flag,
    read_list,
    read_table,
    read_text,
    source_facts,
    upload_outcome,
)
from watcher.hrflow.body import AlteredError, FormBody, UnreadableError
from watcher.hrflow.transport import Exchange, failure
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import CredentialError, OfflineError, UnusableError
from watcher.model.kinds import Cause
from watcher.model.uploads import Altered, Converted, Held, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.hrflow.answers import Reading
    from watcher.model.settings import Account
    from watcher.model.uploads import Job, Outcome, PageAnswer, ProfileAnswer, Search, SourceAnswer


_Read = TypeVar("_Read")

#: Pages of a list of sources that are asked for at the most.
_MOST_PAGES: Final = 300
_CHECK: Final = msg("Check the network, the proxy and api_url, then try again.")


class Throttle:
    """Limits the bytes a second over all uploads of an account; 0 for no limit."""

    def __init__(self, rate: int, tick: Callable[[], float], stop: threading.Event) -> None:
        """``tick`` returns monotonic seconds; setting ``stop`` ends all waiting."""
        self._rate = rate
        self._tick = tick
        self._stop = stop
        self._lock = threading.Lock()
        self._free_at = 0.0

    def __call__(self, size: int) -> None:
        """Wait until ``size`` more bytes may be sent."""
        if not self._rate:
            return
        with self._lock:
            now = self._tick()
            start = max(now, self._free_at)
            self._free_at = start + size / self._rate
        self._stop.wait(start - now)


class Client:
    """Uploads and look-ups for one account; may be used by several threads at once.

    Nothing is retried here: an automatic retry would send a file twice without the journal knowing.
    ``key`` returns the API key or raises CredentialError, ``wall`` seconds since 1970.
    """

    def __init__(
        self,
        account: Account,
        key: Callable[[], str],
        *,
        wall: Callable[[], float],
        tick: Callable[[], float],
        stop: threading.Event,
    ) -> None:
        self._account = account
        self._key = key
        self._wall = wall
        self._tick = tick
        self._throttle = Throttle(account.max_upload_rate, tick, stop)
        self._exchange = Exchange(account, tick)

    def close(self) -> None:
        """Close all connections."""
        self._exchange.close()

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file, read from the start of ``handle``.

        May be called again for the same job: the server recognizes it by its reference.
        """
        try:
            secret = self._key()
        except CredentialError as error:
            return Held(Cause.CREDENTIAL, error.message)
        content = job.converted or Converted(job.stat.size, job.sha256, job.media_type)
        body = FormBody(
            job.fields,
            handle,
            size=content.size,
            sha256=content.sha256,
            file_name=job.file_name,
            media_type=content.media_type,
            throttle=self._throttle,
        )
        try:
            answer = self._exchange.send("POST", "/profile/parsing/file", secret, body=body)
        except AlteredError as error:
            return Altered(error.why)
        except UnreadableError as error:
            return Wait(error.why)
        except (requests.RequestException, HTTPError, OSError) as error:
            return failure(error, handed_out=body.handed_out)
        return upload_outcome(
            answer,
            self._wall(),
            secret=secret,
            derived_reference=job.sha256 in job.reference,
            sync=("sync_parsing", "1") in job.fields,
            sent=body.handed_out,
        )

    def find(self, source_key: str, reference: str) -> ProfileAnswer:
        """Ask whether HrFlow has a profile with this reference. May be called at any time."""
        parameters = {"source_key": source_key, "reference": reference}
        return self._ask("/profile/parsing", parameters, finding)

    def search(self, source_key: str, search: Search) -> PageAnswer:
        """Return one page of a source's profiles, as ``search`` says. May be called at any time."""
        parameters = {
            "source_keys": json.dumps([source_key]),
            "page": str(search.page),
            "limit": str(PAGE_LIMIT),
            "sort_by": "updated_at" if search.by_update else "created_at",
            "order_by": "desc",
        }
        if search.label_stage:
            path, parameters["stage"] = "/profiles/searching", search.label_stage
        else:
            path, parameters["return_profile"] = "/storing/profiles", "True"  # as the SDK writes it
            if search.reference:
                parameters["reference"] = search.reference
        return self._ask(path, parameters, partial(profile_page, page=search.page))

    def describe(self, source_key: str) -> SourceAnswer:
        """Return what HrFlow says about a source. May be called at any time."""
        return self._ask("/source", {"key": source_key}, source_facts)

    def _ask(
        self, path: str, parameters: dict[str, str], read: Callable[..., _Read]
    ) -> _Read | Wait:
        """Send a GET request; ``read`` turns the answer into what it means."""
        try:
            secret = self._key()
            answer: Answer = self._exchange.send("GET", path, secret, parameters)
        except CredentialError as error:
            return Wait(error.message)
        except (requests.RequestException, HTTPError, OSError) as error:
            outcome = failure(error, handed_out=False)
            # The text of an exception may quote the key, so it is not shown.
            return outcome if isinstance(outcome, Wait) else Wait(outcome.why, offline=True)
        return read(answer, self._wall(), secret=secret)


# -- the questions of setup


class NoAccessError(UnusableError):
    """The key is valid, but has no access to what is asked for."""


class RefusedKeyError(CredentialError):
    """HrFlow rejected the key for this request; a write-only key may not ask anything.

    ``server_time`` is that of :class:`Access`.
    """

    server_time: float | None = None


class Access(Struct, frozen=True):
    """What a key may do: ``permission`` is "all", "write", "read" or as HrFlow calls it.

    ``server_time``: seconds since 1970 by the server's clock (header ``Date``), None if unknown.
    """

    team: str
    permission: str
    server_time: float | None


class Source(Struct, frozen=True):
    """A source of profiles; ``sync_parsing``: it allows synchronous parsing.

    A disabled or archived one may refuse uploads, and uploads to the test environment are not
    among the real candidates.
    """

    key: str
    name: str
    sync_parsing: bool
    is_disabled: bool = False
    is_archived: bool = False
    is_test: bool = False

    @property
    def note(self) -> Message:
        """A remark shown beside its name, NOTHING for an ordinary source."""
        if self.is_archived:
            return msg("archived in HrFlow")
        if self.is_disabled:
            return msg("disabled in HrFlow")
        return msg("test environment") if self.is_test else NOTHING


class Inquiry:
    """Questions about one account; each makes one request (one for each page of a list).

    Each raises RefusedKeyError (the key is wrong or may not read), OfflineError (no answer from
    HrFlow) or UnusableError (what is asked for does not exist).
    """

    def __init__(self, account: Account, secret: str, tick: Callable[[], float]) -> None:
        self._secret = secret
        self._exchange = Exchange(account, tick)

    def close(self) -> None:
        """Close the connection."""
        self._exchange.close()

    def access(self) -> Access:
        """Return what the key may do."""
        answer = self._send("/auth", {})
        data = read_table(self._read(answer).data)
        return Access(
            read_text(data.get("team_name")),
            read_text(data.get("api_key_permission") or data.get("api_secret_permission")),
            http_date(answer.headers.get("date", "")),
        )

    def sources(self) -> tuple[Source, ...]:
        """Return all sources that the key may see, sorted by name."""
        found: dict[str, Source] = {}
        for page in range(1, _MOST_PAGES + 1):
            parameters = {"page": str(page), "limit": str(PAGE_LIMIT)}
            reading = self._read(self._send("/sources", parameters))
            listed = {source.key: source for source in _sources(reading.data)}
            is_new = not listed.keys() <= found.keys()
            found.update(listed)
            if page >= page_count(reading.meta, page, len(listed)) or not is_new:
                break
        return tuple(sorted(found.values(), key=lambda source: source.name.casefold()))

    def source(self, key: str) -> Source:
        """Return the source with this key; UnusableError if there is none."""
        found = _sources([self._read(self._send("/source", {"key": key})).data])
        if not found:
            raise OfflineError(
                msg("HrFlow sent an unexpected answer instead of a source."),
                msg("Try again later."),
            )
        return found[0]

    def _send(self, path: str, parameters: dict[str, str]) -> Answer:
        try:
            return self._exchange.send("GET", path, self._secret, parameters)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise OfflineError(
                failure(error, handed_out=False).why,
                _CHECK,
            ) from error

    def _read(self, answer: Answer) -> Reading:
        reading = read_answer(answer, secret=self._secret)
        if isinstance(reading, Wait):
            raise OfflineError(reading.why, _CHECK)
        answered = msg(
            "HrFlow answered {code}: {reason}.", code=reading.code, reason=quote(reading.message)
        )
        if reading.code in (401, 403) and names_source(reading.code, reading.message):
            raise NoAccessError(answered)
        if reading.code == 402:
            raise UnusableError(
                msg("Your HrFlow plan's quota is used up."),
                msg(
                    "Uploads wait until the quota is renewed or raised. Check your plan in HrFlow."
                ),
            )
        if reading.code in (401, 403):
            refused = RefusedKeyError(
                msg("HrFlow rejected this key: {reason}.", reason=quote(reading.message)),
                msg("Check the email and the key in HrFlow under Settings > API keys."),
            )
            refused.server_time = http_date(answer.headers.get("date", ""))
            raise refused
        if not 200 <= reading.code < 300:
            raise UnusableError(answered)
        return reading


def _sources(data: Any) -> list[Source]:
    return [
        Source(
            source["key"],
            read_text(source.get("name")),
            read_flag(source.get("sync_parsing")) is True,
            is_disabled=read_flag(source.get("disable")) is True
            or read_text(source.get("status")).lower() in ("disabled", "inactive"),
            is_archived=bool(source.get("archived_at"))
            or read_text(source.get("status")).lower() == "archived",
            is_test=read_text(source.get("environment")).lower() in ("test", "sandbox"),
        )
        for source in read_list(data)
        if isinstance(source, dict) and isinstance(source.get("key"), str)
    ]
