"""A sample CV, written like programs write files: under another name until it is complete."""

from __future__ import annotations

import importlib.util
import os
import stat
from typing import Final

from watcher.i18n.message import msg
from watcher.model.errors import UnusableError
from watcher.present import view

#: Never through a link, and never over an existing file.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


_AS_IT_IS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def can_drop_sample() -> bool:
    """Whether the extra that contains the sample is installed."""
    return importlib.util.find_spec("multipart") is not None


def sample_path(folder: str) -> str:
    """Return where in ``folder`` the CV is, or would be."""
    from watcher.sandbox.samples import FILE_NAME  # noqa: PLC0415 - an extra

    return os.path.join(folder, FILE_NAME)


def drop_sample(folder: str) -> str:
    """Put the CV into ``folder``, unless it is there already, and return its path.

    UnusableError if that fails, or another file has its name.
    """
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    path = sample_path(folder)
    part = os.path.join(folder, f".{os.path.basename(path)}.part")
    try:
        if os.path.lexists(path):
            if not _is_ours(path):
                raise UnusableError(
                    msg("{path} already exists and is not the sample CV.", path=view.safe(path)),
                    msg("Rename it."),
                )
            return path
        if os.path.lexists(part):  # an earlier attempt that was interrupted
            os.unlink(part)
        with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
            file.write(sample_cv_pdf())
        os.rename(part, path)
    except OSError as error:
        raise UnusableError(
            msg(
                "No file can be written to {path} ({error}).",
                path=view.safe(folder),
                error=error.strerror,
            ),
            msg("Check your permissions for this folder."),
        ) from error
    return path


def remove_sample(folder: str) -> None:
    """Remove the CV from ``folder``, if it is there and unchanged."""
    path = sample_path(folder)
    if os.path.lexists(path) and _is_ours(path):
        os.unlink(path)


def _is_ours(path: str) -> bool:
    """Whether a file is the unchanged CV; a link is not."""
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    wanted = sample_cv_pdf()
    if os.path.islink(path) or not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with os.fdopen(os.open(path, _AS_IT_IS), "rb") as file:
        return file.read(len(wanted) + 1) == wanted
