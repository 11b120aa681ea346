"""The system's keyring: Windows Credential Manager, macOS Keychain, Secret Service, KWallet.

Its calls may take minutes: a locked keyring asks a person for a password first.
"""

from __future__ import annotations

import logging
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import NOTHING, Message, Text, msg
from watcher.model.errors import CredentialError
from watcher.model.settings import DEFAULT_ACCOUNT, for_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keyring.backend import KeyringBackend

_log = logging.getLogger(__name__)
#: Service name of this program's entries; the user name of an entry is the account's name.
SERVICE: Final = "hrflow-watcher"
#: Where a key can come from on a machine without a keyring.
CREDENTIAL: Final = "hrflow-api-key"
VARIABLE: Final = "HRFLOW_API_KEY"
#: The names of the library's backends for people.
_NAMES: Final[Mapping[str, Text]] = {
    "SecretService.Keyring": msg("the keyring of the desktop (Secret Service)"),
    "libsecret.Keyring": msg("the keyring of the desktop (Secret Service)"),
    "kwallet.DBusKeyring": "KWallet",
    "kwallet.DBusKeyringKWallet4": "KWallet",
    "macOS.Keyring": msg("the Keychain"),
    "Windows.WinVaultKeyring": msg("the Credential Manager"),
}
NO_KEYRING: Final = msg("This computer has no keyring.")
#: Classes of ``keyrings.alt`` that encrypt; all others there write plain text.
_ENCRYPTING: Final = ("Encrypted", "Keyczar", "Registry")


def cannot_ask() -> CredentialError:
    """Return the CredentialError for an unforeseen error, whose traceback is logged."""
    return CredentialError(
        msg("The keyring can't be used for an unexpected reason; the log has details."),
        msg("Restart the program; if that doesn't help, store the key somewhere else."),
    )


def credential_name(account: str) -> str:
    """Return the name of the systemd credential that is an account's key."""
    return CREDENTIAL if account == DEFAULT_ACCOUNT else f"{CREDENTIAL}-{account}"


def elsewhere(account: str = DEFAULT_ACCOUNT) -> Message:
    """Return where a key can come from on a machine without a keyring, for people."""
    if sys.platform != "linux":
        return msg("the environment variable {variable}", variable=VARIABLE)
    return msg(
        "the systemd credential {key} or the environment variable {variable}",
        key=credential_name(account),
        variable=VARIABLE,
    )


class LockedError(CredentialError):
    """The keyring is locked, and was not unlocked when it asked for its password."""


class SystemKeyring:
    """The keyring of this machine, looked for at each call, as it may start later.

    ``allow_insecure``: use one that stores plain text as well.
    """

    def __init__(self, *, allow_insecure: bool = False) -> None:
        self.allow_insecure = allow_insecure

    def name(self) -> Message:
        """Return the keyring's name for people, NOTHING if there is none.

        CredentialError if it stores plain text and that is not allowed.
        """
        parts = tuple(map(_name, self._parts()))
        return msg("{names:and}", names=parts) if parts else NOTHING

    def why_not(self) -> Text:
        """Return why this machine has no usable keyring, as a sentence; NOTHING if it has one."""
        try:
            return NOTHING if self.name() else NO_KEYRING
        except CredentialError as error:
            return error.title

    def read(self, account: str) -> str:
        """Return the account's key, "" if there is none; CredentialError if there is no answer."""
        with _explaining(
            msg("The keyring did not return the key{whose}", whose=for_account(account)),
            account,
            hint=msg("Unlock it; uploads then resume automatically."),
        ):
            for part in self._parts():
                if key := (part.get_password(SERVICE, account) or "").strip():
                    return key
        return ""

    def write(self, account: str, key: str) -> None:
        """Store the account's key; CredentialError if it is not stored, or not safely."""
        with _explaining(
            msg("The keyring did not store the key{whose}", whose=for_account(account)),
            account,
            key,
        ):
            parts = self._parts()
            if not parts:
                raise CredentialError(
                    msg(
                        "This computer has no keyring, so the key{whose} was not stored.",
                        whose=for_account(account),
                    ),
                    msg(
                        "Start GNOME Keyring or KWallet, or put the key into {what}.",
                        what=elsewhere(account),
                    ),
                )
            parts[0].set_password(SERVICE, account, key)
            if parts[0].get_password(SERVICE, account) != key:
                raise CredentialError(
                    msg(
                        "The keyring ({what}) did not store the key{whose}.",
                        what=_name(parts[0]),
                        whose=for_account(account),
                    ),
                    msg(
                        "Use another keyring, or put the key into {what}.", what=elsewhere(account)
                    ),
                )

    def remove(self, account: str) -> bool:
        """Remove the account's key from every keyring; False if none has it."""
        removed = False
        with _explaining(
            msg("The keyring did not remove the key{whose}", whose=for_account(account)), account
        ):
            for part in _parts():
                if part.get_password(SERVICE, account) is not None:
                    part.delete_password(SERVICE, account)
                    removed = True
        return removed

    def is_locked(self) -> bool:
        """Return at once whether it is known to be locked; no password is asked for."""
        try:
            # Recognized by name, as importing the backend takes 12 MB.
            return any(map(_is_secret_service, self._parts())) and _is_service_locked()
        except Exception as error:  # noqa: BLE001 - backends also raise what their libraries do
            _log.info("it is not known whether the keyring is locked: %s", error)
            return False

    def _parts(self) -> list[KeyringBackend]:
        """Return the usable keyrings; CredentialError if all of them store plain text."""
        found = _parts()
        safe = [part for part in found if self.allow_insecure or not _keeps_plain_text(part)]
        if found and not safe:
            raise CredentialError(
                msg(
                    "This computer's keyring stores keys as plain text, readable by anyone who can"
                    " read your files, so it is not used."
                ),
                msg(
                    "Start GNOME Keyring or KWallet, or put the key into {what}, or write"
                    " allow_insecure_keyring = true at the top of the configuration if that is"
                    " what you want.",
                    what=elsewhere(),
                ),
            )
        return safe


# -- inside


def _parts() -> list[KeyringBackend]:
    """Return the machine's keyring, or those of its chain, without backends that store nothing."""
    import keyring  # noqa: PLC0415 - slow to import
    from keyring.backends import chainer, fail, null  # noqa: PLC0415

    ring = keyring.get_keyring()
    if isinstance(ring, fail.Keyring) or _keeps_plain_text(ring):
        ring = _look_again(ring)
    parts = ring.backends if isinstance(ring, chainer.ChainerBackend) else [ring]
    return [part for part in parts if not isinstance(part, fail.Keyring | null.Keyring)]


def _look_again(ring: KeyringBackend) -> KeyringBackend:
    """Return a better keyring if one has started since the library chose this one."""
    import keyring  # noqa: PLC0415
    from keyring import backend, core  # noqa: PLC0415
    from keyring.backends import chainer  # noqa: PLC0415

    if core.load_env() or core.load_config():
        return ring  # a person's choice
    kinds = [
        kind
        for kind in backend.KeyringBackend.get_viable_backends()
        if core.recommended(kind) and not issubclass(kind, chainer.ChainerBackend)
    ]
    if kinds:
        ring = max(kinds, key=backend.by_priority)()
        keyring.set_keyring(ring)
    return ring


def _is_secret_service(part: KeyringBackend) -> bool:
    return any(kind.__module__ == "keyring.backends.SecretService" for kind in type(part).__mro__)


def _is_service_locked() -> bool:
    import secretstorage  # noqa: PLC0415 - comes with keyring, on Linux alone
    from secretstorage.exceptions import ItemNotFoundException  # noqa: PLC0415

    with closing(secretstorage.dbus_init()) as connection:
        try:
            return secretstorage.Collection(connection).is_locked()
        except ItemNotFoundException:  # there is none yet: the person will be asked to create one
            return True


def _keeps_plain_text(part: KeyringBackend) -> bool:
    kinds = type(part).__mro__
    is_alternative = any(kind.__module__.startswith("keyrings.alt") for kind in kinds)
    return is_alternative and not any(kind.__name__.startswith(_ENCRYPTING) for kind in kinds)


def _name(part: KeyringBackend) -> Text:
    """Return a backend's name for people; the system has no other backends than those named."""
    if _keeps_plain_text(part):
        return msg("a keyring that uses plain text")
    full = f"{type(part).__module__}.{type(part).__qualname__}"
    other = msg("a keyring that isn't part of the system")
    return _NAMES.get(full.removeprefix("keyring.backends."), other)


_UNLOCK: Final = msg("Unlock it and try again.")


@contextmanager
def _explaining(
    what: Message, account: str, key: str = "", hint: Message = _UNLOCK
) -> Iterator[None]:
    """Turn any exception of a backend into a CredentialError that says what to do."""
    import keyring.errors  # noqa: PLC0415

    try:
        yield
    except CredentialError:
        raise
    except (keyring.errors.KeyringLocked, keyring.errors.InitError) as error:
        raise LockedError(
            msg(
                "The key{whose} is waiting for the keyring to be unlocked.",
                whose=for_account(account),
            ),
            hint,
        ) from error
    except Exception as error:  # backends also raise what their libraries do
        text = str(error).replace(key, "•••") if key else str(error)
        raise CredentialError(
            msg("{what} ({error}).", what=what, error=text) if text else msg("{what}.", what=what),
            msg("Fix it, or put the key into {what}.", what=elsewhere(account)),
        ) from error
