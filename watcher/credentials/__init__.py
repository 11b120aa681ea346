"""Where an account's API key comes from: the system's keyring, else what a headless machine has.

::

    keyring          the system's keyring, which may be locked, slow, absent or unsafe
    keyring_process  reads it in a process of its own, which takes the libraries' memory with it
    keys             what a key looks like, the keys of a running program, the webhook's secret
"""

from watcher.credentials.keyring import SERVICE, LockedError, SystemKeyring, elsewhere
from watcher.credentials.keys import (
    CREDENTIAL,
    VARIABLE,
    WAITING,
    Keys,
    is_contested,
    webhook_secrets,
)

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
    "webhook_secrets",
]
