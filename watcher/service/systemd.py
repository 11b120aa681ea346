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
    from collections.abc import Mapping

    from watcher.service.runner import Done, Run
    from watcher.service.wanted import Wanted

_UNIT: Final = f"{NAME}.service"
#: What of the desktop a program has to know to show an icon.
DESKTOP: Final = (
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE",
)  # fmt: skip
#: And in which language to speak to whoever sits there: the strongest first, then a list that
#: programs may take from.
_LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
LANGUAGE: Final = (*_LOCALES, "LANGUAGE")
_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY")


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
        entry = render_entry(self._wanted.desktop).encode("utf-8", "surrogateescape")
        changed = [
            write_file(self.file, self._render()),
            write_file(self._entry, entry),
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

    def meet_desktop(self, here: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Tell it of the desktop that this process belongs to.

        ``here`` and ``known`` are what this process and the running program have in their
        environment; if it is for another desktop or language, or for none, it starts again:
        nothing is lost by that.
        """
        told = [name for name in (*DESKTOP, *LANGUAGE) if here.get(name)]
        if told:
            self._systemctl("import-environment", *told)
        is_elsewhere = any(here.get(name) not in (None, known.get(name)) for name in _SCREENS)
        if is_elsewhere or _locale(here) not in ("", _locale(known)):
            self._insist("try-restart", _UNIT)

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


def _locale(environ: Mapping[str, str]) -> str:
    """What an environment says of the language; "" if that is nothing, or none in particular."""
    said = next((environ[name] for name in _LOCALES if environ.get(name)), "")
    return "" if said.partition(".")[0] in ("C", "POSIX") else said
