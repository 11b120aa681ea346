"""A menu that another process draws: the interface ``com.canonical.dbusmenu``.

The host keeps a copy of the menu, in which every line has a number. Changes are announced line by
line, so that an open menu is updated in place. A line keeps its number while it is the same line:
an open submenu stays that of its file when another file is inserted before it.

The interface is described in libdbusmenu's ``dbus-menu.xml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    #: A value with its D-Bus type in front.
    Variant = tuple[str, Any]

#: The menu's own number, as its root.
ROOT: Final = 0


class Line(Struct, frozen=True):
    """A line of a menu: what it looks like, what a click does, and the lines below it.

    ``properties`` are those of the interface, without those that have their default value.
    """

    properties: Mapping[str, Variant]
    click: Callable[[], None]
    lines: tuple[Line, ...] = ()

    @property
    def kind(self) -> str:
        """Its kind; no host can turn a line of one kind into another."""
        if self.lines:
            return "submenu"
        return "separator" if "type" in self.properties else "line"

    @property
    def label(self) -> str:
        """Its text; "" for a separator."""
        return str(self.properties.get("label", ("s", ""))[1])


class _Node(Struct, frozen=True):
    """A line with its number, and the nodes of the lines below it."""

    number: int
    line: Line
    nodes: tuple[_Node, ...] = ()

    def all(self) -> Iterator[_Node]:
        """This node and all below it."""
        yield self
        for node in self.nodes:
            yield from node.all()

    def numbers(self) -> list[int]:
        """Return the numbers of the nodes right below it."""
        return [node.number for node in self.nodes]


class DBusMenu:
    """The menu as its host knows it; ``signal`` (member, signature, values) sends a signal."""

    def __init__(self, signal: Callable[[str, str, tuple[Any, ...]], None]) -> None:
        self._signal = signal
        self._root = _Node(ROOT, Line({"children-display": ("s", "submenu")}, _do_nothing))
        self._nodes = {ROOT: self._root}
        self._last_number = ROOT
        self._revision = 1

    def show(self, lines: tuple[Line, ...]) -> None:
        """Replace the menu by these lines, and announce the differences."""
        before = self._nodes
        self._root = self._numbered(self._root, replace(self._root.line, lines=lines))
        self._nodes = {node.number: node for node in self._root.all()}
        kept = [node for number, node in self._nodes.items() if number in before]
        changed, removed = [], []
        for node in kept:
            old, new = before[node.number].line.properties, node.line.properties
            if different := {name: new[name] for name in new if new[name] != old.get(name)}:
                changed.append((node.number, different))
            if default := [name for name in old if name not in new]:
                removed.append((node.number, default))
        if changed or removed:
            self._signal("ItemsPropertiesUpdated", "a(ia{sv})a(ias)", (changed, removed))
        parents = [n.number for n in kept if n.numbers() != before[n.number].numbers()]
        self._revision += bool(parents)
        for number in parents:  # some hosts fetch the whole menu then, others this part of it
            self._signal("LayoutUpdated", "ui", (self._revision, number))

    def properties(self) -> dict[str, Variant]:
        """Return the properties of the whole menu."""
        return {
            "Version": ("u", 3),
            "TextDirection": ("s", "ltr"),
            "Status": ("s", "normal"),
            "IconThemePath": ("as", []),
        }

    def reply(self, method: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]] | None:
        """Return the signature and values of the reply to a call; None for an unknown method.

        KeyError for an unknown line or property.
        """
        match method, values:
            case "GetLayout", (int(number), int(depth), list(names)):
                layout = _layout(self._nodes[number], depth, frozenset(names))
                return "u(ia{sv}av)", (self._revision, layout)
            case "GetGroupProperties", (list(numbers), list(names)):
                asked = [
                    self._nodes[each] for each in numbers or self._nodes if each in self._nodes
                ]
                found = [(node.number, _properties(node, frozenset(names))) for node in asked]
                return "a(ia{sv})", (found,)
            case "GetProperty", (int(number), str(name)):
                return "v", (self._nodes[number].line.properties[name],)
            case "Event", (int(number), str(event), _, _):
                self._handle_event(self._nodes[number], event)
                return "", ()
            case "EventGroup", (list(events),):
                unknown = [each[0] for each in events if each[0] not in self._nodes]
                for number, event, *_ in events:
                    if number in self._nodes:
                        self._handle_event(self._nodes[number], event)
                return "ai", (unknown,)
            case "AboutToShow", (int(number),):
                # All changes were announced: only a host that missed one asks for an old line.
                return "b", (number not in self._nodes,)
            case "AboutToShowGroup", (list(numbers),):
                return "aiai", ([], [each for each in numbers if each not in self._nodes])
            case _:
                return None

    def _handle_event(self, node: _Node, event: str) -> None:
        if event == "clicked" and "enabled" not in node.line.properties:
            node.line.click()

    def _numbered(self, old: _Node | None, line: Line) -> _Node:
        """Return a node for ``line``, with the number of ``old`` if that is the same line."""
        if old is None:
            self._last_number += 1
        number = self._last_number if old is None else old.number
        partners = _pair(old.nodes if old is not None else (), line.lines)
        inner = zip(partners, line.lines, strict=True)
        return _Node(number, line, tuple(self._numbered(*each) for each in inner))


def _pair(old: tuple[_Node, ...], lines: tuple[Line, ...]) -> list[_Node | None]:
    """Return for each line the node that it had before; None if it is new.

    A line with the same label is the same line; otherwise one of the same kind at the same place
    is, with another label ("Uploading 3 of 12").
    """
    left = dict(enumerate(old))
    found: dict[int, _Node] = {}
    for place, line in enumerate(lines):
        for was, node in left.items():
            if node.line.kind == line.kind and node.line.label == line.label:
                found[place] = left.pop(was)
                break
    for place, line in enumerate(lines):
        if place not in found and place in left and left[place].line.kind == line.kind:
            found[place] = left.pop(place)
    return [found.get(place) for place in range(len(lines))]


def _layout(node: _Node, depth: int, names: frozenset[str]) -> tuple[int, Any, list[Variant]]:
    """Return a node as the host reads it, with ``depth`` levels of nodes below it; -1 for all."""
    inner = node.nodes if depth else ()
    children = [("(ia{sv}av)", _layout(each, depth - 1, names)) for each in inner]
    return node.number, _properties(node, names), children


def _properties(node: _Node, names: frozenset[str]) -> dict[str, Variant]:
    """Return the properties of these ``names``; all if there are none."""
    properties = node.line.properties
    return {name: properties[name] for name in properties if not names or name in names}


def _do_nothing() -> None:
    """The click of a line that has no action."""
