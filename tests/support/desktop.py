"""A desktop of a test's own: a screen, a message bus, and the services that a panel has.

Nothing of the person's own session is touched. The services speak the real protocols over a real
bus; what stands behind them is as little as a test needs.
"""

import contextlib
import os
import shutil
import subprocess
import threading
from collections import deque

import jeepney
import pytest
from jeepney.io.blocking import open_dbus_connection
from PIL import Image

from tests.support.secret_service import BUS
from tests.support.waiting import PATIENCE, wait_until

NEEDED = ("Xvfb", "trayer", "xdotool", "scrot", "dbus-daemon")
MISSING = [name for name in NEEDED if not shutil.which(name)]
needs_screen = pytest.mark.skipif(
    bool(MISSING),
    reason=f"needs {' and '.join(MISSING)} (packages xvfb, trayer, xdotool, scrot, dbus)",
)
needs_bus = pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="needs the package dbus")


#: Where Xfce's settings service says how it is started; its panel keeps its settings there.
XFCONF = "/usr/share/dbus-1/services/org.xfce.Xfconf.service"
needs_xfce = pytest.mark.skipif(
    bool(MISSING) or not shutil.which("xfce4-panel") or not os.path.exists(XFCONF),
    reason="needs the package xfce4-panel, and xvfb, xdotool, scrot and dbus",
)


class Bus:
    """A message bus of the session. ``services`` are files of what it starts when asked for."""

    def __init__(self, root, services=(), address=None):
        config = root / "bus.conf"
        config.write_text(
            BUS.replace("<policy", f"<servicedir>{root}/services</servicedir><policy")
        )
        (root / "services").mkdir(exist_ok=True)
        for path in services:
            shutil.copy(path, root / "services")
        at = [f"--address={address}"] if address else []
        self.process = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--print-address=1", f"--config-file={config}", *at],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "XDG_CONFIG_HOME": str(root / "config")},
        )  # fmt: skip
        self.address = self.process.stdout.readline().strip()

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Screen:
    """An X11 screen, which can be clicked at and photographed."""

    def __init__(self, root, size="640x400"):
        self._root = root
        mine, its = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(its), "-screen", "0", f"{size}x24", "-nolisten", "tcp",
             "-noreset"],  # else it restarts, and refuses others, when the last client leaves
            pass_fds=[its], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(its)
        with os.fdopen(mine) as numbers:
            self.display = f":{numbers.readline().strip()}"
        self.environ = {**os.environ, "DISPLAY": self.display}

    def do(self, *words):
        """Move the pointer, click, press keys: what xdotool can."""
        subprocess.run(
            ["xdotool", *map(str, words)], env=self.environ, check=True, timeout=PATIENCE
        )

    def photograph(self, name="photograph"):
        """What is to be seen, as a Pillow image."""
        path = str(self._root / f"{name}.png")
        subprocess.run(
            ["scrot", "--overwrite", path], env=self.environ, check=True, timeout=PATIENCE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with Image.open(path) as image:
            return image.convert("RGB")

    def still(self, box):
        """Return what is to be seen in a box, as bytes, once two photographs of it are alike."""
        return until(lambda: self._twice_alike(box), "it never stood still")

    def change(self, box, before, why="nothing changed on the screen"):
        """Return what is to be seen in a box once it is not ``before`` any more, and still."""
        return until(lambda: (now := self._twice_alike(box)) != before and now, why)

    def press(self, box, *keys):
        """Press keys one by one: each once the one before has changed the box, which is still.

        A menu that opens a moment later would not hear a key that came too soon.
        """
        for key in keys:
            before = self.still(box)
            self.do("key", key)
            self.change(box, before, f"the key {key} changed nothing")

    def _twice_alike(self, box):
        one, other = (self.photograph().crop(box).tobytes() for _ in range(2))
        return one if one == other else None

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class Trayer:
    """A panel with the system tray of X11, which can be killed and started again."""

    def __init__(self, screen, height=48):
        self._command = ["trayer", "--edge", "bottom", "--align", "center", "--widthtype",
                         "request", "--height", str(height)]  # fmt: skip
        self._environ = screen.environ
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._command, env=self._environ, stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)


#: One panel at the bottom of the screen with a place for icons, and nothing else.
XFCE_PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=10;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"""


class XfcePanel:
    """Xfce's own panel, a StatusNotifier host; ``bus`` starts the service that has its settings."""

    def __init__(self, root, screen, bus):
        settings = root / "config" / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "xfce4-panel.xml").write_text(XFCE_PANEL)
        self._environ = {
            **screen.environ, "DBUS_SESSION_BUS_ADDRESS": bus.address, "HOME": str(root),
            "XDG_CONFIG_HOME": str(root / "config"), "XDG_CACHE_HOME": str(root / "cache"),
            "XDG_DATA_HOME": str(root / "data"), "NO_AT_BRIDGE": "1", "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        self._environ.pop("SESSION_MANAGER", None)
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["xfce4-panel", "--disable-wm-check"], env=self._environ, stderr=subprocess.DEVNULL
        )

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)


class Service:
    """Somebody on the bus who answers; calls come in one by one, on a thread."""

    name = ""

    def __init__(self, address):
        self.address = address
        self._connection = open_dbus_connection(bus=address)
        self._lock = threading.Lock()
        call = jeepney.new_method_call(jeepney.message_bus, "RequestName", "su", (self.name, 0))
        self._connection.send_and_get_reply(call)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                message = self._connection.receive()
                if message.header.message_type is jeepney.MessageType.method_call:
                    self._answer(message)

    def _answer(self, message):
        fields = message.header.fields
        method = fields[jeepney.HeaderFields.member]
        sender = fields[jeepney.HeaderFields.sender]
        answer = self.answer(method, message.body, sender)
        if answer is None:
            reply = jeepney.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
        else:
            reply = jeepney.new_method_return(message, *answer)
        self.send(reply)

    def answer(self, method, values, sender):
        """(signature, values) of the answer; None where there is no such method."""
        raise NotImplementedError

    def send(self, message):
        with self._lock:
            self._connection.send(message)

    def close(self):
        with contextlib.suppress(OSError):
            self._connection.sock.shutdown(2)
        self._thread.join(PATIENCE)
        self._connection.close()


class Messages(Service):
    """The desktop's notification service. ``shown`` has each message by its number."""

    name = "org.freedesktop.Notifications"
    capabilities = ("actions", "body")

    def __init__(self, address, capabilities=capabilities):
        self.capabilities = list(capabilities)
        self.shown = {}
        super().__init__(address)

    def answer(self, method, values, sender):
        if method == "GetCapabilities":
            return "as", (self.capabilities,)
        if method == "Notify":
            number = len(self.shown) + 1
            program, _, icon, title, text, actions, hints, _ = values
            self.shown[number] = {"program": program, "icon": icon, "title": title, "text": text,
                                  "actions": actions, "hints": hints}  # fmt: skip
            return "u", (number,)
        return None

    def click(self, number, button=""):
        """Click on a message, or on the button in it with this label."""
        actions = self.shown.get(number, {}).get("actions", [])
        name = actions[actions.index(button) - 1] if button else "default"
        self._signal("ActionInvoked", "us", (number, name))
        self.dismiss(number)

    def dismiss(self, number):
        self._signal("NotificationClosed", "uu", (number, 2))

    def _signal(self, member, signature, values):
        emitter = jeepney.DBusAddress("/org/freedesktop/Notifications", interface=self.name)
        self.send(jeepney.new_signal(emitter, member, signature, values))


class Panel(Service):
    """Watches for StatusNotifier items and shows them, as KDE's panel and GNOME's extension do.

    ``items`` are (bus name, object path) of each that has come.
    """

    name = "org.kde.StatusNotifierWatcher"

    def __init__(self, address, *, has_host=True):
        self.items = []
        self.has_host = has_host
        super().__init__(address)

    def answer(self, method, values, sender):
        if method == "RegisterStatusNotifierItem":
            self.items.append((sender, values[0]))
            return "", ()
        if method == "Get":
            return "v", (self._properties()[values[1]],)
        if method == "GetAll":
            return "a{sv}", (self._properties(),)
        return None

    def signal(self, member):
        emitter = jeepney.DBusAddress("/StatusNotifierWatcher", interface=self.name)
        self.send(jeepney.new_signal(emitter, member))

    def _properties(self):
        return {
            "IsStatusNotifierHostRegistered": ("b", self.has_host),
            "ProtocolVersion": ("i", 0),
            "RegisteredStatusNotifierItems": ("as", [f"{a}{b}" for a, b in self.items]),
        }


class Item:
    """What a panel sees of one StatusNotifier item, and of its menu."""

    ITEM = "org.kde.StatusNotifierItem"
    MENU = "com.canonical.dbusmenu"

    def __init__(self, address, name, path):
        self._connection = open_dbus_connection(bus=address)
        self._name, self._path = name, path
        rule = jeepney.MatchRule(type="signal", sender=name)
        self._connection.filter(rule, queue=(signals := deque()))
        self._signals = signals
        self._ask_bus("AddMatch", "s", rule.serialise())

    def heard(self):
        """The signals that have come since, each as (its name, its values)."""
        with contextlib.suppress(TimeoutError):
            while True:
                self._connection.recv_messages(timeout=0)
        found = [
            (each.header.fields[jeepney.HeaderFields.member], each.body) for each in self._signals
        ]
        self._signals.clear()
        return found

    def get(self, name):
        return self._ask(
            self._path, "org.freedesktop.DBus.Properties", "Get", "ss", self.ITEM, name
        )[0][1]

    def call(self, method, signature="", *values):
        return self._ask(self._path, self.ITEM, method, signature, *values)

    def call_menu(self, method, signature, *values):
        return self._ask(self.get("Menu"), self.MENU, method, signature, *values)

    def lines(self):
        """The menu as nested (text, number, enabled, lines); a line without text parts."""
        layout = self.call_menu("GetLayout", "iias", 0, -1, [])
        return self._lines(layout[1][2])

    def _lines(self, children):
        found = []
        for _, (number, properties, inner) in children:
            values = {name: value for name, (_, value) in properties.items()}
            found.append(
                (values.get("label", ""), number, values.get("enabled", True), self._lines(inner))
            )
        return found

    def click(self, number):
        self.call_menu("Event", "isvu", number, "clicked", ("i", 0), 0)

    def _ask_bus(self, method, signature, *values):
        call = jeepney.new_method_call(jeepney.message_bus, method, signature, values)
        return self._connection.send_and_get_reply(call, timeout=PATIENCE).body

    def _ask(self, path, interface, method, signature, *values):
        address = jeepney.DBusAddress(path, self._name, interface)
        call = jeepney.new_method_call(address, method, signature or None, values)
        answer = self._connection.send_and_get_reply(call, timeout=PATIENCE)
        if answer.header.message_type is not jeepney.MessageType.method_return:
            raise jeepney.DBusErrorResponse(answer)
        return answer.body

    def close(self):
        self._connection.close()


class Surroundings:
    """Makes parts of a desktop and takes them away again, the last first."""

    def __init__(self, root):
        self.root = root
        self._open = contextlib.ExitStack()

    def have(self, kind, *arguments, **options):
        made = kind(*arguments, **options)
        self._open.callback(getattr(made, "close", None) or made.kill)
        return made

    def environ(self, screen=None, bus=None):
        """What a process of this desktop has; nothing of the person's own."""
        ours = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_CURRENT_DESKTOP")
        found = {name: value for name, value in os.environ.items() if name not in ours}
        if screen is not None:
            found["DISPLAY"] = screen.display
        if bus is not None:
            found["DBUS_SESSION_BUS_ADDRESS"] = bus.address
        return {**found, "NO_AT_BRIDGE": "1"}  # GTK looks for a screen reader otherwise

    def close(self):
        self._open.close()


@pytest.fixture
def surroundings(tmp_path):
    made = Surroundings(tmp_path)
    yield made
    made.close()


def until(condition, why="it never became so"):
    value = wait_until(condition)
    assert value, why
    return value
