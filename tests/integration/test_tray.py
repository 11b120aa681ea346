"""The icon in real panels: Xfce's, over a real bus, and the system tray of X11."""

import itertools
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from msgspec.structs import replace
from PIL import Image

from tests.support.bare_python import BARE
from tests.support.desktop import (
    XFCONF,
    Bus,
    Item,
    Panel,
    Screen,
    Trayer,
    XfcePanel,
    needs_bus,
    needs_screen,
    needs_xfce,
    until,
)
from tests.support.waiting import PATIENCE
from watcher.desktop.dbus_notifications import ICON_FILE
from watcher.desktop.drawing import draw
from watcher.desktop.status_notifier import SIZES
from watcher.desktop.tray import Tray, find_backend, has_desktop
from watcher.i18n.languages import catalog
from watcher.i18n.message import verbatim
from watcher.model.entries import Entry
from watcher.model.kinds import State
from watcher.model.snapshot import UNTIL_RESUMED, AppState, Snapshot, Watched
from watcher.present.menu import ACTIVITY, SET_UP, Action, icon_view

NOON = 1_700_000_000.0
#: Seconds between two views that the process is sent.
BETWEEN = 0.3
#: Where trayer, 26 points high, has its one icon on a screen of 640 by 400; and Xfce's panel.
X_ICON = (308, 375, 332, 399)
ICON = (6, 373, 28, 395)
CENTRE = (17, 384)
#: The colours of trayer's panel, and of Xfce's.
PANELS = ((220, 218, 213), (240, 240, 240), (246, 245, 244))


def entry(number, name, state=State.PARSED, **more):
    return Entry(number, "/home/jo/CVs", f"/home/jo/CVs/{name}", state, **more)


REFUSED = entry(
    3, "a_b & <c>.pdf", State.REFUSED, why=verbatim("This is a program, and not a document.")
)
IDLE = Snapshot(
    at=NOON, version="0.1.0", today=12, counts={State.PARSED: 12},
    recent=(entry(1, "Jane Doe.pdf", profile_name="Jane Doe"),),
    watched=(Watched("/home/jo/CVs_x"),),
)  # fmt: skip
STATES = {
    AppState.IDLE: IDLE,
    AppState.WORKING: replace(IDLE, done=2, total=40),
    AppState.PAUSED: replace(IDLE, paused_until=UNTIL_RESUMED),
    AppState.OFFLINE: replace(IDLE, offline_since=NOON),
    AppState.ATTENTION: replace(IDLE, attention=(REFUSED,)),
    AppState.NOT_SET_UP: replace(IDLE, is_set_up=False),
}


@contextmanager
def tray(environ, **options):
    """A tray that is shown idle; ``clicks`` are the clicks, ``told`` what was said."""
    clicks, told = [], []
    made = Tray(clicks.append, told.append, environ=environ, **options)
    made.clicks, made.told = clicks, told
    made.start()
    made.show(icon_view(IDLE, catalog("en")))
    try:
        yield made
    finally:
        made.stop()


def shape(image):
    """Where an icon is and where it is not, as bytes of 0 and 1: its colours left out."""

    def is_ink(point):
        near_ground = min(
            sum(abs(a - b) for a, b in zip(point, panel, strict=True)) for panel in PANELS
        )
        return near_ground >= 60 and min(point) < 200

    return bytes(map(is_ink, pixels(image)))


def apart(one, other):
    """The part of all points in which two shapes differ, the points that both leave out aside."""
    either = sum(a or b for a, b in zip(one, other, strict=True))
    return sum(a != b for a, b in zip(one, other, strict=True)) / max(1, either)


def photographed(screen, box=ICON):
    return screen.photograph().crop(box)


def has_icon(screen, box=ICON, state=AppState.IDLE):
    return looks_like(screen, box, as_drawn(state, box))


def show_each(made, screen, box):
    """The shape of the icon in each state, as it is to be seen in the panel."""
    found = {}
    for state, snapshot in STATES.items():
        made.show(icon_view(snapshot, catalog("en")))
        drawn = as_drawn(state, box)
        until(lambda drawn=drawn: looks_like(screen, box, drawn), f"no icon for {state}")
        found[state] = shape(photographed(screen, box))
    return found


def as_drawn(state, box):
    """The shape that an icon has before a panel shows it.

    Xfce scales the largest image that it is offered, and pystray scales its one image for X11.
    """
    size = box[2] - box[0]
    icon = draw(state, {ICON: 64, X_ICON: 48}.get(box, size))
    icon = icon.resize((size, size), Image.Resampling.LANCZOS)
    whole = Image.new("RGB", (size, size), PANELS[0])
    whole.paste(icon, (0, 0), icon)
    return shape(whole)


def looks_like(screen, box, drawn):
    return apart(shape(photographed(screen, box)), drawn) < 0.2


def assert_all_differ(shapes):
    for (one, a), (other, b) in itertools.combinations(shapes.items(), 2):
        assert apart(a, b) > 0.3, f"{one} and {other} look alike"


@pytest.mark.parametrize("size", [16, 20, 22, 24, 32, 48, 64])
def test_states_are_told_apart_without_colours(size):
    assert_all_differ({state: as_drawn(state, (0, 0, size, size)) for state in AppState})


@pytest.mark.parametrize("state", AppState)
@pytest.mark.parametrize("panel", [(250, 250, 250), (30, 30, 34)])
def test_icons_are_seen_on_light_and_on_dark_panels(state, panel):
    icon = draw(state, 24)
    seen = [point[:3] for point in pixels(icon) if point[3] > 250]
    strong = [point for point in seen if contrast(point, panel) >= 3]
    assert len(strong) > 24 * 24 * 0.12


def pixels(image):
    data = image.tobytes()
    step = len(image.getbands())
    return [tuple(data[at : at + step]) for at in range(0, len(data), step)]


def contrast(one, other):
    """The contrast of two colours as WCAG 2 defines it, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [each / 255 for each in colour]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_project_s_icon_is_the_one_that_is_drawn():
    with Image.open(ICON_FILE) as kept:
        assert kept.convert("RGBA").tobytes() == draw(AppState.IDLE, 128).tobytes()


@needs_xfce
def test_xfce_shows_every_state_a_menu_and_the_icon_again_with_each_new_panel(surroundings):
    bus = surroundings.have(Bus, surroundings.root, [XFCONF])
    screen = surroundings.have(Screen, surroundings.root)
    panel = surroundings.have(XfcePanel, surroundings.root, screen, bus)
    with tray(surroundings.environ(screen, bus)) as made:
        until(lambda: made.backend == "notifier")
        until(lambda: has_icon(screen))
        assert_all_differ(show_each(made, screen, ICON))
        made.show(icon_view(IDLE, catalog("en")))

        above = (0, 0, 640, 360)
        empty = screen.still(above)
        screen.do("mousemove", *CENTRE, "click", 3)
        opened = screen.change(above, empty, "no menu opened")
        made.show(icon_view(STATES[AppState.ATTENTION], catalog("en")))
        screen.change(above, opened, "an open menu does not change")
        # Needs attention → the one file → beyond its reason, which is grey, Retry.
        screen.press(above, "Home", "Down", "Down", "Down", "Right", "Right", "Return")
        until(lambda: made.clicks == [Action("retry", {"ids": [3]})])
        screen.do("mousemove", 600, 20)  # where no tip for the icon comes up
        until(lambda: screen.still(above) == empty, "the menu stays open")  # and takes all clicks
        screen.do("mousemove", *CENTRE, "click", 1)
        until(lambda: made.clicks[1:] == [ACTIVITY])

        panel.kill()
        until(lambda: not has_icon(screen, state=AppState.ATTENTION))
        panel.start()
        until(
            lambda: has_icon(screen, state=AppState.ATTENTION),
            "the icon did not come back with the panel",
        )
        until(lambda: made.backend == "notifier")
        assert made.told == []


@needs_screen
def test_x11_shows_every_state_hears_a_click_and_comes_back_with_the_panel(surroundings):
    screen = surroundings.have(Screen, surroundings.root)
    panel = surroundings.have(Trayer, screen, height=26)
    box, centre = X_ICON, (320, 388)
    with tray(surroundings.environ(screen)) as made:
        until(lambda: made.backend == "xorg")
        until(lambda: has_icon(screen, box))
        assert_all_differ(show_each(made, screen, box))
        for _ in range(3):  # pystray by itself makes the icon narrower with each new image
            show_each(made, screen, box)
        screen.do("mousemove", *centre, "click", 1)
        until(lambda: made.clicks == [SET_UP])  # the last state was: not set up

        panel.kill()
        until(lambda: not made.backend)
        panel.start()
        until(lambda: made.backend == "xorg")
        until(
            lambda: has_icon(screen, box, AppState.NOT_SET_UP),
            "the icon did not come back with the panel",
        )
        screen.do("mousemove", *centre, "click", 1)
        until(lambda: len(made.clicks) == 2)


@needs_bus
def test_a_host_reads_icon_title_and_menu_and_each_new_one_hears_of_them(surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    first = Panel(bus.address)
    with tray(surroundings.environ(bus=bus)) as made:
        until(lambda: made.backend == "notifier")
        process = made._process
        item = surroundings.have(Item, bus.address, *until(lambda: first.items)[0])
        lines = until(item.lines)
        assert [text for text, *_ in lines if text] == [
            "Up to date · 12 today", "Open activity", "✓ Jane Doe", "Pause uploads",
            "Snooze notifications", "Add folder…", "Open folder", "Set up…", "Help", "Quit",
        ]  # fmt: skip
        title = "hrflow-watcher · Up to date · 12 today"
        assert (item.get("Title"), item.get("IconAccessibleDesc")) == (title, title)
        assert item.get("ToolTip") == ("", [], title, "")
        assert (item.get("Status"), item.get("ItemIsMenu")) == ("Active", False)
        assert item.get("IconPixmap") == [pixmap(draw(AppState.IDLE, size)) for size in SIZES]
        item.call("Activate", "ii", 10, 10)
        until(lambda: made.clicks == [ACTIVITY])
        for method in ("ContextMenu", "SecondaryActivate"):  # the host's own affair
            assert item.call(method, "ii", 10, 10) == ()
        item.heard()

        made.show(icon_view(STATES[AppState.ATTENTION], catalog("en")))
        until(lambda: item.get("Status") == "NeedsAttention")
        until(lambda: item.lines()[0][0] == "1 file needs attention")
        assert item.lines()[0][1] == lines[0][1], "a line that is changed stays the same line"
        assert item.get("AttentionIconPixmap")[0] == pixmap(draw(AppState.ATTENTION, SIZES[0]))
        heard = dict(item.heard())
        assert heard["NewStatus"] == ("NeedsAttention",)
        assert {"NewIcon", "NewTitle", "NewToolTip", "ItemsPropertiesUpdated", "LayoutUpdated"} <= {
            *heard
        }
        (needy,) = [inner for text, _, _, inner in item.lines() if text == "Needs attention (1)"]
        text, _, _, choices = needy[0]
        assert text == "✗ a__b & <c>.pdf", "an underscore marks a letter unless it is doubled"
        assert choices[0][0] == str(REFUSED.why)
        assert not choices[0][2], "a reason is not to be clicked"
        item.click(next(number for text, number, *_ in choices if text == "Retry"))
        until(lambda: made.clicks[1:] == [Action("retry", {"ids": [3]})])

        first.close()
        second = surroundings.have(Panel, bus.address)
        until(lambda: second.items, "it did not come to the new panel")
        assert made._process is process, "nothing was to be started for that"
        assert made.told == []


def pixmap(image):
    """As a host reads it: width, height, and ARGB points."""
    points = [(alpha, red, green, blue) for red, green, blue, alpha in pixels(image)]
    return image.width, image.height, bytes(itertools.chain.from_iterable(points))


#: Shows and stops icons, on threads that take turns as often as they can.
SHOWN_AND_STOPPED = """
import sys, threading
from watcher.desktop.backends import TrayIcon
from watcher.model.snapshot import AppState
from watcher.present.menu import IconView

sys.setswitchinterval(1e-5)
for _ in range(50):
    icon = TrayIcon("xorg", IconView(AppState.IDLE, "", ()), print)
    icon.run(lambda: threading.Thread(target=icon.stop).start())
"""


@needs_screen
def test_x11_misses_no_call_of_another_thread(surroundings):
    screen = surroundings.have(Screen, surroundings.root)
    surroundings.have(Trayer, screen)
    until(lambda: find_backend(surroundings.environ(screen)) == "xorg")
    subprocess.run(
        [sys.executable, "-c", SHOWN_AND_STOPPED], env=surroundings.environ(screen), check=True,
        timeout=PATIENCE,
    )  # fmt: skip


@needs_screen
def test_an_icon_appears_once_there_is_a_panel_and_moves_to_whoever_shows_more(surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    screen = surroundings.have(Screen, surroundings.root)
    with tray(surroundings.environ(screen, bus)) as made:
        until(lambda: made._process is not None)
        surroundings.have(Trayer, screen)
        until(lambda: made.backend == "xorg")
        panel = Panel(bus.address)
        until(lambda: panel.items, "it did not move")
        until(lambda: made.backend == "notifier")
        panel.close()
        until(lambda: made.backend == "xorg", "it did not move back")
        assert made.told == []


@needs_screen
def test_a_watcher_without_a_host_shows_nothing_until_there_is_one(surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    panel = surroundings.have(Panel, bus.address, has_host=False)
    with tray(surroundings.environ(bus=bus)) as made:
        until(lambda: made.told)
        assert panel.items == []
        panel.has_host = True
        panel.signal("StatusNotifierHostRegistered")
        until(lambda: panel.items)


@needs_screen
def test_a_lost_bus_leaves_the_icon_to_x11(surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    screen = surroundings.have(Screen, surroundings.root)
    panel = surroundings.have(Panel, bus.address)
    surroundings.have(Trayer, screen)
    with tray(surroundings.environ(screen, bus)) as made:
        until(lambda: panel.items)
        bus.process.kill()
        until(lambda: made.backend == "xorg")


@needs_screen
def test_a_lost_screen_and_a_killed_process_end_nothing_else(surroundings):
    screen = surroundings.have(Screen, surroundings.root)
    surroundings.have(Trayer, screen)
    with tray(surroundings.environ(screen)) as made:
        until(lambda: made.backend)
        first = made._process
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: made.backend and made._process is not first, "no other process was started")
        screen.process.kill()
        until(lambda: not made.backend and not made._thread.is_alive())
        made.show(icon_view(IDLE, catalog("en")))  # nobody shows it, and nobody minds


def test_where_there_is_nothing_to_look_at_it_says_so_once_and_is_left_at_that(surroundings):
    environ = surroundings.environ()
    with tray({**environ, "DISPLAY": ":99999"}) as made:
        until(lambda: made.told)
        made._thread.join(PATIENCE)
        assert not made._thread.is_alive()
        assert "system tray" in made.told[0]
        assert len(made.told) == 1


def test_a_process_that_hangs_holds_nobody_up(surroundings):
    deaf = (*BARE, "import time\nwhile True: time.sleep(100)")
    with tray(surroundings.environ(), command=deaf) as made:
        until(lambda: made._process is not None)
        big = replace(IDLE, attention=tuple(entry(n, "x" * 200) for n in range(10_000)))
        for number in range(20):
            made.show(icon_view(replace(big, today=number), catalog("en")))
        made.stop(seconds=0.2)
        assert not made._thread.is_alive()
        assert made._process.poll() is not None


#: The icon's process, of which the first one hangs where it would show the icon.
HANGS_AT_FIRST = """
import os, sys, threading
from watcher.desktop import __main__, backends

if not os.path.exists(sys.argv[1]):
    open(sys.argv[1], "x").close()
    __main__._SHOW_SECONDS = 0.1
    backends.TrayIcon.run = lambda icon, shown: threading.Event().wait()
del sys.argv[1]
os._exit(__main__.main())
"""


@needs_bus
def test_a_process_that_hangs_before_it_shows_the_icon_is_replaced(surroundings):
    bus = surroundings.have(Bus, surroundings.root)
    panel = surroundings.have(Panel, bus.address)
    hanging = (sys.executable, "-c", HANGS_AT_FIRST, str(surroundings.root / "has hung"))
    with tray(surroundings.environ(bus=bus), command=hanging) as made:
        until(lambda: made.backend == "notifier", "no other process was started")
        assert len(panel.items) == 1


def test_nothing_is_sent_where_nothing_changes_and_little_in_a_burst(surroundings):
    counts = "import sys\nfor n, _ in enumerate(sys.stdin, 1): "
    counts += "print('{\"shown\": \"' + str(n) + '\"}', flush=True)"
    with tray(surroundings.environ(), command=(*BARE, counts)) as made:
        until(lambda: made.backend == "1")
        began = time.monotonic()
        for _ in range(50):
            made.show(icon_view(replace(IDLE, at=time.time()), catalog("en")))
        for done in range(200):
            made.show(icon_view(replace(IDLE, done=done, total=200), catalog("en")))
        made.show(icon_view(STATES[AppState.PAUSED], catalog("en")))
        until(lambda: made._view == icon_view(STATES[AppState.PAUSED], catalog("en")))
        until(lambda: int(made.backend) >= 2)
        assert int(made.backend) <= 4 + (time.monotonic() - began) / BETWEEN


def test_a_process_that_keeps_failing_is_given_up(surroundings):
    failing = (*BARE, "raise SystemExit(1)")
    with tray(surroundings.environ(), command=failing, backoff=(0.01, 0.01)) as made:
        made._thread.join(PATIENCE)
        assert not made._thread.is_alive()


@needs_screen
def test_what_would_show_an_icon_is_found_out_for_the_doctor(surroundings):
    screen = surroundings.have(Screen, surroundings.root)
    environ = surroundings.environ(screen)
    assert find_backend(environ) == ""
    surroundings.have(Trayer, screen)
    until(lambda: find_backend(environ) == "xorg")


def test_no_process_is_started_without_a_desktop():
    assert not has_desktop("linux", {"HOME": "/root"})
    assert has_desktop("linux", {"DISPLAY": ":0"})
    assert has_desktop("linux", {"WAYLAND_DISPLAY": "wayland-0"})
    assert has_desktop("win32", {})
    assert has_desktop("darwin", {})
