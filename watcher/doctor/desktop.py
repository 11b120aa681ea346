"""Whether this desktop can show a tray icon, as far as its environment says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from watcher import view
from watcher.doctor.findings import Check, Finding, ok, skipped, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watcher.doctor.case import Case

#: Desktops that have a place for icons of their own accord, as XDG_CURRENT_DESKTOP names them.
_WITH_TRAY: Final = frozenset(
    {"budgie", "cinnamon", "cosmic", "deepin", "kde", "lxde", "lxqt", "mate", "unity", "x-cinnamon",
     "xfce"}
)  # fmt: skip


def checks(case: Case) -> Iterator[Check]:
    """The tray."""
    yield Check("tray", "Tray", lambda: judge_tray(sys.platform, case.environ))


def judge_tray(platform: str, environ: Mapping[str, str]) -> Finding:
    """``platform`` as ``sys.platform`` has it; what the environment cannot say is left open."""
    if platform in ("win32", "darwin"):
        return ok("this system shows icons of programs")
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        session = environ.get("XDG_SESSION_TYPE", "")
        kind = f" (the session is of the kind {view.safe(session)})" if session else ""
        return skipped(f"there is no desktop here{kind}")
    named = environ.get("XDG_CURRENT_DESKTOP", "")
    desktops = {each.strip().lower() for each in named.split(":")}
    if desktops & _WITH_TRAY:
        return ok(f"the desktop {view.safe(named)} has a place for icons")
    # Ubuntu's GNOME says "ubuntu:GNOME" and comes with the extension.
    if "ubuntu" in desktops:
        return ok(f"the desktop {view.safe(named)} has a place for icons unless it was taken away")
    if "gnome" in desktops:
        return warning(
            "GNOME shows icons of programs only with an extension",
            "Install the extension AppIndicator and KStatusNotifierItem Support if you want one.",
        )
    return warning(
        f"whether the desktop {view.safe(named) or 'here'} has a place for icons is not known",
        "Nothing needs to be done: everything works without an icon.",
    )
