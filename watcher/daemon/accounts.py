"""HrFlow as the pipeline sees it: one client for each account."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from watcher.i18n.message import Message, Text, msg
from watcher.model.kinds import Cause
from watcher.model.uploads import Held, Unreadable, Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, Protocol

    from watcher.hrflow.client import Client
    from watcher.model.follow_ups import Candidates, Search, SourceFacts
    from watcher.model.settings import Account, Config
    from watcher.model.uploads import Finding, Job, Outcome, Unknown
    from watcher.pipeline.ports import Clock

    class KeyStore(Protocol):
        """Gives keys by account's name."""

        def get(self, account: str) -> str:
            """The key; CredentialError if there is none."""
            ...

        def forget(self, account: str) -> None:
            """Look it up anew next time."""
            ...

        def arm(
            self,
            config: Config,
            tell: Callable[[str, Message, Text], None],
            resume: Callable[[], None],
        ) -> None:
            """Look all keys up anew, without waiting.

            ``tell`` hears of an account, where its key comes from, and what is wrong; ``resume``
            when there is a key that somebody had to go without.
            """
            ...

        def close(self) -> None:
            """Keep nobody waiting any more."""
            ...


class Wire:
    """Implements ``ports.Transport``.

    Clients are made when they are needed: what they are made of takes as long to import as a
    thousand directories take to be watched, and 7 MB.
    """

    def __init__(self, keys: KeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._stop = threading.Event()
        self._changing = threading.Lock()
        self._clients: dict[str, Client] = {}
        self._accounts: dict[str, Account] = {}

    def arm(self, accounts: tuple[Account, ...]) -> None:
        """Use these settings for requests that start from now on."""
        with self._changing:
            before, self._accounts = self._accounts, {each.name: each for each in accounts}
            self._clients = {
                name: client
                for name, client in self._clients.items()
                if self._accounts.get(name) == before[name]
            }

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file."""
        client = self._client(job.account)
        if client is None:
            return Wait(
                msg("The account {account} is not in the settings any more.", account=job.account)
            )
        outcome = client.upload(job, handle)
        if isinstance(outcome, Held) and outcome.cause in (Cause.ACCOUNT, Cause.CREDENTIAL):
            self._keys.forget(job.account)
        return outcome

    def find(self, job: Job) -> Finding:
        """Ask for a profile."""
        client = self._client(job.account)
        if client is None:
            return _gone(job.account)
        return client.find(job.source_key, job.reference)

    def search(
        self, account: str, source_key: str, search: Search
    ) -> Candidates | Unknown | Unreadable | Wait:
        """List a source's profiles."""
        client = self._client(account)
        return _gone(account) if client is None else client.search(source_key, search)

    def describe(self, account: str, source_key: str) -> SourceFacts | Unknown | Unreadable | Wait:
        """Ask for a source."""
        client = self._client(account)
        return _gone(account) if client is None else client.describe(source_key)

    def close(self) -> None:
        """End all waiting for bandwidth, and close what is idle."""
        self._stop.set()
        with self._changing:
            for client in self._clients.values():
                client.close()

    def _client(self, name: str) -> Client | None:
        """The account's client; None if it is not in the settings any more."""
        if (client := self._clients.get(name)) is not None:
            return client
        from watcher.hrflow.client import Client  # noqa: PLC0415 - see above

        with self._changing:
            account = self._accounts.get(name)
            if account is not None and name not in self._clients:
                self._clients[name] = Client(
                    account,
                    lambda: self._keys.get(name),
                    wall=self._clock.wall,
                    tick=self._clock.tick,
                    stop=self._stop,
                )
            return self._clients.get(name)


def _gone(account: str) -> Unreadable:
    return Unreadable(
        msg("The account {account} is not in the settings any more.", account=account)
    )
