"""Entries in the menus of file managers, which send the chosen files to a watched folder.

::

    Windows   shortcuts in the menu "Send to"
    macOS     Quick Actions of the Finder
    Linux     scripts of Nautilus, Nemo and Caja, service menus of Dolphin, "Send To" of Thunar

An entry is a file named like its label. The command's output is shown as a notification, where the
system has a program for that.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from subprocess import list2cmdline
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.i18n.message import msg
from watcher.model.errors import WatcherError
from watcher.service.common import NAME, insist, remove_file, run_program, write_file
from watcher.service.linux import quote_exec, xdg_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watcher.service.common import Run

LABEL: Final = msg("Send to HrFlow")
#: Between the label and the folder's name, where several are watched.
_DASH: Final = " \N{EN DASH} "


class MenuEntry(Struct, frozen=True):
    """An entry's label, and its command, to which the paths of the chosen files are appended."""

    label: str
    command: tuple[str, ...]


def make_entries(label: str, command: Sequence[str], folders: Sequence[str]) -> list[MenuEntry]:
    """Return an entry for each watched folder, with its name where there are several."""
    folders = list(dict.fromkeys(folders))
    names = _distinct_names(folders)
    return [
        MenuEntry(
            f"{label}{_DASH}{name}" if len(folders) > 1 else label,
            (*command, "send", "--folder", folder),
        )
        for folder, name in zip(folders, names, strict=True)
    ]


def _distinct_names(folders: Sequence[str]) -> list[str]:
    """Return the names of folders, with as many of those above as tell them apart: "Lyon, CVs"."""
    paths = [folder.replace(":", "").strip(os.sep).split(os.sep) for folder in folders]
    length = 1
    while len({tuple(path[-length:]) for path in paths}) < len(paths):
        length += 1
    return [", ".join(path[-length:]) for path in paths]


class _Menu(Struct, frozen=True):
    """Where a file manager looks for entries.

    ``render`` returns the content of an entry's files, by their paths below the entry's own; an
    empty path is the entry itself.
    """

    folder: str
    ending: str
    render: Callable[[MenuEntry], dict[str, bytes]]


class FileManagers:
    """The menus of this system."""

    def __init__(
        self,
        environ: Mapping[str, str],
        home: str,
        labels: Sequence[str],
        run: Run = run_program,
        *,
        has: Callable[[str], object] = shutil.which,
        system: str = sys.platform,
    ) -> None:
        """``labels`` are those of entries in all languages; ``has`` finds a program."""
        self._environ = environ
        self._home = home
        self._labels = tuple(labels)
        self._run = run
        self._has = has
        self._system = system

    def install(self, entries: Sequence[MenuEntry]) -> None:
        """Install these entries and remove our others; WatcherError if that fails."""
        for menu, is_there in self._menus():
            wanted = {entry.label + menu.ending: entry for entry in entries} if is_there else {}
            self._remove(menu, except_for=wanted)
            for name, entry in wanted.items():
                for below, content in menu.render(entry).items():
                    path = os.path.join(menu.folder, name, below).rstrip(os.sep)
                    if write_file(path, content):
                        os.chmod(path, 0o700)  # only executable ones are run
                if self._system == "win32":
                    insist(self._run, *_make_shortcut(os.path.join(menu.folder, name), entry))
        if self._system == "darwin":  # else they appear after the next login
            self._run(["/System/Library/CoreServices/pbs", "-update"])

    def uninstall(self) -> bool:
        """Remove all entries; return whether there was any."""
        return sum(self._remove(menu) for menu, _ in self._menus()) > 0

    def _menus(self) -> Iterator[tuple[_Menu, bool]]:
        """Yield the menu of each file manager, and whether that one is installed."""
        if self._system == "win32":
            roaming = self._environ.get("APPDATA", os.path.join(self._home, "AppData", "Roaming"))
            folder = os.path.join(roaming, "Microsoft", "Windows", "SendTo")
            yield _Menu(folder, ".lnk", lambda _: {}), True
        elif self._system == "darwin":
            folder = os.path.join(self._home, "Library", "Services")
            yield _Menu(folder, ".workflow", _render_workflow), True
        else:
            share = os.path.join(self._home, ".local", "share")
            data = xdg_folder(self._environ, "XDG_DATA_HOME", share)
            settings = xdg_folder(
                self._environ, "XDG_CONFIG_HOME", os.path.join(self._home, ".config")
            )
            for program, folder, ending, render in (
                ("nautilus", f"{data}/nautilus/scripts", "", _render_script),
                ("nemo", f"{data}/nemo/scripts", "", _render_script),
                ("caja", f"{settings}/caja/scripts", "", _render_script),
                ("dolphin", f"{data}/kio/servicemenus", ".desktop", _render_service_menu),
                ("thunar", f"{data}/Thunar/sendto", ".desktop", _render_send_to),
            ):  # fmt: skip
                yield _Menu(folder, ending, render), bool(self._has(program))

    def _remove(self, menu: _Menu, except_for: Mapping[str, MenuEntry] | None = None) -> bool:
        """Remove our entries from a menu, and its folders if nothing else is there."""
        try:
            names = os.listdir(menu.folder)
        except OSError:  # there is no such menu
            return False
        ours = [name for name in names if self._is_ours(name.removesuffix(menu.ending))]
        removed = [name for name in ours if name not in (except_for or {})]
        for name in removed:
            path = os.path.join(menu.folder, name)
            if os.path.isdir(path) and not os.path.islink(path):
                _remove_bundle(path)
            else:
                remove_file(path)
        for folder in (menu.folder, os.path.dirname(menu.folder)):
            with contextlib.suppress(OSError):  # not empty
                os.rmdir(folder)
        return bool(removed)

    def _is_ours(self, label: str) -> bool:
        return label in self._labels or label.startswith(
            tuple(f"{each}{_DASH}" for each in self._labels)
        )


def _remove_bundle(path: str) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise WatcherError(
            msg("{path} can't be removed ({error}).", path=path, error=error.strerror),
            msg("Remove it yourself."),
        ) from error


# -- Linux


def _shell_script(entry: MenuEntry, notify: str) -> str:
    """Return a script that runs the command with its own arguments, and shows the output."""
    command, label = shlex.join(entry.command), shlex.quote(entry.label)
    return f'said=$({command} "$@" 2>&1); {notify} {label} "$said"'


def _linux_script(entry: MenuEntry) -> str:
    return _shell_script(entry, f"notify-send --app-name={NAME}")


def _render_script(entry: MenuEntry) -> dict[str, bytes]:
    return {"": f"#!/bin/sh\n{_linux_script(entry)}\n".encode("utf-8", "surrogateescape")}


def _render_service_menu(entry: MenuEntry) -> dict[str, bytes]:
    """Return a service menu of Dolphin, see develop.kde.org, "Creating Dolphin service menus"."""
    head = (
        "Type=Service",
        "MimeType=application/octet-stream;inode/directory;",
        "X-KDE-ServiceTypes=KonqPopupMenu/Plugin",
        "Actions=send;",
        "",
        "[Desktop Action send]",
    )
    return _render_desktop_entry(entry, *head)


def _render_send_to(entry: MenuEntry) -> dict[str, bytes]:
    return _render_desktop_entry(entry, "Type=Application", "Version=1.0")


def _render_desktop_entry(entry: MenuEntry, *head: str) -> dict[str, bytes]:
    command = quote_exec(("/bin/sh", "-c", _linux_script(entry), NAME))
    lines = ("[Desktop Entry]", *head, f"Name={entry.label}", "Icon=document-send",
             f"Exec={command} %F", "")  # fmt: skip
    return {"": "\n".join(lines).encode("utf-8", "surrogateescape")}


# -- macOS

_NOTIFY_MACOS: Final = (
    "osascript -e 'on run argv'"
    " -e 'display notification (item 2 of argv) with title (item 1 of argv)' -e 'end run'"
)


def _render_workflow(entry: MenuEntry) -> dict[str, bytes]:
    """Return a Quick Action as Automator saves it: one step, which runs a script."""
    files = {"Container": "List", "Optional": True, "Types": ["com.apple.cocoa.string"]}
    step = {
        "AMAccepts": files,
        "AMActionVersion": "2.0.3",
        "AMApplication": ["Automator"],
        "AMProvides": {"Container": "List", "Types": ["com.apple.cocoa.string"]},
        "ActionBundlePath": "/System/Library/Automator/Run Shell Script.action",
        "ActionName": "Run Shell Script",
        "ActionParameters": {
            "COMMAND_STRING": _shell_script(entry, _NOTIFY_MACOS),
            "CheckedForUserDefaultShell": True,
            "inputMethod": 1,  # as arguments
            "shell": "/bin/sh",
            "source": "",
        },
        "BundleIdentifier": "com.apple.RunShellScript",
        "CFBundleVersion": "2.0.3",
        "Class Name": "RunShellScriptAction",
        "InputUUID": "7A0E3C1C-54B1-4D0B-9B4E-6B1F6F1D0A01",
        "OutputUUID": "7A0E3C1C-54B1-4D0B-9B4E-6B1F6F1D0A02",
        "UUID": "7A0E3C1C-54B1-4D0B-9B4E-6B1F6F1D0A03",
    }
    workflow = {
        "AMApplicationBuild": "521",
        "AMApplicationVersion": "2.10",
        "AMDocumentVersion": "2",
        "actions": [{"action": step}],
        "connectors": {},
        "workflowMetaData": {
            "serviceApplicationBundleID": "com.apple.finder",
            "serviceInputTypeIdentifier": "com.apple.Automator.fileSystemObject",
            "serviceOutputTypeIdentifier": "com.apple.Automator.nothing",
            "serviceProcessesInput": 0,
            "workflowTypeIdentifier": "com.apple.Automator.servicesMenu",
        },
    }
    service = {
        "NSMenuItem": {"default": entry.label},
        "NSMessage": "runWorkflowAsService",
        "NSRequiredContext": {"NSApplicationIdentifier": "com.apple.finder"},
        "NSSendFileTypes": ["public.item"],
    }
    import plistlib  # noqa: PLC0415 - only on macOS; it brings an XML parser

    return {
        "Contents/Info.plist": plistlib.dumps({"NSServices": [service]}),
        "Contents/document.wflow": plistlib.dumps(workflow),
    }


# -- Windows


def _make_shortcut(path: str, entry: MenuEntry) -> list[str]:
    """Return the command that creates a shortcut; Windows appends the files to its arguments."""
    program, *arguments = entry.command

    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    script = (
        f"$s = (New-Object -ComObject WScript.Shell).CreateShortcut({quoted(path)});"
        f" $s.TargetPath = {quoted(program)};"
        f" $s.Arguments = {quoted(list2cmdline(arguments))}; $s.Save()"
    )
    return ["powershell", "-NoProfile", "-NonInteractive", "-Command", script]
