"""One request to HrFlow and its answer: whom it goes to, with which headers, how long at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from watcher import __version__
from watcher.answers import MAX_ANSWER, Answer
from watcher.hrflow.connections import Limits, make_adapter
from watcher.hrflow.proxies import explain, find_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.hrflow.body import FormBody
    from watcher.settings import Account


class Exchange:
    """The connections of one account; may be used by several threads at once."""

    def __init__(self, account: Account, tick: Callable[[], float]) -> None:
        self._email = account.email
        self._limits = Limits(
            account.connect_timeout, account.read_timeout, 2 * account.read_timeout
        )
        self._url = account.api_url.rstrip("/")
        self._adapter = make_adapter(self._url, account.parallel_uploads, self._limits, tick)
        self._setting = account.proxy
        self._proxy: str | None = None
        # What all uploads share is prepared once: their address, and the headers for a key.
        self._addresses: dict[str, str] = {}
        self._identity: tuple[str, CaseInsensitiveDict[str]] = ("", CaseInsensitiveDict())

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def send(
        self,
        method: str,
        path: str,
        secret: str,
        parameters: dict[str, str] | None = None,
        body: FormBody | None = None,
    ) -> Answer:
        """Make one request, and never a second one.

        A redirect is an answer like any other: following it would carry the key to another host.
        Raises what requests and urllib3 raise, OSError, and what reading ``body`` does.
        """
        request = requests.PreparedRequest()
        request.method = method
        request.url = self._address(path, parameters)
        request.headers = self._headers(secret, body)
        request.body = body  # type: ignore[assignment]  # any iterable of bytes will do
        limits = (self._limits.connect, self._limits.piece)
        if self._proxy is None:  # asking the system for every request would take its time
            self._proxy = find_proxy(self._setting, self._url)
        proxies = {"all": self._proxy} if self._proxy else {}
        try:
            response = self._adapter.send(
                request, stream=True, timeout=limits, verify=True, proxies=proxies
            )
        except requests.ConnectionError as error:
            if self._proxy and _is_about_proxy(error):
                raise explain(error, self._proxy) from error
            raise
        with response:
            return self._read(response)

    def _address(self, path: str, parameters: dict[str, str] | None) -> str:
        address = None if parameters else self._addresses.get(path)
        if address is None:
            request = requests.PreparedRequest()
            request.prepare_url(self._url + path, parameters)
            address = request.url or ""
            if not parameters:
                self._addresses[path] = address
        return address

    def _headers(self, secret: str, body: FormBody | None) -> CaseInsensitiveDict[str]:
        known, headers = self._identity
        if known != secret or not headers:
            headers = self._identify(secret)
            self._identity = (secret, headers)
        headers = headers.copy()
        if body is not None:
            headers["Content-Type"] = body.content_type
            headers["Content-Length"] = str(len(body))
        return headers

    def _identify(self, secret: str) -> CaseInsensitiveDict[str]:
        """The headers that say who asks; requests looks whether they are fit to be sent."""
        request = requests.PreparedRequest()
        request.prepare_headers(
            {
                # As bytes: a letter that is no Latin one is for the server to refuse.
                "X-API-KEY": secret.encode(errors="replace"),
                "X-USER-EMAIL": self._email.encode(),
                "User-Agent": f"hrflow-watcher/{__version__}",
                "Accept": "application/json",
            }
        )
        return request.headers

    @staticmethod
    def _read(response: requests.Response) -> Answer:
        """The answer, as far as its size is bearable."""
        raw = response.raw
        data = raw.read(MAX_ANSWER + 1, decode_content=True)
        headers = {name.lower(): raw.headers[name] for name in raw.headers}
        return Answer(response.status_code, headers, data, len(data) <= MAX_ANSWER)


def _is_about_proxy(error: requests.ConnectionError) -> bool:
    """Whether it is the proxy that failed; of a SOCKS proxy that is told of as of a server."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.exceptions.ProxyError) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    )
