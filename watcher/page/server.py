"""The listener on this machine, and the page put together."""

from __future__ import annotations

import html
import logging
import os
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, Any, Final

from watcher.daemon.adapters import RealClock
from watcher.daemon.desktop import start
from watcher.daemon.instance import HOST, write_atomically
from watcher.daemon.server import LocalServer
from watcher.i18n.catalog import catalog
from watcher.page.actions import Actions
from watcher.page.auth import Guard, Sessions, for_reader
from watcher.page.routes import Routes
from watcher.page.setup import Sample, Setup
from watcher.page.views import Activity, ChangeFeed, Folders, Health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.instance import Instance, Places
    from watcher.i18n.message import Catalog
    from watcher.page.actions import Control

_log = logging.getLogger(__name__)

#: Threads that answer; up to half of them may be kept by those who wait for changes.
_THREADS: Final = 8
_WAITING: Final = _THREADS // 2
#: Bytes of the largest request: the set-up of some hundred folders.
_LARGEST: Final = 200_000
#: Seconds of inactivity after which a connection is closed, and between two checks for that.
_INACTIVE: Final = 120
_CHECK: Final = 60
#: Seconds that requests under way may take at the end.
_JOIN: Final = 3.0


class Server:
    """Listens from :meth:`start` to :meth:`stop`."""

    def __init__(self, instance: Instance, make: Callable[[Server], Any], word: Catalog) -> None:
        """Answer at the port of ``instance``; ``make`` returns the WSGI application to guard."""
        self._word = word
        self._instance = instance
        self._make = make
        self._server: LocalServer | None = None
        self._stopping = threading.Event()
        self.sessions = Sessions(RealClock.tick, instance.token, self._stopping.wait)
        self.port = 0

    def start(self) -> None:
        """Answer from now on."""
        assert self._instance.listener is not None
        self.port = self._instance.port
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is normal
        guard = Guard(self._make(self), self.sessions, self.port, self._word)
        self._server = LocalServer(
            "page", guard, self._instance.listener, threads=_THREADS,
            asyncore_loop_timeout=_CHECK, channel_timeout=_INACTIVE, cleanup_interval=_CHECK,
            max_request_body_size=_LARGEST,
        )  # fmt: skip

    def stop(self) -> None:
        """End; those who wait for changes are answered at once."""
        self._stopping.set()
        if self._server is not None:
            self._server.stop(_JOIN)

    def link(self, at: str = "") -> str:
        """Return an address that lets one browser in, once and within a minute.

        ``at`` is where it leads: "", "attention", "file/12", "folders", "health", "setup".
        """
        return f"http://{HOST}:{self.port}/enter?code={self.sessions.link()}&at={at}"


class ActivityPage:
    """Serves the page and the control API from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        app: App,
        instance: Instance,
        places: Places,
        *,
        config: str,
        control: Control,
        environ: Mapping[str, str],
        language: str,
    ) -> None:
        """``config`` is the configuration's path, ``environ`` that of the program's start.

        ``language`` is the system's, like "fr_FR.UTF-8".
        """
        word = for_reader(catalog(language))
        self._instance = instance
        self._places = places
        self._activity = Activity(places, word)
        self._actions = Actions(app, self._activity, control)
        self._feed = ChangeFeed(app, _WAITING)
        self._folders = Folders(app, places, word)
        self._health = Health(config, places, environ, word)
        self._setup = Setup(app, control, config, places, environ, word)
        self._sample = Sample(app, self._activity)
        self._server = Server(instance, self._make, catalog(language))

    def start(self) -> str:
        """Listen; returns what a person should know if that is not possible, "" if it is."""
        if why := self._instance.problem:
            return f"The activity page and commands cannot be used ({why}); uploads continue."
        self._server.start()
        return ""

    def stop(self) -> None:
        """Stop listening."""
        self._feed.close()
        self._server.stop()

    def open(self, at: str = "") -> None:
        """Show the page in the person's browser."""
        if self._instance.problem:
            _log.warning("the page cannot be shown, as it could not listen")
        elif not open_link(self._server.link(at), self._places):
            _log.warning("there is no browser that could show the page")

    def retry_all(self) -> None:
        """Retry everything that needs attention or is held back: for the icon."""
        self._actions.retry_all()

    def _make(self, server: Server) -> Routes:
        return Routes(
            server.sessions,
            server.link,
            activity=self._activity,
            actions=self._actions,
            folders=self._folders,
            health=self._health,
            setup=self._setup,
            sample=self._sample,
            feed=self._feed,
        )


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
