"""The icon in real panels: GTK and X11 in a system tray, AppIndicator over a real bus."""

import itertools
import os
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from PIL import Image

from tests.desktop import Bus, Item, Panel, Screen, Trayer, need_gtk, needs_bus, needs_screen, until
from tests.desktop import surroundings as surroundings  # noqa: PLC0414 - a fixture
from watcher import tray as tray_package
from watcher.menu import Act, Verb
from watcher.model import UNTIL_RESUMED, Entry, Mood, Snapshot, State, Watched
from watcher.desktop import Tray, face
from watcher.desktop.drawing import draw
from watcher.desktop.supervisor import look, may_have_icon
from watcher.words import words

NOON = 1_700_000_000.0
#: Where trayer, 48 points high, has its one icon on a screen of 640 by 400.
ICON = (296, 352, 344, 400)
CENTRE = (320, 376)
#: The colour of trayer's panel.
PANEL = (220, 218, 213)
ICON_FILE = os.path.join(os.path.dirname(tray_package.__file__), "icon.png")


def entry(number, name, state=State.PARSED, **more):
    return Entry(number, "/home/jo/CVs", f"/home/jo/CVs/{name}", state, **more)


REFUSED = entry(3, "a_b & <c>.pdf", State.REFUSED, why="This is a program, and not a document.")
IDLE = Snapshot(
    at=NOON, version="0.1.0", today=12, counts={State.PARSED: 12},
    recent=(entry(1, "Jane Doe.pdf", profile_name="Jane Doe"),),
    watched=(Watched("/home/jo/CVs_x"),),
)  # fmt: skip
MOODS = {
    Mood.IDLE: IDLE,
    Mood.WORKING: replace(IDLE, done=2, total=40),
    Mood.PAUSED: replace(IDLE, paused_until=UNTIL_RESUMED),
    Mood.OFFLINE: replace(IDLE, offline_since=NOON),
    Mood.ATTENTION: replace(IDLE, attention=(REFUSED,)),
    Mood.NOT_SET_UP: replace(IDLE, is_set_up=False),
}


@contextmanager
def tray(environ, **options):
    """A tray that is shown idle; ``acts`` are the clicks, ``told`` what was said."""
    acts, told = [], []
    made = Tray(acts.append, told.append, environ=environ, **options)
    made.acts, made.told = acts, told
    made.start()
    made.show(face(IDLE, words("en")))
    try:
        yield made
    finally:
        made.stop()


def shape(image):
    """Where an icon is and where it is not, as bytes of 0 and 1: its colours left out."""

    def is_ink(point):
        near_ground = sum(abs(a - b) for a, b in zip(point, PANEL, strict=True)) < 60
        return not near_ground and min(point) < 200

    return bytes(map(is_ink, pixels(image)))


def apart(one, other):
    """The part of all points in which two shapes differ, the points that both leave out aside."""
    either = sum(a or b for a, b in zip(one, other, strict=True))
    return sum(a != b for a, b in zip(one, other, strict=True)) / max(1, either)


def photographed(screen, box=ICON):
    return screen.photograph().crop(box)


def has_icon(screen, box=ICON, mood=Mood.IDLE):
    return looks_like(screen, box, as_drawn(mood, box))


def show_each(made, screen, box):
    """The shape of the icon in each mood, as it is to be seen in the panel."""
    found = {}
    for mood, snapshot in MOODS.items():
        made.show(face(snapshot, words("en")))
        drawn = as_drawn(mood, box)
        until(lambda drawn=drawn: looks_like(screen, box, drawn), f"no icon for {mood}")
        found[mood] = shape(photographed(screen, box))
    return found


def as_drawn(mood, box):
    """The shape that an icon has before a panel shows it."""
    size = box[2] - box[0]
    icon = draw(mood, size, 38 if mood is Mood.WORKING else 0)
    whole = Image.new("RGB", (size, size), PANEL)
    whole.paste(icon, (0, 0), icon)
    return shape(whole)


def looks_like(screen, box, drawn):
    return apart(shape(photographed(screen, box)), drawn) < 0.1


def assert_all_differ(shapes):
    for (one, a), (other, b) in itertools.combinations(shapes.items(), 2):
        assert apart(a, b) > 0.3, f"{one} and {other} look alike"


@pytest.mark.parametrize("size", [16, 20, 22, 24, 32, 48, 64])
def test_moods_are_told_apart_without_colours(size):
    assert_all_differ({mood: as_drawn(mood, (0, 0, size, size)) for mood in Mood})


@pytest.mark.parametrize("mood", Mood)
@pytest.mark.parametrize("panel", [(250, 250, 250), (30, 30, 34)])
def test_icons_are_seen_on_light_and_on_dark_panels(mood, panel):
    icon = draw(mood, 24, 7)
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


def test_more_files_than_fit_are_shown_as_the_most_that_fit():
    assert draw(Mood.WORKING, 32, 100).tobytes() == draw(Mood.WORKING, 32, 99).tobytes()
    assert draw(Mood.WORKING, 16, 12).tobytes() != draw(Mood.WORKING, 16, 13).tobytes()


def test_the_project_s_icon_is_the_one_that_is_drawn():
    with Image.open(ICON_FILE) as kept:
        assert kept.convert("RGBA").tobytes() == draw(Mood.IDLE, 128).tobytes()


@needs_screen
def test_gtk_shows_every_mood_a_menu_and_comes_back_with_the_panel(surroundings):
    need_gtk()
    bus = surroundings.have(Bus, surroundings.root)
    screen = surroundings.have(Screen, surroundings.root)
    panel = surroundings.have(Trayer, screen)
    with tray(surroundings.environ(screen, bus)) as made:
        until(lambda: made.backend == "gtk")
        until(lambda: has_icon(screen))
        assert_all_differ(show_each(made, screen, ICON))
        made.show(face(IDLE, words("en")))

        above = (200, 100, 600, 350)
        empty = screen.photograph().crop(above).tobytes()
        screen.do("mousemove", *CENTRE, "click", 3)
        opened = until(lambda: differs(screen, above, empty), "no menu opened")
        made.show(face(MOODS[Mood.ATTENTION], words("fr")))
        until(lambda: differs(screen, above, opened), "an open menu does not change")
        screen.do("key", "End", "Return")  # Quit is its last line
        until(lambda: made.acts == [Act(Verb.QUIT)])
        screen.do("mousemove", *CENTRE, "click", 1)
        until(lambda: made.acts[1:] == [Act(Verb.ACTIVITY)])

        panel.kill()
        until(lambda: not has_icon(screen, mood=Mood.ATTENTION))
        panel.start()
        until(
            lambda: has_icon(screen, mood=Mood.ATTENTION),
            "the icon did not come back with the panel",
        )
        assert made.told == []


def differs(screen, box, before):
    """What is to be seen in a box, once it is something else and has stopped changing."""
    now = screen.photograph().crop(box).tobytes()
    if now == before:
        return None
    return now if screen.photograph().crop(box).tobytes() == now else None


@needs_screen
def test_x11_shows_every_mood_hears_a_click_and_comes_back_with_the_panel(surroundings):
    screen = surroundings.have(Screen, surroundings.root)
    panel = surroundings.have(Trayer, screen)
    box = (308, 364, 332, 388)  # trayer gives it its least width, in the middle of its height
    with tray(surroundings.environ(screen)) as made:
        until(lambda: made.backend == "xorg")
        until(lambda: has_icon(screen, box))
        assert_all_differ(show_each(made, screen, box))
        screen.do("mousemove", *CENTRE, "click", 1)
        until(lambda: made.acts == [Act(Verb.SET_UP)])  # the last mood was: not set up

        panel.kill()
        until(lambda: not made.backend)
        panel.start()
        until(lambda: made.backend == "xorg")
        until(
            lambda: has_icon(screen, box, Mood.NOT_SET_UP),
            "the icon did not come back with the panel",
        )
        screen.do("mousemove", *CENTRE, "click", 1)
        until(lambda: len(made.acts) == 2)


@needs_screen
@needs_bus
def test_appindicator_shows_icon_title_and_menu_and_registers_with_each_new_panel(surroundings):
    need_gtk("indicator")
    bus = surroundings.have(Bus, surroundings.root)
    screen = surroundings.have(Screen, surroundings.root)
    first = Panel(bus.address)
    with tray(surroundings.environ(screen, bus)) as made:
        until(lambda: made.backend == "appindicator")
        item = surroundings.have(Item, bus.address, *until(lambda: first.items)[0])
        lines = until(item.lines)
        assert [text for text, *_ in lines if text] == [
            "Up to date · 12 today", "Recent", "Pause", "Open folder", "Activity", "Set up…",
            "Help", "Quit",
        ]  # fmt: skip
        assert item.get("Title") == "hrflow-watcher · Up to date · 12 today"
        assert item.get("Status") == "Active"
        icon = item.get("IconName")
        assert os.path.exists(icon)

        made.show(face(MOODS[Mood.ATTENTION], words("en")))
        until(lambda: item.lines()[0][0] == "1 file needs attention")
        assert item.lines()[0][1] == lines[0][1], "a line that is changed stays the same line"
        until(lambda: item.get("IconName") != icon)
        assert os.path.exists(icon), "a panel may be about to read it"
        for number in range(2, 9):
            made.show(face(replace(IDLE, done=1, total=number), words("en")))
            until(lambda n=number: item.get("Title").endswith(f"of {n}"))
        until(lambda: not os.path.exists(icon), "old icons are heaped up")
        made.show(face(MOODS[Mood.ATTENTION], words("en")))
        until(lambda: item.lines()[0][0] == "1 file needs attention")
        (needy,) = [inner for text, _, _, inner in item.lines() if text == "Needs attention"]
        text, _, _, choices = needy[0]
        assert text == "✗ a__b & <c>.pdf", "an underscore marks a letter unless it is doubled"
        assert choices[0][0] == REFUSED.why
        assert not choices[0][2], "a reason is not to be clicked"
        item.click(next(number for text, number, *_ in choices if text == "Retry"))
        until(lambda: made.acts == [Act(Verb.RETRY, (3,))])

        first.close()
        second = surroundings.have(Panel, bus.address)
        until(lambda: second.items, "it did not come to the new panel")
        assert made.told == []
    assert not os.path.exists(os.path.dirname(icon)), "icons are left behind"


@needs_screen
def test_an_icon_appears_once_there_is_a_panel_and_moves_to_a_better_one(surroundings):
    need_gtk("indicator")
    bus = surroundings.have(Bus, surroundings.root)
    screen = surroundings.have(Screen, surroundings.root)
    with tray(surroundings.environ(screen, bus)) as made:
        until(lambda: made._process is not None)
        surroundings.have(Trayer, screen)
        until(lambda: made.backend == "gtk")
        panel = surroundings.have(Panel, bus.address)
        until(lambda: panel.items, "it did not move")
        until(lambda: made.backend == "appindicator")


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
        made.show(face(IDLE, words("en")))  # nobody shows it, and nobody minds


def test_where_there_is_nothing_to_look_at_it_says_so_once_and_is_left_at_that(surroundings):
    environ = surroundings.environ()
    with tray({**environ, "DISPLAY": ":99999"}) as made:
        until(lambda: made.told)
        made._thread.join(10)
        assert not made._thread.is_alive()
        assert "system tray" in made.told[0]
        assert len(made.told) == 1


def test_a_process_that_hangs_holds_nobody_up(surroundings):
    deaf = (sys.executable, "-c", "import time\nwhile True: time.sleep(100)")
    with tray(surroundings.environ(), command=deaf) as made:
        until(lambda: made._process is not None)
        big = replace(IDLE, attention=tuple(entry(n, "x" * 200) for n in range(10_000)))
        began = time.monotonic()
        for number in range(20):
            made.show(face(replace(big, today=number), words("en")))
        made.stop(seconds=0.2)
        assert not made._thread.is_alive()
        assert time.monotonic() - began < 10
        assert made._process.poll() is not None


def test_nothing_is_sent_where_nothing_changes_and_little_in_a_burst(surroundings):
    counts = "import sys\nfor n, _ in enumerate(sys.stdin, 1): "
    counts += "print('{\"shown\": \"' + str(n) + '\"}', flush=True)"
    with tray(surroundings.environ(), command=(sys.executable, "-c", counts)) as made:
        until(lambda: made.backend == "1")
        for _ in range(50):
            made.show(face(replace(IDLE, at=time.time()), words("en")))
        for done in range(200):
            made.show(face(replace(IDLE, done=done, total=200), words("en")))
        made.show(face(MOODS[Mood.PAUSED], words("en")))
        until(lambda: made._face == face(MOODS[Mood.PAUSED], words("en")))
        until(lambda: int(made.backend) >= 2)
        assert int(made.backend) <= 4


def test_a_process_that_keeps_failing_is_given_up(surroundings):
    failing = (sys.executable, "-c", "raise SystemExit(1)")
    with tray(surroundings.environ(), command=failing, backoff=(0.01, 0.01)) as made:
        made._thread.join(20)
        assert not made._thread.is_alive()


@needs_screen
def test_what_would_show_an_icon_is_found_out_for_the_doctor(surroundings):
    screen = surroundings.have(Screen, surroundings.root)
    environ = surroundings.environ(screen)
    backend, said = look({**environ, "XDG_CURRENT_DESKTOP": "GNOME"})
    assert (backend, "extension" in said) == ("", True)
    surroundings.have(Trayer, screen)
    until(lambda: look(environ) == ("xorg", ""))


def test_no_process_is_started_without_a_desktop():
    assert not may_have_icon("linux", {"HOME": "/root"})
    assert may_have_icon("linux", {"DISPLAY": ":0"})
    assert may_have_icon("linux", {"WAYLAND_DISPLAY": "wayland-0"})
    assert may_have_icon("win32", {})
    assert may_have_icon("darwin", {})
