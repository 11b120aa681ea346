"""Starts the program at every login, with what the system has for it; no administrator needed.

::

    wanted          what is to be started, and which command line starts it
    choice          which of the system's ways is there
    systemd         a unit of the user's systemd
    autostart       an entry that the desktop starts
    launchd         a LaunchAgent on macOS
    task_scheduler  a task on Windows
    runner          programs of the system, in bounded time; files whole or not at all

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
