"""The LaunchAgent for macOS, as a property list; keys are those of launchd.plist(5)."""

from __future__ import annotations

import os
import plistlib
import re
import time
from typing import TYPE_CHECKING, Final

from watcher.service.runner import insist, read_file, remove_file, write_file
from watcher.service.wanted import Installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.service.runner import Run
    from watcher.service.wanted import Wanted

LABEL: Final = "io.github.hrflow-watcher"


#: Seconds between two starts at the least.
_THROTTLE: Final = 60


def render_agent(wanted: Wanted) -> bytes:
    """The contents of ``io.github.hrflow-watcher.plist``.

    It is started again after a failure only, so that it can be stopped. "Aqua" is the graphical
    session, in which alone an icon can be shown.
    """
    return plistlib.dumps({
        "Label": LABEL,
        "ProgramArguments": list(wanted.command),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": _THROTTLE,
        "ExitTimeOut": 30,
        "ProcessType": "Standard",
        "LimitLoadToSessionType": "Aqua",
        "Umask": 0o077,
        "StandardOutPath": "/dev/null",
        "StandardErrorPath": wanted.errors,
    })  # fmt: skip


_LAST_EXIT: Final = re.compile(r"last exit code = (\d+)")


#: Looks, and seconds between them, at an agent that is being unloaded.
_TRIES: Final = 150


_PAUSE: Final = 0.2


class Launchd:
    """``agents`` is the folder ``~/Library/LaunchAgents``, ``user`` the person's number."""

    kind = "launchd"
    lingers = True

    def __init__(
        self,
        wanted: Wanted,
        agents: str,
        user: int,
        run: Run,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wanted = wanted
        self._sleep = sleep
        self._run = run
        self._domain = f"gui/{user}"
        self._target = f"{self._domain}/{LABEL}"
        self.file = os.path.join(agents, f"{LABEL}.plist")

    def install(self) -> bool:
        """Whether anything changed; starts at the next login, not now."""
        changed = write_file(self.file, render_agent(self._wanted))
        insist(self._run, "launchctl", "enable", self._target)
        return changed

    def uninstall(self) -> bool:
        """Stop it and leave nothing; whether there was anything."""
        self.stop()
        removed = remove_file(self.file)
        return remove_file(self._wanted.errors) or removed

    def start(self) -> None:
        """Start it now."""
        if self._is_loaded():
            insist(self._run, "launchctl", "kickstart", self._target)
        else:
            insist(self._run, "launchctl", "bootstrap", self._domain, self.file)

    def stop(self) -> None:
        """Stop it, until the next login; what is still being unloaded cannot be loaded."""
        if not self._is_loaded():
            return
        insist(self._run, "launchctl", "bootout", self._target)
        for _ in range(_TRIES):
            if not self._is_loaded():
                return
            self._sleep(_PAUSE)

    def restart(self) -> None:
        """Stop it and start it, or only start it; loads what was installed since."""
        self.stop()
        self.start()

    def look(self) -> Installed | None:
        """How it is installed; None if it is not."""
        found = read_file(self.file)
        if found is None:
            return None
        shown = self._run(["launchctl", "print", self._target]).out
        last = _LAST_EXIT.search(shown)
        return Installed(
            self.file,
            enabled=True,
            current=found == render_agent(self._wanted),
            exit_code=int(last[1]) if last and "state = running" not in shown else None,
        )

    def _is_loaded(self) -> bool:
        return self._run(["launchctl", "print", self._target]).code == 0
