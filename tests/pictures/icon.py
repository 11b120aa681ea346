"""Draws the README's pictures of the icon: ``python -m tests.pictures.icon``.

One is a sheet of all icons; the other is photographed in a real panel with its menu open.
"""

import os
import pathlib
import tempfile
import time

from PIL import Image
from Xlib import display

from tests.support.desktop import XFCONF, Bus, Screen, Surroundings, XfcePanel, until
from watcher.desktop.drawing import draw
from watcher.desktop.tray import Tray
from watcher.i18n.languages import catalog
from watcher.i18n.message import NOTHING, msg
from watcher.model.kinds import State
from watcher.model.records import Entry
from watcher.model.snapshot import AppState, Snapshot, Watched
from watcher.present.menu import icon_view
from watcher.sniff.formats import LOCKED

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PICTURES = os.path.join(ROOT, "installers", "pictures")
SIZES = (16, 22, 24, 32, 48, 64)
SHOWN = (
    AppState.IDLE, AppState.WORKING, AppState.PAUSED, AppState.OFFLINE, AppState.ATTENTION,
    AppState.NOT_SET_UP,
)  # fmt: skip
LIGHT, DARK = (242, 242, 242), (38, 38, 42)
KEYS = ("e59112ee7a2d3b0c4f6e8d1b9a0c7f5e3d2b1a09", "77c1b0e2d93f4a5588e0a1b2c3d4e5f607182930")

NAMES = ("Engineering", "Sales")


def sheet():
    """All icons in all sizes, on light and on dark."""
    wide, high = 84, 84
    picture = Image.new("RGB", (wide * len(SHOWN), high * 2 * len(SIZES) // 2), LIGHT)
    rows = [(22, LIGHT), (32, LIGHT), (64, LIGHT), (22, DARK), (32, DARK), (64, DARK)]
    for row, (size, ground) in enumerate(rows):
        for column, state in enumerate(SHOWN):
            cell = Image.new("RGB", (wide, high), ground)
            icon = draw(state, size)
            cell.paste(icon, ((wide - size) // 2, (high - size) // 2), icon)
            picture.paste(cell, (column * wide, row * high))
    return picture


def entry(number, name, state, source=0, why=NOTHING, person=""):
    return Entry(number, "/home/sam/CVs", f"/home/sam/CVs/{name}", state, why,
                 source_key=KEYS[source], source_name=NAMES[source], profile_name=person)  # fmt: skip


def a_day():
    """A snapshot of an afternoon with one file that nobody can read."""
    bad = entry(
        4,
        "old_cv (renamed).pdf",
        State.REFUSED,
        why=msg("This file is {what}. {how}", what=LOCKED.what, how=LOCKED.advice),
    )
    recent = (
        entry(1, "Aisha Rahman - CV.pdf", State.PARSED, person="Aisha Rahman"),
        entry(2, "Łukasz Wójcik.docx", State.PARSED, 1, person="Łukasz Wójcik"),
        bad,
        entry(3, "mai scan.jpeg", State.UPLOADING),
    )
    watched = (Watched("/home/sam/CVs"), Watched("/mnt/share/Applications"))
    return Snapshot(
        at=time.time(), version="0.1.0", today=12, recent=recent, attention=(bad,),
        counts={State.PARSED: 12, State.REFUSED: 1}, watched=watched,
    )  # fmt: skip


def menu(root):
    """The panel, photographed with the menu and one menu inside it open."""
    around = Surroundings(root)
    try:
        bus = around.have(Bus, root, [XFCONF])
        screen = around.have(Screen, root, "900x600")
        around.have(XfcePanel, root, screen, bus)
        tray = Tray(print, print, environ=around.environ(screen, bus))
        tray.start()
        tray.show(icon_view(a_day(), catalog("en")))
        until(lambda: tray.backend)
        paint(screen.display)
        panel = (6, 573, 28, 595)  # where its one icon is
        until(lambda: len(screen.photograph().crop(panel).getcolors()) > 1)
        above = (0, 0, 900, 560)
        before = screen.still(above)
        screen.do("mousemove", 17, 584, "click", 3)
        screen.change(above, before)
        screen.press(above, "Home", *["Down"] * 6, "Right", "Right")  # what needs attention
        picture = screen.photograph()
        tray.stop()
        return picture.crop((0, 140, 900, 600))
    finally:
        around.close()


BACKGROUND = (74, 94, 120)


def paint(name):
    """Give the screen a colour."""
    screen = display.Display(name)
    root = screen.screen().root
    red, green, blue = BACKGROUND
    root.change_attributes(background_pixel=red << 16 | green << 8 | blue)
    root.clear_area()
    screen.sync()
    screen.close()


def main():
    sheet().save(os.path.join(PICTURES, "icons.png"), optimize=True)
    with tempfile.TemporaryDirectory() as place:
        menu(pathlib.Path(place)).save(os.path.join(PICTURES, "tray.png"), optimize=True)
    draw(AppState.IDLE, 128).save(
        os.path.join(ROOT, "watcher", "desktop", "icon.png"), optimize=True
    )
    print(PICTURES)  # noqa: T201 - where to look


if __name__ == "__main__":
    main()
