"""A unit of systemd's user manager, and the entry that tells it of the desktop."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from watcher.service.entry import render_entry
from watcher.service.files import read_file, remove_file, write_file
from watcher.service.runner import insist
from watcher.service.unit import render_unit
from watcher.service.wanted import NAME, Installed

if TYPE_CHECKING:
    from watcher.service.runner import Done, Run
    from watcher.service.wanted import Wanted

_UNIT: Final = f"{NAME}.service"
#: What of the desktop a program has to know to show an icon, and in which language to speak.
_DESKTOP: Final = (
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE",
    "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE",
)  # fmt: skip
#: Run by the desktop at login: the service has started before it, and starts again in it.
_MEET: Final = (
    f"systemctl --user import-environment {' '.join(_DESKTOP)};"
    f" systemctl --user try-restart {_UNIT}"
)


class Systemd:
    """``settings`` is the person's folder of settings (``~/.config``).

    ``namespaces``: users may have namespaces of their own here.
    """

    kind = "systemd"
    lingers = False

    def __init__(self, wanted: Wanted, settings: str, run: Run, *, namespaces: bool) -> None:
        self._wanted = wanted
        self._settings = settings
        self._run = run
        self._namespaces = namespaces
        self.file = os.path.join(settings, "systemd", "user", _UNIT)
        self._entry = os.path.join(settings, "autostart", f"{NAME}.desktop")

    def install(self) -> bool:
        """Whether anything changed; starts at the next login, not now."""
        changed = [
            write_file(self.file, self._render()),
            write_file(self._entry, render_entry(("/bin/sh", "-c", _MEET)).encode()),
        ]
        self._insist("daemon-reload")
        was_enabled = self._is_enabled()
        self._insist("enable", _UNIT)
        return any(changed) or not was_enabled

    def uninstall(self) -> bool:
        """Stop it and leave nothing; whether there was anything."""
        known = read_file(self.file) is not None
        if known:
            self._insist("disable", "--now", _UNIT)
        folder = os.path.dirname(self.file)
        removed = [
            remove_file(self.file, folder, os.path.dirname(folder)),
            remove_file(self._entry, os.path.dirname(self._entry)),
        ]
        if known:
            self._insist("daemon-reload")
            self._systemctl("reset-failed", _UNIT)  # fails if it never failed
        return any(removed)

    def start(self) -> None:
        """Start it now; done when it watches."""
        self._insist("start", _UNIT)

    def stop(self) -> None:
        """Stop it, until the next login."""
        self._insist("stop", _UNIT)

    def restart(self) -> None:
        """Stop it and start it, or only start it."""
        self._insist("restart", _UNIT)

    def look(self) -> Installed | None:
        """How it is installed; None if it is not."""
        found = read_file(self.file)
        if found is None:
            return None
        shown = self._systemctl("show", "--property=ExecMainStatus,ActiveState", _UNIT)
        facts = dict(line.partition("=")[::2] for line in shown.out.splitlines())
        ended = facts.get("ActiveState") in ("inactive", "failed", "activating")
        status = facts.get("ExecMainStatus", "")
        return Installed(
            file=self.file,
            enabled=self._is_enabled(),
            current=found == self._render(),
            exit_code=int(status) if ended and status.isdecimal() else None,
        )

    def _render(self) -> bytes:
        version = self._version()
        text = render_unit(self._wanted, version=version, namespaces=self._namespaces)
        return text.encode("utf-8", "surrogateescape")

    def _version(self) -> int:
        found = re.search(r"systemd (\d+)", self._run(["systemctl", "--version"]).out)
        return int(found[1]) if found else 0

    def _is_enabled(self) -> bool:
        return self._systemctl("is-enabled", _UNIT).out.strip() == "enabled"

    def _systemctl(self, *words: str) -> Done:
        return self._run(["systemctl", "--user", "--no-pager", *words])

    def _insist(self, *words: str) -> None:
        insist(self._run, "systemctl", "--user", "--no-pager", *words)
