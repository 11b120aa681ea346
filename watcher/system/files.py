"""Replaces files so that nobody ever reads half of one."""

from __future__ import annotations

import contextlib
import os


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
