"""Which command line starts this very program again."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Program:
    """How Python was started; ``frozen``: ``executable`` (absolute) is the program itself."""

    executable: str
    frozen: bool
    windows: bool

    @classmethod
    def of_process(cls) -> Program:
        """This process's."""
        frozen = bool(getattr(sys, "frozen", False))
        return cls(os.path.abspath(sys.executable), frozen, sys.platform == "win32")

    def command(self) -> tuple[str, ...]:
        """The program's own path, or Python's with what it has to run; without a console window."""
        folder = os.path.dirname(self.executable)
        if self.frozen:  # on Windows there is a second one without a console window
            without = os.path.join(folder, "hrflow-watcherw.exe")
            return (without if self.windows and os.path.exists(without) else self.executable,)
        if self.windows:  # the script beside it would open a console window
            without = os.path.join(folder, "pythonw.exe")
            return (without if os.path.exists(without) else self.executable, "-P", "-m", "watcher")
        script = os.path.join(folder, "hrflow-watcher")
        if os.access(script, os.X_OK):
            return (script,)
        return (self.executable, "-P", "-m", "watcher")


#: What it is called in lists of services, tasks and programs that start at login.
NAME: Final = "hrflow-watcher"


TITLE: Final = "hrflow-watcher"


COMMENT: Final = "Drop CVs into a folder; each becomes a profile in HrFlow"


COMMENT_FR: Final = "Déposez des CV dans un dossier : chacun devient un profil dans HrFlow"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command to start, and what it needs of the system.

    ``command`` begins with the program's absolute path. ``writable`` are the absolute paths of
    folders in which files are written or moved. ``home`` is the person's, ``errors`` the file for
    what a start that fails says, where the system has no place of its own for it.
    """

    command: tuple[str, ...]
    writable: tuple[str, ...] = ()
    home: str = ""
    errors: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """How things are with the system's service.

    ``file`` is what was installed; ``current`` whether it is what would be installed now;
    ``enabled`` whether it starts at the next login. ``exit_code`` is how the last run ended, None
    if that is not known or if it runs.
    """

    file: str
    enabled: bool
    current: bool
    exit_code: int | None = None
