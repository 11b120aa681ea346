"""Which way to an icon there is: decided by what is really there, not by what may be imported.

pystray takes the first backend that can be imported, which on Linux says nothing of whether
anybody shows the icon: GNOME has no tray without an extension, a Wayland session none for X11.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who would show an icon on Linux.

    ``has_bus``: there is a message bus of the session. ``has_notifier``: on it, somebody watches
    for StatusNotifier items and shows them. ``has_x_tray``: an X11 screen with a system tray.
    """

    has_bus: bool = False
    has_notifier: bool = False
    has_x_tray: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """What of GTK's bindings can be imported: ``gi`` with GTK 3, and an AppIndicator library."""

    has_gtk: bool = False
    has_indicator: bool = False


def choose(platform: str, hosts: Hosts, parts: Parts) -> tuple[str, ...]:
    """The names, as pystray has them, of the backends worth a try, the best first.

    ``platform`` is that of ``sys.platform``. pystray's GTK backends need a bus to start at all.
    """
    if platform in ("win32", "darwin"):
        return (platform,)
    found = []
    if hosts.has_bus and parts.has_gtk:
        found += ["appindicator"] if hosts.has_notifier and parts.has_indicator else []
        found += ["gtk"] if hosts.has_x_tray else []
    return (*found, "xorg") if hosts.has_x_tray else tuple(found)


def advice(hosts: Hosts, desktop: str) -> str:
    """How to get an icon where :func:`choose` found no way; a key of ``watcher.words``.

    ``desktop`` is the environment's ``XDG_CURRENT_DESKTOP``.
    """
    if hosts.has_notifier:
        return (
            "There is no icon in the panel yet: install the system's packages python3-gi and"
            " gir1.2-ayatanaappindicator3-0.1, and it appears at the next start."
        )
    if "gnome" in desktop.lower().split(":"):
        return (
            "There is no icon in the panel, as GNOME shows none by itself: install the extension"
            " AppIndicator and KStatusNotifierItem Support, and it appears."
        )
    return (
        "There is no icon, as this desktop has no place for one; it appears once a panel with a"
        " system tray runs. Everything else works without."
    )
