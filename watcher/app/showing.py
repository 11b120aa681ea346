"""Has the desktop show a file or a folder in whatever it shows them with."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)


def show_file(path: str, *, itself: bool = False) -> None:
    """Show a folder, or a file in its folder; ``itself``: open the file with its program.

    What is gone is shown by the folder it was in.
    """
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    start(show_command(sys.platform, path, itself=itself or os.path.isdir(path)))


def start(command: tuple[str, ...]) -> bool:
    """Start a program of the desktop, without waiting for it; False if there is none."""
    command = outside(command, os.environ, has_systemd_run=bool(shutil.which("systemd-run")))
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of the system, and a path
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        _log.warning("nothing here shows folders (%s: %s)", command[0], error.strerror)
        return False
    threading.Thread(target=process.wait, name="shown", daemon=True).start()
    return True


def show_command(platform: str, path: str, *, itself: bool) -> tuple[str, ...]:
    """The command for a system, ``platform`` as ``sys.platform`` has it; ``path`` is absolute."""
    if platform == "win32":
        # Explorer wants the file's name behind the comma, in the same argument.
        return ("explorer", path if itself else f"/select,{path}")
    if platform == "darwin":
        return ("open", path) if itself else ("open", "-R", path)
    return ("xdg-open", path if itself else os.path.dirname(path))


def outside(
    command: tuple[str, ...], environ: Mapping[str, str], *, has_systemd_run: bool
) -> tuple[str, ...]:
    """``command`` as it is started so that it does not belong to our own service.

    What a systemd unit starts shares its limits and ends with it; a file manager must not.
    ``INVOCATION_ID`` is what systemd gives to what it runs.
    """
    if not environ.get("INVOCATION_ID") or not has_systemd_run:
        return command
    # systemd logs a unit's description, which would be the command and all that stands in it.
    described = f"--description={command[0]} for hrflow-watcher"
    return ("systemd-run", "--user", "--quiet", "--collect", described, "--", *command)
