"""The unit for systemd's user manager, as text.

Escaping is that of systemd.syntax(7), systemd.service(5), section "Command lines", and
systemd.unit(5), section "Specifiers". What is taken from the program is that of systemd.exec(5).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from watcher.errors import UPDATED
from watcher.service.wanted import COMMENT, TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.service.wanted import Wanted

#: From this version of systemd on a pause between restarts can grow.
_GROWING: Final = 254
#: Where other drives appear, and where offices have their shares; absent ones do not matter.
_DRIVES: Final = ("/media", "/mnt", "/run/media", "/srv")
_TEMPORARY: Final = ("/tmp", "/var/tmp")  # noqa: S108 - names, nothing is put there

_UNIT: Final = """\
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
    return _UNIT.format(
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
