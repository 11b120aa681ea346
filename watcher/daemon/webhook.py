"""Receives HrFlow's webhooks: takes a signed event, answers at once, and passes it on."""

from __future__ import annotations

import logging
import socket
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from watcher.daemon.instance import LocalServer
from watcher.hrflow.webhook import MAX_HEADER, EventVerifier, RefusedError, signs_body
from watcher.model.errors import UnusableError, WatcherError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.model.settings import Config, Webhook
    from watcher.model.uploads import Event

_log = logging.getLogger(__name__)

#: The only path that is served.
PATH: Final = "/webhook"

#: Bytes of a body, which is read only if it is what was signed.
MAX_BODY: Final = 256 * 1024

_THREADS: Final = 2
_CONNECTIONS: Final = 50

#: Seconds after which a silent connection is closed.
_SILENCE: Final = 20

#: Seconds that stopping may take.
_JOIN: Final = 5.0

#: Seconds between two warnings: whoever reaches the port could fill the log.
_QUIET: Final = 60.0

#: The header's name in WSGI; some servers leave out one "HTTP".
_HEADERS: Final = ("HTTP_HTTP_HRFLOW_SIGNATURE", "HTTP_HRFLOW_SIGNATURE")


class WebhookReceiver:
    """Listens for events from creation to :meth:`stop`."""

    def __init__(
        self,
        host: str,
        port: int,
        secret: str,
        on_event: Callable[[Event], None],
        wall: Callable[[], float],
    ) -> None:
        """UnusableError if the address is not available.

        ``on_event`` is called on the receiver's threads and must return at once.
        """
        self._verifier = EventVerifier(secret)
        self._passing = threading.Lock()
        self._on_event = on_event
        self._wall = wall
        self._warned_at = 0.0
        self._server = LocalServer(
            "webhook", self._answer, _listen(host, port), threads=_THREADS,
            connection_limit=_CONNECTIONS, channel_timeout=_SILENCE, cleanup_interval=_SILENCE,
            max_request_header_size=MAX_HEADER + 8192, max_request_body_size=MAX_BODY,
        )  # fmt: skip
        self.port = self._server.port

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop(_JOIN)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status = self._receive(environ)
        body = f"{status.phrase}\n".encode()
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
        start(f"{status.value} {status.phrase}", headers)
        return [body]

    def _receive(self, environ: dict[str, Any]) -> HTTPStatus:
        if environ["PATH_INFO"] != PATH:
            return HTTPStatus.NOT_FOUND
        if environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        header = next((environ[name] for name in _HEADERS if name in environ), "")
        body = environ["wsgi.input"].read(MAX_BODY) if signs_body(header) else b""
        now = self._wall()
        try:
            with self._passing:
                event = self._verifier.verify(header, now, body)
        except RefusedError as refused:
            if abs(now - self._warned_at) >= _QUIET:
                self._warned_at = now
                _log.warning("a webhook was refused: %s", refused)
            return HTTPStatus(refused.status)
        if event is not None:
            self._on_event(event)
        return HTTPStatus.OK


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        raise UnusableError(
            f"Webhooks can't be received at {host}, port {port} ({error.strerror}).",
            "Choose another host or port in the [webhook] table of the configuration.",
        ) from error


class Webhooks:
    """Starts and stops a receiver as the settings say; may be used by several threads.

    The secret is looked up on a thread of its own: a locked keyring may take minutes, as it asks a
    person.
    """

    def __init__(
        self,
        secret: Callable[[bool], str] | None,
        on_event: Callable[[Event], None],
        report: Callable[[str], None],
        wall: Callable[[], float],
    ) -> None:
        """``report`` is called with sentences for people.

        ``secret`` returns the webhook's secret, given whether a plain-text keyring is allowed. If
        it is None nothing is ever received.
        """
        self._secret = secret
        self._on_event = on_event
        self._report = report
        self._wall = wall
        self._lock = threading.Lock()
        self._wanted: tuple[Webhook, bool] | None = None
        self._receiver: WebhookReceiver | None = None
        self._reported = ""

    def configure(self, config: Config) -> None:
        """Receive as these settings say, from now on."""
        webhook = config.webhook
        is_wanted = webhook.enabled and self._secret is not None
        wanted = (webhook, config.allow_insecure_keyring) if is_wanted else None
        with self._lock:
            if wanted == self._wanted and (wanted is None or self._receiver is not None):
                return
            self._wanted = wanted
            self._end()
        if wanted is not None:
            threading.Thread(
                target=self._begin, args=(wanted,), name="webhook-start", daemon=True
            ).start()

    def stop(self) -> None:
        """Stop receiving."""
        with self._lock:
            self._wanted = None
            self._end()

    @property
    def port(self) -> int:
        """The port that is listened on, 0 if none is."""
        with self._lock:
            return self._receiver.port if self._receiver is not None else 0

    def _begin(self, wanted: tuple[Webhook, bool]) -> None:
        assert self._secret is not None
        webhook, allow_insecure = wanted
        try:
            secret = self._secret(allow_insecure)
            with self._lock:
                if self._wanted != wanted or self._receiver is not None:
                    return  # the settings have changed meanwhile
                self._receiver = WebhookReceiver(
                    webhook.host, webhook.port, secret, self._on_event, self._wall
                )
        except WatcherError as error:
            sentence = f"No webhooks are received: {error}"
        else:
            sentence = (
                f"HrFlow's webhooks are received at http://{webhook.host}:{webhook.port}{PATH}."
            )
        _log.info("%s", sentence)
        if sentence != self._reported:
            self._reported = sentence
            self._report(sentence)

    def _end(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.stop()
