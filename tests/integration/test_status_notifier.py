"""pystray's menu and icon as a host reads them over a real bus: what our own menu has none of."""

import threading

import pytest
from jeepney import DBusErrorResponse

from tests.support.desktop import Bus, Item, Panel, needs_bus, until
from watcher.desktop.drawing import draw
from watcher.desktop.status_notifier import Menu, MenuItem, StatusNotifierIcon
from watcher.model.snapshot import AppState

pytestmark = needs_bus


class State:
    """What the menu shows and changes."""

    is_on = False
    colour = "red"

    def toggle(self):
        self.is_on = not self.is_on


@pytest.fixture
def state():
    return State()


@pytest.fixture
def icon(surroundings, state, monkeypatch):
    bus = surroundings.have(Bus, surroundings.root)
    panel = surroundings.have(Panel, bus.address)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    colours = [
        MenuItem(
            name,
            lambda _, item: setattr(state, "colour", item.text),
            checked=lambda item: state.colour == item.text,
            radio=True,
        )
        for name in ("red", "green")
    ]

    def fail():
        raise RuntimeError

    menu = Menu(
        MenuItem("On", state.toggle, checked=lambda _: state.is_on, default=True),
        Menu.SEPARATOR,
        MenuItem("Colour", Menu(*colours)),
        MenuItem("Fail", fail),
    )
    made = StatusNotifierIcon("test", draw(AppState.IDLE, 22), "A title", menu)
    runner = threading.Thread(target=made.run)
    runner.start()
    made.item = surroundings.have(Item, bus.address, *until(lambda: panel.items)[0])
    yield made
    made.stop()
    runner.join(30)
    assert not runner.is_alive()


def properties(item, *names):
    """Each line's properties, by its label."""
    ((found),) = item.call_menu("GetGroupProperties", "aias", [], [])
    lines = [{name: value for name, (_, value) in each.items()} for _, each in found]
    return {
        line.get("label", line.get("type", "")): [line.get(name) for name in names]
        for line in lines
    }


def number(item, label, lines=None):
    for text, its, _, inner in item.lines() if lines is None else lines:
        if text == label:
            return its
        if (found := number(item, label, inner)) is not None:
            return found
    return None


def test_check_marks_and_radios_are_shown_and_change_with_a_click(icon, state):
    item = icon.item
    assert properties(item, "toggle-type", "toggle-state") == {
        "": [None, None], "On": ["checkmark", 0], "separator": [None, None],
        "Colour": [None, None], "red": ["radio", 1], "green": ["radio", 0], "Fail": [None, None],
    }  # fmt: skip
    assert properties(item, "children-display")["Colour"] == ["submenu"]
    item.click(number(item, "On"))
    until(lambda: properties(item, "toggle-state")["On"] == [1])
    item.click(number(item, "green"))
    until(lambda: properties(item, "toggle-state")["green"] == [1])
    assert properties(item, "toggle-state")["red"] == [0]
    item.call("Activate", "ii", 0, 0)
    until(lambda: properties(item, "toggle-state")["On"] == [0])
    assert (state.is_on, state.colour) == (False, "green")


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
