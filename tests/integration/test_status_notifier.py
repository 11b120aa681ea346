"""pystray's icon as a host reads it over a real bus: what the program's own icon never does."""

import threading

import pytest
from jeepney import DBusErrorResponse

from tests.support.desktop import Bus, Item, Panel, needs_bus, until
from tests.support.waiting import PATIENCE
from watcher.desktop.drawing import draw
from watcher.desktop.status_notifier import Menu, MenuItem, StatusNotifierIcon
from watcher.model.snapshot import AppState

pytestmark = needs_bus


@pytest.fixture
def icon(surroundings, monkeypatch):
    bus = surroundings.have(Bus, surroundings.root)
    panel = surroundings.have(Panel, bus.address)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)

    def fail():
        raise RuntimeError

    menu = Menu(MenuItem("Fail", fail), Menu.SEPARATOR)
    made = StatusNotifierIcon("test", draw(AppState.IDLE, 22), "A title", menu)
    runner = threading.Thread(target=made.run)
    runner.start()
    made.item = surroundings.have(Item, bus.address, *until(lambda: panel.items)[0])
    yield made
    made.stop()
    runner.join(PATIENCE)
    assert not runner.is_alive()


def number(item, label, lines=None):
    for text, its, _, inner in item.lines() if lines is None else lines:
        if text == label:
            return its
        if (found := number(item, label, inner)) is not None:
            return found
    return None


def test_an_action_that_fails_ends_nothing(icon, caplog):
    icon.item.click(number(icon.item, "Fail"))
    until(lambda: "a click on the icon failed" in caplog.text)
    assert icon.item.get("Title") == "A title"


def test_an_icon_that_is_hidden_is_passive(icon):
    until(lambda: icon.item.get("Status") == "Active")
    icon.visible = False
    until(lambda: icon.item.get("Status") == "Passive")
    icon.visible = True
    icon.title = "Another"
    until(lambda: icon.item.get("Status") == "Active")
    until(lambda: icon.item.get("Title") == "Another")


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda item: item.get("Nonsense"), "InvalidArgs"),
        (lambda item: item.call("Nonsense"), "UnknownMethod"),
        (lambda item: item.call("Activate_"), "UnknownMethod"),
        (lambda item: item.click(99), "InvalidArgs"),
        (lambda item: item.call_menu("GetLayout", "s", "odd"), "UnknownMethod"),
        (lambda item: item.call_menu("EventGroup", "as", ["", "x"]), "InvalidArgs"),
    ],
)
def test_what_makes_no_sense_is_answered_with_an_error(icon, ask, error):
    with pytest.raises(DBusErrorResponse) as raised:
        ask(icon.item)
    assert raised.value.name.endswith(error)
    assert icon.item.get("Title") == "A title", "it goes on"
