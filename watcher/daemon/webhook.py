"""The listener: takes an event, answers at once, and hands it on; it serves nothing else."""

from __future__ import annotations

import logging
import socket
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from watcher.hrflow.webhook import MAX_HEADER, EventVerifier, RefusedError, signs_body
from watcher.model.errors import UnusableError, WatcherError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.model.follow_ups import Event
    from watcher.model.settings import Config, Webhook

_log = logging.getLogger(__name__)


#: The only path there is.
PATH: Final = "/webhook"


#: Bytes of a body, which is looked at only where it is what was signed.
MAX_BODY: Final = 256 * 1024


_THREADS: Final = 2


_CONNECTIONS: Final = 50


#: Seconds that a connection may be silent, and that the end may take.
_SILENCE: Final = 20


_JOIN: Final = 5.0


#: Seconds between two warnings.
_QUIET: Final = 60.0


#: As WSGI calls the header; some servers call it by its name without the HTTP before it.
_HEADERS: Final = ("HTTP_HTTP_HRFLOW_SIGNATURE", "HTTP_HRFLOW_SIGNATURE")


class Receiver:
    """Listens from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        host: str,
        port: int,
        secret: str,
        hear: Callable[[Event], None],
        wall: Callable[[], float],
    ) -> None:
        """``hear`` takes an event and returns at once; called on threads of the receiver's own."""
        self._host = host
        self._port = port
        self._verifier = EventVerifier(secret)
        self._passing = threading.Lock()
        self._hear = hear
        self._wall = wall
        self._warned_at = 0.0
        self._map: dict[int, Any] = {}
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.effective_port)

    def start(self) -> None:
        """Listen; UnusableError if that address cannot be listened on."""
        import waitress  # noqa: PLC0415 - only for those who want a webhook

        listener = self._listen()
        self._server = waitress.create_server(
            self._answer,
            map=self._map,
            sockets=[listener],
            threads=_THREADS,
            connection_limit=_CONNECTIONS,
            channel_timeout=_SILENCE,
            cleanup_interval=_SILENCE,
            max_request_header_size=MAX_HEADER + 8192,
            max_request_body_size=MAX_BODY,
            ident=None,
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._server.run, name="webhook", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; may be called again."""
        if self._thread is None:
            return
        try:
            self._server.trigger.pull_trigger(self._close_all)
        except OSError as error:  # the loop was awake, and has closed the trigger before its pull
            _log.debug("the receiver was quicker to end: %s", error)
        self._thread.join(_JOIN)
        self._server.task_dispatcher.shutdown(timeout=_JOIN)
        self._thread = None

    # -- inside

    def _listen(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            family, *_, address = found[0]
            return socket.create_server((str(address[0]), self._port), family=family)
        except OSError as error:
            raise UnusableError(
                f"The webhook cannot be received at {self._host}, port {self._port}"
                f" ({error.strerror}).",
                "Name another host or port in the table [webhook] of the configuration.",
            ) from error

    def _close_all(self) -> None:
        """Called by the loop, which ends when nothing is left."""
        for each in list(self._map.values()):
            each.close()

    def _warn(self, refused: RefusedError) -> None:
        """Not for each one: whoever wants to could fill the log."""
        now = self._wall()
        if abs(now - self._warned_at) >= _QUIET:
            self._warned_at = now
            _log.warning("a webhook was refused: %s", refused)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status = self._status(environ)
        said = f"{status.value} {status.phrase}"
        body = f"{status.phrase}\n".encode()
        start(said, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def _status(self, environ: dict[str, Any]) -> HTTPStatus:
        if environ["PATH_INFO"] != PATH:
            return HTTPStatus.NOT_FOUND
        if environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        header = next((environ[name] for name in _HEADERS if name in environ), "")
        body = environ["wsgi.input"].read(MAX_BODY) if signs_body(header) else b""
        try:
            with self._passing:
                event = self._verifier.verify(header, self._wall(), body)
        except RefusedError as refused:
            self._warn(refused)
            return HTTPStatus(refused.status)
        if event is not None:
            self._hear(event)
        return HTTPStatus.OK


class Reception:
    """Starts and ends the receiver as the settings change; may be used by several threads.

    Looking for the secret may take minutes, as a locked keyring asks a person: that is done on a
    thread of its own.
    """

    def __init__(
        self,
        secret: Callable[[bool], str] | None,
        hear: Callable[[object], None],
        tell: Callable[[str], None],
        wall: Callable[[], float],
    ) -> None:
        """``secret`` gives the webhook's, told whether a plain-text keyring is allowed.

        Without it nothing is ever received.
        ``hear`` takes events, ``tell`` sentences for people.
        """
        self._secret = secret
        self._hear = hear
        self._tell = tell
        self._wall = wall
        self._lock = threading.Lock()
        self._wanted: tuple[Webhook, bool] | None = None
        self._receiver: Receiver | None = None
        self._told = ""

    def arm(self, config: Config) -> None:
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
            args = (*wanted,)
            threading.Thread(target=self._begin, args=args, name="reception", daemon=True).start()

    def stop(self) -> None:
        """Receive nothing any more."""
        with self._lock:
            self._wanted = None
            self._end()

    @property
    def port(self) -> int:
        """The port that is listened on, 0 if none is."""
        with self._lock:
            return self._receiver.port if self._receiver is not None else 0

    def _begin(self, webhook: Webhook, allow_insecure: bool) -> None:  # noqa: FBT001 - thread's
        assert self._secret is not None
        try:
            secret = self._secret(allow_insecure)

            receiver = Receiver(webhook.host, webhook.port, secret, self._hear, self._wall)
            with self._lock:
                if self._wanted != (webhook, allow_insecure) or self._receiver is not None:
                    return  # other settings are in force by now
                receiver.start()
                self._receiver = receiver
        except WatcherError as error:
            self._say(f"No webhook is received: {error}")
            return
        self._say(f"HrFlow's webhook is received at http://{webhook.host}:{webhook.port}{PATH}.")

    def _say(self, sentence: str) -> None:
        _log.info("%s", sentence)
        if sentence != self._told:
            self._told = sentence
            self._tell(sentence)

    def _end(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.stop()
