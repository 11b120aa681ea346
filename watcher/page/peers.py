"""Whether a connection from this machine comes from the same person.

A link stands in the arguments of the browser that is started with it, where other users of the
machine can read it on some systems, and a browser shows a cookie to every port of this machine,
whoever listens there. So only the user who runs the program is let in, where the system tells who
is at the other end: Linux does, in ``/proc/net``. On Windows others cannot read arguments; on
macOS the link is passed on in a file.
"""

from __future__ import annotations

import os
import socket
from typing import Final

_TABLES: Final = (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6))
_ADDRESS, _STATE, _USER = 1, 3, 7
#: TIME_WAIT and CLOSE: what is left of connections that are over is root's, whoever had them.
_OVER: Final = ("06", "07")
#: The tables are read while they change, so that a line may be missed.
_LOOKS: Final = 3


def is_somebody_else(address: str, port: int) -> bool:
    """Whether the socket of this machine at ``address`` and ``port`` is another user's.

    Also where the system tells of others and of this one not, however often it is asked.
    """
    told = False
    for _ in range(_LOOKS):
        for table, family in _TABLES:
            try:
                packed = socket.inet_pton(family, address)
                with open(table, encoding="ascii") as file:
                    next(file, "")
                    owners = {line.split()[_USER] for line in file if _is_at(line, packed, port)}
            except OSError:  # no such table, or an address of the other kind
                continue
            told = True
            if owners:
                return owners != {str(os.getuid())}
    return told


def _is_at(line: str, packed: bytes, port: int) -> bool:
    """Whether a line's own end is there; its address is four-byte words in the machine's order."""
    words = [packed[at : at + 4][::-1] for at in range(0, len(packed), 4)]
    columns = line.split()
    here = f"{b''.join(words).hex().upper()}:{port:04X}"
    return columns[_ADDRESS] == here and columns[_STATE] not in _OVER
