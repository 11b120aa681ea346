"""The shared ledger's client, for as long as the settings name a ledger."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher import __version__
from watcher.daemon.plans import this_machine
from watcher.i18n.message import msg
from watcher.model.errors import LedgerError
from watcher.model.ledger import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.daemon.instance import Places
    from watcher.ledger.client import LedgerClient
    from watcher.model.settings import Config
    from watcher.pipeline.stage import Clock


def not_installed() -> LedgerError:
    """Return the error to raise where psycopg is missing."""
    return LedgerError(
        msg("The shared ledger needs psycopg, which is not installed."),
        msg('Install it with: pip install "hrflow-watcher[ledger]"'),
    )


@dataclass(frozen=True, slots=True)
class LedgerAccess:
    """What a connection needs beside the settings.

    ``password`` returns "" where the address, ``.pgpass`` or the server needs none; its
    argument is whether a plain-text keyring is allowed. It may raise CredentialError.
    """

    places: Places
    clock: Clock
    password: Callable[[bool], str]


class SharedLedger:
    """Starts, replaces and stops the client."""

    def __init__(self, access: LedgerAccess, post: Callable[[object], None]) -> None:
        """``post`` is given what the ledger says."""
        self._access = access
        self._post = post
        self._changing = threading.Lock()
        self._url = ""
        self._client: LedgerClient | None = None

    def configure(self, config: Config) -> None:
        """Use the ledger that the settings name; the pipeline must have these settings already."""
        url = config.ledger.url
        with self._changing:
            if url == self._url:
                return
            self._close(1.0)
            self._url = url
            if not url:
                return
            try:
                # psycopg need not be installed where there is no ledger.
                from watcher.ledger.client import LedgerClient  # noqa: PLC0415
            except ImportError:
                self._post(Unreachable(not_installed().message))
                return
            self._client = LedgerClient(
                url,
                password=lambda: self._access.password(config.allow_insecure_keyring),
                instance_path=self._access.places.ledger_instance,
                machine=this_machine().hostname,
                program=__version__,
                post=self._post,
                tick=self._access.clock.tick,
            )
            self._client.start()

    def tell(self, message: object) -> None:
        """Hand the client a message; from the pipeline's thread."""
        if (client := self._client) is not None:
            client.tell(message)

    def stop(self, seconds: float) -> None:
        """End the session, within ``seconds``."""
        with self._changing:
            self._close(seconds)

    def _close(self, seconds: float) -> None:
        if self._client is not None:
            self._client.stop(seconds)
            self._client = None
