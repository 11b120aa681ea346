"""Starts the program at every login, with what the system has for it; no administrator is needed.

::

    systemd         a unit of the user's systemd
    autostart       a desktop entry, where there is no systemd for users
    launchd         a LaunchAgent on macOS
    task_scheduler  a task on Windows
    file_managers   entries in the menus of file managers, installed and removed with it
    common          what they share

Installing can be repeated, uninstalling leaves nothing.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from typing import TYPE_CHECKING

from watcher.i18n.message import Message
from watcher.service.autostart import Autostart
from watcher.service.common import (
    NAME,
    Definition,
    Done,
    Installed,
    Program,
    Run,
    Service,
    run_program,
)
from watcher.service.file_managers import LABEL, FileManagers, make_entries
from watcher.service.launchd import Launchd
from watcher.service.systemd import Systemd
from watcher.service.task_scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "LABEL", "NAME", "Definition", "Done", "FileManagers", "Installed", "Program", "Run",
    "Service", "Systemd", "choose", "how_to_start", "make_entries", "run_program",
    "settings_folder",
]  # fmt: skip


def choose(
    definition: Definition,
    environ: Mapping[str, str],
    run: Run,
    *,
    folder: str,
    spawn: Callable[[Sequence[str]], None],
    end: Callable[[], None],
) -> Service:
    """Return the login service that this system has.

    ``folder`` is the program's own, ``spawn`` starts a command that outlives this process, ``end``
    stops the running program.
    """
    if sys.platform == "win32":
        user = "\\".join(filter(None, (environ.get("USERDOMAIN"), environ.get("USERNAME"))))
        return Scheduler(definition, user, folder, run)
    if sys.platform == "darwin":
        agents = os.path.join(definition.home, "Library", "LaunchAgents")
        return Launchd(definition, agents, os.getuid(), run)
    settings = settings_folder(environ, definition.home)
    if has_user_manager(environ):
        return Systemd(definition, settings, run, namespaces=may_have_namespaces())
    return Autostart(definition, settings, spawn, end)


def how_to_start(environ: Mapping[str, str], home: str, folder: str) -> Message:
    """Return the command that starts the program: by its login service, if one is installed.

    That is known by its file alone: no program is run.
    """
    definition = Definition(command=(), home=home)
    system = choose(
        definition, environ, run_program, folder=folder, spawn=lambda _: None, end=lambda: None
    )
    is_installed = os.path.exists(system.file)
    return Message("{hrflow_watcher} service start" if is_installed else "{hrflow_watcher} run")


def settings_folder(environ: Mapping[str, str], home: str) -> str:
    """Return the user's folder of settings; a relative value does not count, as XDG says."""
    named = environ.get("XDG_CONFIG_HOME", "")
    return named if os.path.isabs(named) else os.path.join(home, ".config")


def has_user_manager(environ: Mapping[str, str]) -> bool:
    """Return whether systemd runs for this user and can be reached."""
    place = environ.get("XDG_RUNTIME_DIR", "")
    if not os.path.isabs(place):
        return False
    try:
        found = os.stat(os.path.join(place, "systemd", "private"))
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and hasattr(socket, "AF_UNIX")


def may_have_namespaces(proc: str = "/proc") -> bool:
    """Return whether users may have namespaces of their own, as far as the system says."""
    wanted = (
        ("sys/kernel/unprivileged_userns_clone", {"1"}),  # Debian
        ("sys/kernel/apparmor_restrict_unprivileged_userns", {"0"}),  # Ubuntu
    )
    if _read(os.path.join(proc, "sys/user/max_user_namespaces")) in ("", "0"):
        return False
    return all(_read(os.path.join(proc, name)) in {"", *good} for name, good in wanted)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
