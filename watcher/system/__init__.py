"""Writes files whole, tells the type of a file system, and which hosts are this machine."""

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


def file_system_of(fd: int, process: str = "/proc/self") -> str:
    """Return the type of the file system that an open file is on; "" if unknown.

    fdinfo has the id of its mount, mountinfo the mounts (proc(5)). The device number would not
    do: each btrfs subvolume has its own, which no mount has.
    """
    try:
        with open(f"{process}/fdinfo/{fd}", encoding="utf-8") as lines:
            wanted = next(line.split()[1] for line in lines if line.startswith("mnt_id:"))
        with open(f"{process}/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            row = next(row for row in map(str.split, lines) if row[0] == wanted)
    except (OSError, StopIteration):
        return ""
    return row[row.index("-") + 1]
