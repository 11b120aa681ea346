"""Starts the program at every login, with what the system has for it; no administrator is needed.

::

    linux          a unit of the user's systemd, or a desktop entry where there is none
    macos          a LaunchAgent
    windows        a task of the Task Scheduler
    file_managers  entries in the menus of file managers, installed and removed with it
    common         what they share

Installing can be repeated, uninstalling leaves nothing.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from watcher.i18n.message import Message
from watcher.service.common import (
    NAME,
    Definition,
    Installed,
    Program,
    Run,
    Service,
    run_program,
)
from watcher.service.linux import (
    Autostart,
    Systemd,
    has_user_manager,
    may_have_namespaces,
    xdg_folder,
)
from watcher.service.macos import Launchd
from watcher.service.windows import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "NAME", "Definition", "Installed", "Program", "Run", "Service", "Systemd", "choose",
    "how_to_start", "run_program",
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
    settings = xdg_folder(environ, "XDG_CONFIG_HOME", os.path.join(definition.home, ".config"))
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
