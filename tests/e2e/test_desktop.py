"""The whole program on a desktop of a test's own: icon, menu, notifications, and the page they open."""

import contextlib
import json
import os
import shutil
import time
from contextlib import contextmanager

import pytest
from jeepney import DBusErrorResponse

from tests.support.desktop import (
    Bus,
    Item,
    Messages,
    Panel,
    Screen,
    Trayer,
    needs_bus,
    needs_screen,
    until,
)
from tests.support.samples import SAMPLES
from tests.support.waiting import PATIENCE

#: Instead of a browser: it notes where it was sent.
BROWSER = "#!/bin/sh\necho \"$1\" >> '{}'\n"


@contextmanager
def running(desk, environ, *arguments):
    """The program with a desktop; ``visited`` are the addresses that it opened."""
    visited = desk.root / "visited"
    browser = desk.root / "browser"
    browser.write_text(BROWSER.format(visited))
    browser.chmod(0o755)
    process = desk.start("run", *arguments, **{"BROWSER": str(browser), **environ})
    process.visited = lambda: visited.read_text().split() if visited.exists() else []
    process.wait_for("Watching")
    yield process
    assert process.end() == 0


def drop(desk, name, as_name=None):
    shutil.copyfile(os.path.join(SAMPLES, name), desk.folder / (as_name or name))


def ours(environ):
    names = ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "NO_AT_BRIDGE")
    return {name: environ[name] for name in names if name in environ}


@needs_bus
def test_refused_files_are_told_in_one_message_that_leads_to_the_page(desk, surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    messages = surroundings.have(Messages, bus.address)
    with running(desk, ours(surroundings.environ(bus=bus)), "--no-tray") as program:
        for number in range(5):
            drop(desk, "renamed program.pdf", f"tool {number}.pdf")
        shown = until(lambda: messages.shown.get(1), "nothing was told")
        assert shown["title"] == "5 files were not accepted"
        messages.click(1)
        until(program.visited, "the click opened nothing")
        assert program.visited()[0].startswith("http://127.0.0.1:")
        assert len(messages.shown) == 1


@needs_bus
def test_the_first_success_is_told_and_a_snooze_is_taken_up_while_it_runs(desk, surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    messages = surroundings.have(Messages, bus.address)
    french = {"LANG": "fr_FR.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}
    with running(desk, {**ours(surroundings.environ(bus=bus)), **french}):
        drop(desk, "plain.txt", "plain.html")
        drop(desk, "Aisha Rahman - CV.pdf")
        until(lambda: any("Aisha Rahman" in each["title"] for each in messages.shown.values()))
        before = time.time()
        done = desk.run("notify", "snooze", "1h")
        assert "Notifications snoozed until" in done.stdout
        facts = json.loads(desk.run("notify", "status", "--json").stdout)
        assert not facts["shown"]
        assert 3500 < facts["snoozed_until"] - before < 3700


@needs_bus
def test_the_menu_of_a_running_program_tells_and_does(desk, surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    panel = surroundings.have(Panel, bus.address)
    with running(
        desk, {**ours(surroundings.environ(bus=bus)), "WAYLAND_DISPLAY": "wayland-0"}
    ) as program:
        item = surroundings.have(Item, bus.address, *until(lambda: panel.items)[0])
        until(lambda: find(item, "Up to date"))
        for child in children(program):
            with (
                contextlib.suppress(ProcessLookupError),
                open(f"/proc/{child}/environ", "rb") as file,
            ):
                assert desk.key.encode() not in file.read(), "the icon needs no key"
        drop(desk, "renamed program.pdf")
        choices = until(lambda: find(item, "Needs attention", "✗ renamed program.pdf"))
        assert choices[3][0][0], "its reason is missing"

        (before,) = desk.read_json("history")
        click(item, "Needs attention", "✗ renamed program.pdf", "Retry")

        def is_refused_again():
            (now,) = desk.read_json("history")
            return now["changed_at"] > before["changed_at"] and now["state"] == "refused"

        until(is_refused_again)
        click(item, "Needs attention", "✗ renamed program.pdf", "Ignore")
        until(lambda: find(item, "Needs attention") is None)
        click(item, "Pause", "For 1 hour")
        until(lambda: find(item, "Paused until"))
        click(item, "Resume")
        until(lambda: find(item, "Up to date"))
        drop(desk, "Aisha Rahman - CV.pdf")
        click(item, "✓ Aisha Rahman")
        until(program.visited, "the click opened nothing")
        click(item, "Quit")
        assert program.process.wait(PATIENCE) == 0


@needs_bus
def test_files_that_were_there_first_wait_for_a_second_click(desk, surroundings):
    drop(desk, "Aisha Rahman - CV.pdf")
    drop(desk, "soren_agard.odt")
    desk.configure('existing = "ask"')
    bus = surroundings.have(Bus, surroundings.root)
    panel = surroundings.have(Panel, bus.address)
    with running(desk, {**ours(surroundings.environ(bus=bus)), "WAYLAND_DISPLAY": "wayland-0"}):
        item = surroundings.have(Item, bus.address, *until(lambda: panel.items)[0])
        until(lambda: find(item, "2 files are waiting for your approval"))
        assert desk.arrived() == []
        click(item, "Approve uploads…", "Upload 2 files")
        until(lambda: len(desk.arrived()) == 2)
        until(lambda: find(item, "Up to date"))


@needs_bus
def test_a_notification_that_asks_takes_the_answer(desk, surroundings):
    drop(desk, "Aisha Rahman - CV.pdf")
    drop(desk, "soren_agard.odt")
    desk.configure('existing = "ask"')
    bus = surroundings.have(Bus, surroundings.root)
    surroundings.have(Panel, bus.address)
    desktop = surroundings.have(Messages, bus.address)
    with running(desk, {**ours(surroundings.environ(bus=bus)), "WAYLAND_DISPLAY": "wayland-0"}):
        until(lambda: desktop.shown)
        desktop.click(1, "Upload all")
        until(lambda: len(desk.arrived()) == 2)


def children(program):
    """The numbers of the processes that the program has started."""
    found = []
    for task in os.listdir(f"/proc/{program.process.pid}/task"):
        with open(f"/proc/{program.process.pid}/task/{task}/children", encoding="ascii") as file:
            found += file.read().split()
    return found


def find(item, *way):
    """The line of the menu that begins so, and below it that which begins so; None without."""
    lines, found = item.lines(), None
    for text in way:
        fits = [each for each in lines if each[0].startswith(text)]
        if not fits:
            return None
        found = fits[0]
        lines = found[3]
    return found


@needs_screen
def test_without_an_icon_uploads_go_on_and_it_appears_when_a_panel_does(desk, surroundings):
    screen = surroundings.have(Screen, surroundings.root)
    with running(desk, ours(surroundings.environ(screen))) as program:
        drop(desk, "Aisha Rahman - CV.pdf")
        until(desk.arrived)
        program.wait_for("There is no icon, as this desktop has no place for one")
        surroundings.have(Trayer, screen)
        until(lambda: screen.photograph().getpixel((320, 376)) != (0, 0, 0), "no icon came")
        screen.process.kill()  # as when a person logs out of the desktop
        drop(desk, "soren_agard.odt")
        until(lambda: len(desk.arrived()) == 2, "uploads ended with the screen")


@pytest.mark.parametrize("arguments", [("--tray",), ()])
def test_without_a_desktop_no_process_is_started(desk, arguments):
    with running(desk, {}, *arguments) as program:
        drop(desk, "Aisha Rahman - CV.pdf")
        until(desk.arrived)
        assert children(program) == []
    said = any("There is no desktop here" in line for line in program.lines)
    assert said == bool(arguments)


def test_messages_are_switched_off_and_on(desk):
    assert desk.run("notify", "status").stdout == "Notifications are on.\n"
    assert "notify on" in desk.run("notify", "off").stdout
    assert (
        desk.run("notify", "status").stdout
        == "No notifications: switched off with: hrflow-watcher notify off\n"
    )
    assert desk.read_json("notify", "status")[0]["off"] is True
    assert desk.run("notify", "on").returncode == 0
    assert desk.read_json("notify", "status")[0]["shown"] is True


def test_messages_are_switched_by_machines(desk):
    (snoozed,) = desk.read_json("notify", "snooze", "1h")
    assert not snoozed["off"]
    assert snoozed["snoozed_until"] > time.time() + 3000
    (off,) = desk.read_json("notify", "off")
    assert (off["off"], off["snoozed_until"]) == (True, None)
    (on,) = desk.read_json("notify", "on")
    assert (on["off"], on["snoozed_until"]) == (False, None)
    assert desk.read_json("notify", "status")[0]["shown"] is True


def test_what_the_configuration_says_of_messages_is_said(desk):
    desk.config.write_text(
        desk.config.read_text() + '\n[notifications]\nquiet_hours = "00:00-23:59"\nheld = false\n'
    )
    said = desk.run("notify", "status").stdout
    assert "quiet hours until" in said or "Notifications are on" in said  # in the last minute
    assert "Quiet hours: 00:00-23:59." in said
    assert "Switched off for: held." in said


def test_a_duration_that_is_none_is_said(desk):
    done = desk.run("notify", "snooze", "soon")
    assert done.returncode == 2
    assert '"1h30m"' in done.stderr


@pytest.mark.parametrize("command", [("notify", "snooze"), ("pause", "--for")])
@pytest.mark.parametrize("duration", ["99999999999999h", "0s"])
def test_a_duration_that_never_ends_or_begins_is_refused(desk, command, duration):
    done = desk.run(*command, duration)
    assert (done.returncode, done.stdout) == (2, "")
    assert "from one second to a year" in done.stderr
    assert desk.read_json("notify", "status")[0]["snoozed_until"] is None


def click(item, *way):
    """Click a line of the menu, as soon as there is one; once more if it has just been replaced."""

    def clicked():
        found = find(item, *way)
        if found is None:
            return False
        try:
            item.click(found[1])
        except DBusErrorResponse:
            return False
        return True

    until(clicked)
