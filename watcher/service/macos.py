"""The LaunchAgent for macOS, as a property list; keys are those of launchd.plist(5)."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from watcher.service.common import Installed, Service, insist, read_file, remove_file, write_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.service.common import Definition, Run

LABEL: Final = "io.github.hrflow-watcher"

#: Minimum number of seconds between two starts.
_THROTTLE: Final = 60


def render_agent(definition: Definition) -> bytes:
    """Return the contents of ``io.github.hrflow-watcher.plist``.

    It is only started again after a failure, so that it can be stopped. "Aqua" is the graphical
    session, which an icon needs.
    """
    import plistlib  # noqa: PLC0415 - only on macOS; it brings an XML parser

    return plistlib.dumps({
        "Label": LABEL,
        "ProgramArguments": list(definition.command),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": _THROTTLE,
        "ExitTimeOut": 30,
        "ProcessType": "Standard",
        "LimitLoadToSessionType": "Aqua",
        "Umask": 0o077,
        "StandardOutPath": "/dev/null",
        "StandardErrorPath": definition.errors,
    })  # fmt: skip


_LAST_EXIT: Final = re.compile(r"last exit code = (\d+)")

#: How often and every how many seconds an agent that is being unloaded is checked.
_TRIES: Final = 150
_PAUSE: Final = 0.2


class Launchd(Service):
    """A LaunchAgent. ``agents`` is ``~/Library/LaunchAgents``, ``user`` the user's id."""

    kind = "launchd"
    lingers = True

    def __init__(
        self,
        definition: Definition,
        agents: str,
        user: int,
        run: Run,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._definition = definition
        self._sleep = sleep
        self._run = run
        self._domain = f"gui/{user}"
        self._target = f"{self._domain}/{LABEL}"
        self.file = os.path.join(agents, f"{LABEL}.plist")

    def install(self) -> bool:
        """Install it, see :meth:`Service.install`."""
        changed = write_file(self.file, render_agent(self._definition))
        insist(self._run, "launchctl", "enable", self._target)
        return changed

    def uninstall(self) -> bool:
        """Remove it, see :meth:`Service.uninstall`."""
        self.stop()
        removed = remove_file(self.file)
        return remove_file(self._definition.errors) or removed

    def start(self) -> None:
        """Start it."""
        if self._is_loaded():
            insist(self._run, "launchctl", "kickstart", self._target)
        else:
            insist(self._run, "launchctl", "bootstrap", self._domain, self.file)

    def stop(self) -> None:
        """Stop it until the next login; wait, as an agent being unloaded cannot be loaded."""
        if not self._is_loaded():
            return
        insist(self._run, "launchctl", "bootout", self._target)
        for _ in range(_TRIES):
            if not self._is_loaded():
                return
            self._sleep(_PAUSE)

    def look(self) -> Installed | None:
        """Return the status; None if it is not installed."""
        found = read_file(self.file)
        if found is None:
            return None
        shown = self._run(["launchctl", "print", self._target]).out
        last = _LAST_EXIT.search(shown)
        return Installed(
            self.file,
            enabled=True,
            current=found == render_agent(self._definition),
            exit_code=int(last[1]) if last and "state = running" not in shown else None,
        )

    def _is_loaded(self) -> bool:
        return self._run(["launchctl", "print", self._target]).code == 0
