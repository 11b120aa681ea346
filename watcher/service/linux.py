"""A unit of the user's systemd; where there is none, an entry that the desktop starts at login."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Final

from watcher.model.errors import UPDATED
from watcher.routing.names import is_in
from watcher.service.common import (
    COMMENT,
    COMMENT_FR,
    NAME,
    Installed,
    Service,
    insist,
    read_file,
    remove_file,
    write_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watcher.service.common import Definition, Done, Run

# --- The desktop entry ----------------------------------------------------------------------------
#
# Quoting is that of the Desktop Entry Specification, "The Exec key" and "Possible value types".

_ENTRY: Final = """\
[Desktop Entry]
Type=Application
Version=1.0
Name={title}
Comment={comment}
Comment[fr]={comment_fr}
Exec={command}
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
"""


def render_entry(command: Sequence[str]) -> str:
    """Return the text of ``hrflow-watcher.desktop`` in a folder ``autostart``."""
    return _ENTRY.format(
        title=NAME, comment=COMMENT, comment_fr=COMMENT_FR, command=quote_exec(command)
    )


def quote_exec(command: Sequence[str]) -> str:
    """Return the value of ``Exec=``: a word is quoted first, the value escaped after that."""
    return " ".join(_quote_exec_word(word) for word in command)


def _quote_exec_word(word: str) -> str:
    for special in ("\\", '"', "`", "$"):
        word = word.replace(special, f"\\{special}")
    value = f'"{word}"'.replace("%", "%%").replace("\\", "\\\\")
    return value.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


class Autostart(Service):
    """An entry that the desktop starts at login; nothing else looks after the program.

    ``settings`` is the user's folder of settings (``~/.config``). ``spawn`` starts a command that
    outlives this process, ``end`` stops the running program.
    """

    kind = "autostart"

    def __init__(
        self,
        definition: Definition,
        settings: str,
        spawn: Callable[[Sequence[str]], None],
        end: Callable[[], None],
    ) -> None:
        self.file = os.path.join(settings, "autostart", f"{NAME}.desktop")
        self._spawn = spawn
        self._end = end
        self._command = definition.command

    def install(self) -> bool:
        """Install it, see :meth:`Service.install`."""
        return write_file(self.file, self._render())

    def uninstall(self) -> bool:
        """Remove it, see :meth:`Service.uninstall`."""
        if read_file(self.file) is None:
            return False
        self._end()
        return remove_file(self.file, os.path.dirname(self.file))

    def start(self) -> None:
        """Start it."""
        self._spawn(self._command)

    def stop(self) -> None:
        """Stop it until the next login."""
        self._end()

    def look(self) -> Installed | None:
        """Return the status; None if it is not installed."""
        found = read_file(self.file)
        if found is None:
            return None
        switched_off = b"\nHidden=true" in found or b"Autostart-enabled=false" in found
        return Installed(
            self.file,
            enabled=not switched_off,
            current=found == self._render(),
        )

    def _render(self) -> bytes:
        return render_entry(self._command).encode("utf-8", "surrogateescape")


# --- The unit -------------------------------------------------------------------------------------
#
# Escaping is that of systemd.syntax(7), systemd.service(5), section "Command lines", and
# systemd.unit(5), section "Specifiers"; the restrictions are those of systemd.exec(5).

#: The version of systemd from which on the pause between restarts can grow.
_GROWING: Final = 254

#: Where other drives and shares are mounted; those that do not exist do not matter.
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


def render_unit(definition: Definition, *, version: int, namespaces: bool) -> str:
    """Return the text of ``hrflow-watcher.service``.

    ``version`` is systemd's; ``namespaces``: users may have namespaces of their own. Without them
    the system's files are only protected by their permissions.
    """
    return _UNIT_TEXT.format(
        title=NAME,
        comment=COMMENT,
        command=quote_exec_start(definition.command),
        update=UPDATED,
        pause=_render_pause(version),
        hardening="\n".join(_restrictions(definition, namespaces=namespaces)),
    )


def quote_exec_start(command: Sequence[str]) -> str:
    """Return the value of ``ExecStart=``; in the program's own path ``$`` needs no escaping."""
    program, *arguments = command
    return " ".join([quote(program), *(quote(each).replace("$", "$$") for each in arguments)])


def quote(text: str) -> str:
    """Return ``text`` quoted as one word; bytes that are not UTF-8 are kept."""
    escaped = "".join(_escape(character) for character in text)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character < " " or character == "\x7f":
        return f"\\x{ord(character):02x}"
    return {"\\": "\\\\", '"': '\\"', "%": "%%"}.get(character, character)


def _render_pause(version: int) -> str:
    if version >= _GROWING:
        return "RestartSec=5s\nRestartSteps=6\nRestartMaxDelaySec=5min"
    return "RestartSec=20s"


def _restrictions(definition: Definition, *, namespaces: bool) -> Iterator[str]:
    yield _ALWAYS.rstrip()
    if namespaces:
        yield _WITH_NAMESPACES.rstrip()
    places = [
        each for each in (*definition.writable, definition.home, definition.command[0]) if each
    ]
    if any(is_in(place, temporary, "/") for place in places for temporary in _TEMPORARY):
        yield "# There is no private /tmp, as the program or something watched or kept lies there."
    else:
        yield "PrivateTmp=yes"
        yield "BindReadOnlyPaths=-/tmp/.X11-unix"
    yield "# Files are moved within the folders they were dropped in, wherever these are."
    yield "ReadWritePaths=-%h"
    for drive in _DRIVES:
        yield f"ReadWritePaths=-{drive}"
    covered = [definition.home, *_DRIVES]
    for place in sorted(set(definition.writable)):
        if not any(around and is_in(place, around, "/") for around in covered):
            covered.append(place)
            yield f"ReadWritePaths={quote('-' + place)}"


_UNIT: Final = f"{NAME}.service"

#: Variables of the desktop that an icon needs, and those that tell the language.
_DESKTOP: Final = (
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE",
    "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE",
)  # fmt: skip

#: Run by the desktop at login, as the service has started before it: restarts it in the desktop.
_RESTART: Final = (
    f"systemctl --user import-environment {' '.join(_DESKTOP)};"
    f" systemctl --user try-restart {_UNIT}"
)


class Systemd(Service):
    """A unit of the user's systemd.

    ``settings`` is the user's folder of settings (``~/.config``). ``namespaces``: users may have
    namespaces of their own here.
    """

    kind = "systemd"

    def __init__(
        self, definition: Definition, settings: str, run: Run, *, namespaces: bool
    ) -> None:
        self._definition = definition
        self._settings = settings
        self._run = run
        self._namespaces = namespaces
        self.file = os.path.join(settings, "systemd", "user", _UNIT)
        self._entry = os.path.join(settings, "autostart", f"{NAME}.desktop")

    def install(self) -> bool:
        """Install it, see :meth:`Service.install`."""
        changed = [
            write_file(self.file, self._render()),
            write_file(self._entry, render_entry(("/bin/sh", "-c", _RESTART)).encode()),
        ]
        self._insist("daemon-reload")
        was_enabled = self._is_enabled()
        self._insist("enable", _UNIT)
        return any(changed) or not was_enabled

    def uninstall(self) -> bool:
        """Remove it, see :meth:`Service.uninstall`."""
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
        """Start it, and return when it watches."""
        self._insist("start", _UNIT)

    def stop(self) -> None:
        """Stop it until the next login."""
        self._insist("stop", _UNIT)

    def look(self) -> Installed | None:
        """Return the status; None if it is not installed."""
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
        text = render_unit(self._definition, version=version, namespaces=self._namespaces)
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


# --- What the system has --------------------------------------------------------------------------


def xdg_folder(environ: Mapping[str, str], name: str, default: str) -> str:
    """Return the folder that a variable names; a relative one does not count, as XDG says."""
    named = environ.get(name, "")
    return named if os.path.isabs(named) else default


def has_user_manager(environ: Mapping[str, str]) -> bool:
    """Return whether systemd runs for this user and can be reached."""
    place = environ.get("XDG_RUNTIME_DIR", "")
    if not os.path.isabs(place):
        return False
    try:
        found = os.stat(os.path.join(place, "systemd", "private"))
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode)


def may_have_namespaces(proc: str = "/proc") -> bool:
    """Return whether users may have namespaces of their own, as far as the system says."""
    wanted = (
        ("sys/kernel/unprivileged_userns_clone", {"1"}),  # Debian
        ("sys/kernel/apparmor_restrict_unprivileged_userns", {"0"}),  # Ubuntu
    )
    if _read(os.path.join(proc, "sys/user/max_user_namespaces")) in ("", "0"):
        return False
    return all(_read(os.path.join(proc, name)) in {"", *good} for name, good in wanted)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
