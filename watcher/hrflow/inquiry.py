"""What a person's set-up asks HrFlow: is this key any good, and which sources are there?

Facts from the API's pages: ``GET /auth`` gives ``team_name`` and ``api_key_permission``, ``GET
/sources`` a list and ``meta.maxPage``, ``GET /source`` a single one. A write-only key gets 401 on
all of them, which then says nothing about its uploads.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self

import requests
from urllib3.exceptions import HTTPError

from watcher.answers import flag, read_answer
from watcher.errors import CredentialError, OfflineError, UnusableError
from watcher.hrflow.exchange import Exchange
from watcher.hrflow.failures import failure
from watcher.model import Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from watcher.answers import Answer, Reading
    from watcher.settings import Account

_PAGE = 100
_MOST_PAGES = 100


class RefusedKeyError(CredentialError):
    """HrFlow does not take the key for this question; a write-only key never gets an answer.

    ``server_time`` is that of :class:`Access`.
    """

    server_time: float | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What a key may do: ``permission`` is "all", "write", "read" or what else HrFlow says.

    ``server_time``: seconds since 1970 by the server's clock (header ``Date``), None if it tells
    none.
    """

    team: str
    permission: str
    server_time: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """A source of profiles; ``sync_parsing``: it may parse while the uploader waits."""

    key: str
    name: str
    sync_parsing: bool


class Inquiry:
    """Questions about one account; each makes one request (one for each page of a list).

    Every question raises RefusedKeyError (the key is wrong or may not read), OfflineError (no
    answer, or none of HrFlow's) or UnusableError (what is asked for does not exist).
    """

    def __init__(self, account: Account, secret: str, tick: Callable[[], float]) -> None:
        self._secret = secret
        self._exchange = Exchange(account, tick)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exchange.close()

    def access(self) -> Access:
        """What the key may do."""
        answer = self._send("/auth", {})
        data = self._read(answer).data
        data = data if isinstance(data, dict) else {}
        return Access(
            _text(data.get("team_name")),
            _text(data.get("api_key_permission")),
            _server_time(answer.headers.get("date", "")),
        )

    def sources(self) -> tuple[Source, ...]:
        """All sources that the key may see, sorted by name."""
        found: dict[str, Source] = {}
        page = last = 1
        while page <= min(last, _MOST_PAGES):
            reading = self._read(self._send("/sources", {"page": str(page), "limit": str(_PAGE)}))
            found.update((source.key, source) for source in _sources(reading.data))
            last = _last_page(reading.meta)
            page += 1
        return tuple(sorted(found.values(), key=lambda source: source.name.casefold()))

    def source(self, key: str) -> Source:
        """The source with this key; UnusableError if there is none."""
        found = _sources([self._read(self._send("/source", {"key": key})).data])
        if not found:
            raise OfflineError("HrFlow answered, but not with a source.", "Try it again later.")
        return found[0]

    def _send(self, path: str, parameters: dict[str, str]) -> Answer:
        try:
            return self._exchange.send("GET", path, self._secret, parameters)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise OfflineError(
                failure(error, handed_out=False).why,
                "Check the network, the proxy and api_url, then try again.",
            ) from error

    def _read(self, answer: Answer) -> Reading:
        reading = read_answer(answer, secret=self._secret)
        if isinstance(reading, Wait):
            raise OfflineError(reading.why, "Check api_url and the network, then try again.")
        if reading.code in (401, 403):
            refused = RefusedKeyError(
                f"HrFlow does not take this key: {reading.message}",
                "Check the email and the key in HrFlow's settings under API keys.",
            )
            refused.server_time = _server_time(answer.headers.get("date", ""))
            raise refused
        if not 200 <= reading.code < 300:
            raise UnusableError(f"HrFlow says ({reading.code}): {reading.message}")
        return reading


def _sources(data: Any) -> list[Source]:
    found = data if isinstance(data, list) else []
    return [
        Source(source["key"], _text(source.get("name")), flag(source.get("sync_parsing")) is True)
        for source in found
        if isinstance(source, dict) and isinstance(source.get("key"), str)
    ]


def _last_page(meta: Any) -> int:
    last = meta.get("maxPage") if isinstance(meta, dict) else None
    return last if type(last) is int else 1


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _server_time(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
