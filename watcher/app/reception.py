"""Receiving HrFlow's webhook while the settings want it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from watcher.errors import WatcherError

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.settings import Config, Webhook
    from watcher.webhook import Receiver

_log = logging.getLogger(__name__)


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
            from watcher.webhook import PATH, Receiver  # noqa: PLC0415 - only for those who want it

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
