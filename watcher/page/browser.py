"""The page in the person's browser."""

from __future__ import annotations

import html
import os
import sys
import webbrowser
from typing import TYPE_CHECKING

from watcher.app.places import write_atomically
from watcher.app.showing import start

if TYPE_CHECKING:
    from watcher.app.places import Places


def open_link(link: str, places: Places) -> bool:
    """Show the page behind a link; False if there is no browser that could.

    The link becomes an argument of the browser. Where others can read arguments and the page
    cannot tell who comes (macOS), the browser gets a file instead that only its user can read.
    """
    if sys.platform == "darwin":
        path = os.path.join(places.state, "open.html")
        write_atomically(path, f'<meta http-equiv="refresh" content="0;url={html.escape(link)}">')
        link = f"file://{path}"
    if os.environ.get("INVOCATION_ID"):  # in a systemd unit, which a browser must not be part of
        return start(("xdg-open", link))
    return webbrowser.open(link)
