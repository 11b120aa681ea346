"""The configuration's file: read to be changed, and replaced in one step."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

from watcher.config.read import read_text
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = "\ufeff"


def read_or_new(path: str) -> str:
    """What stands at ``path``, without a byte order mark; "" if nothing is there."""
    return read_text(path) if os.path.lexists(_target(path)) else ""


def replace_text(path: str, old: str, new: str) -> None:
    """Let ``new`` stand at ``path``, where ``old`` stood when it was read.

    Whoever reads meanwhile sees all of the old text or all of the new one. A link stays a link:
    the file it leads to is replaced, and keeps its mode and owner; a new one is its owner's alone.
    ConfigError if it cannot be written, or if it is not ``old`` any more.
    """
    target = _target(path)
    try:
        if read_or_new(path) != old:
            raise ConfigError(
                msg("The configuration {path} was changed by somebody else meanwhile.", path=path),
                msg("Nothing was written; look at the change and try again."),
            )
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        with _beside(target) as part:
            _write(part, _as_before(target) + new)
            _take_over_rights(target, part)
            os.replace(part, target)
        _keep_name(os.path.dirname(target))
    except UnicodeEncodeError as error:
        raise ConfigError(
            msg("A name that is not valid text cannot stand in the configuration."),
            msg("Rename it."),
        ) from error
    except OSError as error:
        raise ConfigError(
            msg(
                "The configuration {path} cannot be written ({error}).",
                path=path,
                error=error.strerror,
            ),
            msg(
                "It is as it was; give yourself the right to write it, or name another with --config."
            ),
        ) from error


# -- inside


def _target(path: str) -> str:
    return os.path.realpath(path)


@contextlib.contextmanager
def _beside(target: str) -> Iterator[str]:
    """A new file that nobody else can read, in the same directory; gone at the end."""
    descriptor, part = tempfile.mkstemp(
        ".part", f".{os.path.basename(target)}.", os.path.dirname(target)
    )
    os.close(descriptor)
    try:
        yield part
    finally:
        with contextlib.suppress(FileNotFoundError):  # it has become the target
            os.remove(part)


def _write(path: str, text: str) -> None:
    with open(path, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _as_before(target: str) -> str:
    """The byte order mark that Windows' editors put at the beginning, if it is there."""
    try:
        with open(target, "rb") as file:
            return _MARK if file.read(3) == _MARK.encode() else ""
    except FileNotFoundError:
        return ""


def _take_over_rights(target: str, part: str) -> None:
    try:
        known = os.stat(target)
    except FileNotFoundError:
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):  # only an administrator may give files away
            os.chown(part, known.st_uid, known.st_gid)
    os.chmod(part, known.st_mode & 0o7777)


def _keep_name(directory: str) -> None:
    """Make the new name survive a power cut, where the system lets a directory be flushed."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
