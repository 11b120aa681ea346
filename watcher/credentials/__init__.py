"""Where API keys come from: the system's keyring, a systemd credential, the environment.

::

    keyring          the system's keyring, which may be locked, slow, absent or insecure
    keyring_process  reads it in another process, so that its libraries take no memory here
    keys             the form of a key, the keys of a running program
    other_secrets    the secrets beside the keys
"""

from watcher.credentials.keyring import (
    CREDENTIAL,
    VARIABLE,
    LockedError,
    SystemKeyring,
    elsewhere,
)
from watcher.credentials.keys import WAITING, Keys, is_contested
from watcher.credentials.other_secrets import (
    LEDGER,
    WEBHOOK,
    read_secret,
    take_secret,
    without_secrets,
)

__all__ = [
    "CREDENTIAL",
    "LEDGER",
    "VARIABLE",
    "WAITING",
    "WEBHOOK",
    "Keys",
    "LockedError",
    "SystemKeyring",
    "elsewhere",
    "is_contested",
    "read_secret",
    "take_secret",
    "without_secrets",
]
