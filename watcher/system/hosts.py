"""Which hosts are this machine."""

from __future__ import annotations

import ipaddress
import socket


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, in any notation: ``localhost``, ``127.1``, ``::1``.

    Other names are not resolved.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(name))  # as system calls read it
        except (OSError, UnicodeError):
            return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
