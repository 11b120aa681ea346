"""Entries in the menus of file managers: what is written where, and that it all goes again."""

import os
import plistlib
import re
import shlex
import subprocess

import pytest

from tests.support.waiting import PATIENCE
from watcher.service.common import Done
from watcher.service.file_managers import FileManagers, MenuEntry, make_entries

LABELS = ("Send to HrFlow", "Envoyer vers HrFlow")
ODD = 'Zoë\'s "CVs" 100% $HOME `x`'
LINUX = ("nautilus", "nemo", "caja", "dolphin", "thunar")


def menus(tmp_path, system, *, programs=LINUX, run=lambda _: Done(0)):
    return FileManagers(
        {}, str(tmp_path), LABELS, run, has=lambda name: name in programs, system=system
    )


def tree(place):
    return sorted(
        os.path.relpath(os.path.join(at, name), place)
        for at, _, names in os.walk(place)
        for name in names
    )


def test_an_entry_is_named_by_its_folder_where_there_are_several():
    one = make_entries(LABELS[0], ("/bin/watcher",), ["/data/cvs"])
    assert one == [MenuEntry(LABELS[0], ("/bin/watcher", "send", "--folder", "/data/cvs"))]
    several = make_entries(LABELS[0], ("/bin/watcher",), ["/data/Paris", "/data/Lyon"])
    assert [each.label for each in several] == ["Send to HrFlow – Paris", "Send to HrFlow – Lyon"]
    alike = make_entries(LABELS[0], (), ["/data/Paris/CVs", "/data/Lyon/CVs", "/CVs"])
    assert [each.label for each in alike] == [
        "Send to HrFlow – Paris, CVs", "Send to HrFlow – Lyon, CVs", "Send to HrFlow – CVs",
    ]  # fmt: skip


@pytest.mark.parametrize(("system", "files"), [
    ("linux", [
        ".config/caja/scripts/{}", ".local/share/Thunar/sendto/{}.desktop",
        ".local/share/kio/servicemenus/{}.desktop", ".local/share/nautilus/scripts/{}",
        ".local/share/nemo/scripts/{}",
    ]),
    ("darwin", [
        "Library/Services/{}.workflow/Contents/Info.plist",
        "Library/Services/{}.workflow/Contents/document.wflow",
    ]),
])  # fmt: skip
def test_entries_are_written_for_each_file_manager_and_removed_with_all_that_is_left(
    tmp_path, system, files
):
    made = menus(tmp_path, system)
    made.install(make_entries(LABELS[0], ("/bin/watcher",), ["/data/cvs"]))
    assert tree(tmp_path) == [each.format(LABELS[0]) for each in files]
    made.install(make_entries(LABELS[1], ("/bin/watcher",), ["/data/Paris", "/data/Lyon"]))
    names = [f"{LABELS[1]} – {folder}" for folder in ("Lyon", "Paris")]
    assert tree(tmp_path) == sorted(each.format(name) for each in files for name in names)
    assert made.uninstall()
    assert tree(tmp_path) == []
    assert not made.uninstall()


def test_other_scripts_stay(tmp_path):
    scripts = tmp_path / ".local/share/nautilus/scripts"
    scripts.mkdir(parents=True)
    (scripts / "Send to HrFlow and print").write_text("mine")
    made = menus(tmp_path, "linux")
    made.install(make_entries(LABELS[0], ("/bin/watcher",), ["/data/cvs"]))
    made.uninstall()
    assert tree(tmp_path) == [".local/share/nautilus/scripts/Send to HrFlow and print"]


def test_only_file_managers_that_are_there_get_an_entry(tmp_path):
    menus(tmp_path, "linux", programs=("nemo",)).install([MenuEntry(LABELS[0], ("/bin/watcher",))])
    assert tree(tmp_path) == [".local/share/nemo/scripts/Send to HrFlow"]


@pytest.fixture
def recorded(tmp_path):
    """A command with an odd name, and what it and the notification were called with."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("watcher", "notify-send"):
        script = programs / name
        script.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/$(basename "$0").txt"\necho done\n'
        )
        script.chmod(0o755)

    def read(name):
        return (tmp_path / f"{name}.txt").read_text().splitlines()

    read.command = (str(programs / "watcher"), "send", "--folder", ODD)
    read.environ = {"PATH": f"{programs}:/usr/bin:/bin"}
    return read


@pytest.mark.parametrize("menu", ["nautilus", "dolphin", "thunar"])
def test_the_chosen_files_are_sent_and_what_was_said_is_shown(tmp_path, recorded, menu):
    menus(tmp_path, "linux", programs=(menu,)).install([MenuEntry(LABELS[0], recorded.command)])
    (file,) = (path for path in tree(tmp_path) if path.startswith(".local"))
    if menu == "nautilus":
        command = [str(tmp_path / file)]
    else:
        lines = (tmp_path / file).read_text().splitlines()
        (line,) = (each for each in lines if each.startswith("Exec="))
        command = unquoted(line.removeprefix("Exec="))
        assert command.pop() == "%F"
    files = ['/a b/Zoë\'s "CV" $1.pdf', "/c.pdf"]
    subprocess.run([*command, *files], env=recorded.environ, timeout=PATIENCE, check=True)
    assert recorded("watcher") == [*recorded.command[1:], *files]
    assert recorded("notify-send") == ["--app-name=hrflow-watcher", LABELS[0], "done"]


def unquoted(value):
    """The words of ``Exec=``: first the escapes of a string's value, then those of a word."""
    value = value.replace("\\\\", "\\")
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', value)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") or code for word, code in words]


def test_a_quick_action_runs_the_command_with_the_chosen_files(tmp_path):
    menus(tmp_path, "darwin").install([MenuEntry(LABELS[0], ("/bin/watcher", "send", ODD))])
    contents = tmp_path / "Library/Services/Send to HrFlow.workflow/Contents"
    (service,) = plistlib.loads((contents / "Info.plist").read_bytes())["NSServices"]
    assert service["NSMenuItem"] == {"default": LABELS[0]}
    workflow = plistlib.loads((contents / "document.wflow").read_bytes())
    (step,) = workflow["actions"]
    parameters = step["action"]["ActionParameters"]
    assert parameters["inputMethod"] == 1
    command = parameters["COMMAND_STRING"].partition(' "$@"')[0].removeprefix("said=$(")
    assert shlex.split(command) == ["/bin/watcher", "send", ODD]


def test_windows_gets_a_shortcut_which_goes_with_the_others(tmp_path):
    asked = []
    made = menus(tmp_path, "win32", run=lambda command: asked.append(command) or Done(0))
    made.install(
        [MenuEntry(LABELS[0], ("C:\\x\\watcherw.exe", "send", "--folder", "C:\\Zoë's CVs"))]
    )
    (command,) = asked
    place = os.path.join(tmp_path, "AppData/Roaming/Microsoft/Windows/SendTo")
    assert command[0] == "powershell"
    assert f"CreateShortcut('{place}/Send to HrFlow.lnk')".replace("'", "") in command[-1].replace(
        "'", ""
    )
    assert """Arguments = 'send --folder "C:\\Zoë''s CVs"'""" in command[-1]
    os.makedirs(place)
    for name in ("Send to HrFlow.lnk", "Mail.lnk"):
        open(os.path.join(place, name), "w", encoding="utf-8").close()
    assert made.uninstall()
    assert os.listdir(place) == ["Mail.lnk"]
