"""The requests to HrFlow for one account."""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import requests
from urllib3.exceptions import HTTPError

from watcher.hrflow.answers import (
    PAGE_LIMIT,
    Answer,
    finding,
    profile_page,
    source_facts,
    upload_outcome,
)
from watcher.hrflow.body import AlteredError, FormBody, UnreadableError
from watcher.hrflow.transport import Exchange, failure
from watcher.model.errors import CredentialError
from watcher.model.kinds import Cause
from watcher.model.uploads import Altered, Converted, Held, Unknown, Unreadable, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.model.settings import Account
    from watcher.model.uploads import Finding, Job, Outcome, ProfilePage, Search, SourceFacts


_Read = TypeVar("_Read")


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

    def find(self, source_key: str, reference: str) -> Finding:
        """Ask whether HrFlow has a profile with this reference. May be called at any time."""
        parameters = {"source_key": source_key, "reference": reference}
        return self._ask("/profile/parsing", parameters, finding)

    def search(self, source_key: str, search: Search) -> ProfilePage | Unknown | Unreadable | Wait:
        """Return one page of a source's profiles, as ``search`` says. May be called at any time."""
        parameters = {
            "source_keys": json.dumps([source_key]),
            "page": str(search.page),
            "limit": str(PAGE_LIMIT),
            "sort_by": "updated_at" if search.by_update else "created_at",
            "order_by": "desc",
        }
        if search.stage:
            path, parameters["stage"] = "/profiles/searching", search.stage
        else:
            path, parameters["return_profile"] = "/storing/profiles", "True"  # as the SDK writes it
            if search.reference:
                parameters["reference"] = search.reference
        return self._ask(path, parameters, partial(profile_page, page=search.page))

    def describe(self, source_key: str) -> SourceFacts | Unknown | Unreadable | Wait:
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
