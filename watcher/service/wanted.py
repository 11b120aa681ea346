"""What is to be started at every login, and what the system says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
