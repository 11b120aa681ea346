"""Where API keys come from: the system's keyring, a systemd credential, the environment.

::

    keyring          the system's keyring, which may be locked, slow, absent or insecure
    keyring_process  reads it in another process, so that its libraries take no memory here
    keys             the form of a key, the keys of a running program, other secrets
"""

from watcher.credentials.keyring import (
    CREDENTIAL,
    SERVICE,
    VARIABLE,
    LockedError,
    SystemKeyring,
    elsewhere,
)
from watcher.credentials.keys import WAITING, Keys, is_contested, ledger_passwords, webhook_secrets

__all__ = [
    "CREDENTIAL",
    "SERVICE",
    "VARIABLE",
    "WAITING",
    "Keys",
    "LockedError",
    "SystemKeyring",
    "elsewhere",
    "is_contested",
    "ledger_passwords",
    "webhook_secrets",
]
