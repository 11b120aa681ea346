"""Private temporary files for documents that are inside others, such as attachments."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO


class Spool:
    """Temporary files in a directory of their own, which the system removes when they are closed.

    Only their owner can read them; where the system supports it, they never have a name.
    """

    def __init__(self, directory: str) -> None:
        """``directory`` is created when it is first needed."""
        self._directory = directory
        #: Held while a container is read or an image decoded, as either may take much memory.
        self.opening = threading.Lock()

    def sweep(self) -> None:
        """Remove what a crash left behind, on systems where these files have names."""
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._directory):
                with contextlib.suppress(OSError):  # another process has it open
                    os.unlink(os.path.join(self._directory, name))

    def create(self) -> BinaryIO:
        """Return a new file for writing and reading; OSError if it cannot be created."""
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._directory)
