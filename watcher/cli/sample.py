"""A made-up CV, dropped as a program drops a file: under another name until it is whole."""

from __future__ import annotations

import importlib.util
import os

from watcher.errors import UnusableError


def can_drop_sample() -> bool:
    """Whether the extra that the sample comes with is installed."""
    return importlib.util.find_spec("multipart") is not None


def drop_sample(folder: str) -> str:
    """Put the CV into ``folder`` and give its path; UnusableError if that fails."""
    from watcher.sandbox.samples import FILE_NAME, sample_cv_pdf  # noqa: PLC0415 - an extra

    path = os.path.join(folder, FILE_NAME)
    part = os.path.join(folder, f".{FILE_NAME}.part")
    try:
        with open(part, "wb") as file:
            file.write(sample_cv_pdf())
        os.rename(part, path)
    except OSError as error:
        raise UnusableError(
            f"Nothing can be put into {folder} ({error.strerror}).", "Give yourself the right to."
        ) from error
    return path


def remove_sample(folder: str) -> None:
    """Take the CV out of ``folder`` again, if it is there and still what was put there."""
    from watcher.sandbox.samples import FILE_NAME, sample_cv_pdf  # noqa: PLC0415 - an extra

    path = os.path.join(folder, FILE_NAME)
    try:
        with open(path, "rb") as file:
            is_ours = file.read() == sample_cv_pdf()
        if is_ours:
            os.unlink(path)
    except FileNotFoundError:
        return
