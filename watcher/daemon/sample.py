"""A made-up CV, dropped as a program drops a file: under another name until it is whole."""

from __future__ import annotations

import importlib.util
import os
import stat
from typing import Final

from watcher.i18n.message import msg
from watcher.model.errors import UnusableError
from watcher.present import view

#: Never into what a link leads to, and never in the place of what is there.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


_AS_IT_IS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def can_drop_sample() -> bool:
    """Whether the extra that the sample comes with is installed."""
    return importlib.util.find_spec("multipart") is not None


def sample_path(folder: str) -> str:
    """Where in ``folder`` the CV lies, or would."""
    from watcher.sandbox.samples import FILE_NAME  # noqa: PLC0415 - an extra

    return os.path.join(folder, FILE_NAME)


def drop_sample(folder: str) -> str:
    """Put the CV into ``folder``, if it is not there yet, and give its path.

    UnusableError if that fails, or another file has its name.
    """
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    path = sample_path(folder)
    part = os.path.join(folder, f".{os.path.basename(path)}.part")
    try:
        if os.path.lexists(path):
            if not _is_ours(path):
                raise UnusableError(
                    msg(
                        "{path} is there already, and is not the made-up CV.", path=view.safe(path)
                    ),
                    msg("Give it another name."),
                )
            return path
        if os.path.lexists(part):  # a drop that was broken off
            os.unlink(part)
        with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
            file.write(sample_cv_pdf())
        os.rename(part, path)
    except OSError as error:
        raise UnusableError(
            msg(
                "Nothing can be put into {path} ({error}).",
                path=view.safe(folder),
                error=error.strerror,
            ),
            msg("Give yourself the right to."),
        ) from error
    return path


def remove_sample(folder: str) -> None:
    """Take the CV out of ``folder`` again, if it is there and still what was put there."""
    path = sample_path(folder)
    if os.path.lexists(path) and _is_ours(path):
        os.unlink(path)


def _is_ours(path: str) -> bool:
    """Whether a file is the CV as it was dropped; a link is not."""
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    wanted = sample_cv_pdf()
    if os.path.islink(path) or not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with os.fdopen(os.open(path, _AS_IT_IS), "rb") as file:
        return file.read(len(wanted) + 1) == wanted
