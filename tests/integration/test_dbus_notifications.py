"""Notifications through a notification service on a real message bus."""

import threading

import pytest
from msgspec.structs import replace

from tests.support.desktop import Bus, Messages, needs_bus, until
from watcher.desktop.dbus_notifications import DesktopNotifications
from watcher.present.menu import ATTENTION, Action, MenuItem
from watcher.present.notifications import Kind, Notification

pytestmark = needs_bus


@pytest.fixture
def bus(surroundings):
    return surroundings.have(Bus, surroundings.root)


class Clicks(list):
    """The actions of what was clicked."""

    __call__ = list.append


def notification(title, text=""):
    return Notification(Kind.REFUSED, title, text, ATTENTION)


@pytest.fixture
def clicks():
    return Clicks()


@pytest.fixture
def notifications(bus, clicks):
    environ = {"DBUS_SESSION_BUS_ADDRESS": bus.address}
    made = DesktopNotifications(environ, clicks, label="Show", icon="/usr/share/icon.png")
    yield made
    made.stop()


def test_a_message_is_shown_and_can_be_clicked(surroundings, bus, notifications, clicks):
    desktop = surroundings.have(Messages, bus.address)
    notifications.show(notification("2 files were not accepted", "a & b, <c>"))
    shown = until(lambda: desktop.shown.get(1))
    assert shown["title"] == "2 files were not accepted"
    assert shown["text"] == "a & b, <c>", "this service takes no mark-up"
    assert shown["actions"] == ["default", "Show"]
    assert shown["icon"] == "/usr/share/icon.png"
    assert shown["program"] == "hrflow-watcher"
    desktop.click(1)
    until(lambda: clicks == [ATTENTION])


def test_a_message_can_have_buttons(surroundings, bus, notifications, clicks):
    desktop = surroundings.have(Messages, bus.address)
    yes, no = MenuItem("Upload all", Action("retry")), MenuItem("Ignore all", Action("ignore"))
    for _ in range(3):
        notifications.show(replace(notification("2 files wait"), buttons=(yes, no)))
    until(lambda: len(desktop.shown) == 3)
    desktop.click(1, "Ignore all")
    desktop.click(2, "Upload all")
    desktop.click(3)
    until(lambda: clicks == [no.action, yes.action, ATTENTION])


def test_where_mark_up_is_understood_names_cannot_be_any(surroundings, bus, notifications):
    desktop = surroundings.have(Messages, bus.address, ("actions", "body", "body-markup"))
    notifications.show(notification("Title", "<a href='http://evil'>cv</a> & more"))
    shown = until(lambda: desktop.shown.get(1))
    assert shown["text"] == "&lt;a href='http://evil'&gt;cv&lt;/a&gt; &amp; more"


def test_nothing_waits_once_every_message_has_gone(surroundings, bus, notifications, clicks):
    desktop = surroundings.have(Messages, bus.address)
    notifications.show(notification("One"))
    notifications.show(notification("Two"))
    until(lambda: len(desktop.shown) == 2)
    desktop.dismiss(1)
    desktop.click(2)
    until(lambda: notifications._thread is None, "a thread stays for notifications that have gone")
    assert clicks == [ATTENTION]
    notifications.show(notification("Three"))
    until(lambda: len(desktop.shown) == 3)


def test_others_messages_are_none_of_ours(surroundings, bus, notifications, clicks):
    desktop = surroundings.have(Messages, bus.address)
    notifications.show(notification("Ours"))
    until(lambda: desktop.shown)
    desktop.click(77)
    desktop.click(1)
    until(lambda: notifications._thread is None)
    assert clicks == [ATTENTION]


def test_a_service_without_clicks_leaves_nothing_to_wait_for(surroundings, bus, notifications):
    desktop = surroundings.have(Messages, bus.address, ("body",))
    notifications.show(notification("One"))
    until(lambda: desktop.shown)
    assert desktop.shown[1]["actions"] == []
    until(lambda: notifications._thread is None)


def test_where_nobody_shows_messages_it_is_left_at_that(bus, notifications):
    notifications.show(notification("One"))
    until(lambda: notifications._thread is None)


def test_a_bus_that_goes_takes_nothing_along(surroundings, clicks):
    bus = Bus(surroundings.root)
    desktop = Messages(bus.address)
    notifications = DesktopNotifications(
        {"DBUS_SESSION_BUS_ADDRESS": bus.address}, clicks, label="", icon=""
    )
    notifications.show(notification("One"))
    until(lambda: desktop.shown)
    bus.close()
    until(lambda: notifications._thread is None)
    notifications.show(notification("Two"))
    until(lambda: notifications._thread is None)
    notifications.stop()
    desktop.close()


def test_what_could_not_be_shown_is_not_shown_all_at_once_later(surroundings, clicks):
    address = f"unix:path={surroundings.root}/bus"
    notifications = DesktopNotifications(
        {"DBUS_SESSION_BUS_ADDRESS": address}, clicks, label="", icon=""
    )
    for number in range(5):  # while there is no bus
        notifications.show(notification(f"Old {number}"))
    until(lambda: notifications._thread is None)
    bus = surroundings.have(Bus, surroundings.root, (), address)
    desktop = surroundings.have(Messages, bus.address)
    notifications.show(notification("New"))
    until(lambda: desktop.shown)
    until(notifications._inbox.empty)
    assert [shown["title"] for shown in desktop.shown.values()] == ["New"]
    notifications.stop()


def test_without_a_bus_nothing_is_started(clicks):
    notifications = DesktopNotifications({}, clicks, label="", icon="")
    notifications.show(notification("One"))
    assert not [each for each in threading.enumerate() if each.name == "notifications"]
    notifications.stop()
