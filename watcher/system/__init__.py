"""What several packages need of the system: atomic writes, and which hosts are this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import tempfile


def write_atomically(
    path: str, content: bytes, *, mode: int = 0o600, owner: tuple[int, int] | None = None
) -> None:
    """Write a file atomically: after a power cut, too, it has the old content or the new one.

    It belongs to this user, or to ``owner`` (user and group) if this user may give files away.
    OSError if it cannot be written; then nothing has changed.
    """
    folder, name = os.path.split(os.path.abspath(path))
    descriptor, part = tempfile.mkstemp(".part", f".{name}.", folder)
    try:
        with open(descriptor, "wb") as file:
            if owner is not None and hasattr(os, "chown"):
                with contextlib.suppress(PermissionError):  # only administrators may
                    os.chown(part, *owner)
            os.chmod(part, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        os.remove(part)
        raise
    if os.name != "nt":  # the new name has to survive a power cut too
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


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
