"""The requests that are made to HrFlow for one account."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, BinaryIO

import requests
from urllib3.exceptions import HTTPError

from watcher.answers import finding, upload_outcome
from watcher.errors import CredentialError
from watcher.hrflow.body import AlteredError, FormBody, UnreadableError
from watcher.hrflow.exchange import Exchange
from watcher.hrflow.failures import failure
from watcher.model import Accepted, Altered, Cause, Held, Parsed, Uncertain, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.model import Finding, Job, Outcome
    from watcher.settings import Account


class Throttle:
    """Bytes a second over all uploads of an account; 0 lets everything pass at once."""

    def __init__(self, rate: int, tick: Callable[[], float], stop: threading.Event) -> None:
        """``tick`` gives seconds that never go back; a set ``stop`` ends all waiting."""
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

    Nothing is retried in here: an automatic retry would send a file twice behind the journal's
    back. ``key`` gives the API key or raises CredentialError; ``wall`` seconds since 1970.
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

        May be called again for the same job: its reference tells the server that it is the same.
        """
        try:
            secret = self._key()
        except CredentialError as error:
            return Held(Cause.CREDENTIAL, str(error))
        body = FormBody(
            job.fields,
            handle,
            size=job.stat.size,
            sha256=job.sha256,
            file_name=job.file_name,
            media_type=job.media_type,
            throttle=self._throttle,
        )
        try:
            answer = self._exchange.send("POST", "/profile/parsing/file", secret, body=body)
        except AlteredError as error:
            return Altered(str(error))
        except UnreadableError as error:
            return Wait(str(error))
        except (requests.RequestException, HTTPError, OSError) as error:
            return failure(error, handed_out=body.handed_out)
        if not answer.complete:
            return Uncertain("The answer has no end. It may have arrived.")
        outcome = upload_outcome(
            answer,
            self._wall(),
            secret=secret,
            derived_reference=job.sha256 in job.reference,
        )
        if isinstance(outcome, Accepted | Parsed) and not body.handed_out:
            return Wait("The server answered before it had the whole file.")
        return outcome

    def find(self, source_key: str, reference: str) -> Finding:
        """Ask whether HrFlow has a profile with this reference. May be called at any time."""
        try:
            secret = self._key()
            parameters = {"source_key": source_key, "reference": reference}
            answer = self._exchange.send("GET", "/profile/parsing", secret, parameters)
        except CredentialError as error:
            return Wait(str(error))
        except (requests.RequestException, HTTPError, OSError) as error:
            outcome = failure(error, handed_out=False)
            # The words of an exception may quote the key: only our own are shown.
            return outcome if isinstance(outcome, Wait) else Wait(outcome.why, offline=True)
        return finding(answer, self._wall(), secret=secret)
