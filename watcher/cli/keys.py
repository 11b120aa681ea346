"""An account's key: found where it is, and stored in the system's keyring."""

from __future__ import annotations

import os


def find_key(account: str) -> tuple[str, str]:
    """The account's key and where it comes from; CredentialError if there is none."""
    from watcher.credentials import Keys  # noqa: PLC0415 - the keyring costs time

    keys = Keys(os.environ)
    return keys.get(account), keys.origin(account)


def store_key(account: str, key: str) -> None:
    """Put the key into the system's keyring; CredentialError if it does not keep it."""
    from watcher.credentials import SystemKeyring  # noqa: PLC0415 - likewise

    SystemKeyring().write(account, key)
