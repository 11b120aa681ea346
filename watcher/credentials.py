"""Where an account's API key comes from: the system's keyring, else what a headless machine has."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from watcher.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Name of our entries in the keyring; the user name of an entry is the account's name.
SERVICE: Final = "hrflow-watcher"
#: Name of the systemd credential, with ``-ACCOUNT`` behind it for accounts other than "default".
CREDENTIAL: Final = "hrflow-api-key"
VARIABLE: Final = "HRFLOW_API_KEY"
_OTHERWISE: Final = (
    f"Unlock it, or give the key in the environment variable {VARIABLE} on a machine without one."
)


def from_keyring(account: str) -> str:
    """The key in the system's keyring, "" if it has none; CredentialError if it has no answer."""
    import keyring  # noqa: PLC0415 - takes its time, and is only needed once
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password(SERVICE, account) or ""
    except keyring.errors.NoKeyringError:
        return ""
    except Exception as error:  # backends also raise what the libraries below them do
        raise CredentialError(
            f"The keyring does not give the key of account {account!r} ({error}).",
            "Unlock it; the uploads go on by themselves.",
        ) from error


def to_keyring(account: str, key: str) -> None:
    """Put an account's key into the system's keyring; CredentialError if it does not keep it."""
    import keyring  # noqa: PLC0415 - takes its time, and is only needed once

    try:
        keyring.set_password(SERVICE, account, key)
        kept = keyring.get_password(SERVICE, account) == key
    except Exception as error:  # backends also raise what the libraries below them do
        raise CredentialError(
            f"The keyring does not take the key of account {account!r} ({error}).", _OTHERWISE
        ) from error
    if not kept:
        raise CredentialError("This system's keyring keeps nothing.", _OTHERWISE)


class Keys:
    """The keys of all accounts, looked up once and again after :meth:`forget`.

    A look-up may block on the keyring, so call :meth:`get` where that does no harm. The order is:
    keyring, systemd credential, environment variable.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        keyring: Callable[[str], str] = from_keyring,
    ) -> None:
        """``keyring`` gives the key of an account or "", or raises CredentialError."""
        self._environ = environ
        self._keyring = keyring
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}

    def get(self, account: str) -> str:
        """The key of an account; CredentialError if there is none."""
        with self._lock:
            if account not in self._known:
                self._known[account] = self._look_up(account)[0]
            return self._known[account]

    def origin(self, account: str) -> str:
        """Where the key of an account comes from, for people; CredentialError if there is none."""
        return self._look_up(account)[1]

    def forget(self, account: str) -> None:
        """Look the key up anew next time: the server did not accept it, or it was changed."""
        with self._lock:
            self._known.pop(account, None)

    def _look_up(self, account: str) -> tuple[str, str]:
        problem = None
        try:
            if key := self._keyring(account).strip():
                return key, "the system's keyring"
        except CredentialError as error:
            problem = error
        if key := self._from_credential(account):
            return key, "the systemd credential"
        if key := self._environ.get(VARIABLE, "").strip():
            return key, f"the environment variable {VARIABLE}"
        raise problem or CredentialError(
            f"There is no API key for account {account!r}.",
            f"Put it in the keyring (service {SERVICE!r}, user {account!r}) or in the environment"
            f" variable {VARIABLE}.",
        )

    def _from_credential(self, account: str) -> str:
        directory = self._environ.get("CREDENTIALS_DIRECTORY", "")
        if not directory:
            return ""
        suffix = "" if account == "default" else f"-{account}"
        try:
            with open(os.path.join(directory, CREDENTIAL + suffix), encoding="utf-8") as file:
                return file.read(1000).strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialError(
                f"The credential {CREDENTIAL}{suffix} cannot be read ({error})."
            ) from error
