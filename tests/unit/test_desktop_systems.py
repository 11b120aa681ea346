"""What is done for systems that are not here, and the choice between backends.

pystray's own part is replaced by as little as has its shape: what is tested is ours around it.
"""

import os
import subprocess
import threading

import pytest

from tests.support.waiting import PATIENCE, wait_until
from watcher.daemon.desktop import outside, show_command, show_file
from watcher.desktop.backends import mac_icon, windows_icon
from watcher.desktop.session import is_time_to_leave
from watcher.desktop.tray import advice


@pytest.mark.parametrize(
    ("desktop", "said"),
    [
        ("GNOME", "AppIndicator and KStatusNotifierItem"),
        ("ubuntu:GNOME", "AppIndicator and KStatusNotifierItem"),
        ("sway", "no place"),
        ("", "no place"),
    ],
)
def test_advice_fits_the_desktop(desktop, said):
    assert said in str(advice({"XDG_CURRENT_DESKTOP": desktop}))


# --- Windows ------------------------------------------------------------------------------------


class Windows:
    """As much of pystray's icon of Windows as matters: a menu that is open while a call lasts."""

    def __init__(self):
        self.made = 0
        self.clicked = 0
        self.opened = threading.Event()
        self.close = threading.Event()

    def __call__(self):
        self.clicked += 1

    def _on_notify(self, wparam, lparam):
        self.opened.set()
        assert self.close.wait(PATIENCE)

    def _update_menu(self):
        self.made += 1

    def _create_menu_item(self, descriptor, callbacks):
        return type("Made", (), {"dwTypeData": descriptor})()


def test_on_windows_an_open_menu_is_left_alone_and_brought_up_to_date_once_closed():
    icon = windows_icon(Windows)()
    icon._update_menu()
    assert icon.made == 1
    person = threading.Thread(target=icon._on_notify, args=(0, 0x0205))
    person.start()
    assert icon.opened.wait(PATIENCE)
    icon._update_menu()
    icon._update_menu()
    assert icon.made == 1, "the open menu would vanish"
    icon.close.set()
    person.join(PATIENCE)
    assert icon.made == 2, "both changes are made at once"


def test_on_windows_a_clicked_message_does_what_a_clicked_icon_does():
    icon = windows_icon(Windows)()
    icon._on_notify(0, 0x0405)
    assert icon.clicked == 1


def test_on_windows_an_ampersand_marks_no_letter():
    assert windows_icon(Windows)()._create_menu_item("R&D", []).dwTypeData == "R&&D"


def test_on_windows_texts_are_cut_to_what_fits():
    sent = []

    class Base(Windows):
        def _message(self, code, flags, **values):
            sent.append(values)

    windows_icon(Base)()._message(1, 2, szTip="t" * 200, szInfo="i" * 255, szInfoTitle="😀" * 60)
    assert sent == [{"szTip": "t" * 126 + "…", "szInfo": "i" * 255, "szInfoTitle": "😀" * 31 + "…"}]


@pytest.mark.parametrize(
    ("backend", "best", "leaves"),
    [
        ("xorg", "xorg", False),
        ("xorg", "", True),  # its window has gone with the panel
        ("xorg", "notifier", True),  # one with a menu
        ("notifier", "notifier", False),
        ("notifier", "", False),  # it registers with the next host by itself
        ("notifier", "xorg", True),
    ],
)
def test_a_process_leaves_for_a_better_one_only(backend, best, leaves):
    assert is_time_to_leave(backend, best) == leaves


# --- macOS --------------------------------------------------------------------------------------


def test_on_macos_a_message_that_fails_is_logged(caplog):
    class Base:
        title = "hrflow-watcher"

        def _notify(self, message, title):
            raise subprocess.CalledProcessError(1, ["osascript", title])

    mac_icon(Base)()._notify("text")
    assert "a notification cannot be shown" in caplog.text


# --- Files and folders ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "itself", "command"),
    [
        ("linux", True, ("xdg-open", "/cvs/a.pdf")),
        ("linux", False, ("xdg-open", "/cvs")),
        ("darwin", True, ("open", "/cvs/a.pdf")),
        ("darwin", False, ("open", "-R", "/cvs/a.pdf")),
        ("win32", True, ("explorer", "/cvs/a.pdf")),
        ("win32", False, ("explorer", "/select,/cvs/a.pdf")),
    ],
)
def test_folders_are_shown_with_what_the_system_shows_them_with(platform, itself, command):
    assert show_command(platform, "/cvs/a.pdf", itself=itself) == command


@pytest.mark.parametrize(
    ("environ", "has", "ours"),
    [
        ({}, True, True),  # started by a person
        ({"INVOCATION_ID": "0a1b"}, True, False),  # by systemd
        ({"INVOCATION_ID": "0a1b"}, False, True),
    ],
)
def test_what_a_service_shows_is_not_part_of_it(environ, has, ours):
    command = outside(("xdg-open", "/cvs"), environ, has_systemd_run=has)
    assert command[-2:] == ("xdg-open", "/cvs")
    assert (command[0] == "xdg-open") == ours


def test_what_is_gone_is_shown_by_the_folder_it_was_in(tmp_path, monkeypatch):
    shown = tmp_path / "shown"
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nprintf %s \"$1\" > '{shown}.part' && mv '{shown}.part' '{shown}'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    show_file(str(tmp_path / "cvs" / "gone" / "a.pdf"))
    assert wait_until(shown.exists)
    assert shown.read_text() == str(tmp_path)
