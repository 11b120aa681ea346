"""The webhook's secret: from the keyring, else where a machine without one keeps its secrets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.credentials.keyring import SystemKeyring
from watcher.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

#: The secret's own entry in the keyring; no account can be called so.
ENTRY: Final = ":webhook"
#: Name of the systemd credential, and of the environment variable.
CREDENTIAL: Final = "hrflow-webhook-secret"
VARIABLE: Final = "HRFLOW_WEBHOOK_SECRET"
_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"


def read_webhook_secret(
    environ: Mapping[str, str],
    *,
    allow_insecure: bool = False,
    keyring: SystemKeyring | None = None,
) -> str:
    """The secret, perhaps after minutes: a locked keyring asks a person; CredentialError if none.

    One that the keyring does not give is looked for elsewhere.
    """
    problem: CredentialError | None = None
    try:
        keyring = keyring or SystemKeyring()
        keyring.allow_insecure = allow_insecure
        if secret := keyring.read(ENTRY):
            return secret
    except CredentialError as error:
        problem = error
    if secret := _elsewhere(environ):
        return secret
    raise problem or CredentialError(
        "There is no secret for the webhook.", "Store it with: hrflow-watcher login --webhook."
    )


def webhook_secrets(environ: MutableMapping[str, str]) -> Callable[[bool], str]:
    """Gives the secret, told whether a plain-text keyring is allowed.

    The one in ``environ`` is taken out: what is started from here needs none.
    """
    kept = {name: environ.get(name, "") for name in (VARIABLE, _DIRECTORY)}
    environ.pop(VARIABLE, None)
    return lambda allow_insecure: read_webhook_secret(kept, allow_insecure=allow_insecure)


def _elsewhere(environ: Mapping[str, str]) -> str:
    if directory := environ.get(_DIRECTORY, ""):
        try:
            with open(os.path.join(directory, CREDENTIAL), encoding="utf-8") as file:
                return file.read(1000).strip()
        except FileNotFoundError:
            pass  # it need not be there
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialError(
                f"The credential {CREDENTIAL} cannot be read ({error}).",
                "Give this user the right to read it.",
            ) from error
    return environ.get(VARIABLE, "").strip()
