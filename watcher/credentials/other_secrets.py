"""Secrets other than API keys, systemd's credentials, and the environment of child processes."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.credentials.keyring import VARIABLE, LockedError, SystemKeyring
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

_log = logging.getLogger(__name__)
#: The variable that names the directory of systemd's credentials.
DIRECTORY: Final = "CREDENTIALS_DIRECTORY"


class Secret(Struct, frozen=True):
    """A secret of the whole program, and where it may be kept.

    ``entry`` names it in the keyring, ``credential`` in systemd, ``variable`` in the environment.
    ``missing`` says that there is none, and ``hint`` what to do; NOTHING: the program can do
    without it, and so without a keyring.
    """

    entry: str
    credential: str
    variable: str
    missing: Message = NOTHING
    hint: Message = NOTHING


#: No account can have the name of these entries.
WEBHOOK: Final = Secret(
    ":webhook",
    "hrflow-webhook-secret",
    "HRFLOW_WEBHOOK_SECRET",
    msg("There is no secret for the webhook."),
    msg("Store it with: {hrflow_watcher} login --webhook"),
)
#: The shared ledger's password; its server may not need one, or ``.pgpass`` may have it.
LEDGER: Final = Secret(":ledger", "hrflow-ledger-password", "HRFLOW_LEDGER_PASSWORD")


def read_secret(
    secret: Secret,
    environ: Mapping[str, str],
    *,
    allow_insecure: bool = False,
    keyring: SystemKeyring | None = None,
) -> str:
    """Return a secret from the keyring, the systemd credential or the environment variable.

    CredentialError if it is missing, LockedError while the keyring is locked; "" for one that the
    program can do without. It may take minutes, as a locked keyring asks a person.
    """
    problem: CredentialError | None = None
    try:
        keyring = keyring or SystemKeyring()
        keyring.allow_insecure = allow_insecure
        if text := keyring.read(secret.entry):
            return text
    except CredentialError as error:
        problem = error
    directory, variable = environ.get(DIRECTORY, ""), environ.get(secret.variable, "")
    if text := read_credential(directory, secret.credential) or variable.strip():
        return text
    if problem is not None and (secret.missing or isinstance(problem, LockedError)):
        raise problem
    if secret.missing:
        raise CredentialError(secret.missing, secret.hint)
    if problem is not None:
        _log.info("%s", problem)
    return ""


def take_secret(secret: Secret, environ: MutableMapping[str, str]) -> Callable[[bool], str]:
    """Return a function that reads a secret, given whether a plain-text keyring is allowed.

    The secret in ``environ`` is removed there, as child processes need none.
    """
    values = {name: environ.get(name, "") for name in (secret.variable, DIRECTORY)}
    environ.pop(secret.variable, None)
    return lambda allow_insecure: read_secret(secret, values, allow_insecure=allow_insecure)


def read_credential(directory: str, name: str) -> str:
    """Return a systemd credential, "" if there is none; CredentialError if it cannot be read."""
    if not directory:
        return ""
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            return file.read(1000).strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialError(
            msg("The credential {path} can't be read ({error}).", path=name, error=error),
            msg("Give this user permission to read it."),
        ) from error


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child process that needs none of the program's secrets."""
    secret = (VARIABLE, WEBHOOK.variable, LEDGER.variable, DIRECTORY)
    return {name: value for name, value in environ.items() if name not in secret}
