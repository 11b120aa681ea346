"""What the settings mean for each folder on this machine: the rules compiled."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

from watcher.journal.reader import Reader
from watcher.ports import Plan
from watcher.rules import Facts, accepts, ignore_filter, router
from watcher.settings import replaced

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.app.places import Places
    from watcher.settings import Config


def this_machine() -> Facts:
    """What placeholders may say of the machine and the person at it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        user = "unknown"
    return Facts(hostname=socket.gethostname(), user=user)


def make_plans(config: Config, facts: Facts, targets: Collection[str] = ()) -> dict[str, Plan]:
    """Each folder with its rules compiled, by its path without symbolic links.

    ``targets``: where files were filed by earlier settings, see :func:`former_targets`.
    """
    plans = {}
    for folder in config.folders:
        real = replaced(folder, path=os.path.realpath(folder.path))
        plans[real.path] = Plan(
            real, ignore_filter(real, targets), accepts(real), router(real, facts)
        )
    return plans


def former_targets(places: Places) -> list[str]:
    """Where files have ever been filed away: nothing there is new, whatever the settings are now.

    JournalError if the journal cannot be read.
    """
    if not places.has_journal:
        return []
    reader = Reader(places.journal)
    try:
        return reader.filing_targets()
    finally:
        reader.close()
