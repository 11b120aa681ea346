"""The questions of setup: what a key may do, and which sources there are.

Facts from the API's documentation: ``GET /auth`` gives ``team_name`` and ``api_key_permission`` (or
``api_secret_permission``), ``GET /sources`` a list and ``meta.maxPage``, ``GET /source`` a single
one. A write-only key gets 401 for all of them, which says nothing about its uploads.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self

import requests
from msgspec import Struct
from urllib3.exceptions import HTTPError

from watcher.hrflow.answers import (
    PAGE_LIMIT,
    names_source,
    page_count,
    quote,
    read_answer,
    read_flag,
    read_text,
)
from watcher.hrflow.transport import Exchange, failure
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import CredentialError, OfflineError, UnusableError
from watcher.model.uploads import Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from watcher.hrflow.answers import Answer, Reading
    from watcher.model.settings import Account

_MOST_PAGES = 300


class NoAccessError(UnusableError):
    """The key is valid, but has no access to what is asked for."""


class RefusedKeyError(CredentialError):
    """HrFlow rejected the key for this request; a write-only key may not ask anything.

    ``server_message`` is HrFlow's own message, ``server_time`` that of :class:`Access`.
    """

    server_message: str = ""
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
        """Return what the key may do."""
        answer = self._send("/auth", {})
        data = self._read(answer).data
        data = data if isinstance(data, dict) else {}
        return Access(
            read_text(data.get("team_name")),
            read_text(data.get("api_key_permission") or data.get("api_secret_permission")),
            _server_time(answer.headers.get("date", "")),
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
                msg("Check the network, the proxy and api_url, then try again."),
            ) from error

    def _read(self, answer: Answer) -> Reading:
        reading = read_answer(answer, secret=self._secret)
        if isinstance(reading, Wait):
            raise OfflineError(reading.why, msg("Check api_url and the network, then try again."))
        if reading.code in (401, 403) and names_source(reading.code, reading.message):
            raise NoAccessError(
                msg(
                    "HrFlow answered {code}: {reason}.",
                    code=reading.code,
                    reason=quote(reading.message),
                )
            )
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
            refused.server_message = reading.message
            refused.server_time = _server_time(answer.headers.get("date", ""))
            raise refused
        if not 200 <= reading.code < 300:
            raise UnusableError(
                msg(
                    "HrFlow answered {code}: {reason}.",
                    code=reading.code,
                    reason=quote(reading.message),
                )
            )
        return reading


def _sources(data: Any) -> list[Source]:
    found = data if isinstance(data, list) else []
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
        for source in found
        if isinstance(source, dict) and isinstance(source.get("key"), str)
    ]


def _server_time(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
