"""What the settings mean for each folder on this machine: the rules compiled."""

from __future__ import annotations

import getpass
import logging
import os
import socket
from typing import TYPE_CHECKING

from watcher.journal.reader import Reader
from watcher.model.settings import parse_folder, replaced
from watcher.routing.ignored import ignore_filter
from watcher.routing.patterns import lies_in
from watcher.routing.rules import Facts, Plan, accepts, router

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.daemon.instance import Places
    from watcher.model.settings import Config, Folder

_log = logging.getLogger(__name__)


def this_machine() -> Facts:
    """What placeholders may say of the machine and the person at it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        user = "unknown"
    return Facts(hostname=socket.gethostname(), user=user)


def make_plans(
    config: Config,
    facts: Facts,
    targets: Collection[str] = (),
    imported: Collection[Folder] = (),
) -> dict[str, Plan]:
    """Each folder with its rules compiled, by its path without symbolic links.

    ``targets``: where files were filed by earlier settings, see :func:`former_targets`;
    ``imported``: folders that are not watched, see :func:`former_imports`. Settings of today come
    before those of an import, and what is to go through an account that is gone has to wait.
    """
    plans = {}
    watched = [replaced(each, path=os.path.realpath(each.path)) for each in config.folders]
    paths = {folder.path for folder in watched}
    accounts = {account.name for account in config.accounts}
    promised = [each for each in imported if each.path not in paths and each.account in accounts]
    for folder in (*watched, *promised):
        plans[folder.path] = Plan(
            folder,
            ignore_filter(folder, targets),
            accepts(folder),
            router(folder, facts),
            is_imported=folder.path not in paths,
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


def former_imports(places: Places) -> list[Folder]:
    """Folders that were imported and are not watched: what is left of them is to be finished.

    JournalError if the journal cannot be read.
    """
    if not os.path.exists(places.journal):
        return []
    reader = Reader(places.journal)
    try:
        promised = reader.imported()
    finally:
        reader.close()
    folders = []
    for path, settings in promised.items():
        try:
            folders.append(parse_folder(path, settings))
        except ValueError as error:
            _log.error("an import cannot be finished, its settings cannot be read: %s", error)
    return folders


def on_disk(path: str) -> str:
    """A path as the disk has it, given as a person sees it; unchanged where nothing is there."""
    directory, name = os.path.split(path)
    if os.path.lexists(path) or directory == path:
        return path
    directory = on_disk(directory)
    try:
        same = [each for each in os.listdir(directory) if lies_in(each, name, os.sep)]
    except OSError:  # whoever opens the path hears of it
        same = []
    return os.path.join(directory, same[0] if len(same) == 1 else name)
