"""Which version of the program lies where this process was started from.

What an installer puts there has a folder of metadata beside it, as "Recording installed projects"
of the Python packaging specifications has it: its name holds the version, and RECORD in it every
file with its SHA-256. Sources without one (a checkout, an editable installation) have only the
version in ``watcher/__init__.py``: while it stays the same, changes of theirs are a developer's.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

_METADATA: Final = re.compile(r"hrflow_watcher-(.+)\.dist-info")
_VERSION: Final = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)
_PACKAGE: Final = "watcher"


@dataclass(frozen=True, slots=True)
class Installed:
    """A version, and a ``mark`` that no other installation has, of the same version either.

    The mark is mtime, size and inode of RECORD; empty where there is none.
    """

    version: str
    mark: tuple[int, ...] = ()


class OwnFiles:
    """The files of one installation. Nothing is kept open, and nothing imported."""

    def __init__(self, folder: str, executable: str = "") -> None:
        """``folder`` is the one around the package and its metadata.

        ``executable`` is the program itself where it is frozen: then there are no modules to see.
        """
        self._folder = folder
        self._executable = executable
        self.running = Installed(watcher.__version__, self._mark(watcher.__version__))
        # Without a RECORD, as some distributions have it, the version of the module has to do.
        self._is_installed = bool(self.running.mark)

    @classmethod
    def of_process(cls) -> OwnFiles:
        """This process's."""
        if getattr(sys, "frozen", False):
            inside = getattr(sys, "_MEIPASS", os.path.dirname(sys.executable))
            return cls(str(inside), os.path.abspath(sys.executable))
        return cls(os.path.dirname(os.path.dirname(os.path.abspath(watcher.__file__))))

    @property
    def places(self) -> tuple[str, ...]:
        """Folders and files that change when another version is installed, or this one anew."""
        if not self._is_installed:
            return (self._module(),)
        return self._folder, self._record(self.running.version)

    def glance(self) -> Installed | None:
        """What lies there now; None while it is half of one version and half of another."""
        version = self._version()
        if not version:
            return None
        mark = self._mark(version)
        return None if self._is_installed and not mark else Installed(version, mark)

    def is_whole(self, found: Installed) -> bool:
        """Whether every file of ours is the one that belongs to this version."""
        if self._executable:
            return os.access(self._executable, os.X_OK)
        if not found.mark:
            return True
        try:
            return all(map(self._is_as_recorded, *zip(*self._recorded(found), strict=True)))
        except (OSError, UnicodeError, ValueError, TypeError, csv.Error):
            return False  # it is being written, or has just gone

    # -- inside

    def _module(self) -> str:
        return os.path.join(self._folder, _PACKAGE, "__init__.py")

    def _version(self) -> str:
        """The version of the module; of a frozen program the only one that metadata tells of."""
        if self._executable:
            found = list(self._found())
            return found[0] if len(found) == 1 else ""
        try:
            with open(self._module(), encoding="utf-8") as file:
                read = _VERSION.search(file.read())
        except (OSError, UnicodeError):
            return ""
        return read[1] if read else ""

    def _found(self) -> Iterator[str]:
        """The versions that there is metadata of."""
        try:
            names = os.listdir(self._folder)
        except OSError:
            return
        for name in names:
            if fits := _METADATA.fullmatch(name):
                yield fits[1]

    def _record(self, version: str) -> str:
        return os.path.join(self._folder, f"hrflow_watcher-{version}.dist-info", "RECORD")

    def _mark(self, version: str) -> tuple[int, ...]:
        try:
            facts = os.stat(self._record(version))
        except OSError:
            return ()
        return facts.st_mtime_ns, facts.st_size, facts.st_ino

    def _recorded(self, found: Installed) -> list[tuple[str, str]]:
        """Path and digest of each file of the package; others of an installation may be missing."""
        with open(self._record(found.version), encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 3]
        ours = [(row[0], row[1]) for row in rows if row[0].startswith(f"{_PACKAGE}/") and row[1]]
        if not ours:
            raise ValueError(found)
        return ours

    def _is_as_recorded(self, path: str, digest: str) -> bool:
        name, _, wanted = digest.partition("=")
        with open(os.path.join(self._folder, *path.split("/")), "rb") as file:
            read = hashlib.file_digest(file, name).digest()
        return base64.urlsafe_b64encode(read).rstrip(b"=").decode() == wanted
