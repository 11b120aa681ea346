"""The LaunchAgent for macOS, as a property list; keys are those of launchd.plist(5)."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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
