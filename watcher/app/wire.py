"""HrFlow as the pipeline sees it: one client for each account."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from watcher.hrflow import Client
from watcher.model import Cause, Held, Unreadable, Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, Protocol

    from watcher.model import Candidates, Finding, Job, Outcome, SourceFacts, Unknown
    from watcher.ports import Clock
    from watcher.settings import Account, Config

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
            tell: Callable[[str, str, str], None],
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
    """Implements ``ports.Transport``."""

    def __init__(self, keys: KeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._stop = threading.Event()
        self._clients: dict[str, Client] = {}
        self._accounts: dict[str, Account] = {}

    def arm(self, accounts: tuple[Account, ...]) -> None:
        """Use these settings for requests that start from now on."""
        clients = {}
        for account in accounts:
            if self._accounts.get(account.name) == account:
                clients[account.name] = self._clients[account.name]
            else:
                clients[account.name] = self._client(account)
        self._accounts = {account.name: account for account in accounts}
        self._clients = clients

    def upload(self, job: Job, handle: BinaryIO) -> Outcome:
        """Send a file."""
        client = self._clients.get(job.account)
        if client is None:
            return Wait(f"The account {job.account} is not in the settings any more.")
        outcome = client.upload(job, handle)
        if isinstance(outcome, Held) and outcome.cause in (Cause.ACCOUNT, Cause.CREDENTIAL):
            self._keys.forget(job.account)
        return outcome

    def find(self, job: Job) -> Finding:
        """Ask for a profile."""
        client = self._clients.get(job.account)
        if client is None:
            return _gone(job.account)
        return client.find(job.source_key, job.reference)

    def search(
        self, account: str, source_key: str, page: int
    ) -> Candidates | Unknown | Unreadable | Wait:
        """List a source's profiles."""
        client = self._clients.get(account)
        return _gone(account) if client is None else client.search(source_key, page)

    def describe(self, account: str, source_key: str) -> SourceFacts | Unknown | Unreadable | Wait:
        """Ask for a source."""
        client = self._clients.get(account)
        return _gone(account) if client is None else client.describe(source_key)

    def close(self) -> None:
        """End all waiting for bandwidth, and close what is idle."""
        self._stop.set()
        for client in self._clients.values():
            client.close()

    def _client(self, account: Account) -> Client:
        return Client(
            account,
            lambda: self._keys.get(account.name),
            wall=self._clock.wall,
            tick=self._clock.tick,
            stop=self._stop,
        )


def _gone(account: str) -> Unreadable:
    return Unreadable(f"The account {account} is not in the settings any more.")
