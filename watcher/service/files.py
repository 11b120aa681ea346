"""The files that tell the system what to start; each is written whole or not at all."""

from __future__ import annotations

import contextlib
import os

from watcher.errors import WatcherError


def read_file(path: str) -> bytes | None:
    """What is in it; None if it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WatcherError(f"{path} cannot be read ({error.strerror}).") from error


def write_file(path: str, data: bytes) -> bool:
    """Let ``data`` be in the file, which others may read; whether anything changed."""
    if read_file(path) == data:
        return False
    part = f"{path}.{os.getpid()}.part"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise WatcherError(
            f"{path} cannot be written ({error.strerror}).",
            "Give yourself the right to.",
        ) from error
    return True


def remove_file(path: str, *folders: str) -> bool:
    """Remove it, and after that each of ``folders`` that is empty; whether it was there."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise WatcherError(f"{path} cannot be removed ({error.strerror}).") from error
    for folder in folders:
        with contextlib.suppress(OSError):  # not empty, or not there
            os.rmdir(folder)
    return True
