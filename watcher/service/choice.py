"""Which of the system's ways to start a program at login is there."""

from __future__ import annotations

import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, Protocol

from watcher.service.autostart import Autostart
from watcher.service.launchd import Launchd
from watcher.service.runner import run_program
from watcher.service.systemd import Systemd
from watcher.service.task_scheduler import Scheduler
from watcher.service.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.service.runner import Run
    from watcher.service.wanted import Installed


class Service(Protocol):
    """One way to have the program started at every login. WatcherError if the system refuses."""

    @property
    def kind(self) -> str:
        """What people call it: "systemd", "autostart", "launchd", "task scheduler"."""

    @property
    def file(self) -> str:
        """The file that is written."""

    @property
    def lingers(self) -> bool:
        """Whether the program may still be ending when :meth:`stop` is done."""

    def install(self) -> bool:
        """Have it started at every login; may be called again. Whether anything changed."""

    def uninstall(self) -> bool:
        """Stop it and leave nothing; may be called again. Whether there was anything."""

    def start(self) -> None:
        """Start it now; nothing happens if it runs."""

    def stop(self) -> None:
        """Stop it, until the next login; nothing happens if it does not run."""

    def restart(self) -> None:
        """Stop it and start it, or only start it."""

    def look(self) -> Installed | None:
        """How it is installed; None if it is not."""


def choose(
    wanted: Wanted,
    environ: Mapping[str, str],
    run: Run,
    *,
    folder: str,
    spawn: Callable[[Sequence[str]], None],
    end: Callable[[], None],
) -> Service:
    """The way that this system has.

    ``folder`` is the program's own, ``spawn`` starts a command that outlives this one, ``end``
    ends the program that runs.
    """
    if sys.platform == "win32":
        user = "\\".join(filter(None, (environ.get("USERDOMAIN"), environ.get("USERNAME"))))
        return Scheduler(wanted, user, folder, run)
    if sys.platform == "darwin":
        agents = os.path.join(wanted.home, "Library", "LaunchAgents")
        return Launchd(wanted, agents, os.getuid(), run)
    settings = settings_folder(environ, wanted.home)
    if has_user_manager(environ):
        return Systemd(wanted, settings, run, namespaces=may_have_namespaces())
    return Autostart(wanted, settings, spawn, end)


def is_installed(environ: Mapping[str, str], home: str, folder: str) -> bool:
    """Whether there is a login service, told by its file alone: no program is asked, in no time."""
    wanted = Wanted(command=(), home=home)
    system = choose(
        wanted, environ, run_program, folder=folder, spawn=lambda _: None, end=lambda: None
    )
    return os.path.exists(system.file)


def settings_folder(environ: Mapping[str, str], home: str) -> str:
    """The person's folder of settings; relative values do not count, as XDG says."""
    named = environ.get("XDG_CONFIG_HOME", "")
    return named if os.path.isabs(named) else os.path.join(home, ".config")


def has_user_manager(environ: Mapping[str, str]) -> bool:
    """Whether systemd runs for this person and can be spoken to."""
    place = environ.get("XDG_RUNTIME_DIR", "")
    if not os.path.isabs(place):
        return False
    try:
        found = os.stat(os.path.join(place, "systemd", "private"))
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and hasattr(socket, "AF_UNIX")


def may_have_namespaces(proc: str = "/proc") -> bool:
    """Whether people may have namespaces of their own, as far as the system says."""
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
