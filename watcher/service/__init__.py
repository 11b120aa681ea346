"""Starts the program at every login, with what the system has for it; no administrator needed.

::

    wanted     what is to be started; how it is installed
    unit, entry, agent, task          → text for systemd, desktops, macOS, Windows; no I/O
    systemd, autostart, launchd, scheduler   install it, start it, look at it
    choice     which of them is there
    program    which command line starts this program
    runner     programs of the system, in bounded time; files: whole or not at all

Installing twice is harmless, uninstalling leaves nothing.
"""

from watcher.service.choice import Service, choose, is_installed, settings_folder
from watcher.service.runner import Done, Run, run_program
from watcher.service.systemd import Systemd
from watcher.service.wanted import NAME, Installed, Program, Wanted

__all__ = [
    "NAME", "Done", "Installed", "Program", "Run", "Service", "Systemd", "Wanted",
    "choose", "is_installed", "run_program", "settings_folder",
]  # fmt: skip
