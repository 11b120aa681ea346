"""The icon through GTK, as an AppIndicator or in the system tray of X11.

pystray makes a new menu for every change, which an open one does not show. Here the menu's lines
are changed where they are, so that an open menu shows how things are now.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from typing import Any, Final

_log = logging.getLogger(__name__)
#: How many files of icons that are not shown any more are kept.
_KEPT: Final = 3
#: Comes with fonts of emojis, which not every desktop has.
_HOURGLASS: Final = "⏳"


def icon_kind() -> Any:
    """The kind of icon; ImportError, or whatever GTK says, where it cannot be used."""
    # A menu is drawn without OpenGL, whose drivers take 45 MB where there is no graphics card.
    os.environ.setdefault("GDK_GL", "disable")
    import pystray  # noqa: PLC0415 - with the chosen backend
    from gi.repository import GLib, Gtk  # noqa: PLC0415

    return gtk_icon(pystray.Icon, MenuChange(Gtk, pystray.Menu.SEPARATOR, GLib), GLib, Gtk)


def gtk_icon(base: Any, change: MenuChange, glib: Any, gtk: Any) -> Any:
    """``base``, pystray's icon through GTK, with one menu whose lines are changed."""

    class GtkIcon(base):  # type: ignore[misc] # pystray has no types
        """Keeps one menu and changes its lines."""

        _icon_path: Any

        def __init__(self, *arguments: Any) -> None:
            self._menu_handle = gtk.Menu.new()
            self._files = IconFiles()
            super().__init__(*arguments)

        def on_main(self, call: Any) -> None:
            """Have GTK's own thread do it."""
            glib.idle_add(lambda: call() and False)

        def _update_title(self) -> None:
            super()._update_title()
            self.on_main(lambda: set_tip(self))

        def _show(self) -> None:
            super()._show()
            self.on_main(lambda: set_tip(self))

        def _remove_fs_icon(self) -> None:
            self._files.leave(self._icon_path)
            self._icon_path, self._icon_valid = None, False

        def _update_menu(self) -> None:
            self.on_main(lambda: change_menu(self, change))

        def _finalize(self) -> None:
            try:
                super()._finalize()
            except glib.Error as error:  # it takes back a message where nobody shows messages
                _log.debug("nothing to take back: %s", error)

    return GtkIcon


class IconFiles:
    """The files of icons that were shown before.

    A panel hears of another icon, and reads its file when it gets to it: by then there may be the
    next one, and it would show a sign for a missing icon. So the last files stay a while.
    """

    def __init__(self) -> None:
        self._left: deque[str] = deque()

    def leave(self, path: str | None) -> None:
        """A file that is not shown any more; the folder goes in the end, with all in it."""
        if path is not None:
            self._left.append(path)
        while len(self._left) > _KEPT:
            os.unlink(self._left.popleft())


def set_tip(icon: Any) -> None:
    """In the system tray of X11 the title is a tip as well; pystray does not say so."""
    if hasattr(icon, "_status_icon"):
        icon._status_icon.set_tooltip_text(icon.title)  # noqa: SLF001 - the only way to it


def change_menu(icon: Any, change: MenuChange) -> None:
    """Bring an icon's one menu up to date."""
    handle = icon._menu_handle  # noqa: SLF001 - the only way to it
    change(handle, list(icon.menu), icon)
    handle.show_all()
    indicator = getattr(icon, "_appindicator", None)
    if indicator is not None and not indicator.get_menu():
        indicator.set_menu(handle)
    handle.reposition()  # an open one stays within the screen


class MenuChange:
    """Makes a GTK menu equal to a description, keeping every line that is of the same kind."""

    def __init__(self, gtk: Any, separator: Any, glib: Any) -> None:
        """``separator`` is pystray's."""
        self._gtk = gtk
        self._separator = separator
        self._glib = glib
        sign = gtk.Label().create_pango_layout(_HOURGLASS)
        self._has_hourglass = not sign.get_unknown_glyphs_count()

    def __call__(self, menu: Any, described: list[Any], icon: Any) -> None:
        """``described`` are pystray's items; ``icon`` is what they are called with."""
        lines = menu.get_children()
        for number, item in enumerate(described):
            kind = self._kind(item)
            if number < len(lines) and lines[number].kind != kind:
                for line in lines[number:]:
                    menu.remove(line)
                del lines[number:]
            if number >= len(lines):
                lines.append(self._new_line(kind))
                menu.append(lines[number])
            self._fill(lines[number], item, icon)
        for line in lines[len(described) :]:
            menu.remove(line)

    def _kind(self, item: Any) -> str:
        if item is self._separator:
            return "part"
        return "menu" if item.submenu else "line"

    def _new_line(self, kind: str) -> Any:
        if kind == "part":
            line = self._gtk.SeparatorMenuItem.new()
        else:
            line = self._gtk.MenuItem.new_with_mnemonic("")
        line.kind, line.chosen = kind, None
        if kind == "menu":
            line.set_submenu(self._gtk.Menu.new())
        if kind == "line":
            line.connect("activate", lambda this: this.chosen and this.chosen())
        return line

    def _fill(self, line: Any, item: Any, icon: Any) -> None:
        if line.kind == "part":
            return
        # An underscore marks a letter for the keyboard. Whether a text says so is asked for by
        # GTK, but not by what passes the menu on to the panel: so here it always does.
        text = item.text.replace("_", "__")
        if not self._has_hourglass:
            text = text.replace(_HOURGLASS, "…")
        if line.get_label() != text:
            line.set_label(text)
        if item.default:
            bold = f"<b>{self._glib.markup_escape_text(item.text)}</b>"
            line.get_child().set_markup(bold)
        if line.get_sensitive() != item.enabled:
            line.set_sensitive(item.enabled)
        if line.kind == "menu":
            self(line.get_submenu(), list(item.submenu), icon)
        else:
            line.chosen = lambda: item(icon)
