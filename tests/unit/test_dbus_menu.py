"""The menu over D-Bus: what a host that believes the signals sees, and which line is which."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watcher.desktop.dbus_menu import DBusMenu, Line


def line(label, *lines, click=lambda: None, **more):
    properties = {"label": ("s", label), **more}
    if lines:
        properties["children-display"] = ("s", "submenu")
    return Line(properties, click, lines)


SEPARATOR = Line({"type": ("s", "separator")}, lambda: None)
GREY = {"enabled": ("b", False)}


class Host:
    """As a panel does: it keeps a copy, and asks only for what a signal says has changed."""

    def __init__(self):
        self.menu = DBusMenu(self.hear)
        self.signals = []
        self.revision = 0
        self.nodes = {}
        self.fetch(0)

    def hear(self, member, signature, values):
        self.signals.append((member, values))
        if member == "LayoutUpdated":
            self.fetch(values[1])
            assert self.revision == values[0]
            return
        changed, removed = values
        for number, properties in changed:
            self.nodes[number][0].update(properties)
        for number, names in removed:
            for name in names:
                del self.nodes[number][0][name]

    def fetch(self, number):
        signature, (self.revision, layout) = self.menu.reply("GetLayout", (number, -1, []))
        assert signature == "u(ia{sv}av)"
        self.keep(layout)

    def keep(self, layout):
        number, properties, children = layout
        self.nodes[number] = dict(properties), [child[1][0] for child in children]
        for kind, child in children:
            assert kind == "(ia{sv}av)"
            self.keep(child)

    def lines(self, number=0):
        """Nested (properties, lines)."""
        properties, children = self.nodes[number]
        return properties, [self.lines(child) for child in children]

    def numbers(self, *labels):
        """The number of a line by its labels, from the menu's first level down."""
        number = 0
        for label in labels:
            number = next(
                child
                for child in self.nodes[number][1]
                if self.nodes[child][0].get("label") == ("s", label)
            )
        return number


def shown(lines):
    return {"children-display": ("s", "submenu")}, [plain(each) for each in lines]


def plain(each):
    return dict(each.properties), [plain(inner) for inner in each.lines]


LABELS = "abcd"
LEAVES = st.sampled_from(
    [SEPARATOR, *map(line, LABELS), *(line(label, **GREY) for label in LABELS[:2])]
)


def submenus(inner):
    """Lines, some of which have lines of ``inner`` below them."""
    below = st.lists(inner, min_size=1, max_size=3)
    return LEAVES | st.builds(
        lambda label, lines: line(label, *lines), st.sampled_from(LABELS), below
    )


MENUS = st.lists(st.lists(submenus(submenus(LEAVES)), max_size=4).map(tuple), max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MENUS)
def test_a_host_that_believes_the_signals_sees_the_menu(menus):
    host = Host()
    for lines in menus:
        host.menu.show(lines)
        assert host.lines() == shown(lines)
        numbers = [*host.menu._nodes]
        assert len(numbers) == sum(1 for _ in host.menu._root.all()), "two lines share a number"
        host.signals.clear()
        host.menu.show(lines)
        assert host.signals == [], "nothing has changed, and nothing is announced"


FILE = (line("Retry"), line("Ignore"))
#: Before, after, and labels of lines that are the same, each as (before, after).
SAME = [
    ("a text that counts", [line("3 of 12")], [line("4 of 12")], [(["3 of 12"], ["4 of 12"])]),
    ("a file comes first", [line("b"), line("c")], [line("a"), line("b"), line("c")],
     [(["b"], ["b"]), (["c"], ["c"])]),
    ("a file goes", [line("a", *FILE), line("b", *FILE)], [line("b", *FILE)],
     [(["b", "Ignore"], ["b", "Ignore"])]),
    ("a file gets its name", [line("… a.pdf"), line("b")], [line("✓ a.pdf · Jane"), line("b")],
     [(["… a.pdf"], ["✓ a.pdf · Jane"]), (["b"], ["b"])]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "before", "after", "same"), SAME)
def test_a_line_keeps_its_number(why, before, after, same):
    host = Host()
    host.menu.show(tuple(before))
    numbers = [host.numbers(*labels) for labels, _ in same]
    host.menu.show(tuple(after))
    assert [host.numbers(*labels) for _, labels in same] == numbers


def test_a_submenu_is_never_a_line_that_was_there():
    host = Host()
    host.menu.show((line("a"),))
    was = host.numbers("a")
    host.menu.show((line("a", line("b")),))
    assert host.numbers("a") != was, "hosts do not turn one kind of line into another"


def test_what_is_changed_is_announced_where_it_is():
    host = Host()
    host.menu.show((line("a", line("b")), line("c", **GREY)))
    a, c = host.numbers("a"), host.numbers("c")
    host.signals.clear()
    host.menu.show((line("a", line("b"), line("d")), line("c")))
    assert host.signals == [
        ("ItemsPropertiesUpdated", ([], [(c, ["enabled"])])),
        ("LayoutUpdated", (3, a)),
    ]


@pytest.fixture
def clicks():
    return []


@pytest.fixture
def menu(clicks):
    made = DBusMenu(lambda *_: None)
    made.show(
        (
            line("a", click=lambda: clicks.append("a")),  # number 1
            line("b", line("c", click=lambda: clicks.append("c"))),  # 2 and 3
            line("d", click=lambda: clicks.append("d"), **GREY),  # 4
        )
    )
    return made


EVENT = ("i", 0), 0
CALLS = [
    ("GetProperty", (1, "label"), ("v", (("s", "a"),))),
    ("GetGroupProperties", ([1, 3, 99], ["label"]),
     ("a(ia{sv})", ([(1, {"label": ("s", "a")}), (3, {"label": ("s", "c")})],))),
    ("GetGroupProperties", ([4], []), ("a(ia{sv})", ([(4, {"label": ("s", "d"), **GREY})],))),
    ("GetLayout", (2, 0, ["label"]), ("u(ia{sv}av)", (2, (2, {"label": ("s", "b")}, [])))),
    ("GetLayout", (0, 1, ["label"]),
     ("u(ia{sv}av)", (2, (0, {}, [("(ia{sv}av)", (n, {"label": ("s", each)}, []))
                                  for n, each in ((1, "a"), (2, "b"), (4, "d"))])))),
    ("AboutToShow", (2,), ("b", (False,))),
    ("AboutToShow", (99,), ("b", (True,))),  # the host has an old copy
    ("AboutToShowGroup", ([1, 99],), ("aiai", ([], [99]))),
    ("EventGroup", ([(99, "clicked", *EVENT)],), ("ai", ([99],))),
    ("Nonsense", (), None),
    ("GetLayout", ("odd",), None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "values", "answer"), CALLS)
def test_a_call_is_answered(menu, method, values, answer):
    assert menu.reply(method, values) == answer


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("GetLayout", (99, -1, [])),
        ("GetProperty", (1, "enabled")),  # it has its default value
        ("Event", (99, "clicked", *EVENT)),
    ],
)
def test_a_line_that_is_not_there_is_an_error(menu, method, values):
    with pytest.raises(KeyError):
        menu.reply(method, values)


@pytest.mark.parametrize(
    ("number", "event", "clicked"),
    [
        (1, "clicked", ["a"]),
        (3, "clicked", ["c"]),  # below another line
        (4, "clicked", []),  # it is grey
        (1, "hovered", []),
        (2, "opened", []),
        (0, "closed", []),
    ],
)
def test_only_a_click_does_what_a_line_says(menu, clicks, number, event, clicked):
    assert menu.reply("Event", (number, event, *EVENT)) == ("", ())
    assert clicks == clicked


def test_clicks_that_come_together_are_each_obeyed(menu, clicks):
    events = [(3, "clicked", *EVENT), (1, "clicked", *EVENT)]
    assert menu.reply("EventGroup", (events,)) == ("ai", ([],))
    assert clicks == ["c", "a"]
