"""The unit for systemd's user manager, as text.

Escaping is that of systemd.syntax(7), systemd.service(5), section "Command lines", and
systemd.unit(5), section "Specifiers". What is taken from the program is that of systemd.exec(5).
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Final

from watcher.model.errors import UPDATED
from watcher.service.autostart import render_entry
from watcher.service.runner import insist, read_file, remove_file, write_file
from watcher.service.wanted import COMMENT, NAME, TITLE, Installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.service.runner import Done, Run
    from watcher.service.wanted import Wanted

#: From this version of systemd on a pause between restarts can grow.
_GROWING: Final = 254


#: Where other drives appear, and where offices have their shares; absent ones do not matter.
_DRIVES: Final = ("/media", "/mnt", "/run/media", "/srv")


_TEMPORARY: Final = ("/tmp", "/var/tmp")  # noqa: S108 - names, nothing is put there


_UNIT_TEXT: Final = """\
# Written by `hrflow-watcher service install`, and again by every other one.
# Settings of your own belong into a file beside it: systemctl --user edit hrflow-watcher
[Unit]
Description={title}: {comment}
# It never gives up: the pause between two starts is what keeps it calm.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
# A journal of another version may take its time to be brought up to date.
TimeoutStartSec=5min
TimeoutStopSec=30s
WatchdogSec=2min
Restart=on-failure
{pause}
# These need a person: mistakes in the configuration, it runs already, no usable API key.
RestartPreventExitStatus=2 3 4
# Another version was installed: start that one.
RestartForceExitStatus={update}
SuccessExitStatus={update}
KillMode=mixed
# What it says of files is for a terminal; the log has what matters, without names of people.
StandardOutput=null
StandardError=journal
UMask=0077
MemoryHigh=512M
MemoryMax=1G
TasksMax=256

{hardening}

[Install]
WantedBy=default.target
"""


#: What needs no rights that a user's manager may lack; where it does, systemd goes on without.
#: ProtectKernelTunables and ProtectKernelLogs are left out: with a user's rights there is nothing
#: to protect, and with systemd 252 the start failed with 226/NAMESPACE.
_ALWAYS: Final = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
ProtectSystem=strict
ProtectControlGroups=yes
ProtectHostname=yes
"""


#: What fails, and the start with it (217/USER, 218/CAPABILITIES), where users may not have
#: namespaces of their own.
_WITH_NAMESPACES: Final = """\
PrivateUsers=yes
CapabilityBoundingSet=
ProtectClock=yes
ProtectKernelModules=yes
"""


def render_unit(wanted: Wanted, *, version: int, namespaces: bool) -> str:
    """The text of ``hrflow-watcher.service``.

    ``version`` is systemd's; ``namespaces``: users may have namespaces of their own. Without them
    the system's files are protected by their owners alone.
    """
    return _UNIT_TEXT.format(
        title=TITLE,
        comment=COMMENT,
        command=quote_command(wanted.command),
        update=UPDATED,
        pause=_render_pause(version),
        hardening="\n".join(_harden(wanted, namespaces=namespaces)),
    )


def quote_command(command: Sequence[str]) -> str:
    """The value of ``ExecStart=``. Of the program's own path ``$`` is not a variable."""
    program, *arguments = command
    return " ".join([quote(program), *(quote(each).replace("$", "$$") for each in arguments)])


def quote(text: str) -> str:
    """One word, whatever is in it. Bytes that are no UTF-8 are taken as they are."""
    escaped = "".join(_escape(character) for character in text)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte of a name that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character < " " or character == "\x7f":
        return f"\\x{ord(character):02x}"
    return {"\\": "\\\\", '"': '\\"', "%": "%%"}.get(character, character)


def _render_pause(version: int) -> str:
    if version >= _GROWING:
        return "RestartSec=5s\nRestartSteps=6\nRestartMaxDelaySec=5min"
    return "RestartSec=20s"


def _harden(wanted: Wanted, *, namespaces: bool) -> Iterator[str]:
    yield _ALWAYS.rstrip()
    if namespaces:
        yield _WITH_NAMESPACES.rstrip()
    places = [each for each in (*wanted.writable, wanted.home, wanted.command[0]) if each]
    if any(_is_in(place, temporary) for place in places for temporary in _TEMPORARY):
        yield "# There is no private /tmp, as the program or something watched or kept lies there."
    else:
        yield "PrivateTmp=yes"
        yield "BindReadOnlyPaths=-/tmp/.X11-unix"
    yield "# Files are moved within the folders they were dropped in, wherever these are."
    yield "ReadWritePaths=-%h"
    for drive in _DRIVES:
        yield f"ReadWritePaths=-{drive}"
    covered = [wanted.home, *_DRIVES]
    for place in sorted(set(wanted.writable)):
        if not any(around and _is_in(place, around) for around in covered):
            covered.append(place)
            yield f"ReadWritePaths={quote('-' + place)}"


def _is_in(place: str, around: str) -> bool:
    return posixpath.join(place, "").startswith(posixpath.join(around, ""))


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
