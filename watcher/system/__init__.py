"""Writes files whole, tells the type of a file system, and which hosts are this machine."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Final

#: ::1, and how ::ffff:127.0.0.1 and the like begin.
_LOOPBACK: Final = bytes(15) + b"\x01"
_MAPPED: Final = bytes(10) + b"\xff\xff\x7f"


def write_atomically(
    path: str, content: bytes, *, mode: int = 0o600, owner: tuple[int, int] | None = None
) -> None:
    """Write a file atomically: after a power cut, too, it has the old content or the new one.

    It belongs to this user, or to ``owner`` (user and group) if this user may give files away.
    OSError if it cannot be written; then nothing has changed.
    """
    folder, name = os.path.split(os.path.abspath(path))
    part = os.path.join(folder, f".{name}.{os.urandom(8).hex()}.part")
    try:
        with open(part, "xb", opener=_private) as file:
            if owner is not None and hasattr(os, "chown"):
                with contextlib.suppress(PermissionError):  # only administrators may
                    os.chown(part, *owner)
            os.chmod(part, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)
        raise
    if os.name != "nt":  # the new name has to survive a power cut too
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, in any notation: ``localhost``, ``127.1``, ``::1``.

    Other names are not resolved.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    with contextlib.suppress(OSError, UnicodeError):
        return socket.inet_aton(name)[0] == 127  # as system calls read it
    with contextlib.suppress(OSError, UnicodeError):
        address = socket.inet_pton(socket.AF_INET6, name.partition("%")[0])  # without its zone
        return address == _LOOPBACK or address.startswith(_MAPPED)
    return False


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
