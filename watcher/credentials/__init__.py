"""Where an account's API key comes from: the system's keyring, else what a headless machine has.

::

    form     what a key looks like, and what was pasted along with it
    keyring  the system's keyring, which may be locked, slow, absent or unsafe
    apart    a look into it by another process, which takes the libraries' memory with it
    webhook  the webhook's secret
    keys     the keys of a program that runs: none of them keeps anybody waiting for long
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
