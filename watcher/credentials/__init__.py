"""Where an account's API key comes from: the system's keyring, else what a headless machine has.

::

    keyring  the system's keyring, which may be locked, slow, absent or unsafe
    apart    a look into it by another process, which takes the libraries' memory with it
    keys     what a key looks like, the keys of a program that runs, and the webhook's secret
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
